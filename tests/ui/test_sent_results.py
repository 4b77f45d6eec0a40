# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that another program has sent to the open document, and what it can read afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from .sample_jobs import a_job

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.engine.config import EngineConfig  # noqa: E402
from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.ui import heartbeat, session  # noqa: E402
from mint_blender.ui.job_list import auto_import  # noqa: E402


@pytest.fixture
def job(job_service: JobService, model: Path) -> Job:
    """Return a job that another program has made; its model is 1 m in size."""
    made = a_job(Phase.READY, model=model, now=1.0)
    job_service.cache.add(made)
    return job_service.job(made.id)


def send(job_service: JobService, job: Job, document: str) -> None:
    """Send a job to a document, as another process with the same journal."""
    other = JobService(EngineConfig(job_service.home), job_service.account)
    other.set_delivery(job.id, replace(job.delivery, document=document))
    other.close()


def test_a_sent_result_lands_in_the_current_scene(job_service: JobService, job: Job) -> None:
    """It names no scene: the current one is used. It lands once, also after more beats."""
    heartbeat.beat()
    assert job_service.job(job.id).phase is Phase.READY and not auto_import.is_waiting(job_service)
    send(job_service, job, session.document_id())
    job_service.catch_up()
    assert auto_import.is_waiting(job_service)
    for _ in range(3):
        heartbeat.beat()
    assert job_service.job(job.id).phase is Phase.PLACED
    roots = [each for each in bpy.context.scene.objects if each.get("mint_job_id") == job.id]
    assert len(roots) == 1


def test_a_result_for_another_document_waits(job_service: JobService, job: Job) -> None:
    """It belongs to the other Blender."""
    send(job_service, job, "1" * 32)
    job_service.catch_up()
    heartbeat.beat()
    assert not auto_import.is_waiting(job_service)
    assert not bpy.data.objects


@pytest.mark.parametrize("meters_per_unit", [1.0, 0.01])
def test_names_and_bounds_are_in_the_journal(
    job_service: JobService, job: Job, meters_per_unit: float, tmp_path: Path
) -> None:
    """The program that has sent it reads there what was placed where, in meters."""
    bpy.context.scene.unit_settings.scale_length = meters_per_unit
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    send(job_service, job, session.document_id())
    job_service.catch_up()
    heartbeat.beat()
    journal = JobService(EngineConfig(job_service.home), job_service.account)
    placement = journal.job(job.id).placement
    journal.close()
    assert placement is not None
    (root,) = [each for each in bpy.context.scene.objects if each.get("mint_job_id") == job.id]
    assert placement.objects[0] == root.name
    assert set(placement.objects) == {each.name for each in bpy.context.scene.objects}
    assert placement.scene == bpy.context.scene.name
    assert placement.file == str(tmp_path / "scene.blend")
    assert placement.low is not None and placement.high is not None
    sizes = [high - low for low, high in zip(placement.low, placement.high, strict=True)]
    assert max(sizes) == pytest.approx(1.0, rel=0.01)
