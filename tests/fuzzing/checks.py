# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what a person reads, and of what lies on the disk afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mint_blender.cli.terminal import safe_line

KEY = "mk_live_0123456789abcdef"
"""The API key of the client that is fuzzed. It must be in no text."""
CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
LONGEST = 3000
"""Most characters of a sentence; Mint's own explanation may have 500."""


def check_sentence(text: str) -> None:
    """Check that a text for a person is short and has no control character, and no half letter."""
    assert text.strip(), "an empty sentence"
    assert not (found := CONTROL.search(text)), f"{found!r} in {text[:200]!r}"
    assert len(text) <= LONGEST, f"a sentence of {len(text)} characters"


@contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """Accept these errors if their text is a sentence."""
    try:
        yield
    except errors as error:
        check_sentence(str(error))


def check_printed(text: str) -> None:
    """Check a text that the terminal cleans before a person reads it."""
    assert text.strip(), "an empty sentence"
    assert len(text) <= LONGEST, f"a sentence of {len(text)} characters"
    printed = safe_line(text).encode("utf-8", "backslashreplace").decode()
    assert not (found := CONTROL.search(printed)), f"{found!r} in {printed[:200]!r}"


@contextmanager
def guarded_folder() -> Iterator[Path]:
    """Yield a folder; afterwards, check that nothing was written beside it or above it."""
    outer = Path(tempfile.mkdtemp(prefix="mint-fuzz-", dir=_memory_disk()))
    inside = outer / "a" / "b" / "inside"
    inside.mkdir(parents=True)
    try:
        yield inside
        found = [path for path in outer.rglob("*") if not path.is_relative_to(inside)]
        assert sorted(found) == [outer / "a", outer / "a" / "b"], f"written outside: {found}"
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def text_of(data: bytes) -> str:
    """Return a text of any characters, halves of surrogate pairs included."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def json_of(data: bytes) -> Any:
    """Return a JSON document; None for bytes that are none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _memory_disk() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
