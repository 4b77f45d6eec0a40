# SPDX-License-Identifier: GPL-3.0-or-later
"""What a benchmark yields, and how it takes the time."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One row of the table that is printed."""

    what: str
    goal: str
    """What should be reached, with its unit."""
    measured: str
    """What was measured, with its unit."""
    is_reached: bool | None
    """None where there is no goal."""
    beside: str = ""
    """The same of Blender itself, or of another program, in the same run."""


def seconds(call: Callable[[], object], times: int = 5) -> list[float]:
    """Return how long each of several calls took."""
    return [_seconds_of(call) for _ in range(times)]


def in_turn(
    first: Callable[[], object], second: Callable[[], object], times: int = 5
) -> tuple[list[float], list[float]]:
    """Return how long each call took, made in turn: A B A B, so that both meet the same noise."""
    pairs = [(_seconds_of(first), _seconds_of(second)) for _ in range(times)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def in_turn_by_processor(
    first: Callable[[], object], second: Callable[[], object], times: int = 5
) -> tuple[list[float], list[float]]:
    """Return the processor seconds of each call of this process, made in turn as by `in_turn`."""
    pairs = [(_processor_seconds(first), _processor_seconds(second)) for _ in range(times)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the ratios, pair by pair."""
    return statistics.median(
        one / other for one, other in zip(numerators, denominators, strict=True)
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(value: float) -> str:
    """Return seconds as a text in milliseconds."""
    digits = 0 if value >= 0.1 else 1 if value >= 0.01 else 2
    return f"{value * 1000:,.{digits}f} ms"


def _processor_seconds(call: Callable[[], object]) -> float:
    gc.collect()
    begun = time.process_time()
    call()
    return time.process_time() - begun


def _seconds_of(call: Callable[[], object]) -> float:
    gc.collect()
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
