# SPDX-License-Identifier: GPL-3.0-or-later
"""Small histories of paid requests: correct ones of each kind, and a broken one for each rule."""

from __future__ import annotations

from .events import (
    Adopted,
    Again,
    Answered,
    Approved,
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
    Sent,
    Told,
)
from .rules import key_of

HOUR = 3600.0
A, B = "journal A", "journal B"
JOB, OTHER, LINE, PREVIEW, ASSET = (
    "job:1",
    "job:2",
    "line:1:chair",
    "preview:op-1:picture",
    "asset:1",
)
K1, K2 = (key_of(JOB, "start", number) for number in (1, 2))
O1, L1, P1 = (key_of(each, verb, 1) for each, verb in ((OTHER, "start"), (LINE, "start"), (PREVIEW, "approve")))  # fmt: skip

C1, R1 = (key_of(ASSET, verb, 1) for verb in ("convert", "retry"))

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
REPLACED: list[Event] = [Again(K1, K2), ANOTHER]

RIVAL = Inserted(O1, OTHER, "start", 1, 0.0, look="chair", journal=A)

CORRECT: dict[str, list[Event]] = {
    "answered": [START, *attempt(1, 10), made(), *answer("op-1")],
    "refused": [*IN_DOUBT, *REFUSED],
    "refused, and ordered again": [
        *IN_DOUBT, *REFUSED, *REPLACED, *attempt(1, 2 * HOUR, key=K2), made(key=K2), *answer("op-1", key=K2),
    ],
    "refused for the time being": [
        *IN_DOUBT, Refused(K1, 1, 1, False), *attempt(2, 20 * HOUR, api_key="y"), made(), *answer("op-1"),
    ],
    "repeated while Mint knows it": [*LOST, *attempt(2, 11 * HOUR), *answer("op-1")],
    "killed before the answer was stored": [
        *LOST, Received(K1, "op-1", "process"), Ended("process"), *attempt(2, 20), *answer("op-1"),
    ],
    "refused after a lost answer, and found": [
        *IN_DOUBT, made(asset="asset-1"), *attempt(2, 20), Refused(K1, 2, 1, True),
        Looked(K1, ("asset-1",), True, HOUR), Adopted(K1, "asset-1"),
    ],
    "not found, and ordered again": [
        *IN_DOUBT, *NOT_FOUND, *REPLACED, *attempt(1, 2 * HOUR, key=K2), made(), made("op-2", key=K2),
        *answer("op-2", key=K2), *answer("op-1"),
    ],
    "one of two was chosen": [
        *IN_DOUBT, made(asset="asset-1"), Looked(K1, ("asset-1", "asset-2"), True, HOUR), Told(K1),
        Adopted(K1, "asset-1", is_chosen=True),
    ],
    "canceled before it was sent": [START, Closed(K1, "canceled")],
    "canceled, and ordered again": [START, Closed(K1, "canceled"), *REPLACED],
    "dropped, found not to be there, and answered late": [
        *IN_DOUBT, Closed(K1, "dropped"), Looked(K1, (), True, HOUR), Closed(K1, "over"), made(), *answer("op-1"),
    ],
    "looked for too early, which does not count": [*IN_DOUBT, Looked(K1, (), False, 20.0), made(), *answer("op-1")],
    "a line of a batch": [
        STARTED_LINE, *attempt(1, HOUR, key=L1), Refused(L1, 1, 1, True), Closed(L1, "dropped"),
    ],
    "a line on two machines that see the folder late": [
        STARTED_LINE, Inserted(L1, LINE, "start", 1, 0.0, is_outside=True, journal=B),
        *attempt(1, 10, key=L1, journal=A), *attempt(1, 10, key=L1, journal=B), made(key=L1),
        *answer("op-1", key=L1, journal=A), *answer("op-1", key=L1, journal=B),
    ],
    "a Preview": [
        DECIDED, Approved(P1, "picture", "picture"), *attempt(1, 10, key=P1), made(key=P1), *answer("op-1", key=P1),
    ],
    "asked again after Credits were bought": [
        START, *attempt(1, 10), made(), *answer("op-1"), Begun(K1, HOUR, "x", 2, is_replay=True),
        Sent(K1, "x", HOUR, 2), *answer("op-1"),
    ],
    "ordered again after it was made": [
        START, *attempt(1, 10), made(), *answer("op-1"), *REPLACED, *attempt(1, 2 * HOUR, key=K2),
        made("op-2", key=K2), *answer("op-2", key=K2),
    ],
    "another row that looks the same was never sent": [
        Inserted(K1, JOB, "start", 1, 0.0, look="chair", journal=A), RIVAL, *attempt(1, 10),
        made("asset-1"), Looked(K1, ("asset-1",), True, HOUR), Adopted(K1, "asset-1"),
    ],
    "a retry of what had not failed, after a conversion of it": [
        Inserted(C1, ASSET, "convert", 1, 0.0, is_outside=True, journal=A), *attempt(1, 10, key=C1),
        made(key=C1, asset="1"), *answer("op-1", key=C1),
        Inserted(R1, ASSET, "retry", 1, HOUR, is_outside=True, journal=A), *attempt(1, HOUR, key=R1),
        Looked(R1, ("asset:1",), True, 2 * HOUR, is_direct=True), Told(R1), Adopted(R1, "asset:1"),
    ],
    "a line that was given up before it was sent is ordered again": [
        STARTED_LINE, Closed(L1, "dropped"), Reopened(L1, 20 * HOUR), *attempt(1, 21 * HOUR, key=L1),
        made(key=L1), *answer("op-1", key=L1),
    ],
}  # fmt: skip
"""Histories in which nothing is wrong, by what happens."""

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
    "two candidates": (
        "unique", [*IN_DOUBT, Looked(K1, ("asset-1", "asset-2"), True, HOUR), Adopted(K1, "asset-1")],
    ),
    "two rows that look the same": (
        "unique", [
            Inserted(K1, JOB, "start", 1, 0.0, look="chair", journal=A), RIVAL, *attempt(1, 10),
            *attempt(1, 10, key=O1), Looked(K1, ("asset-1",), True, HOUR), Adopted(K1, "asset-1"),
        ],
    ),
    "what another row has made": (
        "unique", [
            *IN_DOUBT, Inserted(O1, OTHER, "start", 1, 0.0, journal=A), *attempt(1, 10, key=O1),
            made(key=O1, asset="asset-1"), Looked(K1, ("asset-1",), True, HOUR), Adopted(K1, "asset-1"),
            *answer("op-1", key=O1),
        ],
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
    "an answer is not stored": ("operation", [*LOST, Closed(K1, "dropped"), Received(K1, "op-1")]),
    "a Preview that nobody has seen": ("preview", [DECIDED, Approved(P1, "picture", "newer")]),
    "a Preview that Mint was not asked about": ("preview", [DECIDED, *attempt(1, 10, key=P1)]),
    "more than was ordered": ("once", [*LOST, made("op-2"), *answer("op-1")]),
    "a false sentence": ("denied", [*IN_DOUBT, *REFUSED, made()]),
    "a false sentence, told before it was sent": ("denied", [*IN_DOUBT, made(), *REFUSED]),
}  # fmt: skip
"""Histories with one mistake: the rule or property that it breaks."""
