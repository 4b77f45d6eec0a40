# SPDX-License-Identifier: GPL-3.0-or-later
"""A revised, retried or optimised version takes the place of an earlier one.

What the user has built around a model hangs on its objects: parents, collections, modifiers, constraints, drivers. So the objects
stay and only what they show is exchanged; where a part has no counterpart, everything that pointed at it points at the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Matrix

from ...files import glb, picture, spz
from . import provenance as origin
from .blocks import Inventory
from .landing import Placed, whole_or_nothing
from .measure import bounds
from .model import BuiltModel, build_model
from .provenance import Provenance
from .trouble import ImportTrouble

if TYPE_CHECKING:
    from .world import WorldFiles, WorldOptions

HEIGHT = origin.PREFIX + "height"
NOWHERE = (0.0, 0.0, 0.0)


def replace_model(path: Path, provenance: Provenance, root: bpy.types.Object, *, scene: bpy.types.Scene | None = None) -> Placed:
    """Put the model of this GLB in the place of what `root` shows; one undo step.

    `root` stays, with its name, transform, parent, collections, modifiers and constraints. Where the earlier version was scaled to a
    height, the new one is as high. Raises ImportTrouble, and then nothing has changed.
    """
    scene = scene or bpy.context.scene
    old = _own(root)
    _refuse_while_edited(root, old)
    before = Inventory()
    with whole_or_nothing(scene, provenance):
        workshop = bpy.data.collections.new("\x01 Mint")  # in no scene: the new version is seen only when it is in place
        built = build_model(path, name=provenance.title, collection=workshop, scene=scene, at=NOWHERE)
        _as_high_as(root, old, built)
        waste = _used_by(old)
        notes, used = _exchange(root, old, built)
        alive = set(bpy.data.objects)
        gone = {each for each in (*old, *built.objects) if each in alive and each not in used}
        notes += _lost_with([each for each in old if each in gone])
        _adopt(root, gone, used)
        for each in gone:
            _point_elsewhere(each, root)
        bpy.data.batch_remove([*gone, workshop])
        _clear_away([*waste, *before.new()])
        origin.write(root, provenance)
    family = origin.family(root)
    return Placed(root, origin.home_collection(root), family, tuple(notes))


def replace_world(
    parts: WorldFiles,
    provenance: Provenance,
    root: bpy.types.Object,
    *,
    options: WorldOptions | None = None,
    scene: bpy.types.Scene | None = None,
) -> Placed:
    """Put other parts into a World that is in the scene; one undo step.

    The root stays as the user has it, and parts that do not come again go.
    Raises ImportTrouble, and then nothing has changed: all files are looked at before the first is exchanged.
    """
    from . import world

    scene = scene or bpy.context.scene
    options = options or world.WorldOptions()
    files: dict[world.Part, Path | None] = {"COLLIDER": parts.collider, "PANORAMA": parts.panorama, "SPLATS": parts.splats}
    _refuse_while_edited(root, list(origin.family(root)))
    with whole_or_nothing(scene, provenance):
        for path, look in ((parts.collider, glb.inspect), (parts.panorama, picture.inspect), (parts.splats, spz.inspect)):
            if path is not None:
                look(path)
        for part, path in files.items():
            if path is None:
                world.remove_part(root, part, scene=scene)
            else:
                world.add_part(root, part, path, scene=scene, options=options)
        origin.write(root, provenance)
    return Placed(root, origin.home_collection(root), origin.family(root))


def _refuse_while_edited(root: bpy.types.Object, old: list[bpy.types.Object]) -> None:
    if root.library is not None:
        raise ImportTrouble(f"“{root.name}” is linked from another file and can be replaced only there. Nothing was changed.")
    busy = next((each for each in old if each.mode != "OBJECT"), None)
    if busy is not None:
        raise ImportTrouble(
            f"“{busy.name}” is being worked on in {busy.mode.replace('_', ' ').title()} Mode. Leave it, then replace the model."
        )


def _as_high_as(root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel) -> None:
    """Scale the new version, below its root, to the height that the earlier one has in its root's own space."""
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
        child.matrix_basis = scale @ child.matrix_basis


def _own(root: bpy.types.Object) -> list[bpy.types.Object]:
    """The root and the parts that came with it; not what the user has hung on it, nor another result of Mint's and its parts."""
    own = [root]
    for child in root.children:
        if origin.read(child) is None:
            own += [each for each in _own(child) if origin.is_marked(each)]
    return own


def _exchange(root: bpy.types.Object, old: list[bpy.types.Object], built: BuiltModel) -> tuple[list[str], set[bpy.types.Object]]:
    """Bring the new version under `root`. Answers with notes, and with the objects that it consists of from now on."""
    new = list(built.objects)
    if root.type == "MESH" and built.root.type != "MESH" and _is_plain(new):
        new = [_joined(new)]
    if root.type == "MESH" and len(new) == 1:
        _show(root, new[0].data)
        return [], {root}
    if root.type == "MESH":  # parts that move cannot become one mesh: the root shows nothing itself and carries them
        _show(root, bpy.data.meshes.new(root.name))
        notes = [f"“{root.name}” now carries several moving parts; its own modifiers have nothing to work on."] if root.modifiers else []
    else:
        notes = []
    parts = new if built.root.type == "MESH" else [each for each in new if each != built.root]
    return notes, {root, *_exchange_parts(root, [each for each in old if each != root], parts, built.root)}


def _exchange_parts(
    root: bpy.types.Object, old: list[bpy.types.Object], parts: list[bpy.types.Object], new_root: bpy.types.Object
) -> list[bpy.types.Object]:
    """Hang the new parts under the root; a part that has an earlier counterpart lends it its mesh. The parts that are there then."""
    stays: dict[bpy.types.Object, bpy.types.Object] = {}
    for part, earlier in _pairs(old, parts):
        _show(earlier, part.data)
        stays[part] = earlier
    for part in parts:
        holder = stays.get(part, part)
        parent = None if part == new_root else part.parent
        basis = part.matrix_basis.copy() if part != new_root else Matrix.Identity(4)
        bone = (part.parent_type, part.parent_bone)
        holder.parent = root if parent in (None, new_root) else stays.get(parent, parent)
        holder.parent_type, holder.parent_bone = bone if parent not in (None, new_root) else ("OBJECT", "")
        holder.matrix_parent_inverse = Matrix.Identity(4)
        holder.matrix_basis = basis
        if part not in stays:
            for collection in root.users_collection:
                collection.objects.link(part)
    return [stays.get(part, part) for part in parts]


def _pairs(old: list[bpy.types.Object], parts: list[bpy.types.Object]) -> list[tuple[bpy.types.Object, bpy.types.Object]]:
    """Parts that merely show a mesh, each with the earlier part of the same name; two lone ones belong together whatever their names."""
    before, after = [each for each in old if _shows_mesh(each)], [each for each in parts if _shows_mesh(each)]
    if len(before) == len(after) == 1:
        return [(after[0], before[0])]
    named = {_plain(each): each for each in reversed(before)}
    pairs = []
    for part in after:
        earlier = named.pop(_plain(part), None)
        if earlier is not None:
            pairs.append((part, earlier))
    return pairs


def _plain(each: bpy.types.Object) -> str:
    return re.sub(r"\.\d{3,}$", "", each.name).lower()


def _shows_mesh(each: bpy.types.Object) -> bool:
    return each.type == "MESH" and each.animation_data is None and not any(modifier.type == "ARMATURE" for modifier in each.modifiers)


def _show(holder: bpy.types.Object, mesh: Any) -> None:
    """Let the object show another mesh, and its linked duplicates with it."""
    earlier: Any = holder.data
    name = earlier.name
    earlier.user_remap(mesh)
    earlier.name = f"{name} (earlier)"
    mesh.name = name


def _is_plain(objects: list[bpy.types.Object]) -> bool:
    return all(_shows_mesh(each) or each.type == "EMPTY" for each in objects) and all(each.animation_data is None for each in objects)


def _joined(objects: list[bpy.types.Object]) -> bpy.types.Object:
    """One mesh object of all parts, at the origin. Works in a scene of its own."""
    meshes = [each for each in objects if each.type == "MESH"]
    scene = bpy.data.scenes.new("\x01 Mint")
    try:
        for each in objects:
            scene.collection.objects.link(each)
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
            scene=scene, view_layer=view_layer, active_object=first, object=first, selected_objects=meshes, selected_editable_objects=meshes
        ):
            bpy.ops.object.join()
        return first
    finally:
        bpy.data.scenes.remove(scene)


def _adopt(root: bpy.types.Object, gone: set[bpy.types.Object], used: set[bpy.types.Object]) -> None:
    """What the user has hung on parts that go away hangs on the root, where it was in the world."""
    for each in [child for part in gone for child in part.children if child not in gone and child not in used]:
        world = each.matrix_world.copy()
        each.parent, each.parent_type = root, "OBJECT"
        each.matrix_parent_inverse = root.matrix_world.inverted_safe()
        each.matrix_basis = world


def _lost_with(parts: Iterable[bpy.types.Object]) -> list[str]:
    """A sentence for each part that goes with something of the user's on it. An armature's modifier came with the model."""
    notes = []
    for each in parts:
        own = [mine.name for mine in each.modifiers if mine.type != "ARMATURE"] + [mine.name for mine in each.constraints]
        if own:
            notes.append(f"“{each.name}” has no counterpart in the new version: what was set on it went with it ({', '.join(own)}).")
    return notes


def _used_by(objects: Iterable[bpy.types.Object]) -> list[bpy.types.ID]:
    """The meshes, armatures, actions, materials and pictures of these objects, users before what they use."""
    objects = list(objects)
    data = [each.data for each in objects if each.data is not None]
    actions = [each.animation_data.action for each in objects if each.animation_data and each.animation_data.action]
    materials = [slot.material for each in objects for slot in each.material_slots if slot.material]
    images = [node.image for each in materials if each.node_tree for node in each.node_tree.nodes if getattr(node, "image", None)]
    return list(dict.fromkeys([*data, *actions, *materials, *images]))


def _point_elsewhere(gone: bpy.types.Object, root: bpy.types.Object) -> None:
    """Let everything that points at an object point at the root. Collections first: remapped there, they keep a freed object in a cache."""
    for collection in list(gone.users_collection):
        collection.objects.unlink(gone)
    gone.user_remap(root)


def _clear_away(blocks: Iterable[bpy.types.ID]) -> None:
    """Delete what came from Mint with the earlier version and is used by nothing any more."""
    for each in blocks:
        if each.users == 0 and origin.is_marked(each):
            bpy.data.batch_remove([each])
