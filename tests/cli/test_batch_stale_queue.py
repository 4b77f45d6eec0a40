# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch line that was queued on one machine and done on another is not paid for twice."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage import batch_ledger
from mint_blender.jobs.storage.job_owners import owner_from_elsewhere
from mint_blender.jobs.storage.journal import Journal

from ..mint_service.runner import ThreadService
from .batch_helpers import entries, first_entries, leave_only_a_ledger, lines_of
from .command_runner import RunMint
from .test_batch_ledger import LAMPS, Home, at_home

__all__ = ["at_home"]  # a fixture


def queue_as_at_the_start(folder: Path, home: Path, account: str = "") -> None:
    """Put the lines of a batch into another journal as they were before anything was sent.

    `account` is the one that this journal says they belong to.
    """
    with closing(Journal(home)) as journal:
        for entry in first_entries(folder):
            job = batch_ledger.parse(entry["line"], entry, folder).job
            assert job is not None and job.phase is Phase.WAITING
            owner = owner_from_elsewhere(job)
            assert owner is not None
            journal.add(replace(job, owner=replace(owner, account=account) if account else owner))


@pytest.mark.covers("R-batch-once")
def test_a_line_that_was_done_elsewhere_is_not_sent(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """A queue that is continued days later sends nothing; a run of the batch takes it over.

    Mint has forgotten the idempotency keys by then, and would start each line a second time.
    """
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    at_home("desk")
    assert mint(*arguments).status == 0
    (tmp_path / "farm").mkdir()
    queue_as_at_the_start(tmp_path / "out", tmp_path / "farm")
    at_home("farm")
    asked = len(service.requests("POST", "/v1/models:generate"))
    ran = mint("resume")
    assert "Another machine has started this line of the batch." in ran.error_text
    assert len(service.requests("POST", "/v1/models:generate")) == asked == 3
    latest = {entry["line"]: entry["operation"] for entry in entries(tmp_path / "out")}
    assert None not in latest.values(), "what was started is not hidden"
    assert mint(*arguments).status == 0
    assert {job["phase"] for job in mint("jobs", "--json").records} == {"placed"}
    assert len(service.operations()) == 3


def test_a_line_belongs_to_the_account_that_has_sent_it(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """A line that was queued here with a key that is gone, and done elsewhere, is no foreign one."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    at_home("desk")
    assert mint(*arguments).status == 0
    (tmp_path / "farm").mkdir()
    queue_as_at_the_start(tmp_path / "out", tmp_path / "farm", "key:0123456789")
    at_home("farm")
    assert mint(*arguments).status == 0
    assert [job["mine"] for job in mint("jobs", "--json").records] == [True] * 3
    assert len(service.operations()) == 3


@pytest.mark.parametrize("state", ["waiting", "paused", "billing", "failed"])
def test_a_line_that_was_never_sent_is_started_here(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home, state: str
) -> None:
    """Another machine has stopped before it sent anything: each line is sent once from here."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    at_home("desk")
    assert mint(*arguments).status == 0
    first = first_entries(tmp_path / "out")
    for number, entry in enumerate(first):
        entry["state"] = state
        entry["key"] = entry["record"]["key"] = f"another-key-{number}"  # Mint knows the first one
    leave_only_a_ledger(tmp_path / "out", *first)
    at_home("elsewhere")
    ran = mint(*arguments, "--retry-failed")
    assert ran.status == 0, ran.err
    assert len(service.operations()) == 6, "three of each machine"
