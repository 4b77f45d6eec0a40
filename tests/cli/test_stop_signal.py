# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGTERM, by which render farms and service managers ask a command to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mint_blender.cli import commands

from ..conftest import DOES_NOT_APPLY
from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import RunMint, command, environment, run


def test_a_request_to_stop_ends_a_batch_as_ctrl_c_does(
    service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """It leaves the folder free, says how to continue, and a rerun pays nothing twice."""
    if sys.platform == "win32":
        pytest.skip(DOES_NOT_APPLY + "Windows has no SIGTERM; farms send Ctrl-C there")
    file = lines_of(tmp_path / "props.jsonl", {"prompt": "a lamp [slow-start]"})
    words = ("batch", str(file), "-o", str(tmp_path / "out"))
    running = subprocess.Popen(
        command(*words), env=environment(service, home), stderr=subprocess.PIPE, text=True
    )
    while "Queued" not in (line := running.stderr.readline()):
        assert line, "it ended before it was asked to stop"
    lease = tmp_path / "out" / ".mint-batch" / "lease"
    assert lease.exists()
    os.kill(running.pid, signal.SIGTERM)
    error = running.communicate(timeout=20)[1]
    assert running.returncode == 130
    assert "Interrupted. Jobs that were started continue at Mint." in error
    assert "Run the same command again: it continues where it stopped" in error
    assert "resume" not in error  # which would write no records of the lines
    assert "Traceback" not in error
    assert not lease.exists()
    assert run(service, home, *words).status == 0
    assert len(service.operations()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("library", "sync", "assets"), "Run the same command again: it downloads only what"),
        (("resume",), "Resume them here at no extra cost: python3 -m mint_blender resume"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_each_command_says_what_continues_it(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    """A sync starts no jobs, so that `resume` would be the wrong advice."""

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "function_of", lambda command: stop)
    ran = mint(*words)
    assert ran.status == 130
    assert ran.error_text.startswith("Interrupted. ") and sentence in ran.error_text
