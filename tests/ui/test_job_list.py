# SPDX-License-Identifier: GPL-3.0-or-later
"""The section *Jobs* with hundreds of jobs: the cost of drawing does not grow with their number."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ..harness.call_counts import count_lines
from .drawings import Call, calls_of, counted, drawn_by, in_class
from .sample_jobs import a_job

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.new_jobs import new_job  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.presentation.job_groups import Group, group_of  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.jobs.storage.job_cache import LATEST  # noqa: E402
from mint_blender.jobs.storage.journal import Journal  # noqa: E402
from mint_blender.mint.account import Owner  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.ui import heartbeat, menus  # noqa: E402
from mint_blender.ui.account import billing_watch  # noqa: E402
from mint_blender.ui.job_list import grouped_jobs as job_list_groups  # noqa: E402
from mint_blender.ui.job_list import panel as job_list_panel  # noqa: E402
from mint_blender.ui.job_list.list_operators import MINT_MT_job, MINT_MT_job_support  # noqa: E402

CARD = "mint.job_menu"


def begin(job_service: JobService, jobs: Iterable[Job]) -> None:
    """Let these jobs look as if their workflows ran."""
    job_service._active.update((job.id, 1) for job in jobs)
    job_service._active_changes += 1


def add(job_service: JobService, phase: Phase, count: int) -> None:
    """Add so many jobs in this phase."""
    jobs = [a_job(phase, f"a lamp that is {phase}", now=time.time()) for _ in range(count)]
    job_service.cache.add(*jobs)
    if phase is Phase.WORKING:
        begin(job_service, jobs)
    job_list_groups.prepare(job_service)


def said(*, width: int = 320, height: int = 2000) -> list[Call]:
    """Return each call of the layout that draws the list in a sidebar of this size."""
    region = SimpleNamespace(width=width, height=height)
    return calls_of(job_list_panel.draw, SimpleNamespace(region=region))


def drawn(job_service: JobService, **size: int) -> Counter[str]:
    """Return what the list draws now: operators by name, labels by text, all else by kind."""
    job_list_groups.prepare(job_service)
    return counted(said(**size))


def titles(job_service: JobService, **size: int) -> list[str]:
    """Return the titles of the rows in sight."""
    job_list_groups.prepare(job_service)
    listed = [row.jobs[0].title for row in job_list_groups.rows()]
    return [call[-2] for call in said(**size) if call[0] == "label" and call[-2] in listed]


def in_status_bar() -> Counter[str]:
    """Return what the status bar draws."""
    return drawn_by(in_class(menus._draw_status_bar), bpy.context)


def test_only_rows_in_sight_are_drawn(job_service: JobService) -> None:
    """With 400 jobs as much is drawn as with 200."""
    seen = []
    for _ in range(2):
        for phase in (Phase.WAITING, Phase.PLACED, Phase.FAILED, Phase.REVIEW, Phase.WORKING):
            add(job_service, phase, 40)
        counts = drawn(job_service)
        in_status_bar()  # the second drawing finds the texts that the first one has made
        seen.append((counts.total(), count_lines(said), count_lines(in_status_bar)))
        assert len(titles(job_service)) == job_list_panel.MOST
    assert seen[0] == seen[1]


def add_titled(job_service: JobService, count: int, *, first: int = 0) -> None:
    """Add jobs with different titles, in the order of their start."""
    for number in range(first, first + count):
        job_service.cache.add(a_job(prompt=f"lamp {number}", now=1000.0 + number))
    job_list_groups.prepare(job_service)


def test_new_jobs_are_below_what_is_in_sight(job_service: JobService) -> None:
    """The newest jobs are in sight at first; later ones are out of sight until a click."""
    add_titled(job_service, 10)
    job_list_groups.show_last(job_service)
    seen = titles(job_service, height=0)
    assert seen == ["lamp 7", "lamp 8", "lamp 9"]
    add_titled(job_service, 2, first=10)
    assert titles(job_service, height=0) == seen
    assert drawn(job_service, height=0)["8–10 of 12"] == 1
    assert bpy.ops.mint.scroll_jobs(by=3, count=3) == {"FINISHED"}
    assert titles(job_service, height=0) == ["lamp 9", "lamp 10", "lamp 11"]
    assert bpy.ops.mint.scroll_jobs(by=-30, count=3) == {"FINISHED"}
    assert titles(job_service, height=0) == ["lamp 0", "lamp 1", "lamp 2"]
    job_list_groups.show_last(job_service)
    assert titles(job_service, height=0)[-1] == "lamp 11"


def test_a_dismissed_job_moves_nothing_later(job_service: JobService) -> None:
    """The rows close up at the click, and not again when the next job starts."""
    add_titled(job_service, 10)
    job_list_groups.show_last(job_service)
    last = job_service.jobs()[0]
    job_service.dismiss(last.id)
    seen = titles(job_service, height=0)
    assert seen == ["lamp 6", "lamp 7", "lamp 8"]
    add_titled(job_service, 1, first=10)
    assert titles(job_service, height=0) == seen


def test_the_list_is_as_high_without_jobs(job_service: JobService) -> None:
    """There is an empty row for each job that could be there."""
    add(job_service, Phase.PLACED, 1)
    rows = [drawn(job_service, height=height)[""] for height in (0, 800)]
    assert rows[1] - rows[0] == job_list_panel.count_in_sight(800) - job_list_panel.FEWEST
    bpy.ops.mint.dismiss_finished()
    assert drawn(job_service)["No jobs yet"] == 1


def test_a_running_job_has_a_menu(job_service: JobService) -> None:
    """It leads to what support needs, and offers nothing that the job cannot do while it runs."""
    add(job_service, Phase.WORKING, 1)
    counts = drawn(job_service)
    assert (counts[CARD], counts["mint.cancel"]) == (1, 1)
    MINT_MT_job.job_id = job_service.jobs()[0].id
    menu = drawn_by(in_class(MINT_MT_job.draw), bpy.context)
    assert not any(each.startswith("mint.") for each in menu) and menu["menu"] == 1
    support = drawn_by(in_class(MINT_MT_job_support.draw), bpy.context)
    named = {each for each in support if each.startswith("mint.")}
    assert named == {"mint.copy_report", "mint.copy_diagnostics"}


def test_older_jobs_are_listed_on_demand(job_service: JobService) -> None:
    """The list begins with the latest jobs; each click lists more of the others, above them."""
    add_titled(job_service, 2 * LATEST + 10)
    assert job_service.cache.has_older
    newest = job_list_groups.rows()[-1]
    while job_service.cache.has_older:
        assert bpy.ops.mint.show_older_jobs() == {"FINISHED"}
    rows = job_list_groups.rows()
    assert (len(rows), rows[-1].key) == (2 * LATEST + 10, newest.key)
    assert rows[0].jobs[0].title == "lamp 0"


def test_the_queue_of_an_earlier_session_waits_for_a_click(job_service: JobService) -> None:
    """Number and price are shown with Continue and Discard, until one of them is clicked."""
    jobs = [a_job(Phase.WAITING, now=float(number), estimate=800.0) for number in range(6)]
    job_service.cache.add(*jobs[:3])
    job_service.unfinished.take_over()
    shown = drawn(job_service)
    assert any("Continue 3 · 2,400 Credits" in call for call in said())
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
    ("is_online", "says"), [(True, "4 min left"), (False, "waiting: online access is off")]
)
def test_the_status_bar_names_a_running_job(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, is_online: bool, says: str
) -> None:
    """It shows the number of jobs, and one that Mint works on instead of a queued one."""
    monkeypatch.setattr(menus, "may_go_online", lambda: is_online)
    add(job_service, Phase.WAITING, 200)
    add(job_service, Phase.WORKING, 2)
    begin(job_service, job_service.jobs())
    job_list_groups.prepare(job_service)
    assert in_status_bar()[f"Mint: 202 jobs, next: a lamp that is working, {says}"] == 1


def test_queued_jobs_are_subtracted_from_the_balance(job_service: JobService) -> None:
    """Mint does not know of queued jobs, but "Leaves" counts them; it does know of the others."""
    request = GenerationRequest(Kind.MODEL, "a lamp")
    job = new_job(request, Delivery(), now=0.0, estimate=248.0, optimize_estimate=5.0)
    job_service.cache.add(job, a_job(estimate=100.0))
    heartbeat.redraw()
    assert billing_watch.left_after(1000.0, 100.0) == 1000 - 100 - 248 - 5
    job_service.cancel(job.id)
    heartbeat.redraw()
    assert billing_watch.left_after(1000.0, 100.0) == 900


@pytest.fixture
def other(job_service: JobService) -> Iterator[Journal]:
    """Open the journal as another process does."""
    journal = Journal(job_service.home)
    yield journal
    journal.close()


def test_a_refused_click_shows_why(job_service: JobService, other: Journal) -> None:
    """Another process has changed the job: the list then shows it as it is."""
    add(job_service, Phase.REVIEW, 1)
    assert groups() == [Group.NEEDS_USER]
    other.save(replace(job_service.jobs()[0], phase=Phase.PLACED))
    with pytest.raises(RuntimeError, match="is not possible now"):
        bpy.ops.mint.approve(job_id=job_service.jobs()[0].id)
    assert groups() == [Group.FINISHED]


def test_an_error_in_a_beat_hides_no_other_event(job_service: JobService, other: Journal) -> None:
    """The other events of the same beat are shown all the same."""
    add(job_service, Phase.REVIEW, 1)
    other.save(replace(job_service.jobs()[0], phase=Phase.PLACED))

    def stumble(job_service: JobService) -> bool:
        raise ValueError("a mistake of ours")

    heartbeat.on_beat(stumble)
    with pytest.raises(ValueError, match="a mistake of ours"):
        heartbeat.beat()
    assert groups() == [Group.FINISHED]


def groups() -> list[Group]:
    """Return the group of each job, as the panel and the status bar see it."""
    return [group_of(job) for row in job_list_groups.rows() for job in row.jobs]


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
