# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch imports in a child process: a crash there fails one line only."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from mint_blender.delivery import background, blender_runtime
from mint_blender.jobs.batch_folder import batch_lease

from ..harness.processes import KILLED, KILLED_ITSELF, captured, is_running
from .batch_helpers import Batch
from .command_runner import RunMint, environment, interrupt, popen

pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

# Before it serves, the child learns to fail at the results of one prompt.
FAILING = """
import os, time
from {package}.delivery import import_job
write = import_job.write
def failing(job, *words, **more):
    if "a bad mug" in job.request.prompt:
        %s
    return write(job, *words, **more)
import_job.write = failing
with open(%r, "a") as started:
    print(os.getpid(), file=started)
from {package}.delivery.background import serve
serve()
os._exit(0)
"""
WITH_CHILD = """
import os, sys
from mint_blender.delivery import background
background.CODE = %r
from mint_blender.cli import main
status = main(sys.argv[1:])
sys.stdout.flush()
os._exit(status)
"""
"""A command whose child processes run other code."""

DIE = "os.kill(os.getpid(), 9)"


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """Return the file with the process ids of the child processes."""
    return tmp_path / "started"


@pytest.mark.covers("R-batch-crash")
def test_a_crashing_import_fails_one_line(
    batch: Batch, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill the child in the second import: that line has status 7, the others are done."""
    lamp = {"prompt": "a lamp"}
    batch.lines(
        lamp, {"prompt": "a bad mug", "format": "blend"}, {"prompt": "b", "format": "blend"}
    )
    with monkeypatch.context() as patched:
        patched.setattr(blender_runtime, "background_command", lambda code: ["/dev/null/blender"])
        ran = batch("--jobs", "1")
        assert ran.status == 7 and "could not be started" in ran.error_text
        assert (batch.out / "0001-a-lamp.glb").is_file()
    with monkeypatch.context() as patched:
        patched.setattr(background, "CODE", FAILING % (DIE, str(started)))
        ran = batch("--jobs", "1")
    assert ran.status == 7
    assert "Blender closed unexpectedly while importing it, twice." in ran.error_text
    assert [path.name for path in batch.out.glob("*.blend")] == ["0003-b.blend"]
    told = json.loads((batch.out / "0002-a-bad-mug.json").read_text())
    assert told["state"] == "failed" and "closed unexpectedly" in told["trouble"]["message"]
    assert len(started.read_text().split()) == 3, "one before, one after each crash"
    assert batch("--jobs", "1").status == 0
    assert (batch.out / "0002-a-bad-mug.blend").is_file()
    assert len(batch.service.operations()) == 3


def test_a_folder_that_is_taken_over_while_files_are_written(
    batch: Batch, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being written ends, nothing more is begun, and a rerun continues at no cost."""
    batch.lines(*({"prompt": f"a bad mug {n}", "format": "blend"} for n in range(4)))
    lease = batch.out / ".mint-batch" / "lease"

    def take_over() -> None:
        while not started.exists():
            time.sleep(0.01)
        lease.write_text('{"host": "farm", "pid": 1, "id": "theirs"}')

    other = threading.Thread(target=take_over)
    other.start()
    with monkeypatch.context() as patched:
        patched.setattr(batch_lease, "RENEW_INTERVAL", 0.05)
        patched.setattr(background, "CODE", FAILING % ("time.sleep(1)", str(started)))
        ran = batch("--workers", "1")
    other.join()
    assert ran.status == 8 and "Another machine is now working on this folder" in ran.error_text
    assert 1 <= len(list(batch.out.glob("*.blend"))) < 4
    assert json.loads(lease.read_text())["id"] == "theirs"
    lease.unlink()
    assert batch().status == 0
    assert len(list(batch.out.glob("*.blend"))) == len(batch.service.operations()) == 4


@pytest.mark.windows
@pytest.mark.parametrize(
    "is_killed", [False, pytest.param(True, marks=pytest.mark.thorough)], ids=["Ctrl-C", "killed"]
)
def test_ended_while_writing(batch: Batch, home: Path, started: Path, is_killed: bool) -> None:
    """No Blender is left, nothing is lost, and a rerun continues at no cost."""
    batch.lines(*({"prompt": f"a bad mug {n}", "format": "blend"} for n in range(4)))
    code = WITH_CHILD % (FAILING % ("time.sleep(1)", str(started)))
    words = [sys.executable, "-c", code, *batch.words, "--workers", "2"]
    running = popen(words, environment(batch.service, home))
    while not any(batch.out.glob("*.blend")):
        assert running.poll() is None, "it ended by itself"
        time.sleep(0.01)
    if is_killed:
        running.kill()
    else:
        interrupt(running)
    running.communicate(timeout=240)
    assert running.returncode == (KILLED if is_killed else 130)
    for process in started.read_text().split():
        while is_running(int(process)):
            time.sleep(0.05)
    ran = batch()
    assert ran.status == 0 and "4 of 4 lines are done" in ran.error_text
    suffixes = sorted(path.suffix for path in batch.out.glob("0*"))
    assert suffixes == sorted([".blend", ".json", ".webp"] * 4)
    assert len(batch.service.operations()) == 4


# -- without a child process: an import that crashes Blender is repeated in one, once


DYING = """
import os, sys
from mint_blender.scene.gltf import gltf_import
gltf_import._call_importer = lambda *_: os.kill(os.getpid(), 9)
from mint_blender.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_after_a_crash_the_import_is_tried_once_more(
    mint: RunMint, home: Path, tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`resume` imports in a child process; if that crashes, too, only `resume JOB` imports it."""
    outputs = [tmp_path / "lamp.blend", tmp_path / "mug.blend"]
    for prompt, output in zip(("a lamp", "a bad mug"), outputs, strict=True):
        words = ("generate", "--prompt", prompt, "--preset", "fast", "-o", str(output))
        dying = [sys.executable, "-c", DYING, *words]
        assert captured(dying, env=environment(mint.service, home)).returncode == KILLED_ITSELF
    records = mint.jobs()
    assert {each["trouble"]["code"] for each in records} == {"import_crashed"}
    job = records[0]["job"]
    monkeypatch.setattr(background, "CODE", FAILING % (DIE, str(started)))
    for _ in range(2):
        ran = mint("resume")
        assert ran.status == 7 and "No jobs were interrupted" not in ran.err
        assert "closed unexpectedly while importing" in ran.error_text
        assert f"resume {job}" in ran.error_text
        assert [output.exists() for output in outputs] == [True, False]
    children = len(started.read_text().split())
    assert mint("resume", job).status == 0
    assert outputs[1].is_file() and len(started.read_text().split()) == children
    assert mint.jobs()[0]["trouble"] is None
    assert len(mint.service.operations()) == 2
