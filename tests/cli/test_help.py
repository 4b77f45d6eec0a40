# SPDX-License-Identifier: GPL-3.0-or-later
"""`--help` and wrong arguments."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mint_blender.cli import commands
from mint_blender.cli.parser import COMMANDS, parser

from ..code.imported_modules import foreign, modules_of

ROOT = Path(__file__).resolve().parents[2]

PROGRAMS = ("python3 -m mint_blender", "blender --online-mode --command mint")


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(
    capsys: pytest.CaptureFixture[str], command: str, program: str
) -> None:
    """The help is at most 80 columns wide; the committed page commands.md has all options."""
    assert commands.main([command, "--help"], program=program) == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith(f"usage: {program} {command}")


def test_the_first_page_has_commands_statuses_and_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The main help lists the commands, exit statuses and environment variables."""
    assert commands.main(["--help"]) == 0
    text = capsys.readouterr().out
    variables = ("MINT_API_KEY", "MINT_API_BASE_URL", "MINT_BLENDER_HOME")
    for word in (*COMMANDS, "exit status", *variables):
        assert word in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_command_makes_its_own_parser_only() -> None:
    """All of them take longer than the rest of a short command."""
    assert {"animate", "usage"} <= set(parser("mint").format_help().split())
    assert "animate" not in parser("mint", ["usage"]).format_help().split()


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ([], "COMMAND"),
        (["generate", "--prompt"], "expected one argument"),
        (["generate", "--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["revise", "abc"], "TEXT"),
        (["batch", "wishes.txt"], "-o/--output"),
        (["batch", "wishes.txt", "-o", "out", "--jobs", "0"], "must be a whole number, at least 1"),
        (["generate", "--prompt", "x", "--render", "x.jpg"], '"x.jpg" must end in .png'),
        *(
            (["generate", "--prompt", "x", f"--render-size={size}"], "such as 1920x1080")
            for size in ("640", "640x", "0x480", "3x480", "640x99999", "-1x5", "1e3x5")
        ),
        (["generate", "--prompt", "x", "--max-credits", "nan"], "must be a number of Credits"),
        (["check", "--log-level", "loud"], "invalid choice: 'LOUD'"),
    ],
)
def test_wrong_arguments_are_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    """Argparse prints the error to standard error, and nothing to standard output."""
    assert commands.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err and "usage:" in err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints name and version in one line, as the manifest has them."""
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    assert commands.main(["--version"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"Mint for Blender {manifest['version']}\n", "")


def test_the_version_needs_neither_blender_nor_a_command() -> None:
    """`--version` prints it without a key, journal, Blender or network."""
    imported = modules_of("from mint_blender.cli import main; assert main(['--version']) == 0")
    assert not foreign(imported) & {"bpy", "numpy", "requests", "sqlite3"}
