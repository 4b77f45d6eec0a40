# SPDX-License-Identifier: GPL-3.0-or-later
"""What a history of events has done to a row."""

from __future__ import annotations

from dataclasses import dataclass, field

from .events import Begun, Inserted

ORIGINAL = -1
"""In place of the number of an attempt: that of the original of a copy."""


@dataclass
class RowHistory:
    """A row, and what is remembered of its attempts. It counts for itself, whatever a row says."""

    inserted: Inserted
    born: float
    credential: str = ""
    attempts: int = 0
    refusals: int = 0
    operation: str | None = None
    closed: str = ""
    begun: dict[int, Begun] = field(default_factory=dict)
    """The attempts by number."""
    sent: set[int] = field(default_factory=set)
    unanswered: dict[int, float] = field(default_factory=dict)
    """When each attempt was begun, or sent, whose answer is not known."""
    candidates: tuple[str, ...] | None = None
    """What the lists have shown since the last attempt, if that counts."""
    is_told: bool = False
    """Whether a person was told that."""
    told_by: str = ""
    """The process that has told her, and remembers it."""
    shown: tuple[str, ...] | None = None
    """What the lists have shown last, also before the journal was copied."""
    is_copied: bool = False
    """Whether it is in a copy, whose original may have sent it since."""
    is_checked: bool = False
    """Whether Mint shows the Preview that is decided about."""

    @property
    def order(self) -> tuple[str, str]:
        """What was ordered: subject and verb."""
        return self.inserted.subject, self.inserted.verb

    @property
    def is_open(self) -> bool:
        """Whether there may be another attempt."""
        return self.operation is None and not self.closed

    @property
    def may_cost(self) -> bool:
        """Whether it counts for a limit."""
        return self.closed not in {"refused", "canceled"}

    @property
    def why_in_doubt(self) -> str:
        """Return the rule by which something may have been started; empty if nothing was."""
        if self.inserted.is_outside:
            return "outside"
        if self.is_copied:
            return "memory"
        return "" if self.attempts == self.refusals else "doubt"

    def copy(self, at: float) -> None:
        """Forget what was looked for: the original may have sent it until now."""
        self.is_copied = True
        self.candidates, self.is_told, self.is_checked = None, False, False
        self.unanswered[ORIGINAL] = at

    def begin(self, begun: Begun) -> None:
        """Count an attempt."""
        if not self.why_in_doubt:
            self.born = begun.at
        if self.attempts == self.refusals:
            self.credential = begun.credential
        self.credential = self.credential or begun.credential
        self.attempts = begun.attempts
        self.begun[begun.attempts] = begun
        self.unanswered[begun.attempts] = begun.at
        self.candidates = self.shown = None
        self.is_told = self.is_checked = False

    def refuse(self, attempt: int) -> None:
        """Count the refusal of an attempt: of the last one if `attempt` is 0."""
        self.refusals += 1
        self.unanswered.pop(attempt or max(self.unanswered, default=0), None)
