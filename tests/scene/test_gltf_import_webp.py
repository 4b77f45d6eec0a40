# SPDX-License-Identifier: GPL-3.0-or-later
"""WebP textures, which Mint's optimized models have."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..mint_service import pictures
from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.gltf.gltf_import import import_glb  # noqa: E402

COLOR = (0.2, 0.6, 1.0)


@pytest.mark.feature("WebP textures")
def test_a_webp_texture_is_packed_and_on_the_material(tmp_path: Path) -> None:
    """A file that requires WebP, without a PNG beside it, has its picture in the right color."""
    glb = glb_fixtures.Glb()
    material = glb.material(texture=pictures.webp(COLOR, 8, 4))
    glb.json["images"][0]["mimeType"] = "image/webp"
    glb.json["textures"] = [{"extensions": {"EXT_texture_webp": {"source": 0}}}]
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, material=material)))
    glb.require("EXT_texture_webp")
    (made,) = import_glb(glb.save(tmp_path / "m.glb"), bpy.context.scene.collection)
    nodes = made.data.materials[0].node_tree.nodes
    (image,) = [each.image for each in nodes if each.type == "TEX_IMAGE"]
    assert tuple(image.size) == (8, 4) and image.packed_file is not None
    assert image.pixels[:3] == pytest.approx(COLOR, abs=0.01)
