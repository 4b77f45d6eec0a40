# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions of a model: what is sent and paid, what is not, and what is kept of what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Role
from mint_blender.jobs.library.view_model import AssetState, Library, state_of
from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import AnimationPrice, ListPage, OptimizationPrice, Price, answer
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage import job_cache
from mint_blender.jobs.storage.serialization import dump, load
from mint_blender.mint.client import connect
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.motion_request import MotionRequest, motions_in
from mint_blender.mint.schema import Asset, Kind, Page, Pose, Preset

from ..mint_service.runner import ThreadService
from .fast_config import account, fast_config
from .service_helpers import ended, refused, until

KNIGHT = GenerationRequest(Kind.MODEL, "a knight", Preset.FAST, pose=Pose.T_POSE)
WALK, RUN = MotionRequest("Walk in Place", 1.8), MotionRequest("Run in Place", 1.8)
PRICE = 250


def model(job_service: JobService, prompt: str = "a knight") -> Asset:
    """Return a finished model."""
    job = ended(job_service, job_service.start(replace(KNIGHT, prompt=prompt)))
    assert job.asset is not None
    return job.asset


def all_ended(job_service: JobService, jobs: Sequence[Job]) -> list[Job]:
    """Wait until jobs stop, and return them."""
    job_service.watch([job.id for job in jobs])
    return [job_service.job(job.id) for job in jobs]


def animated(job_service: JobService, *prompts: str) -> list[Job]:
    """Return motions of a new model when they have stopped."""
    motions = [MotionRequest(each) for each in prompts]
    return all_ended(job_service, job_service.animate(model(job_service), motions))


def starts(service: ThreadService) -> list[str]:
    """Return the words of the motions that Mint was sent."""
    return [each.body["motionPrompt"] for each in service.requests("POST", "*:animate")]


# -- the straight way


def test_a_motion_is_paid_once_and_its_files_are_kept(
    job_service: JobService, service: ThreadService
) -> None:
    """The rigged character and the clip are downloaded; the words and the height were sent."""
    asset = model(job_service)
    before = service.credits()
    (job,) = all_ended(job_service, job_service.animate(asset, [WALK]))
    assert (job.phase, job.source_asset_id, job.notes) == (Phase.READY, asset.id, ())
    assert {each.role for each in job.files} == {Role.CHARACTER, Role.CLIP}
    assert all(Path(each.path).read_bytes().startswith(b"glTF") for each in job.files)
    (sent,) = service.requests("POST", "*:animate")
    assert sent.body == {"motionPrompt": "Walk in Place", "heightMeters": 1.8}
    assert sent.idempotency_key == job.requests[0].key
    assert (before - service.credits(), job.cost) == (PRICE, PRICE)
    assert JobView(job).title == "a knight (Walk in Place)"
    assert JobView(job).to_json()["motion"] == "Walk in Place"


def test_the_colon_of_a_file_is_escaped(job_service: JobService, service: ThreadService) -> None:
    """Mint's ids of files have colons, which are escaped in the address."""
    animated(job_service, "walk")
    paths = [each.path for each in service.requests("GET", "*/artifacts/*")]
    assert any("clip%3Ac" in path and "%3Aanimation_glb" in path for path in paths)


def test_the_body_is_recorded_before_anything_is_sent(home: Path, service: ThreadService) -> None:
    """While nothing can be sent, the journal has key, body and price."""
    with closing(JobService(fast_config(home), account(service))) as job_service:
        asset = model(job_service)
        job_service.allow_online(False)
        (job,) = job_service.animate(asset, [WALK])
        (request,) = job.requests
        assert (request.verb, request.attempts) == (PaidVerb.ANIMATE, 0)
        assert request.body == '{"motionPrompt": "Walk in Place", "heightMeters": 1.8}'
    assert starts(service) == []


def test_a_motion_is_stored_and_read() -> None:
    """The record of a job has the motion and what comes first."""
    job = Job("j", KNIGHT, 1.0, motion=replace(WALK, in_place=True), after="first")
    assert load(dump(job), Phase.WAITING) == job


# -- the first one goes alone


def test_the_others_follow_the_first(job_service: JobService, service: ThreadService) -> None:
    """Nothing else is sent before the first motion is here."""
    jobs = job_service.animate(model(job_service), [WALK, RUN, MotionRequest("Jump")])
    first, *others = jobs
    assert [job.after for job in jobs] == [None, first.id, first.id]
    assert len({job.delivery.group for job in jobs}) == 1
    assert JobView(others[0]).state == "Waiting for the first motion"
    assert [job.id for job in job_service.followers(first)] == [
        job.id for job in sorted(others, key=lambda each: -each.created_at)
    ]
    assert {job.phase for job in all_ended(job_service, jobs)} == {Phase.READY}
    requests = [each for each in service.log() if each.path.endswith((":animate", "/artifacts"))]
    assert requests[0].path.endswith(":animate")
    assert not requests[1].path.endswith(":animate")
    assert sorted(starts(service)) == ["Jump", "Run in Place", "Walk in Place"]


@pytest.mark.parametrize("word", ["motion-fails", "not-humanoid", "forbidden"])
def test_a_first_motion_that_fails_is_the_only_one(
    job_service: JobService, service: ThreadService, word: str
) -> None:
    """Whether it was refused, or has failed after it was paid: the rest is never sent."""
    before = service.credits()
    first, second = animated(job_service, f"walk [{word}]", "run")
    assert (first.phase, second.phase) == (Phase.FAILED, Phase.CANCELED)
    assert "Not sent, and nothing was charged" in second.notes[0]
    assert starts(service) == [f"walk [{word}]"]
    paid = PRICE if word == "motion-fails" else 0
    assert before - service.credits() == paid + 248
    job_service.unfinished.resume_all()
    assert len(starts(service)) == 1


def test_a_model_that_is_made_first(job_service: JobService, service: ThreadService) -> None:
    """From one prompt to clips: the motions wait for the model, then for the first motion."""
    knight = job_service.start(KNIGHT, motions=[WALK, RUN])
    walk, run = sorted(job_service.followers(knight), key=lambda job: job.created_at)
    assert (walk.after, run.after) == (knight.id, walk.id)
    assert JobView(walk).state == "Waiting for the model"
    knight, walk, run = all_ended(job_service, [knight, walk, run])
    assert {knight.phase, walk.phase, run.phase} == {Phase.READY}
    assert knight.asset is not None
    assert {walk.source_asset_id, run.source_asset_id} == {knight.asset.id}
    assert starts(service) == ["Walk in Place", "Run in Place"]


def test_a_model_that_fails_is_not_animated(
    job_service: JobService, service: ThreadService
) -> None:
    """Then no motion is sent."""
    knight = job_service.start(replace(KNIGHT, prompt="a knight [fails]"), motions=[WALK, RUN])
    jobs = all_ended(job_service, [knight, *job_service.followers(knight)])
    assert [job.phase for job in jobs] == [Phase.FAILED, Phase.CANCELED, Phase.CANCELED]
    assert starts(service) == []


def test_a_motion_that_waits_can_be_canceled(
    job_service: JobService, service: ThreadService
) -> None:
    """Nothing is sent for it."""
    first, second = job_service.animate(model(job_service), [WALK, RUN])
    job_service.cancel(second.id)
    first, second = all_ended(job_service, [first, second])
    assert (first.phase, second.phase) == (Phase.READY, Phase.CANCELED)
    assert starts(service) == ["Walk in Place"]


# -- money


def test_the_same_words_are_not_paid_again(job_service: JobService, service: ThreadService) -> None:
    """The journal knows the clip, also when its job was dismissed; paying again is explicit."""
    asset = model(job_service)
    (job,) = all_ended(job_service, job_service.animate(asset, [WALK]))
    job_service.save(job.moved(Phase.PLACED))
    job_service.dismiss(job.id)
    assert job_service.jobs_of_asset(asset.id)[0].motion is None
    other = replace(WALK, prompt=" walk  in place", height=2.0)
    again, run = job_service.animate(asset, [other, RUN])
    assert (again.id, again.phase) == (job.id, Phase.PLACED)
    assert [each.id for each in job_service.paid_motions(asset.id)] == [run.id, job.id]
    all_ended(job_service, [run])
    assert job_service.animate(asset, [WALK])[0].id == job.id
    assert starts(service) == ["Walk in Place", "Run in Place"]
    (new,) = all_ended(job_service, job_service.animate(asset, [WALK], again=True))
    assert new.id != job.id
    assert starts(service)[-1] == "Walk in Place"


def test_equal_lines_are_one_motion(job_service: JobService, service: ThreadService) -> None:
    """Nobody wants to pay for the same twice in one order."""
    jobs = job_service.animate(model(job_service), [WALK, WALK])
    assert jobs[0].id == jobs[1].id
    all_ended(job_service, jobs)
    assert starts(service) == ["Walk in Place"]


def test_a_failed_motion_is_only_paid_again_on_purpose(
    job_service: JobService, service: ThreadService
) -> None:
    """Retry is another request with a key of its own."""
    (job,) = animated(job_service, "walk [motion-fails]")
    assert (job.phase, job.cost) == (Phase.FAILED, PRICE)
    assert "animation_failed" in (job.problem.message if job.problem else "")
    job_service.retry(job.id)
    ended(job_service, job)
    keys = {each.idempotency_key for each in service.requests("POST", "*:animate")}
    assert len(keys) == 2


def test_a_lost_answer_is_repeated_with_the_same_key(
    job_service: JobService, service: ThreadService
) -> None:
    """Mint returns what it has started: paid once."""
    before = service.credits()
    (job,) = animated(job_service, "walk [lost-answer]")
    assert job.phase is Phase.READY
    sent = service.requests("POST", "*:animate")
    assert len(sent) == 2
    assert {each.idempotency_key for each in sent} == {job.requests[0].key}
    assert before - service.credits() == 248 + PRICE


def test_the_prices_of_all_lines_are_checked(
    job_service: JobService, service: ThreadService
) -> None:
    """Each line within the limit per generation, all together within the day's and their own."""
    asset = model(job_service)
    client = connect(job_service.account)
    with closing(client):
        price = AnimationPrice(asset.id)
        job_service.ask_price = lambda query: job_service.queries.cache_answer(
            query, answer(client, query)
        )
        assert "limit of 400" in refused(
            lambda: job_service.animate(asset, [WALK, RUN], max_credits=400.0)
        )
        job_service.budget.limits = Limits(each=200.0)
        assert "200 Credits per generation" in refused(lambda: job_service.animate(asset, [WALK]))
        job_service.budget.limits = Limits(each=300.0, day=700.0)
        assert "daily limit" in refused(lambda: job_service.animate(asset, [WALK, RUN]))
        job_service.budget.limits = Limits(each=300.0, day=800.0)
        jobs = job_service.animate(asset, [WALK, RUN], max_credits=500.0)
        assert [job.max_credits for job in jobs] == [250.0, 250.0]
        assert job_service.budget.price(price) == PRICE
        assert {job.phase for job in all_ended(job_service, jobs)} == {Phase.READY}
    assert len(starts(service)) == 2


def test_one_price_for_model_and_motions(job_service: JobService) -> None:
    """A limit holds for the generation and what follows it."""
    client = connect(job_service.account)
    with closing(client):
        job_service.queries.cache_answer(Price.of(KNIGHT), answer(client, Price.of(KNIGHT)))
        model(job_service)  # without any model, no price of a motion is known
        job_service.queries.cache_answer(AnimationPrice(), answer(client, AnimationPrice()))
    assert "700" in refused(lambda: job_service.start(KNIGHT, motions=[WALK, RUN], max_credits=700))
    knight = job_service.start(KNIGHT, motions=[WALK, RUN], max_credits=748.0)
    assert knight.max_credits == 248.0
    assert {job.max_credits for job in job_service.followers(knight)} == {PRICE}


def test_without_a_price_a_limit_refuses(job_service: JobService) -> None:
    """Mint may have no price for motions; without a limit, a person decides."""
    asset = model(job_service, "a knight [no-motion-price]")
    client = connect(job_service.account)
    with closing(client):
        price = AnimationPrice(asset.id)
        said = answer(client, price)
        job_service.queries.cache_answer(price, said)
        assert (said.estimated_total, job_service.budget.price(price)) == (None, None)
    job_service.budget.limits = Limits(each=10_000.0)
    with pytest.raises(TooExpensive, match="did not return a price"):
        job_service.animate(asset, [WALK])
    job_service.budget.limits = Limits()
    assert all_ended(job_service, job_service.animate(asset, [WALK]))[0].phase is Phase.READY


@pytest.mark.parametrize("status", [400, 404, 405, 422])
def test_what_an_older_mint_does_not_know_has_no_price(service: ThreadService, status: int) -> None:
    """A refusal of the question is no price, and no error."""
    problem = {"status": status, "problem": "invalid-request"}
    service.scenario(answers=[{"path": "/v1/pricing:estimate", "answer": problem, "times": 9}])
    with closing(connect(account(service))) as client:
        assert answer(client, AnimationPrice("m")).estimated_total is None
        if status in {400, 422}:
            with pytest.raises(Exception, match="does not accept"):
                answer(client, OptimizationPrice("m"))


@pytest.mark.parametrize(
    ("motion", "sentence"),
    [
        (MotionRequest("  "), "is empty"),
        (MotionRequest("x" * 501), "501 characters"),
        (MotionRequest("walk", 0.1), "0.10 m high"),
        (MotionRequest("walk", 30.0), "30.00 m high"),
        (MotionRequest("\ud800"), "invalid characters"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    job_service: JobService, motion: MotionRequest, sentence: str
) -> None:
    """Before anything is paid, as a sentence."""
    asset = Asset.from_json(Kind.MODEL, {"id": "m"})
    assert sentence in refused(lambda: job_service.animate(asset, [WALK, motion]))
    assert job_service.jobs() == []


def test_only_models_move(job_service: JobService) -> None:
    """A World is not animated, and nothing is not either."""
    world, asset = (Asset.from_json(kind, {"id": "m"}) for kind in (Kind.WORLD, Kind.MODEL))
    assert "Only models" in refused(lambda: job_service.animate(world, [WALK]))
    assert "at least one" in refused(lambda: job_service.animate(asset, []))
    hall = GenerationRequest(Kind.WORLD, "a hall")
    assert "Only models" in refused(lambda: job_service.start(hall, motions=[WALK]))


def test_motions_in_one_text() -> None:
    """A column of a batch separates motions with a bar."""
    assert motions_in(" walk |  run fast||") == ("walk", "run fast")
    assert motions_in(" ") == ()


# -- what came is kept


@pytest.mark.parametrize("word", ["one-clip", "one-clip-404", "motion-settling"])
def test_the_files_are_found(job_service: JobService, word: str) -> None:
    """Both types of an animation are tried, and a list that settles is read again."""
    (job,) = animated(job_service, f"walk [{word}]")
    assert (job.phase, job.notes) == (Phase.READY, ())
    assert job.file(Role.CLIP) is not None


def test_downloads_that_are_off_are_collected_later(
    job_service: JobService, service: ThreadService
) -> None:
    """The motion is paid: a resume collects it, and the rest waits until then."""
    asset = model(job_service)
    wanted = [MotionRequest("walk [downloads-off]"), RUN]
    first, second = job_service.animate(asset, wanted)
    first = ended(job_service, first)
    assert (first.phase, first.cost) == (Phase.PAUSED, PRICE)
    assert "Downloads are turned off" in (first.problem.message if first.problem else "")
    assert job_service.job(second.id).phase is Phase.WAITING
    job_service.resume(first.id)
    jobs = all_ended(job_service, [first, second])
    assert {job.phase for job in jobs} == {Phase.READY}
    assert len(starts(service)) == 2


def test_several_clips_at_once(job_service: JobService) -> None:
    """All of them are kept."""
    (job,) = animated(job_service, "walk [several-clips]")
    assert [each.role for each in job.files].count(Role.CLIP) == 3
    assert len({each.path for each in job.files}) == 4


def test_a_part_that_is_missing_is_named(job_service: JobService) -> None:
    """One clip cannot be had: the others are there, and a note says so."""
    (job,) = animated(job_service, "walk [partial]")
    assert (job.phase, JobView(job).state) == (Phase.READY, "Partly done")
    assert [each.role for each in job.files].count(Role.CLIP) == 1
    assert "could not be downloaded" in job.notes[0]


@pytest.mark.parametrize("word", ["missing-bones", "foreign-bones", "travel", "clip-without-mesh"])
def test_whatever_is_in_a_clip_is_kept(job_service: JobService, word: str) -> None:
    """What can be done with a file is a question for the scene."""
    (job,) = animated(job_service, f"walk [{word}]")
    assert job.phase is Phase.READY
    assert {each.role for each in job.files} == {Role.CHARACTER, Role.CLIP}


def test_a_file_that_is_damaged_is_kept_aside(job_service: JobService) -> None:
    """It is paid for: the job pauses, and says where it lies."""
    (job,) = animated(job_service, "walk [bad-length]")
    assert (job.phase, job.problem.cause if job.problem else None) == (Phase.PAUSED, Cause.IMPORT)
    assert {each.role for each in job.refused} == {Role.CHARACTER, Role.CLIP}
    assert all(Path(each.path).is_file() for each in job.refused)


def test_a_clip_that_is_not_there_is_looked_for_again(
    job_service: JobService, service: ThreadService
) -> None:
    """The character is kept, and the only clip is paid: a resume collects it."""
    gone = {"status": 404, "problem": "not-found"}
    rule = {"path": "/v1/animations/*/artifacts/clip*", "answer": gone, "times": 1}
    service.scenario(answers=[rule])
    (job,) = animated(job_service, "walk")
    assert (job.phase, [each.role for each in job.files]) == (Phase.PAUSED, [Role.CHARACTER])
    job_service.resume(job.id)
    job = ended(job_service, job)
    assert (job.phase, job.notes, len(job.files)) == (Phase.READY, (), 2)
    assert len(starts(service)) == 1


def test_a_rig_that_never_ends_is_watched(job_service: JobService, service: ThreadService) -> None:
    """Nothing is started again, and the others wait."""
    jobs = job_service.animate(model(job_service), [MotionRequest("walk [rig-stuck]"), RUN])
    until(lambda: job_service.catch_up() and job_service.job(jobs[0].id).phase is Phase.WORKING)
    for _ in range(3):
        service.advance(3600)
    assert job_service.job(jobs[1].id).phase is Phase.WAITING
    assert len(starts(service)) == 1


def test_a_result_that_is_not_named_is_read_again(
    job_service: JobService, service: ThreadService
) -> None:
    """An answer that nobody thought of loses nothing: the job pauses and can be resumed."""
    empty = {"json": {"object": "list", "data": []}}
    rule = {"path": "/v1/animations/*/artifacts", "answer": empty, "times": 6}
    service.scenario(answers=[rule])
    (job,) = animated(job_service, "walk")
    assert (job.phase, job.problem.code if job.problem else None) == (Phase.PAUSED, "no_file")
    job_service.resume(job.id)
    assert ended(job_service, job).phase is Phase.READY
    assert len(starts(service)) == 1


def test_a_motion_that_was_fetched_can_be_fetched_again(
    job_service: JobService, service: ThreadService
) -> None:
    """Deleted files come back for free."""
    (job,) = animated(job_service, "walk")
    job_service.fetch_again(job.id)
    job = ended(job_service, job)
    assert (job.phase, len(job.files)) == (Phase.READY, 2)
    assert len(starts(service)) == 1


def test_a_new_session_asks_before_it_sends_the_rest(
    home: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never sent waits for a person, as any job of an earlier session."""
    with closing(JobService(fast_config(home), account(service))) as job_service:
        asset = model(job_service)
        wanted = [MotionRequest("walk [downloads-off]"), RUN]
        first, second = job_service.animate(asset, wanted)
        ended(job_service, first)
    assert starts(service) == ["walk [downloads-off]"]
    monkeypatch.setattr(job_cache, "_requested", set())
    monkeypatch.setattr(job_cache, "JUST_NOW", -1.0)
    with closing(JobService(fast_config(home), account(service))) as job_service:
        job_service.unfinished.resume_all()
        job_service.resume(first.id)
        assert ended(job_service, first).phase is Phase.READY
        assert [job.id for job in job_service.unfinished.queue] == [second.id]
        assert len(starts(service)) == 1
        job_service.unfinished.continue_queue()
        assert ended(job_service, second).phase is Phase.READY
    assert starts(service) == ["walk [downloads-off]", "Run in Place"]


def test_a_motion_says_nothing_about_the_model_itself(job_service: JobService) -> None:
    """In the library, the model stays finished, whatever became of its motion."""
    (job,) = animated(job_service, "walk [motion-fails]")
    library, model = Library(), job.asset
    assert model is not None and model.id == job.source_asset_id
    library.add_page(ListPage(Kind.MODEL), Page((model,), None))
    library.apply_updates([job])
    assert library.get(model.id) == model and state_of(model) is AssetState.DONE
