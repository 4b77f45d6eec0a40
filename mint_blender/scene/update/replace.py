# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace an earlier version of a result with a new one, or add what a World lacks.

Parents, collections, modifiers, constraints and drivers of the user depend on the objects. So the
objects stay and only their data is exchanged; references to a part without a match go to the root.
Copies of the objects keep the earlier data: they are the earlier version, hidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy
from mathutils import Matrix

from ...files.spz import decode
from ...message import Message
from .. import data_blocks, tags
from ..animation.repair import apply_scale
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
from ..world import splats, world_objects
from ..world.files import PART_NAMES, WorldFiles, WorldOptions
from .backup import EARLIER, Backup
from .exchange import Matches, exchange, keep_materials, lost_with

HEIGHT = tags.PREFIX + "height"
ORIGIN = (0.0, 0.0, 0.0)
_SAME_HEIGHT = 0.01
"""Share of its height that a version may differ by without being scaled."""


def replace_model(
    source: Path | PreparedResult,
    provenance: Provenance,
    root: bpy.types.Object,
    *,
    scene: bpy.types.Scene | None = None,
    keeps_height: bool = False,
    keeps_materials: bool = False,
) -> PlacedResult:
    """Replace the model that `root` shows with a GLB, or a prepared model.

    `root` keeps its name, transform, parent, collections, modifiers and constraints, and so does
    each part that the new version has, too. What the user did to a mesh, bones, a material of Mint
    or its animation is on the hidden copy. If the earlier version was scaled to a height, or if
    `keeps_height`, the new one gets the same height. With `keeps_materials`, meshes with the same
    triangles and UVs keep their materials.

    Raises:
        SceneImportError: The model cannot be imported or replaced; nothing has changed.
    """
    scene = scene or current_scene()
    check(root)
    old = _model_objects(root)
    before = DataSnapshot()
    earlier_data = [
        block
        for block in all_data_blocks()
        if tags.is_marked(block) and not isinstance(block, bpy.types.Object)
    ]
    with import_transaction(scene) as snapshot:
        # in no scene, so that the new version is not visible before it is complete
        staging = bpy.data.collections.new(STAGING_NAME)
        built = build_model(
            source, name=provenance.title, collection=staging, scene=scene, at=ORIGIN
        )
        update_view_layers(scene)
        if keeps_materials:
            keep_materials(old, built.objects)
        backup = Backup(old)
        try:
            _scale_to_earlier_height(root, old, built, is_asked=keeps_height)
            notes, matches, gone = _put_in_place(root, old, built, backup.copies)
        except BaseException:
            snapshot.accept(*backup.restore())
            raise
        # from here on the earlier version is removed: an error must not remove the new one
        snapshot.accept()
        notes = [note("earlier_kept", copy=backup.hide().name), *notes]
        for obj in gone:
            data_blocks.remap_users(matches.get(obj, root), obj)
        bpy.data.batch_remove([*gone, staging])
        tags.write(root, provenance)
        _clean_up(before.new(), earlier_data, backup.copies)
    hierarchy = tags.hierarchy(root)
    return PlacedResult(root, tags.result_collection(root), hierarchy, tuple(dict.fromkeys(notes)))


def _put_in_place(
    root: bpy.types.Object,
    old: list[bpy.types.Object],
    built: BuiltModel,
    copies: list[bpy.types.Object],
) -> tuple[list[Message], Matches, set[bpy.types.Object]]:
    """Exchange what `root` shows; return notes, the matched parts, and the objects to remove."""
    notes, matches, used = exchange(root, old, built, copies)
    alive = set(bpy.data.objects)
    gone = {obj for obj in (*old, *built.objects) if obj in alive and obj not in used}
    for obj in old:
        if obj in gone:
            notes += lost_with(obj)
    data_blocks.reparent_children(root, gone, used)
    return notes, matches, gone


def _clean_up(
    made: list[bpy.types.ID], earlier: list[bpy.types.ID], copies: list[bpy.types.Object]
) -> None:
    """Remove unused new data-blocks; name the others.

    Args:
        made: The data-blocks of the new version.
        earlier: All data-blocks from Mint that were in the file before, except objects.
        copies: The hidden copies of the earlier version.
    """
    made = [block for block in made if tags.is_marked(block)]
    while unused := [block for block in made if block.users == 0]:
        made = [block for block in made if block not in unused]
        bpy.data.batch_remove(unused)
    for block in _used_only_by(copies, earlier):
        block.name = f"{block.name.removesuffix(EARLIER)}{EARLIER}"
    for block in made:  # “Lamp.001” becomes “Lamp” if that name is free now
        plain = cleanup.plain_name(block.name)
        if not any(other.name == plain for other in data_blocks_of_kind(block)):
            block.name = plain


def _used_only_by(
    objects: Iterable[bpy.types.ID], blocks: Iterable[bpy.types.ID]
) -> list[bpy.types.ID]:
    """Return the data-blocks that nothing but these objects uses, directly or not."""
    users = bpy.data.user_map(subset=set(blocks))
    own = set(objects)
    while more := {block for block, by in users.items() if block not in own and by and by <= own}:
        own |= more
    return [user for user in users if user in own]


def replace_world(
    parts: WorldFiles,
    provenance: Provenance,
    root: bpy.types.Object,
    *,
    options: WorldOptions = WorldOptions(),
    scene: bpy.types.Scene | None = None,
    prepared: PreparedResult | None = None,
) -> PlacedResult:
    """Replace the parts of a World in the scene.

    The root stays. Parts that the new version lacks are removed, with a note. Parts that a
    background Blender has built are taken from `prepared`.

    Raises:
        SceneImportError: The World cannot be replaced; nothing has changed.
    """
    scene = scene or current_scene()
    files = parts.by_part()
    check(root)
    with import_transaction(scene):
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


def complete_world(
    root: bpy.types.Object,
    parts: WorldFiles,
    *,
    options: WorldOptions = WorldOptions(),
    scene: bpy.types.Scene | None = None,
    prepared: PreparedResult | None = None,
) -> PlacedResult:
    """Add the parts that a World lacks, and replace splats of another tier.

    Parts that a background Blender has built are taken from `prepared`.

    Raises:
        SceneImportError: A part cannot be added; nothing has changed.
    """
    scene = scene or current_scene()
    with import_transaction(scene):
        missing = {
            part: path
            for part, path in parts.by_part().items()
            if path is not None
            and (not world_objects.has_part(root, part) or _is_other_tier(root, part, path))
        }
        world_build.add_parts(
            root, missing, scene=scene, options=options, prepared=prepared if missing else None
        )
    return PlacedResult(root, tags.result_collection(root), tags.hierarchy(root))


def _is_other_tier(root: bpy.types.Object, part: str, path: Path) -> bool:
    """Return whether the file has another number of splats, and so is another tier."""
    return part == "SPLATS" and any(
        obj.get(splats.MARK) != decode.inspect(path).points
        for obj in world_objects.parts_of(root, "splats")
    )


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
    for obj in old:
        if is_override(obj):
            raise SceneImportError(
                "“{name}” is a library override: its model is in another file and can be"
                " replaced only there. Nothing was changed.",
                name=obj.name,
            )
        if is_linked(obj) or is_linked(obj.data):
            raise SceneImportError(
                "“{name}” is linked from another file and can be replaced only there."
                " Nothing was changed.",
                name=obj.name,
            )


def _check_object_mode(old: list[bpy.types.Object]) -> None:
    """Refuse if an object, or a linked duplicate of it, is not in Object Mode."""
    data = {obj.data for obj in old} - {None}
    in_other_mode = next(
        (
            obj
            for obj in bpy.data.objects
            if obj.mode != "OBJECT" and (obj in old or obj.data in data)
        ),
        None,
    )
    if in_other_mode is not None:
        raise SceneImportError(
            "“{name}” is in {mode} Mode. Switch to Object Mode, then replace the model.",
            name=in_other_mode.name,
            mode=in_other_mode.mode.replace("_", " ").title(),
        )


def _scale_to_earlier_height(
    root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel, *, is_asked: bool
) -> None:
    """Scale the new version to the earlier height, in the root's local space, if that was given."""
    if root.get(HEIGHT) is None and not is_asked:
        return
    earlier = bounds(old, within=root)
    new = built.extent
    if earlier is None or new[1][2] <= new[0][2]:
        return
    factor = (earlier[1][2] - earlier[0][2]) / (new[1][2] - new[0][2])
    if root.get(HEIGHT) is None and abs(factor - 1.0) < _SAME_HEIGHT:
        return
    scale = Matrix.Scale(factor, 4)
    if built.root.type == "MESH":
        built.root.data.transform(scale)
    for child in built.root.children:
        cleanup.transform_in_parent(child, scale)
        if child.type == "ARMATURE":
            apply_scale(child, list(built.objects))


def _model_objects(root: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the root and the parts that came with it, without the user's children."""
    own = [root]
    for child in root.children:
        if tags.read(child) is None:
            own += [obj for obj in _model_objects(child) if tags.is_marked(obj)]
    return own
