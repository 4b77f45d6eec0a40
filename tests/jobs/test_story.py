# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of a job, told by hand: no clock, thread, socket or disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

import pytest

from mint_blender.files.choice import OPTIMIZED_NEEDS
from mint_blender.files.errors import BadGlb, DownloadFailed, LinkExpired
from mint_blender.jobs import card
from mint_blender.jobs.job import MOVES, Cause, IllegalMove, Job, Phase, Role, Target, Verb
from mint_blender.jobs.story import Terms
from mint_blender.jobs.wants import Act, Fetch, Glance, Optimize, Poll, ReadAsset, Start, TakeSlot, Upload
from mint_blender.mint.errors import KeyMissing, Unreachable
from mint_blender.mint.pacing import Pace
from mint_blender.mint.schema import Kind, Mode, OptimizationLevel, Seen

from .telling import FILES, Teller, a_job, asset, decided, kept, operation, problem, seen, working

GLB, PREVIEW, THUMB = f"{FILES}a.glb", f"{FILES}p.webp", f"{FILES}t.webp"


def started(job: Job) -> Teller:
    """A job that Mint has just taken in."""
    told = Teller(job)
    told.expect(TakeSlot)
    told.answer().expect(Start)
    return told.answer(operation("queued", job.request.mode, resource=None))


def in_review(revision: int = 1, job: Job | None = None) -> Teller:
    """A job whose first preview is here."""
    told = started(job or a_job(mode=Mode.REVIEW))
    told.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p{revision}.webp"}))
    return told.answer(kept(told.expect(Fetch)))


def fetch_all(told: Teller) -> Teller:
    """Answer every download until the story rests."""
    while not told.rests:
        told.answer(kept(told.expect(Fetch)))
    return told


# -- the straight way ---------------------------------------------------------------------------------------------------------


def test_auto_runs_from_the_click_to_the_files() -> None:
    """A slot, the start with the job's own key, polls, the resource, and the files: nothing else is asked."""
    job = a_job()
    told = Teller(job)
    assert told.expect(TakeSlot) == TakeSlot(Kind.MODEL)
    start = told.answer().expect(Start)
    assert start.key == job.key
    assert start.body == {"prompt": "a lamp", "generationPreset": "standard", "generationMode": "auto"}
    assert told.job.phase is Phase.SENDING
    assert told.job.body == start.body, "the body is committed before it is sent"
    assert told.answer(operation("queued")).expect(Poll).operation_id == "op_1"
    told.answer(seen("succeeded"))
    assert told.expect(ReadAsset).asset_id == "res_1"
    told.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert (told.expect(Fetch).role, told.expect(Fetch).url) == (Role.MODEL, GLB)
    told.answer(kept(told.expect(Fetch)))
    assert (told.expect(Fetch).role, told.expect(Fetch).url) == (Role.PICTURE, THUMB)
    told.answer(kept(told.expect(Fetch)))
    assert told.rests
    assert told.job.phase is Phase.READY
    assert told.job.notes == ()


def test_auto_passes_preview_ready_over() -> None:
    """In auto mode a preview is no stop: its picture is brought while it passes by, once, and polling goes on."""
    told = started(a_job()).answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW}))
    assert told.job.phase is Phase.WORKING
    told.answer(kept(told.expect(Glance).fetch)).expect(Poll)
    told.answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW})).expect(Poll)
    assert len(told.job.previews) == 1


def test_polls_do_not_wait_for_a_preview_that_passes_by() -> None:
    """Its picture is asked for after each poll until it has come, at the latest when the work is done."""
    told = started(a_job())
    for status in ("preview_ready", "running"):
        told.answer(seen(status, assets={"previewImageUrl": PREVIEW})).expect(Glance)
        told.answer(None).expect(Poll)
    told.answer(seen("succeeded"))
    told.answer(kept(told.expect(Glance).fetch)).expect(ReadAsset)
    assert len(told.job.previews) == 1


def test_a_preview_that_passes_by_is_tried_once() -> None:
    """Without its picture the job goes on all the same, and does not try again and again."""
    told = started(a_job()).answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW}))
    told.expect(Glance)
    told.fail(DownloadFailed("It broke.")).expect(Poll)
    told.answer(seen("running", assets={"previewImageUrl": PREVIEW})).expect(Poll)


def test_review_stops_and_brings_the_preview() -> None:
    """In review mode the story rests at the preview, with its picture on disk."""
    told = in_review()
    assert told.rests
    assert told.job.phase is Phase.REVIEW
    assert [PurePath(one.path).stem for one in told.job.previews] == ["preview-1"]


def test_a_preview_is_brought_once() -> None:
    """Telling the story again, as after a restart, does not fetch the same preview again."""
    assert in_review().again().rests


@pytest.mark.parametrize("verb", [Verb.REVISE, Verb.RETRY])
def test_the_first_preview_of_a_later_attempt_is_brought_once(verb: Verb) -> None:
    """A job that failed before its first preview, or had none, fetches the next attempt's preview once."""
    job = replace(working(Mode.REVIEW), phase=Phase.REVIEW if verb is Verb.REVISE else Phase.FAILED)
    told = Teller(decided(job, verb, "greener"))
    told.expect(Act)
    told.answer(operation("running", Mode.REVIEW)).answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW}))
    told.answer(kept(told.expect(Fetch)))
    assert told.again().rests
    assert len(told.again().job.previews) == 1


def test_a_preview_that_cannot_be_fetched_is_a_note() -> None:
    """A person can still decide without the picture, so its trouble does not stop anything."""
    told = started(a_job(mode=Mode.REVIEW)).answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW}))
    told.fail(DownloadFailed("The connection broke."))
    assert told.rests
    assert told.job.phase is Phase.REVIEW
    assert told.job.notes == ("The preview picture could not be fetched. The connection broke.",)


def test_no_preview_picture_is_said() -> None:
    """Where Mint sends none, the card says where to look instead."""
    told = started(a_job(mode=Mode.REVIEW)).answer(seen("preview_ready", Mode.REVIEW))
    assert told.rests
    assert told.job.notes == ("Mint sent no preview picture: look at it at mint.gg before you approve.",)


# -- what a person decides -----------------------------------------------------------------------------------------------------


def test_revise_keeps_the_earlier_previews() -> None:
    """A revision goes out under its click's key; its preview comes beside the earlier one."""
    told = Teller(decided(in_review().job, Verb.REVISE, "greener"))
    act = told.expect(Act)
    assert (act.decision.key, act.decision.feedback, act.target_id) == ("click-revise", "greener", "op_1")
    # Mint still shows the earlier picture while it works on the next one.
    earlier = {"previewImageUrl": f"{FILES}p1.webp"}
    told.answer(operation("running", Mode.REVIEW, assets=earlier))
    assert told.job.decision is None
    told.answer(seen("running", Mode.REVIEW, assets=earlier)).expect(Poll)
    told.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p2.webp"}))
    told.answer(kept(told.expect(Fetch)))
    assert told.rests
    assert [PurePath(one.path).stem for one in told.job.previews] == ["preview-1", "preview-2"]


def test_approve_goes_on_to_the_files() -> None:
    """After the approval the final stage is polled and its files are fetched."""
    told = Teller(decided(in_review().job, Verb.APPROVE))
    told.expect(Act)
    told.answer(operation("running", Mode.REVIEW)).answer(seen("succeeded", Mode.REVIEW)).answer(asset(glbUrl=GLB))
    assert fetch_all(told).job.phase is Phase.READY


def test_the_answer_may_name_another_operation() -> None:
    """What an action answers is followed, whatever its id."""
    told = Teller(decided(in_review().job, Verb.APPROVE))
    assert told.answer(operation("running", Mode.REVIEW, id="op_2")).expect(Poll).operation_id == "op_2"


@pytest.mark.parametrize("status", [404, 405, 409])
def test_a_decision_that_is_refused_is_said_and_the_operation_looked_at_anew(status: int) -> None:
    """A conflict settles the click: the reason becomes a note, and Mint is asked how things are."""
    told = Teller(decided(in_review().job, Verb.APPROVE)).fail(problem(status))
    poll = told.expect(Poll)
    assert poll.after == 0.0
    assert told.job.decision is None
    assert "because" in told.job.notes[-1]
    told.answer(seen("running", Mode.REVIEW))
    assert told.expect(Poll).after == Pace().first, "the operation has just been looked at"


def test_cancel_while_waiting_sends_nothing() -> None:
    """A job that still waits here is over at once, without a word to Mint."""
    told = Teller(decided(a_job(), Verb.CANCEL))
    assert told.rests
    assert told.job.phase is Phase.CANCELED
    assert told.job.decision is None


def test_cancel_after_a_lost_answer_repeats_the_start_first() -> None:
    """What the start made is found by its key, and then cancelled: nothing is left running at Mint."""
    sending = started(a_job()).job
    sending = replace(sending, phase=Phase.SENDING, operation=None)
    told = Teller(decided(sending, Verb.CANCEL))
    start = told.expect(Start)
    assert (start.key, start.body) == (sending.key, sending.body)
    act = told.answer(operation("running")).expect(Act)
    assert (act.decision.verb, act.target_id) == (Verb.CANCEL, "op_1")
    assert told.answer(operation("canceled")).rests
    assert told.job.phase is Phase.CANCELED


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (problem(402), Phase.CANCELED),
        (problem(429, "concurrency-limit-reached"), Phase.CANCELED),
        (problem(400, field="name"), Phase.CANCELED),
    ],
)
def test_cancel_of_a_start_that_mint_never_took(error: Exception, phase: Phase) -> None:
    """When the repeated start shows that nothing was started, the job is simply over."""
    job = replace(a_job(name="Lamp"), phase=Phase.SENDING, body={"prompt": "a lamp", "name": "Lamp"})
    told = Teller(decided(job, Verb.CANCEL)).fail(error)
    assert told.rests
    assert told.job.phase is phase
    assert told.job.decision is None


def test_cancel_of_a_start_that_mint_refuses_leaves_no_decision_behind() -> None:
    """The start turns out to be refused: the job is over, and nothing is left to be decided."""
    told = Teller(decided(replace(a_job(), phase=Phase.SENDING, body={"prompt": "a lamp"}), Verb.CANCEL)).fail(problem(400))
    assert told.rests
    assert told.job.phase is Phase.FAILED
    assert told.job.decision is None


@pytest.mark.parametrize("phase", [Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED])
def test_cancel_at_mint(phase: Phase) -> None:
    """Wherever the operation may still run, Mint is told."""
    told = Teller(decided(replace(working(), phase=phase), Verb.CANCEL))
    assert told.expect(Act).target_id == "op_1"
    assert told.answer(operation("canceled")).job.phase is Phase.CANCELED


@pytest.mark.parametrize("status", [404, 405])
def test_cancel_that_mint_does_not_offer_goes_on(status: int) -> None:
    """Mint cannot cancel: that is said, and the job goes on."""
    told = Teller(decided(working(), Verb.CANCEL)).fail(problem(status, detail="Not here."))
    told.answer(seen("running")).expect(Poll)
    assert told.job.phase is Phase.WORKING
    assert "Not here" in told.job.notes[-1]


@pytest.mark.parametrize("verb", [Verb.CANCEL, Verb.APPROVE, Verb.REVISE])
def test_a_decision_that_comes_too_late_is_said_and_loses_nothing(verb: Verb) -> None:
    """The result was made in the meantime: it is fetched, and the click is answered with a note."""
    fetching = replace(working(), phase=Phase.FETCHING, operation=operation("succeeded"))
    told = Teller(decided(fetching, verb, "greener"))
    told.expect(ReadAsset)
    assert told.job.decision is None
    assert told.job.notes == (f"It was finished before Mint could be told to {verb}.",)


def test_cancel_of_a_resumed_start_that_stands_in_line() -> None:
    """A start that was repeated after a billing stop and found no free place can still be cancelled."""
    billing = replace(working(), phase=Phase.BILLING, operation=operation("billing_required", resource=None))
    told = Teller(decided(billing, Verb.RESUME)).fail(problem(429, "concurrency-limit-reached"))
    assert told.job.phase is Phase.WAITING
    told = Teller(decided(told.job, Verb.CANCEL))
    assert told.rests
    assert told.job.phase is Phase.CANCELED


def test_retry_with_a_resource_is_a_new_operation_of_it() -> None:
    """The failed model is retried under the click's key; the answer's operation is followed."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    told = Teller(decided(failed, Verb.RETRY))
    act = told.expect(Act)
    assert (act.target_id, act.kind, act.decision.key) == ("res_1", Kind.MODEL, "click-retry")
    assert told.answer(operation("queued", id="op_2")).expect(Poll).operation_id == "op_2"
    assert told.job.trouble is None


def test_retry_without_a_resource_is_a_new_start_with_the_new_clicks_key() -> None:
    """Nothing exists that could be retried: a new wish, a new key, and the line for a slot again."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed", resource=None))
    told = Teller(decided(failed, Verb.RETRY))
    told.expect(TakeSlot)
    assert told.job.phase is Phase.WAITING
    assert told.job.operation is None
    assert told.answer().expect(Start).key == "click-retry"


def test_a_retry_that_finds_no_free_place_asks_again() -> None:
    """As many generations are active as Mint allows: the retry stands in line instead of giving up."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    told = Teller(decided(failed, Verb.RETRY)).fail(problem(429, "concurrency-limit-reached"))
    act = told.expect(Act)
    assert (act.decision.key, act.after) == ("click-retry", Pace().longest)
    assert told.answer(operation("queued", id="op_2")).job.phase is Phase.WORKING


def test_a_refused_retry_looks_again() -> None:
    """When Mint says that there is nothing to retry, the operation is looked at: perhaps there is a result by now."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("succeeded"))
    told = Teller(decided(failed, Verb.RETRY)).fail(problem(409, detail="It succeeded."))
    told.expect(Poll)
    told.answer(seen("succeeded")).answer(asset(glbUrl=GLB))
    assert fetch_all(told).job.phase is Phase.READY


# -- Credits -------------------------------------------------------------------------------------------------------------------


def test_billing_says_how_many_credits_and_where() -> None:
    """A billing stop rests, with the amount that is missing and the address to buy it."""
    billing = {
        "requiredCredits": 798,
        "availableCredits": 98,
        "actionUrl": "https://platform.mint.gg/billing",
        "reason": "insufficient_credits",
    }
    told = started(a_job()).answer(seen("billing_required", billing=billing))
    assert told.rests
    assert told.job.phase is Phase.BILLING
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.CREDITS
    assert told.job.trouble.sentence == "Mint needs 700 more Credits to go on. Buy them at https://platform.mint.gg/billing, then resume."


def test_resume_with_a_resource_is_resumed() -> None:
    """With a resource the operation is resumed under the click's key, once."""
    billing = replace(working(), phase=Phase.BILLING, operation=operation("billing_required"))
    told = Teller(decided(billing, Verb.RESUME))
    act = told.expect(Act)
    assert (act.decision.verb, act.decision.key) == (Verb.RESUME, "click-resume")
    told.answer(operation("running")).expect(Poll)
    assert told.job.trouble is None


def test_resume_without_a_resource_repeats_the_same_start() -> None:
    """Without one the start is repeated with the SAME key and body, which cannot be charged twice."""
    told = Teller(a_job()).answer()
    first = told.expect(Start)
    told.answer(operation("billing_required", resource=None))
    assert told.rests
    told = Teller(decided(told.job, Verb.RESUME))
    assert told.expect(Start) == first
    assert told.answer(operation("queued")).job.phase is Phase.WORKING


def test_unpaid_stays_in_billing() -> None:
    """Resumed too early: it is a billing stop still."""
    billing = replace(working(), phase=Phase.BILLING, operation=operation("billing_required"))
    told = Teller(decided(billing, Verb.RESUME)).answer(operation("billing_required"))
    assert told.rests
    assert told.job.phase is Phase.BILLING


def test_402_at_the_start_is_a_pause_that_resume_ends() -> None:
    """Too few Credits: nothing is started; resume sends the same start again."""
    told = Teller(a_job()).answer()
    first = told.expect(Start)
    told.fail(problem(402))
    assert told.rests
    assert told.job.phase is Phase.BILLING
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.CREDITS
    assert Teller(decided(told.job, Verb.RESUME)).expect(Start) == first


# -- ends ----------------------------------------------------------------------------------------------------------------------


def test_failed_says_what_to_do() -> None:
    """A failed generation ends in words by Mint's code."""
    told = started(a_job()).answer(seen("failed", error={"code": "moderation_blocked", "message": "Blocked."}))
    assert told.rests
    assert told.job.phase is Phase.FAILED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.WORK
    assert (
        told.job.trouble.sentence == "Mint's moderation refused the prompt or a picture: change it and generate again. Mint says: Blocked."
    )


def test_canceled_elsewhere() -> None:
    """Cancelled in Mint's web app: over, and nobody's trouble."""
    told = started(a_job()).answer(seen("canceled"))
    assert (told.rests, told.job.phase, told.job.trouble) == (True, Phase.CANCELED, None)


def test_an_unknown_status_is_still_busy() -> None:
    """A word that nobody knows is polled on, and shown as it is."""
    told = started(a_job()).answer(seen("enchanting"))
    told.expect(Poll)
    assert card.state(told.job) == 'Working at Mint ("enchanting")'


def test_partial_success_says_what_is_missing() -> None:
    """A world without panorama is a success all the same; its card says what it lacks."""
    told = started(a_job(kind=Kind.WORLD)).answer(seen("partially_succeeded", kind=Kind.WORLD))
    told.answer(asset(Kind.WORLD, colliderMeshUrl=GLB, thumbnailUrl=THUMB))
    assert fetch_all(told).job.phase is Phase.READY
    assert told.job.notes == ("This world came without a panorama.",)
    assert card.state(told.job) == "Partly done, ready to place"


# -- troubles ------------------------------------------------------------------------------------------------------------------


def test_too_many_active_goes_back_in_line() -> None:
    """Somebody else uses the account too: the job waits here, later, with the same key, and says why."""
    job = a_job()
    told = Teller(job).answer().fail(problem(429, "concurrency-limit-reached"))
    assert told.expect(TakeSlot).after == Pace().longest
    assert told.job.phase is Phase.WAITING
    assert told.job.trouble is not None
    assert told.answer().expect(Start).key == job.key
    assert told.job.trouble is None


def test_the_older_name_field_is_tried_once_under_another_key() -> None:
    """A complaint about `name` leads to `displayName`, once, and not under the key of the other body."""
    job = a_job(name="Lamp")
    told = Teller(job).answer().fail(problem(400, field="name"))
    again = told.expect(Start)
    assert (again.body["displayName"], "name" in again.body) == ("Lamp", False)
    assert again.key != job.key
    assert told.job.key == again.key, "and it is the job's key from now on"
    told.fail(problem(400, field="displayName"))
    assert told.rests
    assert told.job.phase is Phase.FAILED


def test_pictures_that_are_gone_are_brought_once_more() -> None:
    """A complaint about the pictures' addresses leads to another upload and another start, under other keys, once and without a pause."""
    job = a_job(images=("a.png", "https://example.org/b.png"))
    told = Teller(job)
    assert not told.expect(Upload).anew
    told.answer("https://mint/old").answer().fail(problem(400, field="sourceImages"))
    again = told.expect(Upload)
    assert again.anew
    assert again.key != f"{job.key}-picture-1"
    assert told.answer("https://mint/new").expect(TakeSlot).after == 0
    start = told.answer().expect(Start)
    assert start.body["sourceImages"] == ["https://mint/new", "https://example.org/b.png"]
    assert start.key not in {job.key, again.key}
    told.fail(problem(400, field="sourceImages"))
    assert told.rests
    assert told.job.phase is Phase.FAILED


def test_an_address_of_the_users_is_not_brought_anywhere() -> None:
    """When Mint does not take it, that is the answer."""
    told = Teller(a_job(images=("https://example.org/b.png",))).answer().fail(problem(400, field="imageUrl"))
    assert told.rests
    assert told.job.phase is Phase.FAILED


def test_an_invalid_request_is_over_and_nothing_was_charged() -> None:
    """Mint did not take the request: the job has failed and says that it cost nothing."""
    told = Teller(a_job()).answer().fail(problem(400, detail="prompt: is too long"))
    assert told.rests
    assert told.job.phase is Phase.FAILED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.REFUSED
    assert "Nothing was started or charged" in told.job.trouble.sentence


PLACES = {
    "upload": lambda: Teller(a_job(images=("/tmp/lamp.png",))),
    "start": lambda: Teller(a_job()).answer(),
    "poll": lambda: started(a_job()),
    "approve": lambda: Teller(decided(in_review().job, Verb.APPROVE)),
    "resume": lambda: Teller(decided(replace(working(), phase=Phase.BILLING), Verb.RESUME)),
    "retry": lambda: Teller(decided(replace(working(), phase=Phase.FAILED, operation=operation("failed")), Verb.RETRY)),
    "cancel": lambda: Teller(decided(working(), Verb.CANCEL)),
    "asset": lambda: started(a_job()).answer(seen("succeeded")),
}
TROUBLES = {
    "key": (problem(401), Cause.KEY),
    "no key": (KeyMissing(), Cause.KEY),
    "network": (Unreachable("no route"), Cause.UNREACHABLE),
    "503": (problem(503), Cause.UNREACHABLE),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("place", PLACES)
def test_no_key_and_no_network_pause_and_can_be_resumed(place: str, trouble: str) -> None:
    """Wherever it happens, the job pauses, and going on asks the very same again (or looks at the operation first)."""
    told = PLACES[place]()
    want = told.want
    error, cause = TROUBLES[trouble]
    told.fail(error)
    assert told.rests
    assert told.job.phase is Phase.PAUSED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is cause
    again = told.again()
    if again.want != want and not (isinstance(again.want, TakeSlot) and isinstance(want, Start)):
        assert isinstance(again.want, Poll), f"{again.want} instead of {want}"
    assert again.job.phase is not Phase.PAUSED or again.job.decision is not None


def test_patience_ends_after_half_an_hour() -> None:
    """Watching (not the job) ends after 30 minutes; resume looks at once and starts nothing anew."""
    told = started(a_job())
    waited = 0.0
    while not told.rests:
        waited += told.expect(Poll).after
        told.answer(seen("running"))
    assert 30 * 60 <= waited <= 30 * 60 + 15
    assert told.job.phase is Phase.PAUSED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.PATIENCE
    assert told.job.trouble.sentence.startswith("Still running after 30 minutes of watching.")
    assert told.again().expect(Poll).after == 0.0


def test_the_schedule_of_polls() -> None:
    """2 s, times 1.6 each round, never more than 15 s."""
    told = started(a_job())
    waits = []
    for _ in range(8):
        waits.append(told.expect(Poll).after)
        told.answer(seen("running"))
    assert waits == pytest.approx([2, 3.2, 5.12, 8.192, 13.1072, 15, 15, 15])


def test_retry_after_replaces_the_schedule() -> None:
    """What Mint asks for is done instead, up to 15 s; afterwards the schedule goes on."""
    told = started(a_job()).answer(seen("running", retry_after=7.0))
    assert told.expect(Poll).after == 7.0
    assert told.answer(seen("running", retry_after=600.0)).expect(Poll).after == 15.0
    assert told.answer(seen("running")).expect(Poll).after == pytest.approx(8.192)


def test_a_job_of_another_project_can_be_picked_up_again() -> None:
    """Mint does not know the operation: perhaps the key is another project's. Nothing that may have been paid for is given up."""
    told = started(a_job()).fail(problem(404))
    assert told.rests
    assert told.job.phase is Phase.PAUSED
    assert told.again().expect(Poll).operation_id == "op_1"


# -- reference pictures --------------------------------------------------------------------------------------------------------


def test_pictures_are_uploaded_once_and_in_order() -> None:
    """Local pictures are brought to Mint first, each under a key of its own; addresses are used as they are."""
    job = a_job(images=("/tmp/a.png", "https://example.org/b.png", "/tmp/c.png"))
    told = Teller(job)
    first = told.expect(Upload)
    second = told.answer(f"{FILES}a").expect(Upload)
    assert (first.path, second.path) == ("/tmp/a.png", "/tmp/c.png")
    assert first.key != second.key
    assert told.again().expect(Upload) == second, "what is uploaded is remembered"
    told.answer(f"{FILES}c").expect(TakeSlot)
    assert told.answer().expect(Start).body["sourceImages"] == [f"{FILES}a", "https://example.org/b.png", f"{FILES}c"]


def test_a_picture_that_is_no_picture_is_over() -> None:
    """A bad picture is the user's to change: nothing was sent."""
    told = Teller(a_job(images=("/tmp/a.png",))).fail(BadGlb("It is not a picture."))
    assert told.job.phase is Phase.FAILED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.FILE


# -- the files -----------------------------------------------------------------------------------------------------------------


def harvesting(terms: Terms = Terms(), job: Job | None = None, **files: object) -> Teller:
    """A finished job whose resource offers these files."""
    job = job or working()
    told = Teller(replace(job, phase=Phase.FETCHING, operation=operation("succeeded", kind=job.kind)), terms)
    told.expect(ReadAsset)
    return told.answer(asset(job.kind, **files))


def test_an_expired_link_is_renewed_once() -> None:
    """Mint is asked for a fresh address, once; then it is trouble that can be resumed."""
    told = harvesting(glbUrl=GLB).fail(LinkExpired("The link has expired."))
    told.expect(ReadAsset)
    told.answer(asset(glbUrl=f"{FILES}fresh.glb"))
    assert told.expect(Fetch).url == f"{FILES}fresh.glb"
    told.fail(LinkExpired("The link has expired."))
    assert told.rests
    assert told.job.phase is Phase.PAUSED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.FILE


BOTH = {"glbUrl": GLB, "optimizedGlbUrl": f"{FILES}o.glb", "thumbnailUrl": THUMB}


def test_the_optimized_file_where_it_can_be_read() -> None:
    """A Blender with Draco and WebP takes the optimised file, without a remark."""
    told = harvesting(Terms(readable=OPTIMIZED_NEEDS), **BOTH)
    want = told.expect(Fetch)
    assert (want.url, want.note) == (f"{FILES}o.glb", None)
    told.answer(kept(want, needs=tuple(sorted(OPTIMIZED_NEEDS))))
    assert told.expect(Fetch).role is Role.PICTURE


def test_the_original_file_where_the_optimized_one_cannot_be_read() -> None:
    """A Blender without Draco takes the original file and says why."""
    want = harvesting(Terms(readable=frozenset({"EXT_texture_webp"})), **BOTH).expect(Fetch)
    assert want.url == GLB
    assert want.note is not None
    assert "Draco" in want.note


def test_the_file_itself_decides() -> None:
    """The optimised file needs more than expected: the original is fetched too, counts from then on, and the reason is kept."""
    told = harvesting(Terms(readable=OPTIMIZED_NEEDS), **BOTH)
    told.answer(kept(told.expect(Fetch), needs=("EXT_meshopt_compression",)))
    want = told.expect(Fetch)
    assert want.url == GLB
    assert want.note is not None
    assert want.note.startswith("The original file was taken.")
    told.answer(kept(want))
    fetch_all(told)
    assert told.job.phase is Phase.READY
    newest = told.job.file(Role.MODEL)
    assert newest is not None
    assert newest.url == GLB


def optimizing() -> Teller:
    """A finished model that shall be optimised first."""
    told = harvesting(
        Terms(readable=OPTIMIZED_NEEDS), replace(working(), optimize=OptimizationLevel.MODERATE), glbUrl=GLB, thumbnailUrl=THUMB
    )
    told.expect(Optimize)
    return told


def test_a_model_that_is_optimised_already_is_looked_at_again() -> None:
    """409 model-already-optimized: its optimised file is taken, and there is nothing to remark."""
    told = optimizing().fail(problem(409, "model-already-optimized"))
    told.expect(ReadAsset)
    assert told.answer(asset(**BOTH)).expect(Fetch).url == BOTH["optimizedGlbUrl"]
    assert fetch_all(told).job.notes == ()


def test_a_model_that_somebody_else_has_optimised_is_waited_for() -> None:
    """409 model-optimization-in-progress: the model is asked from 1 s on, ever more seldom, until the optimised file is there."""
    told = optimizing().fail(problem(409, "model-optimization-in-progress"))
    waits = []
    for _ in range(4):
        waits.append(told.expect(ReadAsset).after)
        told.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert waits == pytest.approx([1.0, 1.6, 2.56, 4.096])
    assert told.answer(asset(**BOTH)).expect(Fetch).url == BOTH["optimizedGlbUrl"]
    assert fetch_all(told).job.notes == ()


def test_an_optimisation_that_lasts_too_long_is_left_to_itself() -> None:
    """After half an hour the original is taken, and it is not called a failure, whoever has asked for the optimisation."""
    ours, theirs = optimizing().answer(operation("running", id="op_2")), optimizing().fail(problem(409, "model-optimization-in-progress"))
    waited = 0.0
    while isinstance(ours.want, Poll):
        waited += ours.want.after
        ours.answer(Seen(operation("running", id="op_2"), None))
    while isinstance(theirs.want, ReadAsset):
        theirs.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert waited == pytest.approx(30 * 60, rel=0.1)
    for told in (ours, theirs):
        assert told.expect(Fetch).url == GLB
        assert fetch_all(told).job.notes == (
            "The model is still being optimised at Mint: the original file was taken. The optimised one can be imported later.",
        )


def test_a_fetched_file_is_not_fetched_again() -> None:
    """After a restart only what is missing is fetched."""
    told = harvesting(glbUrl=GLB, thumbnailUrl=THUMB)
    told.answer(kept(told.expect(Fetch)))
    again = told.again()
    again.expect(ReadAsset)
    assert again.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB)).expect(Fetch).role is Role.PICTURE


def test_a_world_brings_collider_panorama_and_the_splats_that_were_asked_for() -> None:
    """All three, each once, and the tier that was wanted."""
    job = replace(working(kind=Kind.WORLD, target=Target(splats="500k")))
    told = harvesting(job=job, colliderMeshUrl=GLB, panoUrl=PREVIEW, spzUrls={"100k": f"{FILES}s", "500k": f"{FILES}l"}, thumbnailUrl=THUMB)
    wanted = []
    while not told.rests:
        wanted.append((told.expect(Fetch).role, told.expect(Fetch).url))
        told.answer(kept(told.expect(Fetch)))
    assert wanted == [(Role.COLLIDER, GLB), (Role.PANORAMA, PREVIEW), (Role.SPLATS, f"{FILES}l"), (Role.PICTURE, THUMB)]
    assert told.job.phase is Phase.READY


def test_a_collider_that_was_left_out_is_not_fetched() -> None:
    """Neither fetched nor said to be missing."""
    told = harvesting(
        job=working(kind=Kind.WORLD, target=Target(collider="NONE")), colliderMeshUrl=GLB, panoUrl=PREVIEW, thumbnailUrl=THUMB
    )
    roles = []
    while not told.rests:
        roles.append(told.expect(Fetch).role)
        told.answer(kept(told.expect(Fetch)))
    assert roles == [Role.PANORAMA, Role.PICTURE]
    assert told.job.phase is Phase.READY and told.job.notes == ()


def test_each_tier_of_splats_is_a_file_of_its_own() -> None:
    """What lies on disk is not fetched again, so another tier must have another name."""
    names = []
    for tier in ("100k", "full_res"):
        job = working(kind=Kind.WORLD, target=Target(splats=tier, collider="NONE"))
        told = harvesting(job=job, panoUrl=PREVIEW, spzUrls={"100k": f"{FILES}s", "full_res": f"{FILES}l"})
        told.answer(kept(told.expect(Fetch)))
        names.append(told.expect(Fetch).name)
    assert names == ["splats-100k", "splats-full_res"]


def test_what_a_world_lacks_is_said() -> None:
    """Each missing part is named."""
    job = replace(working(kind=Kind.WORLD, target=Target(splats="500k")))
    told = fetch_all(harvesting(job=job, panoUrl=PREVIEW))
    assert told.job.phase is Phase.READY
    assert told.job.notes == (
        "This world came without a collider mesh.",
        "This world came without splats.",
        "This world came without a picture.",
    )


def test_a_thumbnail_never_holds_up_a_result() -> None:
    """The small picture's trouble is a note."""
    told = harvesting(glbUrl=GLB, thumbnailUrl=THUMB)
    told.answer(kept(told.expect(Fetch))).fail(DownloadFailed("It broke."))
    assert told.job.phase is Phase.READY
    assert told.job.notes == ("The picture could not be fetched. It broke.",)


def test_a_resource_that_settles_is_asked_again() -> None:
    """A fresh resource without files is asked three times, 3 s apart."""
    told = harvesting()
    waits = []
    while isinstance(told.want, ReadAsset):
        waits.append(told.want.after)
        told.answer(asset())
    assert waits == [3.0, 3.0]
    assert told.job.phase is Phase.FAILED
    assert told.job.trouble is not None
    assert "there is no file in the result" in told.job.trouble.sentence


def test_the_operations_files_serve_where_the_resource_has_none() -> None:
    """A resource that stays empty does not hide what the operation itself offers."""
    told = Teller(replace(working(), phase=Phase.FETCHING, operation=operation("succeeded", assets={"glbUrl": GLB})))
    while isinstance(told.want, ReadAsset):
        told.answer(asset())
    assert told.expect(Fetch).url == GLB


@pytest.mark.parametrize("status", [403, 404])
def test_a_resource_that_cannot_be_read_is_no_end(status: int) -> None:
    """The operation's own files are used, and a note says why."""
    told = Teller(replace(working(), phase=Phase.FETCHING, operation=operation("succeeded", assets={"glbUrl": GLB})))
    told.fail(problem(status))
    assert told.expect(Fetch).url == GLB
    assert told.job.notes[0].startswith("The result's page could not be read.")


# -- the table -----------------------------------------------------------------------------------------------------------------


def test_an_illegal_move_raises_and_changes_nothing() -> None:
    """The table is the guard, for every pair of phases."""
    for here in Phase:
        job = replace(a_job(), phase=here)
        for there in Phase:
            if there is here or there in MOVES[here]:
                assert job.moved(there).phase is there
            else:
                with pytest.raises(IllegalMove):
                    job.moved(there)
                assert job.phase is here
