# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --skip-failed`: what Mint refuses does not keep a farm from the other lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import RunMint

FAILED = {"prompt": "a lamp [forbidden]"}
REVIEW = {"prompt": "a mug", "mode": "review"}
GOOD = {"prompt": "a chair"}


@pytest.mark.parametrize("line, status", [(FAILED, 1), (REVIEW, 6)], ids=["failed", "review"])
def test_a_line_that_mint_has_ended_fails_no_step(
    mint: RunMint, tmp_path: Path, line: dict[str, object], status: int
) -> None:
    """Without the option the status is that of the line; the other lines are written either way."""
    file = lines_of(tmp_path / "props.jsonl", line, GOOD)
    command = ("batch", str(file), "-o", str(tmp_path / "out"), "--step")
    for step in ("generate", "write"):
        assert mint(*command, step).status == status
        ran = mint(*command, step, "--skip-failed")
        assert ran.status == 0
        assert "1 of 2 lines are" in ran.err and line["prompt"] in ran.err
    assert mint(*command, "sheet").status == 0
    assert (tmp_path / "out" / "0002-a-chair.glb").is_file()


def test_a_whole_batch_takes_it_too(mint: RunMint, tmp_path: Path) -> None:
    """Also without steps the others decide the status."""
    file = lines_of(tmp_path / "props.jsonl", FAILED, GOOD)
    command = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*command, "--skip-failed").status == 0
    assert mint(*command).status == 1


@pytest.mark.parametrize("step", [(), ("--step", "generate")], ids=["whole", "generate"])
def test_what_a_rerun_would_continue_still_fails(
    mint: RunMint, service: ThreadService, tmp_path: Path, step: tuple[str, ...]
) -> None:
    """Credits, outages and keys are no failed lines: a farm has to run the task again."""
    file = lines_of(tmp_path / "props.jsonl", FAILED, {"prompt": "a mug [no-credits]"})
    command = ("batch", str(file), "-o", str(tmp_path / "out"), "--skip-failed", *step)
    assert mint(*command).status == 4
    assert mint(*command, "--max-credits", "0").status == 4
    service.stop()
    assert mint(*command).status == 5


def test_a_line_that_was_never_generated_still_fails(mint: RunMint, tmp_path: Path) -> None:
    """The step that writes does not take a missing generation for a failed one."""
    file = lines_of(tmp_path / "props.jsonl", GOOD)
    command = ("batch", str(file), "-o", str(tmp_path / "out"), "--step", "write")
    assert mint(*command, "--skip-failed").status == 1
