# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a job at Mint: upload its pictures, wait for a free slot, send its paid request."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...message import Message
from ...mint import errors
from ...mint.schema import Assets, Format, Operation
from ..budget.spending import Expense, limit_error
from ..job_values import ABOVE_OWN_LIMIT, Cause, Problem
from ..paid_requests.record import PaidRequest, PaidVerb, State
from ..paid_requests.send import PaidCall, Sent
from ..phases import Phase
from ..presentation import error_messages
from . import credit_limit, look
from .context import MAX_TRIES, Steps, WorkflowContext, WorkflowPart
from .effects import Close, Order, ReadAsset, Step, TakeSlot, Upload


class Starter(WorkflowPart):
    """Starts the job's operation: a generation, a new attempt, or a conversion."""

    def __init__(self, context: WorkflowContext) -> None:
        super().__init__(context)
        self._missing_formats: tuple[Format, ...] = context.job.convert
        self._are_uploaded_again = False
        self._conflicts = 0

    def check_existing_files(self) -> Steps:
        """Begin a job for an existing asset: what Mint has is only fetched.

        Formats that Mint has not made yet are converted first: a start like any other.
        """
        request = self._job.start_request
        if self._job.convert:
            asset = yield from self._perform(
                ReadAsset(self._job.kind, self._job.source_asset_id or "")
            )
            self._job = replace(self._job, asset=asset)
            files = asset.assets or Assets()
            self._missing_formats = tuple(
                format for format in self._job.convert if files.converted_url(format) is None
            )
        elif request is not None and request.verb is PaidVerb.RETRY and not request.is_answered:
            return
        if not (self._job.convert and self._missing_formats):
            if request is not None and request.is_open:
                self._job = self._job.with_request((yield from self._perform(Close(request.key))))
            self._job = self._job.moved(Phase.FETCHING)

    def start(self) -> Steps:
        """Upload the pictures, take a slot and send the start, until Mint has accepted it."""
        after = 0.0
        while self._job.phase in {Phase.WAITING, Phase.SENDING}:
            request = self._job.start_request
            if request is None or not request.is_open:
                yield from self._continue_closed(request)
                return
            if not request.may_be_started:
                yield from self._upload_pictures(request)
                if self._job.phase is Phase.WAITING:
                    kind = None if self._job.convert else self._job.kind
                    yield from self._perform(TakeSlot(kind, after=after))
                    after = 0.0
                if not (yield from self._is_within_own_limit()):
                    return
            yield from self._send(request, after)
            after = self._config.pace.longest if self._job.problem is not None else 0.0

    def _continue_closed(self, request: PaidRequest | None) -> Steps:
        """Continue a job whose request was answered, or given up, before its record said so."""
        if request is not None and request.found_asset is not None:
            look.fetch_found(self._context, request.found_asset)
        elif request is not None and request.operation is not None:
            yield from self._continue_answered(request, request.operation)
        elif request is not None and request.state in {State.DROPPED, State.OVER}:
            yield from look.find_started(self._context, request)
        else:
            self._job = self._job.moved(Phase.CANCELED, problem=None)

    def _continue_answered(self, request: PaidRequest, operation_id: str) -> Steps:
        """Continue with an operation, unless others have named it and it is not this job's."""
        is_hearsay = request.is_outside and request.attempts == 0
        try:
            operation = yield from self._context.poll_made(operation_id)
        except errors.NotFound:
            if not is_hearsay:
                raise
            operation = None
        if operation is None or (is_hearsay and not look.fits(self._job, operation)):
            problem = error_messages.named_elsewhere()
            self._job = self._job.moved(Phase.PAUSED, problem=problem)
        else:
            self._accept(request, operation)

    def _send(self, request: PaidRequest, after: float) -> Steps:
        """Send the request, and move the job to the phase that follows."""
        problem = self._job.problem if after else None  # it says what is waited for
        self._job = self._job.moved(Phase.SENDING, problem=problem)
        sent = yield from self._context.pay(self._call(request), after)
        if sent.operation is not None:
            self._accept(request, sent.operation)
        elif sent.refusal is None:
            yield from self._continue_unsent(sent.request or request)
        else:
            yield from self._continue_refused(sent, sent.refusal)

    def _accept(self, request: PaidRequest, operation: Operation) -> None:
        """Continue with the operation that Mint has made for the request."""
        if request.verb is PaidVerb.RETRY:  # from now on this job makes the asset itself
            self._job = replace(self._job, source_asset_id=None, revision=self._job.revision + 1)
        self._context.apply_operation(operation)

    def _continue_unsent(self, request: PaidRequest) -> Steps:
        """Continue after a request that must not be sent (again), or was given up meanwhile."""
        if request.is_open:
            yield from look.find_started(self._context, request)
        elif request.is_outside and request.is_unsent:
            problem = error_messages.started_elsewhere()
            self._job = self._job.moved(Phase.PAUSED, problem=problem)
        else:
            yield from self._continue_closed(request)

    def _continue_refused(self, sent: Sent, error: errors.MintError) -> Steps:
        """Continue after a refusal. Only the record says whether it proves anything."""
        request, problem = sent.request, error_messages.problem_of(error)
        if request is None or isinstance(error, errors.KeyRefused):
            raise error
        if isinstance(error, errors.TooManyActive):
            # Another program uses the account too: wait for a slot again, and say why.
            self._job = self._job.moved(Phase.WAITING, problem=problem)
        elif isinstance(error, errors.CreditsNeeded) and not request.may_be_started:
            self._job = self._job.moved(Phase.BILLING, problem=problem)
        elif request.is_refused_here and (order := self._order_again(request, error)) is not None:
            self._job = self._job.with_request((yield from self._perform(order)))
            self._job = self._job.moved(Phase.WAITING, problem=None)
        elif request.state is State.REFUSED:
            raise error
        elif self._may_be_in_progress(request, error):
            self._conflicts += 1
            self._job = replace(self._job, problem=problem)
        else:
            yield from look.find_started(self._context, request, error)

    def _may_be_in_progress(self, request: PaidRequest, error: errors.MintError) -> bool:
        """Return whether a conflict may be with the very same request, which is still carried out.

        Mint does not say what it conflicts with.
        """
        is_unclear = type(error) is errors.Conflict and request.verb is PaidVerb.START
        return is_unclear and self._conflicts < MAX_TRIES

    def _call(self, request: PaidRequest) -> PaidCall:
        job = self._job
        is_new = request.verb is PaidVerb.START
        target = "" if is_new else job.source_asset_id or ""
        return PaidCall(request.key, request.verb, target, job.kind, self._body(request))

    def _body(self, request: PaidRequest) -> dict[str, Any]:
        if request.body is not None and (request.may_be_started or request.attempts == 0):
            found: dict[str, Any] = json.loads(request.body)
            return found
        if request.verb is PaidVerb.CONVERT:
            return {"targetFormats": [format.value for format in self._missing_formats]}
        if request.verb is PaidVerb.RETRY:
            return {}
        return self._job.request.body(self._job.image_urls)

    def _is_within_own_limit(self) -> Generator[Step, Any, bool]:
        """Return whether the job still costs no more than its own limit; otherwise pause it.

        Checked before the start is sent for the first time.
        """
        if self._job.max_credits is None:
            return True
        total = yield from credit_limit.expected_total(self._context)
        error = limit_error([Expense(total, total, most=self._job.max_credits)])
        if error is None:
            return True
        message = Message(
            "{problem} Nothing was sent. Resume it with a higher limit, or cancel it.",
            problem=error,
        )
        problem = Problem(Cause.CREDITS, message, code=ABOVE_OWN_LIMIT)
        self._job = self._job.moved(Phase.PAUSED, problem=problem)
        return False

    def _upload_pictures(self, request: PaidRequest) -> Steps:
        """Upload each local picture once, under a key of its own."""
        if request.verb is not PaidVerb.START:
            return
        for number, source in enumerate(self._job.request.images):
            if number >= len(self._job.image_urls):
                is_local = not source.startswith("https://")
                upload = Upload(
                    source,
                    key=f"{request.key}-picture-{number + 1}",
                    force=self._are_uploaded_again,
                )
                url = (yield from self._perform(upload)) if is_local else source
                self._job = replace(self._job, image_urls=(*self._job.image_urls, url))

    def _order_again(self, request: PaidRequest, error: errors.MintError) -> Order | None:
        """Return a refused start with what Mint complains about changed; None if it cannot be."""
        body = json.loads(request.body or "{}")
        if not isinstance(error, errors.InvalidRequest) or request.verb is not PaidVerb.START:
            return None
        if "name" in body and error.names("name"):
            # the first version of the API called it `displayName`
            renamed = {("displayName" if each == "name" else each): body[each] for each in body}
            return Order(request.subject, request.verb, json.dumps(renamed))
        if self._is_about_uploads(error) and not self._are_uploaded_again:
            # what an earlier job has uploaded may be gone
            self._are_uploaded_again = True
            self._job = replace(self._job, image_urls=())
            return Order(request.subject, request.verb)
        return None

    def _is_about_uploads(self, error: errors.InvalidRequest) -> bool:
        is_named = error.names("imageUrl") or error.names("sourceImages")
        return is_named and any(
            not source.startswith("https://") for source in self._job.request.images
        )
