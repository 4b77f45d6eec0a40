# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that was written elsewhere, made harmless for a terminal: what moves the cursor, colors,
retitles or reorders is taken out.

Only for what people read: programs get the exact text, escaped as JSON.
"""

from __future__ import annotations

import re

# CSI ("ESC ["), OSC, DCS, PM, APC and SOS up to their end, other ESC sequences; the same begun by
# the C1 codes.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]P^_X]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_BLANK = re.compile(r"[\r\t\v\f\x85\u2028\u2029]+")
# C0 but for the line feed, DEL, C1; marks, embeddings, overrides and isolates of writing direction.
_CONTROL = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def lines(text: str) -> str:
    """The text without anything that a terminal would obey. It may have several lines."""
    return _CONTROL.sub("", _BLANK.sub(" ", _SEQUENCE.sub("", text.replace("\r\n", "\n"))))


def line(text: str) -> str:
    """The same in one line, for what stands beside something else."""
    return " ".join(lines(text).split("\n"))
