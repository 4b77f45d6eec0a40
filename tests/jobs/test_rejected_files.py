# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that our own check refuses was paid for: it is kept, the job says where, and nothing is
ever bought again for it.
"""

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
    """Puts these bytes at every place, where nothing lies yet."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content

    def fetch(self, url: str, target: Path, **more: object) -> Path:
        if not target.exists():
            target.write_bytes(self.content)
        return target


def fetched(effect: Fetch, folder: Path, content: bytes) -> LocalFile:
    """What an effect returns when the host has these bytes."""
    return fetch_file.fetch(
        effect, folder, downloader=Giving(content), stop=lambda: False, progress=lambda *_: None
    )


def refusal(effect: Fetch, folder: Path, content: bytes) -> InvalidFile:
    """As `fetched`, for what is refused."""
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
def test_a_refused_file_is_set_aside_and_its_place_told(
    tmp_path: Path, role: Role, name: str
) -> None:
    """Whatever it is: its bytes are on disk, under a name that the next try does not take for a
    good file.
    """
    error = refusal(Fetch(role, f"{FILES}a", "model"), tmp_path, HTML)
    assert error.kept == tmp_path / name
    assert str(error).endswith(f" The file was kept at {tmp_path / name}.")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, HTML)]


def test_a_later_try_deletes_nothing_and_fills_no_disk(tmp_path: Path) -> None:
    """The same bytes are kept once, others beside them; a good file comes in its own name."""
    effect = Fetch(Role.MODEL, GLB, "model")
    for content in (BAD_GLB, BAD_GLB, HTML, BAD_GLB):
        refusal(effect, tmp_path, content)
    assert Path(fetched(effect, tmp_path, box()).path) == tmp_path / "model.glb"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "model.glb": box(),
        "model.refused.glb": BAD_GLB,
        "model.refused-2.glb": HTML,
    }


def test_what_is_only_copied_has_to_be_whole_and_no_more(tmp_path: Path) -> None:
    """Another program may read what we would not import; what is cut off nobody reads."""
    effect = Fetch(Role.MODEL, GLB, "model", only_copied=True)
    assert fetched(effect, tmp_path, BAD_GLB).needs == ()
    Path(tmp_path / "model.glb").unlink()
    refusal(effect, tmp_path, BAD_GLB[:-1])


def fetching_model(target: Delivery = Delivery()) -> WorkflowHarness:
    """A model that Mint has made, and that is about to be downloaded."""
    return (
        WorkflowHarness(working(delivery=target))
        .answer(seen("succeeded"))
        .answer(asset(glbUrl=GLB))
    )


def test_a_refused_model_rests_where_nothing_is_bought_again() -> None:
    """It can be resumed, which only downloads; the sentence says where the file is, and advises
    nobody to pay once more.
    """
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


def test_a_model_that_is_only_copied_is_asked_for_as_such() -> None:
    """The output decides: a .glb is a copy, unless a picture of it is wanted too."""
    for target, only_copied in (
        (Delivery(output="a.glb"), True),
        (Delivery(output="a.glb", render="a.png"), False),
        (Delivery(), False),
    ):
        effect = fetching_model(target).expect(Fetch)
        assert effect.only_copied is only_copied


def test_the_file_that_is_handed_over_unchecked_is_the_refused_one(tmp_path: Path) -> None:
    """Before the accepted one; neither, where neither is on disk."""
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
