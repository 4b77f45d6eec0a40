# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a model optimized before it is fetched. A failure is a note: the original file is used."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...files import file_choice
from ...mint import errors
from ...mint.polling import Polling
from ...mint.schema import Kind, OptimizationLevel
from .. import notes
from ..budget import spending
from ..job import Job
from ..presentation import error_messages
from ..queries import OptimizationPrice
from . import credit_limit
from .context import Steps, WorkflowContext, WorkflowPart
from .effects import Optimize, Poll, ReadAsset, Step
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
            self._count_unanswered()
            return
        lacking = file_choice.OPTIMIZED_NEEDS - accepted_extensions(
            self._job, self._config.readable
        )
        if lacking:
            # Nothing is paid for a file that could not be opened here.
            self._add_note("optimizing_is_useless", reason=file_choice.explain_missing(lacking))
        elif self._is_unanswered():
            # The model was read just now, and is not optimized.
            self._add_note("optimizing_unanswered")
        else:
            yield from self._optimize(asset_id, level)

    def _optimize(self, asset_id: str, level: OptimizationLevel) -> Steps:
        sent_before = self._job.optimize_sent_at
        try:
            if self._job.optimization is None:
                if not (yield from self._is_within_own_limit(asset_id)):
                    return
                yield from self._start(asset_id, level)
            yield from self._watch()
        except (errors.AlreadyOptimized, errors.OptimizationInProgress) as error:
            if not error.follows_no_answer:  # then it is not our request that Mint speaks of
                self._job = replace(self._job, optimize_sent_at=sent_before)
            if isinstance(error, errors.AlreadyOptimized):
                yield from self._result.read_asset()
            else:
                yield from self._wait_for_file(asset_id)
            if self._result.assets.optimized_glb_url is not None:
                self._count_unanswered()
        except errors.MintError as error:
            yield from self._continue_without(error)

    def _continue_without(self, error: errors.MintError) -> Steps:
        """Continue with the original file, unless Mint has optimized the model all the same.

        Raises:
            MintError: The request can be repeated later.
        """
        is_refused = isinstance(error, errors.ProblemError) and (
            error.proves_nothing_started or type(error) is errors.Conflict
        )
        if is_refused:
            self._add_note("not_optimized", reason=error)
            return
        if not self._is_unanswered():
            raise error
        yield from self._result.read_asset()
        if self._result.assets.optimized_glb_url is None:
            self._add_note("optimizing_unanswered")
        else:
            self._count_unanswered()

    def _is_unanswered(self) -> bool:
        """Return whether Mint has not answered the request for so long that it is not repeated."""
        return self._job.optimization is None and self._context.is_old(self._job.optimize_sent_at)

    def _count_unanswered(self) -> None:
        """Count the price of a request that Mint has not answered, but has carried out.

        What it has cost is not known. Somebody else may have optimized the model; but a limit that
        counts too much is better than one that counts too little.
        """
        job = self._job
        if job.optimization is None and job.optimize_sent_at is not None:
            is_existing = job.source_asset_id is not None
            price = (job.estimate if is_existing else job.optimize_estimate) or 0.0
            self._job = replace(job, paid_before=job.paid_before + price, optimize_sent_at=None)

    def _is_within_own_limit(self, asset_id: str) -> Generator[Step, Any, bool]:
        """Return whether the optimization fits the job's own limit; otherwise add a note."""
        if self._job.max_credits is None:
            return True
        price = yield from credit_limit.current_price(self._context, OptimizationPrice(asset_id))
        price = self._job.optimize_estimate if price is None else price
        # of a model that existed before, the estimate is that of the optimization itself
        is_existing = self._job.source_asset_id is not None
        generation = 0.0 if is_existing else self._job.estimate or 0.0
        total = None if price is None else spending.at_prices(self._job, generation, price)
        limit_error = spending.job_limit_error(total, self._job.max_credits)
        if limit_error is not None:
            self._add_note("not_optimized", reason=limit_error)
        return limit_error is None

    def _start(self, asset_id: str, level: OptimizationLevel) -> Steps:
        sent = self._job.optimize_sent_at
        sent = self._context.now() if sent is None else sent
        self._job = replace(self._job, optimize_sent_at=sent)
        operation = yield from self._context.pay(
            Optimize(asset_id, level, key=f"{self._job.key}-optimize"), sent
        )
        self._job = replace(self._job, optimization=operation, problem=None)

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
