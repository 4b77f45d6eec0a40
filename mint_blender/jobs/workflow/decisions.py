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
from ..job import Job, operation_of
from ..job_values import PAID_VERBS, Decision
from ..paid_requests.record import PaidRequest, PaidVerb, State, of_preview
from ..paid_requests.send import PaidCall, Sent
from ..phases import Phase, Verb
from ..presentation import error_messages
from . import context, look
from .context import Run, Steps
from .effects import Cancel, Poll, Step

_TOO_LATE = frozenset({Phase.FETCHING, Phase.READY, Phase.PLACED, Phase.CANCELED})


def apply(run: Run, decision: Decision) -> Steps:
    """Apply a decision. It is removed from the job when Mint has answered it."""
    if run.job.phase in _TOO_LATE:
        _end_too_late(run, decision)
    elif decision.verb is Verb.CANCEL:
        yield from _cancel(run, decision)
    else:
        yield from _send(run, decision)


def _end_too_late(run: Run, decision: Decision) -> None:
    if run.job.phase is not Phase.CANCELED:
        run.note("too_late", verb=decision.verb)
    run.job = replace(run.job, decision=None)


# -- canceling


def _cancel(run: Run, decision: Decision) -> Steps:
    """Cancel what runs at Mint. Nothing that was not sent is sent for it."""
    yield from _find_operation(run)
    if run.job.decision is None:
        return
    if run.job.phase in _TOO_LATE:
        _end_too_late(run, decision)
        return
    if run.job.operation is None:
        request = run.job.start_request
        is_in_doubt = any(sent.is_left_in_doubt for sent in run.job.requests)
        if is_in_doubt or (request is not None and request.is_answered):
            run.note("canceled_in_doubt")
        run.job = run.job.moved(Phase.CANCELED, decision=None, problem=None)
        return
    if run.job.phase not in {Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED}:
        run.job = replace(run.job, decision=None)
        return
    try:
        operation = yield from run.perform(Cancel(operation_of(run.job).id))
    except errors.MintError as error:
        is_answer = isinstance(error, errors.ProblemError) and not error.retryable
        if not is_answer or isinstance(error, errors.KeyRefused):
            raise
        yield from _apply_refusal(run, error)
    else:
        run.job = replace(run.job, decision=None)
        run.apply_operation(operation)


def _find_operation(run: Run) -> Steps:
    """Find out what a start has made that was given up before its answer came."""
    request = run.job.start_request
    is_sending = run.job.phase in {Phase.WAITING, Phase.SENDING}
    if request is None or (run.job.operation is not None and not is_sending):
        return
    if request.found_asset is not None and run.job.source_asset_id is None:
        look.fetch_found(run, request.found_asset)
    elif request.operation is not None and request.found_asset is None:
        operation = request.answer or (yield from look.poll_made(run, request))
        if operation is not None:
            run.apply_operation(operation)
    elif request.state is State.DROPPED and request.may_be_started:
        yield from look.find_started(run, request)


# -- what costs Credits


def _send(run: Run, decision: Decision) -> Steps:
    """Send the decision. If it is not possible (any more), that is noted."""
    decided = (request for request in run.job.requests if request.key == decision.key)
    request = next(decided, None)
    if request is None or not request.is_open:
        yield from _ask_user_again(run, request)
        return
    is_without_asset = operation_of(run.job).resource is None
    if decision.verb is Verb.RESUME and is_without_asset and (yield from _replay_start(run)):
        return
    seen = run.job
    call = _call(run, decision)
    sent = yield from run.pay_when_free(call)
    if sent.operation is not None and not _has_followed(run.job, call, sent):
        _apply_operation(run, decision, sent.operation, seen)
    elif (shown := sent.shown or sent.operation) is not None:
        yield from _show(run, shown, sent.request)
    elif sent.refusal is None:
        yield from _ask_user_again(run, sent.request)
    elif isinstance(sent.refusal, errors.KeyRefused):
        raise sent.refusal
    # a conversion that stopped for Credits may only be continued by the same start
    elif not (run.job.convert and (yield from _replay_start(run))):
        if sent.request is not None and _has_other_attempts(sent.request, sent.refusal):
            yield from _wait_for_earlier_attempts(run, sent.request)
        # a conflict may come from a second copy of what Mint has just carried out
        may_be_applied = sent.request is not None and sent.request.may_be_started
        # others can resume it, too, and unlike a Preview it was not read before
        reads_first = may_be_applied or decision.verb is Verb.RESUME
        yield from _apply_refusal(run, sent.refusal, reads_first=reads_first)


def _show(run: Run, shown: Operation, request: PaidRequest | None) -> Steps:
    """Show what is at Mint in place of the Preview that was decided about.

    A person decides about a newer one when no earlier attempt can be carried out on it any more.
    """
    if request is not None and _may_arrive(request) and _awaits_review(run, shown):
        yield from look.settle(run, request)
        shown = (yield from run.perform(Poll(shown.id))).operation
    if _awaits_review(run, shown):
        run.note("newer_preview")
    run.job = replace(run.job, decision=None)
    run.apply_operation(shown)


def _may_arrive(request: PaidRequest) -> bool:
    """Return whether Mint may still carry out an attempt that it has not answered."""
    return request.has_unclear_attempt and not request.is_answered


def _awaits_review(run: Run, operation: Operation) -> bool:
    """Return whether a person decides about the Preview of this operation now."""
    return operation.with_mode(run.job.request.mode).awaits_review


def _has_other_attempts(request: PaidRequest, refusal: errors.MintError) -> bool:
    """Return whether Mint may still carry out another attempt than the one that it refused now.

    A conflict is no clear refusal, but Mint has answered that attempt. One of keys is not even
    that: nothing else has our key, so a second copy of the request may be on its way.
    """
    is_answered = isinstance(refusal, errors.Conflict)
    is_answered = is_answered and not isinstance(refusal, errors.IdempotencyConflict)
    return request.is_copied or request.attempts - request.refusals > int(is_answered)


def _wait_for_earlier_attempts(run: Run, request: PaidRequest) -> Steps:
    """Wait while Mint may still carry out an attempt that it has not answered.

    If a person decided anew before that, it would be about another Preview.
    """
    seen = yield from run.perform(Poll(operation_of(run.job).id))
    if _awaits_review(run, seen.operation):
        yield from look.settle(run, request)


def _call(run: Run, decision: Decision) -> PaidCall:
    body = {"feedback": decision.feedback or ""} if decision.verb is Verb.REVISE else {}
    is_about_preview = decision.verb in {Verb.APPROVE, Verb.REVISE}
    verb = PAID_VERBS[decision.verb]
    target = operation_of(run.job).id
    seen = _seen_pictures(run, decision, target) if is_about_preview else ()
    return PaidCall(decision.key, verb, target, run.job.kind, body, seen, is_about_preview)


def _has_followed(job: Job, call: PaidCall, sent: Sent) -> bool:
    """Return whether another decision about the same Preview was carried out, and the job knows."""
    is_own = sent.request is not None and sent.request.is_answered
    if is_own or sent.operation is None or not call.is_about_preview:
        return False
    url = context.preview_url(sent.operation)
    return any(
        urls.same_file(url, preview.url) for preview in job.previews if preview.url not in call.seen
    )


def _seen_pictures(run: Run, decision: Decision, operation_id: str) -> tuple[str, ...]:
    """Return the address of the Preview at the click, or those that the job has shown.

    Also of one whose picture could not be downloaded: the person was told so.
    """
    clicked = {request.subject for request in run.job.requests if request.key == decision.key}
    for file in run.job.previews:
        if of_preview(operation_id, urls.content_key(file.url)) in clicked:
            return (file.url,)  # a newer one may have come since
    shown = context.preview_url(operation_of(run.job))
    found = [*(file.url for file in run.job.previews), *([shown] if shown else [])]
    return tuple(dict.fromkeys(found))


def _replay_start(run: Run) -> Generator[Step, Any, bool]:
    """Repeat the start of an operation that stopped for Credits before it had an asset.

    Mint resumes it then. It is the same request, so it cannot start another operation; what is
    too old for that is resumed as any other operation.
    """
    request = run.job.start_request
    if request is None or request.body is None or not request.is_answered:
        return False
    target = "" if request.verb is PaidVerb.START else run.job.source_asset_id or ""
    body = json.loads(request.body)
    call = PaidCall(request.key, request.verb, target, run.job.kind, body, is_replay=True)
    sent = yield from run.pay(call)
    if sent.operation is None:
        return False
    run.job = replace(run.job, decision=None)
    run.apply_operation(sent.operation)
    return True


def _apply_operation(run: Run, decision: Decision, operation: Operation, seen: Job) -> None:
    """Continue with Mint's answer to a decision about a job as it was `seen`."""
    if decision.verb in {Verb.APPROVE, Verb.REVISE}:
        decided_preview = context.decided(seen, decision.verb)
        run.job = replace(run.job, decided_preview=decided_preview)
    is_next_preview = decision.verb is Verb.REVISE
    run.job = replace(run.job, decision=None, revision=run.job.revision + is_next_preview)
    run.apply_operation(operation)


def _ask_user_again(run: Run, request: PaidRequest | None) -> Steps:
    """Let the user decide again after a decision that must not be sent any more.

    It may have been applied: what is at Mint now is shown. The decision stays until then: after
    a kill, an earlier Preview could be approved.
    """
    if request is not None and _may_arrive(request):
        yield from _wait_for_earlier_attempts(run, request)
    yield from _refresh(run)
    was_sent = request is not None and request.attempts > 0
    note = notes.note("decide_again" if was_sent else "decision_not_sent")
    run.job = replace(run.job.with_note(note), decision=None)


def _apply_refusal(run: Run, error: errors.MintError, *, reads_first: bool = False) -> Steps:
    """Note why Mint refused the decision, and show what is at Mint now.

    With `reads_first`, the decision is not over before that.
    """
    if reads_first:
        yield from _refresh(run)
    job = replace(run.job, decision=None)
    run.job = job.with_note(
        error_messages.cannot_cancel(job) if isinstance(error, errors.CannotCancel) else str(error)
    )
    if reads_first:
        return
    if run.job.operation is not None:
        # It is polled after a kill, too: the Preview that is shown may not be the latest one.
        run.job = run.job.moved(Phase.WORKING)
    yield from _refresh(run)


def _refresh(run: Run) -> Steps:
    """Move the job to the phase that it has at Mint now."""
    result = yield from run.perform(Poll(operation_of(run.job).id))
    run.apply_operation(result.operation)
