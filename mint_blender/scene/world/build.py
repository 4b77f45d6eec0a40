# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a World: its files upright and to scale, below one root object.

The files share one coordinate system: origin at the capture point, at eye height, Y down. An empty
below the root has the correction (a half turn) and Mint's calibration (scale 2.5, 1.5 m up); the
root itself stands on the floor, without rotation and scale. The parts below the empty have no
transform of their own, with two exceptions. The capture point is rotated back, so that it is always
upright. A collider that is already upright, as some are, is rotated by itself, since splats and
panorama of the same World are not upright.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import bpy
from mathutils import Matrix

from ...files.errors import InvalidFile
from ...message import Message
from .. import data_blocks
from ..data_blocks import current_scene
from ..gltf.gltf_import import SceneImportError
from ..model.cleanup import plain_name
from ..notes import note
from ..prepared import PreparedResult, append
from ..staging_scene import STAGING_NAME
from ..transaction import DataSnapshot, rollback_on_error
from . import calibration, collider, panorama, splat_nodes, splats
from .calibration import PART
from .collider import update_collider
from .files import PART_NAMES, Part, WorldFiles, WorldOptions
from .world_objects import (
    COLLIDER_DISPLAY,
    COLLIDER_TURNED,
    FLIPPED,
    IMAGE,
    WORLD,
    collection_of,
    create_root,
    ensure_capture_point,
    has_part,
    parts_of,
    remove_objects,
    set_properties,
)

SCALE, HEIGHT = 2.5, 1.5
"""Mint's calibration: the scale of a World's files, and the height in meters of their origin, the
capture point, above the floor. Source: API contract, section 9.2.
"""


class BuiltWorld(NamedTuple):
    """A World as it was built; its root is valid until the next undo."""

    root: bpy.types.Object
    notes: tuple[Message, ...]


def build_world(
    source: WorldFiles | PreparedResult,
    *,
    name: str,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
    at: tuple[float, float, float],
    options: WorldOptions,
    properties: Mapping[str, object],
) -> BuiltWorld:
    """Bring a World into `collection`, its ground at `at` (scene units).

    Args:
        source: Its files, or a World that a background Blender has built already.
        name: The name of the root; its parts are named after it.
        collection: Where its objects are linked.
        scene: Gets the camera, the background and the rigid bodies.
        at: A point on the floor in world space, in scene units.
        options: What is shown, and how.
        properties: Custom properties of the root.

    Raises:
        SceneImportError: No part can be shown; the caller removes what was begun.
        FileError: A file is invalid; the caller removes what was begun.
    """
    if isinstance(source, PreparedResult):
        root = _append(source, collection)
        notes = source.notes
    else:
        root, notes = import_world(
            source, name=name, collection=collection, scene=scene, options=options
        )
    set_properties(root, properties)
    root.location = at
    for camera in parts_of(root, "camera"):
        scene.camera = scene.camera or camera
    if options.panorama_as_world and root.get(WORLD) is not None:
        panorama.show_background(scene, root[WORLD])
    if options.rigid_body:
        meshes = [obj for obj in parts_of(root, "collider") if obj.type == "MESH"]
        collider.add_rigid_bodies(meshes, scene)
    return BuiltWorld(root, notes)


def import_world(
    parts: WorldFiles,
    *,
    name: str,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
    options: WorldOptions,
) -> BuiltWorld:
    """Build a World at the origin; the scene itself is not changed.

    Raises:
        SceneImportError: No part can be shown; the caller removes what was begun.
        FileError: A file is invalid; the caller removes what was begun.
    """
    left_out = {"COLLIDER": options.collider == "NONE", "SPLATS": not options.splats}
    files = {
        part: path
        for part, path in parts.by_part().items()
        if path is not None and not left_out.get(part)
    }
    if not files:
        raise SceneImportError(
            "Cannot import this World: it has no collider, no panorama and no splats."
        )
    root = create_root(name, collection, parts)
    unit = scene.unit_settings.scale_length
    root[FLIPPED] = True
    root.empty_display_size = 1 / unit
    holder = calibration.add(root, SCALE / unit, HEIGHT / unit, collection, flipped=True)
    point = calibration.add_capture_point(holder, name, collection, flipped=True)
    if options.camera:
        calibration.add_camera(point, name, collection, unit)
    notes = _add_readable_parts(root, files, scene)
    is_chosen = options.collider in {"PHYSICS", "VISIBLE"}
    set_properties(root, {COLLIDER_DISPLAY: options.collider if is_chosen else None})
    update_collider(root, scene, replace(options, rigid_body=False))
    notes += notes_on_missing(parts, options)
    return BuiltWorld(root, tuple(notes))


def _append(source: PreparedResult, collection: bpy.types.Collection) -> bpy.types.Object:
    """Append a prepared World; where its name is taken, its parts are named after the new one."""
    appended = append(source.path, collection)
    root = appended.root
    name = appended.name
    if root.name != name:
        named_after_title = {*parts_of(root, "capture_point"), *parts_of(root, "camera")}
        named_after_title |= {obj.data for obj in named_after_title}
        _rename(
            [block for block in appended.blocks if block not in named_after_title], name, root.name
        )
    splat_nodes.share(appended.blocks)
    return root


def _rename(blocks: Iterable[bpy.types.ID], old: str, new: str) -> None:
    """Name the parts of a World after another root."""
    for block in blocks:
        if block.name.startswith(f"{old} "):
            block.name = new + plain_name(block.name).removeprefix(old)


def add_parts(
    root: bpy.types.Object,
    files: Mapping[Part, Path],
    *,
    scene: bpy.types.Scene | None = None,
    options: WorldOptions = WorldOptions(),
    prepared: PreparedResult | None = None,
) -> None:
    """Add or replace parts of a World in the scene; earlier ones go once all new ones exist.

    Parts of a prepared World are moved below the root; only those that it lacks are imported. All
    are, if the user has flipped the World.

    Raises:
        SceneImportError: A part cannot be shown; the World is unchanged.
        FileError: A file is invalid; the World is unchanged.
    """
    scene = scene or current_scene()
    earlier = [obj for part in files for obj in parts_of(root, part.lower())]
    properties = {key: root.get(key) for key in (IMAGE, WORLD, COLLIDER_TURNED)}
    with rollback_on_error(), panorama.restored_on_error(scene):
        try:
            moved: set[Part] = set()
            if prepared is not None and root.get(FLIPPED):
                moved = _move_prepared(root, files, prepared, scene)
            for part in [file for file in files if file not in moved]:
                _ADD[part](root, files[part], scene)
            if "PANORAMA" in files and options.panorama_as_world:
                panorama.show_background(scene, root[WORLD])
            update_collider(root, scene, options, without=earlier)
        except BaseException:
            set_properties(root, properties)
            raise
    data_blocks.reparent_children(root, earlier)
    for obj in earlier:
        new = [other for other in parts_of(root, obj[PART]) if other not in earlier]
        data_blocks.remap_users(
            next((other for other in new if other.type == obj.type), new[0]), obj
        )
    remove_objects(earlier)


def _move_prepared(
    root: bpy.types.Object, wanted: Iterable[Part], source: PreparedResult, scene: bpy.types.Scene
) -> set[Part]:
    """Move the wanted parts of a prepared World below another root; return those that it had."""
    before = DataSnapshot()
    staging = bpy.data.collections.new(STAGING_NAME)  # in no scene
    other = _append(source, staging)
    _rename(before.new(), other.name, root.name)
    moved: set[Part] = {part for part in wanted if has_part(other, part)}
    _move_parts(other, root, moved, scene)
    remove_objects([other, *other.children_recursive])
    bpy.data.batch_remove([staging])
    while unused := [block for block in before.new() if not block.users]:
        bpy.data.batch_remove(unused)
    return moved


def _move_parts(
    prepared: bpy.types.Object,
    root: bpy.types.Object,
    parts: Collection[Part],
    scene: bpy.types.Scene,
) -> None:
    """Move parts of the World `prepared` below `root`."""
    point = ensure_capture_point(root, scene)
    for own in parts_of(prepared, "capture_point"):
        remove_objects(parts_of(prepared, "camera"))  # below it
        own.user_remap(point)
    if "PANORAMA" in parts:
        set_properties(root, {IMAGE: prepared[IMAGE], WORLD: prepared[WORLD]})
    if "COLLIDER" in parts:
        root[COLLIDER_TURNED] = prepared[COLLIDER_TURNED]
    collection = collection_of(root, scene)
    before = calibration.of(prepared)
    after = _holder(root, scene)
    for obj in [obj for part in parts for obj in parts_of(prepared, part.lower())]:
        for holder in obj.users_collection:
            holder.objects.unlink(obj)
        collection.objects.link(obj)
        if obj.parent == before:
            obj.parent = after


def remove_part(
    root: bpy.types.Object, part: Part, *, scene: bpy.types.Scene | None = None
) -> None:
    """Remove a part; without the panorama each scene gets its earlier World back."""
    scene = scene or current_scene()
    gone = parts_of(root, part.lower())
    if part == "PANORAMA":
        for candidate in bpy.data.scenes:
            if candidate.world is not None and candidate.world == root.get(WORLD):
                panorama.restore_earlier_world(candidate)
        panorama.remove_panorama(parts_of(root, "collider"))
        for key in (IMAGE, WORLD):
            root.pop(key, None)
    data_blocks.reparent_children(root, gone)
    remove_objects(gone)
    update_collider(root, scene, WorldOptions())


def _holder(root: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object:
    """Return the object to which the parts of a World are parented."""
    return calibration.ensure(root, collection_of(root, scene), flipped=bool(root.get(FLIPPED)))


def _add_collider(root: bpy.types.Object, path: Path, scene: bpy.types.Scene) -> list[Message]:
    objects = collider.load(path, f"{root.name} Collider", collection_of(root, scene), scene)
    holder = _holder(root, scene)
    surface = collider.surface([obj for obj in objects if obj.type == "MESH"], holder)
    upside_down = collider.is_upside_down(*surface) if root.get(FLIPPED) else True
    turn = Matrix.Rotation(math.pi if upside_down is False else 0, 4, "X")
    for obj in objects:
        obj[PART] = "collider"
        _lock(obj)
        if obj.parent is None:
            obj.parent = holder
            obj.matrix_basis = turn @ obj.matrix_basis
    root[COLLIDER_TURNED] = upside_down is False
    if upside_down is None:
        return [note("collider_side_unknown")]
    return [] if upside_down else [note("collider_not_flipped")]


def _lock(part: bpy.types.Object) -> None:
    """Keep Blender's tools from moving a part away from the others."""
    part.lock_location = part.lock_rotation = part.lock_scale = (True, True, True)


def _add_panorama(root: bpy.types.Object, path: Path, scene: bpy.types.Scene) -> list[Message]:
    title = f"{root.name} Panorama"
    image = panorama.load(path, title)
    world = panorama.background(image, ensure_capture_point(root, scene), title)
    # pointers, so that both stay in the file while the scene shows another World
    set_properties(root, {IMAGE: image, WORLD: world})
    return []


def _add_splats(root: bpy.types.Object, path: Path, scene: bpy.types.Scene) -> list[Message]:
    made = splats.build(path, f"{root.name} Splats", collection_of(root, scene))
    made[PART] = "splats"
    _lock(made)
    made.parent = _holder(root, scene)
    return []


_ADD: dict[Part, Callable[[bpy.types.Object, Path, bpy.types.Scene], list[Message]]] = {
    "COLLIDER": _add_collider,
    "PANORAMA": _add_panorama,
    "SPLATS": _add_splats,
}
"""What builds each part below a root, and returns notes."""


def _add_readable_parts(
    root: bpy.types.Object, files: Mapping[Part, Path], scene: bpy.types.Scene
) -> list[Message]:
    """Add the parts of a new World; return notes.

    The headers were checked after the download, but invalid content is found only here. Panorama
    and splats are then left out, with a note, unless nothing else can be shown.
    """
    notes: list[Message] = []
    errors: dict[Part, InvalidFile] = {}
    for part, path in files.items():
        try:
            notes += _ADD[part](root, path, scene)
        except InvalidFile as error:
            errors[part] = error
    if errors and not any(has_part(root, part) for part in PART_NAMES):
        raise next(iter(errors.values()))
    return notes + [note_on_unusable(part, error) for part, error in errors.items()]


# -- notes on parts that were not imported


def note_on_unusable(part: Part, error: InvalidFile) -> Message:
    """Return the note that a part turned out to be unusable while it was built."""
    return note(f"{part.lower()}_unusable", part=PART_NAMES[part], reason=error)


def codes_without(part: Part) -> tuple[str, ...]:
    """Return the codes of all notes that say that this part is not there."""
    codes = f"{part.lower()}_missing", f"{part.lower()}_unusable"
    return (*codes, "splats_left_out") if part == "SPLATS" else codes


def notes_on_missing(parts: WorldFiles, options: WorldOptions) -> list[Message]:
    """Return notes about the parts that were not imported."""
    missing: list[Part] = []
    if parts.collider is None and options.collider != "NONE":
        missing.append("COLLIDER")
    if parts.panorama is None:
        missing.append("PANORAMA")
    notes = [
        note(f"{part.lower()}_missing", kind=Message("world"), part=PART_NAMES[part])
        for part in missing
    ]
    if parts.splats is None:
        tiers = sorted(key.removeprefix("spz_") for key in parts.links if key.startswith("spz_"))
        notes.append(
            note("splats_left_out", tiers=", ".join(tiers)) if tiers else note("splats_missing")
        )
    return notes


def resolved_codes(root: bpy.types.Object) -> tuple[str, ...]:
    """Return the codes of earlier notes on parts that are in the scene by now."""
    return tuple(
        code for part in PART_NAMES if has_part(root, part) for code in codes_without(part)
    )
