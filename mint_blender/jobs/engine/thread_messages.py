# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages between the main thread, the worker and its pools: small frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from ...mint.account import Account
from ..job_values import Role
from ..queries import Query, QueryAnswered

# -- to the worker


@dataclass(frozen=True)
class Wake:
    """Run the workflow of this job (again), since its record in the journal has changed.

    `number` comes back in `Idle`, so that both sides mean the same Wake.
    """

    job_id: str
    number: int = 0


@dataclass(frozen=True)
class SetAccount:
    """Talk to Mint with this account from now on."""

    account: Account


@dataclass(frozen=True)
class SetOnline:
    """Set whether anything may be sent. While it may not, all workflows pause."""

    allowed: bool


@dataclass(frozen=True)
class Ask:
    """Answer a query. `number` comes back with the answer."""

    query: Query
    number: int = 0


@dataclass(frozen=True)
class Ended:
    """A call or a download has ended with this result, or with the error that it raised."""

    number: int
    outcome: object


@dataclass(frozen=True)
class Stop:
    """Stop all workflows. The journal knows where each one is."""


Command = Wake | SetAccount | SetOnline | Ask | Ended | Stop

# -- from the worker


@dataclass(frozen=True)
class JobChanged:
    """A job was committed, or what had failed for it has succeeded."""

    job_id: str


@dataclass(frozen=True)
class Idle:
    """No workflow runs for this job: it waits for a person, is over, or runs in another process.

    `number` is that of the last `Wake`. If a later Wake has been sent, the workflow runs after all.
    """

    job_id: str
    number: int = 0


@dataclass(frozen=True)
class RetryScheduled:
    """A call or a download has failed and is tried again in `seconds`.

    `without_answer` is the number of seconds without any answer, counted up to that retry. A wait
    that Mint asked for does not count.
    """

    job_id: str
    message: str
    seconds: float
    without_answer: float = 0.0


@dataclass(frozen=True)
class Progress:
    """Bytes of a download. `total` is None where the host does not say."""

    job_id: str
    role: Role
    done: int
    total: int | None


@dataclass(frozen=True)
class Crashed:
    """The worker itself has failed. Its jobs are in the journal."""

    message: str


@dataclass(frozen=True)
class Notified:
    """Something outside the engine has happened, such as a file that was written, or time."""


Event = JobChanged | Idle | RetryScheduled | Progress | QueryAnswered | Crashed | Notified
