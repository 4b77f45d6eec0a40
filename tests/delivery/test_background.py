# SPDX-License-Identifier: GPL-3.0-or-later
"""One function writes a result: any executor can run it, and a failure is an answer."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.delivery import background
from mint_blender.delivery.background import BlenderPool, write_result
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, DeliveryResult
from mint_blender.jobs.phases import Phase
from mint_blender.message import Message

from ..harness.processes import captured
from ..scene import glb_fixtures
from ..ui import sample_jobs

NOTE = Message("{count} textures are missing.", count=2)

# The child writes its process id first; what it does with a result depends on the prompt.
CHILD = """
import os, signal, time
from {package}.delivery import import_job
write = import_job.write
def failing(job, *words, **more):
    if job.request.prompt == "crash once" and not os.path.exists(%(mark)r):
        open(%(mark)r, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if job.request.prompt == "crash":
        open(words[0], "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if job.request.prompt == "hang":
        time.sleep(600)
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
    """Return the file with the process ids of the child processes."""
    names = {"mark": str(tmp_path / "mark"), "started": str(tmp_path / "started")}
    monkeypatch.setattr(background, "CODE", CHILD % names)
    return tmp_path / "started"


def a_job(
    tmp_path: Path, output: Path | None = None, prompt: str = "a lamp", render: Path | None = None
) -> Job:
    """Return a finished job whose file is on disk, and that is to be written there."""
    path = glb_fixtures.simple(tmp_path / "model.glb")
    job = sample_jobs.a_job(Phase.READY, prompt, model=path, now=1.0, notes=(NOTE,))
    output_path, picture = (each and str(each) for each in (output, render))
    return replace(job, delivery=Delivery(output=output_path, render=picture))


def test_job_and_result_can_be_pickled(tmp_path: Path) -> None:
    """Both arrive in another process as they were, with the parts of each message."""
    job = a_job(tmp_path)
    again = pickle.loads(pickle.dumps(job))
    assert again == job and again.notes[0].params == {"count": 2}
    result = DeliveryResult((NOTE,), NOTE)
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result and copy.notes[0].template == NOTE.template


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
print(background.IMPORTERS.get()._running_child()._process.pid)
gc.freeze()
"""


def test_a_program_that_ends_ends_its_blender() -> None:
    """Also one that hangs, and where Python does not look for garbage at the end, as commands."""
    ended = captured([sys.executable, "-c", UNCOLLECTED], check=True, timeout=60)
    with pytest.raises(ProcessLookupError):
        os.kill(int(ended.stdout), 0)


@pytest.mark.blender
def test_a_thread_keeps_its_blender(tmp_path: Path, started: Path) -> None:
    """The next result of a thread needs no new child process, which ends with the thread."""
    with ThreadPoolExecutor(1) as pool:
        for name in ("a", "b"):
            path = tmp_path / f"{name}.blend"
            written = pool.submit(write_result, a_job(tmp_path, path)).result()
            assert written.problem is None and path.is_file()
    (process,) = map(int, started.read_text().split())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.covers("R-batch-crash")
@pytest.mark.blender
@pytest.mark.one_blender
def test_a_crash_is_tried_once_more(tmp_path: Path, started: Path) -> None:
    """The second try has a new child process. After two crashes, a sentence says so."""
    with BlenderPool(1) as pool:
        once, twice, after = (
            pool.submit(write_result, a_job(tmp_path, tmp_path / f"{prompt}.blend", prompt))
            for prompt in ("crash once", "crash", "a lamp")
        )
        assert once.result().problem is None and (tmp_path / "crash once.blend").is_file()
        problem = twice.result().problem
        assert problem and "closed unexpectedly while importing it, twice" in problem
        assert after.result().problem is None
    assert len(started.read_text().split()) == 4


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_hang_is_stopped(tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit, a sentence says so; it is not tried again. The next has a new child."""
    with BlenderPool(1) as pool:
        first = pool.submit(write_result, a_job(tmp_path, tmp_path / "a.blend"))
        assert first.result().problem is None
        with monkeypatch.context() as patched:
            patched.setattr(background, "TIME_LIMIT", 0.5)
            hung = pool.submit(write_result, a_job(tmp_path, tmp_path / "b.blend", "hang"))
            assert hung.result().problem and "was stopped" in str(hung.result().problem)
        assert len(started.read_text().split()) == 1
        after = pool.submit(write_result, a_job(tmp_path, tmp_path / "c.blend"))
        assert after.result().problem is None
    assert len(started.read_text().split()) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_child_is_replaced_after_a_number_of_results(
    tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This bounds its memory."""
    monkeypatch.setattr(background, "RESULTS_PER_CHILD", 2)
    with BlenderPool(1) as pool:
        for number in range(5):
            path = tmp_path / f"{number}.blend"
            assert pool.submit(write_result, a_job(tmp_path, path)).result().problem is None
    assert len(started.read_text().split()) == 3


@pytest.mark.blender
@pytest.mark.one_blender
def test_the_end_of_a_pool_kills_its_blenders(tmp_path: Path, started: Path) -> None:
    """A hanging import does not delay the end, and nothing waiting is begun."""
    with BlenderPool(2) as pool:
        hung = [
            pool.submit(write_result, a_job(tmp_path, tmp_path / f"{name}.blend", "hang"))
            for name in "abcd"
        ]
        while not started.exists() or len(started.read_text().split()) < 2:
            assert not any(each.done() for each in hung)
    assert [each.result().problem for each in hung[:2]] == ["The import was stopped."] * 2
    for each in hung[2:]:
        with pytest.raises(CancelledError):
            each.result()
    for process in map(int, started.read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.mark.covers("R-batch-free")
@pytest.mark.blender
def test_a_failed_import_keeps_the_old_file(tmp_path: Path, started: Path) -> None:
    """New files replace old ones only when all are complete; nothing else is left."""
    output, render = tmp_path / "out" / "lamp.blend", tmp_path / "out" / "lamp.png"
    output.parent.mkdir()
    output.write_text("old")
    with BlenderPool(1) as pool:
        for prompt in ("crash", "a lamp"):
            picture = render if prompt == "crash" else None
            blocked = pool.submit(write_result, a_job(tmp_path, output, prompt, picture))
            assert bool(blocked.result().problem) is (prompt == "crash")
            assert (output.read_bytes() == b"old") is (prompt == "crash")
            assert [path.name for path in output.parent.iterdir()] == ["lamp.blend"]


@pytest.mark.blender
@pytest.mark.one_blender
def test_what_the_result_became_is_described(tmp_path: Path, started: Path) -> None:
    """The names of the objects, their size in meters, and the file itself, not its part."""
    with BlenderPool(1) as pool:
        output, render = tmp_path / "lamp.blend", tmp_path / "lamp.png"
        result = pool.submit(write_result, a_job(tmp_path, output, render=render)).result()
    assert result.problem is None and output.is_file() and render.is_file()
    placement = result.placement
    assert placement is not None and placement.objects and placement.file == str(output)
    assert placement.low is not None and placement.high is not None
    sizes = [high - low for low, high in zip(placement.low, placement.high, strict=True)]
    assert max(sizes) == pytest.approx(1.0, rel=0.01)
    assert pickle.loads(pickle.dumps(result)) == result
