# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --executor dask://…` with a scheduler, workers and Blenders as processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mint_blender.files.disk import PART

from ..mint_service.runner import ThreadService
from .batch_helpers import animations, lines_of
from .command_runner import run, start
from .dask_processes import DaskProcesses, wait_until

pytestmark = [pytest.mark.blender, pytest.mark.one_blender]


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    """Run a scheduler and two workers with one thread each."""
    with closing(DaskProcesses(tmp_path_factory.mktemp("dask"))) as running:
        running.add_workers(2)
        yield running


def some_lamps(path: Path, count: int) -> Path:
    """Write a batch file of models that Blender has to import."""
    return lines_of(path, *({"prompt": f"lamp {n}", "format": "blend"} for n in range(count)))


def children_of(processes: list[subprocess.Popen[bytes]]) -> list[str]:
    """Return the process ids of the Blenders that the workers have started."""
    threads = [folder for each in processes for folder in Path(f"/proc/{each.pid}/task").iterdir()]
    return [child for each in threads for child in (each / "children").read_text().split()]


def in_progress(folder: Path) -> list[Path]:
    """Return the folders of the results that are being written."""
    return [path for path in folder.glob(".mint-batch/dask-*/*") if path.is_dir()]


def states(folder: Path) -> list[str]:
    """Return the state of each line, from its record."""
    return [json.loads(path.read_text())["state"] for path in sorted(folder.glob("*.json"))]


@pytest.mark.covers("S-key-farm")
def test_a_batch_is_written_by_the_workers(
    dask: DaskProcesses, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """All lines get done and are paid for once; the key is in no log."""
    lamps = ({"prompt": f"lamp {n}", "format": "blend"} for n in range(2))
    knight = {"prompt": "a knight", "motions": "walk | run", "output": "knight"}
    file, out = lines_of(tmp_path / "a.jsonl", *lamps, knight), tmp_path / "out"
    words = ("batch", str(file), "-o", str(out), "--executor", dask.executor, "--ship-results")
    ran = run(service, home, *words)
    assert ran.status == 0, ran.err
    assert states(out) == ["done"] * 3 and len(service.operations()) == 3 + 2
    assert set(animations(out / "knight.glb")) == {"walk", "run"}
    assert all(
        path.read_bytes()[:4] in (b"BLEN", b"\x28\xb5\x2f\xfd") for path in out.glob("*.blend")
    )
    assert not [*out.glob(f"**/*{PART}")] and not [*out.glob(".mint-batch/dask-*")]
    assert service.key not in dask.log
    assert not children_of(dask.workers)  # the run has ended its Blenders


@pytest.mark.thorough
def test_a_worker_that_is_killed_costs_nothing(
    dask: DaskProcesses, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """The other worker does its line; all lines are written, and paid for once."""
    file, out = some_lamps(tmp_path / "a.jsonl", 4), tmp_path / "out"
    words = ("batch", str(file), "-o", str(out), "--executor", dask.executor)
    with start(service, home, *words) as running:
        wait_until(lambda: len(in_progress(out)) == 2 and len(children_of(dask.workers)) == 2)
        victim = dask.workers.pop()
        victim.send_signal(signal.SIGKILL)
        _, err = running.communicate(timeout=240)
    dask.add_workers()
    assert running.returncode == 0, err
    assert states(out) == ["done"] * 4 and len(service.operations()) == 4
    # The Blender of the killed worker may still write below `dask-…` when that folder is removed.
    assert not [*out.glob(f"*{PART}")]


@pytest.mark.thorough
def test_ctrl_c_leaves_nothing_running(
    dask: DaskProcesses, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """Tasks and Blenders end, and a rerun continues without paying again."""
    file, out = some_lamps(tmp_path / "a.jsonl", 4), tmp_path / "out"
    words = ("batch", str(file), "-o", str(out), "--executor", dask.executor)
    with start(service, home, *words) as running:
        wait_until(lambda: in_progress(out) and children_of(dask.workers))
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=240)
    assert running.returncode == 130, err
    wait_until(lambda: not children_of(dask.workers))
    assert not [*out.glob(".mint-batch/dask-*")]
    assert run(service, home, *words).status == 0
    assert states(out) == ["done"] * 4 and len(service.operations()) == 4
