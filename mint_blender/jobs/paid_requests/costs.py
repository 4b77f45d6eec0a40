# SPDX-License-Identifier: GPL-3.0-or-later
"""What the paid requests of a job have cost, or are expected to cost. Only their rows are asked.

An attempt is a start, or an optimization, with the decisions about what it makes. Its price is what
a person has accepted last: that of the start, and with each decision the sum until then. It costs:

    without an answer of Mint       its price, while it may have made or may still make something
    Mint works on it, Credits lack, its price, or what Mint has taken and reserved if that is more
      or a decision has no answer
    a Preview waits for a person    what Mint has taken and reserved so far
    it is over                      what Mint has taken
    another attempt has followed    what Mint has taken for good

Where Mint does not say what it takes, the price counts in place of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...mint.schema import Mode, Operation
from .record import STARTS, PaidRequest, PaidVerb


@dataclass(frozen=True)
class Attempt:
    """A start, or an optimization, and the decisions about what it makes. Amounts are Credits.

    Attributes:
        requests: Their rows; that of the start, or of the optimization, is the first.
        price: What a person has accepted last for all of it; 0 if that is unknown.
        answer: What Mint has said last about what it makes.
        is_latest: Whether no other attempt has followed.
    """

    requests: tuple[PaidRequest, ...]
    price: float
    answer: Operation | None
    is_latest: bool

    @property
    def first(self) -> PaidRequest:
        """The row of the start, or of the optimization."""
        return self.requests[0]

    @property
    def cost(self) -> float:
        """What it has cost, or is expected to cost when it is over."""
        if self.answer is None:
            first = self.first
            may_be_made = first.is_answered or first.is_open or first.is_left_in_doubt
            return self.price if may_be_made else 0.0
        if not self.is_latest:
            return finalized(self.answer)
        is_decided = any(request.is_open for request in self.requests[1:])
        if is_decided or self.answer.is_busy or self.answer.awaits_payment:
            return max(self.spent, self.price)
        is_made = self.answer.succeeded and self.answer.credits is None
        is_unsaid = not self.spent and (is_made or self.answer.awaits_review)
        return self.price if is_unsaid else self.spent

    @property
    def spent(self) -> float:
        """What Mint has taken and reserved, and still requires to continue."""
        if self.answer is None or self.answer.credits is None:
            return 0.0
        if not (self.answer.is_busy or self.answer.awaits_payment):
            return self.answer.credits.spent
        # the price is no bound: each revision costs another Preview
        billing = self.answer.billing
        required = (billing.required_credits if billing else None) or 0.0
        return finalized(self.answer) + reserved(self.answer) + required

    @property
    def arose_at(self) -> float | None:
        """When its cost arose: when its latest request was sent, by Mint's clock.

        In seconds since the epoch; None: one of its requests is still to be sent, by this journal
        or by its original.
        """
        if any(
            request.is_still_to_be_sent or (request.is_open and request.is_copied)
            for request in self.requests
        ):
            return None
        # what others can order too, such as a line, is as old as its order: the attempt is later
        return max(max(each.born, each.attempted, each.copied) for each in self.requests)

    @property
    def paid(self) -> float:
        """What Mint has taken for good, or may have taken for an earlier attempt."""
        return finalized(self.answer) if self.is_latest else self.cost

    @property
    def under_way(self) -> float:
        """What it costs although nothing more is sent: Mint makes it, or has made it."""
        if self.answer is None:
            return self.cost if self.first.is_answered else 0.0
        waits = self.answer.awaits_review or self.answer.awaits_payment
        return self.answer.credits.spent if waits and self.answer.credits else self.cost

    @property
    def is_to_pay(self) -> bool:
        """Whether it takes Credits when it continues: it is still to be sent, or Credits lack."""
        return self.first.is_open if self.answer is None else self.answer.awaits_payment


def attempts_of(requests: Sequence[PaidRequest], mode: Mode) -> list[Attempt]:
    """Return the attempts of a job; `mode` is that of its generation."""
    starts: list[list[PaidRequest]] = []
    optimizations: list[list[PaidRequest]] = []
    for request in requests:
        if request.verb is PaidVerb.OPTIMIZE:
            optimizations.append([request])
        elif request.verb in STARTS or not starts:
            starts.append([request])
        else:
            starts[-1].append(request)
    return [*_attempts(starts, mode), *_attempts(optimizations, mode)]


def _attempts(groups: Sequence[Sequence[PaidRequest]], mode: Mode) -> Iterator[Attempt]:
    of_start = 0.0
    for group in groups:
        of_start = last_price(group[:1]) or of_start
        valid = [request for request in group[1:] if request.is_open or request.is_answered]
        price = last_price(valid) or of_start
        answers = [request.answer for request in group if request.answer is not None]
        answer = answers[-1].with_mode(mode) if answers else None
        yield Attempt(tuple(group), price, answer, is_latest=group is groups[-1])


def last_price(requests: Iterable[PaidRequest]) -> float | None:
    """Return the price that a person has accepted last for one of these; None if unknown."""
    known = [request.credits for request in requests if request.credits is not None]
    return known[-1] if known else None


def finalized(operation: Operation | None) -> float:
    """Return the Credits that Mint has taken for good."""
    credits = operation.credits if operation else None
    return (credits.finalized or 0.0) if credits else 0.0


def reserved(operation: Operation | None) -> float:
    """Return the Credits that Mint holds for what is still to be made."""
    credits = operation.credits if operation else None
    return (credits.reserved or 0.0) if credits else 0.0
