# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an operator's action on the job service, and report what is not possible in a sentence.

With a window an operator returns at once and the heartbeat follows. In background mode no timer
runs, so it waits until the job stops, and raises RuntimeError (as Blender does for an
operator that reports an error) when that did not go well.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import bpy

from ..addon_settings import may_go_online
from ..jobs.phases import Phase
from ..message import Message, UserError, lines
from . import heartbeat, notifications, session
from .operator_bases import MintOperator
from .pricing import limit_dialog
from .translations import translated

if TYPE_CHECKING:
    from ..jobs.job import Job
    from ..jobs.service import JobService, TooExpensive

Result = Any  # a set of words, which the stubs want spelled as literals

REPEATED = Message(
    "Nothing was started: repeating this could cost Credits again. Click its button instead."
)

Action = Callable[["JobService"], str | None]
"""What an operator does with the job service; may return the id of a job to wait for.

It must not refer to the operator: above a limit it runs later, and Blender frees the operator
before that. It starts one thing only, as it may run twice.
"""


def run_action(
    operator: bpy.types.Operator | None,
    action: Action,
    on_done: Callable[[], object] = lambda: None,
) -> Result:
    """Run an action, then call `on_done`; report what is not possible in a sentence.

    Above a limit of the preferences the action runs again once the user has confirmed that.
    Blender's Repeat Last and Repeat History run nothing: they show neither price nor question.
    """
    from ..jobs.service import TooExpensive
    from .viewport import arrival

    arrival.note_click(bpy.context)
    options = operator.options if operator is not None else None
    if options is not None and (options.is_repeat or options.is_repeat_last):
        return report_error(operator, REPEATED)
    if not may_go_online():
        return report_error(operator, session.OFFLINE)
    try:
        service = session.service()
        job_id = action(service)
        if bpy.app.background and job_id is not None:
            wait_for_job(service, job_id)
    except TooExpensive as error:
        return _ask_above_limit(operator, error, action, on_done)
    except UserError as error:
        return report_error(operator, str(error))
    on_done()
    heartbeat.ensure()
    heartbeat.redraw()
    return {"FINISHED"}


def _ask_above_limit(
    operator: bpy.types.Operator | None,
    error: "TooExpensive",
    action: Action,
    on_done: Callable[[], object],
) -> Result:
    """Let the user decide once the price is known; without a window it is refused."""
    if bpy.app.background:
        return report_error(operator, str(error))
    if error.missing_prices:
        from .pricing import price_dialog

        price_dialog.ask_unknown(*error.missing_prices)
        return report_error(
            operator, Message("Mint is being asked for the price. Try again in a moment.")
        )
    limit_dialog.when_confirmed(
        error,
        lambda later: run_action(later, _beyond_limits(action), on_done),
        getattr(operator, "credits", 0.0),
    )
    return {"CANCELLED"}


def _beyond_limits(action: Action) -> Action:
    def confirmed(service: "JobService") -> str | None:
        with service.budget.without_limits():
            return action(service)

    return confirmed


def report_error(operator: bpy.types.Operator | None, sentence: str) -> Result:
    """Report what is not possible; in the status bar if the operator has already ended."""
    heartbeat.redraw()  # what was refused may have changed elsewhere: show it as it is
    if operator is not None:
        operator.report({"ERROR"}, translated(sentence))
    else:
        notifications.notify(translated(Message("Mint: {sentence}", sentence=sentence)), good=False)
    return {"CANCELLED"}


def find_job(job_id: str) -> "Job | None":
    """Return the job that a button was drawn for; None when it is gone."""
    service = session.existing_service()
    with suppress(UserError):
        return service.job(job_id) if service else None
    return None


def attempt(operator: bpy.types.Operator, act: Callable[[], object]) -> Result:
    """Act, and show what has changed; report in a sentence what is not possible.

    Returns what `act` returns if that is the result of an operator.
    """
    try:
        done = act()
    except UserError as error:
        return report_error(operator, str(error))
    if isinstance(done, set):
        return done
    heartbeat.redraw()
    return {"FINISHED"}


class JobOperator(MintOperator):
    """Base of all operators on one job: finds the job, and reports what is not possible."""

    job_id: bpy.props.StringProperty(
        name="Job", description="ID of the job, or the beginning of it", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Act on the job as it is now."""
        from .viewport import arrival

        arrival.note_click(context)
        return attempt(self, lambda: self.find(context, session.service()))

    def find(self, context: bpy.types.Context, service: "JobService") -> Result:
        """Find the job and act on it.

        Raises:
            NotPossible: There is no such job, or it does not allow this now.
        """
        return self.act(context, service, service.job(self.job_id))

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Act on the job.

        Raises:
            NotPossible: The job does not allow this now.
        """
        raise NotImplementedError


class Stopped(UserError):
    """The job ended without a result; the message says why."""


def wait_for_jobs(service: "JobService", job_ids: list[str]) -> None:
    """Wait for many jobs, and place their results in this order.

    One that fails does not stop the others.

    Raises:
        Stopped: Some jobs ended without a result; the message lists them.
    """
    _watch(service, job_ids)
    reasons = []
    for job_id in job_ids:
        try:
            wait_for_job(service, job_id)
        except Stopped as error:
            reasons.append(str(error))
    if reasons:
        headline = Message(
            "{count} of {total} jobs failed:", count=len(reasons), total=len(job_ids)
        )
        raise Stopped(lines(headline, *reasons))


def wait_for_job(service: "JobService", job_id: str) -> None:
    """Block until the job needs a decision or has ended, and place its result.

    Raises:
        Stopped: The job ended without a result or a Preview.
    """
    from .job_list import auto_import

    _watch(service, [job_id])
    job = service.job(job_id)
    if job.phase is Phase.READY:
        service.worker.wait_for_end()
        if error := auto_import.import_result(service, job):
            raise Stopped(error)
    elif job.phase not in {Phase.REVIEW, Phase.PLACED}:
        raise Stopped(
            Message(
                "{title}: {state} (job {id})",
                title=job.title,
                state=service.view(job).state,
                id=job.id,
            )
        )


def _watch(service: "JobService", job_ids: list[str]) -> None:
    from ..jobs.engine.task import StillUnreachable

    try:
        service.watch(job_ids)
    except StillUnreachable as away:
        raise Stopped(str(away)) from away
