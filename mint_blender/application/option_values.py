# SPDX-License-Identifier: GPL-3.0-or-later
"""Check values of options, which commands have as text and scripts as numbers, too.

Each function raises ValueError, whose sentence a person reads behind the option's name.
"""

from __future__ import annotations


def count(value: str | int) -> int:
    """Return a whole number, at least 1."""
    text = str(value)
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f'"{text}" must be a whole number, at least 1')
    return int(text)


def credits(value: str | float) -> float:
    """Return a number of Credits, at least 0."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not number >= 0:
        raise ValueError(f'"{value}" must be a number of Credits')
    return number


def ranges(text: str) -> tuple[range, ...]:
    """Return the ranges of line numbers in a text such as "1-10,14".

    "2-10:2" is every second line, as job schedulers write it.
    """
    return tuple(_range(part.strip()) for part in text.split(","))


def _range(text: str) -> range:
    ends, _, step = text.partition(":")
    first, _, last = ends.partition("-")
    start = count(first.strip())
    end = count((last or first).strip())
    if end < start:
        raise ValueError(f'"{text}" must begin with the smaller number')
    return range(start, end + 1, count(step.strip()) if ":" in text else 1)
