# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the table of paid requests of a journal: what has to be true of its rows at any time.

What is true of a single row is a rule of the table itself, which refuses any other. A row is a
`PaidRequest` of values as they are stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from .record import PaidRequest, PaidVerb, key_of

VERBS = frozenset(verb.value for verb in PaidVerb)
LINE = "line:"
"""How the subjects of the lines of batches begin."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row, and the rule of the protocol that it breaks."""

    key: str
    rule: str
    what: str


def check_table(rows: list[PaidRequest]) -> list[Fault]:
    """Return what is wrong with the rows of one journal; nothing if all is well."""
    return [*_keys(rows), *_numbers(rows), *_operations(rows)]


def _keys(rows: list[PaidRequest]) -> list[Fault]:
    """Each key is that of what was ordered, and nobody was told a lie about what came of it."""
    faults: list[Fault] = []
    for row in rows:
        is_known = row.verb in VERBS  # a damaged file may say anything
        if not is_known or row.key != key_of(row.subject, PaidVerb(row.verb), row.number):
            faults.append(Fault(row.key, "key", "the key is not that of what was ordered"))
        # an answer that comes late is stored all the same
        if row.closed in ("refused", "canceled") and row.operation is not None:
            what = f"closed as {row.closed}, and Mint has named {row.operation}"
            faults.append(Fault(row.key, "denied", what))
    return faults


def _numbers(rows: list[PaidRequest]) -> list[Fault]:
    """The rows of what was ordered are numbered, and only the last may be without an end."""
    faults: list[Fault] = []
    orders: dict[tuple[str, str], list[PaidRequest]] = {}
    for row in rows:
        orders.setdefault((row.subject, row.verb), []).append(row)
    for ordered in orders.values():
        ordered.sort(key=lambda row: row.number)
        last = ordered[-1]
        if last.subject.startswith(LINE):
            continue  # other machines order it, too, and only their latest row comes here
        if [row.number for row in ordered] != list(range(1, len(ordered) + 1)):
            numbers = ", ".join(str(row.number) for row in ordered)
            faults.append(Fault(last.key, "key", f"the rows of what was ordered are {numbers}"))
        faults += [
            Fault(
                row.key, "look", f"row {row.number} is {row.closed or 'open'}, and another follows"
            )
            for row in ordered[:-1]
            if row.operation is None and row.closed in (None, "dropped")
        ]
    return faults


def _operations(rows: list[PaidRequest]) -> list[Fault]:
    """No two starts of this journal have made the same."""
    faults: list[Fault] = []
    made: dict[str, str] = {}
    for row in rows:
        if row.verb == "start" and row.operation is not None and row.attempts:
            other = made.setdefault(row.operation, row.key)
            if other != row.key:
                what = f"{row.operation} is also what {other} has made"
                faults.append(Fault(row.key, "unique", what))
    return faults
