# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace an earlier version of a result with a new one.

Parents, collections, modifiers, constraints and drivers of the user depend on the objects. So the
objects stay and only their data is exchanged; references to a part without a match go to the root.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy
from mathutils import Matrix

from ...message import Message
from .. import tags
from ..bounds import bounds, update_view_layers
from ..data_blocks import (
    all_data_blocks,
    current_scene,
    data_blocks_of_kind,
    is_linked,
    is_override,
)
from ..errors import SceneImportError
from ..model import cleanup
from ..model.build import BuiltModel, build_model
from ..notes import note
from ..place import PlacedResult, import_transaction
from ..prepared import PreparedResult
from ..staging_scene import STAGING_NAME
from ..tags import Provenance
from ..transaction import DataSnapshot
from ..world import build as world_build
from ..world import world_objects
from ..world.files import PART_NAMES, WorldFiles, WorldOptions
from . import animation, fingerprint, match_parts, reparent_and_remap, root_mesh
from .backup import EARLIER, Backup, edited_meshes

HEIGHT = tags.PREFIX + "height"
ORIGIN = (0.0, 0.0, 0.0)


def replace_model(
    source: Path | PreparedResult,
    provenance: Provenance,
    root: bpy.types.Object,
    *,
    scene: bpy.types.Scene | None = None,
    undo: bool = True,
) -> PlacedResult:
    """Replace the model that `root` shows with a GLB, or a prepared model; one undo step.

    `root` keeps its name, transform, parent, collections, modifiers and constraints, and so does
    each part that the new version has, too. If the earlier version was scaled to a height, the new
    one gets the same height.

    Raises:
        SceneImportError: The model cannot be imported or replaced; nothing has changed.
    """
    scene = scene or current_scene()
    check(root)
    old, before = _model_objects(root), DataSnapshot()
    with import_transaction(scene, provenance, undo=undo) as snapshot:
        # in no scene, so that the new version is not visible before it is complete
        staging = bpy.data.collections.new(STAGING_NAME)
        built = build_model(
            source, name=provenance.title, collection=staging, scene=scene, at=ORIGIN
        )
        update_view_layers(scene)
        earlier_data = _marked_data_in_use()
        notes, matches, gone = _exchange_or_restore(root, old, built, snapshot)
        for each in gone:
            reparent_and_remap.remap_users(matches.get(each, root), each)
        bpy.data.batch_remove([*gone, staging])
        tags.write(root, provenance)
        notes += _clean_up(earlier_data, before)
    hierarchy = tags.hierarchy(root)
    return PlacedResult(root, tags.result_collection(root), hierarchy, tuple(dict.fromkeys(notes)))


def _exchange_or_restore(
    root: bpy.types.Object,
    old: list[bpy.types.Object],
    built: BuiltModel,
    snapshot: DataSnapshot,
) -> tuple[list[Message], match_parts.Matches, set[bpy.types.Object]]:
    """Exchange what `root` shows, or restore it after an error.

    Returns:
        Notes, the matched parts, and the objects to remove.
    """
    backup = Backup(old)
    try:
        notes, matches, gone = _put_in_place(root, old, built)
    except BaseException:
        snapshot.accept(*backup.restore())
        raise
    # from here on the earlier version is removed: an error must not remove the new one
    snapshot.accept()
    notes = [*backup.keep_edited(), *notes]
    backup.discard()
    return notes, matches, gone


def _clean_up(earlier_data: list[bpy.types.ID], before: DataSnapshot) -> list[Message]:
    """Remove unused data-blocks, and name and fingerprint the new ones; return notes."""
    notes = _remove_unused([*earlier_data, *before.new()])
    _remove_number_suffixes(before.new())
    fingerprint.store(
        each
        for each in before.new()
        if isinstance(each, bpy.types.Mesh)
        and tags.is_marked(each)
        and not fingerprint.is_stored(each)
    )
    return notes


def _marked_data_in_use() -> list[bpy.types.ID]:
    """Return the data-blocks from Mint that have users, except objects."""
    return [
        each
        for each in all_data_blocks()
        if tags.is_marked(each) and each.users and not isinstance(each, bpy.types.Object)
    ]


def _put_in_place(
    root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel
) -> tuple[list[Message], match_parts.Matches, set[bpy.types.Object]]:
    """Exchange what `root` shows; return notes, the matched parts, and the objects to remove."""
    _scale_to_earlier_height(root, old, built)
    notes, matches, used = _exchange(root, old, built)
    alive = set(bpy.data.objects)
    gone = {each for each in (*old, *built.objects) if each in alive and each not in used}
    notes += _lost_work_notes([each for each in old if each in gone])
    reparent_and_remap.reparent_children(root, gone, used)
    return notes, matches, gone


def edited_objects(asset_id: str, scene: bpy.types.Scene | None = None) -> list[str]:
    """Return the names of the objects of an asset whose meshes the user has edited."""
    return [
        each.name
        for root in tags.roots(asset_id=asset_id, scene=scene)
        for each in edited_meshes(_model_objects(root))
    ]


def replace_world(
    parts: WorldFiles,
    provenance: Provenance,
    root: bpy.types.Object,
    *,
    options: WorldOptions = WorldOptions(),
    scene: bpy.types.Scene | None = None,
    undo: bool = True,
    prepared: PreparedResult | None = None,
) -> PlacedResult:
    """Replace the parts of a World in the scene, in one undo step.

    The root stays. Parts that the new version lacks are removed, with a note. Parts that a
    background Blender has built are taken from `prepared`.

    Raises:
        SceneImportError: The World cannot be replaced; nothing has changed.
    """
    scene = scene or current_scene()
    files = parts.by_part()
    check(root)
    with import_transaction(scene, provenance, undo=undo):
        world_build.add_parts(
            root,
            {part: path for part, path in files.items() if path is not None},
            scene=scene,
            options=options,
            prepared=prepared,
        )
        gone = [
            part
            for part, path in files.items()
            if path is None and world_objects.has_part(root, part)
        ]
        for part in gone:
            world_build.remove_part(root, part, scene=scene)
        tags.write(root, provenance)
    notes = tuple(note("part_removed", what=PART_NAMES[part]) for part in gone)
    return PlacedResult(root, tags.result_collection(root), tags.hierarchy(root), notes)


def check(root: bpy.types.Object) -> None:
    """Check that what a root shows can be replaced now.

    Raises:
        SceneImportError: A part is linked, a library override, or not in Object Mode.
    """
    own = _model_objects(root)
    _check_local([root] if world_objects.is_root(root) else own)
    _check_object_mode(list(tags.hierarchy(root)) if world_objects.is_root(root) else own)


def _check_local(old: list[bpy.types.Object]) -> None:
    """Refuse linked data: the change would be lost when the file is opened again."""
    for each in old:
        if is_override(each):
            raise SceneImportError(
                Message(
                    "“{name}” is a library override: its model is in another file and can be"
                    " replaced only there. Nothing was changed.",
                    name=each.name,
                )
            )
        if is_linked(each) or is_linked(each.data):
            raise SceneImportError(
                Message(
                    "“{name}” is linked from another file and can be replaced only there."
                    " Nothing was changed.",
                    name=each.name,
                )
            )


def _check_object_mode(old: list[bpy.types.Object]) -> None:
    """Refuse if an object, or a linked duplicate of it, is not in Object Mode."""
    data = {each.data for each in old} - {None}
    in_other_mode = next(
        (
            each
            for each in bpy.data.objects
            if each.mode != "OBJECT" and (each in old or each.data in data)
        ),
        None,
    )
    if in_other_mode is not None:
        raise SceneImportError(
            Message(
                "“{name}” is in {mode} Mode. Switch to Object Mode, then replace the model.",
                name=in_other_mode.name,
                mode=in_other_mode.mode.replace("_", " ").title(),
            )
        )


def _scale_to_earlier_height(
    root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel
) -> None:
    """Scale the new version to the earlier height, in the root's local space."""
    if root.get(HEIGHT) is None:
        return
    earlier = bounds(old, within=root)
    new = bounds(built.objects)
    if earlier is None or new is None or new[1][2] <= new[0][2]:
        return
    scale = Matrix.Scale((earlier[1][2] - earlier[0][2]) / (new[1][2] - new[0][2]), 4)
    if built.root.type == "MESH":
        fingerprint.forget(built.root.data)
        built.root.data.transform(scale)
    for child in built.root.children:
        cleanup.transform_in_parent(child, scale)


def _model_objects(root: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the root and the parts that came with it, without the user's children."""
    own = [root]
    for child in root.children:
        if tags.read(child) is None:
            own += [each for each in _model_objects(child) if tags.is_marked(each)]
    return own


def _exchange(
    root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel
) -> tuple[list[Message], match_parts.Matches, set[bpy.types.Object]]:
    """Bring the new version below `root`; return notes, matches, and all objects in use."""
    new, is_empty = list(built.objects), _is_empty_root(root, old)
    if not is_empty and built.root.type != "MESH" and root_mesh.can_be_joined(new):
        new = [root_mesh.joined(new)]
    notes: list[Message] = []
    matches: match_parts.Matches = {}
    single = None if is_empty else root_mesh.mesh_for_root(new, built.root)
    if single is not None:
        matches[single] = root
    # moving parts cannot become one mesh: they are parented to a root without vertices
    elif not is_empty:
        notes += root_mesh.empty_root_mesh(root)
    parts = [
        each for each in new if each != single and (each != built.root or built.root.type == "MESH")
    ]
    earlier = [each for each in old if each != root]
    matches |= match_parts.match_parts(earlier, parts)
    kept = match_parts.user_duplicates(earlier, matches)
    notes += match_parts.replace_parts(old, matches)
    match_parts.parent_parts(parts, matches, root, built.root)
    return notes, matches, {root, *kept, *(matches.get(part, part) for part in parts)}


def _is_empty_root(root: bpy.types.Object, old: list[bpy.types.Object]) -> bool:
    """Return whether the root is an empty, or a mesh without vertices."""
    return not isinstance(root.data, bpy.types.Mesh) or (
        not root.data.vertices and any(each.type == "MESH" for each in old if each != root)
    )


def _lost_work_notes(parts: Iterable[bpy.types.Object]) -> list[Message]:
    """Return a note for each removed part that has work of the user on it."""
    notes: list[Message] = []
    for each in parts:
        own = [modifier.name for modifier in each.modifiers if modifier.type != "ARMATURE"]
        own += [constraint.name for constraint in each.constraints]
        own += [
            constraint.name
            for bone in (each.pose.bones if each.pose else ())
            for constraint in bone.constraints
        ]
        own += [
            curve.data_path
            for curve in (each.animation_data.drivers if each.animation_data else ())
        ]
        own += [
            action.name for action in animation.actions(each) if fingerprint.is_user_work(action)
        ]
        if own:
            notes.append(note("object_removed", name=each.name, lost=", ".join(own)))
    return notes


def _remove_unused(blocks: Iterable[bpy.types.ID]) -> list[Message]:
    """Remove unused data-blocks from Mint, but keep what the user changed; return notes."""
    remaining, kept = [each for each in dict.fromkeys(blocks) if tags.is_marked(each)], []
    while unused := [each for each in remaining if each.users == 0]:
        remaining = [each for each in remaining if each not in unused]
        # meshes that the user has edited are in use: `Backup.keep_edited` has kept their objects
        mine = [
            each
            for each in unused
            if not isinstance(each, bpy.types.Mesh) and fingerprint.is_modified(each)
        ]
        for each in mine:
            each.name = f"{each.name.removesuffix(EARLIER)}{EARLIER}"
            each.use_fake_user = True
            kept.append(each.name)
        bpy.data.batch_remove([each for each in unused if each not in mine])
    return [note("changed_data_kept", name=name) for name in kept]


def _remove_number_suffixes(blocks: Iterable[bpy.types.ID]) -> None:
    """Rename “Lamp.001” to “Lamp” once that name is free."""
    for each in blocks:
        plain = cleanup.plain_name(each.name)
        if (
            tags.is_marked(each)
            and plain != each.name
            and not any(other.name == plain for other in data_blocks_of_kind(each))
        ):
            each.name = plain
