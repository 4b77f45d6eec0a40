# SPDX-License-Identifier: GPL-3.0-or-later
"""Results on standard output, progress on standard error; terminal, pipe, JSON."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from mint_blender.cli import results, session
from mint_blender.mint.retry import PollIntervals

from ..conftest import DOES_NOT_APPLY
from ..mint_service.runner import ThreadService
from .command_runner import (
    LAMP,
    RunMint,
    command,
    environment,
    press_ctrl_c,
    pseudo_terminal,
    restore_sigint,
    run,
)


def test_in_a_pipe_every_change_is_one_plain_line(service: ThreadService, home: Path) -> None:
    """In a pipe each state is one plain line without control codes."""
    ran = run(service, home, *LAMP)
    assert ran.status == 0
    assert "\x1b" not in ran.err + ran.out and "\r" not in ran.err + ran.out
    lines = ran.err.splitlines()
    assert len(lines) == len(set(lines)) >= 3
    assert all(line.startswith("a lamp: ") for line in lines)
    assert ran.out.startswith("a lamp: Ready")


def test_for_programs_standard_output_is_json_lines_only(
    service: ThreadService, home: Path
) -> None:
    """With --json each event is an object, the result is last, and progress is on standard error."""
    ran = run(service, home, *LAMP, "--mode", "review", "--json")
    events = [record["event"] for record in ran.records]
    assert events[-1] == "result"
    assert set(events) == {"state", "result"}
    assert ran.records[-1]["phase"] == "review"
    assert "a lamp: Preview ready" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["jobs"],
        ["models"],
        ["worlds"],
        ["usage"],
        ["check"],
        ["resume"],
        ["approve", "x"],
        ["place", "x", "-o", "x.glb"],
    ],
)
def test_every_command_prints_json(
    mint: RunMint, service: ThreadService, arguments: list[str]
) -> None:
    """With --json every command prints only objects with an `event`."""
    mint(*LAMP)
    assert all(record["event"] for record in mint(*arguments, "--json").records)


def test_json_survives_every_encoding(service: ThreadService, home: Path) -> None:
    """On an ASCII terminal, a prompt in any script is valid JSON and an escaped line."""
    prompt = "une lampe à pied 灯 \U0001f4a1"
    ran = run(
        service,
        home,
        "generate",
        "--prompt",
        prompt,
        "--mode",
        "review",
        "--json",
        PYTHONIOENCODING="ascii",
    )
    assert ran.status == 6
    assert ran.result["prompt"] == prompt
    assert run(service, home, "jobs", PYTHONIOENCODING="ascii").status == 0


def test_a_terminal_gets_a_live_display(service: ThreadService, home: Path) -> None:
    """A terminal shows a live display; standard output stays clean."""
    pytest.importorskip("rich", reason=DOES_NOT_APPLY + "without rich there are plain lines")
    with pseudo_terminal() as terminal:
        ended = subprocess.run(
            command(*LAMP, "--mode", "review", "--json"), env=environment(service, home, TERM="xterm-256color"), stdout=subprocess.PIPE, stderr=terminal.end, timeout=60, check=False
        )  # fmt: skip
    assert ended.returncode == 6
    assert [json.loads(line)["event"] for line in ended.stdout.splitlines()][-1] == "result"
    assert "\x1b[" in terminal.text
    assert any(spin in terminal.text for spin in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
    assert "━" in terminal.text
    assert "Traceback" not in terminal.text


def test_a_terminal_shows_prompts_as_they_are(service: ThreadService, home: Path) -> None:
    """Square brackets in a prompt are not read as markup."""
    pytest.importorskip("rich", reason=DOES_NOT_APPLY + "without rich there are plain lines")
    with pseudo_terminal() as terminal:
        ended = subprocess.run(
            command("generate", "--prompt", "a [red] lamp [/bold]", "--mode", "review"), env=environment(service, home, TERM="xterm"), stdout=terminal.end, stderr=terminal.end, timeout=60, check=False
        )  # fmt: skip
    assert ended.returncode == 6
    assert "a [red] lamp [/bold]" in terminal.text
    assert "Traceback" not in terminal.text


def test_ctrl_c_prints_how_to_resume(service: ThreadService, home: Path) -> None:
    """Ctrl-C is status 130 and a sentence; `resume` continues the same operation."""
    running = subprocess.Popen(
        command("generate", "--prompt", "a lamp [slow-start]"), env=environment(service, home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=restore_sigint,
    )  # fmt: skip
    out, err = press_ctrl_c(running, at="Queued")
    assert running.returncode == 130
    assert err.splitlines()[-1].startswith("Interrupted. Jobs that were started continue at Mint.")
    assert "python3 -m mint_blender resume" in err
    assert "Traceback" not in err + out
    assert run(service, home, "resume").status == 0
    assert len(service.operations()) == 1


def test_a_closed_pipe_is_not_an_error(mint: RunMint, service: ThreadService, home: Path) -> None:
    """`mint jobs | head -1` ends without a traceback."""
    for _ in range(3):
        mint("generate", "--prompt", "a lamp [forbidden]")
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        command("jobs"),
        env=environment(service, home),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert ended.returncode == 1
    assert ended.stderr == ""


def test_an_unexpected_error_is_a_message_and_a_log_entry(
    mint: RunMint, service: ThreadService, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception is a sentence; the log has the traceback without the key."""

    def broken(*_: object, **_more: object) -> None:
        raise RuntimeError(f"the key is {service.key}")

    monkeypatch.setattr(results, "deliver", broken)
    ran = mint(*LAMP, "--json")
    assert ran.status == 1
    assert "Unexpected error (RuntimeError)." in ran.error_text
    assert "python3 -m mint_blender resume" in ran.error_text
    assert ran.records[-1]["event"] == "error"
    log = (home / "mint.log").read_text()
    assert "Traceback" in log
    assert service.key not in log


def test_without_an_error_there_is_no_log(mint: RunMint, home: Path) -> None:
    """The log file is created by its first entry."""
    mint(*LAMP)
    assert home.is_dir()
    assert not (home / "mint.log").exists()


def test_the_usual_duration_is_shown(mint: RunMint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual duration is shown if the history has one."""
    monkeypatch.setattr(session, "POLL_INTERVALS", PollIntervals(first=1.2, factor=1.0))
    first, second = (mint(*LAMP, "--mode", "review").err for _ in range(2))
    assert "usually" not in first
    assert "a lamp: Generating (usually 1 s)" in second or "a lamp: Queued (usually 1 s)" in second
