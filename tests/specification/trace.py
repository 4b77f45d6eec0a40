# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a history of the record of paid requests by the rules of the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import singledispatchmethod

from . import events
from .events import Event, OfRow
from .mint_books import Books
from .row_history import RowHistory
from .rules import CONVERT, JOB, YOUNG_FOR, key_of

SETTLED_AFTER = 600.0
"""Seconds after which nothing of an attempt can be on its way any more."""
ASSET = "asset:"
"""How the subjects begin of what is done to a Model or World that exists."""
DECISIONS = frozenset({"approve", "revise"})
"""The verbs before which Mint has to show the Preview that the person has seen."""


@dataclass(frozen=True)
class Violation:
    """A rule or a property that a history breaks.

    Attributes:
        rule: Its name in `RULES` or `PROPERTIES`.
        key: The row; empty if it is about no row.
        what: What is wrong.
        index: That of the event.
    """

    rule: str
    key: str
    what: str
    index: int


def check(history: Iterable[Event]) -> list[Violation]:
    """Return what is wrong with a history, in the order of its events.

    That is the order in which they were committed or sent, of all processes and machines.
    """
    trace = _Trace()
    for index, event in enumerate(history):
        trace.index = index
        trace.add(event)
    return trace.violations()


class _Trace:
    """The rows as the events so far have left them, by journal file, and what was wrong."""

    def __init__(self) -> None:
        self.index = 0
        self.books = Books()
        self._found: list[Violation] = []
        self._tables: dict[str, dict[str, RowHistory]] = {}
        self._journals: dict[str, str] = {}
        """The journal file that has inserted each key last."""
        self._lost: set[str] = set()
        """The keys of what was ordered in a journal that a copy without it has replaced."""
        self._replaced: set[tuple[str, str]] = set()
        """Journal file and key of what was ordered again."""
        self._owed: dict[tuple[str, str], tuple[events.Received, int]] = {}
        """The answers that have to be stored, by journal file and key."""
        self._backups: dict[int, tuple[int, str, dict[str, RowHistory]]] = {}
        """When each copy was made, of which journal, and its rows."""
        self._sent: list[tuple[int, str]] = []
        """When an attempt was sent, and from which journal: what was only begun cost nothing."""

    def violations(self) -> list[Violation]:
        for received, index in self._owed.values():
            what = f"{received.operation} was not stored"
            self._found.append(Violation("operation", received.key, what, index))
        for index, rule, key, what in self.books.findings():
            self._found.append(Violation(rule, key, what, index))
        return sorted(self._found, key=lambda each: each.index)

    def _wrong(self, rule: str, event: OfRow, what: str) -> None:
        self._found.append(Violation(rule, event.key, what, self.index))

    def _journal(self, event: OfRow) -> str:
        return event.journal or self._journals.get(event.key, "")

    def _row(self, event: OfRow) -> RowHistory | None:
        """Return the row of an event."""
        row = self._tables.get(self._journal(event), {}).get(event.key)
        if row is None:
            self._wrong("record", event, "there is no such row")
        return row

    def add(self, event: Event) -> None:
        """Check one event, and remember what it has changed."""
        if isinstance(event, events.Made):
            self.books.made.append((self.index, event))
        elif isinstance(event, events.Ended):
            self._forget(event.process)
        elif isinstance(event, events.BackedUp):
            table = deepcopy(self._tables.get(event.journal, {}))
            self._backups[event.backup] = self.index, event.journal, table
        elif isinstance(event, events.Restored):
            self._restore(event)
        elif isinstance(event, events.Inserted):
            self._insert(event)
        elif (row := self._row(event)) is not None:
            self._add(event, row, self._journal(event))

    def _forget(self, process: str) -> None:
        for place, (received, _) in list(self._owed.items()):
            if received.process == process:
                del self._owed[place]
        for table in self._tables.values():
            for row in table.values():
                if row.is_told and row.told_by == process:
                    row.is_told, row.candidates = False, None

    def _restore(self, event: events.Restored) -> None:
        since, original, table = self._backups[event.backup]
        known = {original, event.replaced}
        is_old = any(index > since and journal in known for index, journal in self._sent)
        if event.journal == original and is_old:
            what = "a copy is taken for its original, which has sent more"
            self._found.append(Violation("copy", "", what, self.index))
        replaced = self._tables.get(event.replaced, {})
        self.books.forget_denials(since, replaced)
        self._lost = (self._lost | replaced.keys()) - table.keys()
        self._tables[event.journal] = table = deepcopy(table)
        for key, row in table.items():
            self._journals[key] = event.journal
            if event.journal != original and (row.is_open or row.closed == "dropped"):
                row.copy(event.at)

    def _insert(self, event: events.Inserted) -> None:
        table = self._tables.setdefault(event.journal, {})
        order = event.subject, event.verb
        numbers = [row.inserted.number for row in table.values() if row.order == order]
        if event.key != key_of(event.subject, event.verb, event.number):
            self._wrong("key", event, "the key is not that of what was ordered")
        is_next = event.is_from_elsewhere or event.number == max(numbers, default=0) + 1
        if event.key in table or not is_next:
            self._wrong("key", event, f"row {event.number} after {numbers}")
        is_first = event.number == 1 or event.is_from_elsewhere
        if not is_first and (event.journal, event.key) not in self._replaced:
            self._wrong("look", event, "a second row, and nobody has ordered it again")
        is_lost = event.key in self._lost
        if is_lost:
            self._lost.discard(event.key)
            self.books.ordered_again[event.key] = self.index
        table[event.key] = RowHistory(event, event.born)
        self._journals[event.key] = event.journal
        self.books.order_of[event.key] = order
        # a line is one order, what is ordered for an asset is one on each machine, and who orders a
        # job again in a copy, or decides again, as its original has done since, has clicked twice
        is_decision = event.verb in DECISIONS
        is_again = event.number > 1 and event.subject.startswith(JOB)
        is_click = event.subject.startswith(ASSET) or (is_lost and (is_decision or is_again))
        self.books.orders[order] = max(self.books.orders[order] + is_click, 1)

    @singledispatchmethod
    def _add(self, event: OfRow, row: RowHistory, journal: str) -> None:
        raise TypeError(type(event))

    @_add.register
    def _(self, event: events.Approved, row: RowHistory, journal: str) -> None:
        row.is_checked = event.seen == event.shown
        if not row.is_checked:
            self._wrong("preview", event, f"{event.shown} is shown, and {event.seen} was seen")

    @_add.register
    def _(self, event: events.Begun, row: RowHistory, journal: str) -> None:
        if event.is_replay != (row.operation is not None) or row.closed:
            what = row.closed or ("answered" if row.operation else "not answered")
            self._wrong("begin", event, f"an attempt of a row that is {what}")
        if event.attempts != row.attempts + 1:
            self._wrong("begin", event, f"attempt {event.attempts} after {row.attempts}")
        is_in_doubt = event.is_replay or row.why_in_doubt
        if is_in_doubt and event.at - row.born >= YOUNG_FOR:
            self._wrong("age", event, f"sent after {(event.at - row.born) / 3600:.1f} hours")
        if row.is_copied:
            self._wrong("copy", event, "sent from a copy, and nobody has said so")
        self._check_decision(event, row)
        row.begin(event)
        self.books.begun.add(event.key)

    def _check_decision(self, event: events.Begun, row: RowHistory) -> None:
        is_first_key = row.credential in {"", event.credential}
        if (event.is_replay or row.attempts > row.refusals) and not is_first_key:
            self._wrong("credential", event, "sent again with another API key")
        if row.inserted.verb in DECISIONS and not row.is_checked and not event.is_replay:
            self._wrong("preview", event, "Mint was not asked what it shows")

    @_add.register
    def _(self, event: events.Sent, row: RowHistory, journal: str) -> None:
        begun = row.begun.get(event.attempt)
        if begun is None or event.attempt in row.sent:
            what = "sent twice" if begun else "sent before that was committed"
            self._wrong("record", event, f"attempt {event.attempt} was {what}")
            return
        if begun.credential != event.credential:
            self._wrong("credential", event, "sent with another API key than the row says")
        if event.at - begun.at > SETTLED_AFTER:
            self._wrong("connection", event, f"sent {event.at - begun.at:.0f} s after the check")
        row.sent.add(event.attempt)
        row.unanswered[event.attempt] = event.at
        self._sent.append((self.index, journal))

    @_add.register
    def _(self, event: events.Received, row: RowHistory, journal: str) -> None:
        if row.operation is None:
            self._owed[journal, event.key] = event, self.index

    @_add.register
    def _(self, event: events.Answered, row: RowHistory, journal: str) -> None:
        self._owed.pop((journal, event.key), None)
        row.operation = event.operation

    @_add.register
    def _(self, event: events.Refused, row: RowHistory, journal: str) -> None:
        row.refuse(event.attempt)
        counted = (row.attempts, row.refusals)
        if (event.attempts, event.refusals) != counted or row.refusals > row.attempts:
            stored = (event.attempts, event.refusals)
            what = f"attempts and refusals are {stored} in the row, {counted} happened"
            self._wrong("doubt", event, what)

    @_add.register
    def _(self, event: events.Conflicted, row: RowHistory, journal: str) -> None:
        row.unanswered.pop(event.attempt, None)

    @_add.register
    def _(self, event: events.TakenOver, row: RowHistory, journal: str) -> None:
        if not row.is_told:
            self._wrong("copy", event, "taken over before a person was told what the lists show")
        if event.attempts != row.attempts + 1:
            self._wrong("takeover", event, "no attempt was counted for the original")
        row.is_copied, row.attempts = False, event.attempts

    @_add.register
    def _(self, event: events.Reopened, row: RowHistory, journal: str) -> None:
        if row.closed != "dropped" or row.attempts != row.refusals:
            what = f"{row.closed or 'open'} after {row.attempts} attempts, {row.refusals} refused"
            self._wrong("begin", event, f"ordered as it is: {what}")
        row.closed, row.born = "", event.at

    @_add.register
    def _(self, event: events.Closed, row: RowHistory, journal: str) -> None:
        doubt, closed = row.why_in_doubt, event.closed
        if closed == "over":
            is_looked_for = row.candidates is not None or row.inserted.verb == CONVERT
            is_unsent = not doubt or row.is_copied  # nobody is told what the original has done
            if not is_looked_for and not (row.is_open and is_unsent):
                self._wrong("look", event, "over before the lists were read")
        elif not row.is_open:
            self._wrong("begin", event, f"{closed} after it was {row.closed or 'answered'}")
        if closed in {"refused", "canceled"}:
            if doubt:
                rule = "memory" if closed == "canceled" and doubt == "doubt" else doubt
                self._wrong(rule, event, '"nothing was started" is not certain')
            self.books.denials.append((self.index, event.key))
        row.closed = closed

    @_add.register
    def _(self, event: events.Looked, row: RowHistory, journal: str) -> None:
        if not event.is_settled:
            return
        times = list(row.unanswered.values())
        is_early = any(event.at - each < SETTLED_AFTER for each in times)
        if is_early and not event.is_direct:
            self._wrong("settled", event, f"{event.at - max(times):.0f} s after the last attempt")
        row.candidates = row.shown = event.candidates

    @_add.register
    def _(self, event: events.Told, row: RowHistory, journal: str) -> None:
        if row.candidates is None:
            self._wrong("look", event, "told before the lists were read")
            return
        row.is_told, row.told_by = True, event.process

    @_add.register
    def _(self, event: events.Adopted, row: RowHistory, journal: str) -> None:
        shown = row.shown if event.is_chosen else row.candidates
        if shown is None:
            self._wrong("settled", event, "adopted, and the lists did not count")
        elif event.operation not in shown or (row.inserted.verb == "start" and not event.is_chosen):
            self._wrong("chosen", event, f"{event.operation} of {shown}, and nobody has chosen it")
        row.operation = event.operation
        self.books.adopted.append((self.index, event, frozenset(self._tables[journal])))

    @_add.register
    def _(self, event: events.Again, row: RowHistory, journal: str) -> None:
        is_known = row.operation is not None or row.is_told or row.inserted.verb == CONVERT
        if not is_known and row.why_in_doubt:
            self._wrong("look", event, "ordered again, and nobody knows what it has made")
        self.books.orders[row.order] += is_known
        self._replaced.add((journal, event.new_key))
        if row.is_open or row.closed == "dropped":
            row.closed = "over"
