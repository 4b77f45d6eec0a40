# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a model: what the user built around the earlier version stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds  # noqa: E402
from mint_blender.scene.place import (  # noqa: E402
    PlaceOptions,
    Provenance,
    SceneImportError,
    find,
    place_model,
)
from mint_blender.scene.update.replace import replace_model  # noqa: E402

from .scene_snapshot import SceneSnapshot  # noqa: E402

FIRST = Provenance(job_id="job_1", asset_id="mdl_1", name="Lamp", prompt="a lamp")
SECOND = Provenance(job_id="job_2", asset_id="mdl_2", name="Lamp, larger", prompt="a larger lamp")


@pytest.fixture
def larger(tmp_path: Path) -> Path:
    """The revised version: twice as wide, as high as the first."""
    return glb_fixtures.simple(tmp_path / "larger.glb", (-1, 0, -0.5), (1, 1, 0.5))


def _parts(path: Path, *names: str) -> Path:
    glb = glb_fixtures.Glb()
    for number, name in enumerate(names):
        glb.node(
            mesh=glb.mesh(
                glb_fixtures.box(
                    glb, (-0.5, number, -0.5), (0.5, number + 1, 0.5), glb.material(name=name)
                ),
                name=name,
            ),
            name=name,
        )
    return glb.save(path)


def _size(root: bpy.types.Object) -> list[float]:
    low, high = bounds([root, *root.children_recursive])
    return [round(high[axis] - low[axis], 4) for axis in range(3)]


def _built_around(root: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """What a user may do with a model: parent it, move it, put it elsewhere, modify it, point at
    it.
    """
    scene = bpy.context.scene
    made = {
        name: bpy.data.objects.new(name, None)
        for name in ("Table", "Watcher", "Compass", "Shade", "Driven")
    }
    for each in made.values():
        scene.collection.objects.link(each)
    props = bpy.data.collections.new("Props")
    scene.collection.children.link(props)
    props.objects.link(root)
    root.name = "My lamp"
    root.parent = made["Table"]
    root.location, root.rotation_euler, root.scale = (1, 2, 3), (0.1, 0.2, 0.3), (2, 2, 2)
    root.constraints.new("COPY_ROTATION").target = made["Compass"]
    made["Watcher"].constraints.new("TRACK_TO").target = root
    made["Shade"].parent = root
    driver = made["Driven"].driver_add("location", 0).driver
    variable = driver.variables.new()
    variable.type = "TRANSFORMS"
    variable.targets[0].id = root
    return made


def test_everything_built_around_it_stays(model: Path, larger: Path) -> None:
    """Name, transform, parent, collections, modifiers, constraints and drivers are kept; only what
    is shown changes.
    """
    root = place_model(model, FIRST).root
    made = _built_around(root)
    root.modifiers.new("Bevel", "BEVEL").width = 0.02
    collections = set(root.users_collection)
    placed = replace_model(larger, SECOND, root)
    assert placed.root == root and placed.objects == (root, made["Shade"])
    assert (root.name, root.parent, set(root.users_collection)) == (
        "My lamp",
        made["Table"],
        collections,
    )
    assert (
        tuple(root.location) == (1, 2, 3)
        and tuple(root.scale) == (2, 2, 2)
        and tuple(root.rotation_euler) == pytest.approx((0.1, 0.2, 0.3))
    )
    assert [each.name for each in root.modifiers] == ["Bevel"] and root.modifiers[
        0
    ].width == pytest.approx(0.02)
    assert (
        root.constraints[0].target == made["Compass"]
        and made["Watcher"].constraints[0].target == root
    )
    assert made["Driven"].animation_data.drivers[0].driver.variables[0].targets[0].id == root
    assert made["Shade"].parent == root
    assert max(abs(vertex.co.x) for vertex in root.data.vertices) == pytest.approx(1)


def test_it_is_the_new_one_now(model: Path, larger: Path) -> None:
    """The root tells of the new version, and is found as that one and no longer as the earlier."""
    root = place_model(model, FIRST).root
    replace_model(larger, SECOND, root)
    assert root["mint_prompt"] == "a larger lamp"
    assert find(job_id="job_2").root == root and find(job_id="job_1") is None


def test_nothing_of_the_earlier_one_stays(model: Path, larger: Path) -> None:
    """Its mesh, material and picture are gone, no more data-blocks are there than before, and the
    mesh has the name it had.
    """
    root = place_model(model, FIRST).root
    kinds = ("objects", "meshes", "materials", "images", "collections", "scenes")
    before = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    replace_model(larger, SECOND, root)
    assert {kind: len(getattr(bpy.data, kind)) for kind in kinds} == before
    assert root.data.name == "Lamp"


def test_another_model_that_stands_on_it_stays(tmp_path: Path, larger: Path) -> None:
    """A cup from Mint that the user put on a table from Mint is not part of the table: it stays
    when the table is replaced.
    """
    table = place_model(_parts(tmp_path / "a.glb", "leg", "top"), FIRST).root
    cup = place_model(
        _parts(tmp_path / "b.glb", "body", "handle"), Provenance(job_id="job_3", name="Cup")
    ).root
    top = next(each for each in table.children if "top" in each.name)
    cup.parent = top
    replace_model(larger, SECOND, table)
    assert (
        cup.parent == table and len(cup.children) == 2 and all(each.data for each in cup.children)
    )


def test_a_material_of_the_users_own_survives(model: Path, larger: Path) -> None:
    """A material that the user put on the earlier version is not cleared away with it."""
    root = place_model(model, FIRST).root
    root.data.materials[0] = bpy.data.materials.new("My gold")
    replace_model(larger, SECOND, root)
    assert "My gold" in bpy.data.materials


def test_linked_duplicates_follow(model: Path, larger: Path) -> None:
    """Copies that share the mesh show the new version too."""
    root = place_model(model, FIRST).root
    copy = bpy.data.objects.new("Copy", root.data)
    bpy.context.scene.collection.objects.link(copy)
    replace_model(larger, SECOND, root)
    assert copy.data == root.data


def test_a_height_that_was_asked_for_is_kept(model: Path, tmp_path: Path) -> None:
    """The earlier version was made 3 high and then doubled by the user: the new one, delivered 10
    high, is 6 high as well.
    """
    root = place_model(model, FIRST, PlaceOptions(at=(0, 0, 0), height=3)).root
    root.scale = [2 * value for value in root.scale]
    replace_model(glb_fixtures.simple(tmp_path / "tall.glb", (-1, 0, -1), (1, 10, 1)), SECOND, root)
    assert _size(root) == pytest.approx([1.2, 1.2, 6])


def test_parts_are_matched_by_name(tmp_path: Path) -> None:
    """Of two parts one comes again: it keeps its modifier; the other goes, and what the user hung
    on it hangs on the root where it was.
    """
    root = place_model(
        _parts(tmp_path / "a.glb", "foot", "shade"), FIRST, PlaceOptions(at=(0, 0, 0))
    ).root
    foot, shade = (
        next(each for each in root.children if name in each.name) for name in ("foot", "shade")
    )
    foot.modifiers.new("Bevel", "BEVEL")
    flag = bpy.data.objects.new("Flag", None)
    bpy.context.scene.collection.objects.link(flag)
    flag.parent = shade
    flag.location = (0, 0, 5)
    bpy.context.view_layer.update()
    where = flag.matrix_world.translation.copy()
    watcher = bpy.data.objects.new("Watcher", None)
    bpy.context.scene.collection.objects.link(watcher)
    watcher.constraints.new("TRACK_TO").target = shade
    replace_model(
        _parts(tmp_path / "b.glb", "foot", "bulb", "cap"),
        Provenance(job_id="job_2", name="Lamp"),
        root,
    )
    bpy.context.view_layer.update()
    assert {each.name for each in root.children} == {"Lamp foot", "Lamp bulb", "Lamp cap", "Flag"}
    assert [each.type for each in foot.modifiers] == ["BEVEL"] and foot.parent == root
    assert flag.matrix_world.translation == where
    assert watcher.constraints[0].target == root
    assert _size(root) == [1, 1, 3]


def test_several_parts_become_the_one_mesh_that_was(model: Path, tmp_path: Path) -> None:
    """The earlier version was one mesh with a modifier; a new one of three parts is joined, so that
    the modifier has its mesh.
    """
    root = place_model(model, FIRST, PlaceOptions(at=(0, 0, 0))).root
    root.modifiers.new("Bevel", "BEVEL")
    placed = replace_model(_parts(tmp_path / "b.glb", "foot", "bulb", "cap"), SECOND, root)
    assert {
        kind: len(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "collections")
    } == {
        "objects": 1,
        "meshes": 1,
        "collections": 2,
    }
    assert (
        placed.objects == (root,)
        and len(root.data.polygons) == 36
        and len(root.data.materials) == 3
    )
    root.modifiers.clear()
    assert _size(root) == [1, 1, 3]


@pytest.mark.parametrize("make", [glb_fixtures.animated, glb_fixtures.skinned])
def test_moving_parts_hang_under_the_root_that_was(make, model: Path, tmp_path: Path) -> None:
    """A new version with bones or animation comes under the earlier root, which still carries it
    all.
    """
    root = place_model(model, FIRST, PlaceOptions(at=(0, 0, 0))).root
    made = _built_around(root)
    root.parent, root.rotation_euler = None, (0, 0, 0)
    replace_model(make(tmp_path / "b.glb"), SECOND, root)
    assert made["Watcher"].constraints[0].target == root
    assert tuple(root.scale) == (2, 2, 2)
    moving = [
        each for each in root.children_recursive if each.type == "ARMATURE" or each.animation_data
    ]
    assert moving
    made["Shade"].parent = None
    assert _size(root)[2] == pytest.approx(4 if make is glb_fixtures.skinned else 2)


def test_what_is_lost_with_a_part_is_said(model: Path, tmp_path: Path) -> None:
    """Modifiers and constraints that the user put on a part which does not come again are named."""
    root = place_model(glb_fixtures.animated(tmp_path / "a.glb"), FIRST).root
    assert replace_model(glb_fixtures.animated(tmp_path / "b.glb"), SECOND, root).notes == ()
    part = next(
        each for each in root.children_recursive if each.type == "MESH" and each.animation_data
    )
    part.modifiers.new("My bevel", "BEVEL")
    part.constraints.new("COPY_LOCATION").name = "My constraint"
    (note,) = replace_model(model, FIRST, root).notes
    assert part_name(note) and "My bevel" in note and "My constraint" in note


def part_name(note: str) -> bool:
    """The sentence begins with a name in quotes."""
    return note.startswith("“Lamp")


def test_one_mesh_comes_under_a_root_that_carried_parts(model: Path, tmp_path: Path) -> None:
    """The earlier root was an empty and stays one: the new mesh hangs under it and stands where the
    parts stood.
    """
    root = place_model(
        _parts(tmp_path / "a.glb", "foot", "shade"), FIRST, PlaceOptions(at=(1, 0, 0))
    ).root
    replace_model(model, SECOND, root)
    assert root.type == "EMPTY" and [each.type for each in root.children] == ["MESH"]
    low, high = bounds([root, *root.children])
    assert (low, high) == (pytest.approx((0.5, -0.5, 0)), pytest.approx((1.5, 0.5, 1)))


def test_it_waits_while_the_model_is_edited(model: Path, larger: Path) -> None:
    """In Edit Mode the mesh must not be exchanged under the user's hands: a sentence says what to
    do, and nothing has changed.
    """
    root = place_model(model, FIRST).root
    bpy.context.view_layer.objects.active = root
    bpy.ops.object.mode_set(mode="EDIT")
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="Edit Mode"):
        replace_model(larger, SECOND, root)
    before.assert_same(SceneSnapshot())


def test_a_bad_file_changes_nothing(model: Path, tmp_path: Path) -> None:
    """When the new version cannot be read, the earlier one stays as it was."""
    root = place_model(model, FIRST).root
    before = SceneSnapshot()
    (tmp_path / "bad.glb").write_bytes(model.read_bytes()[:200])
    with pytest.raises(SceneImportError):
        replace_model(tmp_path / "bad.glb", SECOND, root)
    before.assert_same(SceneSnapshot())
