# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a job from start to finish: a generator that yields effects and is sent their results.

It uses no thread, socket or disk.

Every yield is a `Step`: the job as it is now, which is committed before the effect is performed. So
a workflow can be stopped anywhere (by a kill, a click, a restart) and run again from what the
journal knows: each part checks first whether it was done already. A call that finally failed comes
back as an exception at the yield. A workflow ends when it needs a user or is done.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...files.errors import FileError
from ...message import Message, sentences
from ...mint import errors
from ..job import Job
from ..paid_requests.record import State
from ..phases import Phase
from ..presentation import error_messages
from .collect import Collector
from .context import Steps, WorkflowConfig, WorkflowContext
from .decisions import DecisionHandler
from .effects import Step
from .poll_operation import Watcher
from .start import Starter

Workflow = Generator[Step, Any, Job]


def run_workflow(job: Job, config: WorkflowConfig) -> Workflow:
    """Run a job from where it is until it waits for a user or is over; return it as it then is."""
    context = WorkflowContext(job, config)
    try:
        yield from _run_phases(context)
    except (errors.MintError, FileError) as error:
        _stop(context, error)
    return context.job


def _run_phases(context: WorkflowContext) -> Steps:
    """Run every phase that the job reaches, beginning with the one it is in."""
    if context.job.decision is not None:
        yield from DecisionHandler(context).apply(context.job.decision)
    elif context.job.phase is Phase.PAUSED:
        _resume(context)
    starter, watcher = Starter(context), Watcher(context)
    if context.job.source_asset_id is not None and context.job.phase is Phase.WAITING:
        yield from starter.check_existing_files()
    if context.job.phase in {Phase.WAITING, Phase.SENDING}:
        yield from starter.start()
    if context.job.phase is Phase.REVIEW:
        yield from watcher.fetch_preview()
    while context.is_working:  # again if the Preview was decided elsewhere
        yield from watcher.watch()
        if context.job.phase is Phase.REVIEW:
            yield from watcher.fetch_preview()
    if context.job.phase is Phase.FETCHING:
        yield from Collector(context).collect()


def _resume(context: WorkflowContext) -> None:
    """Leave the pause. The operation is polled first, so nothing is done twice."""
    job, request = context.job, context.job.start_request
    if job.operation is not None:
        phase = Phase.WORKING
    elif job.source_asset_id is not None and (request is None or request.is_answered):
        phase = Phase.FETCHING
    else:
        phase = Phase.SENDING if request and request.may_be_started else Phase.WAITING
    context.job = replace(job.moved(phase, problem=None), candidates=())


def _stop(context: WorkflowContext, error: errors.MintError | FileError) -> None:
    """Stop the job after a call that finally failed.

    Only what was never sent, or what Mint refused to start, has failed. Anything else may have
    been paid for: it is paused and can be resumed.
    """
    job, request = context.job, context.job.start_request
    is_start = job.phase in {Phase.WAITING, Phase.SENDING} and job.operation is None
    is_refused = request is not None and request.state in {State.REFUSED, State.OVER}
    is_unsent = request is None or request.state is State.CLEAN
    has_failed = is_start and (is_refused or (is_unsent and isinstance(error, FileError)))
    problem = error_messages.problem_of(error)
    if is_start and is_refused:
        said = sentences(problem.message, Message("Nothing was started or charged."))
        problem = replace(problem, message=said)
    context.job = job.moved(
        Phase.FAILED if has_failed else Phase.PAUSED,
        problem=problem,
        decision=None if has_failed else job.decision,
    )
