# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts about a job, and its possible actions, for the window and the command line."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar, cast

from ...message import Message
from ...mint.schema import Operation, Status
from ..budget import spending
from ..job import Job, is_being_made, is_looking, is_unanswered
from ..job_values import Hold
from ..phases import VERBS, Phase, Verb, may_decide

BUY_CREDITS = "https://platform.mint.gg/billing"

UNREADABLE = Message(
    "This job cannot be read: it is damaged, or from a newer version. Update the add-on."
    " Its record is kept."
)

_STATE = {
    Phase.WAITING: Message("Waiting for a free slot"),
    Phase.SENDING: Message("Sent"),
    Phase.WORKING: Message("Generating"),
    Phase.REVIEW: Message("Preview ready"),
    Phase.BILLING: Message("Needs Credits"),
    Phase.FETCHING: Message("Downloading"),
    Phase.READY: Message("Ready"),
    Phase.PLACED: Message("In scene"),
    Phase.CANCELED: Message("Canceled"),
}


_UPLOADING = Message("Uploading pictures")
_STARTING = Message("Starting")
_HELD_BACK = Message("Queued earlier, not sent")


def state(job: Job, *, is_slot_free: bool = False, is_held_back: bool = False) -> str:
    """Return the state of a job in a few words.

    `is_slot_free` tells whether Mint would take another job of its kind now, as far as is known,
    and `is_held_back` that an earlier session has not sent it.
    """
    if job.hold is Hold.FOREIGN:
        return Message("Belongs to another account")
    if job.decision is not None:
        return _pending(job)
    if job.phase is Phase.WORKING and job.operation is not None:
        return _working(job, job.operation)
    if job.phase in {Phase.PAUSED, Phase.FAILED}:
        return _stopped(job)
    if job.phase is Phase.WAITING:
        return _HELD_BACK if is_held_back else _waiting(job, is_slot_free=is_slot_free)
    if job.phase is Phase.PLACED and _is_saved(job):
        return Message("Saved")
    if job.phase is Phase.FETCHING:
        return _fetching(job)
    partly = job.operation is not None and job.operation.status is Status.PARTIALLY_SUCCEEDED
    if partly and job.phase in {Phase.READY, Phase.PLACED}:
        return Message("Partly done")
    return _STATE[job.phase]


def _stopped(job: Job) -> str:
    if job.phase is Phase.PAUSED:
        if job.problem is None:
            return Message("Paused")
        return Message("Paused: {reason}", reason=job.problem.message)
    if job.problem is None:
        return Message("Failed")
    return Message("Failed: {reason}", reason=job.problem.message)


def _fetching(job: Job) -> str:
    if job.optimization is not None and job.optimization.is_busy:
        return Message("Optimizing")
    return _made_elsewhere(job) if is_being_made(job) else _STATE[Phase.FETCHING]


def _is_saved(job: Job) -> bool:
    """Return whether the result goes into files instead of a scene."""
    return bool(job.convert or job.delivery.output or job.delivery.render)


def verbs(job: Job) -> tuple[Verb, ...]:
    """Return what the user may decide about a job now."""
    if job.hold is not None:
        return ()
    pending = job.decision.verb if job.decision else None
    # also with an unanswered decision, which is sent again
    resumed = Verb.RESUME if job.phase is Phase.PAUSED else None
    possible = (
        verb
        for verb in VERBS.get(job.phase, ())
        if verb is resumed or may_decide(verb, job.phase, pending)
    )
    return tuple(
        verb
        for verb in possible
        if job.phase is not Phase.PAUSED or verb is not Verb.RETRY or is_unanswered(job)
    )


def duration(seconds: float) -> str:
    """Return a length of time as text, in seconds or minutes."""
    if seconds < 60:
        return Message("{seconds:.0f} s", seconds=seconds)
    return Message("{minutes} min", minutes=round(seconds / 60))


def cost(job: Job) -> str:
    """Return what a job costs, or an empty text if that is not known.

    The text tells spent Credits from reserved and expected ones.
    """
    if job.phase in {Phase.WAITING, Phase.SENDING} and job.estimate:
        return _about(spending.committed(job))  # a retry is another attempt, not paid yet
    if job.cost:
        is_reserved = any(
            each.credits is not None and not each.credits.is_final for each in job.operations
        )
        return (
            Message("{credits:,.0f} Credits reserved", credits=job.cost)
            if is_reserved
            else Message("{credits:,.0f} Credits", credits=job.cost)
        )
    if job.phase in {Phase.CANCELED, Phase.FAILED}:
        return Message("No Credits charged") if _has_cost_nothing(job) else ""
    return _about(spending.committed(job)) if job.estimate else ""


def _has_cost_nothing(job: Job) -> bool:
    """Return whether Mint has reported for every operation of the job that it cost nothing."""
    reported = [each.credits for each in job.operations]
    return bool(reported) and all(
        credits is not None and credits.finalized == 0 and not credits.reserved
        for credits in reported
    )


def report(job: Job) -> str:
    """Return a few lines about a job for support. They contain no API key and no prompt."""
    operation, problem = job.operation, job.problem
    lines = [
        f"job: {job.id} ({job.kind}, {job.request.preset}, {job.request.mode}), phase {job.phase}",
        (
            f"operation: {operation.id if operation else 'none'}, status"
            f" {operation.status_word if operation else 'none'}"
        ),
    ]
    if problem is not None:
        lines += [
            (
                f"problem: {problem.cause}, code {problem.code or 'none'}, request id"
                f" {problem.request_id or 'none'}"
            ),
            problem.message,
        ]
    return "\n".join([*lines, *job.notes])


def _about(expected: float) -> str:
    return Message("About {credits:,.0f} Credits", credits=expected) if expected else ""


def _pending(job: Job) -> str:
    if job.problem is not None and is_looking(job):
        return job.problem.message
    verb = job.decision.verb if job.decision else Verb.CANCEL
    return {
        Verb.APPROVE: Message("Approving"),
        Verb.REVISE: Message("Revising"),
        Verb.RESUME: Message("Resuming"),
        Verb.RETRY: Message("Retrying"),
        Verb.CANCEL: Message("Canceling"),
    }[verb]


def _waiting(job: Job, *, is_slot_free: bool) -> str:
    """Return what a job that was not sent yet waits for."""
    sources = job.request.images[len(job.image_urls) :]
    if any(not each.startswith("https://") for each in sources):
        return _UPLOADING
    needs_slot = not job.convert and job.source_asset_id is None
    # a problem: Mint has just refused it, because too many are active
    has_to_wait = job.problem is not None or not is_slot_free
    return _STATE[Phase.WAITING] if needs_slot and has_to_wait else _STARTING


def _made_elsewhere(job: Job) -> str:
    """Return the state of an asset that another job or program is generating."""
    status = Status(job.asset.status) if job.asset and job.asset.status else None
    if status is Status.PREVIEW_READY:
        return Message("Waiting for approval elsewhere")
    if status is Status.BILLING_REQUIRED:
        return Message("Waiting for Credits elsewhere")
    return _STATE[Phase.WORKING]


def _working(job: Job, operation: Operation) -> str:
    if operation.status is Status.QUEUED:
        return Message("Queued")
    if operation.status is Status.UNKNOWN:
        return Message('Working at Mint ("{status}")', status=operation.status_word)
    if job.convert:
        return Message("Converting")
    if job.previews and len(job.previews) <= job.revision:
        return Message("Revising")
    return Message("Finishing") if job.previews else Message("Generating")


MOST = 512
"""Most results that each function keeps: more than are ever drawn at a time."""

Function = TypeVar("Function", bound=Callable[..., Any])


def cached_by_identity(function: Function) -> Function:
    """Cache the results of a function by the identity of its first argument.

    The other arguments need a hash. The function may depend on nothing but its arguments.
    """
    known: dict[tuple[Hashable, ...], tuple[Any, Any]] = {}

    @wraps(function)
    def find(value: Any, *others: Hashable) -> Any:
        key = (id(value), *others)
        found = known.get(key)
        if found is None:
            if len(known) >= MOST:
                known.clear()
            found = known[key] = (value, function(value, *others))
        return found[1]

    return cast(Function, find)
