# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the table of paid requests of a journal: what has to be true of its rows at any time.

A row is a `PaidRequest` of values as they are stored: a word in place of a verb or a state may be
none of ours.
"""

from __future__ import annotations

from ...dataclass import dataclass
from .record import JOB, YOUNG_FOR, PaidRequest, PaidVerb, key_of

VERBS = frozenset(each.value for each in PaidVerb)
LINE = "line:"
"""How the subjects of the lines of batches begin."""
CLOSED = ("refused", "canceled", "dropped", "over")
NOTHING_STARTED = ("refused", "canceled")
"""What a row is closed as when a person was told that nothing was started."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row, and the rule of the protocol that it breaks."""

    key: str
    rule: str
    what: str


def check_table(rows: list[PaidRequest]) -> list[Fault]:
    """Return what is wrong with the rows of one journal; nothing if all is well."""
    faults = [
        Fault(row.key, rule, what)
        for row in rows
        for check in (_key, _counts, _times, _closed)
        for rule, what in check(row)
    ]
    return [*faults, *_numbers(rows), *_operations(rows)]


def _key(row: PaidRequest) -> list[tuple[str, str]]:
    if not row.subject or row.verb not in VERBS or row.number < 1:
        return [("key", "it does not say what was ordered")]
    if row.key != key_of(row.subject, PaidVerb(row.verb), row.number):
        return [("key", "the key is not that of what was ordered")]
    return []


def _counts(row: PaidRequest) -> list[tuple[str, str]]:
    if not 0 <= row.refusals <= row.attempts:
        return [("doubt", f"{row.refusals} of {row.attempts} attempts were refused")]
    prices = [price for price in (row.credits, row.extra_credits) if price is not None]
    # written so that "not a number" is wrong, too
    return [("limit", f"the price is {price}") for price in prices if not 0 <= price < float("inf")]


def _times(row: PaidRequest) -> list[tuple[str, str]]:
    if not row.attempted:
        return []
    found = []
    if not row.attempts:
        found.append(("record", "an attempt was begun that is not counted"))
    if not row.credential:
        found.append(("credential", "it is not known with which API key it was sent"))
    if row.body is None:
        found.append(("record", "it was sent, and nobody knows what"))
    if row.attempted - row.born >= YOUNG_FOR:
        hours = (row.attempted - row.born) / 3600.0
        found.append(("age", f"it was sent again after {hours:.1f} hours"))
    return found


def _closed(row: PaidRequest) -> list[tuple[str, str]]:
    if row.closed is None:
        return []
    if row.closed not in CLOSED:
        return [("record", f"it is closed as {row.closed!r}")]
    if row.closed not in NOTHING_STARTED:
        return []
    found = []
    if row.attempts != row.refusals:
        unclear = row.attempts - row.refusals
        found.append(
            ("doubt", f"closed as {row.closed}, and attempts without a refusal: {unclear}")
        )
    if row.closed == "refused" and not row.refusals:
        found.append(("doubt", "closed as refused, and nothing was refused"))
    if not row.subject.startswith(JOB):
        found.append(("outside", f"closed as {row.closed}, and others can order the same"))
    if row.operation is not None:
        found.append(("denied", f"closed as {row.closed}, and Mint has named {row.operation}"))
    return found


def _numbers(rows: list[PaidRequest]) -> list[Fault]:
    """The rows of what was ordered are numbered, and only the last may be without an end."""
    found: list[Fault] = []
    orders: dict[tuple[str, str], list[PaidRequest]] = {}
    for row in rows:
        orders.setdefault((row.subject, row.verb), []).append(row)
    for each in orders.values():
        each.sort(key=lambda row: row.number)
        last = each[-1]
        if last.subject.startswith(LINE):
            continue  # other machines order it, too, and only their latest row comes here
        if [row.number for row in each] != list(range(1, len(each) + 1)):
            numbers = ", ".join(str(row.number) for row in each)
            found.append(Fault(last.key, "key", f"the rows of what was ordered are {numbers}"))
        found += [
            Fault(
                row.key, "look", f"row {row.number} is {row.closed or 'open'}, and another follows"
            )
            for row in each[:-1]
            if row.operation is None and row.closed in (None, "dropped")
        ]
    return found


def _operations(rows: list[PaidRequest]) -> list[Fault]:
    """No two starts of this journal have made the same, and no key is there twice."""
    found: list[Fault] = []
    keys: set[str] = set()
    made: dict[str, str] = {}
    for row in rows:
        if row.key in keys:
            found.append(Fault(row.key, "key", "the key is there twice"))
        elif row.verb == "start" and row.operation is not None and row.attempts:
            other = made.setdefault(row.operation, row.key)
            if other != row.key:
                what = f"{row.operation} is also what {other} has made"
                found.append(Fault(row.key, "unique", what))
        keys.add(row.key)
    return found
