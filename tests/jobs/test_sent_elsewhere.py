# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a batch another journal has started, read from the ledger as it grows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.batch_folder.sent_elsewhere import SentElsewhere
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.storage import batch_ledger

from .workflow_harness import a_job

OURS, THEIRS = "ours", "theirs"


def entry(tag: str, by: str, **more: Any) -> bytes:
    """Return an entry of the ledger, of a line that nothing was sent for unless `more` says so."""
    values = {"line": tag, "job": "1", "by": by, "operation": None, "state": "waiting"}
    record = {"record": {"first_sent_at": None}}
    return json.dumps(values | record | more).encode() + b"\n"


def append(path: Path, *lines: bytes) -> None:
    """Append to the ledger."""
    with path.open("ab") as file:
        file.writelines(lines)


def test_only_lines_that_another_journal_has_sent_count(tmp_path: Path) -> None:
    """Sent is what has an operation or a time. Without a ledger, nothing was started yet.

    A line that was paused by a limit, refused or canceled before it was sent is nobody's.
    """
    path = tmp_path / "ledger.jsonl"
    known = SentElsewhere(path, OURS)
    assert not known.lines()
    append(
        path,
        entry("queued", THEIRS),
        entry("sent", THEIRS, record={"first_sent_at": 1.0}),
        entry("running", THEIRS, operation="2", state="working"),
        *(entry(state, THEIRS, state=state) for state in ("paused", "billing", "failed")),
        entry("canceled", THEIRS, state="canceled"),
        entry("mine", OURS, operation="3", state="working"),
    )
    assert set(known.lines()) == {"sent", "running"}


@pytest.mark.parametrize(
    ("state", "same", "another"),
    [("failed", True, False), ("canceled", True, False), ("sending", True, True)],
)
def test_what_is_over_elsewhere_may_be_started_again(
    tmp_path: Path, state: str, same: bool, another: bool
) -> None:
    """By another job, which a person has started; the very same job is not sent once more."""
    folder = tmp_path / batch_ledger.FOLDER
    folder.mkdir()
    sent = entry("tag", THEIRS, job="1", state=state, record={"first_sent_at": 1.0})
    append(folder / batch_ledger.NAME, sent)
    ledgers = batch_ledger.Ledgers(tmp_path / "journal.sqlite3")
    job = replace(a_job(), id="1", delivery=Delivery(line=f"{tmp_path}#tag"))
    assert ledgers.is_sent_elsewhere(job) is same
    assert ledgers.is_sent_elsewhere(replace(job, id="2")) is another


def test_the_latest_entry_counts(tmp_path: Path) -> None:
    """What this journal has written since is known here. A half line is read when it is whole."""
    path = tmp_path / "ledger.jsonl"
    known = SentElsewhere(path, OURS)
    sent = entry("a", THEIRS, operation="2")
    append(path, sent)
    assert set(known.lines()) == {"a"}
    append(path, entry("a", OURS, operation="2"))
    assert not known.lines()
    append(path, sent[:20])
    assert not known.lines()
    append(path, sent[20:])
    assert set(known.lines()) == {"a"}


def test_only_what_was_appended_is_read(tmp_path: Path) -> None:
    """A ledger may have 200 MB. One that was replaced by a shorter one is read from its start."""
    path = tmp_path / "ledger.jsonl"
    known = SentElsewhere(path, OURS)
    append(path, entry("a", THEIRS, operation="2"), entry("b", THEIRS, operation="3"))
    assert set(known.lines()) == {"a", "b"}
    read = path.stat().st_size
    path.write_bytes(b" " * read + entry("c", THEIRS, operation="4"))
    assert set(known.lines()) == {"a", "b", "c"}
    path.write_bytes(entry("c", THEIRS, operation="4"))
    assert set(known.lines()) == {"c"}


def test_a_damaged_entry_is_left_out(tmp_path: Path) -> None:
    """Others can write to the folder."""
    path = tmp_path / "ledger.jsonl"
    append(path, b"{\n", b"[]\n", b"\xff\n", entry("a", THEIRS, record=[], state=["waiting"]))
    assert set(SentElsewhere(path, OURS).lines()) == {"a"}


def test_a_folder_that_is_gone_is_not_known(tmp_path: Path) -> None:
    """The network drive may be missing; nobody knows what was started there."""
    with pytest.raises(FileNotFoundError):
        SentElsewhere(tmp_path / ".mint-batch" / "ledger.jsonl", OURS).lines()


def test_a_line_is_noted_before_it_is_sent_again(tmp_path: Path) -> None:
    """Once, by the process that sends it; an entry of another journal is not hidden."""
    folder = tmp_path / batch_ledger.FOLDER
    folder.mkdir()
    path = folder / batch_ledger.NAME
    append(path, entry("tag", OURS), entry("other", THEIRS, record={"first_sent_at": 1.0}))
    ledgers = batch_ledger.Ledgers(tmp_path / "journal.sqlite3")
    job = replace(a_job(), first_sent_at=5.0, delivery=Delivery(line=f"{tmp_path}#tag"))
    for _ in range(2):
        ledgers.note_sent(job)
        ledgers.note_sent(replace(job, id="2", delivery=Delivery(line=f"{tmp_path}#other")))
    *_, last = lines = path.read_bytes().splitlines()
    assert len(lines) == 3
    assert json.loads(last)["record"]["first_sent_at"] == 5.0


def test_a_folder_that_is_gone_is_no_ledger(tmp_path: Path) -> None:
    """A network drive may be missing: nobody knows what the ledger says."""
    job = replace(a_job(), delivery=Delivery(line=f"{tmp_path / 'gone'}#tag"))
    with pytest.raises(FileNotFoundError):
        batch_ledger.Ledgers(tmp_path / "journal.sqlite3").note_sent(job)
