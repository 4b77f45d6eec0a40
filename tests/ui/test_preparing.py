# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row shows while a background Blender prepares its result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.child_process import ChildProcess  # noqa: E402
from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import LocalFile, Role  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.presentation.job_groups import Row  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.scene.staging_scene import SceneUnits  # noqa: E402
from mint_blender.ui.job_list import auto_import, panel  # noqa: E402

from .drawings import Call, calls_of  # noqa: E402
from .sample_jobs import a_job  # noqa: E402

SILENT = [sys.executable, "-c", "import sys; sys.stdin.read()"]
"""A child process that never answers."""


@pytest.fixture
def preparations(job_service: JobService) -> Iterator[Any]:
    """Return the preparations of the session, with a silent child and a clock that stands still."""
    found: Any = auto_import._preparations()
    found._start, found._clock = (lambda: ChildProcess(SILENT)), (lambda: 100.0)
    yield found
    found.close()


def ready(job_service: JobService) -> Job:
    """Return a new job whose result can be placed."""
    (job,) = job_service.cache.add(a_job(Phase.READY))
    return job_service.job(job.id)


def drawn(job_service: JobService, job: Job) -> list[Call]:
    """Return what the row of a job shows."""
    return calls_of(panel.draw_row, panel.Sidebar(job_service, 300), Row(job.id, (job,)))


def test_a_row_says_how_far_its_result_is(
    job_service: JobService, preparations: Any, tmp_path: Path
) -> None:
    """One is prepared at a time: it has a progress bar, the next one waits. Neither has a button."""
    first, second = ready(job_service), ready(job_service)
    assert any("mint.place" in each for each in drawn(job_service, first))
    for job in (first, second):
        preparations.request(job, SceneUnits(), tmp_path)
    preparations._clock = lambda: 100.0 + preparations._expected / 4
    assert ("progress", "Preparing", 0.25) in drawn(job_service, first)
    assert ("label", "Preparing", None) in drawn(job_service, second)
    for job in (first, second):
        assert not any("mint.place" in each for each in drawn(job_service, job))


def test_the_bar_is_redrawn_when_it_has_moved(
    job_service: JobService, preparations: Any, tmp_path: Path
) -> None:
    """A beat in which it has not moved redraws nothing."""
    preparations.request(ready(job_service), SceneUnits(), tmp_path)
    auto_import.poll(job_service)
    assert preparations.shown == 0
    preparations._clock = lambda: 100.0 + preparations._expected / 2
    auto_import.poll(job_service)
    assert preparations.shown == auto_import.BAR_STEPS / 2


def test_a_model_is_prepared_before_its_picture_is_here(
    job_service: JobService, preparations: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is requested as soon as its file is, and not before."""
    monkeypatch.setattr(auto_import, "is_used", lambda: True)
    monkeypatch.setattr(auto_import.placed_results, "is_document_open", lambda job: True)
    job = replace(ready(job_service), phase=Phase.FETCHING)
    job_service.cache.save(job)
    auto_import.warm_up(job_service)
    assert preparations.is_result_expected and not preparations.is_busy
    file = LocalFile(Role.MODEL, "model.glb", "https://files.example/a.glb")
    job_service.cache.save(replace(job, files=(file,)))
    auto_import.warm_up(job_service)
    assert preparations.is_pending(job.id)


def test_a_module_imports_directly(job_service: JobService) -> None:
    """The preferences say why: it knows no program that could be started."""
    assert "the path of Blender's program is unknown" in auto_import.way_in_words()
