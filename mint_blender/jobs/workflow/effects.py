# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects: what a workflow wants done next, as plain values.

The engine decides when and on which thread they are performed. Each effect names the type of its
result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ...mint import schema
from ..job import Job
from ..job_values import PAID_VERBS, LocalFile, Role
from ..paid_requests.record import PaidRequest, PaidVerb
from ..paid_requests.send import PaidCall, Sent
from ..phases import HAS_RESULT, Phase
from ..queries import LARGEST_PAGE, PriceQuery, quote

if TYPE_CHECKING:
    from ...mint.client import Client
    from ..storage.journal import Journal

T_co = TypeVar("T_co", covariant=True)


class Lane(StrEnum):
    """Kinds of work on threads that do not wait for each other.

    A person waits for decisions and queries, and thumbnails never delay paid files.
    """

    CALL = "mint-call"
    DECISION = "mint-decision"
    UPLOAD = "mint-upload"
    DOWNLOAD = "mint-download"
    PICTURE = "mint-picture"


WITHOUT_MINT = frozenset({None, Lane.DOWNLOAD, Lane.PICTURE})
"""The lanes of effects that need no call to Mint."""


@dataclass(frozen=True)
class Effect(Generic[T_co]):
    """Base of all effects; T_co is the type of the result.

    `after` are the seconds to wait first. An effect that `is_read` only reads, so that losing its
    result does no harm.
    """

    is_read: ClassVar[bool] = False
    after: float = field(default=0.0, kw_only=True)

    @property
    def lane(self) -> Lane | None:
        """On which threads it is performed; None: on that of the worker."""
        return None


class Call(Effect[T_co]):
    """Base of the effects that are one call to Mint, which costs nothing.

    `method` is the method of the client; the fields are its arguments, in this order.
    """

    method: ClassVar[str]
    lane = Lane.CALL

    def make(self, client: Client) -> T_co:
        """Return Mint's answer. Raises MintError."""
        arguments = [getattr(self, each.name) for each in fields(self) if not each.kw_only]
        answer: T_co = getattr(client, self.method)(*arguments)
        return answer


class Read(Call[T_co]):
    """Base of the calls that only read."""

    is_read = True


class JournalEffect(Effect[T_co]):
    """Base of the effects that need only the journal."""

    def apply(self, journal: Journal, job: Job) -> T_co:
        """Read or change the journal. Raises JournalError."""
        raise NotImplementedError


@dataclass(frozen=True)
class TakeSlot(Effect[None]):
    """Wait until fewer generations of this kind are active than Mint allows.

    Decisions of the user come first. A `kind` of None takes no slot and does not wait.
    """

    kind: schema.Kind | None


@dataclass(frozen=True)
class Upload(Effect[str]):
    """Upload one local reference image to Mint; the result is its permanent URL.

    `force` uploads it even if it was uploaded before.
    """

    lane = Lane.UPLOAD
    path: str
    key: str
    force: bool = False


@dataclass(frozen=True)
class Quote(Read[schema.Estimate]):
    """Request the current price; the estimate is empty if Mint returns none."""

    query: PriceQuery

    def make(self, client: Client) -> schema.Estimate:
        """Return Mint's answer. Raises MintError."""
        return quote(client, self.query)


@dataclass(frozen=True)
class Pay(Effect[Sent]):
    """Send a paid request, unless that could cost anything a second time."""

    call: PaidCall

    @property
    def lane(self) -> Lane:
        """On which threads it is sent: a person waits for a decision."""
        return Lane.DECISION if self.call.verb in PAID_VERBS.values() else Lane.CALL


@dataclass(frozen=True)
class Order(JournalEffect[PaidRequest]):
    """Insert the record of another paid request of the job, with the exact body, if known."""

    subject: str
    verb: PaidVerb
    body: str | None = None

    def apply(self, journal: Journal, job: Job) -> PaidRequest:
        """Return the result. Raises JournalError."""
        return journal.order(job, self.subject, self.verb, body=self.body)


@dataclass(frozen=True)
class Adopt(JournalEffect[PaidRequest | None]):
    """Store that a request in doubt has made this asset; None if another record names it."""

    key: str
    asset_id: str

    def apply(self, journal: Journal, job: Job) -> PaidRequest | None:
        """Return the result. Raises JournalError."""
        return journal.adopt(job, self.key, self.asset_id)


@dataclass(frozen=True)
class Close(JournalEffect[PaidRequest | None]):
    """Store that a paid request is over: Mint was asked, and does not show what it has made."""

    key: str

    def apply(self, journal: Journal, job: Job) -> PaidRequest | None:
        """Return the result. Raises JournalError."""
        return journal.close_request(self.key)


@dataclass(frozen=True)
class NoteLook(JournalEffect[PaidRequest | None]):
    """Store that Mint was asked what a request in doubt has made; None: with another API key."""

    key: str

    def apply(self, journal: Journal, job: Job) -> PaidRequest | None:
        """Return the result. Raises JournalError."""
        return journal.note_look(self.key)


@dataclass(frozen=True)
class ReadClock(Read[float]):
    """Ask Mint what time it is, in seconds since the epoch."""

    def make(self, client: Client) -> float:
        """Return Mint's answer. Raises MintError."""
        return client.mint_time(is_fresh=True)


@dataclass(frozen=True)
class Cancel(Call[schema.Operation]):
    """Cancel an operation, which is free. Its key is the same for each try."""

    lane = Lane.DECISION
    operation_id: str

    def make(self, client: Client) -> schema.Operation:
        """Return Mint's answer. Raises MintError."""
        return client.cancel(self.operation_id, key=f"mint-blender-cancel-{self.operation_id}")


@dataclass(frozen=True)
class Poll(Read[schema.PollResult]):
    """Read the current state of an operation."""

    method = "poll"
    operation_id: str


@dataclass(frozen=True)
class ReadAsset(Read[schema.Asset]):
    """Read a Model or World."""

    method = "asset"
    kind: schema.Kind
    asset_id: str


@dataclass(frozen=True)
class ReadAnimation(Read[tuple[schema.AnimationFile, ...]]):
    """Read which files an animation has."""

    method = "animation_files"
    type: schema.AnimationType
    animation_id: str


@dataclass(frozen=True)
class ReadFileUrl(Read[str]):
    """Read the present address of a file of an animation."""

    method = "animation_file_url"
    type: schema.AnimationType
    animation_id: str
    file_id: str


@dataclass(frozen=True)
class ReadPage(Read[schema.Page]):
    """Read a page of the API project's assets of one kind, newest first."""

    kind: schema.Kind
    cursor: str | None = None

    def make(self, client: Client) -> schema.Page:
        """Return Mint's answer. Raises MintError."""
        return client.page(self.kind, cursor=self.cursor, limit=LARGEST_PAGE)


@dataclass(frozen=True)
class ReadFirst(JournalEffect[Job | None]):
    """Read the job that has to succeed first; None if it never will."""

    job_id: str

    def apply(self, journal: Journal, job: Job) -> Job | None:
        """Return the result. Raises JournalError."""
        first = journal.listed_job(self.job_id)
        if first is not None:
            return None if first.phase in {Phase.FAILED, Phase.CANCELED} else first
        dismissed = journal.job(self.job_id)
        return dismissed if dismissed and dismissed.phase in HAS_RESULT else None


@dataclass(frozen=True)
class ReadOtherAssets(JournalEffect[frozenset[str]]):
    """Read from the journal which assets other jobs are about."""

    def apply(self, journal: Journal, job: Job) -> frozenset[str]:
        """Return the result. Raises JournalError."""
        return journal.assets(exclude=job.id)


@dataclass(frozen=True)
class Fetch(Effect[LocalFile]):
    """Download and check one file; the result is the file on disk.

    With `save_as`, a path without ending, it becomes the user's own file; existing files are not
    overwritten. A file that is `only_copied` need not be one that Blender can import.
    """

    role: Role
    url: str
    name: str
    note: str | None = None
    save_as: str | None = None
    only_copied: bool = False

    @property
    def lane(self) -> Lane:
        """On which threads it is downloaded."""
        return Lane.PICTURE if self.role is Role.PICTURE else Lane.DOWNLOAD


@dataclass(frozen=True)
class OptionalFetch(Effect[LocalFile | None]):
    """Download a file without waiting: the result is None until it is there.

    Perform the same effect again to get the file or the error.
    """

    fetch: Fetch


@dataclass(frozen=True)
class Step:
    """What a workflow yields: the job as it is now, to be committed first, and an effect."""

    job: Job
    effect: Effect[Any]
