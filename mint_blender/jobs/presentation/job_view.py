# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as people and programs see it: `JobView`, which windows, commands and agents read."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass
from functools import cached_property, wraps
from pathlib import PurePath
from typing import Any, TypeVar, cast

from ...message import Message, message_of
from ...mint.schema import Operation, Status
from ..budget import spending
from ..job import Job, is_being_made, is_looking, is_unanswered
from ..job_values import CONVERTED, Hold, Role
from ..notes import OPTIMIZED_CODES
from ..phases import HAS_RESULT, VERBS, Phase, Verb, may_decide
from ..storage import import_marks

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
    Phase.PAUSED: Message("Paused"),
    Phase.FAILED: Message("Failed"),
    Phase.CANCELED: Message("Canceled"),
}
_WITH_REASON = {
    Phase.PAUSED: Message("Paused: {reason}"),
    Phase.FAILED: Message("Failed: {reason}"),
}
_PENDING = {
    Verb.APPROVE: Message("Approving"),
    Verb.REVISE: Message("Revising"),
    Verb.RESUME: Message("Resuming"),
    Verb.RETRY: Message("Retrying"),
    Verb.CANCEL: Message("Canceling"),
}
# enough for a World with a note on each of its three parts, its RAD file and its orientation
_MOST_NOTES = 5


@dataclass(frozen=True)
class JobView:
    """A job with its texts, in English; the interface translates them.

    Attributes:
        job: The job.
        is_slot_free: Whether Mint would take another job of its kind now, as far as is known.
        is_held_back: Whether an earlier session has not sent it.
        made_for: The name of the other file that its result was made for; empty if unknown.
    """

    job: Job
    is_slot_free: bool = False
    is_held_back: bool = False
    made_for: str = ""

    @cached_property
    def title(self) -> str:
        """The title; what follows a model has that of its model, so it names formats or motion."""
        job = self.job
        more = ", ".join(each.value.upper() for each in job.convert)
        more = job.motion.words if job.motion else more
        return (
            Message("{first} {second}", first=job.title, second=f"({more})") if more else job.title
        )

    @cached_property
    def state(self) -> str:
        """The state in a few words, with the reason why it has stopped."""
        job = self.job
        if job.hold is Hold.FOREIGN:
            return Message("Belongs to another account")
        if job.phase in _WITH_REASON and job.decision is None and job.problem is not None:
            return Message(_WITH_REASON[job.phase].template, reason=job.problem.message)
        return self.short_state

    @cached_property
    def short_state(self) -> str:
        """The state without the reason why it has stopped."""
        job = self.job
        if job.hold is Hold.FOREIGN:
            return Message("Other account")
        if job.decision is not None:
            return self.problem if is_looking(job) else _PENDING[job.decision.verb]
        if job.phase is Phase.WORKING and job.operation is not None:
            return _working(job, job.operation)
        if job.phase is Phase.WAITING:
            return self._waiting
        if job.phase is Phase.PLACED and (job.convert or job.delivery.files):
            return Message("Saved")
        if job.phase is Phase.FETCHING:
            return _fetching(job)
        if job.phase is Phase.READY and self.made_for:
            return Message("Ready: made for {file}", file=self.made_for)
        partly = job.operation is not None and job.operation.status is Status.PARTIALLY_SUCCEEDED
        if partly and job.phase in HAS_RESULT:
            return Message("Partly done")
        return _STATE[job.phase]

    @property
    def _waiting(self) -> str:
        """What a job that was not sent yet waits for."""
        job = self.job
        if self.is_held_back:
            return Message("Queued earlier, not sent")
        if job.after is not None:
            return (
                Message("Waiting for the first motion")
                if job.source_asset_id
                else Message("Waiting for the model")
            )
        sources = job.request.images[len(job.image_urls) :]
        if any(not each.startswith("https://") for each in sources):
            return Message("Uploading pictures")
        needs_slot = not (job.convert or job.motion) and job.source_asset_id is None
        # a problem: Mint has just refused it, because too many are active
        has_to_wait = job.problem is not None or not self.is_slot_free
        return _STATE[Phase.WAITING] if needs_slot and has_to_wait else Message("Starting")

    @cached_property
    def verbs(self) -> tuple[Verb, ...]:
        """What the user may decide about it now."""
        job = self.job
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

    @property
    def can_be_canceled(self) -> bool:
        """Whether it can be canceled, and nothing was decided about it."""
        return Verb.CANCEL in self.verbs and self.job.decision is None

    @property
    def may_be_sent_once_more(self) -> bool:
        """Whether Mint, sent the same request once more, may return what it has started."""
        request = self.job.start_request
        return is_unanswered(self.job) and request is not None and request.may_be_sent_once_more

    @cached_property
    def cost(self) -> str:
        """What it costs, or an empty text if that is not known.

        The text tells spent Credits from reserved and expected ones.
        """
        job = self.job
        if job.phase in {Phase.WAITING, Phase.SENDING} and spending.price_of(job):
            return _about(spending.committed(job))  # a retry is another attempt, not paid yet
        if job.cost:
            is_reserved = any(
                operation.credits is not None and not operation.credits.is_final
                for operation in job.operations
            )
            earlier = job.cost_of_earlier_attempts
            words = (
                Message("{credits:,.0f} Credits reserved", credits=job.cost - earlier)
                if is_reserved
                else Message("{credits:,.0f} Credits", credits=job.cost - earlier)
            )
            if not earlier:
                return words
            return Message(
                "{cost}, {earlier:,.0f} for earlier attempts", cost=words, earlier=earlier
            )
        if job.phase in {Phase.CANCELED, Phase.FAILED}:
            return Message("No Credits charged") if _has_cost_nothing(job) else ""
        return _about(spending.committed(job)) if spending.price_of(job) else ""

    @property
    def problem(self) -> str:
        """Why it does not continue; empty without a reason."""
        return self.job.problem.message if self.job.problem else ""

    @cached_property
    def version(self) -> str:
        """How an optimized model differs from the original one, if it does."""
        return next((note for note in self.job.notes if note.code in OPTIMIZED_CODES), "")

    @cached_property
    def notes(self) -> tuple[Message, ...]:
        """The latest notes, oldest first, without `version`."""
        notes = [note for note in self.job.notes if note.code not in OPTIMIZED_CODES]
        return tuple(notes[-_MOST_NOTES:])

    @cached_property
    def picture(self) -> str | None:
        """The path of the final picture, else of the newest Preview."""
        file = self.job.file(Role.PICTURE) or self.job.file(Role.PREVIEW)
        return file.path if file else None

    @cached_property
    def saved(self) -> tuple[str, ...]:
        """The paths of the files that were saved for the user."""
        job = self.job
        if job.phase is not Phase.PLACED:
            return ()
        converted = tuple(kept.path for kept in job.files if kept.role in CONVERTED)
        return converted or job.delivery.files

    @property
    def folder(self) -> str:
        """Where the files of the result were saved; empty if it went into a scene."""
        if not self.saved:
            return ""
        return self.job.delivery.folder or str(PurePath(self.saved[0]).parent)

    @property
    def crash_log(self) -> str:
        """The path of the log that Blender wrote when it crashed while importing the result."""
        return import_marks.crash_log_of(self.job)

    def to_json(self, *, event: str = "job") -> dict[str, Any]:
        """Return what `--json` prints."""
        job = self.job
        return {
            "event": event,
            "job": job.id,
            "kind": job.kind.value,
            "prompt": job.request.prompt,
            "motion": job.motion.words if job.motion else None,
            "name": job.request.name,
            "preset": job.request.preset.value,
            "mode": job.request.mode.value,
            "phase": job.phase.value,
            "state": self.state,
            "api": job.owner.origin if job.owner else None,
            "account": job.owner.account if job.owner else None,
            # null: there is no key, or its owner is unknown
            "mine": {None: True, Hold.FOREIGN: False, Hold.UNKNOWN: None}[job.hold],
            "operation": job.operation.id if job.operation else None,
            "mint_url": job.operation.mint_url if job.operation else None,
            "credits": job.cost,
            # with what is still expected, as in the text
            "expected_credits": spending.committed(job) or None,
            # the newest one is in `files`
            "previews": len(job.previews),
            # what a start without an answer may have made: `resume JOB --use ASSET`
            "candidates": [asdict(candidate) for candidate in job.candidates],
            "files": {file.role.value: file.path for file in job.files},
            # what was written for the user
            "output": job.delivery.output if job.phase is Phase.PLACED else None,
            "render": job.delivery.render if job.phase is Phase.PLACED else None,
            "notes": list(job.notes),
            "note_details": [{"code": note.code, "params": note.params} for note in job.notes],
            "trouble": (
                {
                    "cause": job.problem.cause.value,
                    "code": job.problem.code,
                    "message": job.problem.message,
                    "params": message_of(job.problem.message).params,
                }
                if job.problem
                else None
            ),
        }

    def report(self) -> str:
        """Return a few lines for support. They contain no API key and no prompt."""
        job = self.job
        operation = self.job.operation
        problem = self.job.problem
        lines = [
            f"job: {job.id} ({job.kind}, {job.request.preset}, {job.request.mode}), phase"
            f" {job.phase}",
            f"operation: {operation.id if operation else 'none'}, status"
            f" {operation.status_word if operation else 'none'}",
        ]
        if problem is not None:
            lines += [
                f"problem: {problem.cause}, code {problem.code or 'none'}, request id"
                f" {problem.request_id or 'none'}",
                problem.message,
            ]
        return "\n".join([*lines, *job.notes])


def _fetching(job: Job) -> str:
    if job.optimization is not None and job.optimization.is_busy:
        return Message("Optimizing")
    if not is_being_made(job):
        return _STATE[Phase.FETCHING]
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
    if job.motion:
        return Message("Animating")
    if job.previews and len(job.previews) <= job.revision:
        return Message("Revising")
    return Message("Finishing") if job.previews else Message("Generating")


def _has_cost_nothing(job: Job) -> bool:
    """Return whether Mint has reported for every operation of the job that it cost nothing."""
    reported = [operation.credits for operation in job.operations]
    return bool(reported) and all(
        credits is not None and credits.finalized == 0 and not credits.reserved
        for credits in reported
    )


def _about(expected: float) -> str:
    return Message("About {credits:,.0f} Credits", credits=expected) if expected else ""


def duration(seconds: float) -> str:
    """Return a length of time as text, in seconds or minutes."""
    if seconds < 60:
        return Message("{seconds:.0f} s", seconds=seconds)
    return Message("{minutes} min", minutes=round(seconds / 60))


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


view_of = cached_by_identity(JobView)
"""Return the view of a job: the same one each time, so that its texts are made once."""
