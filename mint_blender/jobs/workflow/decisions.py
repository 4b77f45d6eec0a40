# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a decision of the user: send it to Mint under its own record until Mint has answered."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...files import urls
from ...mint import errors
from ...mint.schema import Operation
from .. import notes
from ..job import operation_of
from ..job_values import PAID_VERBS, Decision
from ..paid_requests.record import PaidRequest, PaidVerb, State, of_preview
from ..paid_requests.send import PaidCall
from ..phases import Phase, Verb
from ..presentation import error_messages
from . import context, look
from .context import Steps, WorkflowPart
from .effects import Cancel, Poll, Step

_TOO_LATE = frozenset({Phase.FETCHING, Phase.READY, Phase.PLACED, Phase.CANCELED})


class DecisionHandler(WorkflowPart):
    """Applies a decision, and moves the job to the phase that follows."""

    def apply(self, decision: Decision) -> Steps:
        """Apply a decision. It is removed from the job when Mint has answered it."""
        self._job = self._job.with_prices_of(decision)
        if self._job.phase in _TOO_LATE:
            self._end_too_late(decision)
        elif decision.verb is Verb.CANCEL:
            yield from self._cancel(decision)
        else:
            yield from self._send(decision)

    def _end_too_late(self, decision: Decision) -> None:
        if self._job.phase is not Phase.CANCELED:
            self._job = self._job.with_note(notes.note("too_late", verb=decision.verb))
        self._job = replace(self._job, decision=None)

    # -- canceling

    def _cancel(self, decision: Decision) -> Steps:
        """Cancel what runs at Mint. Nothing that was not sent is sent for it."""
        yield from self._find_operation()
        if self._job.decision is None:
            return
        if self._job.phase in _TOO_LATE:
            self._end_too_late(decision)
            return
        if self._job.operation is None:
            request = self._job.start_request
            is_in_doubt = any(each.is_left_in_doubt for each in self._job.requests)
            if is_in_doubt or (request is not None and request.is_answered):
                self._job = self._job.with_note(notes.note("canceled_in_doubt"))
            self._job = self._job.moved(Phase.CANCELED, decision=None, problem=None)
            return
        if self._job.phase not in {Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED}:
            self._job = replace(self._job, decision=None)
            return
        try:
            operation = yield from self._perform(Cancel(operation_of(self._job).id))
        except errors.MintError as error:
            if error.retryable or isinstance(error, errors.KeyRefused):
                raise
            if not isinstance(error, errors.ProblemError):
                raise
            yield from self._apply_refusal(error)
        else:
            self._job = replace(self._job, decision=None)
            self._context.apply_operation(operation)

    def _find_operation(self) -> Steps:
        """Find out what a start has made that was given up before its answer came."""
        request = self._job.start_request
        if self._job.operation is not None or request is None:
            return
        if request.found_asset is not None and self._job.source_asset_id is None:
            look.fetch_found(self._context, request.found_asset)
        elif request.operation is not None and request.found_asset is None:
            operation = yield from look.poll_made(self._context, request)
            if operation is not None:
                self._context.apply_operation(operation)
        elif request.state is State.DROPPED and request.may_be_started:
            yield from look.find_started(self._context, request)

    # -- what costs Credits

    def _send(self, decision: Decision) -> Steps:
        """Send the decision. If it is not possible (any more), that is noted."""
        request = next((each for each in self._job.requests if each.key == decision.key), None)
        if request is None or not request.is_open:
            yield from self._ask_user_again(request)
            return
        is_without_asset = operation_of(self._job).resource is None
        if decision.verb is Verb.RESUME and is_without_asset and (yield from self._replay_start()):
            return
        sent = yield from self._context.pay_when_free(self._call(decision))
        if sent.operation is not None:
            self._apply_operation(decision, sent.operation)
        elif sent.shown is not None:
            self._apply_shown(sent.shown)
        elif sent.refusal is None:
            yield from self._ask_user_again(sent.request)
        elif isinstance(sent.refusal, errors.KeyRefused):
            raise sent.refusal
        # a conversion that stopped for Credits may only be continued by the same start
        elif not (self._job.convert and (yield from self._replay_start())):
            yield from self._apply_refusal(sent.refusal)

    def _call(self, decision: Decision) -> PaidCall:
        body = {"feedback": decision.feedback or ""} if decision.verb is Verb.REVISE else {}
        is_about_preview = decision.verb in {Verb.APPROVE, Verb.REVISE}
        verb, target = PAID_VERBS[decision.verb], operation_of(self._job).id
        seen = self._seen_pictures(decision, target) if is_about_preview else ()
        return PaidCall(decision.key, verb, target, self._job.kind, body, seen, is_about_preview)

    def _seen_pictures(self, decision: Decision, operation_id: str) -> tuple[str, ...]:
        """Return the address of the Preview at the click, or those that the job has shown.

        Also of one whose picture could not be downloaded: the person was told so.
        """
        clicked = {each.subject for each in self._job.requests if each.key == decision.key}
        for file in self._job.previews:
            if of_preview(operation_id, urls.content_key(file.url)) in clicked:
                return (file.url,)  # a newer one may have come since
        assets = operation_of(self._job).assets
        shown = assets.preview_image_url if assets else None
        found = [*(file.url for file in self._job.previews), *([shown] if shown else [])]
        return tuple(dict.fromkeys(found))

    def _replay_start(self) -> Generator[Step, Any, bool]:
        """Repeat the start of an operation that stopped for Credits before it had an asset.

        Mint resumes it then. It is the same request, so it cannot start another operation; what is
        too old for that is resumed as any other operation.
        """
        request = self._job.start_request
        if request is None or request.body is None or not request.is_answered:
            return False
        target = "" if request.verb is PaidVerb.START else self._job.source_asset_id or ""
        body = json.loads(request.body)
        call = PaidCall(request.key, request.verb, target, self._job.kind, body, is_replay=True)
        sent = yield from self._context.pay(call)
        if sent.operation is None:
            return False
        self._job = replace(self._job, decision=None)
        self._context.apply_operation(sent.operation)
        return True

    def _apply_operation(self, decision: Decision, operation: Operation) -> None:
        if decision.verb in {Verb.APPROVE, Verb.REVISE}:
            decided_preview = context.decided(self._job, decision.verb)
            self._job = replace(self._job, decided_preview=decided_preview)
        is_next_preview = decision.verb is Verb.REVISE
        self._job = replace(self._job, decision=None, revision=self._job.revision + is_next_preview)
        self._context.apply_operation(operation)

    def _apply_shown(self, operation: Operation) -> None:
        """Show what Mint has instead of the Preview that was decided about. Nothing was sent."""
        if operation.with_mode(self._job.request.mode).awaits_review:
            self._job = self._job.with_note(notes.note("newer_preview"))
        self._job = replace(self._job, decision=None)
        self._context.apply_operation(operation)

    def _ask_user_again(self, request: PaidRequest | None) -> Steps:
        """Let the user decide again after a decision that must not be sent any more.

        It may have been applied: what is at Mint now is shown. The decision stays until then: after
        a kill, an earlier Preview could be approved.
        """
        yield from self._refresh()
        was_sent = request is not None and request.attempts > 0
        note = notes.note("decide_again" if was_sent else "decision_not_sent")
        self._job = replace(self._job.with_note(note), decision=None)

    def _apply_refusal(self, error: errors.MintError) -> Steps:
        """Note why Mint refused the decision, and show what is at Mint now."""
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
        """Move the job to the phase that it has at Mint now."""
        result = yield from self._perform(Poll(operation_of(self._job).id))
        self._context.apply_operation(result.operation)
