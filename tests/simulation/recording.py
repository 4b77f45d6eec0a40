# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of a world: the trace for people, and the events for the recorder.

The recorder has to know Mint's own books, and whose journal is in use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from mint_blender.jobs.engine.scheduler import Scheduler
from mint_blender.jobs.engine.task import Task
from mint_blender.jobs.job import Job

from ..specification import trace
from ..specification.events import Begun, Inserted, Restored
from ..specification.recorder import Recorder
from .mint_service import AT_MINT

if TYPE_CHECKING:
    from .world import World


def _is_line(row: Inserted) -> bool:
    return row.subject.startswith("line:")


def _first(journal: str, restored: dict[str, str]) -> str:
    """Return the first journal of a machine; others have taken its place."""
    seen = set[str]()
    while journal in restored and journal not in seen:
        seen.add(journal)
        journal = restored[journal]
    return journal


def recorder_of(world: World) -> Recorder:
    """Return the recorder of a world."""

    def journal() -> str:
        service = world.current.service if world.current is not None else None
        return service.journal.paid_requests.identity if service is not None else ""

    def asset(operation: str) -> str:
        made = world.mint.operations.all[operation]
        if made.resource is None or made.motion is not None:  # no list shows motions
            return ""
        return made.resource.id

    return Recorder(lambda: world.clock.true, journal, asset)


def record(world: World, made: list[str], paid: int) -> None:
    """Record what Mint has made, and what else was paid for since: a Preview, a final stage."""
    operations = world.mint.operations
    for id in made:
        world.recorder.made(operations.all[id].key, id)
    for charge in operations.ledger[paid:]:
        if charge.key not in {charge.operation.key, AT_MINT}:
            world.recorder.made(charge.key, charge.operation.id)


def check(world: World) -> None:
    """Raise Violation if the record was not changed as its specification allows."""
    from .world import Violation

    history = world.recorder.history()
    lines = {each.key for each in history if isinstance(each, Inserted) and _is_line(each)}
    for found in trace.check(history):
        event = history[found.index]
        raise Violation(f"the rule {found.rule!r}: {found.what} ({event})", found.key[-4:])
    sent = [each for each in history if isinstance(each, Begun) and each.key in lines]
    restored = {each.journal: each.replaced for each in history if isinstance(each, Restored)}
    machines = {each.key: _first(each.journal, restored) for each in reversed(sent)}
    for each in sent:
        if _first(each.journal, restored) != machines[each.key]:
            raise Violation(f"the rule 'file': two machines have sent {each}", each.key[-4:])


@contextmanager
def observed(world: World) -> Iterator[None]:
    """Observe every commit of a workflow, and every exception that nobody expected."""
    commit, fail = Scheduler._commit, Scheduler._fail

    def note_commit(self: Scheduler, task: Task, job: Job) -> None:
        before = task.job
        commit(self, task, job)
        world.books.note(world, job)
        if _summary(before) != _summary(job):
            world.note(f"job {job.id} {_summary(job)}")

    def note_failure(self: Scheduler, task: Task, error: Exception) -> None:
        world.fail(f"the workflow of job {task.job.id} failed: {error!r}", error)
        fail(self, task, error)

    with ExitStack() as stack:
        stack.enter_context(patch.object(Scheduler, "_commit", note_commit))
        stack.enter_context(patch.object(Scheduler, "_fail", note_failure))
        yield


def _summary(job: Job) -> str:
    """Return what a reader of the trace needs to know of a job."""
    request = job.start_request
    operation = f"{job.operation.id} {job.operation.status_word}" if job.operation else "-"
    decision = f" decision {job.decision.verb} {job.decision.key[-4:]}" if job.decision else ""
    asset = f" asset {job.source_asset_id}" if job.source_asset_id else ""
    problem = f" problem {job.problem.cause} {job.problem.code}" if job.problem else ""
    return (
        f"{job.phase} ({job.request.prompt}) key {request.key[-4:] if request else '-'} operation {operation}"
        f"{decision}{asset}{problem}"
    )
