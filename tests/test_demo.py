# SPDX-License-Identifier: GPL-3.0-or-later
"""The last words of the demo: what they tell a new user to type can be typed."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from scripts import demo


def typed(text: str) -> list[str]:
    """Return the lines that are set apart, to be pasted into a terminal."""
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


@pytest.mark.skipif(sys.platform == "win32", reason="does not apply: the lines are for a shell")
def test_the_last_lines_can_be_pasted() -> None:
    """A shell in the clone takes them as they are, with a Python that has what the add-on needs."""
    key, command = typed(demo.advice(windows=False))
    assert key == "export MINT_API_KEY=…"
    assert command.endswith(" -o lamp.blend --render lamp.png")
    script = f"{key}\n{command} --help"
    done = subprocess.run(
        ["sh", "-euc", script], cwd=demo.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--render" in done.stdout


def test_powershell_gets_its_own_lines() -> None:
    """There `export` is no command, and a path in quotes is started with an ampersand."""
    key, command = typed(demo.advice(windows=True))
    assert key == '$env:MINT_API_KEY = "…"'
    assert command.startswith("& ")


def test_the_pages_that_are_named_exist() -> None:
    """Each page is a file of the clone."""
    named = re.findall(r"docs/\S+\.md", demo.advice())
    assert len(named) == 2
    assert [each for each in named if not (demo.ROOT / each).is_file()] == []
