# SPDX-License-Identifier: GPL-3.0-or-later
"""`--help` and wrong arguments."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from unittest.mock import Mock

import pytest

from mint_blender.cli import commands
from mint_blender.cli.parser import COMMANDS, parser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help is at most 80 columns wide; the committed page commands.md has all options.

    A command makes its own parser only: all of them take longer than the rest of a short command.
    """
    for program in ("python3 -m mint_blender", "blender --online-mode --command mint"):
        for command in COMMANDS:
            assert commands.main([command, "--help"], program=program) == 0
            text = capsys.readouterr().out
            assert "--json" in text
            assert max(map(len, text.splitlines())) <= 80
            assert text.startswith(f"usage: {program} {command}")
    assert {"animate", "usage"} <= set(parser("mint").format_help().split())
    assert "animate" not in parser("mint", ["usage"]).format_help().split()


def test_the_first_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The main help lists the commands, exit statuses and environment variables."""
    assert commands.main(["--help"]) == 0
    text = capsys.readouterr().out
    variables = ("MINT_API_KEY", "MINT_API_BASE_URL", "MINT_BLENDER_HOME")
    for word in (*COMMANDS, "exit status", *variables):
        assert word in text
    assert max(map(len, text.splitlines())) <= 80
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    assert commands.main(["--version"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"Mint for Blender {manifest['version']}\n", "")


WRONG: tuple[tuple[list[str], str], ...] = (
    ([], "COMMAND"),
    (["generate", "--prompt"], "expected one argument"),
    (["generate", "--frobnicate"], "unrecognized arguments: --frobnicate\n"),
    (["generate", "--promt", "x"], "Did you mean --prompt?"),
    (["generates"], "Did you mean generate?"),
    (["revise", "abc"], "TEXT"),
    (["batch", "wishes.txt"], "-o/--output"),
    (["batch", "wishes.txt", "-o", "out", "--jobs", "0"], "must be a whole number, at least 1"),
    (["generate", "--prompt", "x", "--render", "x.jpg"], '"x.jpg" must end in .png'),
    (["generate", "--prompt", "x", "--max-credits", "nan"], "must be a number of Credits"),
    (["check", "--log-level", "loud"], "invalid choice: 'LOUD'"),
    *(
        (["generate", "--prompt", "x", f"--render-size={size}"], "such as 1920x1080")
        for size in ("640", "640x", "0x480", "3x480", "640x99999", "-1x5", "1e3x5")
    ),
)


def test_a_shell_completes_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package argcomplete gets the parser of all commands, where it is installed."""
    completed = Mock()
    monkeypatch.setitem(sys.modules, "argcomplete", completed)
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    assert commands.main(["--version"]) == 0
    assert "animate" in completed.autocomplete.call_args.args[0].format_help()


def test_wrong_arguments_are_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Argparse prints the error to standard error, and nothing to standard output."""
    for arguments, complaint in WRONG:
        assert commands.main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert complaint in err and "usage:" in err
