# SPDX-License-Identifier: GPL-3.0-or-later
"""The queries of the main thread: which are pending, and the latest answer to each."""

from __future__ import annotations

from ..queries import Answer, Query
from .pending_requests import Pending
from .thread_messages import QueryAnswered
from .worker import Worker


class QueryCache:
    """Sends queries through the worker and keeps their answers. For the main thread only."""

    def __init__(self, worker: Worker) -> None:
        self.answers: dict[Query, QueryAnswered] = {}
        """The latest answer, or the reason why there is none."""
        self._worker = worker
        self._pending: Pending[Query] = Pending()

    def ask(self, query: Query) -> None:
        """Send a query; `answers` has its answer after a later `catch_up`."""
        self._worker.ask(query, self._pending.begin(query))

    def cache_answer(self, query: Query, answer: Answer) -> None:
        """Store an answer that was obtained in another way."""
        self.answers[query] = QueryAnswered(query, answer)

    def is_pending(self, query: Query) -> bool:
        """Return whether an answer is on its way."""
        return query in self._pending

    def pending(self) -> frozenset[Query]:
        """Return every query whose answer is on its way."""
        return frozenset(self._pending)

    def receive(self, event: QueryAnswered) -> None:
        """Store an answer, unless the same query was sent again since."""
        if self._pending.end(event.query, event.number):
            self.answers[event.query] = event

    def cancel_pending(self) -> None:
        """Expect no more answers: the worker has crashed."""
        self._pending.clear()

    def clear(self) -> None:
        """Forget all answers: another account may get different ones."""
        self.answers.clear()
        self._pending.clear()
