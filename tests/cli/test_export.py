# SPDX-License-Identifier: GPL-3.0-or-later
"""`export`: a .blend, a job or what is placed becomes files for an engine, in a second Blender."""

from __future__ import annotations

from pathlib import Path

import pytest

import mint_blender
from mint_blender.files.glb.header import inspect

from .command_runner import RunMint

pytestmark = pytest.mark.blender


@pytest.mark.feature("export for engines")
def test_a_blend_a_job_and_what_is_placed_are_exported(mint: RunMint, tmp_path: Path) -> None:
    """All three give a file; one that exists is replaced only when it is asked for."""
    lamp = mint_blender.generate("a lamp", preset="fast", name="Lamp")
    lamp.root.scale = (2, 2, 2)
    (file,) = mint_blender.export(lamp, tmp_path / "scene", engine="godot", collision="hull")
    assert file.path == tmp_path / "scene" / "Lamp.glb" and file.hulls == 1
    blend = tmp_path / "lamp.blend"
    mint("place", lamp.job_id, "-o", str(blend))
    (model,) = mint_blender.models()
    lamp.files["model"].unlink()  # downloaded again
    for what in (str(blend), model.id, lamp.job_id):
        folder = tmp_path / Path(what).stem
        words = ["export", what, "--for", "godot", "--collision", "hull", "-o", str(folder)]
        (record,) = mint(*words, "--json").records
        assert record["event"] == "exported" and record["faces"] == list(file.faces)
        assert inspect(Path(record["file"])).triangles == inspect(file.path).triangles
    again = mint(*words)
    assert again.status == 7 and "exists already" in again.error_text
    assert mint(*words, "--overwrite").status == 0
    with pytest.raises(mint_blender.NotPossible, match="exists already"):
        mint_blender.export(lamp.job_id, folder, engine="godot")


def test_what_cannot_be_exported_is_refused(mint: RunMint, tmp_path: Path) -> None:
    """Options that do not fit, and what is not there: nothing is written."""
    folder = tmp_path / "out"
    words = ["-o", str(folder), "--for", "godot", "--lods", "2"]
    refused = mint("export", "none.blend", *words)
    assert refused.status == 2 and "Godot makes levels of detail itself." in refused.error_text
    missing = mint("export", "none.blend", *words[:4])
    assert missing.status == 2 and "There is no file" in missing.error_text
    with pytest.raises(ValueError, match="Choose one of: unity"):
        mint_blender.export("none", folder, engine="quake")  # type: ignore[arg-type]


def test_a_blend_without_models_says_so(mint: RunMint, tmp_path: Path) -> None:
    """A World, or a file without anything from Mint, has nothing to export."""
    import bpy

    blend = tmp_path / "empty.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    ended = mint("export", str(blend), "--for", "unity", "-o", str(tmp_path))
    assert ended.status == 7 and "no visible model from Mint" in ended.error_text
