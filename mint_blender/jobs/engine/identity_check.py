# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint is asked whose key is in use, before anything else is sent with it; jobs wait for that as
long as it takes.
"""

from __future__ import annotations

import math
from typing import Protocol

from ...mint.errors import KeyMissing, KeyRefused, MintError
from ...mint.schema import Me
from ..storage.journal import Journal
from . import identity_state
from .call_pool import CallPool, Lane
from .config import EngineConfig
from .identity_state import Identity
from .messages import CallEnded
from .retries import RetryTimer


class Wake(Protocol):
    """Have a job's story told; `refusal`: why it will not be known whose key it is."""

    def __call__(self, job_id: str, number: int, *, refusal: MintError | None = None) -> None: ...


class IdentityCheck:
    """Asks, and tells the journal. For the scheduler's thread."""

    def __init__(
        self,
        setup: EngineConfig,
        journal: Journal,
        calls: CallPool,
        retries: RetryTimer,
        look: Wake,
    ) -> None:
        self._setup = setup
        self._journal = journal
        self._calls = calls
        self._retries = retries
        self._look = look
        self._identity = Identity(setup.retries)
        self._call: int | None = None  # number of the question that is in flight

    @property
    def waiting(self) -> bool:
        """Does a job wait for the answer?"""
        return bool(self._identity.waiting)

    @property
    def due(self) -> float:
        """When to ask."""
        return self._identity.due if self._call is None else math.inf

    def is_needed(self) -> bool:
        """Is it still open whose key is in use?"""
        return (
            self._journal.current_account is not None
            and not self._journal.current_account.is_identified
        )

    def wait_for(self, job_id: str, number: int) -> None:
        """This job is looked at as soon as there is an answer."""
        self._identity.wait_for(job_id, number)

    def take_waiting(self) -> dict[str, int]:
        """All that has waited, with the number of the last look at each: there is another key."""
        self._call = None
        return self._identity.take_waiting()

    def try_at_once(self) -> None:
        """Something has changed that may help: do not wait for the end of a pause."""
        self._identity.due = 0.0

    def run_once(self) -> None:
        """Ask, if it is time."""
        if self.waiting and self.due <= self._setup.clock():
            self._call = self._calls.send(
                "", 0, lambda client: client.me(), Lane.DECISION, changes=False
            )

    def take_in(self, ended: CallEnded) -> None:
        """A call has come back, which may be this one."""
        if ended.number != self._call:
            return
        self._call = None
        if isinstance(ended.found, Me):
            self.hear(ended.found, asked=True)
        else:
            self.hear(
                ended.error if isinstance(ended.error, MintError) else MintError(str(ended.error)),
                asked=True,
            )

    def hear(self, said: Me | MintError, *, asked: bool) -> None:
        """Mint has said it, does not say it, refuses the key, or could not be reached: then it is
        asked again. `asked`: for jobs.
        """
        known = identity_state.user_of(said)
        if known is not identity_state.NOT_SAID:
            self._journal.resolve_account(known)
            for job_id, number in self._identity.take_waiting().items():
                self._look(job_id, number)
        elif not isinstance(said, MintError) or not asked:
            return
        elif (
            wait := self._identity.wait(said, self._setup.clock(), self._setup.chance())
        ) is not None:
            for job_id in self._identity.waiting:
                self._retries.say(job_id, said, wait, self._identity.failing_since)
        else:
            if isinstance(said, KeyRefused | KeyMissing):
                self._journal.release_unsent_jobs()
            for job_id, number in self._identity.take_waiting().items():
                self._look(job_id, number, refusal=said)
