# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing a GLB as objects, without changing anything else."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import DOES_NOT_APPLY

from ..files.build_glb import box_parts, pack
from ..mint_service import pictures
from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.gltf import gltf_extensions, gltf_import
from mint_blender.scene.gltf.gltf_import import SceneImportError, import_glb
from mint_blender.scene.place import place_model
from mint_blender.scene.staging_scene import staging_scene

from .place_helpers import ORIGIN, PLAIN
from .scene_snapshot import SceneSnapshot


def two_scenes(path: Path) -> Path:
    """Write a file with a second scene."""
    glb = glb_fixtures.Glb()
    mesh = glb.mesh(glb_fixtures.box(glb))
    glb.node(mesh=mesh, name="one")
    second = glb.node(root=False, mesh=mesh, name="two")
    glb.json["scenes"].append({"name": "second", "nodes": [second]})
    return glb.save(path)


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (glb_fixtures.simple, ["EMPTY", "MESH"]),
        (glb_fixtures.skinned, ["ARMATURE", "MESH"]),
        (glb_fixtures.animated, ["MESH", "MESH"]),
        (two_scenes, ["MESH", "MESH"]),
    ],
)
def test_only_the_objects_of_a_file_are_added(
    make: Callable[[Path], Path],
    kinds: list[str],
    tmp_path: Path,
    target_collection: bpy.types.Collection,
) -> None:
    """All are in that collection and in no other: neither scenes nor helper shapes for bones come."""
    before = SceneSnapshot()
    objects = import_glb(make(tmp_path / "m.glb"), target_collection)
    assert sorted(each.type for each in objects if not each.name.startswith("second")) == kinds
    assert all(list(each.users_collection) == [target_collection] for each in objects)
    assert len(bpy.data.scenes) == 1 and list(bpy.data.collections) == [target_collection]
    assert len(bpy.data.actions) == (make is glb_fixtures.animated)
    before.assert_same(SceneSnapshot(), but_new=True)


def test_the_window_is_not_owned_by_an_earlier_scene() -> None:
    """Such a scene may be gone, and in 4.2 and 4.3 setting the window's scene writes to its owner."""
    earlier = bpy.data.scenes.new("Earlier")
    with bpy.context.temp_override(scene=earlier):
        assert bpy.context.tool_settings is not None
    with staging_scene():
        assert bpy.context.window.id_data != earlier


def test_a_failure_inside_blender_changes_nothing(
    model: Path, target_collection: bpy.types.Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Blender's importer had made is removed, and its traceback is not shown."""
    from io_scene_gltf2.blender.com import gltf2_blender_ui  # noqa: F401  (the importer's package is loaded)

    before = SceneSnapshot()
    broken = type("Broken", (), {"gather_import_node_after_hook": lambda *_: 1 / 0})
    monkeypatch.setattr(
        __import__("io_scene_gltf2"), "glTF2ImportUserExtension", broken, raising=False
    )
    with pytest.raises(SceneImportError, match=r"could not read “model\.glb”"):
        import_glb(model, target_collection)
    monkeypatch.undo()
    before.assert_same(SceneSnapshot())
    assert import_glb(model, target_collection)


def test_loggers_are_left_as_they_were(
    model: Path, target_collection: bpy.types.Collection, capfd: pytest.CaptureFixture[str]
) -> None:
    """An import prints nothing on standard output and adds no handler to a logger."""
    import logging

    loggers = [logging.getLogger(name) for name in ("glTFImporter", "glTFImporter_errors")]
    before = [list(each.handlers) for each in loggers]
    import_glb(model, target_collection)
    assert [each.handlers for each in loggers] == before
    assert capfd.readouterr().out == ""


TRACEBACK = 'Traceback (most recent call last):\n  File "/a/b.py", line 12, in execute\nOSError: no library: x'


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Error: Bad glTF: json error\n", "Bad glTF: json error"),
        ("Fehler: Bad glTF: json error\n", "Bad glTF: json error"),
        ("エラー: Bad glTF\n", "Bad glTF"),
        (f"Error: Python: {TRACEBACK}\nLocation: /a/bpy/ops.py:109\n", "OSError: no library: x"),
        (f"Fehler: Python: {TRACEBACK}\nPosition: /a/bpy/ops.py:109\n", "OSError: no library: x"),
        (f"Erreur: Python\xa0: {TRACEBACK}\nPosition\xa0: /a/bpy/ops.py:109\n", "OSError: no library: x"),
        ("", "RuntimeError"),
    ],
)  # fmt: skip
def test_the_reason_is_found_in_every_language(said: str, reason: str) -> None:
    """Blender translates the words around the reason of a failed operator.

    The messages are those of 4.3 in German, Japanese and French.
    """
    assert gltf_import._last_line(RuntimeError(said)) == reason


# -- Unusual files, which are imported also where Blender's importer refuses them


def written(folder: Path, change: Callable[[dict[str, Any]], object], more: bytes = b"") -> Path:
    """Write a box with a change in its JSON, and with bytes behind it."""
    document, binary = box_parts()
    change(document)
    path = folder / "lamp.glb"
    path.write_bytes(pack(document, binary) + more)
    return path


@pytest.mark.parametrize(
    ("change", "more"),
    [
        (lambda document: None, b"trailing"),
        (lambda document: document["asset"].update(version="2.1", minVersion="2.0"), b""),
    ],
    ids=["trailing", "version"],
)
def test_an_unusual_file_is_placed(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], more: bytes
) -> None:
    """All of its faces are there, and the file is unchanged."""
    path = written(tmp_path, change, more)
    before = path.read_bytes()
    placed = place_model(path, PLAIN, ORIGIN)
    assert sum(len(each.data.polygons) for each in placed.objects if each.type == "MESH") == 12
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("mode", "edges"), [(0, 0), (1, 15), (3, 21)], ids=["points", "lines", "strip"]
)
def test_points_and_lines_are_meshes_without_faces(tmp_path: Path, mode: int, edges: int) -> None:
    """The vertices of a point scan are at their positions and stand on the floor."""

    def change(document: dict[str, Any]) -> None:
        document["meshes"][0]["primitives"][0].update(mode=mode)
        if mode == 0:
            del document["meshes"][0]["primitives"][0]["indices"]

    placed = place_model(written(tmp_path, change), PLAIN, ORIGIN)
    (mesh,) = [each for each in placed.objects if each.type == "MESH"]
    assert (len(mesh.data.vertices), len(mesh.data.polygons)) == (8, 0)
    assert len(mesh.data.edges) == edges
    heights = [(mesh.matrix_world @ vertex.co).z for vertex in mesh.data.vertices]
    assert min(heights) == pytest.approx(0) and max(heights) == pytest.approx(3)


# -- WebP textures, which optimized models of Mint have


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


# -- Draco, which not every Blender decodes, and other extensions


STEP = 1 / (2**14 - 1)  # positions are quantised to 14 bits over the largest side, which is 1 here


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
    tmp_path: Path, target_collection: bpy.types.Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is imported; the sentence names a build that has one, and the original file."""
    monkeypatch.setattr(gltf_extensions, "has_draco_decoder", lambda: False)
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
