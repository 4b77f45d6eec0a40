# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch imports in a child process: a crash there fails one line only."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mint_blender.delivery import background, blender_runtime
from mint_blender.jobs.storage import batch_lease

from ..mint_service.runner import ThreadService
from .command_runner import LAMP, CommandResult, RunMint, environment

pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

# Before it serves, the child learns to fail at the results of one prompt.
FAILING = """
import os, signal, time
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
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def batch(mint: RunMint, folder: Path, *prompts: str) -> CommandResult:
    """Run a batch over these lines."""
    (folder / "a.txt").write_text("".join(f"{prompt}\n" for prompt in prompts))
    return mint("batch", str(folder / "a.txt"), "-o", str(folder / "out"), "--jobs", "1")


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """Return the file with the process ids of the child processes."""
    return tmp_path / "started"


@pytest.mark.covers("R-batch-crash")
def test_a_crashing_import_fails_one_line(
    mint: RunMint, tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill the child in the second import: that line has status 7, the others are done.

    The downloads are kept, so a rerun only imports, and pays nothing.
    """
    prompts = ("a lamp", "a bad mug", "a chair")
    with monkeypatch.context() as patched:
        patched.setattr(background, "CODE", FAILING % (KILL, str(started)))
        ran = batch(mint, tmp_path, *prompts)
    assert ran.status == 7
    assert "Blender closed unexpectedly while importing it, twice." in ran.error_text
    names = {"0001-a-lamp.blend", "0003-a-chair.blend"}
    assert {path.name for path in (tmp_path / "out").glob("*.blend")} == names
    told = json.loads((tmp_path / "out" / "0002-a-bad-mug.json").read_text())
    assert told["state"] == "failed" and "closed unexpectedly" in told["trouble"]["message"]
    assert len(started.read_text().split()) == 3, "one before, one after each crash"
    assert batch(mint, tmp_path, *prompts).status == 0
    assert (tmp_path / "out" / "0002-a-bad-mug.blend").is_file()
    assert len(mint.service.operations()) == 3


def test_a_copy_needs_no_process(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mint's own .glb is only copied, without Blender."""
    monkeypatch.setattr(background, "CODE", "raise SystemExit(1)")
    (tmp_path / "a.jsonl").write_text('{"prompt": "a lamp", "format": "glb"}\n')
    assert mint("batch", str(tmp_path / "a.jsonl"), "-o", str(tmp_path / "out")).status == 0


def test_a_process_that_cannot_start_is_reported(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing program gives status 7 and a message, and the files are kept."""
    monkeypatch.setattr(
        blender_runtime, "background_command", lambda code: [str(tmp_path / "nothing")]
    )
    ran = batch(mint, tmp_path, "a lamp")
    assert ran.status == 7 and "could not be started" in ran.error_text


def test_a_folder_that_is_taken_over_while_files_are_written(
    mint: RunMint, tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being written ends, nothing more is begun, and a rerun continues at no cost."""
    lease = tmp_path / "out" / ".mint-batch" / "lease"

    def take_over() -> None:
        while not started.exists():
            time.sleep(0.01)
        lease.write_text('{"host": "farm", "pid": 1, "id": "theirs"}')

    other = threading.Thread(target=take_over)
    other.start()
    with monkeypatch.context() as patched:
        patched.setattr(batch_lease, "RENEW_INTERVAL", 0.05)
        patched.setattr(background, "CODE", FAILING % ("time.sleep(1)", str(started)))
        prompts = [f"a bad mug {number}" for number in range(6)]
        (tmp_path / "a.txt").write_text("\n".join(prompts))
        arguments = ("batch", str(tmp_path / "a.txt"), "-o", str(tmp_path / "out"))
        ran = mint(*arguments, "--workers", "1")
    other.join()
    assert ran.status == 1 and "Another machine is now working on this folder" in ran.error_text
    assert 1 <= len(list((tmp_path / "out").glob("*.blend"))) < 6
    assert json.loads(lease.read_text())["id"] == "theirs"
    lease.unlink()
    assert mint(*arguments).status == 0
    assert len(list((tmp_path / "out").glob("*.blend"))) == 6
    assert len(mint.service.operations()) == 6


# -- without a child process: an import that crashes Blender is only repeated at the user's wish


DYING = """
import os, signal, sys
from mint_blender.scene.gltf import gltf_import
gltf_import._call_importer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from mint_blender.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_after_a_crash_the_import_waits_for_the_user(
    mint: RunMint, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """After a crash, `resume` skips the import and says so; `resume JOB` imports it."""
    output = tmp_path / "lamp.blend"
    dying = [sys.executable, "-c", DYING, *LAMP, "-o", str(output)]
    assert (
        subprocess.run(dying, env=environment(service, home), timeout=60).returncode
        == -signal.SIGKILL
    )
    (record,) = mint.jobs()
    assert record["phase"] == "ready" and record["trouble"]["code"] == "import_crashed"
    for _ in ("once", "twice"):
        ran = mint("resume")
        assert ran.status == 7 and "No jobs were interrupted" not in ran.err
        assert "closed unexpectedly while importing" in ran.error_text
        assert f"resume {record['job']}" in ran.error_text
        assert not output.exists()
    assert mint("resume", record["job"]).status == 0
    assert output.is_file()
    assert mint.jobs()[0]["trouble"] is None
    assert len(service.operations()) == 1
