# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes between the main thread and the worker: small values in queues, and nothing else is
shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ...files.errors import FileError
from ...mint.account import Account
from ...mint.errors import MintError
from ...mint.schema import Me
from ..job import Job, Kept, Role
from ..queries import Answer, Query

# -- to the worker
# ----------------------------------------------------------------------------------------------------  # noqa: E501


@dataclass(frozen=True)
class Wake:
    """The journal has news of this job: (re)tell its story.

    `number` comes back when it rests, so that both sides mean the same look.
    """

    job_id: str
    number: int = 0


@dataclass(frozen=True)
class SetAccount:
    """From now on talk to Mint with this account."""

    account: Account


@dataclass(frozen=True)
class SetOnline:
    """Whether anything may be sent. Off: all stories stand still, and go on when it is on again."""

    allowed: bool


@dataclass(frozen=True)
class Ask:
    """A question to Mint that is no job: balance, price, whose key.

    `number` comes back with the answer.
    """

    query: Query
    number: int = 0


@dataclass(frozen=True)
class Fetched:
    """A download ended. `serial` tells an answer from a late one that nobody waits for any more."""

    job_id: str
    serial: int
    name: str  # of the file, without its ending
    outcome: Kept | FileError


@dataclass(frozen=True)
class CallEnded:
    """A call to Mint for a job has come back: with what was `found`, or with the `error`, of this
    account.
    """

    job_id: str
    serial: int
    number: int
    found: object
    error: Exception | None
    account: Account


@dataclass(frozen=True)
class QueryEnded:
    """A question has its answer, for the main thread; the file host's have gone there already.

    `reached`: Mint has answered.

    `said` is what it said about whose key this `account` has, where that was the question.
    """

    number: int
    reached: bool = False
    said: Me | MintError | None = None
    account: Account | None = None
    answered: QueryAnswered | None = None


@dataclass(frozen=True)
class Halt:
    """Stop telling stories; the journal knows where each one is."""


Command = Wake | SetAccount | SetOnline | Ask | Fetched | CallEnded | QueryEnded | Halt

# -- from the worker
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JobChanged:
    """A job as it has just been committed."""

    job: Job


@dataclass(frozen=True)
class Idle:
    """Nothing goes on by itself with this job: it waits for a person, is over, or is driven by
    another process.

    `number` is that of the last `Look` at it: an older one than was sent last means that the story
    goes on after all.
    """

    job_id: str
    number: int = 0


@dataclass(frozen=True)
class RetryScheduled:
    """A call or a download failed and is tried again in `seconds`.

    `without_answer` is for how long nobody has been answered by then; a wait that Mint asked for
    does not count.
    """

    job_id: str
    sentence: str
    seconds: float
    without_answer: float = 0.0


@dataclass(frozen=True)
class Recovered:
    """What failed for this job has worked again."""

    job_id: str


@dataclass(frozen=True)
class Progress:
    """Bytes of a download; `total` is None where the host does not say."""

    job_id: str
    role: Role
    done: int
    total: int | None


@dataclass(frozen=True)
class QueryAnswered:
    """What Mint answered to a question, or a sentence about why there is no answer."""

    query: Query
    answer: Answer | None
    complaint: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now().astimezone())
    # of the `Ask`: an older one than was sent last was meant for an earlier account, or will be
    # answered once more
    number: int = 0


@dataclass(frozen=True)
class Crashed:
    """The worker itself failed; its jobs are in the journal."""

    sentence: str


Event = JobChanged | Idle | RetryScheduled | Recovered | Progress | QueryAnswered | Crashed
