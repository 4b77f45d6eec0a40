# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the objects of an earlier version the data of a new one.

Parts are matched by name. An earlier object keeps what the user set on it and gets the data of its
match, its transform unless the user has moved it, and its pose and animation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...message import Message
from .. import mesh_arrays, tags
from ..data_blocks import is_linked
from ..model import cleanup
from ..model.build import NODE, REST, BuiltModel, is_moved, store_rest
from ..notes import note
from ..staging_scene import staging_scene
from .backup import EARLIER

Matches = dict[bpy.types.Object, bpy.types.Object]
"""From a part of the new version to the earlier object that stays in its place."""


def exchange(
    root: bpy.types.Object,
    old: list[bpy.types.Object],
    built: BuiltModel,
    copies: Collection[bpy.types.Object],
) -> tuple[list[Message], Matches, set[bpy.types.Object]]:
    """Bring a new version below the root of an earlier one.

    Args:
        root: The root of the earlier version, which stays.
        old: The root and its parts.
        built: The new version.
        copies: Objects that keep the earlier data.

    Returns:
        Notes, the matched parts, and all objects that are in use.
    """
    new = list(built.objects)
    is_empty = _is_empty_root(root, old)
    if not is_empty and built.root.type != "MESH" and _can_be_joined(new):
        new = [_join(new)]
    notes: list[Message] = []
    matches: Matches = {}
    single = None if is_empty else _mesh_for_root(new, built.root)
    if single is not None:
        matches[single] = root
    elif not is_empty:
        # moving parts cannot become one mesh: they are parented to a root without vertices
        notes += _empty_root_mesh(root)
    parts = [
        obj for obj in new if obj != single and (obj != built.root or built.root.type == "MESH")
    ]
    earlier = [obj for obj in old if obj != root]
    matches |= _match(earlier, parts)
    kept = _user_duplicates(earlier, matches)
    _exchange_data(matches, copies)
    for part, holder in matches.items():
        _repair_modifiers(part, holder, old, matches)
        notes += _take_animation(part, holder)
        if part.pose is not None and holder.pose is not None:
            _take_pose(part, holder)
        for key in part.keys():
            if key != REST:
                holder[key] = part[key]
    _parent_parts(parts, matches, root, built.root)
    return notes, matches, {root, *kept, *(matches.get(part, part) for part in parts)}


def lost_with(removed: bpy.types.Object) -> list[Message]:
    """Return a note on what the user has added to a part that is not in the new version."""
    holders = (removed, *(removed.pose.bones if removed.pose else ()))
    return _only_on_copy(
        removed,
        [modifier.name for modifier in removed.modifiers if modifier.type != "ARMATURE"]
        + [constraint.name for holder in holders for constraint in holder.constraints]
        + _own_animation(removed),
    )


def _only_on_copy(obj: bpy.types.Object, lost: list[str]) -> list[Message]:
    names = ", ".join(dict.fromkeys(lost))
    return [note("only_on_copy", name=obj.name, lost=names)] if lost else []


def _own_animation(obj: bpy.types.Object) -> list[str]:
    """Return the names of the actions and the paths of the drivers that the user has added."""
    drivers = obj.animation_data.drivers if obj.animation_data else ()
    action_names = [action.name for action in cleanup.actions(obj) if not tags.is_marked(action)]
    return sorted(action_names) + [curve.data_path for curve in drivers]


# -- The mesh of the root


def _is_empty_root(root: bpy.types.Object, old: list[bpy.types.Object]) -> bool:
    """Return whether the root is an empty, or a mesh without vertices."""
    return not isinstance(root.data, bpy.types.Mesh) or (
        # as a truth value, Blender would copy the positions that the mesh shares with others
        not len(root.data.vertices) and any(obj.type == "MESH" for obj in old if obj != root)
    )


def _can_be_joined(objects: list[bpy.types.Object]) -> bool:
    """Return whether the objects are plain meshes and empties without animation."""
    meshes = [obj for obj in objects if obj.type == "MESH"]
    is_static = all(obj.type in ("MESH", "EMPTY") and obj.animation_data is None for obj in objects)
    return is_static and not any(mesh.modifiers or mesh.data.shape_keys for mesh in meshes)


def _join(objects: list[bpy.types.Object]) -> bpy.types.Object:
    """Return one mesh object of all parts, at the origin; joined in a staging scene."""
    meshes = [obj for obj in objects if obj.type == "MESH"]
    with staging_scene(objects) as scene:
        view_layer = scene.view_layers[0]
        view_layer.update()
        for mesh in meshes:
            if mesh.data.users > 1:
                mesh.data = mesh.data.copy()
            world = mesh.matrix_world.copy()
            mesh.parent = None
            mesh.matrix_basis = Matrix.Identity(4)
            mesh.data.transform(world)
            if world.is_negative:
                mesh.data.flip_normals()
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


def _mesh_for_root(
    new: list[bpy.types.Object], new_root: bpy.types.Object
) -> bpy.types.Object | None:
    """Return the only mesh, transformed for a root that is a mesh, or None."""
    meshes = [obj for obj in new if obj.type == "MESH"]
    if len(meshes) != 1:
        return None
    matrix = Matrix.Identity(4)
    above = meshes[0]
    while above is not None and above != new_root:
        if cleanup.has_object_animation(above) or above.parent_type != "OBJECT":
            return None
        if above.parent:
            matrix = above.matrix_parent_inverse @ above.matrix_basis @ matrix
        above = above.parent
    mesh: Any = meshes[0].data
    if matrix != Matrix.Identity(4):
        mesh.transform(matrix, shape_keys=True)
    if matrix.is_negative:
        mesh.flip_normals()
    return meshes[0]


def _empty_root_mesh(root: bpy.types.Object) -> list[Message]:
    """Give the root a mesh without vertices; return notes."""
    earlier: Any = root.data
    mesh = bpy.data.meshes.new(root.name)
    name = earlier.name
    tags.mark([mesh])
    root.data = mesh
    earlier.name = f"{name}{EARLIER}"
    mesh.name = name
    return [note("modifiers_without_effect", name=root.name)] if root.modifiers else []


# -- The parts


def _match(old: Iterable[bpy.types.Object], parts: Iterable[bpy.types.Object]) -> Matches:
    """Match parts by type and name; single parts of a type match whatever their names."""
    old = list(old)
    parts = list(parts)
    matches: Matches = {}
    for kind in dict.fromkeys(part.type for part in parts):
        before = [obj for obj in old if obj.type == kind]
        after = [part for part in parts if part.type == kind]
        named = {_node_name(obj): obj for obj in reversed(before)}
        for part in after:
            earlier = named.pop(_node_name(part), None)
            if earlier is None and len(before) == len(after) == 1:
                earlier = before[0]
            if earlier is not None:
                matches[part] = earlier
    return matches


def _node_name(part: bpy.types.Object) -> str:
    """Return what identifies a part within its model."""
    return str(part.get(NODE) or cleanup.plain_name(part.name)).lower()


def _user_duplicates(old: Iterable[bpy.types.Object], matches: Matches) -> set[bpy.types.Object]:
    """Return the user's duplicates of parts that stay; they have the same marks."""
    kept = {(match.type, _node_name(match)) for match in matches.values() if NODE in match.keys()}
    return {
        obj
        for obj in old
        if obj not in matches.values()
        and NODE in obj.keys()
        and (obj.type, _node_name(obj)) in kept
    }


def _exchange_data(matches: Matches, copies: Collection[bpy.types.Object]) -> None:
    """Give matched objects, and linked duplicates of them, the new data under the earlier names."""
    replaced: dict[Any, Any] = {}
    names = {
        earlier.data: earlier.data.name for earlier in matches.values() if earlier.data is not None
    }
    for part, earlier in matches.items():
        gone: Any = earlier.data
        new: Any = part.data
        if gone is None or gone == new:
            continue
        slots = [slot.material if slot.link == "DATA" else None for slot in earlier.material_slots]
        earlier.data = new
        if new not in replaced.values():
            _keep_materials(slots, new)
            gone.name = f"{names[gone]}{EARLIER}"
            new.name = names[gone]
        replaced.setdefault(gone, new)
    for obj in bpy.data.objects:
        if obj.data in replaced and obj not in copies and not is_linked(obj):
            obj.data = replaced[obj.data]


def _keep_materials(slots: list[Any], data: Any) -> None:
    """Assign the user's materials to the slots with the same index, or to further ones."""
    for number, material in enumerate(slots):
        if material is None or tags.is_marked(material):
            continue
        if number < len(data.materials):
            data.materials[number] = material
        else:
            data.materials.append(material)


_SAME_UV = 1e-3
"""Difference of coordinates in a picture that two files of one surface may have."""


def keep_materials(earlier: Iterable[bpy.types.Object], new: Iterable[bpy.types.Object]) -> None:
    """Give meshes of a new version the materials of an earlier one with the same triangles and UVs.

    The order of the triangles may be another one.
    """
    before = [obj for obj in earlier if isinstance(obj.data, bpy.types.Mesh)]
    for part in new:
        mesh = part.data
        if isinstance(mesh, bpy.types.Mesh) and len(mesh.polygons):
            same = (obj for obj in before if _has_same_surface(obj.data, mesh))
            for number, slot in enumerate(next((obj.material_slots for obj in same), ())):
                mesh.materials[number] = slot.material


def _has_same_surface(one: Any, other: Any) -> bool:
    """Return whether two meshes show a picture alike, however they are deformed."""
    if len(one.materials) != len(other.materials) or len(one.polygons) != len(other.polygons):
        return False
    one_uvs = _uvs(one)
    other_uvs = _uvs(other)
    if one_uvs is None or other_uvs is None or one_uvs.shape != other_uvs.shape:
        return False
    counts = [
        np.bincount(mesh_arrays.read(mesh.polygons, "material_index", len(mesh.polygons), np.int32))
        for mesh in (one, other)
    ]
    if not np.array_equal(counts[0], counts[1]):
        return False
    if np.abs(one_uvs - other_uvs).max() <= _SAME_UV:
        return True
    # sorted along several directions, since the corners have no common order
    for direction in ((1.0, 0.0), (0.0, 1.0), (0.6, 0.8)):
        pair = (np.sort(uvs @ np.array(direction)) for uvs in (one_uvs, other_uvs))
        if np.abs(np.subtract(*pair)).max() > _SAME_UV:
            return False
    return True


def _uvs(mesh: Any) -> np.ndarray | None:
    """Return the coordinates of each corner in the pictures, of shape (n, 2)."""
    layer = mesh.uv_layers.active
    if layer is None or not len(layer.uv):
        return None
    return mesh_arrays.read(layer.uv, "vector", 2 * len(layer.uv)).reshape(-1, 2)


def _repair_modifiers(
    part: bpy.types.Object, earlier: bpy.types.Object, old: list[bpy.types.Object], matches: Matches
) -> None:
    """Replace the model's armature modifiers; the user's modifiers keep their order."""
    own = [
        modifier
        for modifier in earlier.modifiers
        if modifier.type == "ARMATURE" and modifier.object in old
    ]
    new = [modifier for modifier in part.modifiers if modifier.type == "ARMATURE"]
    for modifier in own[len(new) :]:
        earlier.modifiers.remove(modifier)
    for number, modifier in enumerate(new):
        if number < len(own):
            target = own[number]
        else:  # before the user's modifiers, which work on the posed mesh
            target = earlier.modifiers.new(modifier.name, "ARMATURE")
            earlier.modifiers.move(len(earlier.modifiers) - 1, number)
        target.object = matches.get(modifier.object, modifier.object)


def _take_animation(part: bpy.types.Object, earlier: bpy.types.Object) -> list[Message]:
    """Animate an object as its match, if either version brings animation; return notes."""
    part_data = part.animation_data
    if part_data is None and not any(tags.is_marked(action) for action in cleanup.actions(earlier)):
        return []
    notes = _only_on_copy(earlier, _own_animation(earlier))
    earlier.animation_data_clear()
    if part_data is not None:
        data = earlier.animation_data_create()
        data.action = part_data.action
        _take_slot(data, part_data)
        for track in part_data.nla_tracks:
            taken = data.nla_tracks.new()
            taken.name = track.name
            for strip in track.strips:
                if strip.action is not None:
                    start = round(strip.frame_start)
                    _take_slot(taken.strips.new(strip.name, start, strip.action), strip)
            taken.mute = track.mute
            taken.lock = track.lock
    return notes


def _take_slot(target: Any, source: Any) -> None:
    """Choose the same slot of an action; Blender has slots since 4.4."""
    if getattr(source, "action_slot", None) is not None:
        target.action_slot = source.action_slot


def _take_pose(part: bpy.types.Object, earlier: bpy.types.Object) -> None:
    for bone in part.pose.bones:
        earlier.pose.bones[bone.name].matrix_basis = bone.matrix_basis


def _parent_parts(
    parts: Iterable[bpy.types.Object],
    matches: Matches,
    root: bpy.types.Object,
    new_root: bpy.types.Object,
) -> None:
    """Parent the parts of a new version to the root; parts that the user moved stay."""
    parts = [part for part in parts if part not in matches or not _is_moved(matches[part])]
    for part in parts:
        if part in matches:
            matches[part].parent = None  # parent and child may have changed places
    for part in parts:
        holder = matches.get(part, part)
        parent = part.parent
        below_root = part == new_root or parent in (None, new_root)
        kind, bone = ("OBJECT", "") if below_root else (part.parent_type, part.parent_bone)
        basis = Matrix.Identity(4) if part == new_root else part.matrix_basis.copy()
        holder.parent = root if parent is None or below_root else matches.get(parent, parent)
        holder.parent_type = kind
        holder.parent_bone = bone
        holder.matrix_parent_inverse = part.matrix_parent_inverse.copy()
        if part.animation_data is not None or holder.animation_data is None:
            holder.rotation_mode = part.rotation_mode
        holder.matrix_basis = basis
        store_rest(holder)
        if part not in matches:
            for collection in root.users_collection:
                collection.objects.link(part)


def _is_moved(part: bpy.types.Object) -> bool:
    """Return whether the user moved a part that is still below the model."""
    return is_moved(part) and part.parent is not None and not cleanup.has_object_animation(part)
