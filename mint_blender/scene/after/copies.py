# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a model as a game engine wants it: scale applied, clips as strips, one root.

Everything is made in a scene of its own. The model itself does not change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .. import mesh_arrays, tags
from ..animation import fcurves
from ..animation.clips import rig_of
from ..bounds import evaluated_depsgraph
from ..model import cleanup
from . import mesh_tools
from .borrowed_names import BorrowedNames


@dataclass
class ModelCopy:
    """A copy of a model in a scene that holds nothing else."""

    scene: bpy.types.Scene
    rig: Any = None
    meshes: list[Any] = field(default_factory=list)
    parts_move: bool = False
    """Whether its parts are animated: then they are the parts of the model itself."""
    origin: Vector = field(default_factory=Vector)
    """Where in the scene of the model its origin is."""

    @property
    def triangles(self) -> int:
        """How many triangles the meshes have together."""
        return sum(mesh_tools.triangles(obj.data) for obj in self.meshes)


@dataclass(frozen=True)
class _Part:
    """A mesh of the model as it is shown at rest."""

    source: bpy.types.Object
    mesh: bpy.types.Mesh
    world: Matrix


def copy_model(
    root: bpy.types.Object,
    name: str,
    scene: bpy.types.Scene,
    names: BorrowedNames,
    *,
    most_clips: int | None = None,
) -> ModelCopy:
    """Return a copy of a model in a scene that is empty.

    Its scale and rotation are applied. The origin of a model is at the center of its bottom; that
    of a character is where the root is. A model whose parts are animated is not copied: its own
    objects are linked into the scene. With `most_clips` 0, both are copied as they stand at rest.
    """
    objects = tags.hierarchy(root)
    rigs = [obj for obj in objects if obj.type == "ARMATURE"]
    with _at_rest(rigs), evaluated_depsgraph(objects) as depsgraph:
        worlds = {obj: obj.evaluated_get(depsgraph).matrix_world.copy() for obj in objects}
        moves = any(map(cleanup.has_object_animation, objects[1:]))
        if most_clips != 0 and (moves or not _is_applicable([worlds[rig] for rig in rigs])):
            return _linked_model(objects, scene)
        parts = [
            _Part(obj, _shown_mesh(obj, depsgraph), worlds[obj]) for obj in _visible_meshes(objects)
        ]
    parts = [part for part in parts if part.mesh.polygons]
    made = ModelCopy(scene)
    rig = rigs[0] if rigs and most_clips != 0 else None
    if rig is None:
        to_origin = Matrix.Translation(-_bottom_center(parts))
    else:
        to_origin = Matrix.Translation(-worlds[root].translation)
        clips = clips_to_export(rig)[:most_clips]
        made.rig = _copy_rig(rig, to_origin @ worlds[rig], clips, scene)
        names.give(made.rig, f"{name}_Rig")
    parts.sort(key=lambda part: -len(part.mesh.polygons))
    taken: set[str] = set()
    for part in parts:
        obj = _copy_part(part, to_origin, rig, made.rig, scene)
        title = _part_title(name, part.source.name.removeprefix(root.name), taken)
        names.give(obj, title)
        names.give(obj.data, title)
        made.meshes.append(obj)
    made.origin = -to_origin.translation
    scene.view_layers[0].update()
    return made


def shown_parts(root: bpy.types.Object) -> list[tuple[bpy.types.Object, bpy.types.Mesh]]:
    """Return each visible mesh below a root, with a new mesh: it with its modifiers, at rest."""
    objects = tags.hierarchy(root)
    rigs = [obj for obj in objects if obj.type == "ARMATURE"]
    with _at_rest(rigs), evaluated_depsgraph(objects) as depsgraph:
        return [(obj, _shown_mesh(obj, depsgraph)) for obj in _visible_meshes(objects)]


def _part_title(name: str, rest: str, taken: set[str]) -> str:
    """Return the name of a part that no other has: the largest has that of the model."""
    rest = bpy.path.clean_name(rest.strip())
    title = f"{name}_{rest}" if taken and rest else name
    number = 0
    while title in taken:
        number += 1
        title = f"{name}_{rest or 'part'}_{number}"
    taken.add(title)
    return title


def _visible_meshes(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """Return the meshes that renders show; if they show none, all of them."""
    meshes = [obj for obj in objects if obj.type == "MESH" and obj.data is not None]
    return [obj for obj in meshes if not obj.hide_render] or meshes


def _linked_model(objects: tuple[bpy.types.Object, ...], scene: bpy.types.Scene) -> ModelCopy:
    """Link the objects of a model into the scene, as they are."""
    for obj in objects:
        scene.collection.objects.link(obj)
    scene.frame_start, scene.frame_end = _frames_of(objects)
    rig = next((obj for obj in objects if obj.type == "ARMATURE"), None)
    return ModelCopy(scene, rig, _visible_meshes(objects), True)


def _frames_of(objects: tuple[bpy.types.Object, ...]) -> tuple[int, int]:
    """Return the first and the last frame of all Actions that animate objects."""
    ranges = [action.frame_range for obj in objects for action in cleanup.actions(obj)] or [(1, 1)]
    return round(min(first for first, _ in ranges)), round(max(last for _, last in ranges))


def _is_applicable(rigs: list[Matrix]) -> bool:
    """Return whether there is at most one armature, and its scale can be applied."""
    if not rigs:
        return True
    scale: Any = rigs[0].to_scale()
    is_even = max(scale) - min(scale) <= cleanup.CLOSE * max(scale)
    return len(rigs) == 1 and is_even and not rigs[0].is_negative


def _shown_mesh(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> bpy.types.Mesh:
    """Return a new mesh: that of an object with its modifiers."""
    return bpy.data.meshes.new_from_object(
        obj.evaluated_get(depsgraph), preserve_all_data_layers=True, depsgraph=depsgraph
    )


@contextlib.contextmanager
def _at_rest(rigs: list[bpy.types.Object]) -> Iterator[None]:
    """Show armatures in their rest pose."""
    armatures: list[Any] = [rig.data for rig in rigs]
    before = [armature.pose_position for armature in armatures]
    for armature in armatures:
        armature.pose_position = "REST"
    try:
        yield
    finally:
        for armature, position in zip(armatures, before, strict=True):
            armature.pose_position = position


def _bottom_center(parts: list[_Part]) -> Vector:
    """Return the point between all vertices, at the height of the lowest."""
    if not parts:
        return Vector()
    points = np.concatenate(
        [
            mesh_arrays.transformed(mesh_arrays.positions(part.mesh).reshape(-1, 3), part.world)
            for part in parts
        ]
    )
    low = points.min(axis=0)
    high = points.max(axis=0)
    return Vector(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]))


def _copy_part(
    part: _Part,
    to_origin: Matrix,
    rig: bpy.types.Object | None,
    rig_copy: Any,
    scene: bpy.types.Scene,
) -> Any:
    """Return a copy of a mesh with its transform applied, bound to the copy of the rig."""
    mesh = part.mesh
    mesh.transform(to_origin @ part.world)
    if part.world.is_negative:
        mesh.flip_normals()
    mesh_tools.limit_weights(mesh)
    obj: Any = bpy.data.objects.new("Mint", mesh)
    scene.collection.objects.link(obj)
    if rig is None or rig_copy is None:
        if part.source.parent_type == "BONE":  # as a weight it is not lost
            group = obj.vertex_groups.new(name=part.source.parent_bone)
            group.add(range(len(mesh.vertices)), 1.0, "REPLACE")
        return obj
    obj.parent = rig_copy
    if rig_of(part.source) == rig:
        obj.modifiers.new("Armature", "ARMATURE").object = rig_copy
    elif part.source.parent == rig and part.source.parent_type == "BONE":
        bone: Any = rig_copy.data.bones[part.source.parent_bone]
        obj.parent_type = "BONE"
        obj.parent_bone = part.source.parent_bone
        tip = Matrix.Translation((0.0, bone.length, 0.0))
        obj.matrix_parent_inverse = (bone.matrix_local @ tip).inverted_safe()
    return obj


# -- The rig and its clips


def _copy_rig(
    rig: bpy.types.Object,
    matrix: Matrix,
    clips: list[tuple[str, Any]],
    scene: bpy.types.Scene,
) -> bpy.types.Object:
    """Return a copy of an armature, with a matrix applied, and a strip for each clip."""
    copy: Any = rig.copy()
    data: Any = rig.data
    data = copy.data = data.copy()
    scale = matrix.to_scale().x
    data.transform(matrix)
    data.pose_position = "POSE"
    copy.parent = None
    copy.matrix_world = Matrix()
    copy.hide_viewport = copy.hide_render = False
    for bone in copy.pose.bones:
        bone.location *= scale
    copy.animation_data_clear()
    for clip_name, action in clips:
        _add_strip(copy, clip_name, action.copy(), scale)
    scene.collection.objects.link(copy)
    return copy


def clips_to_export(rig: bpy.types.Object) -> list[tuple[str, Any]]:
    """Return name and Action of each clip; that which is assigned is the first.

    Clips are the tracks of one strip, and the assigned Action.
    """
    data: Any = rig.animation_data
    if data is None:
        return []
    clips = [
        (track.name, track.strips[0].action)
        for track in data.nla_tracks
        if len(track.strips) == 1 and track.strips[0].action is not None
    ]
    if data.action is not None and data.action not in [action for _, action in clips]:
        clips.append((data.action.name, data.action))
    return sorted(clips, key=lambda clip: clip[1] != data.action)


def _add_strip(rig: Any, name: str, action: Any, scale: float) -> None:
    """Add a clip from frame 0 on a track that is not muted: a muted one is not exported to FBX."""
    for curve in cleanup.curves(action):
        channel = fcurves.bone_channel(curve)
        if channel is not None and channel[1] == "location":
            fcurves.scale_values(curve, scale)
    track = (rig.animation_data or rig.animation_data_create()).nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, 0, action)
    strip.name = name
    if hasattr(strip, "action_slot") and strip.action_slot is None and action.slots:
        strip.action_slot = action.slots[0]
