# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a decision of the user: send it to Mint under its own key until Mint has answered."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...mint import errors
from ...mint.schema import Operation
from .. import notes
from ..job import has_failed_at_mint, operation_of
from ..job_values import Decision
from ..phases import Phase, Verb
from ..presentation import error_messages
from . import stale_previews, unknown_outcome
from .context import MAX_TRIES, REPEATED_FOR, Steps, WorkflowPart
from .effects import Poll, ReadAsset, SendDecision, Step
from .start import Starter

PREVIEW_RECENT_FOR = 60.0
"""Seconds in which a Preview that Mint has shown is approved without looking at Mint again."""
_TOO_LATE = frozenset({Phase.FETCHING, Phase.READY, Phase.PLACED, Phase.CANCELED})


class DecisionHandler(WorkflowPart):
    """Applies a decision, and moves the job to the phase that follows."""

    def apply(self, decision: Decision) -> Steps:
        """Apply a decision. It is removed from the job when Mint has answered it."""
        self._job = self._job.with_prices_of(decision)
        if self._job.phase in _TOO_LATE:
            if self._job.phase is not Phase.CANCELED:
                self._job = self._job.with_note(notes.note("too_late", verb=decision.verb))
            self._job = replace(self._job, decision=None)
        elif decision.verb is Verb.CANCEL:
            if (yield from self._has_nothing_to_cancel()):
                self._job = replace(self._job, decision=None)
            else:
                yield from self._send(decision)
        elif self._context.is_old(decision.at):
            yield from self._ask_user_again(decision)
        elif self._repeats_start(decision):
            self._start_again(decision)
        elif decision.verb is Verb.APPROVE and (yield from self._has_newer_preview()):
            note = notes.note("newer_preview")
            self._job = replace(self._job.with_note(note), decision=None)
        else:
            yield from self._send(decision)

    def _has_newer_preview(self) -> Generator[Step, Any, bool]:
        """Return whether another Preview waits at Mint than the one that is shown here.

        It may be revised on another computer, or at mint.gg. Mint is asked, unless it was a moment
        ago; a newer Preview becomes that of the job.
        """
        job, seen_at = self._job, self._job.preview_seen_at
        is_recent = seen_at is not None and self._context.now() - seen_at < PREVIEW_RECENT_FOR
        if job.phase is not Phase.REVIEW or job.operation is None or is_recent:
            return False
        result = yield from self._perform(Poll(job.operation.id))
        if not stale_previews.is_newer(job, result.operation):
            return False
        self._context.apply_operation(result.operation)
        return True

    def _has_nothing_to_cancel(self) -> Generator[Step, Any, bool]:
        """Return whether nothing runs at Mint (any more).

        A start whose answer was lost is repeated first: its key finds what it started. A start that
        was never sent is not sent now. A start of long ago is searched for instead: Mint may have
        forgotten its key, which would then start it once more.
        """
        is_adopted = self._job.source_asset_id is not None and not self._job.convert
        is_sent = self._job.first_sent_at is not None
        if self._job.operation is None and is_sent and not is_adopted:
            yield from self._find_sent_start()
        if self._job.phase is Phase.FETCHING:
            self._job = self._job.with_note(notes.note("too_late", verb=Verb.CANCEL))
        elif self._job.operation is None:
            self._job = self._job.moved(Phase.CANCELED, problem=None)
        return self._job.phase not in {Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED}

    def _find_sent_start(self) -> Steps:
        """Find out what a start whose answer was lost has started."""
        if self._context.is_old(self._job.first_sent_at):
            yield from unknown_outcome.find_started(self._context)
            return
        self._job = self._job.moved(Phase.SENDING)
        yield from Starter(self._context).send_start()
        is_open = self._job.phase in {Phase.WAITING, Phase.SENDING}
        if is_open and self._job.first_sent_at is not None:
            # That there is no free slot now, or that it is too late for another try, says nothing
            # about the first one; and another try may start what is to be canceled.
            yield from unknown_outcome.find_started(self._context)

    def _ask_user_again(self, decision: Decision) -> Steps:
        """Let the user decide again after a decision of long ago, which may have been applied.

        What is at Mint now is shown; nothing is paid for.
        """
        retried = self._failed_asset_id if decision.verb is Verb.RETRY else None
        if retried is not None:
            yield from unknown_outcome.find_retried(self._context, retried)
            return
        if self._job.operation is not None:
            # the decision stays until then: after a kill, an earlier Preview could be approved
            yield from self._refresh()
        self._job = replace(self._job.with_note(notes.note("decide_again")), decision=None)

    def _repeats_start(self, decision: Decision) -> bool:
        """Return whether a retry or resume sends the start again.

        It does if Mint has no asset yet that could be retried or resumed.
        """
        if decision.verb is Verb.RETRY:
            return self._failed_asset_id is None
        return decision.verb is Verb.RESUME and (
            self._job.operation is None or self._job.operation.resource is None
        )

    @property
    def _failed_asset_id(self) -> str | None:
        """The id of the Model or World that Mint can make a new attempt at.

        None for a conversion: its model has not failed.
        """
        job = self._job
        if job.convert:
            return None
        if job.source_asset_id is not None:
            return job.source_asset_id if has_failed_at_mint(job) else None
        return job.operation.resource.id if job.operation and job.operation.resource else None

    def _start_again(self, decision: Decision) -> None:
        """Prepare to send the start again.

        A retry is a new request and gets the key of the new click. A resume repeats the very same
        start, which cannot be charged twice.
        """
        if decision.verb is Verb.RETRY:
            self._job = replace(
                self._job.without_operation(),
                body=None,
                key=decision.key,
                first_sent_at=None,
                optimize_sent_at=None,
            )
            self._job = self._job.moved(Phase.WAITING, decision=None, problem=None)
        else:
            # The stopped operation is not lost: the start's key finds it again.
            self._job = self._job.moved(Phase.SENDING, decision=None, problem=None, operation=None)

    def _send(self, decision: Decision) -> Steps:
        """Send the decision.

        If it is not possible (any more), that is noted and the job is refreshed.
        """
        retried = self._failed_asset_id if decision.verb is Verb.RETRY else None
        try:
            operation = yield from (
                self._retry(decision, retried)
                if retried
                else self._perform_when_free(self._effect(decision))
            )
        except errors.MintError as error:
            if not (error.retryable or isinstance(error, errors.ProblemError)):
                raise
            is_unclear = (
                error.retryable
                or isinstance(error, errors.KeyRefused)
                or (retried and type(error) is errors.Conflict)
            )
            is_paid = decision.verb is not Verb.CANCEL
            if is_unclear and is_paid and self._context.is_old(decision.at):
                yield from self._ask_user_again(decision)
            elif is_unclear:
                raise
            else:
                yield from self._apply_refusal(decision, error)
            return
        if operation is not None:
            self._apply_operation(decision, operation, is_asset_retried=retried is not None)

    def _apply_operation(
        self, decision: Decision, operation: Operation, *, is_asset_retried: bool
    ) -> None:
        is_next_preview = decision.verb in {Verb.REVISE, Verb.RETRY}
        # From now on this job makes the asset itself.
        source_asset_id = None if is_asset_retried else self._job.source_asset_id
        if decision.verb in {Verb.APPROVE, Verb.REVISE}:
            decided_preview = stale_previews.decided(self._job, decision.verb)
            self._job = replace(self._job, decided_preview=decided_preview)
        self._job = replace(
            self._job,
            decision=None,
            revision=self._job.revision + is_next_preview,
            source_asset_id=source_asset_id,
        )
        self._context.apply_operation(operation)

    def _apply_refusal(self, decision: Decision, error: errors.MintError) -> Steps:
        """Note why Mint refused the decision, and refresh the job."""
        if self._job.convert and decision.verb is Verb.RESUME:
            # The model does not show whether its conversion was started. So the start is sent once
            # more, and its key finds it.
            self._start_again(decision)
            return
        job = replace(self._job, decision=None)
        self._job = job.with_note(
            error_messages.cannot_cancel(job)
            if isinstance(error, errors.CannotCancel)
            else str(error)
        )
        if self._job.operation is not None:
            # It is polled after a kill, too: the Preview that is shown may not be the latest one.
            self._job = self._job.moved(Phase.WORKING)
        yield from self._refresh()

    def _refresh(self) -> Steps:
        """Move the job to the phase that it has at Mint now.

        Without an operation of ours, only the Model or World itself can tell.
        """
        if self._job.operation is not None:
            result = yield from self._perform(Poll(self._job.operation.id))
            self._context.apply_operation(result.operation)
        else:
            self._job = self._job.moved(Phase.FETCHING, problem=None)

    def _effect(self, decision: Decision, target_id: str | None = None) -> SendDecision:
        until = (
            None
            if decision.at is None or decision.verb is Verb.CANCEL
            else decision.at + REPEATED_FOR
        )
        target_id = target_id or operation_of(self._job).id
        return SendDecision(decision, self._job.kind, target_id, until=until)

    def _perform_when_free(self, effect: SendDecision) -> Generator[Step, Any, Operation]:
        """Perform a decision; one that starts something waits for a free slot, as a start does."""
        while True:
            try:
                return (yield from self._perform(effect))
            except errors.TooManyActive as error:
                self._job = replace(self._job, problem=error_messages.problem_of(error))
                effect = replace(effect, after=self._config.pace.longest)

    def _retry(self, decision: Decision, asset_id: str) -> Generator[Step, Any, Operation | None]:
        """Start a new attempt; return its operation, or None if somebody else's is fetched.

        Mint does not say what a conflict is with: another attempt, which is then fetched, or this
        very call, which is still in progress.
        """
        effect = self._effect(decision, asset_id)
        for _ in range(MAX_TRIES):
            try:
                return (yield from self._perform_when_free(effect))
            except errors.Conflict as error:
                if type(error) is not errors.Conflict:
                    raise
                conflict = error
            asset = yield from self._perform(ReadAsset(self._job.kind, asset_id))
            if asset.status not in unknown_outcome.FAILED:
                unknown_outcome.adopt_retried(self._context, asset, str(conflict))
                return None
            self._job = replace(self._job, problem=error_messages.problem_of(conflict))
            effect = replace(effect, after=self._config.pace.longest)
        raise conflict
