# SPDX-License-Identifier: GPL-3.0-or-later
"""What is imported with normals that we set is what Blender's own importer makes of the file."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import DOES_NOT_APPLY

from . import glb_fixtures
from .glb_fixtures import Glb

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.files.file_choice import DRACO
from mint_blender.files.glb import vertices
from mint_blender.scene.gltf import gltf_extensions, gltf_import
from mint_blender.scene.gltf.gltf_import import import_glb
from mint_blender.scene.transaction import temporary_data

from . import scene_snapshot

SET, COMPUTED, OWN = "set", "computed", "Blender's own way"
HALF_A_DEGREE = np.cos(np.radians(0.5))
FLAT_AS_WELL = np.cos(np.radians(0.03))
"""How far the normals of a corner may be from those of a face that is shaded flat."""


def ball(rows: int = 6, columns: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a closed ball of radius 1, which are its normals, and its corners."""
    ring = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    points = [(0, 1, 0)]
    for row in range(1, rows):
        height, wide = np.cos(np.pi * row / rows), np.sin(np.pi * row / rows)
        points += [(wide * np.cos(turn), height, wide * np.sin(turn)) for turn in ring]
    points.append((0, -1, 0))
    faces = []
    for row in range(rows):
        for k in range(columns):
            one, two = 1 + (row - 1) * columns + k, 1 + (row - 1) * columns + (k + 1) % columns
            below = (one + columns, two + columns)
            if row == 0:
                faces.append((0, below[1], below[0]))
            elif row == rows - 1:
                faces.append((one, two, len(points) - 1))
            else:
                faces += [(one, two, below[0]), (two, below[1], below[0])]
    return np.array(points, "f4"), np.array(faces, "u4").reshape(-1)


def part(
    glb: Glb,
    points: np.ndarray,
    normals: np.ndarray | None,
    corners: np.ndarray,
    **attributes: int,
) -> dict[str, Any]:
    """Return a primitive of these arrays."""
    attributes |= {"POSITION": glb.accessor(points, "f4")}
    if normals is not None:
        attributes["NORMAL"] = glb.accessor(normals, "f4")
    return {"attributes": attributes, "indices": glb.accessor(corners, "u4")}


def ball_part(glb: Glb, tilt: float = 0.0, **attributes: int) -> dict[str, Any]:
    """Return a ball whose normals are tilted, so that Blender does not compute the same."""
    points, corners = ball() if tilt else ball(24, 32)
    normals = points + np.array((tilt, 0, 0), "f4")
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return part(glb, points, normals, corners, **attributes)


def one(glb: Glb, *primitives: dict[str, Any], **node: Any) -> None:
    """Make the scene one mesh of these primitives."""
    glb.node(mesh=glb.mesh(*primitives), name="only", **node)


def tilted(glb: Glb) -> None:
    """Add a ball with other normals than Blender's."""
    one(glb, ball_part(glb, 0.4))


def flat_and_smooth(glb: Glb) -> None:
    """Add a mesh in which some faces are flat, with two materials and UVs."""
    points, corners = ball(24, 32)
    box = glb_fixtures.box(glb, material=glb.material(name="one"))
    round_one = part(glb, points, points, corners) | {"material": glb.material(name="two")}
    one(glb, round_one, box)


def several(glb: Glb) -> None:
    """Add meshes that are mirrored, stretched, instanced and nested."""
    first, second = glb.mesh(ball_part(glb, 0.4), name="a"), glb.mesh(ball_part(glb), name="b.007")
    third = glb.mesh(glb_fixtures.box(glb), name="")
    inner = glb.node(root=False, mesh=second, scale=[1, -2, 3], name="inner")
    glb.node(mesh=first, children=[inner], rotation=[0, 0.6, 0, 0.8], name="outer")
    glb.node(mesh=first, translation=[3, 0, 0], scale=[-1, 1, 1], name="again")
    glb.node(mesh=third, name="box")


def instanced(glb: Glb) -> None:
    """Add a mesh in three places at once."""
    extensions = glb.instances([(0, 0, 0), (3, 0, 0), (0, 0, 3)])
    glb.json["extensionsRequired"] = list(extensions)
    one(glb, ball_part(glb, 0.4), extensions=extensions)


def colored(glb: Glb) -> None:
    """Add UVs, a second set of UVs, colors and an attribute of its own."""
    points, _ = ball()
    rows = np.linspace(0, 1, 4 * len(points)).reshape(-1, 4)
    extra = {
        "TEXCOORD_0": glb.accessor(rows[:, :2], "f4"),
        "TEXCOORD_1": glb.accessor(rows[:, 2:], "f4"),
        "COLOR_0": glb.accessor((rows * 255).astype("u1"), "u1", normalized=True),
        "_MINE": glb.accessor(rows[:, 0], "f4"),
    }
    one(glb, ball_part(glb, 0.4, **extra), ball_part(glb, -0.2))


def quantized(glb: Glb) -> None:
    """Add positions and normals as small integers with gaps between them."""
    glb.require("KHR_mesh_quantization")
    points, corners = ball()
    attributes = {
        "POSITION": glb.packed(points, "i2", 32767),
        "NORMAL": glb.packed(-points, "i1", 127),
    }
    one(glb, {"attributes": attributes, "indices": glb.accessor(corners, "u2")})


def with_shape_keys(glb: Glb) -> None:
    """Add a ball with two shape keys."""
    primitive, (points, _) = ball_part(glb, 0.4), ball()
    targets = [{"POSITION": glb.accessor(points * scale, "f4")} for scale in (0.5, 0.25)]
    mesh = glb.mesh(primitive | {"targets": targets})
    glb.json["meshes"][mesh] |= {"extras": {"targetNames": ["big", "bigger"]}, "weights": [0, 0.5]}
    glb.node(mesh=mesh, name="only")


def namesakes(glb: Glb) -> None:
    """Add two meshes that Blender has to tell apart by a number."""
    for tilt in (0.4, -0.4):
        glb.node(mesh=glb.mesh(ball_part(glb, tilt)), name=f"ball {tilt}")


CHANGES: dict[str, tuple[Callable[[Glb], object], str]] = {
    "smooth": (lambda glb: one(glb, ball_part(glb)), COMPUTED),
    "tilted": (tilted, SET),
    "flat and smooth": (flat_and_smooth, COMPUTED),
    "flat and tilted": (lambda glb: one(glb, ball_part(glb, 0.4), glb_fixtures.box(glb)), SET),
    "instanced": (instanced, SET),
    "colored": (colored, SET),
    "quantized": (quantized, SET),
    "with shape keys": (with_shape_keys, SET),
    "namesakes": (namesakes, OWN),
    "compressed": (lambda glb: one(glb, glb_fixtures.draco_box(glb)), OWN),
}


class Contents:
    """What the objects of a file are, by name; the normals of the meshes as arrays."""

    def __init__(self, objects: list[Any]) -> None:
        meshes = {each.data for each in objects if each.type == "MESH"}
        self.values: dict[tuple[str, str], Any] = {}
        for each in objects:
            above = each.parent and each.parent.name
            matrix = np.array(each.matrix_world).tolist()
            self.values[each.name, each.type] = above, each.data and each.data.name, matrix
        for mesh in meshes:
            self.values[mesh.name, "materials"] = [each and each.name for each in mesh.materials]
            if (keys := mesh.shape_keys) is not None:
                self.values[mesh.name, "keys"] = [
                    (each.name, each.value) for each in keys.key_blocks
                ]
            self.values |= {
                (mesh.name, name): digest
                for block in (mesh, keys)
                for name, digest in scene_snapshot.bytes_of(block).items()
                if ".select" not in name
            }
        self.normals = {mesh.name: _normals(mesh) for mesh in meshes}
        self.are_set = {mesh.name: mesh.has_custom_normals for mesh in meshes}

    def assert_like(self, blender: Contents) -> None:
        """Fail unless this is what Blender's own importer has made."""
        left_out = {
            (mesh, f"bytes of attribute {name}")
            for mesh, is_set in self.are_set.items()
            for name in ("custom_normal", "sharp_edge")
            if not is_set
        }
        ours, theirs = (
            {key: value for key, value in each.values.items() if key not in left_out}
            for each in (self, blender)
        )
        assert ours == theirs
        for name, normals in self.normals.items():
            if self.are_set[name]:
                assert blender.are_set[name]
                assert np.array_equal(normals, blender.normals[name]), f"normals of {name}"
                continue
            lengths = np.linalg.norm(normals, axis=1) * np.linalg.norm(
                blender.normals[name], axis=1
            )
            near = np.sum(normals * blender.normals[name], axis=1) / np.maximum(lengths, 1e-9)
            assert near.min(initial=1) >= HALF_A_DEGREE * FLAT_AS_WELL - 1e-6, f"normals of {name}"


def _normals(mesh: Any) -> np.ndarray:
    """Return the normals of all corners, shape (n, 3)."""
    flat = np.empty(3 * len(mesh.corner_normals), np.float32)
    mesh.corner_normals.foreach_get("vector", flat)
    return flat.reshape(-1, 3)


def blenders_own(path: Path) -> Contents:
    """Import a file with the operator of Blender alone; nothing is left."""
    with temporary_data() as before:
        operator = bpy.ops.import_scene.gltf
        known = operator.get_rna_type().properties
        chosen = {key: on for key, on in gltf_import.IMPORT_OPTIONS.items() if key in known}
        operator(filepath=str(path), **chosen)
        bpy.context.view_layer.update()
        return Contents([each for each in before.new() if isinstance(each, bpy.types.Object)])


def ours(path: Path) -> Contents:
    """Import a file as the add-on does; nothing is left."""
    with temporary_data():
        collection = bpy.data.collections.new("Target")
        bpy.context.scene.collection.children.link(collection)
        objects = import_glb(path, collection)
        bpy.context.view_layer.update()
        return Contents(objects)


@pytest.fixture
def shadings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the importer is told about normals, call by call."""
    calls: list[str] = []
    call = gltf_import._call_importer
    monkeypatch.setattr(
        gltf_import, "_call_importer", lambda *words: (calls.append(words[-1]), call(*words))
    )
    return calls


@pytest.mark.parametrize(
    ("change", "unit"), [*((change, 1.0) for change in CHANGES), ("tilted", 0.01)]
)
def test_it_is_what_blender_imports(
    tmp_path: Path, change: str, unit: float, shadings: list[str]
) -> None:
    """Positions, corners, normals, UVs, materials, shape keys, attributes and matrices are equal."""
    if change == "compressed" and DRACO not in gltf_extensions.readable_extensions():
        pytest.skip(DOES_NOT_APPLY + "this Blender has no Draco decoder")
    glb, (make, way) = Glb(), CHANGES[change]
    make(glb)
    path = glb.save(tmp_path / "file.glb")
    bpy.context.scene.unit_settings.scale_length = unit
    expected, found = blenders_own(path), ours(path)
    found.assert_like(expected)
    assert shadings == ["NORMALS" if way == OWN else "SMOOTH"]
    if way != OWN:
        assert set(found.are_set.values()) == {way == SET}
    assert len(found.normals) == len(bpy.data.meshes) + len(glb.json["meshes"])


def test_several_meshes_are_what_blender_imports(tmp_path: Path, shadings: list[str]) -> None:
    """Each gets its own normals, also where the open file has a mesh of that name already."""
    taken = bpy.data.meshes.new("a")
    glb = Glb()
    several(glb)
    path = glb.save(tmp_path / "file.glb")
    expected, found = blenders_own(path), ours(path)
    found.assert_like(expected)
    assert found.are_set == {"a.001": True, "b.007": False, "Mesh_2": False}
    assert taken.name == "a" and shadings == ["SMOOTH"]


def test_bones_leave_the_normals_to_blender(tmp_path: Path, shadings: list[str]) -> None:
    """The importer turns them into the pose at rest."""
    path = glb_fixtures.skinned(tmp_path / "skinned.glb")
    expected, found = blenders_own(path), ours(path)
    found.assert_like(expected)
    assert shadings == ["NORMALS"]


def test_a_mesh_that_is_not_the_one_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shadings: list[str]
) -> None:
    """Then the file is imported again in Blender's own way, and nothing is left of the first."""
    glb = Glb()
    tilted(glb)
    path = glb.save(tmp_path / "file.glb")
    expected = blenders_own(path)
    read = vertices.read_meshes

    def moved(path: Path) -> dict[str, vertices.MeshVertices]:
        return {
            name: replace(mesh, positions=mesh.positions + 1) for name, mesh in read(path).items()
        }

    monkeypatch.setattr(vertices, "read_meshes", moved)
    found = ours(path)
    found.assert_like(expected)
    assert shadings == ["SMOOTH", "NORMALS"]


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (vertices, "MOST_VERTICES", len(ball()[0]) - 1),  # a list of more would take gigabytes
        # what another add-on makes of a file is not known
        (gltf_extensions, "_user_extensions", lambda: [type("Other", (), {})]),
    ],
)
def test_the_importer_sets_the_normals_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shadings: list[str],
    owner: Any,
    name: str,
    value: Any,
) -> None:
    """Too many vertices, and of what other add-ons extend."""
    glb = Glb()
    tilted(glb)
    monkeypatch.setattr(owner, name, value)
    ours(glb.save(tmp_path / "file.glb"))
    assert shadings == ["NORMALS"]


def test_the_garbage_collector_goes_on(tmp_path: Path) -> None:
    """It is paused only while the normals are set."""
    glb = Glb()
    tilted(glb)
    path = glb.save(tmp_path / "file.glb")
    try:
        for change in (gc.disable, gc.enable):
            change()
            is_collecting = gc.isenabled()
            ours(path)
            assert gc.isenabled() == is_collecting
    finally:
        gc.enable()


def untidy(chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Return random positions, normals and corners, with every kind of untidiness."""
    count = int(chance.integers(3, 13))
    points = chance.choice(np.linspace(-2, 2, 9), (count, 3)).astype("f4")
    corners = chance.integers(0, count, (int(chance.integers(1, 13)), 3)).astype("u4")
    kind = chance.choice(["none", "any", "faces", "round", "unequal"])
    if kind == "none":
        return points, None, corners.reshape(-1)
    if kind == "any":
        return points, chance.normal(size=points.shape).astype("f4"), corners.reshape(-1)
    if kind == "faces":  # each triangle has its own vertices and normals
        points = points[corners.reshape(-1)]
        corners = np.arange(len(points), dtype="u4").reshape(-1, 3)
    first, second, third = (points[corners[:, k]].astype("f8") for k in range(3))
    normals = np.zeros(points.shape)
    for k in range(3):
        np.add.at(normals, corners[:, k], np.cross(second - first, third - first))
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    if kind == "unequal":
        normals *= chance.choice([0.5, 0.97, 1.03, 3.0])
    return points, normals.astype("f4"), corners.reshape(-1)


@pytest.mark.parametrize(
    "seeds",
    [range(15), pytest.param(range(15, 500), marks=pytest.mark.nightly)],
    ids=["few", "many"],
)
def test_any_mesh_is_what_blender_imports(tmp_path: Path, seeds: range) -> None:
    """Also with random triangles, unused vertices, and normals of any kind."""
    for seed in seeds:
        glb, chance = Glb(), np.random.default_rng(seed)
        for number in range(int(chance.integers(1, 4))):
            parts = [part(glb, *untidy(chance)) for _ in range(int(chance.integers(1, 4)))]
            mesh = glb.mesh(*parts, name=f"mesh {number}")
            glb.node(mesh=mesh, name=f"node {number}")
        path = glb.save(tmp_path / f"{seed}.glb")
        ours(path).assert_like(blenders_own(path))
