# SPDX-License-Identifier: GPL-3.0-or-later
"""How old a start is, and what is done about one that was never answered: nobody pays twice for it
without knowing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.choice import OPTIMIZED_NEEDS
from mint_blender.jobs import presenter
from mint_blender.jobs.job import Job, Phase, Role, Target, Verb, new_conversion, new_fetch
from mint_blender.jobs.workflow.effects import (
    Act,
    Convert,
    Fetch,
    Optimize,
    Poll,
    ReadAsset,
    ReadPage,
    ReadTaken,
    Start,
    TakeSlot,
)
from mint_blender.jobs.workflow.lost_operations import REPEATED_FOR
from mint_blender.jobs.workflow.run import Terms
from mint_blender.jobs.workflow.sent_requests import is_unanswered
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import Asset, Format, Kind, Mode, OptimizationLevel, Page

from .office import Clock, Office
from .telling import (
    FILES,
    GLB,
    Teller,
    a_job,
    asset,
    decided,
    kept,
    operation,
    problem,
    seen,
    working,
)

CLICK = 1_000_000.0  # 1970-01-12T13:46:40Z
BEFORE, AFTER = "1970-01-12T13:40:00Z", "1970-01-12T13:47:00Z"
LATER = Terms(now=lambda: CLICK + REPEATED_FOR)
LOST = Unreachable("the connection broke")


def sent(**more: Any) -> Job:
    """A job whose start was sent at the click, and never answered."""
    told = Teller(a_job(**more), Terms(now=lambda: CLICK)).answer()
    told.expect(Start)
    return told.fail(LOST).job


def page(*entries: dict[str, Any], cursor: str | None = None) -> Page:
    """A page of Mint's list; what is not said of an entry is as it is for the job's own result."""
    usual = {
        "id": "res_1",
        "prompt": "a lamp",
        "createdAt": AFTER,
        "status": "succeeded",
        "assets": {"glbUrl": GLB},
    }
    return Page.from_json(
        Kind.MODEL,
        {"data": [usual | entry for entry in entries], "pagination": {"nextCursor": cursor}},
    )


# -- the first send
# ------------------------------------------------------------------------------------------------------------


def test_the_moment_of_the_first_send_is_kept() -> None:
    """It is committed before the start leaves, and a repetition does not change it; in line there
    is none.
    """
    told = Teller(a_job(), Terms(now=lambda: 5000.0))
    told.expect(TakeSlot)
    assert told.job.first_sent_at is None
    told.answer().expect(Start)
    assert told.job.first_sent_at == 5000.0
    told.fail(LOST)
    again = told.again(Terms(now=lambda: 9000.0))
    again.expect(Start)
    assert again.job.first_sent_at == 5000.0


@pytest.mark.parametrize(
    "error", [problem(401), problem(402), problem(429, "concurrency-limit-reached"), problem(400)]
)
def test_what_was_turned_away_was_not_sent(error: Exception) -> None:
    """Mint has said that it did nothing: the time begins with the next send."""
    assert Teller(a_job()).answer().fail(error).job.first_sent_at is None


def test_for_twelve_hours_the_same_start_is_repeated() -> None:
    """With its own key and body; the scheduler is told until when."""
    job = sent()
    start = Teller(job, Terms(now=lambda: CLICK + REPEATED_FOR - 1)).expect(Start)
    assert (start.key, start.until) == (job.key, CLICK + REPEATED_FOR)


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    """A scheduler whose date moves with its clock."""
    clock = Clock()
    office = Office(home, clock=clock, terms=Terms(now=clock))
    office.clock = office.mint.clock = clock
    yield office
    office.close()


# -- looked for
# ------------------------------------------------------------------------------------------------------------------


def test_after_that_it_is_looked_for_and_adopted() -> None:
    """Page by page until before the click; nothing is sent again, and what is found is fetched as
    the job's own result.
    """
    told = Teller(sent(), LATER)
    assert told.expect(ReadPage).cursor is None
    told.answer(page({"id": "other", "prompt": "a chair"}, cursor="next"))
    assert told.expect(ReadPage).cursor == "next"
    told.answer(page({}, {"id": "older", "createdAt": BEFORE}, cursor="more"))
    told.expect(ReadTaken)
    told.answer(frozenset()).expect(ReadAsset)
    assert (told.job.phase, told.job.existing, told.job.operation) == (
        Phase.FETCHING,
        "res_1",
        None,
    )
    told.answer(asset(glbUrl=GLB))
    told.answer(kept(told.expect(Fetch)))
    assert told.job.phase is Phase.READY
    assert "found in its list" in told.job.notes[0]


@pytest.mark.parametrize(
    "entry",
    [{"prompt": "a chair"}, {"createdAt": BEFORE}, {"createdAt": None}, {"id": "taken"}],
    ids=["another prompt", "before the click", "nobody knows when", "another job's"],
)
def test_what_is_not_its_own_is_not_adopted(entry: dict[str, Any]) -> None:
    """Then a person decides; nothing was sent."""
    told = Teller(sent(), LATER).answer(page(entry))
    if isinstance(told.want, ReadTaken):
        told.answer(frozenset({"taken"}))
    assert told.rests
    assert is_unanswered(told.job)
    assert told.job.trouble is not None
    assert "Mint never answered" in told.job.trouble.sentence
    assert "may cost Credits again" in told.job.trouble.sentence


def test_of_two_the_first_one_is_taken_and_the_name_counts() -> None:
    """Of things of one prompt the one of the same name, else the one that was begun first."""
    several = page(
        {"id": "c", "name": "Lamp"}, {"id": "b", "name": "Other"}, {"id": "a", "name": "Other"}
    )
    for name, taken in (("Lamp", "c"), (None, "a")):
        told = Teller(sent(name=name), LATER).answer(several).answer(frozenset())
        assert told.job.existing == taken


def test_a_list_that_goes_round_ends() -> None:
    """The same cursor again is the end."""
    told = Teller(sent(), LATER)
    told.answer(page({"prompt": "x"}, cursor="a")).answer(page({"prompt": "x"}, cursor="a"))
    assert is_unanswered(told.job)


def test_what_is_still_made_is_watched() -> None:
    """The result is on its way: it is waited for, and fetched."""
    told = (
        Teller(sent(), LATER)
        .answer(page({"status": "running", "assets": None}))
        .answer(frozenset())
    )
    running = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"})
    for _ in range(4):
        told.answer(running).expect(ReadAsset)
    while isinstance(told.want, ReadAsset):
        told.answer(asset(glbUrl=GLB))
    assert told.expect(Fetch).url == GLB


def test_what_was_adopted_and_broken_off_is_not_started_again() -> None:
    """A download that failed is resumed as a download; a cancel sends nothing either."""
    told = (
        Teller(sent(), LATER)
        .answer(page({}))
        .answer(frozenset())
        .answer(asset(glbUrl=GLB))
        .fail(LOST)
    )
    assert told.job.phase is Phase.PAUSED
    told.again(LATER).expect(ReadAsset)
    canceled = Teller(decided(told.job, Verb.CANCEL), LATER)
    assert canceled.rests
    assert canceled.job.phase is Phase.CANCELED


def test_the_last_error_at_the_end_of_the_time_leads_to_the_list() -> None:
    """Nobody has to resume it for that."""
    now = [CLICK]
    told = Teller(a_job(), Terms(now=lambda: now[0])).answer()
    now[0] += REPEATED_FOR
    told.fail(LOST).expect(ReadPage)


# -- a person decides
# ------------------------------------------------------------------------------------------------------------


def unanswered(**more: Any) -> Job:
    """A job of which nothing was found."""
    return Teller(sent(**more), LATER).answer(page()).job


def test_what_was_not_found_waits_for_a_person() -> None:
    """Look again at no cost, start again, or cancel; by itself it does not go on."""
    job = unanswered()
    assert not job.goes_on
    assert presenter.verbs(job) == (Verb.RESUME, Verb.RETRY, Verb.CANCEL)
    assert Verb.RETRY not in presenter.verbs(sent()), (
        "a job that is only paused goes on: it is not started twice"
    )


def test_resume_looks_again() -> None:
    """No start."""
    Teller(unanswered(), LATER).expect(ReadPage)


def test_start_again_is_a_new_start() -> None:
    """Under the new click's key, with a new date."""
    told = Teller(decided(unanswered(), Verb.RETRY), LATER)
    told.expect(TakeSlot)
    start = told.answer().expect(Start)
    assert (start.key, told.job.first_sent_at) == ("click-retry", CLICK + REPEATED_FOR)


def test_cancel_looks_and_starts_nothing() -> None:
    """A key that Mint has forgotten would start it once more: it is looked for instead."""
    told = Teller(decided(unanswered(), Verb.CANCEL), LATER)
    told.expect(ReadPage)
    told.answer(page())
    assert (told.rests, told.job.phase) == (True, Phase.CANCELED)
    found = Teller(decided(sent(), Verb.CANCEL), LATER).answer(page({})).answer(frozenset())
    assert (found.job.phase, found.job.decision) == (Phase.FETCHING, None), (
        "it is there, and paid for: it is kept"
    )


# -- other calls that are paid for
# -----------------------------------------------------------------------------------------------


def old_conversion() -> Job:
    """A conversion that was sent and not answered."""
    lamp = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "succeeded"})
    told = Teller(
        new_conversion(lamp, (Format.FBX,), Target(folder="/out"), now=CLICK),
        Terms(now=lambda: CLICK),
    )
    told.answer(asset(glbUrl=GLB)).answer().expect(Convert)
    return told.fail(LOST).job


def test_a_conversion_is_found_at_the_model_or_a_person_decides() -> None:
    """The model says whether it was converted."""
    told = Teller(old_conversion(), LATER)
    told.expect(ReadAsset)
    told.answer(asset(glbUrl=GLB, fbxUrl=f"{FILES}a.fbx")).answer(
        asset(glbUrl=GLB, fbxUrl=f"{FILES}a.fbx")
    )
    assert told.expect(Fetch).role is Role.FBX
    assert is_unanswered(Teller(old_conversion(), LATER).answer(asset(glbUrl=GLB)).job)


def test_an_optimization_is_not_bought_again() -> None:
    """The model is looked at; where it is not optimized, the original is taken, with a note."""
    lamp = Asset.from_json(
        Kind.MODEL, {"id": "res_1", "status": "succeeded", "assets": {"glbUrl": GLB}}
    )
    job = new_fetch(lamp, Target(), now=CLICK, optimize=OptimizationLevel.LIGHT)
    told = Teller(job, Terms(readable=OPTIMIZED_NEEDS, now=lambda: CLICK)).answer(asset(glbUrl=GLB))
    told.expect(Optimize)
    assert told.job.optimize_sent_at == CLICK
    told = Teller(told.fail(LOST).job, Terms(readable=OPTIMIZED_NEEDS, now=LATER.now)).answer(
        asset(glbUrl=GLB)
    )
    assert told.expect(Fetch).url == GLB
    assert "never answered whether it optimizes" in told.job.notes[0]


def test_a_retry_of_long_ago_is_looked_for() -> None:
    """What the model itself says: still failed is a person's business, all else is somebody's new
    attempt, and fetched.
    """
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    job = decided(failed, Verb.RETRY)
    assert job.decision is not None
    job = replace(job, decision=replace(job.decision, at=CLICK))
    told = Teller(job, LATER)
    told.expect(ReadAsset)
    told.answer(Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "failed"}))
    assert (told.rests, told.job.phase, told.job.decision) == (True, Phase.FAILED, None)
    assert Verb.RETRY in presenter.verbs(told.job)
    told = Teller(job, LATER).answer(asset(glbUrl=GLB)).answer(asset(glbUrl=GLB))
    assert told.expect(Fetch).url == GLB
    assert Teller(job, Terms(now=lambda: CLICK + 1)).expect(Act).until == CLICK + REPEATED_FOR


def test_an_approval_of_long_ago_is_not_sent() -> None:
    """A week later, the operation is looked at; if it still waits, the person decides anew."""
    job = decided(replace(working(Mode.REVIEW), phase=Phase.REVIEW), Verb.APPROVE)
    assert job.decision is not None
    job = replace(job, decision=replace(job.decision, at=CLICK))
    told = Teller(job, LATER)
    told.expect(Poll)
    told.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    assert (told.job.phase, told.job.decision) == (Phase.REVIEW, None)


# -- at the scheduler
# -----------------------------------------------------------------------------------------------------------------


def test_the_desk_repeats_for_twelve_hours_and_then_looks(office: Office) -> None:
    """A gateway answers 524 to every start: the same key for 12 hours, then the list, which has the
    result.
    """
    job = a_job()
    entry = {
        "id": "res_1",
        "prompt": "a lamp",
        "createdAt": AFTER,
        "status": "succeeded",
        "assets": {"glbUrl": GLB},
    }
    office.clock.now = CLICK
    office.mint.page = lambda kind, cursor=None, limit=None: Page.from_json(kind, {"data": [entry]})  # type: ignore[attr-defined]
    office.mint.says = lambda what, which: problem(524) if what == "start" else asset(glbUrl=None)
    office.add(job)
    for _ in range(200):
        office.run(300)
        if office.job(job).existing is not None:
            break
    starts = office.mint.times("start")
    assert 0.9 * REPEATED_FOR < starts[-1] - starts[0] <= REPEATED_FOR
    assert office.job(job).existing == "res_1"
    assert office.job(job).key == job.key
