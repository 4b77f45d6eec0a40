# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a batch: no line is paid for twice, whichever journal continues it."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.batch_folder.batch_lease import Lease
from mint_blender.jobs.presentation import error_messages
from mint_blender.jobs.workflow import look
from mint_blender.jobs.workflow.context import Run, Steps
from mint_blender.jobs.workflow.effects import ReadClock

from ..mint.generation_helpers import PIXEL
from .batch_helpers import (
    Batch,
    leave_only_starts,
    operations_of,
    start_files,
    tags_of,
    write_starts,
)
from .command_runner import RunMint
from .conftest import Home

pytestmark = pytest.mark.windows

LAMPS: list[dict[str, object]] = [{"prompt": f"lamp {number}"} for number in range(1, 4)]


@pytest.mark.covers("R-batch-once")
def test_two_journals_start_each_line_once(batch: Batch, tmp_path: Path, at_home: Home) -> None:
    """Lines finished by another journal are done here, without a paid request."""
    (tmp_path / "lamp.png").write_bytes(PIXEL)
    batch.lines(*LAMPS, {"prompt": "lamp 4", "image": "lamp.png"})
    assert batch().status == 0
    before = {path.name: path.read_bytes() for path in batch.out.glob("*.glb")}
    asked = len(batch.service.log())
    moved = replace(batch, file=tmp_path / "there" / "a.jsonl", out=tmp_path / "moved")
    moved.file.parent.mkdir()
    batch.file.rename(moved.file)
    batch.out.rename(moved.out)
    at_home("elsewhere")
    ran = moved()
    assert ran.status == 0 and "4 of 4 lines are done" in ran.error_text
    assert "to start" not in ran.err
    assert len(batch.service.operations()) == 4
    assert not [entry for entry in batch.service.log()[asked:] if entry.method == "POST"]
    assert {path.name: path.read_bytes() for path in moved.out.glob("*.glb")} == before


def test_the_folder_may_be_moved(batch: Batch, tmp_path: Path) -> None:
    """After a move, the same journal continues with the same jobs: paths are relative."""
    batch.lines(*LAMPS)
    assert batch().status == 0
    moved = replace(batch, out=tmp_path / "moved")
    batch.out.rename(moved.out)
    assert moved().status == 0
    assert len(batch.mint.jobs()) == len(batch.service.operations()) == 3
    assert not batch.out.exists()
    for path in (moved.out / ".mint-batch").rglob("*"):
        assert path.is_dir() or str(tmp_path) not in path.read_text(), path


def test_a_waiting_line_continues_from_the_other_journal(
    batch: Batch, mint: RunMint, at_home: Home
) -> None:
    """A Preview can be approved from another journal, and the first journal sees the result."""
    batch.lines({"prompt": "lamp 1", "mode": "review"})
    assert batch().status == 6
    at_home("elsewhere")
    assert batch().status == 6
    (job,) = mint.jobs()
    assert job["phase"] == "review" and Path(job["files"]["preview"]).is_file()
    assert mint("approve", str(job["job"])).status == 0
    (batch.out / "0001-lamp-1.glb").write_bytes(b"changed by the user")
    at_home("home")
    assert batch().status == 0
    assert (batch.out / "0001-lamp-1.glb").read_bytes() == b"changed by the user"
    assert len(batch.service.operations()) == 1


@pytest.mark.usefixtures("_fast_look")
def test_killed_after_the_send(batch: Batch, at_home: Home) -> None:
    """What another machine has sent, and nobody has noted, is shown to a person, who chooses."""
    batch.lines(*LAMPS)
    assert batch("--lines", "2-3").status == 0
    leave_only_starts(batch.out)
    at_home("elsewhere")
    assert batch("--lines", "2-3").status == 5
    for job in batch.mint.jobs():
        (found,) = (each["id"] for each in job["candidates"] if each["looks_alike"])
        assert f"resume {job['job']} --use" in batch("--lines", "2-3").error_text
        assert batch.mint("resume", job["job"], "--use", found).status == 0
    assert batch("--lines", "2-3").status == 0
    assert len(list(batch.out.glob("*.glb"))) == len(batch.service.operations()) == 2
    leave_only_starts(batch.out)
    write_starts(batch.out, {f"{tags_of(batch.file)[0]}.start.1": {"home": "farm"}})
    at_home("third")
    ran = batch("--start-again")
    assert ran.status == 5, "two lines have something that looks like them"
    *fetched, started = [operation.prompt for operation in batch.service.operations()]
    assert (sorted(fetched), started) == (["lamp 2", "lamp 3"], "lamp 1")


@pytest.mark.usefixtures("_fast_look")
def test_killed_before_the_send(batch: Batch, at_home: Home) -> None:
    """A line that another machine has taken is looked for, and reported. The others go on."""
    batch.lines(*LAMPS)
    first = f"{tags_of(batch.file)[0]}.start.1"
    write_starts(batch.out, {first: {"home": "farm", "born": 1.0}})
    for _ in range(2):
        ran = batch()
        assert ran.status == 5, ran.err
        assert "line 1: Mint may have started this line" in ran.error_text
        order = "To start the line again: --start-again (this costs Credits again)."
        assert order in ran.error_text
        assert "2 of 3 lines are done" in ran.error_text
    assert len(batch.service.operations()) == 2
    assert batch("--start-again").status == 0
    assert {name.partition(".start.")[2] for name in start_files(batch.out)} == {"1", "2"}
    at_home("elsewhere")
    assert batch("--start-again").status == 0
    assert len(batch.service.operations()) == 3


def test_lines_that_wait_for_their_look_hinder_no_others(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many of them as run at once, the others are started all the same."""

    def settle_after_the_others(run: Run, *_: object) -> Steps:
        run.job = replace(run.job, problem=error_messages.looking(600.0))
        while len(list(batch.out.glob("*.glb"))) < 2:
            yield from run.perform(ReadClock(after=0.02))
        run.job = replace(run.job, problem=None)

    monkeypatch.setattr(look, "settle", settle_after_the_others)
    batch.lines(*LAMPS)
    write_starts(batch.out, {f"{tags_of(batch.file)[0]}.start.1": {"home": "farm"}})
    ran = batch("--jobs", "1", "--json")
    assert ran.status == 5
    done = [record["line"] for record in ran.records if record["event"] == "result"]
    assert done == [2, 3, 1]


def test_each_file_is_written_before_its_start(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on disk when the start is sent, and has nothing that could be sent."""
    seen, begin, service = [], line_files.LineFile.note_operation, batch.service

    def note(self: line_files.LineFile, request, operation_id):  # type: ignore[no-untyped-def]
        assert service.requests("POST", "/v1/models:generate"), "sent, and not noted yet"
        start = f"{request.subject.rpartition(':')[2]}.start.{request.number}"
        assert (batch.out / ".mint-batch" / "requests" / start).exists()
        seen.append(start.partition(".start")[0])
        begin(self, request, operation_id)

    monkeypatch.setattr(line_files.LineFile, "note_operation", note)
    batch.lines(*LAMPS)
    assert batch().status == 0
    assert sorted(seen) == sorted(tags_of(batch.file))
    for content in start_files(batch.out).values():
        assert content.keys() == {"home", "owner", "credential", "born", "credits"}
        assert service.key not in str(content)
    assert operations_of(batch.out) == {operation.id for operation in service.operations()}


def test_a_retry_is_known_to_the_other_journal(batch: Batch, at_home: Home) -> None:
    """A retry by one journal is not paid for again by the other: it is the same order."""
    batch.lines({"prompt": "lamp 1 [transient]"})
    assert batch().status == 1
    at_home("elsewhere")
    assert batch().status == 1
    assert batch("--retry-failed").status == 0
    at_home("home")
    assert batch("--retry-failed").status == 0
    assert len({each.idempotency_key for each in batch.service.requests("POST", "*:retry")}) == 1
    assert len(batch.service.operations()) == 2, "the start and its retry"


def test_a_retry_of_a_line_that_was_started_again(batch: Batch, mint: RunMint) -> None:
    """The second start of a line fails at Mint and is retried; a rerun knows all that."""
    batch.lines({"prompt": "lamp 1 [transient]", "mode": "review"})
    assert batch().status == 6
    (job,) = mint.jobs()
    assert mint("cancel", str(job["job"])).status == 0
    assert batch("--retry-failed").status == 6
    second = next(each for each in mint.jobs() if each["phase"] == "review")
    assert mint("approve", str(second["job"])).status == 1
    for _ in range(2):
        assert batch("--retry-failed").status in {0, 6}
    assert len(batch.service.operations()) == 3


def test_an_unwritable_folder_starts_nothing(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its file no line starts: it could be paid for twice."""
    create = line_files._create

    def full(path: Path, data: dict[str, object]) -> bool:
        if path.parent.name == "requests":
            raise OSError(28, "No space left on device", str(path))
        return create(path, data)

    monkeypatch.setattr(line_files, "_create", full)
    batch.lines(*LAMPS)
    ran = batch()
    says = "The batch folder cannot be written (No space left on device). Nothing was sent."
    assert ran.status != 0 and says in ran.error_text
    assert not batch.service.operations()


@pytest.mark.covers("R-batch-alone")
def test_a_run_on_another_machine(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file lock works, a lease in the folder names the other machine."""
    batch.lines(LAMPS[0])
    place = batch.out / ".mint-batch"
    place.mkdir(parents=True)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(platform, "node", lambda: "farm")
        Lease(place / "lease").acquire()
    ran = batch()
    assert ran.status == 8 and "on farm. Wait for it" in ran.error_text
    assert not batch.service.operations()
    (place / "lease").unlink()
    assert batch().status == 0
    assert not (place / "lease").exists()


@pytest.mark.covers("R-batch-alone")
def test_a_folder_that_was_taken_over(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """After another machine took over, running lines end and none is started."""
    monkeypatch.setattr(Lease, "is_held", lambda self: False)
    batch.lines(*LAMPS)
    ran = batch()
    assert ran.status == 8 and "Another machine is now working on this folder" in ran.error_text
    assert not batch.service.operations()
