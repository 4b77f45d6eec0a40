# SPDX-License-Identifier: GPL-3.0-or-later
"""`--help` and wrong arguments."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mint_blender.cli import commands
from mint_blender.cli.parser import parser

from ..imported_modules import foreign, modules_of

ROOT = Path(__file__).resolve().parents[2]

PROMISED = {
    "generate": [
        *("--kind", "--prompt", "--preset", "--mode", "--image", "--name", "--max-credits"),
        *("--approve", "--optimize", "-o", "--render"),
        *("--render-size", "--render-samples", "--render-engine"),
    ],
    "batch": [
        *("FILE", "-o", "--jobs", ".jsonl", ".csv", ".txt", "--workers", "--again", "--lines"),
        *("--step generate", "--step write", "--step sheet", "--executor", "--ship-results"),
    ],
    "jobs": [],
    "resume": ["JOB"],
    "approve": ["JOB"],
    "revise": ["JOB", "TEXT"],
    "retry": ["JOB"],
    "cancel": ["JOB"],
    "place": ["JOB", "-o"],
    "convert": ["ASSET_OR_JOB", "--format", "-o"],
    "again": ["JOB", "--prompt", "--max-credits", "--approve", "-o", "--render"],
    "models": [],
    "worlds": [],
    "usage": [],
    "check": [],
}
PROGRAMS = ("python3 -m mint_blender", "blender --online-mode --command mint")


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("command", PROMISED)
def test_every_command_has_help(
    capsys: pytest.CaptureFixture[str], command: str, program: str
) -> None:
    """The help of each command explains its documented options within 80 columns."""
    assert commands.main([command, "--help"], program=program) == 0
    text = capsys.readouterr().out
    for option in (*PROMISED[command], "--json"):
        assert option in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith(f"usage: {program} {command}")


def test_the_first_page_has_commands_statuses_and_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The main help lists the commands, exit statuses and environment variables."""
    assert commands.main(["--help"]) == 0
    text = capsys.readouterr().out
    variables = ("MINT_API_KEY", "MINT_API_BASE_URL", "MINT_BLENDER_HOME")
    for word in (*PROMISED, "exit status", *variables):
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
