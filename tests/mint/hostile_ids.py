# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids that no file name, URL or sentence may be made of."""

from __future__ import annotations

from typing import Any

HOSTILE_IDS: dict[str, Any] = {
    "absolute": "/tmp/mint-hostile/Documents",
    "parent": "..",
    "here": ".",
    "above": "../../Documents",
    "below": "a/b",
    "backslash": "..\\..\\Documents",
    "drive": "C:\\Users\\me\\Documents",
    "share": "\\\\server\\share",
    "stream": "lamp:stream",
    "home": "~",
    "empty": "",
    "space": "a b",
    "newline": "m1\n",
    "NUL": "a\0b",
    "escape": "\x1b[2J",
    "half a pair": "\ud800",
    "not ASCII": "é",
    "long": "x" * 300,
    "very long": "x" * 100_000,
    "number": 7,
    "list": ["m1"],
    "object": {"id": "m1"},
    "true": True,
    "null": None,
}
DEVICES = ("NUL", "con", "AUX", "com1", "LPT9")
"""Names of devices in Windows: valid ids that cannot be the name of a file or folder."""
