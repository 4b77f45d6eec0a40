# SPDX-License-Identifier: GPL-3.0-or-later
"""Draco: files that Blender decodes, and those that it cannot decode."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import DOES_NOT_APPLY

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.gltf import gltf_extensions  # noqa: E402
from mint_blender.scene.gltf.gltf_import import SceneImportError, import_glb  # noqa: E402

from .scene_snapshot import SceneSnapshot  # noqa: E402

STEP = 1 / (2**14 - 1)  # positions are quantised to 14 bits over the largest side, which is 1 here


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Blender's decoder, where there is one, unavailable."""
    monkeypatch.setattr(gltf_extensions, "has_draco_decoder", lambda: False)


@pytest.fixture
def decoder() -> None:
    """Skip the test where Blender has no decoder."""
    if not gltf_extensions.has_draco_decoder():
        pytest.skip(DOES_NOT_APPLY + "this Blender has no Draco decoder")


def _compressed(path: Path) -> Path:
    glb = glb_fixtures.Glb()
    material = glb.material(texture=glb_fixtures.png((200, 30, 30)))
    corners = ((-0.5, 0, -0.5), (0.5, 1, 0.5)), ((2, 0, 0), (3, 1, 1))
    boxes = [glb_fixtures.draco_box(glb, *each, material=material) for each in corners]
    glb.node(mesh=glb.mesh(*boxes))
    return glb.save(path)


def _mesh(objects: list) -> bpy.types.Mesh:
    (mesh,) = [each.data for each in objects if each.type == "MESH"]
    return mesh


@pytest.mark.feature("Draco, decoded by Blender")
def test_draco_is_decoded(
    tmp_path: Path, target_collection: bpy.types.Collection, decoder: None
) -> None:
    """Faces, normals, UVs and colors are right, to the quantization step."""
    mesh = _mesh(import_glb(_compressed(tmp_path / "m.glb"), target_collection))
    assert (len(mesh.vertices), len(mesh.polygons)) == (48, 24)
    points = np.array([vertex.co[:] for vertex in mesh.vertices])
    assert np.abs(points.min(axis=0) - (-0.5, -1, 0)).max() <= STEP
    assert np.abs(points.max(axis=0) - (3, 0.5, 1)).max() <= STEP
    normals = np.array([corner.vector[:] for corner in mesh.corner_normals])
    # each along one axis, as a box's are
    assert np.abs(normals).max(axis=1) == pytest.approx(1, abs=0.02)
    uvs = {tuple(np.round(each.uv, 2)) for each in mesh.uv_layers[0].data}
    assert uvs == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert len(mesh.color_attributes) == 1
    assert len(mesh.color_attributes[0].data[0].color_srgb) == 4
    assert mesh.materials[0].node_tree is not None


def test_without_a_decoder_it_says_what_to_do(
    tmp_path: Path, target_collection: bpy.types.Collection, no_decoder: None
) -> None:
    """Nothing is imported; the sentence names a build that has one, and the original file."""
    path = _compressed(tmp_path / "m.glb")
    before = SceneSnapshot()
    assert gltf_extensions.DRACO not in gltf_extensions.readable_extensions()
    with pytest.raises(SceneImportError, match=r"blender\.org.*original file"):
        import_glb(path, target_collection)
    before.assert_same(SceneSnapshot())


def test_optional_draco_is_ignored(tmp_path: Path, target_collection: bpy.types.Collection) -> None:
    """A file that also has uncompressed data is imported without a decoder."""
    glb = glb_fixtures.Glb()
    compressed = glb_fixtures.draco_box(glb)
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb) | {"extensions": compressed["extensions"]}))
    del glb.json["extensionsRequired"]
    path = glb.save(tmp_path / "m.glb")
    assert len(_mesh(import_glb(path, target_collection)).polygons) == 12


@pytest.mark.parametrize("method", [0, 1])
def test_a_draco_bomb_is_refused_before_it_is_decoded(
    method: int, tmp_path: Path, target_collection: bpy.types.Collection, decoder: None
) -> None:
    """Data that announces four billion triangles is refused."""
    huge = b"\xff\xff\xff\xff\x0f"
    head = b"DRACO" + bytes([2, 2, 1, method]) + struct.pack("<H", 0) + (b"\0" if method else b"")
    glb = glb_fixtures.Glb()
    primitive = glb_fixtures.draco_box(glb)
    primitive["extensions"]["KHR_draco_mesh_compression"]["bufferView"] = glb.view(
        head + huge + huge + bytes(20)
    )
    glb.node(mesh=glb.mesh(primitive))
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="4,294,967,295 triangles"):
        import_glb(glb.save(tmp_path / "m.glb"), target_collection)
    before.assert_same(SceneSnapshot())


@pytest.mark.covers("C2-header")
@pytest.mark.parametrize(
    "extension", ["KHR_texture_basisu", "EXT_meshopt_compression", "VENDOR_unheard_of"]
)
@pytest.mark.feature("the original file instead of one that Blender cannot read")
def test_a_missing_extension_is_named(
    extension: str, tmp_path: Path, target_collection: bpy.types.Collection
) -> None:
    """The file is refused by its header, and the sentence says what to do."""
    if extension in gltf_extensions.readable_extensions():
        pytest.skip(DOES_NOT_APPLY + f"this Blender reads {extension}")
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb)))
    glb.require(extension)
    with pytest.raises(SceneImportError, match="se the original file"):
        import_glb(glb.save(tmp_path / "m.glb"), target_collection)


def test_quantized_vertices_are_imported(
    tmp_path: Path, target_collection: bpy.types.Collection
) -> None:
    """KHR_mesh_quantization: positions stored as 16-bit integers have the right size."""
    assert "KHR_mesh_quantization" in gltf_extensions.readable_extensions()
    glb = glb_fixtures.Glb()
    points, _, _, faces = glb_fixtures.box_arrays((0, 0, 0), (1, 1, 1))
    attributes = {"POSITION": glb.packed(points, "i2", 32767)}
    box = {"attributes": attributes, "indices": glb.accessor(faces, "u2")}
    glb.node(mesh=glb.mesh(box), scale=[3, 3, 3])
    glb.require("KHR_mesh_quantization")
    mesh = _mesh(import_glb(glb.save(tmp_path / "m.glb"), target_collection))
    assert np.array([vertex.co[:] for vertex in mesh.vertices]).max() == pytest.approx(1, abs=1e-4)


def test_the_decoder_is_detected_by_its_library() -> None:
    """Two builds of one Blender version may differ in it."""
    native = gltf_extensions.has_draco_decoder()
    assert (gltf_extensions.DRACO in gltf_extensions.readable_extensions()) == native
    known = {"KHR_materials_unlit", "KHR_texture_transform", "EXT_texture_webp"}
    assert known <= gltf_extensions.readable_extensions()
