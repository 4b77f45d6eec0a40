# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Lighter: few faces, with the colors and the normals of the full model in textures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .rig_fixtures import Clip, Rig

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.files.export_options import ExportRefused
from mint_blender.scene.after import lighter, mesh_tools
from mint_blender.scene.bounds import bounds
from mint_blender.scene.data_blocks import all_data_blocks
from mint_blender.scene.mesh_arrays import positions, read

from .rig_helpers import place

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
    assert (light.name, light["mint_job_id"], light[lighter.HEAVIER]) == ("Ball Light", "j", root)
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
    assert lighter.lighter_of(root) == lighter.lighter_of(light) == light
    assert (root.hide_get(), root.hide_render, light.hide_get()) == (True, True, False)
    lighter.show(light, full=True)
    assert (root.hide_get(), root.hide_render, light.hide_get()) == (False, False, True)


def test_light_models_and_characters_are_refused(tmp_path: Path) -> None:
    """A sentence says why, and nothing is made."""
    root = place(Rig().save(tmp_path / "knight.glb", Clip()))
    with pytest.raises(ExportRefused, match="without bones"):
        lighter.save_lighter(root, 100, 64, tmp_path / "light.blend")
    bpy.ops.mesh.primitive_cube_add()
    problem = lighter.problem(bpy.context.object)
    assert problem == "This model is already light: 12 faces."
