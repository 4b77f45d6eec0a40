# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in the product's table that are made on purpose; the model has to notice each.

Others that the simulation notices are in `tests/simulation/mutations.py`: it knows no copies of a
journal, and nobody clicks there while an answer arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from mint_blender.jobs.paid_requests import table
from mint_blender.jobs.paid_requests.record import PaidRequest
from mint_blender.jobs.paid_requests.table import PaidRequests

_may_be_sent = PaidRequest.may_be_sent
_get, _answer, _take_over = PaidRequests.get, PaidRequests.answer, PaidRequests.take_over
_read = PaidRequests._read


def _copies_send() -> AbstractContextManager[Any]:
    """A copy of the journal sends by itself."""

    def may(self: PaidRequest, now: float, credential: str) -> bool:
        return _may_be_sent(replace(self, is_copied=False), now, credential)

    return patch.object(PaidRequest, "may_be_sent", may)


def _takes_over_without_an_attempt() -> AbstractContextManager[Any]:
    """A copy that takes over counts no attempt for the original."""

    def take_over(self: Any, key: str) -> Any:
        before, after = _get(self, key), _take_over(self, key)
        if before is not None and after is not None and after.attempts > before.attempts:
            query = "UPDATE paid_requests SET attempts = attempts - 1 WHERE key = ?"
            self._db.rows(query, key)
        return _get(self, key)

    return patch.object(PaidRequests, "take_over", take_over)


def _forgets_late_answers() -> AbstractContextManager[Any]:
    """The answer to a request that was given up meanwhile is not stored."""

    def answer(self: Any, key: str, made: str) -> Any:
        request = _get(self, key)
        return request if request and request.closed else _answer(self, key, made)

    return patch.object(PaidRequests, "answer", answer)


def _trusts_copies() -> AbstractContextManager[Any]:
    """A copy of the journal believes that nothing was sent."""

    def read(self: Any, clause: str, *values: object) -> Any:
        return tuple(replace(each, is_copied=False) for each in _read(self, clause, *values))

    return patch.object(PaidRequests, "_read", read)


def _cancels_what_is_in_doubt() -> AbstractContextManager[Any]:
    """Every cancel says that nothing was started."""

    def cancel(self: Any, key: str) -> Any:
        request = _get(self, key)
        if request is not None and request.is_open:
            self._db.rows("UPDATE paid_requests SET closed = 'canceled' WHERE key = ?", key)
        return _get(self, key)

    return patch.object(table.PaidRequests, "cancel", cancel)


MUTANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "copies send": _copies_send,
    "takes over without an attempt": _takes_over_without_an_attempt,
    "forgets late answers": _forgets_late_answers,
    "trusts copies": _trusts_copies,
    "cancels what is in doubt": _cancels_what_is_in_doubt,
}
