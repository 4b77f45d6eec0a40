# SPDX-License-Identifier: GPL-3.0-or-later
"""Make text from elsewhere safe for a terminal.

Removes everything that moves the cursor, changes colors or the title, or reorders text. Only for
what people read: programs get the exact text, escaped as JSON.
"""

from __future__ import annotations

import re

# CSI ("ESC ["), OSC, DCS, PM, APC and SOS to their end, other ESC sequences, and the C1 forms.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]P^_X]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_BLANK = re.compile(r"[\r\t\v\f\x85\u2028\u2029]+")
# C0 except the line feed, DEL, C1; direction marks, embeddings, overrides and isolates.
_CONTROL = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def lines(text: str) -> str:
    """Return the text without control sequences; line feeds stay."""
    return _CONTROL.sub("", _BLANK.sub(" ", _SEQUENCE.sub("", text.replace("\r\n", "\n"))))


def line(text: str) -> str:
    """Return the text without control sequences, in one line."""
    return " ".join(lines(text).split("\n"))
