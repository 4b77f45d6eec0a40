# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch`: many prompts, several at once, and no line is ever started twice."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from ..harness.wine import needs_windows_itself
from ..mint.generation_helpers import PIXEL
from .batch_helpers import Batch, lines_of
from .command_runner import RunMint, read_until, start
from .conftest import Home


def test_a_failed_line_does_not_stop_the_others(batch: Batch, mint: RunMint) -> None:
    """The failed line gets its reason; a rerun costs nothing, a retry finishes it."""
    batch.lines({"prompt": "lamp 1"}, {"prompt": "lamp 2 [transient]"}, {"prompt": "lamp 3"})
    first = batch()
    assert first.status == 1
    assert "line 2: lamp 2 [transient]: Mint had a temporary problem" in first.error_text
    assert "2 of 3 lines are done" in first.error_text
    again = batch()
    assert again.status == 1
    assert "line 2: lamp 2" in again.error_text
    assert len(batch.service.operations()) == 3 and not batch.service.requests("POST", "*:retry")
    failed = next(record["job"] for record in mint.jobs() if record["phase"] == "failed")
    assert mint("retry", failed).status == 0
    assert batch().status == 0
    assert len(list(batch.out.glob("*.glb"))) == 3


def test_the_status_is_that_of_the_first_line_that_is_not_done(batch: Batch) -> None:
    batch.lines({"prompt": "lamp 1", "mode": "review"}, {"prompt": "lamp 2 [start-fails]"})
    assert batch().status == 6


def test_a_rerun_starts_only_what_is_new(batch: Batch) -> None:
    """Lines are identified by content, so they can move; a duplicate is a line too."""
    batch.lines({"prompt": "lamp 1"}, {"prompt": "lamp 2"})
    assert batch().status == 0
    batch.lines({"prompt": "lamp 2"}, {"prompt": "lamp 1"}, {"prompt": "lamp 1"})
    ran = batch("--json")
    assert ran.status == 0
    assert "1 line to start" in ran.err
    prompts = sorted(operation.prompt for operation in batch.service.operations())
    assert prompts == ["lamp 1", "lamp 1", "lamp 2"]
    results = [record["line"] for record in ran.records if record["event"] == "result"]
    assert sorted(results) == [1, 2, 3]


@pytest.mark.windows
@pytest.mark.parametrize(
    ("spelled", "count"),
    [
        ("two", 2),
        ("../work/out", 1),
        pytest.param("link/out", 1, marks=needs_windows_itself("symbolic link")),
    ],
)
def test_the_same_folder_by_another_path(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str, count: int
) -> None:
    """Every path to the same folder finds its lines again; another folder is another batch."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "link").symlink_to(tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    file = lines_of(tmp_path / "a.jsonl", {"prompt": "lamp 1"})
    for folder in ("out", spelled):
        assert mint("batch", str(file), "-o", folder).status == 0
    assert len(mint.service.operations()) == count


def test_a_started_line_does_not_need_its_picture(batch: Batch, tmp_path: Path) -> None:
    """A rerun does not need the picture of a started line. A new line needs its picture."""
    (tmp_path / "lamp.png").write_bytes(PIXEL)
    pictured, lamp_2 = {"prompt": "lamp 1", "image": "lamp.png"}, {"prompt": "lamp 2"}
    batch.lines(pictured, lamp_2)
    assert batch().status == 0
    (tmp_path / "lamp.png").unlink()
    batch.lines(pictured, lamp_2, {"prompt": "lamp 3"})
    ran = batch()
    assert ran.status == 0, ran.err
    batch.lines(pictured, {"prompt": "lamp 4", "image": "lamp.png"})
    ran = batch()
    assert ran.status == 2
    assert "a.jsonl, line 2: The reference image" in ran.error_text
    assert len(batch.service.operations()) == 3


@pytest.mark.windows
@pytest.mark.slow
@pytest.mark.covers("R-batch-alone")
def test_one_run_at_a_time(batch: Batch, home: Path, at_home: Home) -> None:
    """A second run on the same folder is refused, also with another journal."""
    batch.service.scenario(durations={"slow": 200000.0})
    batch.lines({"prompt": "lamp 1 [slow-start]"}, {"prompt": "lamp 2"})
    with start(batch.service, home, *batch.words, "--jobs", "1") as first:
        read_until(first, "Queued")
        for journal in ("home", "elsewhere"):
            at_home(journal)
            second = batch("--jobs", "1")
            assert second.status == 8
            assert "is already writing to" in second.error_text
            assert "Nothing was started." in second.error_text
        batch.service.advance(300000)
        _, err = first.communicate(timeout=240)
    assert first.returncode == 0, err
    prompts = sorted(operation.prompt for operation in batch.service.operations())
    assert prompts == ["lamp 1 [slow-start]", "lamp 2"]


def test_placing_a_batch_result_elsewhere(batch: Batch, mint: RunMint, tmp_path: Path) -> None:
    """Placing a result elsewhere makes a copy and changes no file of the batch."""
    batch.lines({"prompt": "lamp 1"})
    batch()
    (output,) = batch.out.glob("*.glb")
    output.write_bytes(b"changed")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "lamp.json").write_text("the user's")
    (job,) = mint.jobs()
    for name in ("lamp.glb", "again.glb"):
        assert mint("place", job["job"], "-o", str(elsewhere / name)).status == 0
        assert (elsewhere / name).is_file()
        Path(job["files"]["model"]).unlink()  # it is downloaded again
    assert batch().status == 0
    assert output.read_bytes() == b"changed"
    assert (elsewhere / "lamp.json").read_text() == "the user's"
    assert {path.name for path in elsewhere.iterdir()} == {"lamp.glb", "again.glb", "lamp.json"}
    assert len(batch.service.operations()) == 1


@pytest.mark.parametrize("is_cleared", [False, True], ids=["from the disk", "from Mint"])
def test_a_file_that_was_deleted_is_written_again(batch: Batch, is_cleared: bool) -> None:
    """A deleted result is written from the downloads, or downloaded again; both are free."""
    batch.lines({"prompt": "lamp 1"})
    batch()
    (output,) = batch.out.glob("*.glb")
    output.unlink()
    if is_cleared:
        (job,) = batch.mint.jobs()
        Path(job["files"]["model"]).unlink()
    assert batch().status == 0
    assert output.is_file()
    assert len(batch.service.operations()) == 1


def test_jobs_option_limits_running_operations(batch: Batch) -> None:
    """With --jobs 3, the service sees three running operations and no other one until they end."""
    batch.lines(*({"prompt": f"lamp {number}"} for number in range(8)))
    service, long, started = batch.service, 1e6, list[int]()
    # The clock that is turned would have links expire while files are fetched.
    service.scenario(durations={"queued": long}, links_expire=1000 * long)

    def let_them_go_on() -> None:
        while len(service.operations()) < 3:
            time.sleep(0.01)
        time.sleep(0.1)  # one too many may come
        started.append(len(service.operations()))
        service.scenario(durations={"queued": 0.0})
        service.advance(long)

    watching = threading.Thread(target=let_them_go_on)
    watching.start()
    assert batch("--jobs", "3").status == 0
    watching.join()
    assert (started, len(service.operations())) == ([3], 8)
