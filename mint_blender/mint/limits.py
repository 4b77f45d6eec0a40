# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of Mint's API for texts and pictures. Imports nothing, as forms are declared with it."""

from __future__ import annotations

MAX_NAME_LENGTH = 120
MAX_FEEDBACK_LENGTH = 2000
MAX_IMAGES = 8
MAX_IMAGE_BYTES = 5 * 1024 * 1024

LONGEST_TITLE = 200
LONGEST_DETAIL = 2000
LONGEST_TEXT = 16_000
"""Characters of a text in an answer that are kept: addresses, and prompts of up to 8,000."""
LONGEST_OF_MEMBERS = {
    **dict.fromkeys(("name", "title", "error"), LONGEST_TITLE),
    **dict.fromkeys(
        ("detail", "message", "error_description", "reason", "guidance", "caption"), LONGEST_DETAIL
    ),
}
"""The same, by the name of the member."""
