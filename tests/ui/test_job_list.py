# SPDX-License-Identifier: GPL-3.0-or-later
"""The section *Jobs*: rows of jobs and batches, what a click changes, and what drawing costs."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from .drawings import Call, calls_of, counted, drawn_by, in_class, sidebar
from .sample_jobs import URL, a_job

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import (
    UNANSWERED,
    Cause,
    Decision,
    Delivery,
    LocalFile,
    Problem,
    Role,
)
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_groups import Group, group_of
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.job_cache import LATEST, Outlook
from mint_blender.jobs.storage.journal import Journal
from mint_blender.message import Message
from mint_blender.mint.account import Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, OptimizationLevel
from mint_blender.ui import heartbeat, menus
from mint_blender.ui.account import billing_watch
from mint_blender.ui.job_list import decision_operators, grouped_jobs, list_operators, panel
from mint_blender.ui.pricing import price_dialog
from mint_blender.ui.review import card_state, review_card

from ..jobs.spending_helpers import costing
from ..jobs.workflow_harness import operation

CARD = "mint.job_menu"


def begin(job_service: JobService, jobs: Iterable[Job]) -> None:
    """Let these jobs look as if their workflows ran."""
    job_service._active.update((job.id, 1) for job in jobs)
    job_service._note_activity()


def add(job_service: JobService, phase: Phase, count: int) -> None:
    """Add so many jobs in this phase."""
    jobs = [a_job(phase, f"a lamp that is {phase}", now=time.time()) for _ in range(count)]
    job_service.cache.add(*jobs)
    if phase is Phase.WORKING:
        begin(job_service, jobs)
    grouped_jobs.prepare(job_service)


def said(*, width: int = 320, height: int = 2000) -> list[Call]:
    """Return each call of the layout that draws the list in a sidebar of this size."""
    return calls_of(panel.draw, sidebar(width=width, height=height))


def drawn(job_service: JobService, **size: int) -> Counter[str]:
    """Return what the list draws now: operators by name, labels by text, all else by kind."""
    grouped_jobs.prepare(job_service)
    return counted(said(**size))


def in_menu(job: Job) -> Counter[str]:
    return drawn_by(list_operators.draw_job_menu, JobView(job), False)


def titles(job_service: JobService, **size: int) -> list[str]:
    """Return the titles of the rows in sight."""
    grouped_jobs.prepare(job_service)
    listed = [row.jobs[0].title for row in grouped_jobs.rows()]
    return [call[-2] for call in said(**size) if call[0] == "label" and call[-2] in listed]


def in_status_bar() -> Counter[str]:
    return drawn_by(in_class(menus._draw_status_bar), bpy.context)


def add_titled(job_service: JobService, count: int, *, first: int = 0) -> None:
    """Add jobs with different titles, in the order of their start."""
    for number in range(first, first + count):
        job_service.cache.add(a_job(prompt=f"lamp {number}", now=1000.0 + number))
    grouped_jobs.prepare(job_service)


def test_new_jobs_are_below_what_is_in_sight(job_service: JobService) -> None:
    """The newest are in sight at first, later ones after a click; a dismissed one leaves no gap."""
    add_titled(job_service, 10)
    grouped_jobs.show_last(job_service)
    assert titles(job_service, height=0) == ["lamp 7", "lamp 8", "lamp 9"]
    job_service.dismiss(job_service.jobs()[0].id)
    seen = titles(job_service, height=0)
    assert seen == ["lamp 6", "lamp 7", "lamp 8"]
    add_titled(job_service, 2, first=10)
    assert titles(job_service, height=0) == seen
    assert drawn(job_service, height=0)["7–9 of 11"] == 1
    assert bpy.ops.mint.scroll_jobs(by=3, count=3) == {"FINISHED"}
    assert titles(job_service, height=0) == ["lamp 8", "lamp 10", "lamp 11"]
    assert bpy.ops.mint.scroll_jobs(by=-30, count=3) == {"FINISHED"}
    assert titles(job_service, height=0) == ["lamp 0", "lamp 1", "lamp 2"]
    grouped_jobs.show_last(job_service)
    assert titles(job_service, height=0)[-1] == "lamp 11"


def test_only_rows_in_sight_are_drawn(job_service: JobService) -> None:
    """With 80 jobs as much as with 40; without any, a line with examples."""
    add(job_service, Phase.PLACED, 1)
    assert drawn(job_service, height=0) == drawn(job_service, height=800)
    bpy.ops.mint.dismiss_finished()
    assert drawn(job_service)["Try:"] == 1 and drawn(job_service)["mint.choose_prompt"] == 3
    seen = []
    for _ in range(2):
        add(job_service, Phase.PLACED, 40)
        seen.append(drawn(job_service))
        assert len(titles(job_service, width=900)) == panel.MOST
    assert seen[0].total() == seen[1].total()


def test_a_running_job_has_a_menu(job_service: JobService) -> None:
    """It leads to what support needs, and offers nothing that the job cannot do while it runs."""
    add(job_service, Phase.WORKING, 1)
    counts = drawn(job_service)
    assert (counts[CARD], counts["mint.cancel"]) == (1, 1)
    list_operators.MINT_MT_job.job_id = job_service.jobs()[0].id
    menu = drawn_by(in_class(list_operators.MINT_MT_job.draw), bpy.context)
    assert not any(each.startswith("mint.") for each in menu) and menu["menu"] == 1
    more = drawn_by(in_class(list_operators.MINT_MT_job_more.draw), bpy.context)
    named = {each for each in more if each.startswith("mint.")}
    assert named == {"mint.copy_report", "mint.copy_diagnostics"}


def test_older_jobs_are_listed_on_demand(job_service: JobService) -> None:
    """The list begins with the latest jobs; each click lists more of the others, above them."""
    add_titled(job_service, 2 * LATEST + 10)
    assert job_service.cache.has_older
    newest = grouped_jobs.rows()[-1]
    while job_service.cache.has_older:
        assert bpy.ops.mint.show_older_jobs() == {"FINISHED"}
    rows = grouped_jobs.rows()
    assert (len(rows), rows[-1].key) == (2 * LATEST + 10, newest.key)
    assert rows[0].jobs[0].title == "lamp 0"


def test_the_queue_of_an_earlier_session_waits_for_a_click(job_service: JobService) -> None:
    """Number and price are shown with Continue and Discard, until one of them is clicked."""
    jobs = [a_job(Phase.WAITING, now=float(number), estimate=800.0) for number in range(6)]
    job_service.cache.add(*jobs[:3])
    job_service.unfinished.take_over()
    shown = drawn(job_service)
    assert any("Continue 3 Queued Jobs · 2,400 Credits" in call for call in said())
    assert shown["Queued earlier, not sent"] == 3
    assert (shown["mint.continue_queue"], shown["mint.discard_queue"]) == (1, 1)
    assert not any(job_service.is_active(job.id) for job in jobs[:3])
    assert bpy.ops.mint.discard_queue() == {"FINISHED"}
    assert {job_service.job(job.id).phase for job in jobs[:3]} == {Phase.CANCELED}
    assert not drawn(job_service)["mint.continue_queue"]
    job_service.cache.add(*jobs[3:])
    job_service.unfinished.take_over()
    assert bpy.ops.mint.continue_queue() == {"FINISHED"}
    assert all(job_service.is_active(job.id) for job in jobs[3:])
    assert not drawn(job_service)["mint.continue_queue"]


@pytest.mark.parametrize(
    ("is_online", "says"), [(True, "4 min left"), (False, "Online access is off")]
)
def test_the_status_bar_names_a_running_job(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, is_online: bool, says: str
) -> None:
    """It shows the number of jobs, and one that Mint works on instead of a queued one."""
    monkeypatch.setattr(panel, "may_go_online", lambda: is_online)
    add(job_service, Phase.WAITING, 200)
    add(job_service, Phase.WORKING, 2)
    begin(job_service, job_service.jobs())
    grouped_jobs.prepare(job_service)
    shown = in_status_bar()
    assert shown[f"Mint: 202 jobs, next: a lamp that is working, {says}"] == 1
    assert not shown["mint.cancel"], "which of them would it cancel?"


def test_queued_jobs_are_subtracted_from_the_balance(job_service: JobService) -> None:
    """Mint does not know of queued jobs, but what is free counts them; it does know of the others."""
    request = GenerationRequest(Kind.MODEL, "a lamp")
    level = OptimizationLevel.LIGHT
    job = new_job(
        request, Delivery(), now=0.0, optimize=level, estimate=248.0, optimize_estimate=5.0
    )
    job_service.cache.add(job, a_job(estimate=100.0))
    heartbeat.redraw()
    assert billing_watch.reserved() == 248 + 5
    job_service.cancel(job.id)
    heartbeat.redraw()
    assert billing_watch.reserved() == 0
    words = price_dialog.left_words(1000.0, 100.0)
    assert words == "1,000 Credits free, after this: 900"
    assert price_dialog.left_words(1000.0, 1001.0) == "1 Credits short"


def test_a_region_that_is_no_popup_any_more_is_left_alone(registered) -> None:
    """Where a dialog's region was, an editor's may be by now: Blender refuses to refresh that."""
    area = bpy.context.window.screen.areas[0]
    with bpy.context.temp_override(area=area):
        price_dialog.note(area.regions[0])
        price_dialog.redraw_popups()


def groups() -> list[Group]:
    """Return the group of each job, as the panel and the status bar see it."""
    return [group_of(job) for row in grouped_jobs.rows() for job in row.jobs]


@pytest.fixture
def placed_elsewhere(job_service: JobService) -> Job:
    """Return a job that waits for a decision here, and that another process has placed."""
    add(job_service, Phase.REVIEW, 1)
    (job,) = job_service.jobs()
    assert groups() == [Group.NEEDS_USER]
    journal = Journal(job_service.home)
    journal.save(replace(job, phase=Phase.PLACED))
    journal.close()
    return job


def test_a_refused_click_shows_why(placed_elsewhere: Job) -> None:
    """The list then shows the job as it is."""
    with pytest.raises(RuntimeError, match="is not possible now"):
        bpy.ops.mint.approve(job_id=placed_elsewhere.id)
    assert groups() == [Group.FINISHED]


def test_an_error_in_a_beat_hides_no_other_event(placed_elsewhere: Job) -> None:
    """The other events of the same beat are shown all the same."""
    heartbeat.on_beat(Mock(side_effect=ValueError("a mistake of ours")))
    with pytest.raises(ValueError, match="a mistake of ours"):
        heartbeat.beat()
    assert groups() == [Group.FINISHED]


def test_a_job_of_another_account_offers_no_action_at_mint(job_service: JobService) -> None:
    """It can be placed, but not approved, resumed, retried or canceled."""
    journal = Journal(job_service.home)
    other = Owner("https://api.mint.gg", "user:leo")
    for phase in (Phase.REVIEW, Phase.PAUSED, Phase.READY):
        journal.add(a_job(phase, now=time.time(), owner=other))
    journal.close()
    job_service.catch_up()
    counts = drawn(job_service)
    assert counts["Other account"] == counts[CARD] == 3
    assert counts["mint.place"] == 1
    verbs = ("approve", "revise", "resume", "retry", "cancel", "open_in_mint")
    assert not any(counts[f"mint.{verb}"] for verb in verbs)


def test_an_unreadable_job_has_a_row(job_service: JobService) -> None:
    """The row has a sentence and a button, the only one that dismisses it."""
    add(job_service, Phase.PLACED, 2)
    damaged = job_service.jobs()[0].id
    with closing(sqlite3.connect(job_service.home / "journal.sqlite3")) as database, database:
        database.execute("UPDATE jobs SET phase = 'dreaming' WHERE id = ?", (damaged,))
        database.execute("INSERT OR REPLACE INTO changes (job) VALUES (?)", (damaged,))
    job_service.catch_up()
    assert bpy.ops.mint.dismiss_finished() == {"FINISHED"}
    assert job_service.jobs() == []
    assert drawn(job_service)["mint.dismiss"] == 1
    assert bpy.ops.mint.dismiss(job_id=damaged) == {"FINISHED"}
    assert drawn(job_service)["mint.dismiss"] == 0


def add_batch(job_service: JobService, *phases: Phase) -> None:
    for number, phase in enumerate(phases):
        job_service.cache.add(a_job(phase, delivery=Delivery(group="one"), now=float(number)))


def test_a_batch_is_one_row_that_opens(job_service: JobService) -> None:
    """It has one bar; open, there is a row for each of its jobs below it."""
    add_batch(job_service, *[Phase.PLACED] * 10, *[Phase.WAITING] * 40)
    closed = drawn(job_service)
    assert (closed["progress"], closed["50 jobs: a lamp"], closed[CARD]) == (1, 1, 0)
    assert (closed["mint.toggle_batch"], closed["mint.cancel_all"]) == (1, 1)
    assert bpy.ops.mint.toggle_batch(batch="one") == {"FINISHED"}
    opened = drawn(job_service)
    assert (opened[CARD], len(grouped_jobs.rows())) == (panel.MOST - 1, 51)
    assert bpy.ops.mint.toggle_batch(batch="one") == {"FINISHED"}
    assert drawn(job_service) == closed
    for job in job_service.jobs():
        job_service.cache.save(replace(job, phase=Phase.PLACED))
    ended = drawn(job_service)
    assert (ended["progress"], ended["mint.dismiss_finished"]) == (0, 1)
    add(job_service, Phase.PLACED, 1)
    assert bpy.ops.mint.dismiss_finished(batch="one") == {"FINISHED"}
    assert [job.title for job in job_service.jobs()] == ["a lamp that is placed"]


def test_a_batch_leads_to_its_previews(job_service: JobService) -> None:
    """Its row says how many jobs need a decision, and its button opens the first of them."""
    add_batch(job_service, Phase.WAITING, Phase.REVIEW, Phase.PAUSED)
    shown = drawn(job_service)
    assert any("2 need a decision" in call for call in said())
    assert shown["mint.review"] == 2  # and the one in the title
    assert in_status_bar()["Mint: a lamp: Preview ready"] == 1
    assert not shown["mint.cancel_all"]


@pytest.mark.parametrize(
    ("phase", "verb", "says"),
    [(Phase.BILLING, Verb.RESUME, "Resuming"), (Phase.WORKING, Verb.CANCEL, "Canceling")],
)
def test_a_card_says_what_a_click_does(
    job_service: JobService, phase: Phase, verb: Verb, says: str
) -> None:
    """Its row has no button, until Mint answers."""
    add(job_service, phase, 1)
    (job,) = job_service.jobs()
    reason = Problem(Cause.WORK, Message("The generation failed at Mint."))
    job_service.journal.paid_requests.answer(job.requests[0].key, "op_1", operation("running"))
    job_service.reread()
    job_service.cache.save(replace(job_service.job(job.id), problem=reason))
    assert job_service.cache.decide(job, Decision(verb)) is not None
    begin(job_service, [job])
    grouped_jobs.prepare(job_service)
    shown = drawn(job_service)
    assert (shown[says], shown[CARD]) == (1, 1)
    assert not in_menu(job_service.job(job.id))["The generation failed at Mint."]


@pytest.mark.parametrize("code", [None, UNANSWERED])
def test_a_job_that_is_retried_is_queued(job_service: JobService, code: str | None) -> None:
    """The reason why it had stopped is gone, and with it the way to retry it."""
    phase = Phase.PAUSED if code else Phase.FAILED
    add(job_service, phase, 1)
    (job,) = job_service.jobs()
    reason = Problem(Cause.WORK, Message("The generation failed at Mint."), code)
    for request in job.requests:
        job_service.journal.paid_requests.note_look(request.key)
    job_service.cache.save(replace(job, problem=reason))
    job_service.reread()
    job = job_service.job(job.id)
    assert drawn(job_service)[CARD] == 2  # Details… opens the menu, too
    menu = in_menu(job)
    assert (menu["mint.retry"], menu["The generation failed at Mint."]) == (1, 1)
    job_service.retry(job.id)
    shown = drawn(job_service)
    assert (shown["mint.cancel"], shown[CARD]) == (1, 1)
    assert not in_menu(job_service.job(job.id))["The generation failed at Mint."]


@pytest.mark.parametrize(
    ("elapsed", "usual", "says", "share"),
    [
        (10, 240, "4 min left", 1 / 24),
        (239, 240, "1 min left", 0.97),
        (241, 240, "Generating, taking longer", 0.97),
        (16, None, "Generating, 16 s", None),
    ],
)
def test_a_bar_is_as_full_as_its_words_say(
    job_service: JobService,
    monkeypatch: pytest.MonkeyPatch,
    elapsed: float,
    usual: float | None,
    says: str,
    share: float | None,
) -> None:
    """Row, menu and status bar have the same words; what has passed is more exact than the rest."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    add(job_service, Phase.WORKING, 1)
    (job,) = job_service.jobs()
    monkeypatch.setattr(job_service, "outlook", lambda job: Outlook(elapsed, usual))
    view = JobView(job)
    words, filled = panel.state_of(job_service, view)
    assert (words, filled) == (says, pytest.approx(share))
    menu = drawn_by(panel.draw_details, view)
    assert any(each.startswith(says) for each in menu)


@pytest.mark.parametrize(
    ("credits", "says"),
    [
        ({"reserved": 648.0}, "648 Credits are reserved. Mint may keep them."),
        ({"finalized": 150.0}, "150 Credits are spent. Mint may not return them."),
        (
            {"finalized": 150.0, "reserved": 648.0, "estimated": 798.0},
            "150 Credits are spent, and 648 are reserved. Mint may keep them.",
        ),
    ],
)
def test_cancel_says_what_is_spent_and_what_is_reserved(credits: dict[str, Any], says: str) -> None:
    """Those of a Preview are gone; those of the rest may come back."""
    job = costing(Phase.WORKING, **credits)
    assert decision_operators.what_is_lost(job) == f"{job.title}: {says}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The Preview may show more detail than the final result."),
        (" ", "The Preview may show more detail than the final result."),
        ("greener", "Once revised, only the new Preview can be approved."),
    ],
)
def test_the_card_says_before_a_revision_what_is_given_up(
    job_service: JobService, text: str, says: str
) -> None:
    """It is paid, and this Preview can then not be approved any more."""
    job = costing(Phase.REVIEW)
    job = replace(job, files=(LocalFile(Role.PREVIEW, "preview.webp", URL),))
    card_state.show(job.id)
    card_state.write(job.id, text)
    drawn = [label for name, *_, label, _ in calls_of(review_card.draw, job_service, job)]
    assert drawn[-1] == says


def test_dismiss_all_says_how_many_are_removed(job_service: JobService) -> None:
    """Also the failed ones; a click asks first."""
    for phase, count in {Phase.PLACED: 3, Phase.FAILED: 2, Phase.READY: 1}.items():
        add(job_service, phase, count)
    asks, click = Mock(), SimpleNamespace(batch="")
    list_operators.MINT_OT_dismiss_finished.invoke(click, asks, None)  # type: ignore[arg-type]
    assert asks.window_manager.invoke_confirm.call_args.kwargs["message"] == (
        "This removes 5 jobs from the list. Objects in your scene and files on disk stay."
    )
    assert bpy.ops.mint.dismiss_finished() == {"FINISHED"}
    assert [job.phase for job in job_service.jobs()] == [Phase.READY]
