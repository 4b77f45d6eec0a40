# SPDX-License-Identifier: GPL-3.0-or-later
"""Small histories of paid requests with one mistake each; those of the simulation are correct."""

from __future__ import annotations

from dataclasses import replace

from .events import (
    Adopted,
    Again,
    Answered,
    Approved,
    BackedUp,
    Begun,
    Closed,
    Ended,
    Event,
    Inserted,
    Looked,
    Made,
    Received,
    Refused,
    Reopened,
    Restored,
    Sent,
    TakenOver,
    Told,
)
from .rules import key_of

HOUR = 3600.0
A, COPY = "journal A", "copy of A"
JOB, LINE, PREVIEW = "job:1", "line:1:chair", "preview:op-1:picture"
K1, K2 = (key_of(JOB, "start", number) for number in (1, 2))
L1, P1 = key_of(LINE, "start", 1), key_of(PREVIEW, "approve", 1)

START = Inserted(K1, JOB, "start", 1, 0.0, journal=A)
ANOTHER = Inserted(K2, JOB, "start", 2, 2 * HOUR, journal=A)
STARTED_LINE = Inserted(L1, LINE, "start", 1, 0.0, is_outside=True, journal=A)
DECIDED = Inserted(P1, PREVIEW, "approve", 1, 0.0, is_outside=True, journal=A)


def attempt(number: int, at: float, *, key: str = K1, api_key: str = "x", journal: str = "") -> list[Event]:  # fmt: skip
    """Return what is committed and sent for an attempt."""
    return [
        Begun(key, at, api_key, number, journal=journal),
        Sent(key, api_key, at + 1, number, journal=journal),
    ]


def answer(operation: str, *, key: str = K1, journal: str = "") -> list[Event]:
    """Return what an answer is followed by."""
    return [
        Received(key, operation, "process", journal=journal),
        Answered(key, operation, journal=journal),
    ]


def made(operation: str = "op-1", *, key: str = K1, at: float = 12.0, asset: str = "") -> Made:
    """Return what Mint has made."""
    return Made(key, "x", operation, at, asset)


LOST: list[Event] = [START, *attempt(1, 10), made()]
"""Mint has started it, and its answer was lost."""
IN_DOUBT: list[Event] = [START, *attempt(1, 10)]
REFUSED: list[Event] = [Refused(K1, 1, 1, True), Closed(K1, "refused")]
NOT_FOUND: list[Event] = [Looked(K1, (), True, HOUR), Told(K1)]
COPIED: list[Event] = [BackedUp(A, 1), Restored(COPY, A, 1, HOUR)]
LATER: list[Event] = [Looked(K1, (), True, 2 * HOUR), Told(K1)]
REPLACED: list[Event] = [Again(K1, K2), ANOTHER]


BROKEN: dict[str, tuple[str, list[Event]]] = {
    "sent before it was committed": ("record", [START, Sent(K1, "x", 10, 1)]),
    "an attempt is sent twice": ("record", [*IN_DOUBT, Sent(K1, "x", 12, 1)]),
    "Mint has what no row says": ("record", [made(key="unknown"), Ended("process")]),
    "a row that is not there": ("record", [Begun(K1, 10, "x", 1, journal=A)]),
    "a key of its own": ("key", [Inserted("random", JOB, "start", 1, 0.0, journal=A)]),
    "two rows with one number": ("key", [START, START]),
    "sent after it was canceled": ("begin", [START, Closed(K1, "canceled"), Begun(K1, 10, "x", 1)]),
    "sent after it was answered": ("begin", [*LOST, *answer("op-1"), *attempt(2, 20)]),
    "ordered again as it is after it was sent": (
        "begin", [STARTED_LINE, *attempt(1, 10, key=L1), Closed(L1, "dropped"), Reopened(L1, HOUR)],
    ),
    "canceled after it was answered": ("begin", [*LOST, *answer("op-1"), Closed(K1, "dropped")]),
    "an attempt is not counted": ("begin", [*IN_DOUBT, Begun(K1, 20, "x", 1)]),
    "repeated after 12 hours": ("age", [*LOST, *attempt(2, 10 + 12 * HOUR), *answer("op-1")]),
    "a line that was not scanned for 12 hours": ("age", [STARTED_LINE, *attempt(1, 12 * HOUR, key=L1)]),
    "sent an hour after the check": ("connection", [START, Begun(K1, 10, "x", 1), Sent(K1, "x", HOUR, 1)]),
    "another API key": ("credential", [*LOST, *attempt(2, 20, api_key="y"), *answer("op-1")]),
    "another API key than was committed": ("credential", [START, Begun(K1, 10, "x", 1), Sent(K1, "y", 11, 1)]),
    "refused after an attempt without an answer": (
        "doubt", [*IN_DOUBT, *attempt(2, 20), Refused(K1, 2, 1, True), Closed(K1, "refused")],
    ),
    "no answer counts as a refusal": ("doubt", [*IN_DOUBT, *attempt(2, 20), Refused(K1, 2, 2, True)]),
    "canceled after an attempt without an answer": ("memory", [*IN_DOUBT, Closed(K1, "canceled")]),
    "a line is canceled": ("outside", [STARTED_LINE, Closed(L1, "canceled")]),
    "a line is refused": ("outside", [STARTED_LINE, *attempt(1, 10, key=L1), Refused(L1, 1, 1, True), Closed(L1, "refused")]),
    "the only candidate, and nobody has chosen it": (
        "chosen", [*IN_DOUBT, Looked(K1, ("asset-1",), True, HOUR), Adopted(K1, "asset-1")],
    ),
    "chosen, and it was not shown": (
        "chosen", [*IN_DOUBT, Looked(K1, ("asset-1",), True, HOUR), Adopted(K1, "asset-2", True)],
    ),
    "looked after a minute": ("settled", [*IN_DOUBT, Looked(K1, (), True, 71.0), Told(K1)]),
    "adopted before the lists count": ("settled", [*IN_DOUBT, Looked(K1, ("asset-1",), False, 20.0), Adopted(K1, "asset-1")]),
    "ordered again without a look": ("look", [*IN_DOUBT, *REPLACED]),
    "ordered again, and nobody was told": ("look", [*IN_DOUBT, NOT_FOUND[0], *REPLACED]),
    "ordered again after the process ended": ("look", [*IN_DOUBT, NOT_FOUND[0], Told(K1, "p"), Ended("p"), *REPLACED]),
    "ordered again after another attempt": ("look", [*IN_DOUBT, *NOT_FOUND, *attempt(2, 2 * HOUR), *REPLACED]),
    "a second row that nobody has ordered": ("look", [*IN_DOUBT, *REFUSED, ANOTHER]),
    "told before the look": ("look", [*IN_DOUBT, Told(K1)]),
    "over before the look": ("look", [*IN_DOUBT, Closed(K1, "dropped"), Closed(K1, "over")]),
    "ordered again from a copy that has not looked": (
        "look", [*IN_DOUBT, *NOT_FOUND, *COPIED, Again(K1, K2), replace(ANOTHER, journal=COPY)],
    ),
    "a copy that has looked at once": ("settled", [START, *COPIED, Looked(K1, (), True, HOUR + 1)]),
    "canceled in a copy": ("memory", [START, *COPIED, Closed(K1, "canceled")]),
    "sent from a copy": ("copy", [START, *COPIED, *attempt(1, 2 * HOUR)]),
    "taken over before a look": ("copy", [START, *COPIED, TakenOver(K1, 1)]),
    "taken over, and not counted": ("takeover", [START, *COPIED, *LATER, TakenOver(K1, 0)]),
    "a copy is not recognized": (
        "copy", [START, BackedUp(A, 1), *attempt(1, 10), Restored(A, A, 1, HOUR)],
    ),
    "an answer is not stored": ("operation", [*LOST, Closed(K1, "dropped"), Received(K1, "op-1")]),
    "a Preview that nobody has seen": ("preview", [DECIDED, Approved(P1, "picture", "newer")]),
    "a Preview that Mint was not asked about": ("preview", [DECIDED, *attempt(1, 10, key=P1)]),
    "more than was ordered": ("once", [*LOST, made("op-2"), *answer("op-1")]),
    "a false sentence": ("denied", [*IN_DOUBT, *REFUSED, made()]),
    "a false sentence, told before it was sent": ("denied", [*IN_DOUBT, made(), *REFUSED]),
}  # fmt: skip
"""Histories with one mistake: the rule or property that it breaks."""
