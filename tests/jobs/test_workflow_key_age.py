# SPDX-License-Identifier: GPL-3.0-or-later
"""An unanswered start: it is repeated, looked for in Mint's lists, or left to the user."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import ClaimedAssets
from mint_blender.jobs.paid_requests.record import SETTLED_AFTER, YOUNG_FOR, State
from mint_blender.jobs.paid_requests.send import Sent
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Fetch,
    ReadAsset,
    ReadClaimedAssets,
    ReadPage,
    TakeSlot,
)
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import Asset, Kind, Page

from .workflow_harness import (
    FILES,
    GLB,
    Start,
    WorkflowHarness,
    a_job,
    asset,
    decided,
    kept,
    problem,
    retried,
)

CLICK = 1_000_000.0  # 1970-01-12T13:46:40Z
BEFORE, AFTER = "1970-01-12T13:40:00Z", "1970-01-12T13:47:00Z"
ENTRY = {
    "id": "res_1",
    "prompt": "a lamp",
    "createdAt": AFTER,
    "status": "succeeded",
    "assets": {"glbUrl": GLB},
}
AT_CLICK = WorkflowConfig(now=lambda: CLICK)
LATER = WorkflowConfig(now=lambda: CLICK + YOUNG_FOR)
LOST = Unreachable("the connection broke")


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
# ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [problem(401), problem(402), problem(429, "concurrency-limit-reached"), problem(400)]
)
def test_what_was_turned_away_was_not_started(error: Exception) -> None:
    """Mint has said that it did nothing, and nothing else was sent."""
    request = WorkflowHarness(a_job()).answer().fail(error).job.requests[0]
    assert request.state in {State.CLEAN, State.REFUSED}
    assert not request.may_be_started


def test_for_twelve_hours_the_same_start_is_repeated() -> None:
    """With its own key and body."""
    job = sent(name="Lamp")
    last = WorkflowConfig(now=lambda: CLICK + YOUNG_FOR - 1)
    start = WorkflowHarness(job, last).expect(Start)
    assert (start.key, start.body["name"]) == (job.requests[0].key, "Lamp")


def test_another_api_key_repeats_nothing() -> None:
    """Mint remembers per API key what it has started: with another one it would be started again."""
    job = sent()
    job = job.with_request(replace(job.requests[0], credential="of another key"))
    WorkflowHarness(job, AT_CLICK).expect(ReadPage)


def test_a_copy_of_the_journal_repeats_nothing() -> None:
    """Nobody knows what the original has sent: the lists are read after ten minutes."""
    job = sent()
    job = job.with_request(replace(job.requests[0], is_copied=True))
    run = WorkflowHarness(job, AT_CLICK)
    run.expect(ReadPage)
    assert run.waited == SETTLED_AFTER


def test_an_unsent_job_of_a_copy_is_looked_for() -> None:
    """A backup from before the send looks like it. The pictures are not uploaded for that."""
    job = a_job(images=("/tmp/a.png",))
    job = job.with_request(replace(job.requests[0], is_copied=True))
    WorkflowHarness(job, AT_CLICK).expect(ReadPage)


# -- looked for
# ------------------------------------------------------------------------------------------------------------------


def test_after_twelve_hours_the_result_is_searched_and_adopted() -> None:
    """Pages are read back to the click, nothing is sent, and the result is downloaded."""
    run = WorkflowHarness(sent(), LATER)
    assert run.expect(ReadPage).cursor is None
    run.answer(page({"id": "other", "prompt": "a chair"}, cursor="next"))
    assert run.expect(ReadPage).cursor == "next"
    run.answer(page({}, {"id": "older", "createdAt": BEFORE}, cursor="more"))
    assert run.expect(ReadPage).cursor == "more", "a list is only roughly in order of time"
    run.answer(page({"id": "oldest", "createdAt": BEFORE}, cursor="last"))
    run.expect(ReadClaimedAssets)
    run.answer(ClaimedAssets(frozenset())).expect(ReadAsset)
    assert run.job.requests[0].found_asset == "res_1"
    assert (run.job.phase, run.job.source_asset_id, run.job.operation) == (
        Phase.FETCHING,
        "res_1",
        None,
    )
    run.answer(asset(glbUrl=GLB))
    run.answer(kept(run.expect(Fetch)))
    assert run.job.phase is Phase.READY
    assert run.job.has_note("start_found")


@pytest.mark.parametrize(
    "entry",
    [{"prompt": "a chair"}, {"createdAt": BEFORE}, {"createdAt": None}, {"id": "taken"}],
    ids=["another prompt", "before the click", "nobody knows when", "another job's"],
)
def test_what_is_not_its_own_is_not_adopted(entry: dict[str, Any]) -> None:
    """Then a person decides; nothing was sent."""
    run = WorkflowHarness(sent(), LATER).answer(page(entry))
    run.answer(ClaimedAssets(frozenset({"taken"})))
    assert run.rests
    assert is_unanswered(run.job)
    assert run.job.candidates == ()
    assert run.job.problem is not None
    assert "Mint may have started this" in run.job.problem.message
    assert "costs Credits again" in run.job.problem.message


def test_only_what_has_the_same_name_is_taken() -> None:
    """The name was sent, so what has another one is something else."""
    several = page({"id": "c", "name": "Lamp"}, {"id": "b", "name": "Other"})
    run = WorkflowHarness(sent(name="Lamp"), LATER).answer(several)
    run.answer(ClaimedAssets(frozenset())).expect(ReadAsset)
    assert run.job.source_asset_id == "c"


def test_of_two_that_look_alike_a_person_chooses() -> None:
    """Both are offered, the oldest first, and nothing is started."""
    picture = {"assets": {"thumbnailUrl": f"{FILES}t.webp"}}
    later = "1970-01-12T13:48:00Z"
    several = page({"id": "b", "createdAt": later}, {"id": "a", "name": "a lamp", **picture})
    run = WorkflowHarness(sent(), LATER).answer(several).answer(ClaimedAssets(frozenset()))
    picture_of_a = kept(run.expect(Fetch))
    assert picture_of_a.url == f"{FILES}t.webp"
    assert run.answer(picture_of_a).rests and is_unanswered(run.job)
    assert [each.id for each in run.job.candidates] == ["a", "b"]
    assert [each.picture for each in run.job.candidates] == [picture_of_a.path, None]
    assert run.job.problem is not None and "looks like it" in run.job.problem.message


def test_what_another_start_without_an_answer_may_have_made_is_not_adopted() -> None:
    """Of two equal starts, one could take what the other has made."""
    body = sent().requests[0].body
    assert body is not None
    run = WorkflowHarness(sent(), LATER).answer(page({}))
    run.answer(ClaimedAssets(frozenset(), unanswered=(body,)))
    assert run.rests and is_unanswered(run.job)
    assert [each.id for each in run.job.candidates] == ["res_1"]


def worlds(*entries: dict[str, Any]) -> Page:
    """Return a page of Mint's Worlds, which have no prompts."""
    made = {"id": "world_1", "name": "a lamp", "createdAt": AFTER, "status": "succeeded"}
    return Page.from_json(Kind.WORLD, {"data": [made | entry for entry in entries]})


def test_a_world_is_found_by_its_name() -> None:
    """Mint lists no prompts of Worlds, and the name was sent."""
    run = WorkflowHarness(sent(kind=Kind.WORLD), LATER)
    assert run.expect(ReadPage).kind is Kind.WORLD
    run.answer(worlds({}, {"id": "other", "name": "a hall"}))
    run.answer(ClaimedAssets(frozenset())).expect(ReadAsset)
    assert run.job.source_asset_id == "world_1"


def test_worlds_of_one_name_are_not_told_apart() -> None:
    """The list shows the same for another prompt under this name, so a person chooses."""
    body = json.dumps({"prompt": "something else", "name": "a lamp"})
    run = WorkflowHarness(sent(kind=Kind.WORLD), LATER).answer(worlds({}))
    run.answer(ClaimedAssets(frozenset(), unanswered=(body,)))
    assert run.rests and is_unanswered(run.job)


def test_a_world_of_another_job_in_progress_is_not_adopted() -> None:
    """It has the same name, and its prompt is not in the list."""
    run = WorkflowHarness(sent(kind=Kind.WORLD), LATER).answer(worlds({}))
    body = json.dumps({"prompt": "something else", "name": "a lamp"})
    run.answer(ClaimedAssets(frozenset(), (body,)))
    assert run.expect(ReadPage).after == 60.0


def test_the_older_name_field_names_it_too() -> None:
    """Two starts that look alike in the list are recognized, whatever their field is called."""
    body = json.dumps({"prompt": "a lamp", "displayName": "a lamp"})
    run = WorkflowHarness(sent(), LATER).answer(page({"name": "a lamp"}))
    run.answer(ClaimedAssets(frozenset(), unanswered=(body,)))
    assert run.rests and is_unanswered(run.job)


def test_the_asset_of_another_job_in_progress_is_not_adopted() -> None:
    """Mint names an operation's asset late: with one prompt, nobody knows yet whose this is."""
    run = WorkflowHarness(sent(), LATER).answer(page({}))
    for _ in range(3):
        run.answer(ClaimedAssets(frozenset(), (json.dumps({"prompt": "a  lamp"}),)))
        assert run.expect(ReadPage).after == 60.0
        assert "Another job with the same prompt" in run.job.notes[0]
        run.answer(page({}))
    run.answer(ClaimedAssets(frozenset(), (json.dumps({"prompt": "a chair"}),)))
    assert run.job.source_asset_id == "res_1"
    assert not any("Another job" in note for note in run.job.notes)


def test_a_list_that_goes_round_ends() -> None:
    """The same cursor again is the end."""
    run = WorkflowHarness(sent(), LATER)
    run.answer(page({"prompt": "x"}, cursor="a")).answer(page({"prompt": "x"}, cursor="a"))
    run.answer(ClaimedAssets(frozenset()))
    assert is_unanswered(run.job)


def test_what_is_still_made_is_watched() -> None:
    """The result is on its way: it is waited for, and fetched."""
    run = (
        WorkflowHarness(sent(), LATER)
        .answer(page({"status": "running", "assets": None}))
        .answer(ClaimedAssets(frozenset()))
    )
    running = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"})
    for _ in range(4):
        run.answer(running).expect(ReadAsset)
    while isinstance(run.effect, ReadAsset):
        run.answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB


def test_what_was_adopted_and_broken_off_is_not_started_again() -> None:
    """A download that failed is resumed as a download; a cancel sends nothing either."""
    run = (
        WorkflowHarness(sent(), LATER)
        .answer(page({}))
        .answer(ClaimedAssets(frozenset()))
        .answer(asset(glbUrl=GLB))
        .fail(LOST)
    )
    assert run.job.phase is Phase.PAUSED
    run.again(LATER).expect(ReadAsset)
    canceled = WorkflowHarness(decided(run.job, Verb.CANCEL), LATER)
    assert canceled.rests
    assert canceled.job.phase is Phase.CANCELED


def test_the_last_error_at_the_end_of_the_time_leads_to_the_list() -> None:
    """Nobody has to resume it for that: the sender says that it must not be sent any more."""
    now = [CLICK]
    run = WorkflowHarness(sent(), WorkflowConfig(now=lambda: now[0]))
    run.expect(Start)
    now[0] += YOUNG_FOR
    run.answer(Sent(run.job.requests[0])).expect(ReadPage)


# -- a person decides
# ------------------------------------------------------------------------------------------------------------


def unanswered(**more: Any) -> Job:
    """A job of which nothing was found."""
    run = WorkflowHarness(sent(**more), LATER).answer(page())
    return run.answer(ClaimedAssets(frozenset())).job


def test_what_was_not_found_waits_for_a_person() -> None:
    """Look again at no cost, start again, or cancel; by itself it does not go on."""
    job = unanswered()
    assert not job.is_resumable
    assert JobView(job).verbs == (Verb.RESUME, Verb.RETRY, Verb.CANCEL)
    assert Verb.RETRY not in JobView(sent()).verbs, (
        "a job that is only paused goes on: it is not started twice"
    )


def test_resume_looks_again() -> None:
    """No start."""
    WorkflowHarness(unanswered(), LATER).expect(ReadPage)


def test_start_again_is_a_new_start() -> None:
    """Under another record. The first one is given up, and not forgotten."""
    run = WorkflowHarness(retried(unanswered(), now=CLICK + YOUNG_FOR), LATER)
    run.expect(TakeSlot)
    first, second = run.job.requests
    assert run.answer().expect(Start).key == second.key != first.key
    assert (first.state, second.number) == (State.OVER, 2)


def test_cancel_looks_and_starts_nothing() -> None:
    """A key that Mint has forgotten would start it once more: it is looked for instead."""
    run = WorkflowHarness(decided(unanswered(), Verb.CANCEL), LATER)
    run.expect(ReadPage)
    run.answer(page()).answer(ClaimedAssets(frozenset()))
    assert (run.rests, run.job.phase) == (True, Phase.CANCELED)
    found = (
        WorkflowHarness(decided(sent(), Verb.CANCEL), LATER)
        .answer(page({}))
        .answer(ClaimedAssets(frozenset()))
    )
    assert (found.job.phase, found.job.decision) == (Phase.FETCHING, None), (
        "it is there, and paid for: it is kept"
    )
