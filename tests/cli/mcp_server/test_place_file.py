# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool `place`: results as files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from mint_blender.application import session
from mint_blender.delivery import blender_runtime
from mint_blender.files.file_choice import OPTIMIZED_NEEDS

from .agent import Agent, pictures_of
from .results import finished
from .test_decisions import lamp_at_preview, state_of


@pytest.mark.blender
def test_a_file_with_names_bounds_and_a_picture(agent: Agent, tmp_path: Path) -> None:
    """The answer says what is in the file, and shows it. It costs nothing.

    It is made of the optimized model if the background Blender can read that.
    """
    job, file = finished(agent, prompt="a lamp [already-optimized]"), tmp_path / "lamp.blend"
    reads_optimized = blender_runtime.readable_extensions() >= OPTIMIZED_NEEDS
    assert ("optimized" in job["files"]["model"]) is reads_optimized
    spent = agent.service.credits()
    result = agent.call("place", job=job["job"], path=str(file))
    placed = result.structured_content
    assert placed is not None and placed["status"] == "written"
    assert ("original" in str(placed["notes"])) is not reads_optimized
    assert placed["file"] == str(file) and file.stat().st_size > 500
    assert placed["objects"] and all(placed["objects"])
    sizes = [high - low for low, high in zip(placed["low"], placed["high"], strict=True)]
    assert all(0.01 < size < 100 for size in sizes)
    (picture,) = pictures_of(result)
    with Image.open(io.BytesIO(picture)) as opened:
        shown = opened.convert("RGB")
    assert shown.size == (640, 480)
    assert len(shown.getcolors(640 * 480) or []) > 1000, "it is empty"
    assert agent.service.credits() == spent
    assert state_of(agent, job["job"])["phase"] == "placed"


def test_mints_own_file_is_copied_without_blender(agent: Agent, tmp_path: Path) -> None:
    """The answer says why there is no picture. Only overwrite=true replaces a file."""
    job, file = finished(agent), tmp_path / "lamp.glb"
    file.write_text("mine")
    assert "exists already" in agent.refusal("place", job=job["job"], path=str(file))
    assert file.read_text() == "mine"
    placed = agent.ask("place", job=job["job"], path=str(file), overwrite=True)
    assert file.read_bytes() == Path(job["files"]["model"]).read_bytes()
    assert (placed["objects"], placed["low"]) == ([], None)
    assert "pip install bpy" in placed["notes"][0]
    spent = agent.service.credits()
    Path(job["files"]["model"]).unlink()  # it is downloaded again
    again = agent.ask("place", job=job["job"], path=str(tmp_path / "b.glb"), still=False)
    assert (again["notes"], agent.service.credits()) == ([], spent)
    assert (tmp_path / "b.glb").read_bytes() == file.read_bytes()


def test_paths_that_cannot_be_written(agent: Agent, tmp_path: Path) -> None:
    """Each refusal says what is wrong; nothing is written."""
    job = finished(agent)["job"]
    (tmp_path / "folder.blend").mkdir()
    (tmp_path / "file").write_text("")
    for path, sentence in {
        "lamp.blend": "absolute path",
        str(tmp_path / "lamp.obj"): "has to end with .blend or .glb",
        str(tmp_path / "lamp.blend"): "Writing this needs Blender",
        str(tmp_path / "file" / "lamp.glb"): "Nothing can be written to the folder",
    }.items():
        assert sentence in agent.refusal("place", job=job, path=path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder.blend", "home"]


def test_a_job_without_a_result(agent: Agent, tmp_path: Path) -> None:
    """It says how far the job is."""
    job, path = lamp_at_preview(agent)["job"], str(tmp_path / "lamp.glb")
    assert "is not ready to place: Preview ready" in agent.refusal("place", job=job, path=path)
    assert "There is no job" in agent.refusal("place", job="nothing", path=path)
    for both in ({}, {"job": job, "asset": "abc"}):
        assert "either a job or an asset" in agent.refusal("place", **both, path=path)


def test_an_asset_of_the_library_is_downloaded_once(agent: Agent, tmp_path: Path) -> None:
    """Its files are fetched for free; a second call uses them."""
    generated = finished(agent)["job"]
    (resource,) = agent.service.resources()
    placed = agent.ask("place", asset=resource.id, path=str(tmp_path / "a.glb"))
    assert placed["job"] == generated, "the files are here already"
    spent = agent.service.credits()
    with session.open_journal() as job_service:
        job_service.dismiss(generated)  # as a person does in Blender
    placed = agent.ask("place", asset=resource.id, path=str(tmp_path / "b.glb"))
    assert placed["job"] != generated and (tmp_path / "b.glb").is_file()
    again = agent.ask("place", asset=resource.id, path=str(tmp_path / "c.glb"))
    assert again["job"] == placed["job"]
    assert agent.service.credits() == spent
    refusal = agent.refusal("place", asset="../x", path=str(tmp_path / "d.glb"))
    assert "Not a valid Mint ID" in refusal
