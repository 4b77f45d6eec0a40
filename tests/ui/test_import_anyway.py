# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that our check refused can be given to Blender's importer when the user insists."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ..files.build_glb import box_parts, pack
from .sample_jobs import URL, a_job

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Cause, LocalFile, Problem, Role  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.scene import tags  # noqa: E402

from .test_finished_line import in_menu  # noqa: E402


def refused(
    job_service: JobService, path: Path, role: Role = Role.MODEL, kind: Kind = Kind.MODEL
) -> Job:
    """Return a job with a file that we refuse and Blender reads: an unused picture is invalid."""
    document, binary = box_parts()
    document["images"] = [{"bufferView": 0, "mimeType": "image/png"}]
    path.write_bytes(pack(document, binary))
    problem, kept = Problem(Cause.IMPORT, "It is kept."), (LocalFile(role, str(path), URL),)
    job = a_job(Phase.PAUSED, kind=kind, now=time.time(), refused=kept, problem=problem)
    job_service.cache.add(job)
    return job


@pytest.mark.covers("R-files-kept")
@pytest.mark.parametrize(("role", "kind"), [(Role.MODEL, Kind.MODEL), (Role.COLLIDER, Kind.WORLD)])
def test_import_anyway_places_a_refused_file(
    job_service: JobService, tmp_path: Path, role: Role, kind: Kind
) -> None:
    """The object has its provenance, and the job notes that the file was not checked."""
    job = refused(job_service, tmp_path / "model.refused.glb", role, kind)
    with pytest.raises(RuntimeError, match="is not ready to place"):
        bpy.ops.mint.place(job_id=job.id)
    assert bpy.ops.mint.place(job_id=job.id, raw=True) == {"FINISHED"}
    (root,) = tags.roots(job_id=job.id)
    assert len(root.data.polygons) == 12
    done = job_service.job(job.id)
    assert done.phase is Phase.PLACED and any("without checks" in note for note in done.notes)
    assert (tmp_path / "model.refused.glb").is_file()


def test_importing_an_unreadable_file_changes_nothing(
    job_service: JobService, tmp_path: Path
) -> None:
    """There is a sentence and no object, and the file is kept for another try."""
    job = refused(job_service, tmp_path / "model.refused.glb")
    (tmp_path / "model.refused.glb").write_bytes(b"glTF, or so it says")
    objects = set(bpy.data.objects)
    with pytest.raises(RuntimeError, match=r"could not read “model\.refused\.glb”"):
        bpy.ops.mint.place(job_id=job.id, raw=True)
    assert set(bpy.data.objects) == objects
    assert job_service.job(job.id).phase is Phase.PAUSED
    assert (tmp_path / "model.refused.glb").is_file()


def test_the_menu_offers_to_import_a_refused_file(job_service: JobService, tmp_path: Path) -> None:
    """It is beside Resume, which downloads again; not after a failed download."""
    job = refused(job_service, tmp_path / "model.refused.glb")
    panorama = (LocalFile(Role.PANORAMA, "p.webp", URL),)
    for kept, times in ((job.refused, 1), ((), 0), (panorama, 0)):
        menu = in_menu(replace(job, refused=kept))
        assert (menu["mint.place"], menu["mint.resume"]) == (times, 1)
