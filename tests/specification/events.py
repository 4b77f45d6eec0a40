# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the record of paid requests, in the order in which it was committed or sent.

`journal` is the journal file in which it was committed; empty for that in which the row was inserted
last. Times are Mint's, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OfRow:
    """Something about one row."""

    key: str
    journal: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Inserted(OfRow):
    """A row was inserted.

    Attributes:
        is_outside: Whether others can order the same.
        is_from_elsewhere: Whether another machine has ordered it, as the shared folder says.
    """

    subject: str
    verb: str
    number: int
    born: float
    is_outside: bool = False
    is_from_elsewhere: bool = False


@dataclass(frozen=True)
class Approved(OfRow):
    """Mint shows a Preview, just before the decision about the one that was seen is sent."""

    seen: str
    shown: str


@dataclass(frozen=True)
class Begun(OfRow):
    """An attempt was begun; `attempts` counts it.

    Attributes:
        is_replay: Whether Mint has named an operation before, and is asked for it again.
    """

    at: float
    credential: str
    attempts: int
    is_replay: bool = False


@dataclass(frozen=True)
class Sent(OfRow):
    """The first byte of an attempt left."""

    credential: str
    at: float
    attempt: int


@dataclass(frozen=True)
class Received(OfRow):
    """An answer that names an operation arrived in a process, which has to store it."""

    operation: str
    process: str = ""


@dataclass(frozen=True)
class Answered(OfRow):
    """An operation that Mint has named was stored."""

    operation: str


@dataclass(frozen=True)
class Refused(OfRow):
    """A clear refusal was stored, and what the row counts since. `attempt` is 0 if not known."""

    attempts: int
    refusals: int
    is_final: bool
    attempt: int = 0


@dataclass(frozen=True)
class Conflicted(OfRow):
    """Mint has answered an attempt with a conflict: it proves nothing, but is not on its way."""

    attempt: int


@dataclass(frozen=True)
class TakenOver(OfRow):
    """A person lets a copy of the journal send the row; `attempts` counts one for the original."""

    attempts: int


@dataclass(frozen=True)
class Reopened(OfRow):
    """A person orders again what was dropped, and this journal file has started nothing with it."""

    at: float


@dataclass(frozen=True)
class Closed(OfRow):
    """The row was closed.

    A person was told that nothing was started (`refused`, `canceled`), that Mint may have started it
    (`dropped`), or what the lists show (`over`).
    """

    closed: str


@dataclass(frozen=True)
class Looked(OfRow):
    """Mint's lists were read. They count only if they were taken for settled.

    `is_direct`: no list was read, but the very operation that a decision is about. What it shows
    counts at once.
    """

    candidates: tuple[str, ...]
    is_settled: bool
    at: float
    is_direct: bool = False


@dataclass(frozen=True)
class Told(OfRow):
    """A person was told what the lists show, by a process that remembers it."""

    process: str = ""


@dataclass(frozen=True)
class Adopted(OfRow):
    """A candidate became the row's; `is_chosen` if a person has chosen it."""

    operation: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Again(OfRow):
    """A person orders it again. The row with the new key is inserted next."""

    new_key: str


@dataclass(frozen=True)
class BackedUp:
    """A journal file was copied."""

    journal: str
    backup: int


@dataclass(frozen=True)
class Restored:
    """A copy was put in the place of a journal file, and is taken for `journal` since.

    Attributes:
        replaced: The journal that was there.
        backup: Which copy it is.
    """

    journal: str
    replaced: str
    backup: int
    at: float


@dataclass(frozen=True)
class Ended:
    """A process ended, and forgot what it had not stored."""

    process: str


@dataclass(frozen=True)
class Made:
    """Mint has started something: from its own books.

    Attributes:
        asset: What the lists show of it, if that has another name.
    """

    key: str
    credential: str
    operation: str
    at: float
    asset: str = ""


Event = OfRow | BackedUp | Restored | Ended | Made
"""What a history consists of."""
