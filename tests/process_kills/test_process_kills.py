# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are killed at a step and run again: a sample of what the long form does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.one_blender,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="does not apply: no fork on this system"),
]

NAMES = ("generate after a picture", "generate with review", "batch")


@pytest.mark.covers("R-pay-once", "C7-restart")
def test_commands_that_are_killed_go_on() -> None:
    """Nothing is paid twice, and every file is there in the end."""
    _kill(20, *NAMES)


@pytest.mark.blender
@pytest.mark.covers("R-python-ids")
def test_a_script_that_is_killed_goes_on() -> None:
    """The example for studios in the manual pays nothing twice, and ends with file and sheet."""
    _kill(6, "a script for a studio")


def _kill(count: int, *names: str) -> None:
    more = [word for name in names for word in ("--scenario", name)]
    command = [sys.executable, "-m", "tests.process_kills", "--count", str(count), "--seed", "1"]
    output = subprocess.run(
        [*command, *more],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=280,
    ).stdout
    report = json.loads(output.splitlines()[-1])
    assert report["failures"] == []
    assert report["figures"]["kills"] >= count * 0.8
