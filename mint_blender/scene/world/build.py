# SPDX-License-Identifier: GPL-3.0-or-later
"""A World in the scene: one root that holds its files upright and to scale, and under it collider,
splats, capture point and camera.

The files of a World share one frame whose origin is the capture point, at eye height, with Y
pointing down. The root carries the correction (a half turn) and Mint's calibration (scale 2.5, 1.5
up), so that either can be changed there afterwards; what hangs on it has no transform of its own.
Two exceptions: the capture point is turned back, so that it is always upright, and a collider that
somebody has already set upright (by a half turn about X, as happens) is turned by itself, since
splats and panorama of the same World are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import bpy
from mathutils import Matrix

from ...files import placement
from ...files.errors import InvalidFile
from ...message import Message
from ..gltf_import import SceneImportError
from ..transaction import DataSnapshot
from ..update import relink
from . import capture_point, collider, panorama, splats
from . import notes as world_notes
from .capture_point import PART
from .files import PART_NAMES, Part, WorldFiles, WorldOptions

FLIPPED, COLLIDER_TURNED = "mint_flipped", "mint_collider_turned"
CAPTION = "mint_caption"
COLLIDER_DISPLAY = (
    "mint_collider"  # how the user wants the collider; nothing where it follows the other parts
)
IMAGE, WORLD = "mint_panorama_image", "mint_panorama_world"


@dataclass(frozen=True)
class BuiltWorld:
    """A World as it was built; the objects are good until the next undo.

    The notes are sentences for the user.
    """

    root: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]
    notes: tuple[str, ...] = ()


def build_world(
    parts: WorldFiles,
    *,
    name: str,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
    at: tuple[float, float, float],
    options: WorldOptions,
    properties: Mapping[str, object],
) -> BuiltWorld:
    """Bring a World into `collection`, its ground at `at` (scene units).

    Raises SceneImportError or a FileError of a bad file; the caller removes what was begun."""
    shown = {
        "COLLIDER": parts.collider if options.collider != "NONE" else None,
        "PANORAMA": parts.panorama,
        "SPLATS": parts.splats if options.splats else None,
    }
    if not any(shown.values()):
        raise SceneImportError(
            Message(
                "Nothing of this World can be shown: there is no collider, no panorama and no"
                " file of splats."
            )
        )
    root = _root(name, collection, properties, parts)
    _calibrate(root, scene, at, options)
    notes = []
    if shown["COLLIDER"] is not None:
        notes += _add_collider(root, shown["COLLIDER"], scene, check=options.flip is None)
    point = capture_point.add(root, name, collection)
    if options.camera:
        camera = capture_point.add_camera(point, name, collection, scene.unit_settings.scale_length)
        scene.camera = scene.camera or camera
    notes += _add_readable_parts(root, shown["PANORAMA"], shown["SPLATS"], scene, options)
    _set_properties(
        root,
        {
            COLLIDER_DISPLAY: options.collider
            if options.collider in {"PHYSICS", "VISIBLE"}
            else None
        },
    )
    _finish(root, scene, options)
    notes += world_notes.missing(parts, options)
    return BuiltWorld(root, (root, *root.children_recursive), tuple(notes))


def add_part(
    root: bpy.types.Object,
    part: Part,
    path: Path,
    *,
    scene: bpy.types.Scene | None = None,
    options: WorldOptions = WorldOptions(),
) -> tuple[bpy.types.Object, ...]:
    """Add a part to a World that is in the scene, or put a new one in the place of the old: the
    root and all under it.

    Raises SceneImportError or a FileError; then the World is as it was.
    """
    return add_parts(root, {part: path}, scene=scene, options=options)


def add_parts(
    root: bpy.types.Object,
    files: Mapping[Part, Path],
    *,
    scene: bpy.types.Scene | None = None,
    options: WorldOptions = WorldOptions(),
) -> tuple[bpy.types.Object, ...]:
    """As `add_part`, for several: the earlier ones go when all the new ones are there."""
    scene = scene or bpy.context.scene
    add: dict[Part, Callable[[Path], object]] = {
        "COLLIDER": lambda path: _add_collider(root, path, scene, check=bool(root.get(FLIPPED))),
        "PANORAMA": lambda path: _add_panorama(
            root, path, scene, as_world=options.panorama_as_world
        ),
        "SPLATS": lambda path: _add_splats(root, path, scene),
    }
    earlier = [each for part in files for each in parts_of(root, part.lower())]
    before, background, kept = (
        DataSnapshot(),
        panorama.background_state(scene),
        {key: root.get(key) for key in (IMAGE, WORLD, COLLIDER_TURNED)},
    )
    try:
        for part, path in files.items():
            add[part](path)
        _finish(root, scene, options, without=earlier)
    except BaseException:
        panorama.restore_background(scene, background)
        _set_properties(root, kept)
        before.remove_new()
        raise
    if earlier:
        _relink_users(root, earlier)
        bpy.data.batch_remove(
            [
                *earlier,
                *{each.data for each in earlier if each.data is not None and each.data.users == 1},
            ]
        )
    return (root, *root.children_recursive)


def remove_part(
    root: bpy.types.Object, part: Part, *, scene: bpy.types.Scene | None = None
) -> None:
    """Take a part away again; without the panorama each scene that showed it has its earlier World
    back.
    """
    scene = scene or bpy.context.scene
    gone = parts_of(root, part.lower())
    if part == "PANORAMA":
        for each in bpy.data.scenes:
            if each.world is not None and each.world == root.get(WORLD):
                panorama.restore_earlier_world(each)
        panorama.remove_panorama(parts_of(root, "collider"))
        for key in (IMAGE, WORLD):
            root.pop(key, None)
    relink.reparent_children(root, gone)
    bpy.data.batch_remove(
        [*gone, *{each.data for each in gone if each.data is not None and each.data.users == 1}]
    )
    _finish(root, scene, WorldOptions())


def flip(root: bpy.types.Object) -> None:
    """Turn the files of a World over: for one that hangs upside down.

    Capture point and camera stay upright, the panorama with them.
    """
    root[FLIPPED] = flipped = not root.get(FLIPPED, False)
    before, after = (
        capture_point.upright_rotation(not flipped),
        capture_point.upright_rotation(flipped),
    )
    turn = before.to_matrix().inverted() @ after.to_matrix()
    plain = (
        root.rotation_mode == "XYZ"
        and max(abs(root.rotation_euler[axis] - before[axis]) for axis in range(3)) < 1e-5
    )
    root.matrix_basis = root.matrix_basis @ turn.to_4x4()
    if plain:
        root.rotation_euler = after  # the same turn in the numbers that one would write
    for point in parts_of(root, "capture_point"):
        point.matrix_basis = turn.inverted().to_4x4() @ point.matrix_basis
    _store_vertex_colors(root)


def flip_collider(root: bpy.types.Object) -> None:
    """Turn the collider alone over, about X: for one that hangs upside down while the splats or the
    panorama are right.
    """
    root[COLLIDER_TURNED] = not root.get(COLLIDER_TURNED, False)
    for each in parts_of(root, "collider"):
        if each.parent == root:
            each.matrix_basis = Matrix.Rotation(math.pi, 4, "X") @ each.matrix_basis
    _store_vertex_colors(root)


def show_collider(
    root: bpy.types.Object,
    how: Literal["AUTO", "PHYSICS", "VISIBLE"] = "AUTO",
    *,
    scene: bpy.types.Scene | None = None,
) -> None:
    """Change what the collider is: a shape for physics, or the visible place with the panorama on
    it. It stays so when parts come or go.
    """
    _set_properties(root, {COLLIDER_DISPLAY: None if how == "AUTO" else how})
    _finish(root, scene or bpy.context.scene, WorldOptions())


def show_panorama(root: bpy.types.Object, scene: bpy.types.Scene | None = None) -> bool:
    """Make this World's panorama the scene's World (again); False where it has none."""
    world = root.get(WORLD)
    if world is None:
        return False
    panorama.show_background(scene or bpy.context.scene, world)
    return True


def shows_panorama(scene: bpy.types.Scene, root: bpy.types.Object | None = None) -> bool:
    """Is the scene's World a panorama: of this World of Mint's, or of any?"""
    shown = scene.world
    return shown is not None and (
        bool(shown.get(panorama.MARK)) if root is None else shown == root.get(WORLD)
    )


restore_earlier_world = panorama.restore_earlier_world
make_splats_native = splats.make_native


def _root(
    name: str, collection: bpy.types.Collection, properties: Mapping[str, object], parts: WorldFiles
) -> bpy.types.Object:
    root = bpy.data.objects.new(name, None)
    root.empty_display_size = 0.5
    collection.objects.link(root)
    _set_properties(root, dict(properties))
    _set_properties(
        root,
        {
            CAPTION: parts.caption,
            **{world_notes.LINK + key: url for key, url in parts.links.items()},
        },
    )
    return root


def is_root(candidate: bpy.types.Object) -> bool:
    """Is this the root of a World?"""
    return candidate.get(FLIPPED) is not None


def root_of(each: bpy.types.Object | None) -> bpy.types.Object | None:
    """The root of the World that an object is, or stands in."""
    while each is not None and not is_root(each):
        each = each.parent
    return each


def has_part(root: bpy.types.Object, part: Part) -> bool:
    """Is this part of the World in the scene?"""
    return root.get(IMAGE) is not None if part == "PANORAMA" else bool(parts_of(root, part.lower()))


def parts_of(root: bpy.types.Object, part: str) -> list[bpy.types.Object]:
    """Return the objects under a root that are a part of it.

    `part` is one of `collider`, `splats`, `capture_point` and `camera`.
    """
    return [each for each in root.children_recursive if each.get(PART) == part]


def upright(root: bpy.types.Object) -> Matrix:
    """Where the capture point of a World is, whether or not its object is still there: Y forward, Z
    up.
    """
    for point in parts_of(root, "capture_point"):
        return point.matrix_world.copy()
    return (
        root.matrix_world
        @ capture_point.upright_rotation(bool(root.get(FLIPPED))).to_matrix().to_4x4()
    )


def _set_properties(root: bpy.types.Object, properties: Mapping[str, object]) -> None:
    """Set custom properties; those without a value go."""
    for key, value in properties.items():
        if value is None:
            root.pop(key, None)
        else:
            root[key] = value


def _capture_point(root: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object:
    """The capture point; a new one where somebody has deleted it."""
    return next(iter(parts_of(root, "capture_point")), None) or capture_point.add(
        root, root.name, _collection_of(root, scene)
    )


def _collection_of(root: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Collection:
    return root.users_collection[0] if root.users_collection else scene.collection


def _calibrate(
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    at: tuple[float, float, float],
    options: WorldOptions,
) -> None:
    flipped = options.flip is not False
    place = placement.world_root(
        options.scale, options.up, at=at, meters_per_unit=scene.unit_settings.scale_length
    )
    root.location, root.rotation_euler, root.scale = (
        place.location,
        capture_point.upright_rotation(flipped),
        (place.scale,) * 3,
    )
    root[FLIPPED] = flipped


def _add_collider(
    root: bpy.types.Object, path: Path, scene: bpy.types.Scene, *, check: bool
) -> list[str]:
    objects = collider.load(path, f"{root.name} Collider", _collection_of(root, scene), scene)
    surface = collider.surface([each for each in objects if each.type == "MESH"], root)
    upside_down = placement.is_upside_down(*surface) if check else True
    turn = Matrix.Rotation(math.pi if upside_down is False else 0, 4, "X")
    for each in objects:
        each[PART] = "collider"
        if each.parent is None:
            each.parent = root
            each.matrix_basis = turn @ each.matrix_basis
    root[COLLIDER_TURNED] = upside_down is False
    advice = Message("if it hangs upside down, flip it.")
    if upside_down is None:
        return [
            Message(
                "The collider does not tell which way is up, so it was taken as Mint makes"
                " them; {advice}",
                advice=advice,
            )
        ]
    if not upside_down:
        return [
            Message(
                "The collider of this World was upright already, so it was not turned over;"
                " {advice}",
                advice=advice,
            )
        ]
    return []


def _add_panorama(
    root: bpy.types.Object, path: Path, scene: bpy.types.Scene, *, as_world: bool
) -> None:
    title = f"{root.name} Panorama"
    image = panorama.load(path, title)
    point = _capture_point(root, scene)
    world = panorama.background(image, point, title)
    # pointers: so they stay in the file even while the scene shows another World
    _set_properties(root, {IMAGE: image, WORLD: world})
    if as_world:
        panorama.show_background(scene, world)


def _add_splats(root: bpy.types.Object, path: Path, scene: bpy.types.Scene) -> None:
    made = splats.build(path, f"{root.name} Splats", _collection_of(root, scene))
    made[PART] = "splats"
    made.parent = root


def _add_readable_parts(
    root: bpy.types.Object,
    picture: Path | None,
    cloud: Path | None,
    scene: bpy.types.Scene,
    options: WorldOptions,
) -> list[str]:
    """Panorama and splats.

    Whether their content can be read shows only now, long after their headers have passed: one that
    is bad is left out, with a note, unless nothing else is there to be shown.
    """
    flaws: dict[Part, InvalidFile] = {}
    try:
        if picture is not None:
            _add_panorama(root, picture, scene, as_world=options.panorama_as_world)
    except InvalidFile as flaw:
        flaws["PANORAMA"] = flaw
    try:
        if cloud is not None:
            _add_splats(root, cloud, scene)
    except InvalidFile as flaw:
        flaws["SPLATS"] = flaw
    if flaws and not any(has_part(root, part) for part in PART_NAMES):
        raise next(iter(flaws.values()))
    return [world_notes.unusable(PART_NAMES[part], flaw) for part, flaw in flaws.items()]


def _relink_users(root: bpy.types.Object, earlier: list[bpy.types.Object]) -> None:
    """What the user has hung on parts that go, or has let point at them: things that stand on the
    collider, or shrinkwrap to it.
    """
    relink.reparent_children(root, earlier)
    for each in earlier:
        new = [other for other in parts_of(root, each[PART]) if other not in earlier]
        relink.remap_users(next((other for other in new if other.type == each.type), new[0]), each)


def _finish(
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    options: WorldOptions,
    without: Collection[bpy.types.Object] = (),
) -> None:
    """The collider as it was chosen, else as the other parts ask for it; those that are about to go
    are not looked at.

    Raises SceneImportError, and then nothing has changed.
    """
    meshes = [
        each for each in parts_of(root, "collider") if each.type == "MESH" and each not in without
    ]
    image = root.get(IMAGE)
    how = (
        options.collider
        if options.collider in {"PHYSICS", "VISIBLE"}
        else root.get(COLLIDER_DISPLAY)
    )
    if how not in {"PHYSICS", "VISIBLE"}:
        how = "VISIBLE" if image is not None and not parts_of(root, "splats") else "PHYSICS"
    is_painted = how == "VISIBLE" and image is not None and bool(meshes)
    # First what may not be possible: nothing has been changed yet. The part was asked for minutes
    # ago, so the user may be anywhere.
    if is_painted and any(each.data.is_editmode for each in meshes):
        raise SceneImportError(
            Message("A part of this World is being edited. Go back to Object Mode first.")
        )
    if options.rigid_body or any(each.rigid_body is not None for each in without):
        collider.add_rigid_bodies(meshes, scene)
    collider.set_display(meshes, how)
    if is_painted:
        panorama.assign_material(
            meshes, panorama.projection(image, _capture_point(root, scene), image.name)
        )
        _store_vertex_colors(root, without)


def _store_vertex_colors(
    root: bpy.types.Object, without: Collection[bpy.types.Object] = ()
) -> None:
    """The panorama's colors on a collider that shows it: they follow what was turned, which the
    material does by itself.
    """
    image, points = root.get(IMAGE), parts_of(root, "capture_point")
    for each in parts_of(root, "collider"):
        if (
            image is not None
            and points
            and each.type == "MESH"
            and not each.hide_render
            and each not in without
        ):
            panorama.store_vertex_colors(
                each.data, image, points[0].matrix_basis.inverted() @ collider.matrix_in(each, root)
            )


def resolved_notes(root: bpy.types.Object) -> tuple[str, ...]:
    """The notes of a World's landing that are no longer true, since the part has come after all."""
    return tuple(
        note
        for part in PART_NAMES
        if has_part(root, part)
        for note in world_notes.notes_without(part, world_notes.links(root))
    )
