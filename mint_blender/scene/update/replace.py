# SPDX-License-Identifier: GPL-3.0-or-later
"""A revised, retried or optimized version takes the place of an earlier one.

What the user has built around a model hangs on its objects: parents, collections, modifiers,
constraints, drivers. So the objects stay and only what they show is exchanged; where a part has no
counterpart, everything that pointed at it points at the root.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from ...message import Message
from .. import animation, tags
from ..bounds import bounds, update_view_layers
from ..errors import SceneImportError
from ..model import cleanup
from ..model.build import BuiltModel, build_model
from ..place import PlacedResult, import_transaction
from ..staging import STAGING_NAME, staging_scene
from ..tags import Provenance
from ..transaction import DataSnapshot, all_data_blocks, data_blocks_of_kind
from ..world import build as world_build
from ..world import world_objects
from ..world.files import PART_NAMES, Part, WorldFiles, WorldOptions
from . import fingerprint, match_parts, relink, transfer
from .backup import EARLIER, Backup, edited_meshes

HEIGHT = tags.PREFIX + "height"
NOWHERE = (0.0, 0.0, 0.0)


def replace_model(
    path: Path,
    provenance: Provenance,
    root: bpy.types.Object,
    *,
    scene: bpy.types.Scene | None = None,
    undo: bool = True,
) -> PlacedResult:
    """Put the model of this GLB in the place of what `root` shows; one undo step.

    `root` stays, with its name, transform, parent, collections, modifiers and constraints, and so
    does each part that comes again. Where the earlier version was scaled to a height, the new one
    is as high. Raises SceneImportError, and then nothing has changed.
    """
    scene = scene or bpy.context.scene
    check(root)
    old, before = _own(root), DataSnapshot()
    with import_transaction(scene, provenance, undo=undo) as new:
        # in no scene: the new version is seen only when it is in place
        workshop = bpy.data.collections.new(STAGING_NAME)
        built = build_model(
            path, name=provenance.title, collection=workshop, scene=scene, at=NOWHERE
        )
        update_view_layers(scene)
        backup = Backup(old)
        try:
            _as_high_as(root, old, built)
            waste = [
                each
                for each in all_data_blocks()
                if tags.is_marked(each) and each.users and not isinstance(each, bpy.types.Object)
            ]
            notes, matches, used = _exchange(root, old, built)
            alive = set(bpy.data.objects)
            gone = {each for each in (*old, *built.objects) if each in alive and each not in used}
            notes += _lost_with([each for each in old if each in gone])
            relink.reparent_children(root, gone, used)
        except BaseException:
            new.accept(*backup.restore())
            raise
        # from here on the earlier version goes: what breaks now takes the new one no more away
        new.accept()
        notes = [*backup.keep_edited(), *notes]
        backup.discard()
        for each in gone:
            relink.remap_users(matches.get(each, root), each)
        bpy.data.batch_remove([*gone, workshop])
        tags.write(root, provenance)
        notes += _clear_away([*waste, *before.new()])
        _without_numbers(before.new())
        fingerprint.store(
            each
            for each in before.new()
            if isinstance(each, bpy.types.Mesh) and tags.is_marked(each)
        )
    hierarchy = tags.hierarchy(root)
    return PlacedResult(root, tags.result_collection(root), hierarchy, tuple(dict.fromkeys(notes)))


def edited_objects(asset_id: str, scene: bpy.types.Scene | None = None) -> list[str]:
    """Names of the objects of an asset in a scene (the current one if not given) whose meshes the
    user has edited.
    """
    return [
        each.name
        for root in tags.roots(asset_id=asset_id, scene=scene)
        for each in edited_meshes(_own(root))
    ]


def replace_world(
    parts: WorldFiles,
    provenance: Provenance,
    root: bpy.types.Object,
    *,
    options: WorldOptions | None = None,
    scene: bpy.types.Scene | None = None,
    undo: bool = True,
) -> PlacedResult:
    """Put other parts into a World that is in the scene; one undo step.

    The root stays as the user has it. Parts that the new version lacks are removed, with a note.

    Raises:
        SceneImportError: Nothing has changed; earlier parts go only when the new ones are there.
    """

    scene = scene or bpy.context.scene
    options = options or WorldOptions()
    files: dict[Part, Path | None] = {
        "COLLIDER": parts.collider,
        "PANORAMA": parts.panorama,
        "SPLATS": parts.splats,
    }
    check(root)
    with import_transaction(scene, provenance, undo=undo):
        world_build.add_parts(
            root,
            {part: path for part, path in files.items() if path is not None},
            scene=scene,
            options=options,
        )
        gone = [
            part
            for part, path in files.items()
            if path is None and world_objects.has_part(root, part)
        ]
        for part in gone:
            world_build.remove_part(root, part, scene=scene)
        tags.write(root, provenance)
    notes = [
        Message(
            "The {what} of the earlier version went with it: the new version brings none.",
            what=PART_NAMES[part],
        )
        for part in gone
    ]
    return PlacedResult(root, tags.result_collection(root), tags.hierarchy(root), tuple(notes))


def check(root: bpy.types.Object) -> None:
    """Raise SceneImportError where something stands in the way of replacing what this root shows, a
    model or a World.
    """

    own = _own(root)
    _refuse_what_is_elsewhere([root] if world_objects.is_root(root) else own)
    _refuse_while_edited(list(tags.hierarchy(root)) if world_objects.is_root(root) else own)


def _refuse_what_is_elsewhere(old: list[bpy.types.Object]) -> None:
    """What is linked, or overrides what is linked, would be as it was when the file is opened
    again.
    """
    for each in old:
        if each.override_library is not None:
            raise SceneImportError(
                Message(
                    "“{name}” is a library override: its model is in another file and can be"
                    " replaced only there. Nothing was changed.",
                    name=each.name,
                )
            )
        if each.library is not None or (each.data is not None and each.data.library is not None):
            raise SceneImportError(
                Message(
                    "“{name}” is linked from another file and can be replaced only there."
                    " Nothing was changed.",
                    name=each.name,
                )
            )


def _refuse_while_edited(old: list[bpy.types.Object]) -> None:
    """Nor while a linked duplicate of a part is: it would be left with the earlier mesh, and not
    follow the others any more.
    """
    shown = {each.data for each in old} - {None}
    busy = next(
        (
            each
            for each in bpy.data.objects
            if each.mode != "OBJECT" and (each in old or each.data in shown)
        ),
        None,
    )
    if busy is not None:
        raise SceneImportError(
            Message(
                "“{name}” is being worked on in {mode} Mode. Leave it, then replace the model.",
                name=busy.name,
                mode=busy.mode.replace("_", " ").title(),
            )
        )


def _as_high_as(root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel) -> None:
    """Scale the new version, below its root, to the height that the earlier one has in its root's
    own space.
    """
    if root.get(HEIGHT) is None:
        return
    earlier = bounds(old, within=root)
    new = bounds(built.objects)
    if earlier is None or new is None or new[1][2] <= new[0][2]:
        return
    scale = Matrix.Scale((earlier[1][2] - earlier[0][2]) / (new[1][2] - new[0][2]), 4)
    if built.root.type == "MESH":
        built.root.data.transform(scale)
    for child in built.root.children:
        cleanup.transform_in_parent(child, scale)


def _own(root: bpy.types.Object) -> list[bpy.types.Object]:
    """The root and the parts that came with it; not what the user has hung on it, nor another
    result of Mint's and its parts.
    """
    own = [root]
    for child in root.children:
        if tags.read(child) is None:
            own += [each for each in _own(child) if tags.is_marked(each)]
    return own


def _exchange(
    root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel
) -> tuple[list[str], match_parts.Matches, set[bpy.types.Object]]:
    """Bring the new version under `root`.

    Answers with notes, what stays for which new part, and all objects that it consists of now.
    """
    new, carries = list(built.objects), _only_carries(root, old)
    if not carries and built.root.type != "MESH" and _is_plain(new):
        new = [_joined(new)]
    notes: list[str] = []
    matches: match_parts.Matches = {}
    lone = None if carries else _for_the_root(new, built.root)
    if lone is not None:
        matches[lone] = root
    # parts that move cannot become one mesh: the root shows nothing itself and carries them
    elif not carries:
        notes += _show_nothing(root)
    parts = [
        each for each in new if each != lone and (each != built.root or built.root.type == "MESH")
    ]
    earlier = [each for each in old if each != root]
    matches |= match_parts.match_parts(earlier, parts)
    kept = match_parts.user_duplicates(earlier, matches)
    notes += match_parts.replace_parts(old, matches)
    match_parts.parent_parts(parts, matches, root, built.root)
    return notes, matches, {root, *kept, *(matches.get(part, part) for part in parts)}


def _only_carries(root: bpy.types.Object, old: list[bpy.types.Object]) -> bool:
    """Whether the root shows nothing itself: an empty, or a mesh that became one when parts that
    move came.
    """
    return not isinstance(root.data, bpy.types.Mesh) or (
        not root.data.vertices and any(each.type == "MESH" for each in old if each != root)
    )


def _for_the_root(
    new: list[bpy.types.Object], new_root: bpy.types.Object
) -> bpy.types.Object | None:
    """The one mesh of a new version, made ready to be shown by a root that is a mesh; None where
    there are several, or where it moves.
    """
    meshes = [each for each in new if each.type == "MESH"]
    if len(meshes) != 1:
        return None
    matrix, above = Matrix.Identity(4), meshes[0]
    while above is not None and above != new_root:
        if animation.has_object_animation(above) or above.parent_type != "OBJECT":
            return None
        matrix, above = (
            above.matrix_parent_inverse @ above.matrix_basis @ matrix if above.parent else matrix,
            above.parent,
        )
    mesh: Any = meshes[0].data
    mesh.transform(matrix, shape_keys=True)
    if matrix.is_negative:
        mesh.flip_normals()
    return meshes[0]


def _show_nothing(root: bpy.types.Object) -> list[str]:
    """Give the root a mesh without vertices, which keeps its slots of materials."""
    before, mesh = transfer.EarlierData(root, ()), bpy.data.meshes.new(root.name)
    gone: Any = root.data
    name = gone.name
    tags.mark([mesh])
    root.data = mesh
    before.apply()
    gone.user_remap(mesh)
    gone.name = f"{name} (earlier)"
    mesh.name = name
    return (
        [
            Message(
                "“{name}” now carries several moving parts; its own modifiers have nothing to"
                " work on.",
                name=root.name,
            )
        ]
        if root.modifiers
        else []
    )


def _is_plain(objects: list[bpy.types.Object]) -> bool:
    """Nothing but meshes, without bones, shape keys or motion, and the empties between them: these
    can become one mesh.
    """
    meshes = [each for each in objects if each.type == "MESH"]
    still = all(each.type in ("MESH", "EMPTY") and each.animation_data is None for each in objects)
    return still and not any(each.modifiers or each.data.shape_keys for each in meshes)


def _joined(objects: list[bpy.types.Object]) -> bpy.types.Object:
    """One mesh object of all parts, at the tags. Works in a scene of its own."""
    meshes = [each for each in objects if each.type == "MESH"]
    with staging_scene(objects) as scene:
        view_layer = scene.view_layers[0]
        view_layer.update()
        for each in meshes:
            if each.data.users > 1:
                each.data = each.data.copy()
            world = each.matrix_world.copy()
            each.parent = None
            each.matrix_basis = Matrix.Identity(4)
            each.data.transform(world)
            if world.is_negative:
                each.data.flip_normals()
        view_layer.update()
        first = meshes[0]
        with bpy.context.temp_override(
            scene=scene,
            view_layer=view_layer,
            active_object=first,
            object=first,
            selected_objects=meshes,
            selected_editable_objects=meshes,
        ):
            bpy.ops.object.join()
        return first


def _lost_with(parts: Iterable[bpy.types.Object]) -> list[str]:
    """A sentence for each part that goes with something of the user's on it.

    An armature's modifier came with the model.
    """
    notes: list[str] = []
    for each in parts:
        own = [mine.name for mine in each.modifiers if mine.type != "ARMATURE"] + [
            mine.name for mine in each.constraints
        ]
        own += [
            mine.name
            for bone in (each.pose.bones if each.pose else ())
            for mine in bone.constraints
        ]
        own += [
            curve.data_path
            for curve in (each.animation_data.drivers if each.animation_data else ())
        ]
        own += [
            action.name for action in animation.actions(each) if fingerprint.is_user_work(action)
        ]
        if own:
            notes.append(
                Message(
                    "“{name}” has no counterpart in the new version: what was set on it went"
                    " with it ({lost}).",
                    name=each.name,
                    lost=", ".join(own),
                )
            )
    return notes


def _clear_away(blocks: Iterable[bpy.types.ID]) -> list[str]:
    """Delete what came from Mint and is used by nothing any more; what the user has changed since
    is kept. Answers with notes.
    """
    waste, kept = [each for each in dict.fromkeys(blocks) if tags.is_marked(each)], []
    while unused := [each for each in waste if each.users == 0]:
        waste = [each for each in waste if each not in unused]
        mine = [each for each in unused if fingerprint.is_modified(each)]
        for each in mine:
            each.name = f"{each.name.removesuffix(EARLIER)}{EARLIER}"
            each.use_fake_user = True
            kept.append(each.name)
        bpy.data.batch_remove([each for each in unused if each not in mine])
    return [
        Message(
            "What you changed on the earlier version is kept in the file as “{name}”; the new"
            " version brings its own.",
            name=name,
        )
        for name in kept
    ]


def _without_numbers(blocks: Iterable[bpy.types.ID]) -> None:
    """What had to be called “Lamp.001” beside the earlier one can be “Lamp” now."""
    for each in blocks:
        plain = cleanup.plain_name(each.name)
        if (
            tags.is_marked(each)
            and plain != each.name
            and not any(other.name == plain for other in data_blocks_of_kind(each))
        ):
            each.name = plain
