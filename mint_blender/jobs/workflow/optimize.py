# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a model optimized before it is fetched. A failure is a note: the original file is used."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...files import file_choice
from ...mint import errors
from ...mint.polling import Polling
from ...mint.schema import Kind, OptimizationLevel
from .. import notes
from ..budget.spending import Expense, at_prices, limit_error
from ..job import Job
from ..paid_requests.record import PaidRequest, PaidVerb, of_asset
from ..paid_requests.send import PaidCall
from ..presentation import error_messages
from ..queries import OptimizationPrice
from . import credit_limit, look
from .context import Steps, WorkflowContext, WorkflowPart
from .effects import Adopt, Close, Order, Poll, ReadAsset, Step
from .result import ResultReader

FOREIGN_OPTIMIZATION_PATIENCE = 4
"""An optimization of another program may take this many times the usual 30 minutes."""


def accepted_extensions(job: Job, readable: frozenset[str]) -> frozenset[str]:
    """Return the glTF extensions that the job's model file may require.

    A requested optimization is accepted where nothing here opens the file: without Blender, or when
    it is only copied.
    """
    is_unopened = not readable or job.is_only_copied
    return readable | file_choice.OPTIMIZED_NEEDS if job.optimize and is_unopened else readable


class Optimizer(WorkflowPart):
    """Has the job's model optimized at Mint."""

    def __init__(self, context: WorkflowContext, result: ResultReader) -> None:
        super().__init__(context)
        self._result = result

    def optimize(self) -> Steps:
        """Have the model optimized, if that was requested and is not done yet."""
        asset_id, level = self._result.asset_id(), self._job.optimize
        if level is None or asset_id is None:
            return
        if self._result.assets.optimized_glb_url is not None:
            yield from self._end_request(asset_id)
            return
        lacking = file_choice.OPTIMIZED_NEEDS - accepted_extensions(
            self._job, self._config.readable
        )
        if lacking:
            # Nothing is paid for a file that could not be opened here.
            self._add_note("optimizing_is_useless", reason=file_choice.explain_missing(lacking))
        else:
            yield from self._optimize(asset_id, level)

    def _optimize(self, asset_id: str, level: OptimizationLevel) -> Steps:
        if self._job.optimization is None:
            request = self._job.paid_request(PaidVerb.OPTIMIZE)
            if request is not None and not request.is_open:
                yield from self._continue_answered(request)
            elif request is not None or (yield from self._is_within_own_limit(asset_id)):
                yield from self._start(asset_id, level)
        yield from self._watch()

    def _continue_answered(self, request: PaidRequest) -> Steps:
        """Continue with what a request has made that was answered before the job said so."""
        if request.operation is not None and request.found_asset is None:
            result = yield from self._perform(Poll(request.operation))
            self._job = replace(self._job, optimization=result.operation)

    def _start(self, asset_id: str, level: OptimizationLevel) -> Steps:
        """Order the optimization and send it. Without one, the original file is used."""
        request = self._job.paid_request(PaidVerb.OPTIMIZE)
        body = {"optimizationLevel": level.value}
        if request is None:
            order = Order(of_asset(asset_id), PaidVerb.OPTIMIZE, json.dumps(body))
            request = yield from self._perform(order)
            self._job = self._job.with_request(request)
        call = PaidCall(request.key, PaidVerb.OPTIMIZE, asset_id, Kind.MODEL, body)
        sent = yield from self._context.pay_when_free(call)
        if sent.operation is not None:
            self._job = replace(self._job, optimization=sent.operation, problem=None)
        elif isinstance(sent.refusal, errors.KeyRefused):
            raise sent.refusal
        else:
            # a conflict is about this attempt alone: earlier ones may have started it
            refused_now = int(isinstance(sent.refusal, errors.Conflict))
            request = self._job.paid_request(PaidVerb.OPTIMIZE) or request
            yield from look.settle(self._context, request, sent.refusal)
            if isinstance(sent.refusal, errors.OptimizationInProgress):
                yield from self._wait_for_file(asset_id)
            else:
                yield from self._look_at_file(request, sent.refusal, refused_now)
            yield from self._end_request(asset_id, refused_now)

    def _look_at_file(
        self, request: PaidRequest, refusal: errors.MintError | None, refused_now: int
    ) -> Steps:
        """See whether the model is optimized all the same; otherwise use the original file."""
        yield from self._result.read_asset()
        if self._result.assets.optimized_glb_url is None:
            if refusal is None or request.attempts - request.refusals > refused_now:
                self._add_note("optimizing_unanswered")
            else:
                self._add_note("not_optimized", reason=refusal)

    def _end_request(self, asset_id: str, refused_now: int = 0) -> Steps:
        """Store what became of a request without an answer, as the model shows it.

        Somebody else may have optimized the model; but a limit that counts too much is better than
        one that counts too little.
        """
        request = self._job.paid_request(PaidVerb.OPTIMIZE)
        if request is None or not request.is_open:
            return
        is_sent = request.attempts - request.refusals > refused_now or request.is_copied
        if is_sent and self._result.assets.optimized_glb_url is not None:
            adopted = yield from self._perform(Adopt(request.key, asset_id))
        else:
            adopted = yield from self._perform(Close(request.key))
        self._job = self._job.with_request(adopted)

    def _is_within_own_limit(self, asset_id: str) -> Generator[Step, Any, bool]:
        """Return whether the optimization fits the job's own limit; otherwise add a note."""
        if self._job.max_credits is None:
            return True
        price = yield from credit_limit.current_price(self._context, OptimizationPrice(asset_id))
        price = self._job.optimize_estimate if price is None else price
        # of a model that existed before, the estimate is that of the optimization itself
        is_existing = self._job.source_asset_id is not None
        generation = 0.0 if is_existing else self._job.estimate or 0.0
        total = None if price is None else at_prices(self._job, generation, price)
        error = limit_error([Expense(total, total, most=self._job.max_credits)])
        if error is not None:
            self._add_note("not_optimized", reason=error)
        return error is None

    def _watch(self) -> Steps:
        """Poll the optimization until it has ended or needs Credits."""
        polling = Polling(self._config.pace)
        while (operation := self._job.optimization) is not None and operation.is_busy:
            result = yield from self._perform(Poll(operation.id, after=polling.wait()))
            self._job = error_messages.with_long_wait(
                replace(self._job, optimization=result.operation, problem=None), polling
            )
        self._job = replace(self._job, problem=None)
        if operation is not None and operation.succeeded:
            yield from self._result.read_asset()
        elif operation is not None:
            problem = (
                error_messages.billing(operation)
                if operation.awaits_payment
                else error_messages.failed_work(operation)
            )
            self._add_note("not_optimized", reason=problem.message)

    def _wait_for_file(self, asset_id: str) -> Steps:
        """Wait for an optimization that another program has started.

        The model shows when the file is there, but not when the optimization has failed. So this
        wait has an end, unlike that for an operation of our own.
        """
        polling = Polling(self._config.pace)
        end = FOREIGN_OPTIMIZATION_PATIENCE * self._config.pace.slow_after
        while self._result.assets.optimized_glb_url is None and polling.waited < end:
            asset = yield from self._perform(
                ReadAsset(Kind.MODEL, asset_id, after=polling.wait() / 2)
            )
            self._job = error_messages.with_long_wait(
                replace(self._job, asset=asset, problem=None), polling
            )
        self._job = replace(self._job, problem=None)
        if self._result.assets.optimized_glb_url is None:
            self._add_note("still_optimizing")

    def _add_note(self, code: str, **params: Any) -> None:
        self._job = self._job.with_note(notes.note(code, **params))
