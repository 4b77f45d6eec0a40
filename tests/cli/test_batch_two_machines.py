# SPDX-License-Identifier: GPL-3.0-or-later
"""Two machines, one line: whatever they see of each other, Mint makes one operation."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from mint_blender.application.batch import made_elsewhere
from mint_blender.cli.exits import Exit
from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.paid_requests.record import PaidRequest
from mint_blender.jobs.service import JobService
from mint_blender.message import Message
from mint_blender.mint import errors
from mint_blender.mint.client import Client
from mint_blender.mint.schema import Page

from .batch_helpers import Batch, start_files, tags_of
from .command_runner import CommandResult, RunMint, run
from .conftest import Home
from .test_batch_folder import LAMPS


@pytest.mark.skipif(
    os.name == "nt", reason="does not apply: Windows keeps the lock file of a process that runs"
)
@pytest.mark.slow
@pytest.mark.covers("R-batch-once")
@pytest.mark.usefixtures("_fast_look")
def test_both_machines_queue_the_same_line(
    batch: Batch, mint: RunMint, at_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both checked before the other had noted anything. One sends; the other is told."""
    batch.lines(*LAMPS)
    take, turns = line_files.LineFile.take, iter(["the first line"])
    at_desk = list[CommandResult]()

    def let_the_other_run(self: line_files.LineFile, request: PaidRequest, **more: Any) -> bool:
        if next(turns, None):
            for name in ("lock", "lease"):  # a network drive without locks
                (batch.out / ".mint-batch" / name).unlink(missing_ok=True)
            at_desk.append(run(batch.service, batch.out.with_name("desk"), *batch.words))
        return take(self, request, **more)

    monkeypatch.setattr(line_files.LineFile, "take", let_the_other_run)
    at_home("farm")
    ran = batch()
    assert [result.status for result in at_desk] == [0], at_desk[0].err
    assert ran.status == 1
    assert "Another machine has started this line of the batch. Nothing was sent." in ran.error_text
    assert len(batch.service.operations()) == 3
    assert batch().status == 0
    assert {job["phase"] for job in mint.jobs()} == {"placed"}
    assert len(batch.service.requests("POST", "/v1/models:generate")) == 3
    started = {name.partition(".start.")[0] for name in start_files(batch.out)}
    assert set(tags_of(batch.file)) <= started


@pytest.fixture
def queued(batch: Batch, at_home: Home, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """Queue the lines of a batch at the farm, and return it."""
    batch.lines(*LAMPS)
    at_home("farm")
    with monkeypatch.context() as stopped:
        stopped.setattr(JobService, "wake_own", lambda self, job: self._active.discard(job.id))
        batch()
    return batch


def test_a_line_that_was_only_queued_here(mint: RunMint, queued: Batch, at_home: Home) -> None:
    """What was queued here, and done elsewhere since, is fetched by a run of the batch."""
    assert {job["phase"] for job in mint.jobs()} == {"waiting"}
    assert not mint.service.operations()
    at_home("desk")
    assert queued().status == 0
    at_home("farm")
    assert queued().status == 0
    assert {job["phase"] for job in mint.jobs()} == {"placed"}
    assert len(mint.service.requests("POST", "/v1/models:generate")) == 3


def test_a_line_that_was_canceled_before_it_was_sent(mint: RunMint, queued: Batch) -> None:
    """It is ordered again with the same key, under which another machine may have sent it."""
    for job in mint.jobs():
        mint("cancel", str(job["job"]))
    assert queued("--retry-failed").status == 0
    assert set(start_files(queued.out)) == {f"{tag}.start.1" for tag in tags_of(queued.file)}
    assert len(mint.service.requests("POST", "/v1/models:generate")) == 3


def test_a_line_that_was_canceled_and_is_in_the_library(
    mint: RunMint, queued: Batch, at_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose folder is not seen here may have made it: a person decides."""
    for job in mint.jobs():
        mint("cancel", str(job["job"]))
    monkeypatch.setattr(made_elsewhere, "_NEW", -1.0)
    with monkeypatch.context() as damaged:
        damaged.setattr(Client, "page", lambda *_, **__: Page((), None, left_out=1))
        ran = queued("--retry-failed")
    assert ran.status == Exit.UNREACHABLE and "could not be read in full" in ran.error_text
    assert not mint.service.requests("POST", "/v1/models:generate")
    at_home("desk")
    assert mint("generate", "--prompt", "lamp 1", "--preset", "fast").status == 0
    at_home("farm")
    ran = queued("--retry-failed")
    assert ran.status == Exit.UNREACHABLE and "result that looks like this line" in ran.error_text
    assert len(mint.service.requests("POST", "/v1/models:generate")) == 3


@pytest.mark.usefixtures("_fast_look")
def test_a_copy_looks_for_a_line_that_was_given_up(
    batch: Batch, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the original was told does not count in a copy: it may have ordered it again since."""

    def lose(*_: Any, **__: Any) -> None:
        raise errors.Unreachable(Message("Mint cannot be reached."))

    batch.lines(LAMPS[0])
    with monkeypatch.context() as unreachable:
        unreachable.setattr(Client, "pay", lose)
        assert batch().status == Exit.UNREACHABLE
    batch.mint("cancel", batch.mint.job)
    batch.mint("resume", batch.mint.job)  # to the end of its look, if it was canceled during that
    (job,) = batch.mint.jobs()
    assert job["phase"] == "canceled"
    shutil.copytree(home, home.with_name("copy"))
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home.with_name("copy")))
    for _ in range(2):
        ran = batch("--retry-failed")
        assert ran.status == Exit.UNREACHABLE, ran.err
        assert "To start the line again: --start-again" in ran.error_text
    assert not batch.service.operations()
    assert batch("--start-again").status == 0
    assert len(batch.service.operations()) == 1
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home))
    assert batch("--retry-failed").status == 0
    assert len(batch.service.operations()) == 1


def test_a_line_that_was_canceled_here_and_started_elsewhere(
    mint: RunMint, queued: Batch, at_home: Home
) -> None:
    """Nothing is started a second time, although the line was never sent from here."""
    for job in mint.jobs():
        mint("cancel", str(job["job"]))
    at_home("desk")
    assert queued().status == 0
    at_home("farm")
    for _ in range(2):
        ran = queued("--retry-failed")
        assert ran.status == Exit.BUSY and "Another machine has started it" in ran.error_text
    assert len(mint.service.requests("POST", "/v1/models:generate")) == 3
