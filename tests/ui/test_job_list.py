# SPDX-License-Identifier: GPL-3.0-or-later
"""The section *Jobs* with hundreds of jobs: the cost of drawing does not grow with their number."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ..line_counts import count_lines

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.new_jobs import new_job  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.presentation.job_groups import Group  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.jobs.storage.job_cache import LATEST  # noqa: E402
from mint_blender.jobs.storage.journal import Journal  # noqa: E402
from mint_blender.mint.account import Owner  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.ui import heartbeat, menus  # noqa: E402
from mint_blender.ui.account import balance_watch  # noqa: E402
from mint_blender.ui.job_list import grouped_jobs as job_list_groups  # noqa: E402
from mint_blender.ui.job_list import job_rows  # noqa: E402
from mint_blender.ui.job_list import panel as job_list_panel  # noqa: E402
from mint_blender.ui.job_list.list_operators import MINT_MT_job, MINT_MT_job_support  # noqa: E402

CARD = "mint.job_menu"


class Layout:
    """A layout that counts what is drawn, operators by their names, and notes each call in `said`."""

    def __init__(self, drawn: Counter[str], said: list[tuple[Any, ...]] | None = None) -> None:
        self.drawn = drawn
        self.said = [] if said is None else said

    def __getattr__(self, name: str) -> Any:
        def take(*words: Any, **more: Any) -> Layout:
            self.drawn[words[0] if name == "operator" else name] += 1
            if name == "label":
                self.drawn[more.get("text", "")] += 1
            self.said.append((name, *words, more.get("text"), more.get("factor")))
            return Layout(self.drawn, self.said)

        return take


def add(job_service: JobService, phase: Phase, count: int) -> None:
    """Add so many jobs in this phase."""
    request = GenerationRequest(Kind.MODEL, f"a lamp that is {phase}")
    jobs = [
        replace(new_job(request, Delivery(), now=time.time()), phase=phase) for _ in range(count)
    ]
    job_service.cache.add(*jobs)
    if phase is Phase.WORKING:
        for job in jobs:
            job_service._active.begin(job.id)
    job_list_groups.prepare(job_service)


def drawn(job_service: JobService) -> Counter[str]:
    """Return what the panel draws now."""
    counts: Counter[str] = Counter()
    job_rows.sync(job_service)
    draw_panel(job_service, counts)
    return counts


def draw_panel(job_service: JobService, counts: Counter[str]) -> None:
    """Draw the panel."""
    job_list_panel.draw_jobs(Layout(counts), job_service, width=300)


def test_the_number_of_rows_does_not_grow(job_service: JobService) -> None:
    """With four hundred queued jobs as many rows are drawn as with two hundred."""

    def draw() -> None:
        job_list_panel.draw_header(Layout(Counter()))  # type: ignore[arg-type]
        draw_panel(job_service, Counter())
        menus._draw_status_bar(type("Header", (), {"layout": Layout(Counter())}), bpy.context)

    seen = []
    for _ in range(2):
        for phase in (Phase.WAITING, Phase.PLACED, Phase.FAILED, Phase.REVIEW, Phase.WORKING):
            add(job_service, phase, 200)
        counts = drawn(job_service)
        draw()  # the second drawing finds the texts that the first one has made
        seen.append(
            (
                sum(counts[name] for name in ("box", "row", "column", "label", "operator", CARD)),
                count_lines(draw),
            )
        )
        assert counts[CARD] < 60
    (few_rows, few_lines), (many_rows, many_lines) = seen
    assert many_rows == few_rows
    assert many_lines == few_lines


def test_a_running_job_has_a_menu(job_service: JobService) -> None:
    """It leads to what support needs, and offers nothing that the job cannot do while it runs."""
    add(job_service, Phase.WORKING, 1)
    counts = drawn(job_service)
    assert (counts[CARD], counts["mint.cancel"]) == (1, 1)
    (job,) = job_service.jobs()
    menu: Counter[str] = Counter()
    MINT_MT_job.job_id = job.id
    MINT_MT_job.draw(SimpleNamespace(layout=Layout(menu)), bpy.context)  # type: ignore[arg-type]
    assert not any(each.startswith("mint.") for each in menu) and menu["menu"] == 1
    support: Counter[str] = Counter()
    MINT_MT_job_support.draw(SimpleNamespace(layout=Layout(support)), bpy.context)  # type: ignore[arg-type]
    assert {each for each in support if each.startswith("mint.")} == {
        "mint.copy_report",
        "mint.copy_diagnostics",
    }


def test_the_list_of_jobs_without_a_card(job_service: JobService) -> None:
    """Each has a row, in order; the selected one has a card and stays selected."""
    add(job_service, Phase.WAITING, 200)
    first = drawn(job_service)
    assert first["197 more queued"] == 1
    assert (first[CARD], first["template_list"], first["mint.cancel_waiting"]) == (3, 1, 1)
    assert rows() == [job.id for job in in_line(job_service)][3:]
    list_of_jobs().active = 50
    chosen = rows()[50]
    assert drawn(job_service)[CARD] == 4
    job_service.dismiss(rows()[10])
    assert drawn(job_service)[CARD] == 4
    assert (list_of_jobs().active, rows()[49]) == (49, chosen)
    job_service.dismiss(chosen)
    assert drawn(job_service)[CARD] == 3
    assert list_of_jobs().active == -1
    job_service.cancel_waiting()
    for job in job_service.jobs():
        job_service.cache.save(replace(job, phase=Phase.CANCELED, decision=None))
        job_service._active.clear()
    assert drawn(job_service)["mint.dismiss_finished"] == 1
    assert bpy.ops.mint.dismiss_finished() == {"FINISHED"}
    assert not drawn(job_service)
    assert rows() == []


def test_older_jobs_are_listed_on_demand(job_service: JobService) -> None:
    """The list begins with the latest jobs; each click lists more of the others."""
    add(job_service, Phase.PLACED, 2 * LATEST + 10)
    assert job_service.cache.has_older
    assert drawn(job_service)["mint.show_older_jobs"] == 1
    before = len(rows())
    while job_service.cache.has_older:
        assert bpy.ops.mint.show_older_jobs() == {"FINISHED"}
    shown = drawn(job_service)
    assert shown["mint.show_older_jobs"] == 0
    assert len(rows()) + shown[CARD] == 2 * LATEST + 10
    assert len(rows()) > before


def test_a_row_has_title_and_state(job_service: JobService) -> None:
    """So does a row of a job that was just dismissed; the next beat removes it."""
    add(job_service, Phase.PLACED, 30)
    drawn(job_service)
    first = list_of_jobs().rows[0]
    assert row_of(first) == {"a lamp that is placed": 1, "In scene": 1}
    job_service.dismiss(first.job_id)
    job_list_groups.prepare(job_service)
    assert row_of(first) == {"a lamp that is placed": 1}


def row_of(item: Any) -> dict[str, int]:
    """Return the texts of a row."""
    counts: Counter[str] = Counter()
    job_rows.MINT_UL_jobs.draw_item(None, bpy.context, Layout(counts), None, item, 0, None, "")
    return {text: count for text, count in counts.items() if text not in {"row", "split", "label"}}


def list_of_jobs() -> Any:
    """Return Blender's list."""
    return bpy.context.window_manager.mint_jobs


def rows() -> list[str]:
    """Return the ids of the jobs in the list."""
    return [row.job_id for row in list_of_jobs().rows]


def in_line(job_service: JobService) -> list[Job]:
    """Return the waiting jobs, the next one first."""
    return sorted(job_service.jobs(), key=lambda job: (job.created_at, job.id))


def test_the_queue_of_an_earlier_session_waits_for_a_click(job_service: JobService) -> None:
    """Number and price are shown with Continue and Discard, until one of them is clicked."""
    request = GenerationRequest(Kind.MODEL, "a lamp")
    jobs = [new_job(request, Delivery(), now=float(number), estimate=800.0) for number in range(6)]
    job_service.cache.add(*jobs[:3])
    job_service.unfinished.take_over()
    shown = drawn(job_service)
    assert shown["3 queued jobs, about 2,400 Credits"] == 1
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


def test_the_status_bar_names_a_running_job(job_service: JobService) -> None:
    """It shows the number of jobs, and one that Mint works on instead of a queued one."""
    add(job_service, Phase.WAITING, 200)
    add(job_service, Phase.WORKING, 2)
    for job in job_service.jobs():
        job_service._active.begin(job.id)
    job_list_groups.prepare(job_service)
    counts: Counter[str] = Counter()
    menus._draw_status_bar(type("Header", (), {"layout": Layout(counts)}), bpy.context)
    assert counts["Mint: 202 jobs, next: a lamp that is working, about 4 min left"] == 1


def test_queued_jobs_are_subtracted_from_the_balance(job_service: JobService) -> None:
    """Mint does not know of queued jobs, but "Leaves" counts them; it does know of the others."""
    request = GenerationRequest(Kind.MODEL, "a lamp")
    job = new_job(request, Delivery(), now=0.0, estimate=248.0, optimize_estimate=5.0)
    sent = new_job(request, Delivery(), now=0.0, estimate=100.0)
    job_service.cache.add(job, replace(sent, phase=Phase.PLACED))
    heartbeat.redraw()
    assert balance_watch.left_after(1000.0, 100.0) == 1000 - 100 - 248 - 5
    job_service.cancel(job.id)
    heartbeat.redraw()
    assert balance_watch.left_after(1000.0, 100.0) == 900


def test_few_jobs_have_only_cards(job_service: JobService) -> None:
    """There is a card for each, and nothing else; finished jobs share a box."""
    for phase in (Phase.WAITING, Phase.PLACED, Phase.FAILED):
        add(job_service, phase, 3)
    counts = drawn(job_service)
    assert (counts["box"], counts["template_list"]) == (7, 0)
    assert groups(job_service) == [Group.QUEUED, Group.READY_OR_FAILED, Group.FINISHED]


def test_changed_jobs_of_an_asset_are_drawn(job_service: JobService) -> None:
    """A new job is in the next drawing, a dismissed one is not."""
    add(job_service, Phase.PLACED, 2)
    assert drawn(job_service)[CARD] == 2
    bpy.ops.mint.dismiss(job_id=job_service.jobs()[0].id)
    assert drawn(job_service)[CARD] == 1


@pytest.fixture
def other(job_service: JobService) -> Iterator[Journal]:
    """Open the journal as another process does."""
    journal = Journal(job_service.home)
    yield journal
    journal.close()


def test_a_refused_click_shows_why(job_service: JobService, other: Journal) -> None:
    """Another process has changed the job: the list then shows it as it is."""
    add(job_service, Phase.REVIEW, 1)
    assert groups(job_service) == [Group.NEEDS_USER]
    other.save(replace(job_service.jobs()[0], phase=Phase.PLACED))
    with pytest.raises(RuntimeError, match="is not possible now"):
        bpy.ops.mint.approve(job_id=job_service.jobs()[0].id)
    assert groups(job_service) == [Group.FINISHED]


def test_an_exception_in_a_beat_hides_no_other_event(
    job_service: JobService, other: Journal
) -> None:
    """The other events of the same beat are shown all the same."""
    add(job_service, Phase.REVIEW, 1)
    assert groups(job_service) == [Group.NEEDS_USER]
    other.save(replace(job_service.jobs()[0], phase=Phase.PLACED))

    def stumble(job_service: JobService) -> bool:
        raise ValueError("a mistake of ours")

    heartbeat.on_beat(stumble)
    with pytest.raises(ValueError, match="a mistake of ours"):
        heartbeat.beat()
    assert groups(job_service) == [Group.FINISHED]


def groups(job_service: JobService) -> list[Group]:
    """Return the groups that the panel and the status bar use."""
    return [part.group for part in job_list_groups.grouped().groups]


def test_a_job_of_another_account_offers_no_action_at_mint(job_service: JobService) -> None:
    """It can be placed, but not approved, resumed, retried or canceled."""
    journal = Journal(job_service.home)
    other = Owner("https://api.mint.gg", "user:leo")
    phases = (Phase.REVIEW, Phase.PAUSED, Phase.READY)
    request = GenerationRequest(Kind.MODEL, "a lamp")
    journal.add(
        *(
            replace(new_job(request, Delivery(), now=time.time()), phase=phase, owner=other)
            for phase in phases
        )
    )
    journal.close()
    job_service.catch_up()
    counts = drawn(job_service)
    assert counts["Belongs to another account"] == counts[CARD] == 3
    assert counts["mint.place"] == 1
    assert not any(
        counts[f"mint.{verb}"]
        for verb in ("approve", "revise", "resume", "retry", "cancel", "open_in_mint")
    )


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
