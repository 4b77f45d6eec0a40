# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared result ends up in the scene exactly as one that is imported directly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import prepared
from mint_blender.scene.errors import SceneImportError
from mint_blender.scene.model.build import import_model
from mint_blender.scene.place import PlaceOptions, Provenance, find, place_model, place_world
from mint_blender.scene.prepared import PreparedResult
from mint_blender.scene.staging_scene import SceneUnits
from mint_blender.scene.update.replace import complete_world, replace_model, replace_world
from mint_blender.scene.world import build as world_build
from mint_blender.scene.world import edit, world_objects
from mint_blender.scene.world.build import import_world
from mint_blender.scene.world.files import WorldFiles, WorldOptions

from . import synthetic_world
from .scene_snapshot import SceneSnapshot
from .world_helpers import all_parts

CENTIMETERS = SceneUnits(scale_length=0.01, fps=30)
ROOM_A, ROOM_B = (Provenance(job_id=job, kind="world", prompt="room") for job in "ab")


def start_empty(units: SceneUnits = CENTIMETERS) -> None:
    """Open an empty file whose scene has these units."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    units.apply_to(bpy.context.scene)


def new_collection() -> Any:
    """Return an empty collection in the scene."""
    collection = bpy.data.collections.new("lamp")
    bpy.context.scene.collection.children.link(collection)
    return collection


def prepare_model(glb: Path, target: Path) -> PreparedResult:
    """Do what a background Blender does."""
    start_empty()
    collection = new_collection()
    model = import_model(glb, name="lamp", collection=collection, scene=bpy.context.scene)
    prepared.save(model.root, collection, target)
    return PreparedResult(target, (), model.extent)


def prepare_world(files: WorldFiles, options: WorldOptions, target: Path) -> PreparedResult:
    """Do what a background Blender does."""
    start_empty()
    collection = new_collection()
    where = {"collection": collection, "scene": bpy.context.scene}
    world = import_world(files, name="room", options=options, **where)
    prepared.save(world.root, collection, target)
    return PreparedResult(target, world.notes)


TRACES = ("library_weak_reference", "is_override_data", "[cycles]", "_use_attribute]", "resolution")
"""What Blender itself writes otherwise where data were appended from a file."""


def compare(direct: Any, from_file: Any, act: Callable[[Any], object]) -> None:
    """Do the same with both sources in an empty file, and expect the same state."""
    states = []
    for source in (direct, from_file):
        start_empty()
        act(source)
        states.append(SceneSnapshot())
    expected, found = states
    assert found.blocks.keys() == expected.blocks.keys()
    other = expected.differences(found)
    assert [each for each in other if not any(name in each for name in TRACES)] == []


@pytest.mark.parametrize("kind", glb_fixtures.KINDS)
def test_a_prepared_model_is_as_an_imported_one(kind: str, tmp_path: Path) -> None:
    """Placed, also where names are taken, and in the place of an earlier version."""
    glb = glb_fixtures.KINDS[kind](tmp_path / "lamp.glb")
    source = prepare_model(glb, tmp_path / "lamp.blend")

    def place_and_replace(source: Any) -> None:
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.object.name = "lamp"
        for number in range(2):
            where = PlaceOptions(at=(1, 2, number), height=3)
            place_model(source, Provenance(job_id=str(number), prompt="lamp"), where)
        earlier = find(job_id="1")
        assert earlier is not None
        replace_model(source, Provenance(job_id="b", prompt="lamp"), earlier.root)

    compare(glb, source, place_and_replace)


@pytest.mark.parametrize(
    "options",
    [WorldOptions(), WorldOptions(collider="VISIBLE", rigid_body=True), WorldOptions(splats=False)],
)
def test_a_prepared_world_is_as_an_imported_one(options: WorldOptions, tmp_path: Path) -> None:
    """So are a World's parts, the scene's camera, its background and the rigid bodies."""
    files = all_parts(tmp_path)
    source = prepare_world(files, options, tmp_path / "room.blend")

    def place(source: Any) -> None:
        for number in range(2):
            provenance = Provenance(job_id=str(number), kind="world", prompt="room")
            place_world(source, provenance, PlaceOptions(at=(1, 2, number)), options)

    compare(files, source, place)


def turn_over(root: Any) -> None:
    """Rename the World, and say that its files are upright."""
    root.name = "my room"
    edit.flip(root)


def move_capture_point(root: Any) -> None:
    """Move the point from which the panorama is projected."""
    (point,) = world_objects.parts_of(root, "capture_point")
    point.rotation_euler.z += 1


CHANGES: dict[str, Callable[[Any], object]] = {
    "nothing": lambda root: None,
    "only the panorama": lambda root: edit.show_collider(root, "VISIBLE"),
    "turned over": turn_over,
    "another capture point": move_capture_point,
}


CASES = [(change, True, False) for change in CHANGES]
CASES += [("nothing", True, True), ("another capture point", False, True)]


@pytest.mark.parametrize(("change", "has_splats", "upright"), CASES)
def test_a_prepared_world_replaces_as_an_imported_one(
    change: str, has_splats: bool, upright: bool, tmp_path: Path
) -> None:
    """The earlier root stays, and its parts become those of the new version."""
    files, options = all_parts(tmp_path), WorldOptions(splats=has_splats)
    if upright:
        collider = synthetic_world.collider(tmp_path / "up.glb", down=False, ceiling=False)
        files = dataclasses.replace(files, collider=collider)
    if not has_splats:
        files = dataclasses.replace(files, splats=None)
    source = prepare_world(files, options, tmp_path / "room.blend")

    def replace(source: PreparedResult | None) -> None:
        earlier = place_world(all_parts(tmp_path), ROOM_A).root
        CHANGES[change](earlier)
        replace_world(files, ROOM_B, earlier, options=options, prepared=source)

    compare(None, source, replace)


def test_a_missing_part_is_added_from_a_prepared_world(tmp_path: Path) -> None:
    """Only that part is taken; the others stay as they are."""
    files = all_parts(tmp_path)
    source = prepare_world(files, WorldOptions(), tmp_path / "room.blend")

    def complete(source: PreparedResult | None) -> None:
        root = place_world(files, ROOM_A).root
        world_build.remove_part(root, "SPLATS")
        collider = world_objects.parts_of(root, "collider")
        complete_world(root, files, prepared=source)
        assert world_objects.parts_of(root, "collider") == collider
        assert len(world_objects.parts_of(root, "splats")) == 1

    compare(None, source, complete)


def test_a_part_that_was_not_prepared_is_imported(tmp_path: Path) -> None:
    """Its error is the same, and the World in the scene is unchanged."""
    files = all_parts(tmp_path)
    without = dataclasses.replace(files, splats=None)
    source = prepare_world(without, WorldOptions(), tmp_path / "room.blend")
    (tmp_path / "bad.spz").write_bytes(b"no splats")
    start_empty()
    root = place_world(files, ROOM_A).root
    before, bad = SceneSnapshot(), dataclasses.replace(files, splats=tmp_path / "bad.spz")
    with pytest.raises(SceneImportError):
        replace_world(bad, ROOM_B, root, prepared=source)
    before.assert_same(SceneSnapshot())


def test_appending_leaves_no_trace_of_the_file(tmp_path: Path) -> None:
    """Neither the file's collection nor the library stays behind."""
    source = prepare_model(glb_fixtures.simple(tmp_path / "a.glb"), tmp_path / "a.blend")
    start_empty()
    collection = new_collection()
    appended = prepared.append(source.path, collection)
    assert list(bpy.data.collections) == [collection] and not bpy.data.libraries
    assert list(collection.objects) == [appended.root, *appended.parts]
    assert prepared.ROOT not in appended.root.keys()


@pytest.mark.parametrize("content", [b"", b"not a .blend", None, "another .blend"])
def test_an_unreadable_file_changes_nothing(content: bytes | str | None, tmp_path: Path) -> None:
    """It may be deleted, damaged or another one; the sentence says that nothing was imported."""
    path = tmp_path / "lamp.blend"
    start_empty()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        bpy.data.libraries.write(str(path), {new_collection()})
    before = SceneSnapshot()
    source = PreparedResult(path, (), ((0, 0, 0), (1, 1, 1)))
    with pytest.raises(
        SceneImportError, match=None if content == "another .blend" else "Nothing was imported"
    ):
        place_model(source, Provenance(job_id="a", name="Lamp"))
    before.assert_same(SceneSnapshot())
