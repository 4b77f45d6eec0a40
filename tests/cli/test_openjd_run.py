# SPDX-License-Identifier: GPL-3.0-or-later
"""The job template of a batch in real OpenJD sessions, as written and again."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from mint_blender.cli import commands
from mint_blender.files.disk import PART

from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import commands_below, environment, popen
from .contact_sheet_reader import ContactSheet
from .openjd_reader import STEPS, openjd

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

PROMPTS = ["a lamp", "a mug", "a chair", "a crate", "a bell", "a boat"]


@pytest.fixture
def job(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the template of six lines, in a folder with a difficult name."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home))
    place = tmp_path / 'the "farm\'s" {{Param.Program}} folder'
    place.mkdir()
    lines = [{"prompt": prompt, "format": "blend"} for prompt in PROMPTS]
    lines_of(place / "props.jsonl", *lines)
    return write_template(place, tmp_path / "job")


def write_template(place: Path, folder: Path, *options: str) -> Path:
    file, output = str(place / "props.jsonl"), str(place / "results")
    assert commands.main(["batch", file, "-o", output, "--openjd", str(folder), *options]) == 0
    return folder


def session_of(job: Path) -> tuple[str, ...]:
    return "run", str(job / "template.json"), "-p", f"file://{job / 'parameters.json'}"


def told(service: ThreadService, home: Path, **changes: str) -> dict[str, str]:
    """Return the environment of a worker."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return environment(service, home, PATH=path, **changes)


def end_session(job: Path, service: ThreadService, home: Path, **changes: str) -> tuple[int, str]:
    """Run all steps as a worker of a farm does; return the exit status and the output."""
    ended = openjd(*session_of(job), env=told(service, home, **changes), timeout=240)
    return ended.returncode, ended.stdout + ended.stderr


def results(job: Path) -> Path:
    return Path(json.loads((job / "parameters.json").read_text())["OutputFolder"])


def check_complete(job: Path, service: ThreadService) -> None:
    """Assert that every line was paid once and has its files, and that the sheet shows all."""
    assert len(service.operations()) == len(PROMPTS)
    titles = [f"{n:04}-{prompt.replace(' ', '-')}" for n, prompt in enumerate(PROMPTS, 1)]
    # a task that is killed while it writes a small file leaves its hidden part
    names = {path.name for path in results(job).iterdir() if path.suffix != PART}
    wanted = {f"{title}{suffix}" for title in titles for suffix in (".blend", ".webp", ".json")}
    assert names == wanted | {"index.html", ".mint-batch"}
    for title in titles:
        with bpy.data.libraries.load(str(results(job) / f"{title}.blend")) as (found, _):
            assert found.meshes
    sheet = ContactSheet(results(job) / "index.html")
    assert [card.state for card in sheet.cards] == ["done"] * len(PROMPTS)


def test_a_session_runs_the_whole_job(job: Path, service: ThreadService, tmp_path: Path) -> None:
    """One command runs all steps in their order, and the key is in no output."""
    status, output = end_session(job, service, tmp_path / "worker")
    assert status == 0, output
    assert service.key not in output
    check_complete(job, service)
    before = {path: path.stat().st_mtime_ns for path in results(job).glob("*.blend")}
    again = write_template(results(job).parent, tmp_path / "again", "--rewrite")
    status, output = end_session(again, service, tmp_path / "worker 2")
    assert status == 0, output
    assert all(path.stat().st_mtime_ns > before[path] for path in before)
    check_complete(job, service)


def test_without_a_key_nothing_starts(job: Path, service: ThreadService, tmp_path: Path) -> None:
    """The first task fails with a sentence, and the others do not run."""
    status, output = end_session(job, service, tmp_path / "worker", MINT_API_KEY="")
    assert status != 0
    assert "MINT_API_KEY" in output and STEPS[1] not in output
    assert service.operations() == []


@pytest.mark.thorough
def test_tasks_that_are_killed_cost_nothing(
    job: Path, service: ThreadService, tmp_path: Path
) -> None:
    """One is killed while it generates, another while it writes; each time the job is run again."""
    service.scenario(credits=1e6)
    place = results(job).parent
    lines_of(place / "props.jsonl", *({"prompt": f"lamp {number}"} for number in range(60)))
    job = write_template(place, tmp_path / "60")
    for progress in (service.operations, lambda: [*results(job).glob("*.glb")]):
        command = [str(Path(sys.executable).with_name("openjd")), *session_of(job)]
        with popen(command, told(service, tmp_path / "worker")) as running:
            while len(progress()) < 15:
                assert running.poll() is None, "it ended by itself"
                time.sleep(0.01)
            for process in commands_below(running.pid):
                os.kill(process, signal.SIGKILL)
            running.communicate(timeout=240)
        assert running.returncode != 0
    assert end_session(job, service, tmp_path / "worker")[0] == 0
    assert len(service.operations()) == len([*results(job).glob("*.glb")]) == 60
    assert [card.state for card in ContactSheet(results(job) / "index.html").cards] == ["done"] * 60
