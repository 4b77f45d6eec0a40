# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a farm: one machine generates, any number write, one makes the contact sheet."""

from __future__ import annotations

import json
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from mint_blender.cli.batch import write_step
from mint_blender.files.file_lock import file_lock

from .batch_helpers import Batch
from .conftest import Home

LAMPS: list[dict[str, object]] = [{"prompt": f"lamp {number}"} for number in range(1, 5)]


@pytest.fixture
def generated(batch: Batch) -> Batch:
    """Return a batch whose first step is done."""
    batch.lines(*LAMPS)
    ran = batch("--step", "generate")
    assert ran.status == 0 and "4 of 4 lines are generated" in ran.error_text
    return batch


def move_away(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Continue on a machine with its own journal, without network and key."""
    batch.service.stop()
    monkeypatch.delenv("MINT_API_KEY", raising=False)
    monkeypatch.setenv("MINT_BLENDER_HOME", str(batch.out.with_name("farm")))


@pytest.mark.windows
def test_three_steps(generated: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first step has key and network; then a plain run finds that everything is done."""
    out = generated.out
    assert not list(out.glob("*.glb")) and not (out / "index.html").exists()
    with monkeypatch.context() as elsewhere:
        move_away(generated, elsewhere)
        assert generated("--step", "write", "--lines", "1-3").status == 0
        assert len(list(out.glob("*.glb"))) == 3
        second = generated("--step", "write")
        assert second.status == 0 and "4 of 4 lines are written" in second.error_text
        assert second.out.count(".glb") == 1, "the others were written before"
        assert not (out / "index.html").exists()
        assert generated("--step", "sheet").status == 0
    assert (out / "index.html").read_text(encoding="utf-8").count("0001-lamp-1.glb")
    record = json.loads((out / "0002-lamp-2.json").read_text())
    assert record["state"] == "done" and record["files"]["result"] == "0002-lamp-2.glb"
    generated.service.start()
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.glb")}
    assert generated.mint("resume").status == 0
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.glb")} == before
    plain = generated()
    assert plain.status == 0 and "4 of 4 lines are done" in plain.error_text
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.glb")} == before
    assert {job["phase"] for job in generated.mint.jobs()} == {"placed"}
    generated.lines(*LAMPS, {"prompt": "lamp 5"})
    for options in ((), ("--skip-failed",)):
        ran = generated("--step", "write", *options)
        assert ran.status == 8 and "line 5: This line was not generated yet." in ran.error_text
        assert "4 of 5 lines are written" in ran.error_text
    assert len(generated.service.operations()) == 4


def test_shared_files_that_are_gone(
    generated: Batch, at_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line without files says what to do; `--step generate` brings them again, at no cost."""
    (file,) = [*(generated.out / ".mint-batch" / "files").glob("*/*model.glb")][:1]
    file.unlink()
    with monkeypatch.context() as elsewhere:
        move_away(generated, elsewhere)
        ran = generated("--step", "write")
        assert ran.status == 7 and "3 of 4 lines are written" in ran.error_text
        assert "Run the batch with --step generate" in ran.error_text
    generated.service.start()
    at_home("another")
    assert generated("--step", "generate").status == 0
    move_away(generated, monkeypatch)
    assert generated("--step", "write").status == 0
    generated.service.start()
    assert len(generated.service.operations()) == 4


def test_lines_that_another_process_is_writing(
    generated: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are waited for, and then there is nothing left to write. Other lines are not waited for."""
    waits = list[float]()
    generated("--step", "write", "--lines", "1-4")
    (path,) = (generated.out / ".mint-batch" / "ranges").iterdir()
    with ExitStack() as other:
        other.enter_context(file_lock(path))
        clock = SimpleNamespace(sleep=lambda seconds: waits.append(seconds) or other.close())
        monkeypatch.setattr(write_step, "time", clock)
        assert "Waiting" not in generated("--step", "write", "--lines", "1-3").error_text
        ran = generated("--step", "write")
    assert ran.status == 0 and "Another process is writing these lines." in ran.error_text
    assert waits == [write_step.POLL_INTERVAL]


# -- `--skip-failed`: what Mint refuses does not keep a farm from the other lines


FAILED = {"prompt": "a lamp [forbidden]"}
REVIEW = {"prompt": "a mug", "mode": "review"}
GOOD = {"prompt": "a chair"}


@pytest.mark.parametrize("line, status", [(FAILED, 1), (REVIEW, 6)], ids=["failed", "review"])
def test_a_line_ended_at_mint_fails_no_step(
    batch: Batch, line: dict[str, object], status: int
) -> None:
    """Without the option the status is that of the line; the other lines are written either way."""
    batch.lines(line, GOOD)
    for step in (("--step", "generate"), ("--step", "write"), ()):
        assert batch(*step).status == status
        ran = batch(*step, "--skip-failed")
        assert ran.status == 0
        assert "1 of 2 lines are" in ran.err and str(line["prompt"]) in ran.err
    assert batch("--step", "sheet").status == 0
    assert (batch.out / "0002-a-chair.glb").is_file()


@pytest.mark.parametrize("step", [(), ("--step", "generate")], ids=["whole", "generate"])
def test_what_a_rerun_would_continue_still_fails(batch: Batch, step: tuple[str, ...]) -> None:
    """Credits, outages and keys are no failed lines: a farm has to run the task again."""
    batch.lines(FAILED, {"prompt": "a mug [no-credits]"})
    command = ("--skip-failed", *step)
    assert batch(*command).status == 4
    assert batch(*command, "--max-credits", "0").status == 4
    batch.service.stop()
    assert batch(*command).status == 5
