# SPDX-License-Identifier: GPL-3.0-or-later
"""One function writes a result: any executor can run it, and a failure is an answer."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import time
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.delivery import background
from mint_blender.delivery.background import BlenderPool, write_result
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, DeliveryResult
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.serialization import dump_result
from mint_blender.message import Message

from ..harness.processes import captured, is_running
from ..scene import glb_fixtures
from ..ui import sample_jobs

pytestmark = pytest.mark.windows

NOTE = Message("{count} textures are missing.", count=2)

CHILD = """
import json, os, sys, time
with open({started!r}, "a") as started:
    print(os.getpid(), file=started)
for line in sys.stdin:
    if "stand still" in line:
        time.sleep(600)
    print(json.dumps({answer!r}), flush=True)
"""
"""A process that answers as a background Blender does, and writes nothing."""

# A background Blender that writes its process id first; what it does depends on the prompt.
CRASHING = """
import os
from {package}.delivery import import_job
write = import_job.write
def failing(job, *words, **more):
    if job.request.prompt == "crash once" and not os.path.exists(%(mark)r):
        open(%(mark)r, "w").close()
        os.kill(os.getpid(), 9)
    if job.request.prompt == "crash":
        open(words[0], "w").close()
        os.kill(os.getpid(), 9)
    return write(job, *words, **more)
import_job.write = failing
with open(%(started)r, "a") as started:
    print(os.getpid(), file=started)
from {package}.delivery.background import serve
serve()
os._exit(0)
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let other processes stand in for Blenders; return the file with their ids."""
    file = tmp_path / "started"
    code = CHILD.format(started=str(file), answer=dump_result(DeliveryResult()))
    command = [sys.executable, "-c", code]
    monkeypatch.setattr(background.blender_runtime, "background_command", lambda _: command)
    return file


def pids(started: Path) -> list[int]:
    """Return the ids of the processes that were started."""
    return [int(word) for word in started.read_text().split()] if started.exists() else []


def assert_ended(process: int) -> None:
    """Fail if there is such a process."""
    assert not is_running(process)


def a_job(
    tmp_path: Path, output: Path | None = None, prompt: str = "a lamp", render: Path | None = None
) -> Job:
    """Return a finished job whose file is on disk, and that is to be written there."""
    path = glb_fixtures.simple(tmp_path / "model.glb")
    job = sample_jobs.a_job(Phase.READY, prompt, model=path, now=1.0, notes=(NOTE,))
    output_path, picture = (str(path) if path else None for path in (output, render))
    return replace(job, delivery=Delivery(output=output_path, render=picture))


@pytest.mark.slow
def test_a_copy_is_written_in_another_process(tmp_path: Path) -> None:
    """An executor of processes runs it: Mint's own .glb is copied, without Blender.

    It was not opened, so that nobody knows its objects.
    """
    target = tmp_path / "out" / "lamp.glb"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        result = pool.submit(write_result, a_job(tmp_path, target)).result(60)
    assert result == DeliveryResult()
    assert target.read_bytes() == (tmp_path / "model.glb").read_bytes()


def test_a_problem_is_an_answer(tmp_path: Path) -> None:
    """A missing download and a folder that is a file become sentences."""
    job = a_job(tmp_path, tmp_path / "lamp.glb")
    (tmp_path / "model.glb").unlink()
    missing = write_result(job)
    assert missing.problem and "could not be read" in missing.problem
    assert not (tmp_path / "lamp.glb").exists()
    (tmp_path / "file").write_text("")
    blocked = write_result(a_job(tmp_path, tmp_path / "file" / "lamp.glb"))
    assert blocked.problem and str(tmp_path / "file") in blocked.problem


def test_a_mistake_of_ours_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It concerns this result only, and is logged."""
    monkeypatch.setattr(background.write_files, "write", lambda job: 1 / 0)
    result = write_result(a_job(tmp_path, tmp_path / "lamp.glb"))
    assert result.problem and "unexpectedly (ZeroDivisionError" in result.problem
    assert "could not be written" in caplog.text


UNCOLLECTED = """
import gc, sys
from mint_blender.delivery import background
hang = [sys.executable, "-c", "import time; time.sleep(60)"]
background.blender_runtime.background_command = lambda code: hang
print(background.IMPORTERS.own._running_child()._process.pid)
gc.freeze()
"""


def test_a_program_that_ends_ends_its_blender() -> None:
    """Also one that hangs, and where Python does not look for garbage at the end, as commands."""
    ended = captured([sys.executable, "-c", UNCOLLECTED], check=True, timeout=60)
    assert_ended(int(ended.stdout))


def test_a_thread_keeps_its_blender(tmp_path: Path, started: Path) -> None:
    """The next result of a thread needs no new child process, which ends with the thread."""
    with ThreadPoolExecutor(1) as pool:
        for name in ("a", "b"):
            job = a_job(tmp_path, tmp_path / f"{name}.blend")
            assert pool.submit(write_result, job).result() == DeliveryResult()
    (process,) = pids(started)
    assert_ended(process)


def test_a_hang_is_stopped(tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit, a sentence says so; it is not tried again. The next has a new child."""
    with BlenderPool(1) as pool:
        with monkeypatch.context() as patched:
            patched.setattr(background, "TIME_LIMIT", 0.5)
            hung = pool.submit(write_result, a_job(tmp_path, tmp_path / "b.blend", "stand still"))
            assert hung.result().problem and "was stopped" in str(hung.result().problem)
        assert len(pids(started)) <= 1  # none, if it had not begun yet
        after = pool.submit(write_result, a_job(tmp_path, tmp_path / "c.blend"))
        assert after.result() == DeliveryResult()
    assert len(pids(started)) <= 2


def test_a_child_is_replaced_after_a_number_of_results(
    tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This bounds its memory."""
    monkeypatch.setattr(background, "RESULTS_PER_CHILD", 2)
    with BlenderPool(1) as pool:
        for number in range(5):
            path = tmp_path / f"{number}.blend"
            assert pool.submit(write_result, a_job(tmp_path, path)).result().problem is None
    assert len(pids(started)) == 3


def test_the_end_of_a_pool_kills_its_blenders(tmp_path: Path, started: Path) -> None:
    """A hanging import does not delay the end, and nothing waiting is begun."""
    with BlenderPool(2) as pool:
        hung = [
            pool.submit(write_result, a_job(tmp_path, tmp_path / f"{name}.blend", "stand still"))
            for name in "abcd"
        ]
        while len(pids(started)) < 2:
            assert not any(each.done() for each in hung)
            time.sleep(0.01)
    assert [each.result().problem for each in hung[:2]] == ["The import was stopped."] * 2
    for each in hung[2:]:
        with pytest.raises(CancelledError):
            each.result()
    for process in pids(started):
        assert_ended(process)


@pytest.mark.covers("R-batch-crash", "R-batch-free")
@pytest.mark.blender
def test_a_crash_is_tried_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second try has a new child process. After two crashes, a sentence says so."""
    names = {"mark": str(tmp_path / "mark"), "started": str(tmp_path / "started")}
    monkeypatch.setattr(background, "CODE", CRASHING % names)
    output, render = tmp_path / "out" / "lamp.blend", tmp_path / "out" / "lamp.png"
    output.parent.mkdir()
    output.write_text("old")
    with BlenderPool(1) as pool:
        once = a_job(tmp_path, tmp_path / "once.blend", "crash once")
        twice = a_job(tmp_path, output, "crash", render)
        assert pool.submit(write_result, once).result().problem is None
        assert (tmp_path / "once.blend").is_file()
        problem = pool.submit(write_result, twice).result().problem
        assert problem and "closed unexpectedly while importing it, twice" in problem
        assert output.read_text() == "old" and list(output.parent.iterdir()) == [output]
        after = a_job(tmp_path, output, render=render)
        result = pool.submit(write_result, after).result()
    assert len(pids(tmp_path / "started")) == 4
    assert result.problem is None and output.read_bytes() != b"old"
    assert sorted(output.parent.iterdir()) == [output, render]
    placement = result.placement
    assert placement is not None and placement.objects and placement.file == str(output)
    assert placement.low is not None and placement.high is not None
    sizes = [high - low for low, high in zip(placement.low, placement.high, strict=True)]
    assert max(sizes) == pytest.approx(1.0, rel=0.01)
    assert pickle.loads(pickle.dumps(result)) == result
