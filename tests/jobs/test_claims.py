# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims on the lines of a batch are given back when Ctrl+C comes at any of their lines of code."""

from __future__ import annotations

import inspect
import json
import linecache
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from mint_blender.jobs.batch_folder import claims
from mint_blender.jobs.batch_folder.claims import Claims
from mint_blender.jobs.storage.batch_lease import Lease

Trace = Callable[[FrameType, str, Any], Any]
DEAD = json.dumps({"host": platform.node(), "pid": 99_999_999, "id": "dead"})
INTERRUPTED = (Claims.take, Claims.release, Claims._acquire, Lease._write_to)


class Interruption:
    """Raises `KeyboardInterrupt` before the n-th line of these functions, as Ctrl+C does."""

    def __init__(self, place: int) -> None:
        self.left = place
        self._codes: set[CodeType] = {inspect.unwrap(each).__code__ for each in INTERRUPTED}

    def __call__(self, frame: FrameType, event: str, _value: Any) -> Trace | None:
        """Trace these functions only."""
        if frame.f_code not in self._codes:
            return None
        # Python looks for signals at calls and jumps, so never at a `try` alone
        code = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and code != "try:":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self


def interrupted(place: int, folder: Path) -> bool:
    """Claim two lines and release one, with Ctrl+C at a line of code; return whether it came."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(claims, "LOCK_TRIES", 1)
        with claims.open_claims(folder) as ours:
            before = sys.gettrace()
            sys.settrace(Interruption(place))
            try:
                ours.take("first")
                ours.take("second")
                ours.release("first")
            except KeyboardInterrupt:
                return True
            finally:
                sys.settrace(before)
    return False


@pytest.mark.parametrize("abandoned", [False, True], ids=["new", "left by a dead process"])
def test_an_interruption_leaves_no_claim(tmp_path: Path, abandoned: bool) -> None:
    """Whatever was claimed at that moment is free for others."""
    place = 1
    while True:
        folder = tmp_path / str(place)
        found = folder / ".mint-batch" / "claims"
        if abandoned:
            leave_claim(found / "second")
        if not interrupted(place, folder):
            break
        left = {each.name for each in found.iterdir()} - {".lock"}
        allowed = {"second"} if abandoned and is_left(found / "second") else set()
        assert left == allowed, f"interrupted at line {place}"
        place += 1
    assert place > 12, "the functions have more lines than that"


def leave_claim(path: Path) -> None:
    """Write the claim of a process of this machine that no longer runs."""
    path.parent.mkdir(parents=True)
    path.write_text(DEAD)


def is_left(path: Path) -> bool:
    """Return whether the dead process's claim is still there."""
    return path.is_file() and path.read_text() == DEAD
