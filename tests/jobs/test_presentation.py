# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads about jobs: words, groups, and expected durations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mint_blender.cli.reports import stop_text
from mint_blender.cli.terminal import Terminal
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import (
    UNANSWERED,
    Cause,
    Decision,
    Delivery,
    Hold,
    LocalFile,
    Problem,
    Role,
)
from mint_blender.jobs.new_jobs import new_fetch
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_groups import (
    MOST_FOLLOWED,
    Group,
    Row,
    group_jobs,
    group_of,
    keep,
    merge_versions,
)
from mint_blender.jobs.presentation.job_view import MOST, JobView, cached_by_identity
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import job_cache
from mint_blender.mint.schema import Asset, Format, Kind, Mode, OptimizationLevel

from .workflow_harness import a_job, decided, operation, sent, with_operation, working


def jobs_in(phase: Phase, count: int) -> list[Job]:
    """Return this many jobs in a phase, newest first."""
    return [replace(a_job(f"{phase} {number}"), phase=phase) for number in range(count)][::-1]


def rows_of(jobs: list[Job]) -> tuple[Row, ...]:
    """Return the rows of these jobs when none is active here."""
    return group_jobs(jobs, lambda job_id: False).rows


def titles(rows: tuple[Row, ...]) -> list[str]:
    """Return the title of the first job of each row."""
    return [row.jobs[0].title for row in rows]


def test_every_phase_has_its_group() -> None:
    """Jobs are grouped by waiting for a decision, active, queued and ended.

    A job with an unanswered decision does not count as waiting.
    """
    groups: dict[Group, set[Phase]] = {}
    for phase in Phase:
        groups.setdefault(group_of(jobs_in(phase, 1)[0]), set()).add(phase)
    assert groups == {
        Group.NEEDS_USER: {Phase.REVIEW, Phase.BILLING, Phase.PAUSED},
        Group.RUNNING: {Phase.SENDING, Phase.WORKING, Phase.FETCHING},
        Group.QUEUED: {Phase.WAITING},
        Group.READY_OR_FAILED: {Phase.READY, Phase.FAILED},
        Group.FINISHED: {Phase.PLACED, Phase.CANCELED},
    }
    assert group_of(decided(jobs_in(Phase.REVIEW, 1)[0], Verb.APPROVE)) is Group.RUNNING


def test_rows_are_in_the_order_of_their_start() -> None:
    """What a job needs from the user does not matter: so no row moves when that changes."""
    phases = [Phase.PLACED, Phase.REVIEW, Phase.WAITING, Phase.FAILED, Phase.WORKING]
    jobs = [
        replace(a_job(str(number)), phase=phase, created_at=float(number))
        for number, phase in enumerate(phases)
    ]
    assert titles(rows_of(jobs[::-1])) == ["0", "1", "2", "3", "4"]
    assert titles(rows_of(jobs)) == ["0", "1", "2", "3", "4"]


def test_active_jobs_are_counted() -> None:
    """Queued jobs are not included."""
    jobs = [*jobs_in(Phase.WAITING, 5), *jobs_in(Phase.WORKING, 2), *jobs_in(Phase.PLACED, 2)]
    found = group_jobs(jobs, {job.id for job in jobs[:7]}.__contains__)
    assert (found.active, found.in_flight) == (7, 2)


def batch_of(*phases: Phase, key: str = "one") -> list[Job]:
    """Return jobs that were started together, newest first."""
    jobs = [replace(a_job(f"line {number}"), phase=phase) for number, phase in enumerate(phases)]
    return [
        replace(job, created_at=float(number), delivery=Delivery(group=key))
        for number, job in enumerate(jobs)
    ][::-1]


def test_jobs_that_were_started_together_are_one() -> None:
    """The row of a batch counts its jobs."""
    jobs = batch_of(*[Phase.WAITING] * 3, Phase.WORKING, Phase.PLACED, Phase.FAILED, Phase.READY)
    (batch,) = rows_of(jobs)
    assert batch.is_batch
    assert (len(batch.jobs), batch.ended, batch.finished) == (7, 3, 2)
    assert (batch.phases[Phase.READY], batch.phases[Phase.FAILED]) == (1, 1)
    assert (batch.counts[Group.RUNNING], batch.counts[Group.QUEUED]) == (1, 3)
    assert [job.title for job in batch.jobs][:2] == ["line 0", "line 1"]


def test_a_job_of_a_batch_that_needs_the_user_stays_in_it() -> None:
    """The batch counts it, and other jobs stay by themselves, also a single one of a batch."""
    alone = jobs_in(Phase.WORKING, 1)
    batch, other = rows_of([*alone, *batch_of(Phase.REVIEW, Phase.WORKING, Phase.WORKING)])
    assert (len(batch.jobs), batch.counts[Group.NEEDS_USER]) == (3, 1)
    assert other.jobs == tuple(alone)
    (first,) = rows_of(batch_of(Phase.WORKING))
    assert (first.is_batch, first.key) == (False, batch.key), "it keeps its place as others come"


def test_lines_of_one_batch_folder_are_one() -> None:
    """Batches of the command line are known by their folder."""
    lines = ("/out#1", "/out#2", "/other#1", "/other#2", None)
    jobs = [replace(a_job(str(line)), delivery=Delivery(line=line)) for line in lines]
    rows = rows_of(jobs)
    batches = {row.key: len(row.jobs) for row in rows if row.is_batch}
    assert (batches, len(rows)) == ({"/out": 2, "/other": 2}, 3)


def test_the_active_jobs_of_a_batch_are_followed() -> None:
    """The status bar names one of them: those in flight come before the queue."""
    jobs = batch_of(*[Phase.WAITING] * 40, Phase.WORKING)
    followed = group_jobs(jobs, lambda job_id: True).followed
    assert followed[0].phase is Phase.WORKING
    assert len(followed) == MOST_FOLLOWED


def version(phase: Phase, *, optimize: bool = False, **more: object) -> Job:
    """Return a job about one model: that which made it, or one that optimizes it."""
    made = Asset.from_json(Kind.MODEL, {"id": "model_1"})
    job = replace(a_job("lamp"), phase=phase, asset=made)
    if optimize:
        job = replace(job, source_asset_id="model_1", optimize=OptimizationLevel.LIGHT)
    return replace(job, id=f"job{next(_numbers)}", **more)  # type: ignore[arg-type]


_numbers = itertools.count()


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.FETCHING, Phase.READY, Phase.PLACED])
def test_an_optimized_version_is_in_the_same_row(phase: Phase) -> None:
    """The job that optimizes is shown from the click on, instead of the one it replaces."""
    original = version(Phase.PLACED, created_at=1.0)
    optimization = version(phase, optimize=True, created_at=2.0)
    groups = group_jobs([optimization, original], lambda job_id: False)
    assert groups.rows == (Row(original.id, (optimization,)),)
    assert groups.versions == {optimization.id: (original,)}


def test_a_canceled_optimization_shows_the_original() -> None:
    """A failed one has a row of its own: it says why, and what it is about is still there."""
    original = version(Phase.PLACED)
    canceled = version(Phase.CANCELED, optimize=True)
    assert merge_versions([canceled, original]) == ([original], {original.id: (canceled,)})
    failed = version(Phase.FAILED, optimize=True)
    assert merge_versions([failed, original]) == ([failed, original], {})
    assert merge_versions([canceled]) == ([canceled], {})


def test_the_newest_optimization_is_shown() -> None:
    """What was imported again after it has a row of its own, and so has what still runs."""
    original, first = version(Phase.PLACED), version(Phase.PLACED, optimize=True)
    again, second = version(Phase.PLACED), version(Phase.WAITING, optimize=True)
    visible, versions = merge_versions([second, first, original])
    assert (visible, versions) == ([second], {second.id: (first, original)})
    assert merge_versions([again, first, original])[0] == [again, first]
    running = version(Phase.FETCHING)
    assert merge_versions([first, running])[0] == [first, running]
    saved = version(Phase.PLACED, delivery=Delivery(output="lamp.glb"))
    assert merge_versions([first, saved])[0] == [first, saved]
    assert merge_versions([original, saved])[0] == [original, saved]


# -- all at once


def commits(job_service: JobService, act: Callable[[], None]) -> int:
    """Return how often the journal is committed during a call."""
    said: list[str] = []
    job_service.journal._db.connection.set_trace_callback(said.append)
    act()
    job_service.journal._db.connection.set_trace_callback(None)
    return said.count("COMMIT")


def test_what_no_process_has_begun_is_canceled_at_once(offline: JobService) -> None:
    """Jobs of another batch stay in the queue."""
    mine, theirs = (offline.cache.add(*jobs_in(Phase.WAITING, 3)) for _ in range(2))
    assert commits(offline, lambda: offline.cancel_waiting([job.id for job in mine])) == 1
    assert {offline.job(job.id).phase for job in mine} == {Phase.CANCELED}
    assert {offline.job(job.id).phase for job in theirs} == {Phase.WAITING}


def test_failed_jobs_are_dismissed_on_demand(offline: JobService) -> None:
    """What runs, waits for the user or can still be placed stays, as does a retry."""
    jobs = {phase: jobs_in(phase, 1)[0] for phase in Phase}
    again = jobs_in(Phase.FAILED, 2)[0]
    offline.cache.add(*jobs.values(), again)
    offline.retry(again.id)
    over = {Phase.PLACED, Phase.CANCELED, Phase.FAILED}
    assert offline.finished(failed=True) == {jobs[phase].id: phase for phase in over}
    offline.dismiss_finished(failed=True)
    left = {job.id for job in offline.jobs()}
    assert left == {again.id, *(jobs[phase].id for phase in set(Phase) - over)}


def test_previews_that_wait_are_listed() -> None:
    """Those with a decision that is being sent, or of another account, do not wait for the user."""
    first, second, third = jobs_in(Phase.REVIEW, 3)
    jobs = [
        first,
        replace(second, decision=Decision(Verb.APPROVE, "key")),
        replace(third, hold=Hold.UNKNOWN),
        *jobs_in(Phase.PAUSED, 2),
    ]
    assert group_jobs(jobs, lambda job_id: False).previews == (first,)


# -- rows keep their places


def row(key: str, started: float) -> Row:
    """Return a row."""
    return Row(key, (replace(a_job(key), id=key, created_at=started),))


def test_rows_keep_their_places() -> None:
    """A new row comes last whatever its clock says, and a dismissed one goes."""
    one, two, three = row("one", 1.0), row("two", 2.0), row("three", 3.0)
    older, late = row("older", 0.5), row("late", 1.5)
    assert keep([one, late, two], [one, two]) == (one, two, late)
    assert keep([one, three], [three, two, one]) == (three, one)
    assert keep([one, two], []) == (one, two)
    assert keep([older, one, two], [one, two])[0] == older, "the user has asked for it"


# -- the words for the state of a job


def test_only_what_was_sent_is_offered_to_be_sent_once_more() -> None:
    """In a copy of a journal, the original may have sent what was never sent from here."""
    unanswered = Problem(Cause.UNREACHABLE, "Mint may have started this.", UNANSWERED)
    job = replace(a_job(), phase=Phase.PAUSED, problem=unanswered)
    terminal = Terminal("mint-blender", as_json=False)
    for seen, is_offered in (
        (job, False),
        (sent(job, 100.0, is_looked_for=True), True),
        (sent(a_job(), 100.0), False),
    ):
        assert JobView(seen).may_be_sent_once_more is is_offered
        assert ("--once-more" in stop_text(seen, terminal)) is is_offered


def fetching(status: str) -> Job:
    """Return a job that fetches an asset, which another computer makes."""
    made = Asset.from_json(Kind.MODEL, {"id": "model_1", "status": status})
    return replace(new_fetch(made, Delivery(), now=1.0), phase=Phase.FETCHING)


REFUSED = Problem(Cause.REFUSED, "Too many active generations.")
PICTURES = a_job(images=("a.png", "https://a.example/b.png"))
COPY = replace(a_job(), source_asset_id="model_1")
SLOT: dict[str, Any] = {"is_slot_free": True}
SAVED = (Delivery(output="lamp.glb"), Delivery(render="lamp.png"))
WORDS: list[tuple[Job, dict[str, Any], str]] = [
    (a_job(), {}, "Waiting for a free slot"),
    (a_job(), SLOT, "Starting"),
    (replace(a_job(), problem=REFUSED), SLOT, "Waiting for a free slot"),
    (a_job(), {"is_held_back": True}, "Queued earlier, not sent"),
    (PICTURES, {}, "Uploading pictures"),
    (replace(PICTURES, image_urls=("https://mint.example/a",)), {}, "Waiting for a free slot"),
    # nothing is generated for these
    (COPY, {}, "Starting"),
    (replace(COPY, convert=(Format.OBJ,)), {}, "Starting"),
    (fetching("preview_ready"), {}, "Waiting for approval elsewhere"),
    (fetching("billing_required"), {}, "Waiting for Credits elsewhere"),
    (fetching("running"), {}, "Generating"),
    (replace(a_job(), phase=Phase.PLACED), {}, "In scene"),
    *(
        (with_operation(working(), operation(status)), {}, word)
        for status, word in (("queued", "Queued"), ("enchanting", 'Working at Mint ("enchanting")'))
    ),
    *((replace(a_job(), phase=Phase.PLACED, delivery=each), {}, "Saved") for each in SAVED),
]


@pytest.mark.parametrize(("job", "circumstances", "word"), WORDS)
def test_the_state_of_a_job(job: Job, circumstances: dict[str, Any], word: str) -> None:
    """What it waits for, and where its result is."""
    assert JobView(job, **circumstances).state == word


def test_the_slots_of_each_kind_are_counted(offline: JobService) -> None:
    """Models and Worlds have slots of their own; queued jobs and Previews take none."""
    for phase in (Phase.WORKING, Phase.SENDING, Phase.WAITING, Phase.REVIEW):
        offline.cache.add(*(replace(a_job(), phase=phase) for _ in range(5)))
    assert offline.cache.slots_taken == {Kind.MODEL: 10}
    job = next(job for job in offline.jobs() if job.phase is Phase.WORKING)
    offline.cache.save(job.moved(Phase.REVIEW))
    assert offline.cache.slots_taken == {Kind.MODEL: 9}


# -- expected durations: from this machine's jobs, before them typical ones


@pytest.mark.parametrize(
    ("kind", "least", "most"), [(Kind.WORLD, 240, 360), (Kind.MODEL, 200, 280)]
)
def test_typical_durations_are_used_first(kind: Kind, least: float, most: float) -> None:
    """A World takes 4 to 6 minutes, a model about 4. Then measured durations replace them.

    After the expected time nothing is promised.
    """
    job, history = working(kind=kind), [(Phase.WORKING, 100.0)]
    outlook = job_cache.outlook(job, history, {}, now=160.0)
    assert outlook.usual is not None and least <= outlook.usual <= most
    assert (outlook.elapsed, outlook.remaining) == (60.0, outlook.usual - 60.0)
    exceeded = job_cache.outlook(job, history, {}, now=3700.0)
    assert (exceeded.remaining, exceeded.fraction) == (None, 0.97)
    measured = {job_cache.stage_of(job): 30.0}
    assert job_cache.outlook(job, history, measured, now=160.0).usual == 30.0


def test_a_preview_has_no_estimate() -> None:
    """After the approval there is an estimate for the result."""
    job = working(Mode.REVIEW, kind=Kind.WORLD)
    assert job_cache.outlook(job, [], {}, now=job.created_at).usual is None
    approved = replace(
        job, files=(LocalFile(Role.PREVIEW, "preview-0.webp", "https://files.example/p.webp"),)
    )
    usual = job_cache.outlook(approved, [], {}, now=job.created_at).usual
    assert usual == job_cache.FIRST_GUESS["world"]


# -- results are cached by the identity of an object that never changes


def test_a_result_is_computed_once_for_each_object() -> None:
    """Other arguments are another result, and none is kept for an object that is gone."""
    computed = []

    @cached_by_identity
    def first(numbers: list[int], language: str) -> int:
        computed.append(language)
        return numbers[0]

    numbers = [7]
    assert [first(numbers, language) for language in ("de", "de", "ja")] == [7, 7, 7]
    assert computed == ["de", "ja"]
    assert [first([number], "de") for number in range(3 * MOST)] == list(range(3 * MOST))
