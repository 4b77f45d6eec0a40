# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices and the balance as far as they are known, and the limits that the user has set.

The job service has one; it asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from ...message import Message, sentences
from ...mint.schema import Estimate, Usage
from ..engine.messages import QueryAnswered
from ..job import Decision, Job, Verb
from ..queries import Balance, OptimizationPrice, Price, Query
from .spending import Limits, committed, objection, objection_of_job, objection_to_all

LASTS = 3600.0  # seconds for which a price or a balance is taken as it was read
COMPLAINT_LASTS = 30.0  # seconds until what went wrong is tried again
NO_MODEL_YET = Message("What optimizing costs, Mint tells only once there is a model.")


class NotPossible(Exception):
    """The user asked for something that makes no sense (now): the sentence says why."""


class OtherAccount(NotPossible):
    """The job belongs to another account or address than the key in use, so nothing is sent for it."""  # noqa: E501


class TooExpensive(NotPossible):
    """It would cost more than a limit; nothing was started.

    `unasked`: the prices that Mint has not been asked for yet.
    """

    def __init__(
        self, sentence: str, *, spent: float = 0.0, unasked: tuple[Query, ...] = ()
    ) -> None:
        super().__init__(Message("{problem} Nothing was started.", problem=sentence))
        self.sentence = sentence
        self.spent = spent
        self.unasked = unasked


class Budget:
    """What is known of prices and the balance.

    `answers` are the job service's, `took` tells what Mint took for the last optimization.
    """

    def __init__(
        self,
        answers: Mapping[Query, QueryAnswered],
        took: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.limits = Limits()
        self._answers = answers
        self._took = took
        self._is_open = False

    def known(self, query: Query, *, lasts: float = LASTS) -> QueryAnswered | None:
        """What was answered to this, unless that was long ago."""
        answered = self._answers.get(query)
        if answered is None:
            return None
        age = (datetime.now().astimezone() - answered.at).total_seconds()
        return answered if age < (COMPLAINT_LASTS if answered.complaint else lasts) else None

    def price(self, query: Query) -> float | None:
        """What Mint said last that this would cost; None where it has not, or does not, say.

        Of an optimization that is still to come it may only be known what another one costs, or did
        cost.
        """
        answered = self._answers.get(query)
        told = (
            answered.answer.estimated_total
            if answered and isinstance(answered.answer, Estimate)
            else None
        )
        return self._took() if told is None and query == OptimizationPrice() else told

    def total(self, queries: Sequence[Query | None]) -> float | None:
        """What all of this costs together; None where a part of it is not known."""
        prices = [self.price(query) if query else None for query in queries]
        told = [price for price in prices if price is not None]
        return sum(told) if len(told) == len(prices) else None

    @property
    def balance(self) -> float | None:
        """The Credits that can be spent, as last read."""
        answered = self._answers.get(Balance())
        return (
            answered.answer.credits.total_available
            if answered and isinstance(answered.answer, Usage)
            else None
        )

    def missing(self, job: Job, stopped_at: float) -> float | None:
        """How many Credits a job lacks that stopped for them: by the balance as read since then,
        else by what Mint said at the stop.
        """
        answered, required = self._answers.get(Balance()), _required(job)
        if (
            required is not None
            and self.balance is not None
            and answered is not None
            and answered.at.timestamp() > stopped_at
        ):
            return max(0.0, required - self.balance)
        billing = job.operation.billing if job.operation else None
        # that nothing is lacking is believed of the balance only
        return (billing.missing_credits or None) if billing else None

    def check(self, starts: Sequence[Sequence[Query | None]], spent: float) -> None:
        """Raises TooExpensive where what shall be started is not within the limits, given what was
        spent today.

        Each start is told as all that has a price in it; None instead of a question: there is no
        price to ask for.
        """
        if self._is_open:
            return
        queries = list(dict.fromkeys(query for start in starts for query in start if query))
        unasked = tuple(query for query in queries if not self.known(query))
        told = [None if set(unasked).intersection(start) else self.total(start) for start in starts]
        if sentence := objection_to_all(told, self.limits, spent):
            known = [each for query in queries if (each := self.known(query))]
            reason = next(
                (each.complaint for each in known if each.complaint), None
            ) or self.untold(queries)
            raise TooExpensive(sentences(sentence, reason or ""), spent=spent, unasked=unasked)

    def check_own(self, job: Job, queries: Sequence[Query | None]) -> None:
        """Raises TooExpensive where a new job would cost more than its own limit."""
        if not self._is_open and (
            sentence := objection_of_job(self.total(queries), job.max_credits)
        ):
            raise TooExpensive(
                sentence, unasked=tuple(each for each in queries if each and not self.known(each))
            )

    def check_waiting(self, jobs: Sequence[Job], others: float) -> None:
        """Raises TooExpensive where what is in line is not within the limits of today; `others`:
        what else was spent.
        """
        costs = [None if job.estimate is None else committed(job) for job in jobs]
        if (
            self.limits
            and not self._is_open
            and (sentence := objection_to_all(costs, self.limits, others))
        ):
            raise TooExpensive(sentence, spent=others)

    def check_click(
        self, job: Job, decision: Decision, queries: Sequence[Query | None], others: float
    ) -> None:
        """Raises TooExpensive where a click on a job leads above a limit of the user, or above the
        job's own.

        `questions`: all that has a price in it; `others`: what else than this job was spent today.
        """
        if self._is_open or not queries or not (self.limits or job.max_credits is not None):
            return
        unasked = tuple(query for query in queries if query and not self.known(query))
        is_new = decision.verb is Verb.RETRY
        price = self.total(queries)
        if price is None and not is_new:
            price = job.estimate
        total = None if unasked or price is None else self._after(job, decision)
        paid = job.paid_before + sum(
            each.credits.finalized or 0.0 for each in job.operations if each.credits
        )
        sentence = (
            objection(
                price if is_new and not unasked else total, replace(self.limits, day=0.0), others
            )
            or objection(
                None if total is None else total - paid,
                replace(self.limits, each=0.0),
                others + paid,
            )
            or objection_of_job(total, job.max_credits)
        )
        if sentence:
            raise TooExpensive(sentence, spent=others + paid, unasked=unasked)

    def _after(self, job: Job, decision: Decision) -> float:
        """What a job will have cost in all after this click; a revision costs no more than another
        Preview, where Mint tells its price.
        """
        answered = self._answers.get(Price.of(job.request))
        told = answered.answer if answered and isinstance(answered.answer, Estimate) else None
        if (
            decision.verb is Verb.REVISE
            and told
            and told.required_to_start
            and told.required_to_start < (told.estimated_total or 0.0)
        ):
            return committed(replace(job, decision=None)) + told.required_to_start
        return committed(replace(job, decision=decision))

    @property
    def is_open(self) -> bool:
        """Has the user been told, and wants it all the same?"""
        return self._is_open

    def untold(self, queries: Collection[Query]) -> str | None:
        """Why nobody can say what an optimization will cost, if that is what is lacking."""
        return (
            NO_MODEL_YET
            if OptimizationPrice() in queries and self.price(OptimizationPrice()) is None
            else None
        )

    @contextmanager
    def beyond_limits(self) -> Iterator[None]:
        """The user has been told, and wants it all the same."""
        self._is_open = True
        try:
            yield
        finally:
            self._is_open = False


def _required(job: Job) -> float | None:
    """What the balance has to be before a job that stopped for Credits can go on; without Mint's
    word, what it was expected to cost.
    """
    billing = job.operation.billing if job.operation else None
    return (
        billing.required_credits
        if billing and billing.required_credits is not None
        else job.estimate
    )
