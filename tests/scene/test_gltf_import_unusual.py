# SPDX-License-Identifier: GPL-3.0-or-later
"""GLBs that are unusual but valid are imported, also where Blender's importer refuses them."""

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
        (lambda document: document.update(extensionsRequired=["KHR_materials_unlit"]), b""),
        (lambda document: document["asset"].update(extensions={"MINT_source": ADDRESS}, extras=ADDRESS), b""),
    ],
    ids=["trailing", "version", "required", "metadata"],
)  # fmt: skip
def test_an_unusual_file_is_placed(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], more: bytes
) -> None:
    """All of its faces are there, and the file is unchanged."""
    path = written(tmp_path, change, more)
    before = path.read_bytes()
    placed = place.place_model(path, TOLD, PlaceOptions(at=(0, 0, 0)))
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

    placed = place.place_model(written(tmp_path, change), TOLD, PlaceOptions(at=(0, 0, 0)))
    (mesh,) = [each for each in placed.objects if each.type == "MESH"]
    assert (len(mesh.data.vertices), len(mesh.data.polygons)) == (8, 0)
    assert len(mesh.data.edges) == edges
    heights = [(mesh.matrix_world @ vertex.co).z for vertex in mesh.data.vertices]
    assert min(heights) == pytest.approx(0) and max(heights) == pytest.approx(3)
