# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what the engine does with each job into the trace, and reports its own mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from mint_blender.jobs.engine.scheduler import Scheduler
from mint_blender.jobs.engine.task import Task
from mint_blender.jobs.job import Job

if TYPE_CHECKING:
    from .world import World


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
