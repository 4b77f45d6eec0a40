# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats in a Blender with native splats (5.3 and later).

The values of our decoder are confirmed by other decoders (`tests/files/test_spz.py`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_job
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from mint_blender.scene.transaction import DataSnapshot
from mint_blender.scene.world import calibration, splat_nodes, splats, world_objects
from mint_blender.scene.world.files import WorldFiles
from mint_blender.ui import registration
from mint_blender.ui.worlds import world_job

from ..conftest import DOES_NOT_APPLY
from ..files import build_spz
from ..files.read_spz import read_splats, to_blender_axes
from . import world_helpers
from .test_splats import arrays, read

if not splats.has_native():
    pytest.skip(DOES_NOT_APPLY + "this Blender has no splats of its own", allow_module_level=True)

POINTS = 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a file of splats with harmonics."""
    path = tmp_path / "place-100k.spz"
    path.write_bytes(build_spz.encode(build_spz.made_up(POINTS, degree=3)))
    return path


def assert_whole(made, path: Path) -> None:
    """Check that every value of the file is on the object, as native splats."""
    expected = to_blender_axes(read_splats(path))
    assert made.type == "POINTCLOUD"
    assert made.data.type == "GAUSSIAN_SPLAT"
    assert not made.modifiers and not made.data.materials
    assert made.data.attributes["radiance:base"].data_type == "FLOAT4"
    for name, values in (arrays(expected) | {"radiance:sh_14": expected.harmonics[:, 14]}).items():
        np.testing.assert_allclose(read(made.data, name), values, atol=1e-6)


@pytest.mark.feature("splats of Blender's own")
@pytest.mark.parametrize("version", [1, 3])
def test_splats_are_native_and_nothing_else_changes(path, version):
    """Selection, active object, scenes and node groups stay the same."""
    path.write_bytes(build_spz.encode(build_spz.made_up(POINTS, degree=3), version=version))
    scene = bpy.context.scene
    own = bpy.data.objects.new("Own", None)
    scene.collection.objects.link(own)
    own.select_set(True)
    bpy.context.view_layer.objects.active = own
    before = DataSnapshot()
    made = splats.build(path, "Place Splats", scene.collection)
    assert_whole(made, path)
    assert made.name == made.data.name == "Place Splats" and made[splats.MARK] == POINTS
    assert set(before.new()) == {made, made.data}
    assert list(made.users_collection) == [scene.collection]
    assert bpy.context.selected_objects == [own]
    assert bpy.context.view_layer.objects.active == own
    assert bpy.context.window.scene == scene


@pytest.mark.feature("splats of Blender's own")
def test_a_click_makes_older_splats_native(path, monkeypatch):
    """It is possible only with native splats, and until it was done."""
    monkeypatch.setattr(splats, "has_native", lambda: False)
    scene = bpy.context.scene

    root = world_helpers.build(WorldFiles(splats=path), at=(1, 2, 3)).root
    (old,) = world_objects.parts_of(root, "splats")
    assert old.type == "MESH" and old.modifiers and not splats.can_become_native(old)
    assert "radiance:sh_0" not in old.data.attributes
    child = bpy.data.objects.new("Child", None)
    scene.collection.objects.link(child)
    child.parent = old

    monkeypatch.undo()
    job = new_job(GenerationRequest(Kind.WORLD, "a place"), Delivery(), now=1.0)
    job = replace(job, files=(LocalFile(Role.SPLATS, str(path), "https://files.example/a.spz"),))
    monkeypatch.setattr(world_job, "of", lambda found: job if found == root else None)
    registration.register()
    try:
        bpy.context.view_layer.objects.active = root
        assert bpy.ops.mint.make_splats_native.poll()
        bpy.context.view_layer.update()
        place, name = old.matrix_world.copy(), old.name
        assert bpy.ops.mint.make_splats_native() == {"FINISHED"}
        (new,) = world_objects.parts_of(root, "splats")
        bpy.context.view_layer.update()
        assert_whole(new, path)
        assert new.name == name
        assert new.parent == calibration.of(root)
        assert new.matrix_world == place
        assert child.parent == new
        assert not bpy.data.meshes and not bpy.ops.mint.make_splats_native.poll()
        with pytest.raises(RuntimeError, match="already native"):
            bpy.ops.mint.make_splats_native()
    finally:
        registration.unregister()
    assert splat_nodes.NAME not in {slot.name for slot in new.material_slots}


@pytest.mark.parametrize("how", ["no file", "another number", "damaged"])
def test_splats_become_native_without_harmonics(path, monkeypatch, how):
    """Where the file is gone or another one, they keep what they have; a damaged one is refused."""
    with monkeypatch.context() as earlier:
        earlier.setattr(splats, "has_native", lambda: False)
        old = splats.build(path, "Place", bpy.context.scene.collection)
    if how == "another number":
        path.write_bytes(build_spz.encode(build_spz.made_up(POINTS + 1, degree=3)))
    elif how == "damaged":
        content = path.read_bytes()
        path.write_bytes(content[:-40] + bytes(each ^ 255 for each in content[-40:]))
        with pytest.raises(splats.InvalidSplats):
            splats.make_native(old, path)
        assert old.type == "MESH" and old.modifiers and not bpy.data.pointclouds
        return
    expected = read(old.data, "rotation").copy()
    made = splats.make_native(old, None if how == "no file" else path)
    assert made.data.type == "GAUSSIAN_SPLAT" and len(made.data.points) == POINTS
    assert "radiance:sh_0" not in made.data.attributes
    assert np.array_equal(read(made.data, "rotation"), expected)
