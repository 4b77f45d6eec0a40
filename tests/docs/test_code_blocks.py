# SPDX-License-Identifier: GPL-3.0-or-later
"""How bash code of a page is run, and what makes it fail."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ..cli.command_runner import CommandResult
from ..conftest import DOES_NOT_APPLY
from .shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Return a shell whose command `mint-blender N …` ends with the status N."""

    def run(words: list[str]) -> CommandResult:
        return CommandResult(int(words[0]), f"{words[1:]} in {Path.cwd().name}\n", "")

    if not hasattr(socket, "AF_UNIX"):
        pytest.skip(DOES_NOT_APPLY + "Windows has neither bash nor Unix sockets")
    with TemporaryDirectory() as place:
        shell = Shell(tmp_path, Path(place), run)
        yield shell
        shell.close()


def test_each_exit_status_is_as_the_line_says(shell: Shell) -> None:
    """A failure has to be announced, and what is announced has to happen.

    What bash cannot parse fails, and so do other programs: nothing is installed, and nothing
    outside is reached.
    """
    shell.run("mkdir here; cd here\nexport MINT_WORD='a lamp'")
    ran = shell.run('mint-blender 0 "$MINT_WORD" x | cat\npython3 -m mint_blender 0 y')
    assert ran == "['a lamp', 'x'] in here\n['y'] in here\n"
    shell.run("mint-blender 4   # exit status 4\nmint-blender 5 || mint-blender 0")
    for code in (
        "mint-blender 4",
        "mint-blender 0  # exit status 4",
        "mint-blender 3  # exit status 4",
        "if true; then echo x",
        "echo 'x",
        "pip install x",
        "python3 -m pip install x",
        "curl x",
        "python3 x.py",
    ):
        with pytest.raises(AssertionError):
            shell.run(code)
