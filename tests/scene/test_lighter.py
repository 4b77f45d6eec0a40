# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Lighter: few faces, with the colors and the normals of the full model in textures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .rig_fixtures import Clip, Rig

bpy = pytest.importorskip("bpy")
bmesh = pytest.importorskip("bmesh")
pytestmark = pytest.mark.blender

from mint_blender.files.export_options import ExportOptions, ExportRefused
from mint_blender.scene.after import lighter, mesh_tools, versions
from mint_blender.scene.after.export import export_model
from mint_blender.scene.bounds import bounds, bounds_as_shown
from mint_blender.scene.data_blocks import all_data_blocks
from mint_blender.scene.mesh_arrays import positions, read

from .rig_helpers import armature_of, place

ORANGE = (0.8, 0.25, 0.02, 1)


def bumpy_ball() -> Any:
    """Return a metal ball with 32,000 triangles and waves that few faces cannot show."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=128, ring_count=128, location=(3, 4, 5))
    root: Any = bpy.context.object
    root.name = "Ball"
    root["mint_job_id"] = "j"
    points = positions(root.data).reshape(-1, 3)
    points *= 1 + 0.01 * np.sin(40 * points[:, :1])
    root.data.vertices.foreach_set("co", points.ravel())
    root.data.update()
    material = bpy.data.materials.new("Metal")
    material.use_nodes = True
    inputs = material.node_tree.nodes["Principled BSDF"].inputs
    inputs["Base Color"].default_value = ORANGE
    inputs["Metallic"].default_value = 1.0
    root.data.materials.append(material)
    bpy.context.view_layer.update()
    return root


def pixels(image: Any) -> np.ndarray:
    """Return the pixels of an image, shape (n, 3), as they are stored."""
    flat = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(flat)
    return flat.reshape(-1, 4)[:, :3]


@pytest.mark.feature("lighter models")
def test_a_heavy_model_is_replaced_by_a_light_one(tmp_path: Path) -> None:
    """It has the same place, size and color, and waves in its normal map; both can be shown."""
    root = bumpy_ball()
    before = sorted(repr(each) for each in all_data_blocks())
    lighter.save_lighter(root, 600, 128, tmp_path / "light.blend")
    assert sorted(repr(each) for each in all_data_blocks()) == before
    light: Any = lighter.take_its_place(tmp_path / "light.blend", root)
    assert mesh_tools.triangles(light.data) == pytest.approx(600, abs=10)
    assert np.allclose(bounds([light]), bounds([root]), atol=0.03)
    uvs = read(light.data.uv_layers[0].data, "uv", 2 * len(light.data.loops))
    assert uvs.min() >= 0 and uvs.max() <= 1 and np.ptp(uvs) > 0.8
    assert (light.name, light["mint_job_id"], light[versions.HEAVIER]) == ("Ball Light", "j", root)
    (material,) = light.data.materials
    images = {
        node.image.name.split()[-1]: node.image
        for node in material.node_tree.nodes
        if node.type == "TEX_IMAGE"
    }
    assert material.node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value == 1.0
    colors = pixels(images["Color"])
    shown = colors[colors.max(axis=1) > 0.1]
    linear = np.where(shown > 0.04045, ((shown + 0.055) / 1.055) ** 2.4, shown / 12.92)
    assert np.allclose(np.median(linear, axis=0), ORANGE[:3], atol=0.02)
    assert images["Normal"].colorspace_settings.name == "Non-Color"
    assert pixels(images["Normal"])[:, :2].std() > 0.02
    assert (versions.full_of(light), versions.versions_of(root)) == (root, {"Light": light})
    assert (root.hide_get(), root.hide_render, light.hide_get()) == (True, True, False)
    place = light.location.copy()
    versions.show(light, beside=True)
    assert (root.hide_get(), light.hide_get()) == (False, False)
    assert bounds([light])[0][0] > bounds([root])[1][0]
    versions.show(root)
    assert (root.hide_get(), root.hide_render, light.hide_get()) == (False, False, True)
    assert np.allclose(light.location, place, atol=1e-5) and versions._ASIDE not in light


def knight(path: Path) -> Any:
    """Return a walking character with a sword and 19,000 triangles."""
    root = place(Rig(has_sword=True).save(path / "knight.glb", Clip()), height=3.4)
    root.location = (3, 4, 0)
    for part in meshes_of(root):
        mesh = bmesh.new()
        mesh.from_mesh(part.data)
        bmesh.ops.subdivide_edges(mesh, edges=mesh.edges, cuts=7, use_grid_fill=True)
        mesh.to_mesh(part.data)
        mesh.free()
    bpy.context.view_layer.update()
    return root


def meshes_of(root: Any) -> list[Any]:
    return [each for each in root.children_recursive if each.type == "MESH"]


def walking(root: Any) -> list[Any]:
    """Return the corners of a character at three frames of its clip."""
    corners = []
    for frame in (1, 12, 34):
        bpy.context.scene.frame_set(frame)
        shown = bpy.context.evaluated_depsgraph_get()
        corners.append(bounds_as_shown(meshes_of(root), shown))
    return corners


@pytest.mark.feature("lighter models")
def test_a_lighter_character_walks_as_the_full_one(tmp_path: Path) -> None:
    """Weights, bones and clip are kept, also of what a hand holds; levels keep materials and UVs."""
    root = knight(tmp_path)
    full = walking(root)
    faces = sum(mesh_tools.triangles(each.data) for each in meshes_of(root))
    before = sorted(repr(each) for each in all_data_blocks())
    lighter.save_lighter(root, 2000, 64, tmp_path / "light.blend")
    versions.save_levels(root, 2, tmp_path / "levels.blend")
    assert sorted(repr(each) for each in all_data_blocks()) == before
    levels = versions.add_levels(tmp_path / "levels.blend", root)
    light = lighter.take_its_place(tmp_path / "light.blend", root)
    assert versions.versions_of(root) == {"LOD1": levels[0], "LOD2": levels[1], "Light": light}
    (action,) = bpy.data.actions
    for version, count in zip((*levels, light), (faces / 2, faces / 4, 2000), strict=True):
        versions.show(version)
        parts = meshes_of(version)
        assert armature_of(version).animation_data.action == action
        assert sum(mesh_tools.triangles(each.data) for each in parts) == pytest.approx(
            count, rel=0.03
        )
        for vertex in parts[0].data.vertices:
            weights = [group.weight for group in vertex.groups]
            assert len(weights) <= 4 and sum(weights) == pytest.approx(1, abs=1e-3)
        assert np.allclose(walking(version), full, atol=0.02)
        assert [each.hide_get() for each in (root, *levels, light)].count(False) == 1
    exported = export_model(light, ExportOptions("glb"), tmp_path / "light.glb")
    assert exported.clips == ("Walking",) and exported.faces[0] == pytest.approx(2000, rel=0.03)
    materials = [list(each.data.materials) for each in meshes_of(root)]
    assert [list(each.data.materials) for each in meshes_of(levels[1])] == materials


def test_light_models_are_refused(tmp_path: Path) -> None:
    """A sentence says why, and nothing is made."""
    bpy.ops.mesh.primitive_cube_add()
    with pytest.raises(ExportRefused, match="already light: 12 faces"):
        lighter.save_lighter(bpy.context.object, 100, 64, tmp_path / "light.blend")
    with pytest.raises(ExportRefused, match="12 faces are too few"):
        versions.save_levels(bpy.context.object, 2, tmp_path / "levels.blend")
