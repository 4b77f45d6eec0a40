# SPDX-License-Identifier: GPL-3.0-or-later
"""What the record of a paid request says, and how it may change.

    open ── answered       Mint has named what it made
      ├──── refused        each attempt was clearly refused: nothing was started
      ├──── canceled       nothing was started
      ├──── dropped        given up, and Mint may have started it; nothing is sent any more
      └──── over           given up, and Mint's lists were read since

An open record is *clean* while it is certain that nothing was started, otherwise *in doubt*. A
clean one may be sent at any time; one in doubt only while it is young, with the same API key and
from the same journal file: Mint then answers with what it has started.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType

from ...mint.schema import Operation

YOUNG_FOR = 12 * 3600.0
"""Seconds for which a request in doubt is repeated. Mint keeps a key for twice as long."""
SETTLED_AFTER = 600.0
"""Seconds after the last attempt until nothing of it can be on its way any more."""
CLOCK_DIFFERENCE = 120.0
"""Seconds by which a time in Mint's lists may be before the `Date` of Mint's answers."""
OTHER_CLOCK_DIFFERENCE = 26 * 3600.0
"""Seconds by which it may be before the time that another machine's clock showed: a wrong day."""


class PaidVerb(StrEnum):
    """What a paid request asks Mint to do."""

    START = "start"
    APPROVE = "approve"
    REVISE = "revise"
    RESUME = "resume"
    RETRY = "retry"
    OPTIMIZE = "optimize"
    CONVERT = "convert"
    ANIMATE = "animate"


STARTS = frozenset({PaidVerb.START, PaidVerb.RETRY, PaidVerb.CONVERT, PaidVerb.ANIMATE})
"""Of what these make comes the result of a job."""


class State(StrEnum):
    """What is known about a paid request."""

    CLEAN = "clean"
    IN_DOUBT = "in doubt"
    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELED = "canceled"
    DROPPED = "dropped"
    OVER = "over"


class Event(StrEnum):
    """What may happen to a paid request."""

    ATTEMPT = "attempt"  # about to be sent
    ANSWER = "answer"  # Mint, or Mint's list, names what was made
    REFUSAL = "refusal"  # Mint clearly refused one attempt
    END = "end"  # the refusal was final
    CANCEL = "cancel"  # a person gives it up
    LOOK = "look"  # Mint's lists were read, and do not show it
    TAKE_OVER = "take over"  # a person wants a copy of the journal to send it once more
    REPLACE = "replace"  # a person orders it again
    REOPEN = "reopen"  # a person orders it again, and this journal has started nothing


OPEN = frozenset({State.CLEAN, State.IN_DOUBT})

TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.CLEAN, Event.ATTEMPT): State.IN_DOUBT,
        (State.CLEAN, Event.END): State.REFUSED,
        (State.CLEAN, Event.CANCEL): State.CANCELED,
        (State.CLEAN, Event.REPLACE): State.OVER,
        (State.IN_DOUBT, Event.ATTEMPT): State.IN_DOUBT,
        # CLEAN, if every attempt was refused now
        (State.IN_DOUBT, Event.REFUSAL): State.IN_DOUBT,
        (State.IN_DOUBT, Event.CANCEL): State.DROPPED,
        (State.IN_DOUBT, Event.LOOK): State.IN_DOUBT,
        (State.IN_DOUBT, Event.TAKE_OVER): State.IN_DOUBT,
        (State.IN_DOUBT, Event.REPLACE): State.OVER,
        (State.DROPPED, Event.LOOK): State.OVER,
        (State.DROPPED, Event.REPLACE): State.OVER,
        (State.DROPPED, Event.REOPEN): State.IN_DOUBT,
        (State.DROPPED, Event.REFUSAL): State.DROPPED,
        (State.OVER, Event.REFUSAL): State.OVER,
        (State.ANSWERED, Event.REFUSAL): State.ANSWERED,
        # a start that stopped for Credits is repeated after they were bought
        (State.ANSWERED, Event.ATTEMPT): State.ANSWERED,
        **{(state, Event.ANSWER): State.ANSWERED for state in State},
    }
)
"""What may happen in each state, and the state that follows. Anything else changes nothing."""


class IllegalTransition(Exception):
    """A change that `TRANSITIONS` does not allow: a bug in our code."""


@dataclass(frozen=True)
class PaidRequest:
    """The record of one paid request. Times are Mint's, in seconds since the epoch.

    Attributes:
        key: The idempotency key.
        subject: What was ordered: a job, a line of a batch, a Preview, an operation, an asset.
        verb: What Mint was asked to do with it.
        number: Counts the records of this subject and verb, from 1.
        job: The job that it belongs to.
        body: The exact JSON that is sent; None before the first attempt.
        credits: The accepted price; None if Mint returned none.
        priced_at: When Mint was asked for these prices; None: at the click.
        journal: The identity of the journal file in which it was inserted or taken over.
        born: When it was inserted; from the first attempt that may be at Mint on, that attempt.
        credential: A hash of the API key of that attempt.
        attempts: How many were begun.
        refusals: How many of them Mint clearly refused.
        attempted: When the last one was begun.
        copied: Until when the original may have sent it: the journal was noticed to be a copy then,
            and nobody knew what had become of the request. 0: that was never so.
        operation: What Mint has named: an operation, or an asset in its list.
        answer: What Mint has said last about that operation.
        closed: REFUSED, CANCELED, DROPPED or OVER.
        looked_by: The journal that was told what Mint shows since the last attempt.
        is_copied: Whether the journal file is another one now: a backup, or a copy.
        is_looked_for: Whether it is this journal that was told that.
    """

    key: str
    subject: str
    verb: PaidVerb
    number: int
    job: str
    body: str | None = None
    credits: float | None = None
    priced_at: float | None = None
    journal: str = ""
    born: float = 0.0
    credential: str = ""
    attempts: int = 0
    refusals: int = 0
    attempted: float = 0.0
    copied: float = 0.0
    operation: str | None = None
    answer: Operation | None = None
    closed: State | None = None
    looked_by: str = ""
    is_copied: bool = False
    is_looked_for: bool = False

    @property
    def is_outside(self) -> bool:
        """Whether others can order the same: only a job's own id is known to nobody else."""
        return not self.subject.startswith(JOB)

    @property
    def state(self) -> State:
        """What is known about it."""
        if self.operation is not None:
            return State.ANSWERED
        if self.closed is not None:
            return self.closed
        may_be_at_mint = self.has_unclear_attempt or self.is_outside
        return State.IN_DOUBT if may_be_at_mint else State.CLEAN

    @property
    def has_unclear_attempt(self) -> bool:
        """Whether an attempt of this journal, or of its original, may have started something.

        A conflict says nothing about that: it may be with a second copy of the very same request.
        """
        return self.is_copied or self.attempts != self.refusals

    @property
    def is_open(self) -> bool:
        """Whether it may still be sent, in principle."""
        return self.state in OPEN

    @property
    def is_answered(self) -> bool:
        """Whether it is known what Mint has made."""
        return self.operation is not None

    @property
    def found_asset(self) -> str | None:
        """The asset that was found in Mint's list; None if Mint itself named an operation."""
        made = self.operation or ""
        return made.removeprefix(FOUND) if made.startswith(FOUND) else None

    @property
    def is_unsent(self) -> bool:
        """Whether this journal has never begun to send it."""
        return self.attempts == 0 and not self.is_copied and self.operation is None

    @property
    def is_still_to_be_sent(self) -> bool:
        """Whether it may be sent, and no attempt of this journal can have started anything."""
        return self.is_open and not self.has_unclear_attempt

    @property
    def may_be_reopened(self) -> bool:
        """Whether it was given up, and only others can have started something with its key.

        With another key, the same could be paid for twice. In a copy of the journal, the original
        is one of the others: it is looked for there before it is sent.
        """
        is_unsent = self.attempts == self.refusals
        return self.state is State.DROPPED and self.is_outside and is_unsent

    @property
    def is_refused_here(self) -> bool:
        """Whether Mint has clearly refused every attempt of this journal."""
        return self.attempts > 0 and not self.has_unclear_attempt and not self.is_answered

    @property
    def may_be_sent_once_more(self) -> bool:
        """Whether a person may want it to be sent again: free while Mint remembers it."""
        return self.is_open and self.attempts > 0

    @property
    def may_be_started(self) -> bool:
        """Whether this journal has sent it, and nobody knows yet what became of it."""
        return self.state in {State.IN_DOUBT, State.DROPPED} and self.has_unclear_attempt

    @property
    def is_left_in_doubt(self) -> bool:
        """Whether it was given up although Mint may have carried it out: it counts as paid."""
        return self.state in {State.DROPPED, State.OVER} and self.has_unclear_attempt

    def may_be_sent(self, now: float, credential: str) -> bool:
        """Return whether sending it now cannot start, or cost, anything a second time.

        `now` is Mint's time.
        """
        if not (self.is_open or self.is_answered) or self.is_copied:
            return False  # a copy is looked for first, and then a person decides
        is_refused = self.attempts == self.refusals
        is_young = now - self.born < YOUNG_FOR
        if is_refused and not self.is_answered:
            return is_young or not self.is_outside
        return is_young and credential == self.credential

    def after(self, event: Event) -> State:
        """Return the state that follows an event.

        Raises:
            IllegalTransition: It must not happen in this state.
        """
        try:
            return TRANSITIONS[self.state, event]
        except KeyError:
            raise IllegalTransition(f"{event} of a request that is {self.state}") from None


COLUMNS = tuple(
    field.name for field in fields(PaidRequest) if field.name not in {"is_copied", "is_looked_for"}
)
"""What the journal stores of a record; the rest depends on which journal it is."""

JOB = "job:"
FOUND = "asset:"
"""Before the id of an asset, in place of the operation that has made it."""


def of_job(job_id: str) -> str:
    """Return the subject of a job that a person has started: nobody else knows its random id."""
    return f"{JOB}{job_id}"


def of_line(batch_id: str, tag: str) -> str:
    """Return the subject of a line of a batch, which every machine that sees its folder shares."""
    return f"line:{batch_id}:{tag}"


def of_client_request(request_id: str, content: str) -> str:
    """Return the subject of what a program has ordered under an id of its own.

    With the digest of its content: another computer may use the same id for something else.
    """
    return f"request:{request_id}:{content}"


def of_preview(operation_id: str, picture: str) -> str:
    """Return the subject of a decision about one Preview of an operation."""
    return f"preview:{operation_id}:{picture}"


def of_operation(operation_id: str) -> str:
    """Return the subject of what is ordered for an operation as a whole."""
    return f"operation:{operation_id}"


def of_asset(asset_id: str) -> str:
    """Return the subject of what is ordered for a Model or World that exists."""
    return f"asset:{asset_id}"


def of_conversion(asset_id: str, formats: Iterable[str]) -> str:
    """Return the subject of a conversion of a model to these formats."""
    return f"{of_asset(asset_id)}:{'+'.join(sorted(formats))}"


def formats_of(conversion: PaidRequest) -> frozenset[str]:
    """Return the formats that a conversion makes, as its subject says."""
    return frozenset(conversion.subject.rpartition(":")[2].split("+"))


def new_request(
    subject: str, verb: PaidVerb, job_id: str, *, now: float, number: int = 1
) -> PaidRequest:
    """Return the record of a paid request that was ordered now."""
    return PaidRequest(key_of(subject, verb, number), subject, verb, number, job_id, born=now)


def made_elsewhere(job_id: str, operation: Operation) -> PaidRequest:
    """Return a record that only says what Mint has made for a job of another machine."""
    subject = of_job(job_id)
    key = key_of(subject, PaidVerb.START, 1)
    request = PaidRequest(key, subject, PaidVerb.START, 1, job_id)
    return replace(request, operation=operation.id, answer=operation)


def key_of(subject: str, verb: PaidVerb, number: int) -> str:
    """Return the idempotency key: the same for the same order, on every machine."""
    text = "\n".join((subject, verb.value, str(number)))
    return f"mint-blender-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
