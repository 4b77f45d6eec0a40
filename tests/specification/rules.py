# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the protocol of paid requests; each is needed, as its counterexample shows.

The last one is not in the model: only histories are held against it. How a key is derived, and for
how long it is used, is said a second time here: not by the product.
"""

from __future__ import annotations

import hashlib

RULES = {
    "record": "The row is committed before the first byte is sent, and again (attempts + 1) before each attempt.",
    "key": "The key is derived from what was ordered and the number of the row; it is the primary key.",
    "begin": "The transaction that begins an attempt reads again whether the row is open.",
    "age": "A request is repeated only while it is younger than 12 hours.",
    "date": "Its age is the difference of two Date headers of Mint, not of the local clock.",
    "connection": "It goes over the connection on which that Date was read.",
    "credential": "It is repeated only with the API key of its first attempt.",
    "doubt": "A refusal closes a row only if each of its attempts was refused.",
    "memory": "Only the journal file in which a row was inserted knows that nothing was sent for it: not a copy.",
    "copy": "A copy of the journal reads the lists, and sends a row only if a person then says so.",
    "takeover": "A copy that takes over a row counts an attempt for the original.",
    "outside": "Nobody knows that of a line which others can order too (a batch, a program's request).",
    "file": "In a shared folder, a file that did not exist comes before the first attempt of a line.",
    "scan": "The lists are read before a line that others can order too gets its first row, or is reopened.",
    "chosen": "What the lists show is adopted only if a person chooses it.",
    "settled": "The lists count only when no attempt can be on its way any more.",
    "look": "There is no second row before the lists were read and a person was told what they show.",
    "operation": "An operation that Mint names is stored, whatever the row says.",
    "limit": "The transaction that inserts a row also sums up the limit.",
    "preview": "Before an approval, Mint has to show the Preview that the person has seen.",
}
"""All rules by name."""

PROPERTIES = {
    "once": "A line has one operation, and one more for each time that a person ordered it again.",
    "denied": 'No "nothing was started" is false, then or later.',
    "known": "Each operation is named by a row, or was shown to a person.",
}
"""What the rules are for, by name: what is compared with Mint's own books."""


CONVERT = "convert"
"""The verb before which the asset itself is read, and shows what earlier conversions have made."""
YOUNG_FOR = 12 * 3600.0
"""Seconds after `born` within which each attempt is begun."""
JOB = "job:"
"""How the subjects begin that nobody else can order."""
FOUND = "asset:"
"""What is before the id of an asset that the lists have shown."""


def key_of(subject: str, verb: str, number: int) -> str:
    """Return the idempotency key of the row with this number."""
    text = "\n".join((subject, verb, str(number)))
    return f"mint-blender-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
