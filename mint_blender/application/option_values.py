# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and check values of options, which commands have as text, and scripts as numbers, too.

Each function raises ValueError, whose sentence a person reads behind the option's name.
"""

from __future__ import annotations

import math
import re
import sys
from datetime import datetime
from pathlib import Path


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


def output_file(text: str) -> Path:
    """Return the path of a result."""
    return _file(text, ".blend", ".glb")


def picture_file(text: str) -> Path:
    """Return the path of a picture."""
    return _file(text, ".png")


def _file(text: str, *suffixes: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise ValueError(f'"{text}" must end in {" or ".join(suffixes)}')
    return path.absolute()


def size(text: str) -> tuple[int, int]:
    """Return width and height in a text such as "1920x1080"."""
    match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", text.lower())
    if match is None or not all(4 <= int(group) <= LARGEST for group in match.groups()):
        raise ValueError(
            f'"{text}" must be a width and a height from 4 to {LARGEST:,} pixels, such as 1920x1080'
        )
    return int(match[1]), int(match[2])


LARGEST = 16384
"""Pixels of the longest side of a picture."""


def scheduler_address(text: str) -> str:
    """Return the address of a Dask scheduler as Dask writes it, such as `tcp://10.0.0.5:8786`."""
    form = "an executor is written dask://HOST:PORT, such as dask://10.0.0.5:8786"
    host = r"\[[0-9a-z:.%]+\]|[^\s/:@?#\[\]]+"
    match = re.fullmatch(rf"dask://({host})(?::([0-9]*))?/?", text.lower())
    if match is None or int(match[2] or 0) > 65535:
        raise ValueError(f'"{text}": {form}')
    if not int(match[2] or 0):
        raise ValueError(f'"{text}" lacks the port of the scheduler: {form}')
    return f"tcp://{match[1]}:{int(match[2])}"


def seconds(text: str) -> float:
    """Return a number of seconds above 0."""
    return _above_zero(text, "a number of seconds")


def height(text: str) -> float:
    """Return a height above 0."""
    return _above_zero(text, "a number")


def _above_zero(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise ValueError(f'"{text}" must be {what} above 0')
    return number


def date(text: str) -> datetime:
    """Return a day, or a moment."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        form = "must be a date such as 2026-12-31, or with a time: 2026-12-31T18:00"
        raise ValueError(f'"{text}" {form}') from None


def text_or_input(text: str) -> str:
    """Return a text, or what standard input has in place of "-"."""
    return sys.stdin.read().strip() if text == "-" else text
