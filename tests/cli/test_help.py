# SPDX-License-Identifier: GPL-3.0-or-later
"""`--help` and wrong arguments."""

from __future__ import annotations

import pytest

from mint_blender.cli import commands

PROMISED = {
    "generate": [
        "--kind",
        "--prompt",
        "--preset",
        "--mode",
        "--image",
        "--name",
        "--max-credits",
        "--approve",
        "--optimize",
        "-o",
        "--render",
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
    for word in (
        *PROMISED,
        "exit status",
        "MINT_API_KEY",
        "MINT_API_BASE_URL",
        "MINT_BLENDER_HOME",
    ):
        assert word in text
    assert max(map(len, text.splitlines())) <= 80


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
