# SPDX-License-Identifier: GPL-3.0-or-later
"""What is fuzzed: a function of bytes, with inputs to begin from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class Target:
    """One subject.

    Attributes:
        name: Also the name of its folder in `cases/`.
        function: Gives the bytes to the code under test. Raises for everything that the docstrings
            of that code do not promise.
        seeds: Valid inputs to begin from.
        is_json: Whether inputs are JSON, so that values in them are replaced, too.
        memory: The most bytes that one input may allocate at a time, beside 40 for each of its own.
        setup: What has to be open while inputs are tried.
    """

    name: str
    function: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    is_json: bool = False
    memory: int = 8 * MEGABYTE
    setup: Callable[[], AbstractContextManager[None]] = nullcontext
