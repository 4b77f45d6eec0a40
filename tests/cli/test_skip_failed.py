# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --skip-failed`: what Mint refuses does not keep a farm from the other lines."""

from __future__ import annotations

import pytest

from .batch_helpers import Batch

FAILED = {"prompt": "a lamp [forbidden]"}
REVIEW = {"prompt": "a mug", "mode": "review"}
GOOD = {"prompt": "a chair"}


@pytest.mark.parametrize("line, status", [(FAILED, 1), (REVIEW, 6)], ids=["failed", "review"])
def test_a_line_ended_at_mint_fails_no_step(
    batch: Batch, line: dict[str, object], status: int
) -> None:
    """Without the option the status is that of the line; the other lines are written either way."""
    batch.lines(line, GOOD)
    for step in ("generate", "write"):
        assert batch("--step", step).status == status
        ran = batch("--step", step, "--skip-failed")
        assert ran.status == 0
        assert "1 of 2 lines are" in ran.err and line["prompt"] in ran.err
    assert batch("--step", "sheet").status == 0
    assert (batch.out / "0002-a-chair.glb").is_file()


def test_a_whole_batch_takes_it_too(batch: Batch) -> None:
    """Also without steps the others decide the status."""
    batch.lines(FAILED, GOOD)
    assert batch("--skip-failed").status == 0
    assert batch().status == 1


@pytest.mark.parametrize("step", [(), ("--step", "generate")], ids=["whole", "generate"])
def test_what_a_rerun_would_continue_still_fails(batch: Batch, step: tuple[str, ...]) -> None:
    """Credits, outages and keys are no failed lines: a farm has to run the task again."""
    batch.lines(FAILED, {"prompt": "a mug [no-credits]"})
    command = ("--skip-failed", *step)
    assert batch(*command).status == 4
    assert batch(*command, "--max-credits", "0").status == 4
    batch.service.stop()
    assert batch(*command).status == 5


def test_a_line_that_was_never_generated_still_fails(batch: Batch) -> None:
    """The step that writes does not take a missing generation for a failed one."""
    batch.lines(GOOD)
    assert batch("--step", "write", "--skip-failed").status == 1
