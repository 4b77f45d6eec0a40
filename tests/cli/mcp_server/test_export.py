# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool `export`: models for game engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.files.glb.header import inspect

from .agent import Agent
from .results import finished


@pytest.mark.blender
@pytest.mark.feature("export for engines")
def test_a_job_a_model_and_a_blend_are_exported(agent: Agent, tmp_path: Path) -> None:
    """All three give the same file, for free; one that exists is replaced only on request."""
    job = finished(agent)
    spent = agent.service.credits()
    (model,) = agent.service.resources()
    blend = tmp_path / "lamp.blend"
    agent.ask("place", job=job["job"], path=str(blend), still=False)
    wanted = {"engine": "godot", "collision": "hull"}
    faces = []
    for what in (job["job"], model.id, str(blend)):
        folder = tmp_path / Path(what).stem
        (file,) = agent.ask("export", what=what, folder=str(folder), **wanted)["files"]
        assert inspect(Path(file["file"])).triangles > 0 and file["hulls"] == 1
        faces.append(file["faces"])
    assert faces[1:] == faces[:-1] and agent.service.credits() == spent
    words = {"what": job["job"], "folder": str(tmp_path / job["job"]), **wanted}
    assert "exists already" in agent.refusal("export", **words)
    assert agent.ask("export", **words, overwrite=True)["files"]


@pytest.mark.blender
def test_what_cannot_be_exported(agent: Agent, tmp_path: Path) -> None:
    """Each refusal says what is wrong; nothing is written."""
    folder = str(tmp_path / "out")
    for words, sentence in (
        ({"folder": "out"}, "absolute path"),
        ({"what": "lamp.blend"}, "absolute path"),
        ({"what": str(tmp_path / "none.blend")}, "could not be opened"),
        ({"engine": "godot", "lods": 1}, "Godot makes levels of detail itself."),
        ({"engine": "quake"}, "unity"),
        ({"what": "no such job"}, "There is no job"),
    ):
        wanted = {"what": "none", "folder": folder, "engine": "unity", **words}
        assert sentence in agent.refusal("export", **wanted), words
    assert not list(Path(folder).glob("*"))
