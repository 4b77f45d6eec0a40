# SPDX-License-Identifier: GPL-3.0-or-later
"""An unanswered start: it is repeated, looked for in Mint's lists, or left to the user."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_motions
from mint_blender.jobs.paid_requests.record import SETTLED_AFTER, YOUNG_FOR, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.workflow import look
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, ReadFirst, ReadPage
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import Asset, Kind, Page

from .engine_harness import EngineHarness, Engines, NoDownloader
from .workflow_harness import (
    AT_CLICK,
    CLICK,
    FILES,
    FINISHED_MODEL,
    GLB,
    KEY,
    LATER,
    LOST,
    Start,
    WorkflowHarness,
    a_job,
    a_line,
    kept,
    problem,
)

BEFORE, AFTER = "1970-01-12T13:40:00Z", "1970-01-12T13:47:00Z"
ENTRY = {
    "id": "res_1",
    "prompt": "a lamp",
    "createdAt": AFTER,
    "status": "succeeded",
    "assets": {"glbUrl": GLB},
}


def sent(**more: Any) -> Job:
    """Return a job whose start was sent at the click and never answered."""
    run = WorkflowHarness(a_job(**more), AT_CLICK).answer()
    run.expect(Start)
    return run.fail(LOST).job


def page(*entries: dict[str, Any], cursor: str | None = None) -> Page:
    """Return a page of Mint's list; missing members are those of the job's own result."""
    return Page.from_json(
        Kind.MODEL,
        {"data": [ENTRY | entry for entry in entries], "pagination": {"nextCursor": cursor}},
    )


# -- the first send


@pytest.mark.parametrize(
    ("is_sent", "changes"),
    [(True, {"credential": "another"}), (True, {"is_copied": True}), (False, {"is_copied": True})],
    ids=["another API key", "a copy of the journal", "a copy from before the send"],
)
def test_what_mint_may_not_know_is_looked_for(is_sent: bool, changes: dict[str, Any]) -> None:
    """Nothing is repeated, and no picture uploaded: the lists are read when Mint has settled."""
    job = sent() if is_sent else a_job(images=("/tmp/a.png",))
    run = WorkflowHarness(job.with_request(replace(job.requests[0], **changes)), AT_CLICK)
    run.expect(ReadPage)
    assert run.waited == SETTLED_AFTER


# -- looked for


def test_after_twelve_hours_mint_is_asked_what_it_has_made() -> None:
    """Pages are read back to the click, and nothing is sent. Until then, it is repeated."""
    job = sent(name="Lamp")
    last = WorkflowConfig(now=lambda: CLICK + YOUNG_FOR - 1)
    start = WorkflowHarness(job, last).expect(Start)
    assert (start.key, start.body["name"]) == (job.requests[0].key, "Lamp")
    run = WorkflowHarness(sent(), LATER)
    assert run.expect(ReadPage).cursor is None
    run.answer(page({"id": "other", "prompt": "a chair"}, cursor="next"))
    assert run.expect(ReadPage).cursor == "next"
    run.answer(page({}, {"id": "older", "createdAt": BEFORE}, cursor="more"))
    assert run.expect(ReadPage).cursor == "more", "a list is only roughly in order of time"
    run.answer(page({"id": "oldest", "createdAt": BEFORE}, cursor="last"))
    assert run.rests and is_unanswered(run.job)
    assert [each.id for each in run.job.candidates] == ["res_1", "other"]


def worlds(*entries: dict[str, Any]) -> Page:
    """Return a page of Mint's Worlds, which have no prompts."""
    made = {"id": "world_1", "name": "a lamp", "createdAt": AFTER, "status": "succeeded"}
    return Page.from_json(Kind.WORLD, {"data": [made | entry for entry in entries]})


LONG_AFTER = "1970-01-12T14:00:00Z"
A_WORLD: dict[str, Any] = {"kind": Kind.WORLD}
LOOKS: dict[str, tuple[dict[str, Any], Page, list[str]]] = {
    "only one that looks like it": ({}, page({}), ["res_1"]),
    "the same prompt first": ({}, page({"id": "b", "prompt": "a chair"}, {}), ["res_1", "b"]),
    "before the click": ({}, page({"createdAt": BEFORE}), []),
    "nobody knows when": ({}, page({"createdAt": None}), []),
    "another job's": ({}, page({"id": "taken"}), []),
    "still made": ({}, page({"status": "running", "assets": None}), ["res_1"]),
    "long after": ({}, page({"createdAt": LONG_AFTER}), ["res_1"]),
    "a World": (A_WORLD, worlds({"id": "b", "name": "a hall"}, {}), ["world_1", "b"]),
}


@pytest.mark.parametrize("name", LOOKS)
def test_nothing_is_adopted_because_it_looks_alike(name: str) -> None:
    """A person sees what was made since, and decides. Nothing was sent."""
    more, listed, expected = LOOKS[name]
    run = WorkflowHarness(sent(**more), LATER)
    assert run.expect(ReadPage).kind is more.get("kind", Kind.MODEL)
    run.answer(listed)
    assert run.rests and is_unanswered(run.job)
    assert [each.id for each in run.job.candidates] == expected
    assert "Mint may have started this" in run.job.problem.message
    assert "costs Credits again" in run.job.problem.message


def test_a_refused_look_does_not_say_that_nothing_was_started() -> None:
    """The start was given up in doubt, and the look after it was killed before a person knew."""
    job = sent()
    over = replace(job.requests[0], closed=State.OVER)
    run = WorkflowHarness(job.with_request(over), LATER)
    run.expect(ReadPage)
    assert run.fail(problem(401)).rests
    assert run.job.phase is Phase.PAUSED
    assert "Nothing was started" not in run.job.problem.message


def test_each_is_shown_with_its_picture() -> None:
    """The oldest first: a person recognizes it."""
    picture = {"assets": {"thumbnailUrl": f"{FILES}t.webp"}}
    later = "1970-01-12T13:48:00Z"
    several = page({"id": "b", "createdAt": later}, {"id": "a", "name": "a lamp", **picture})
    run = WorkflowHarness(sent(), LATER).answer(several)
    picture_of_a = kept(run.expect(Fetch))
    assert picture_of_a.url == f"{FILES}t.webp"
    assert run.answer(picture_of_a).rests and is_unanswered(run.job)
    assert [each.id for each in run.job.candidates] == ["a", "b"]
    assert [each.picture for each in run.job.candidates] == [picture_of_a.path, None]


@pytest.mark.parametrize("cursor", ["a", None], ids=["goes round", "has no end"])
def test_a_list_without_an_end_proves_nothing(cursor: str | None) -> None:
    """It ends at a cursor that was there before, or after a hundred pages."""
    run = WorkflowHarness(sent(), LATER)
    for number in range(look.MAX_PAGES):
        if not run.rests:
            run.expect(ReadPage)
            run.answer(page({"prompt": "x", "id": "taken"}, cursor=cursor or f"{number}"))
    assert run.rests and is_unanswered(run.job)
    assert "a part of your library could not be read" in run.job.problem.message


def test_the_list_of_another_key_proves_nothing() -> None:
    """It may be that of another project: starting again is not offered, only looking and canceling."""
    job = sent()
    other = replace(job.requests[0], credential="another")
    run = WorkflowHarness(job.with_request(other), LATER)
    run.expect(ReadPage)
    run.answer(page())
    assert run.rests and not is_unanswered(run.job)
    assert JobView(run.job).verbs == (Verb.RESUME, Verb.CANCEL)
    assert "with another API key" in run.job.problem.message
    assert "one of these" not in run.job.problem.message, "nothing is shown"
    run.again(LATER).expect(ReadPage)


def test_a_copy_of_the_journal_has_to_be_told_itself() -> None:
    """What the job's record says was told to the original, perhaps before it started this again."""
    told = WorkflowHarness(sent(), LATER).answer(page()).job
    assert Verb.RETRY in JobView(told).verbs
    copied = told.with_request(replace(told.requests[0], is_copied=True, is_looked_for=False))
    assert JobView(copied).verbs == (Verb.RESUME, Verb.CANCEL)


def test_a_copy_does_not_say_that_a_motion_was_not_sent() -> None:
    """The original may have sent it, before the job that comes first was given up in the copy."""
    (motion,) = new_motions(
        FINISHED_MODEL,
        a_job().request,
        [MotionRequest("walk")],
        Delivery(),
        now=CLICK,
        after="first",
    )
    for is_copied, code in ((False, "first_failed"), (True, "canceled_in_doubt")):
        request = replace(motion.requests[0], is_copied=is_copied)
        run = WorkflowHarness(motion.with_request(request), LATER)
        run.expect(ReadFirst)
        run.answer(None)
        assert run.job.phase is Phase.CANCELED and run.job.has_note(code)
        assert run.job.requests[0].is_open is is_copied


# -- a person decides


def test_what_was_not_found_waits_for_a_person() -> None:
    """Look again at no cost, start again, or cancel; by itself it does not go on."""
    job = WorkflowHarness(sent(), LATER).answer(page()).job
    assert not job.is_resumable
    assert JobView(job).verbs == (Verb.RESUME, Verb.RETRY, Verb.CANCEL)
    WorkflowHarness(job, LATER).expect(ReadPage)
    assert Verb.RETRY not in JobView(sent()).verbs, (
        "a job that is only paused goes on: it is not started twice"
    )


# -- how old a paid request is, and when it was sent, is said by Mint's clock, never by ours


CLICK_THEN = 1_795_912_469.0
"""Mint's time at the click."""
HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize("was_ahead", [2 * DAY, -2 * DAY])
@pytest.mark.parametrize("is_set_right", [True, False])
def test_a_clock_that_was_once_wrong_makes_no_order_old(
    home: Path, monkeypatch: pytest.MonkeyPatch, was_ahead: float, is_set_right: bool
) -> None:
    """A line that was ordered just now is sent: nobody else can have sent it long ago."""
    monkeypatch.setattr(time, "time", lambda: CLICK_THEN + was_ahead)
    with closing(Journal(home)) as journal:
        journal.note_clock_offset(was_ahead)
        if is_set_right:
            monkeypatch.setattr(time, "time", lambda: CLICK_THEN)
        (line,) = journal.add(a_line())
    assert line.requests[0].may_be_sent(CLICK_THEN + 1.0, KEY)


def test_an_order_of_the_future_is_looked_for_from_now_on() -> None:
    """The clock that was ahead when it was ordered would hide what was made since."""
    line = a_line()
    ahead = replace(line.requests[0], born=CLICK + 3 * DAY, closed=State.DROPPED)
    run = WorkflowHarness(line.with_request(ahead).moved(Phase.SENDING), AT_CLICK)
    run.expect(ReadPage)
    run.answer(page({}))
    assert [each.id for each in run.job.candidates] == ["res_1"]


# -- a computer that sleeps for more than a day between two tries of a paid call


NIGHT = 30 * 3600.0
"""Seconds of sleep, after which Mint has forgotten every key."""


@pytest.fixture
def sleeper(engines: Engines) -> EngineHarness:
    """Return a scheduler whose clock stands still while its computer sleeps, unlike Mint's."""
    sleeper = engines(downloader=lambda local: NoDownloader())
    sleeper.mint.time = lambda: time.time() + sleeper.clock.now
    return sleeper


def sleep(sleeper: EngineHarness) -> None:
    """Sleep for more than a day, then run for an hour."""
    sleeper.mint.time = lambda: time.time() + sleeper.clock.now + NIGHT
    sleeper.run(3600.0)


def add(sleeper: EngineHarness, job: Job, failure: Exception) -> None:
    """Let the start of a job fail until the next try is due in some seconds."""
    answers = {"start": failure, "page": Page((), None)}
    sleeper.mint.says = lambda what, which: answers[what]
    sleeper.add(job)
    sleeper.run(0.1)
    assert len(sleeper.mint.times("start")) == 1


@pytest.mark.covers("C7-stored")
@pytest.mark.parametrize("failure", [LOST, problem(409), problem(503), problem(504)])
def test_a_start_is_searched_for_instead(sleeper: EngineHarness, failure: Exception) -> None:
    """Nothing is found, so a person decides; nothing is sent."""
    job = a_job()
    add(sleeper, job, failure)
    sleep(sleeper)
    assert len(sleeper.mint.times("start")) == 1
    assert sleeper.mint.times("page")
    assert sleeper.job(job).phase is Phase.PAUSED


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, 400 * DAY])
def test_a_wrong_clock_hides_nothing_from_the_look(
    sleeper: EngineHarness, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    """Mint's list is searched from Mint's time of the first attempt."""
    monkeypatch.setattr(time, "time", lambda: CLICK_THEN + ahead)
    begun = sleeper.clock.now
    sleeper.mint.time = lambda: CLICK_THEN + sleeper.clock.now - begun
    job = a_job()
    add(sleeper, job, LOST)
    listed = tuple(
        Asset.from_json(
            Kind.MODEL, {"id": id, "prompt": "a lamp", "createdAt": created_at(seconds)}
        )
        for id, seconds in (("res_9", 1.0), ("res_0", -HOUR / 2))
    )
    sleeper.mint.says = lambda what, which: Page(listed, None)
    sleeper.mint.time = lambda: CLICK_THEN + sleeper.clock.now - begun + NIGHT
    sleeper.run(3600.0)
    assert [each.id for each in sleeper.job(job).candidates] == ["res_9"]


def created_at(seconds: float) -> str:
    """Return the date of an asset that was made so many seconds after the click."""
    return datetime.fromtimestamp(CLICK_THEN + seconds, UTC).isoformat()
