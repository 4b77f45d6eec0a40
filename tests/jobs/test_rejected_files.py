# SPDX-License-Identifier: GPL-3.0-or-later
"""A downloaded file that fails our check is kept, and nothing is bought again for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.errors import InvalidFile, InvalidGlb
from mint_blender.jobs import rejected_files
from mint_blender.jobs.job_values import Cause, Delivery, LocalFile, Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.transfers import fetch_file
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset

from ..files.build_glb import box, pack
from .workflow_harness import FILES, GLB, WorkflowHarness, a_job, asset, seen, working

HTML = b"<html>This link has expired.</html>"
BAD_GLB = pack({"asset": {"version": "3.0"}})


class Giving(Downloader):
    """A downloader that writes these bytes to every path that is still free."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content

    def fetch(self, url: str, target: Path, **more: object) -> Path:
        if not target.exists():
            target.write_bytes(self.content)
        return target


def fetched(effect: Fetch, folder: Path, content: bytes) -> LocalFile:
    """Return the result of a download of these bytes."""
    return fetch_file.fetch(
        effect, folder, downloader=Giving(content), stop=lambda: False, progress=lambda *_: None
    )


def refusal(effect: Fetch, folder: Path, content: bytes) -> InvalidFile:
    """Return the error of a download of these bytes."""
    with pytest.raises(InvalidFile) as caught:
        fetched(effect, folder, content)
    return caught.value


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.MODEL, "model.refused.glb"),
        (Role.COLLIDER, "model.refused.glb"),
        (Role.SPLATS, "model.refused.spz"),
        (Role.PANORAMA, "model.refused.webp"),
        (Role.FBX, "model.refused.fbx"),
    ],
)
def test_a_rejected_file_is_kept_and_its_path_shown(tmp_path: Path, role: Role, name: str) -> None:
    """Its name is one that the next download does not take for a good file."""
    error = refusal(Fetch(role, f"{FILES}a", "model"), tmp_path, HTML)
    assert error.kept == tmp_path / name
    assert str(error).endswith(f" The file was kept at {tmp_path / name}.")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, HTML)]


def test_repeated_downloads_keep_each_rejected_file_once(tmp_path: Path) -> None:
    """Other bytes are kept beside them; a good file has its own name."""
    effect = Fetch(Role.MODEL, GLB, "model")
    for content in (BAD_GLB, BAD_GLB, HTML, BAD_GLB):
        refusal(effect, tmp_path, content)
    assert Path(fetched(effect, tmp_path, box()).path) == tmp_path / "model.glb"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "model.glb": box(),
        "model.refused.glb": BAD_GLB,
        "model.refused-2.glb": HTML,
    }


def test_a_file_that_is_only_copied_must_be_complete(tmp_path: Path) -> None:
    """Another program may read what we would not import, but no incomplete file."""
    effect = Fetch(Role.MODEL, GLB, "model", only_copied=True)
    assert fetched(effect, tmp_path, BAD_GLB).needs == ()
    Path(tmp_path / "model.glb").unlink()
    refusal(effect, tmp_path, BAD_GLB[:-1])


def fetching_model(target: Delivery = Delivery()) -> WorkflowHarness:
    """Return a job whose model is finished and about to be downloaded."""
    return (
        WorkflowHarness(working(delivery=target))
        .answer(seen("succeeded"))
        .answer(asset(glbUrl=GLB))
    )


def test_a_rejected_model_pauses_the_job() -> None:
    """Resume only downloads; the message names the file and does not advise to pay again."""
    refused = InvalidGlb("Cannot import model.glb: it is not glTF 2.0.").kept_at(
        Path("/home/model.refused.glb")
    )
    workflow = fetching_model().fail(refused)
    job = workflow.job
    assert workflow.rests and job.phase is Phase.PAUSED
    assert job.problem is not None and job.problem.cause is Cause.IMPORT
    assert "/home/model.refused.glb" in job.problem.message and "at no cost" in job.problem.message
    assert "generate" not in job.problem.message.lower()
    assert [(kept.role, kept.path) for kept in job.refused] == [
        (Role.MODEL, "/home/model.refused.glb")
    ]
    again = workflow.again()
    again.expect(Poll)
    again.answer(seen("succeeded")).expect(ReadAsset)
    again.answer(asset(glbUrl=GLB)).expect(Fetch)
    good = LocalFile(Role.MODEL, "/home/model.glb", GLB)
    done = again.answer(good)
    assert done.job.file(Role.MODEL) == good and done.job.refused == ()


def test_the_output_decides_whether_a_model_is_only_copied() -> None:
    """A .glb output is a copy, unless a rendered picture is wanted too."""
    for target, only_copied in (
        (Delivery(output="a.glb"), True),
        (Delivery(output="a.glb", render="a.png"), False),
        (Delivery(), False),
    ):
        effect = fetching_model(target).expect(Fetch)
        assert effect.only_copied is only_copied


def test_the_rejected_file_is_preferred_for_raw_output(tmp_path: Path) -> None:
    """The accepted file is used if no rejected one exists, and none if neither does."""
    good, bad = tmp_path / "model.glb", tmp_path / "model.refused.glb"
    job = replace(
        a_job(),
        files=(LocalFile(Role.MODEL, str(good), GLB),),
        refused=(LocalFile(Role.MODEL, str(bad), GLB),),
    )
    assert rejected_files.raw_file(job) is None
    good.write_bytes(box())
    assert rejected_files.raw_file(job) == good
    bad.write_bytes(BAD_GLB)
    assert rejected_files.raw_file(job) == bad
