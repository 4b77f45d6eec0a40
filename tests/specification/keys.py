# SPDX-License-Identifier: GPL-3.0-or-later
"""How the key of a paid request is derived, and for how long it is used: said a second time."""

from __future__ import annotations

import hashlib

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
