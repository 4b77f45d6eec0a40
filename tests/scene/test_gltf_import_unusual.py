# SPDX-License-Identifier: GPL-3.0-or-later
"""GLBs that are unusual but good: they arrive, although Blender's own importer would refuse most of
them as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..files.build_glb import box_parts, pack

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import place  # noqa: E402
from mint_blender.scene.place import PlaceOptions, Provenance  # noqa: E402

TOLD = Provenance(job_id="job", operation_id="op", asset_id="asset", kind="model", prompt="a lamp")
ADDRESS = {"uri": "https://mint.example/model/1"}


def written(folder: Path, change: Callable[[dict[str, Any]], object], more: bytes = b"") -> Path:
    """A box with a change in its JSON, and bytes behind it."""
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
        (lambda document: document.update(extensionsRequired=["KHR_materials_unlit"]), b""),
        (
            lambda document: document["asset"].update(
                extensions={"MINT_source": ADDRESS}, extras=ADDRESS
            ),
            b"",
        ),
    ],
    ids=["trailing", "version", "required", "metadata"],
)
def test_an_unusual_file_lands(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], more: bytes
) -> None:
    """All of its faces are there, and the file is as it was."""
    path = written(tmp_path, change, more)
    before = path.read_bytes()
    placed = place.place_model(path, TOLD, PlaceOptions(at=(0, 0, 0)))
    assert sum(len(each.data.polygons) for each in placed.objects if each.type == "MESH") == 12
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("mode", "edges"), [(0, 0), (1, 15), (3, 21)], ids=["points", "lines", "strip"]
)
def test_points_and_lines_land_as_a_mesh_without_faces(
    tmp_path: Path, mode: int, edges: int
) -> None:
    """There is nothing wrong with a scan of points: its vertices are here, where they should be,
    and stand on the floor.
    """

    def change(document: dict[str, Any]) -> None:
        document["meshes"][0]["primitives"][0].update(mode=mode)
        if mode == 0:
            del document["meshes"][0]["primitives"][0]["indices"]

    placed = place.place_model(written(tmp_path, change), TOLD, PlaceOptions(at=(0, 0, 0)))
    (mesh,) = [each for each in placed.objects if each.type == "MESH"]
    assert (len(mesh.data.vertices), len(mesh.data.polygons)) == (8, 0)
    assert len(mesh.data.edges) == edges
    heights = [(mesh.matrix_world @ vertex.co).z for vertex in mesh.data.vertices]
    assert min(heights) == pytest.approx(0) and max(heights) == pytest.approx(3)


def test_such_a_file_is_one_that_blender_itself_refuses(tmp_path: Path) -> None:
    """Otherwise the copies that are made of it would be for nothing."""
    for change, more in (
        (lambda document: None, b"rest"),
        (lambda document: document["asset"].update(version="2.1"), b""),
    ):
        with pytest.raises(RuntimeError):
            bpy.ops.import_scene.gltf(filepath=str(written(tmp_path, change, more)))
