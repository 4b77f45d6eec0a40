# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers as a language writes them. Knows no Blender."""

from __future__ import annotations

Separators = tuple[str, str]
"""Between thousands, and before decimals."""

SEPARATORS: dict[str, Separators] = {"de": (".", ",")}
"""Of languages that write numbers in another way than English does."""


def format_number(value: float, language: str, digits: int = 0) -> str:
    """Return a number with this many decimals, its thousands separated."""
    return localize_digits(f"{value:,.{digits}f}", language)


def localize_digits(text: str, language: str) -> str:
    """Return a number that is written in English as another language writes it."""
    thousands, decimals = SEPARATORS.get(language, (",", "."))
    return text.translate({ord(","): thousands, ord("."): decimals})
