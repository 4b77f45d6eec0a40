# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of command-line arguments. Each raises ArgumentTypeError with a sentence."""

from __future__ import annotations

import argparse
from pathlib import Path


def output(text: str) -> Path:
    """Return the path of a .blend or .glb file."""
    path = Path(text)
    if path.suffix.lower() not in {".blend", ".glb"}:
        raise argparse.ArgumentTypeError(f'"{text}" must end in .blend or .glb')
    return path.absolute()


def picture(text: str) -> Path:
    """Return the path of a .png file."""
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f'"{text}" must end in .png')
    return path.absolute()


def count(text: str) -> int:
    """Return a whole number, at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" must be a whole number, at least 1')
    return int(text)


def executor(text: str) -> str:
    """Return the address of a Dask scheduler."""
    from ..batch.dask_executor.address import scheduler_address

    try:
        return scheduler_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def ranges(text: str) -> tuple[range, ...]:
    """Return the ranges of line numbers in a text such as "1-10,14".

    "2-10:2" is every second line, as job schedulers write it.
    """
    return tuple(_range(part.strip()) for part in text.split(","))


def _range(text: str) -> range:
    ends, _, step = text.partition(":")
    first, _, last = ends.partition("-")
    start, end = count(first.strip()), count((last or first).strip())
    if end < start:
        raise argparse.ArgumentTypeError(f'"{text}" must begin with the smaller number')
    return range(start, end + 1, count(step.strip()) if ":" in text else 1)


def credits(text: str) -> float:
    """Return a number of Credits."""
    try:
        credits = float(text)
    except ValueError:
        credits = -1.0
    if not credits >= 0:
        raise argparse.ArgumentTypeError(f'"{text}" must be a number of Credits')
    return credits
