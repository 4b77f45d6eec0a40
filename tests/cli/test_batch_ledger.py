# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of a batch: no line is paid for twice, whichever journal continues the folder."""

from __future__ import annotations

import json
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.jobs.storage import batch_ledger
from mint_blender.jobs.storage.batch_lease import Lease

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService
from .batch_helpers import entries, first_entries, leave_only_a_ledger, lines_of
from .command_runner import RunMint, command, environment, run
from .contact_sheet_reader import ContactSheet

LAMPS: list[dict[str, object]] = [{"prompt": f"lamp {number}"} for number in range(1, 4)]
Home = Callable[[str], None]


@pytest.fixture
def at_home(tmp_path: Path, signed_in: ThreadService, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Use another journal, as after a change to pip, another machine or another user."""
    return lambda name: monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / name))


@pytest.mark.covers("R-batch-once")
def test_two_journals_start_each_line_once(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """Lines finished by another journal are done here, without a request."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").glob("*.glb")}
    asked = len(service.log())
    at_home("elsewhere")
    ran = mint(*arguments)
    assert ran.status == 0 and "3 of 3 lines are done" in ran.error_text
    assert "to start" not in ran.err
    assert len(service.operations()) == 3
    assert not [entry for entry in service.log()[asked:] if entry.method == "POST"]
    assert {path: path.read_bytes() for path in (tmp_path / "out").glob("*.glb")} == before


def test_the_folder_may_be_moved(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """After a move, the same and another journal continue: paths are relative."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    assert mint("batch", str(file), "-o", str(tmp_path / "out")).status == 0
    (tmp_path / "out").rename(tmp_path / "moved")
    assert mint("batch", str(file), "-o", str(tmp_path / "moved")).status == 0
    assert {record["job"] for record in mint("jobs", "--json").records} == {
        str(entry["job"]) for entry in entries(tmp_path / "moved")
    }
    assert not (tmp_path / "out").exists()
    (tmp_path / "moved").rename(tmp_path / "again")
    at_home("elsewhere")
    assert mint("batch", str(file), "-o", str(tmp_path / "again")).status == 0
    assert len(list((tmp_path / "again").glob("*.glb"))) == 3
    assert len(service.operations()) == 3
    assert str(tmp_path) not in (
        tmp_path / "again" / ".mint-batch" / "ledger.jsonl"
    ).read_text().replace(json.dumps(str(file)), "")


def test_a_result_that_is_gone_is_fetched_for_free(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """Downloads of another journal are fetched again, at no cost."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 0
    (tmp_path / "out" / "0002-lamp-2.glb").unlink()
    at_home("elsewhere")
    assert mint(*arguments).status == 0
    assert (tmp_path / "out" / "0002-lamp-2.glb").is_file()
    assert len(service.operations()) == 3


def test_a_waiting_line_continues_from_the_other_journal(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """A Preview can be approved from another journal, and the first journal sees the result."""
    file = lines_of(tmp_path / "a.jsonl", {"prompt": "lamp 1", "mode": "review"})
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 6
    at_home("elsewhere")
    assert mint(*arguments).status == 6
    (job,) = mint("jobs", "--json").records
    assert job["phase"] == "review" and Path(job["files"]["preview"]).is_file()
    assert mint("approve", str(job["job"])).status == 0
    written = (tmp_path / "out" / "0001-lamp-1.glb").read_bytes()
    (tmp_path / "out" / "0001-lamp-1.glb").write_bytes(written + b"changed by the user")
    at_home("home")
    assert mint(*arguments).status == 0
    assert (tmp_path / "out" / "0001-lamp-1.glb").read_bytes() == written + b"changed by the user"
    assert len(service.operations()) == 1


@pytest.mark.covers("R-batch-once")
def test_killed_and_continued_from_another_journal(
    service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """After SIGKILL and a move of the folder, another journal finishes all twelve lines."""
    file = lines_of(tmp_path / "a.jsonl", *({"prompt": f"lamp {number}"} for number in range(12)))
    arguments = ("batch", str(file), "--jobs", "6", "-o")
    out = tmp_path / "out"
    running = subprocess.Popen(
        command(*arguments, str(out)),
        env=environment(service, tmp_path / "home"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 30
    while not out.is_dir() or len(list(out.glob("*.glb"))) < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    out.rename(tmp_path / "moved")
    ran = run(service, tmp_path / "elsewhere", *arguments, str(tmp_path / "moved"))
    assert ran.status == 0 and "12 of 12 lines are done" in ran.error_text
    assert sorted(operation.prompt for operation in service.operations()) == sorted(
        f"lamp {number}" for number in range(12)
    )


def test_killed_between_the_ledger_and_the_send(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """Whether or not the request was sent, another journal sends the same key."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 0
    first = first_entries(tmp_path / "out")
    assert {entry["state"] for entry in first} == {"waiting"}
    leave_only_a_ledger(tmp_path / "out", *first)
    at_home("elsewhere")
    assert mint(*arguments).status == 0
    assert len(list((tmp_path / "out").glob("*.glb"))) == 3
    assert len(service.operations()) == 3
    keys = [entry.idempotency_key for entry in service.requests("POST", "/v1/models:generate")]
    assert len(keys) == 6 and len(set(keys)) == 3


def test_each_entry_is_written_before_its_start(
    mint: RunMint, service: ThreadService, tmp_path: Path
) -> None:
    """The ledger has the key before the request is sent, and then the operation until its end."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    assert mint("batch", str(file), "-o", str(tmp_path / "out")).status == 0
    told = entries(tmp_path / "out")
    assert {entry["key"] for entry in told} == {
        sent.idempotency_key for sent in service.requests("POST", "/v1/models:generate")
    }
    assert {entry["operation"] for entry in told} == {
        None,
        *(operation.id for operation in service.operations()),
    }
    one = [entry["state"] for entry in told if entry["job"] == told[0]["job"]]
    assert list(dict.fromkeys(one)) == [
        "waiting",
        "sending",
        "working",
        "fetching",
        "ready",
        "placed",
    ]


def test_an_incomplete_last_entry(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """After a power cut, complete entries count, and new ones start a new line."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS)
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 0
    path = tmp_path / "out" / ".mint-batch" / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    at_home("elsewhere")
    assert mint(*arguments).status == 0
    lines_of(file, *LAMPS, {"prompt": "lamp 4"})
    assert mint(*arguments).status == 0
    at_home("third")
    assert mint(*arguments).status == 0
    assert len(service.operations()) == 4


def test_an_entry_that_cannot_be_read_starts_nothing(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """A line with an unreadable entry is skipped; the others continue."""
    file = lines_of(tmp_path / "a.jsonl", *LAMPS[:2])
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 0
    path = tmp_path / "out" / ".mint-batch" / "ledger.jsonl"
    last = {**entries(tmp_path / "out")[-1], "state": "teleported"}
    path.write_text(path.read_text() + json.dumps(last) + "\n")
    lines_of(file, *LAMPS)
    at_home("elsewhere")
    ran = mint(*arguments)
    assert (
        ran.status == 1
        and "cannot be read. Update the add-on. Nothing was started for this line."
        in ran.error_text
    )
    assert "2 of 3 lines are done" in ran.error_text
    assert len(service.operations()) == 3


def test_lines_of_another_account_are_left_alone(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """Lines of another account are neither sent nor polled with this key."""
    file = lines_of(tmp_path / "a.jsonl", {"prompt": "lamp 1", "mode": "review"})
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 6
    path = tmp_path / "out" / ".mint-batch" / "ledger.jsonl"
    last = entries(tmp_path / "out")[-1]
    last["owner"] = {"origin": service.api.removesuffix("/v1"), "account": "user:somebody else"}
    last["record"] = {**last["record"], "owner": last["owner"]}  # type: ignore[dict-item]
    path.write_text(path.read_text() + json.dumps(last) + "\n")
    lines_of(file, {"prompt": "lamp 1", "mode": "review"}, {"prompt": "lamp 2"})
    asked = len(service.log())
    for home in ("home", "elsewhere"):
        at_home(home)
        ran = mint(*arguments)
        assert (
            ran.status == 3
            and "line 1: This line belongs to another Mint account" in ran.error_text
        )
    assert not [entry for entry in service.log()[asked:] if str(last["operation"]) in entry.path]
    assert len(service.operations()) == 2
    assert [card.state for card in ContactSheet(tmp_path / "out" / "index.html").cards] == [
        "failed",
        "done",
    ]


def test_a_retry_is_known_to_the_other_journal(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """A retry by one journal is not repeated by the other."""
    file = lines_of(tmp_path / "a.jsonl", {"prompt": "lamp 1 [transient]"})
    arguments = ("batch", str(file), "-o", str(tmp_path / "out"))
    assert mint(*arguments).status == 1
    at_home("elsewhere")
    assert mint(*arguments).status == 1
    assert mint(*arguments, "--retry-failed").status == 0
    at_home("home")
    assert mint(*arguments, "--retry-failed").status == 0
    assert len(service.requests("POST", "*:retry")) == 1
    retried = [entry for entry in entries(tmp_path / "out") if entry["decision"]]
    assert retried and retried[0]["state"] == "failed"


def test_pictures_are_relative_to_the_local_batch_file(
    mint: RunMint, service: ThreadService, tmp_path: Path, at_home: Home
) -> None:
    """Pictures of an unsent line are looked up beside the batch file of this machine."""
    for name in ("there", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lamp.png").write_bytes(PIXEL)
    line = {"prompt": "lamp 1", "image": "lamp.png"}
    assert (
        mint(
            "batch",
            str(lines_of(tmp_path / "there" / "a.jsonl", line)),
            "-o",
            str(tmp_path / "out"),
        ).status
        == 0
    )
    path = tmp_path / "out" / ".mint-batch" / "ledger.jsonl"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    shutil.rmtree(tmp_path / "there")
    at_home("elsewhere")
    assert (
        mint(
            "batch", str(lines_of(tmp_path / "here" / "a.jsonl", line)), "-o", str(tmp_path / "out")
        ).status
        == 0
    )
    assert len(service.operations()) == 1


def test_a_folder_that_cannot_be_written_starts_nothing(
    mint: RunMint, service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its ledger entry no line starts: it could be paid for twice."""

    def full(path: Path, line: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(batch_ledger, "_append", full)
    ran = mint("batch", str(lines_of(tmp_path / "a.jsonl", *LAMPS)), "-o", str(tmp_path / "out"))
    assert ran.status != 0
    assert (
        "The ledger in the batch folder cannot be written (No space left on device). Nothing was sent."
        in ran.error_text
    )
    assert not service.operations()


@pytest.mark.covers("R-batch-alone")
def test_a_run_on_another_machine(
    mint: RunMint,
    service: ThreadService,
    tmp_path: Path,
    at_home: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no file lock works, a lease in the folder names the other machine."""
    arguments = (
        "batch",
        str(lines_of(tmp_path / "a.jsonl", LAMPS[0])),
        "-o",
        str(tmp_path / "out"),
    )
    place = tmp_path / "out" / ".mint-batch"
    place.mkdir(parents=True)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(platform, "node", lambda: "farm")
        Lease(place / "lease").acquire()
    ran = mint(*arguments)
    assert ran.status == 1 and "on farm. Wait for it" in ran.error_text
    assert not service.operations()
    (place / "lease").unlink()
    assert mint(*arguments).status == 0
    assert not (place / "lease").exists()


@pytest.mark.covers("R-batch-alone")
def test_a_folder_that_was_taken_over(
    mint: RunMint, service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After another machine took over, running lines end and none is started."""
    monkeypatch.setattr(Lease, "is_held", lambda self: False)
    ran = mint("batch", str(lines_of(tmp_path / "a.jsonl", *LAMPS)), "-o", str(tmp_path / "out"))
    assert ran.status == 1 and "Another machine is now working on this folder" in ran.error_text
    assert not service.operations()
