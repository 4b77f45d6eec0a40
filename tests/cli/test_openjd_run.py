# SPDX-License-Identifier: GPL-3.0-or-later
"""The job template of a batch in real OpenJD sessions: as written, again, and canceled."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from mint_blender.cli import commands
from mint_blender.files.disk import PART

from ..mint_service.runner import ThreadService
from .batch_helpers import animations, lines_of
from .contact_sheet_reader import ContactSheet
from .openjd_session import GENERATE, WRITE, Session, worker

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
    """Write the template into a folder, and return it."""
    file, output = str(place / "props.jsonl"), str(place / "results")
    assert commands.main(["batch", file, "-o", output, "--openjd", str(folder), *options]) == 0
    return folder


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
    """One command runs all steps in their order, and the key is in no output.

    With `--again`, another worker writes all files again, and nothing is paid.
    """
    session = Session(job, worker(service, tmp_path / "worker"))
    assert session.end() == 0, session.output
    assert service.key not in session.output
    check_complete(job, service)
    before = {path: path.stat().st_mtime_ns for path in results(job).glob("*.blend")}
    again = write_template(results(job).parent, tmp_path / "again", "--again")
    session = Session(again, worker(service, tmp_path / "worker 2"))
    assert session.end() == 0, session.output
    assert all(path.stat().st_mtime_ns > before[path] for path in before)
    check_complete(job, service)


@pytest.mark.thorough
def test_a_second_run_changes_nothing(job: Path, service: ThreadService, tmp_path: Path) -> None:
    """It pays and writes nothing again. A character passes all steps, too."""
    place = results(job).parent
    lines_of(place / "props.jsonl", {"prompt": "a knight", "motions": "walk | run"})
    written: list[int] = []
    for options in ((), (), ("--again",)):
        folder = write_template(place, tmp_path / f"job {len(written)}", *options)
        session = Session(folder, worker(service, tmp_path / "worker"))
        assert session.end() == 0, session.output
        (file,) = results(folder).glob("*.glb")
        assert set(animations(file)) == {"walk", "run"}
        assert len(service.operations()) == 1 + 2
        written.append(file.stat().st_mtime_ns)
    assert written[0] == written[1] < written[2]


@pytest.mark.thorough
def test_a_canceled_task_frees_the_folder(
    job: Path, service: ThreadService, tmp_path: Path
) -> None:
    """The task is asked to stop, and has ended in order when it would be killed."""
    session = Session(job, worker(service, tmp_path / "worker"), "--step", GENERATE)
    while "Queued" not in session.output:
        time.sleep(0.05)
    session.interrupt()
    assert session.end() != 0
    assert "Interrupted. Jobs that were started continue at Mint." in session.output
    with pytest.raises(ProcessLookupError):
        os.kill(session.task_id(), 0)
    assert not (results(job) / ".mint-batch" / "lease").exists()
    session = Session(job, worker(service, tmp_path / "worker"), "--step", GENERATE)
    assert session.end() == 0, session.output
    assert len(service.operations()) == len(PROMPTS)


def test_without_a_key_nothing_starts(job: Path, service: ThreadService, tmp_path: Path) -> None:
    """The first task fails with a sentence, and the others do not run."""
    session = Session(job, worker(service, tmp_path / "worker", has_key=False))
    assert session.end() != 0
    assert "MINT_API_KEY" in session.output and WRITE not in session.output
    assert service.operations() == []
