# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a batch: no line is paid for twice, whichever journal continues it."""

from __future__ import annotations

import platform
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.storage.batch_lease import Lease
from mint_blender.jobs.workflow import look

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService
from .batch_helpers import (
    Batch,
    leave_only_starts,
    operations_of,
    start_files,
    tags_of,
    write_starts,
)
from .command_runner import RunMint, command, environment
from .conftest import Home

LAMPS: list[dict[str, object]] = [{"prompt": f"lamp {number}"} for number in range(1, 4)]


@pytest.mark.covers("R-batch-once")
def test_two_journals_start_each_line_once(batch: Batch, at_home: Home) -> None:
    """Lines finished by another journal are done here, without a paid request."""
    batch.lines(*LAMPS)
    assert batch().status == 0
    before = {path: path.read_bytes() for path in batch.out.glob("*.glb")}
    asked = len(batch.service.log())
    at_home("elsewhere")
    ran = batch()
    assert ran.status == 0 and "3 of 3 lines are done" in ran.error_text
    assert "to start" not in ran.err
    assert len(batch.service.operations()) == 3
    assert not [entry for entry in batch.service.log()[asked:] if entry.method == "POST"]
    assert {path: path.read_bytes() for path in batch.out.glob("*.glb")} == before


def test_the_folder_may_be_moved(batch: Batch, tmp_path: Path, at_home: Home) -> None:
    """After a move, the same and another journal continue: paths are relative."""
    batch.lines(*LAMPS)
    assert batch().status == 0
    moved, again = (replace(batch, out=tmp_path / name) for name in ("moved", "again"))
    batch.out.rename(moved.out)
    assert moved().status == 0
    assert len(batch.mint.jobs()) == 3
    assert not batch.out.exists()
    moved.out.rename(again.out)
    at_home("elsewhere")
    assert again().status == 0
    assert len(list(again.out.glob("*.glb"))) == 3
    assert len(batch.service.operations()) == 3
    for path in (again.out / ".mint-batch").rglob("*"):
        assert path.is_dir() or str(tmp_path) not in path.read_text(), path


def test_a_waiting_line_continues_from_the_other_journal(
    batch: Batch, mint: RunMint, service: ThreadService, at_home: Home
) -> None:
    """A Preview can be approved from another journal, and the first journal sees the result."""
    batch.lines({"prompt": "lamp 1", "mode": "review"})
    assert batch().status == 6
    at_home("elsewhere")
    assert batch().status == 6
    (job,) = mint.jobs()
    assert job["phase"] == "review" and Path(job["files"]["preview"]).is_file()
    assert mint("approve", str(job["job"])).status == 0
    written = (batch.out / "0001-lamp-1.glb").read_bytes()
    (batch.out / "0001-lamp-1.glb").write_bytes(written + b"changed by the user")
    at_home("home")
    assert batch().status == 0
    assert (batch.out / "0001-lamp-1.glb").read_bytes() == written + b"changed by the user"
    assert len(service.operations()) == 1


@pytest.mark.covers("R-batch-once")
@pytest.mark.usefixtures("_fast_look")
@pytest.mark.parametrize("is_moved", [False, True], ids=["here", "another journal"])
def test_killed_and_continued(batch: Batch, tmp_path: Path, at_home: Home, is_moved: bool) -> None:
    """After SIGKILL the same command finishes what it finds, also another journal after a move.

    Each line is sent once. What has no answer in the folder is looked for in Mint's list.
    """
    batch.lines(*({"prompt": f"lamp {number}"} for number in range(12)))
    running = subprocess.Popen(
        command(*batch.words, "--jobs", "6"),
        env=environment(batch.service, tmp_path / "home"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not batch.out.is_dir() or len(list(batch.out.glob("*.glb"))) < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert len(list(batch.out.glob("*.glb"))) < 12
    again, options = batch, list[str]()
    if is_moved:
        batch.out.rename(tmp_path / "moved")
        again, options = replace(batch, out=tmp_path / "moved"), ["--start-again"]
        at_home("elsewhere")
    ran = again("--jobs", "6", *options)
    assert ran.status == 0 and "12 of 12 lines are done" in ran.error_text
    assert len(list(again.out.glob("*.glb"))) == 12
    assert sorted(operation.prompt for operation in batch.service.operations()) == sorted(
        f"lamp {number}" for number in range(12)
    )


@pytest.mark.usefixtures("_fast_look")
def test_killed_after_the_send(batch: Batch, service: ThreadService, at_home: Home) -> None:
    """What another machine has sent, and nobody has noted, is found in Mint's list. Free."""
    batch.lines(*LAMPS)
    assert batch().status == 0
    leave_only_starts(batch.out)
    at_home("elsewhere")
    ran = batch()
    assert ran.status == 0, ran.err
    assert len(list(batch.out.glob("*.glb"))) == 3
    assert len(service.requests("POST", "/v1/models:generate")) == 3


@pytest.mark.usefixtures("_fast_look")
def test_killed_before_the_send(batch: Batch, service: ThreadService, at_home: Home) -> None:
    """A line that another machine has taken is looked for, and reported. The others go on.

    Only --start-again, which is an order, starts it; then each machine knows it.
    """
    batch.lines(*LAMPS)
    first = f"{tags_of(batch.file)[0]}.start.1"
    write_starts(batch.out, {first: {"home": "farm", "born": 1.0}})
    for _ in range(2):
        ran = batch()
        assert ran.status == 5, ran.err
        assert "line 1: Mint may have started this line" in ran.error_text
        assert "To start the line again: --start-again (this costs Credits again)." in (
            ran.error_text
        )
        assert "2 of 3 lines are done" in ran.error_text
    assert len(service.operations()) == 2
    assert batch("--start-again").status == 0
    assert len(service.operations()) == 3
    assert {name.partition(".start.")[2] for name in start_files(batch.out)} == {"1", "2"}
    at_home("elsewhere")
    assert batch("--start-again").status == 0
    assert len(service.operations()) == 3


@pytest.mark.usefixtures("_fast_look")
def test_start_again_looks_first(batch: Batch, service: ThreadService, at_home: Home) -> None:
    """The flag starts what was looked for in vain, in one run; what was found is only fetched."""
    batch.lines(*LAMPS)
    assert batch("--lines", "2-3").status == 0
    leave_only_starts(batch.out)
    write_starts(batch.out, {f"{tags_of(batch.file)[0]}.start.1": {"home": "farm"}})
    at_home("elsewhere")
    ran = batch("--start-again")
    assert ran.status == 0, ran.err
    *found, started = [each.prompt for each in service.operations()]
    assert (sorted(found), started) == (["lamp 2", "lamp 3"], "lamp 1")


def test_lines_that_wait_for_their_look_hinder_no_others(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many of them as run at once, the others are started all the same."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 5.0)
    batch.lines(*LAMPS)
    write_starts(batch.out, {f"{tags_of(batch.file)[0]}.start.1": {"home": "farm"}})
    began = time.monotonic()
    ran = batch("--jobs", "1", "--json")
    assert ran.status == 5 and time.monotonic() - began > 5.0
    done = [record["event"] == "result" and record["line"] for record in ran.records]
    assert [line for line in done if line] == [2, 3, 1]


def test_each_file_is_written_before_its_start(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on disk when the start is sent, and has nothing that could be sent.

    Afterwards another file names the operation.
    """
    seen, begin, service = [], line_files.LineFile.note_operation, batch.service

    def note(self: line_files.LineFile, request, operation_id):  # type: ignore[no-untyped-def]
        assert service.requests("POST", "/v1/models:generate"), "sent, and not noted yet"
        start = f"{request.subject.rpartition(':')[2]}.start.{request.number}"
        assert start in start_files(batch.out)
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


def test_pictures_are_relative_to_the_local_batch_file(
    batch: Batch, tmp_path: Path, at_home: Home
) -> None:
    """Pictures of an unsent line are looked up beside the batch file of this machine."""
    for name in ("there", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lamp.png").write_bytes(PIXEL)
        local = replace(batch, file=tmp_path / name / "a.jsonl")
        local.lines({"prompt": "lamp 1", "image": "lamp.png"})
        assert local().status == 0
        shutil.rmtree(tmp_path / name)
        at_home("elsewhere")
    assert len(batch.service.operations()) == 1


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
    assert ran.status == 1 and "on farm. Wait for it" in ran.error_text
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
    assert ran.status == 1 and "Another machine is now working on this folder" in ran.error_text
    assert not batch.service.operations()
