# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices and the balance as far as they are known, and the limits that the user has set. The board has one; it asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from ..mint.accounting import Estimate, Usage
from .job import Job
from .messages import Answered
from .questions import Balance, Question
from .spending import Limits, objection_to_all

LASTS = 3600.0  # seconds for which a price or a balance is taken as it was read
COMPLAINT_LASTS = 30.0  # seconds until what went wrong is tried again


class NotPossible(Exception):
    """The user asked for something that makes no sense (now): the sentence says why."""


class TooExpensive(NotPossible):
    """It would cost more than a limit; nothing was started. `unasked`: the price that Mint has not been asked for yet."""

    def __init__(self, sentence: str, *, spent: float = 0.0, unasked: Question | None = None) -> None:
        super().__init__(f"{sentence} Nothing was started.")
        self.sentence = sentence
        self.spent = spent
        self.unasked = unasked


class Purse:
    """What is known of prices and the balance. `answers` are the board's."""

    def __init__(self, answers: Mapping[Question, Answered]) -> None:
        self.limits = Limits()
        self._answers = answers
        self._is_open = False

    def known(self, question: Question, *, lasts: float = LASTS) -> Answered | None:
        """What was answered to this, unless that was long ago."""
        answered = self._answers.get(question)
        if answered is None:
            return None
        age = (datetime.now().astimezone() - answered.at).total_seconds()
        return answered if age < (COMPLAINT_LASTS if answered.complaint else lasts) else None

    def price(self, question: Question) -> float | None:
        """What Mint said last that this would cost; None where it has not, or does not, say."""
        answered = self._answers.get(question)
        return answered.answer.estimated_total if answered and isinstance(answered.answer, Estimate) else None

    @property
    def balance(self) -> float | None:
        """The Credits that can be spent, as last read."""
        answered = self._answers.get(Balance())
        return answered.answer.credits.total_available if answered and isinstance(answered.answer, Usage) else None

    def missing(self, job: Job, stopped_at: float) -> float | None:
        """How many Credits a job lacks that stopped for them: by the balance as read since then, else by what Mint said at the stop."""
        answered, required = self._answers.get(Balance()), _required(job)
        if required is not None and self.balance is not None and answered is not None and answered.at.timestamp() > stopped_at:
            return max(0.0, required - self.balance)
        billing = job.operation.billing if job.operation else None
        return (billing.missing_credits or None) if billing else None  # that nothing is lacking is believed of the balance only

    def check(self, questions: Sequence[Question | None], spent: float) -> None:
        """Raises TooExpensive where what is asked for is not within the limits, given what was spent today.

        None instead of a question: there is no price to ask for."""
        if self._is_open:
            return
        known = [self.known(question) if question is not None else None for question in questions]
        told = [self.price(each.question) if each else None for each in known]
        if sentence := objection_to_all(told, self.limits, spent):
            complaint = next((each.complaint for each in known if each and each.complaint), None)
            unasked = next((question for question, answered in zip(questions, known, strict=True) if question and not answered), None)
            raise TooExpensive(f"{sentence} {complaint}" if complaint else sentence, spent=spent, unasked=unasked)

    @contextmanager
    def beyond_limits(self) -> Iterator[None]:
        """The user has been told, and wants it all the same."""
        self._is_open = True
        try:
            yield
        finally:
            self._is_open = False


def _required(job: Job) -> float | None:
    """What the balance has to be before a job that stopped for Credits can go on; without Mint's word, what it was expected to cost."""
    billing = job.operation.billing if job.operation else None
    return billing.required_credits if billing and billing.required_credits is not None else job.estimate
