# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair an imported rig: bones, keys, names and material as somebody would have made them here.

The files of Mint's rig have joints in centimeters under a node of scale 0.01, which Blender imports
as bones of many meters; keys between the frames; takes of a single key; and a material that glows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..model import cleanup
from ..staging_scene import staging_scene
from . import fcurves, tracks


def repair(objects: list[bpy.types.Object]) -> None:
    """Repair all rigs among imported objects; anything else is unchanged."""
    rigs = [obj for obj in objects if obj.type == "ARMATURE"]
    for rig in rigs:
        apply_scale(rig, objects)
        # thin and inside the body: the importer draws large bones in front of it
        rig.show_in_front = False
        rig.data.display_type = "STICK"
    if rigs:
        _tidy_takes(rigs, objects)
    skinned = (obj for obj in objects if any(mod.type == "ARMATURE" for mod in obj.modifiers))
    for material in {slot.material for obj in skinned for slot in obj.material_slots}:
        if material is not None:
            _mend_material(material)


# -- Bones


def apply_scale(rig: bpy.types.Object, objects: list[bpy.types.Object]) -> None:
    """Bring bones, meshes and motion of a scaled armature to its size, so that its scale is 1.

    `objects` are those of its model, with its meshes.
    """
    scale = rig.scale.x
    if (
        not 0.0 < scale < math.inf
        or abs(scale - 1.0) <= cleanup.CLOSE
        or not all(abs(factor / scale - 1.0) <= cleanup.CLOSE for factor in rig.scale)
        or rig.data.users > 1
        or cleanup.has_object_animation(rig)
    ):
        return
    _scale_bones(rig, scale)
    for bone in rig.pose.bones:
        bone.location *= scale
    rig.scale = (1.0, 1.0, 1.0)
    for action in cleanup.actions(rig):
        for curve in cleanup.curves(action):
            channel = fcurves.bone_channel(curve)
            if channel is not None and channel[1] == "location":
                fcurves.scale_values(curve, scale)
        action.update_tag()
    scaled: set[Any] = set()
    for child in (obj for obj in objects if obj.parent == rig):
        _scale_child(child, scale, scaled)
    rig.data.update_tag()
    rig.update_tag()


def _scale_bones(rig: bpy.types.Object, scale: float) -> None:
    """Scale the heads of all bones about the origin; a bone ends where its next joint is near."""
    with staging_scene([rig]) as scene:
        layer = scene.view_layers[0]
        layer.objects.active = rig
        _set_mode(rig, "EDIT", scene)
        try:
            armature: Any = rig.data
            for bone in armature.edit_bones:
                bone.use_connect = False
            heads = {bone.name: bone.head * scale for bone in armature.edit_bones}
            lengths: dict[str, float] = {}
            for bone in _parents_first(armature.edit_bones):
                direction = (bone.tail - bone.head).normalized()
                lengths[bone.name] = _length(bone, heads, lengths)
                bone.head = heads[bone.name]
                bone.tail = bone.head + direction * lengths[bone.name]
        finally:
            _set_mode(rig, "OBJECT", scene)
        layer.objects.active = None


def _set_mode(rig: bpy.types.Object, mode: Any, scene: bpy.types.Scene) -> None:
    """Change the mode of a rig in a scene that no window shows."""
    # If another window shows another workspace, the operator drops `scene` from what is overridden,
    # but keeps a `view_layer`: Blender would evaluate the user's scene with that one, and crash.
    # Without one, the view layer follows from the scene.
    with bpy.context.temp_override(scene=scene, area=None, active_object=rig, object=rig):
        bpy.ops.object.mode_set(mode=mode)


def _parents_first(bones: Iterable[Any]) -> Iterator[Any]:
    waiting = [bone for bone in bones if bone.parent is None]
    while waiting:
        bone = waiting.pop()
        yield bone
        waiting += bone.children


def _length(bone: Any, heads: dict[str, Vector], lengths: dict[str, float]) -> float:
    """Return the distance to the nearest child; that of the parent without one, as imported."""
    distances = [(heads[child.name] - heads[bone.name]).length for child in bone.children]
    distances = [distance for distance in distances if distance > 1e-4]
    if distances:
        return min(distances)
    return lengths[bone.parent.name] if bone.parent else max(heads[bone.name].length, 0.01)


def _scale_child(child: bpy.types.Object, scale: float, scaled: set[Any]) -> None:
    """Keep a child of a scaled armature where its file has it; a mesh is scaled itself.

    The importer moves what hangs on a bone by the length that the bone should have had.
    """
    matrix = Matrix.Scale(scale, 4)
    cleanup.transform_in_parent(child, matrix)
    mesh: Any = child.data
    if child.type == "MESH" and not cleanup.has_object_animation(child):
        if mesh not in scaled:
            scaled.add(mesh)
            mesh.transform(matrix, shape_keys=True)
            mesh.update_tag()
        child.matrix_basis = child.matrix_basis @ matrix.inverted()


# -- Takes


def _tidy_takes(rigs: list[bpy.types.Object], objects: list[bpy.types.Object]) -> None:
    """Make each take of a rig a clip: from frame 1, on a muted track, under a readable name."""
    owners = [owner for owner in _animated(objects) if owner.animation_data is not None]
    by_rigs = {track.name for rig in rigs if rig in owners for track in _tracks(rig)}
    takes: dict[str, set[Any]] = {name: set() for name in by_rigs}
    for owner in owners:
        for track in _tracks(owner):
            if track.name in takes:
                takes[track.name] |= {strip.action for strip in track.strips if strip.action}
    empty: set[Any] = set()
    for actions in takes.values():
        curves = [
            curve
            for action in actions
            for curve in cleanup.curves(action)
            if len(curve.keyframe_points)
        ]
        if all(len(curve.keyframe_points) <= 1 for curve in curves):
            empty |= actions
            continue
        start = min(float(fcurves.frames(curve)[0]) for curve in curves)
        for curve in curves:
            fcurves.begin_at_frame_1(curve, start)
        for action in actions:
            action.update_tag()
    for owner in owners:
        if any(track.name in takes for track in _tracks(owner)):
            _rebuild(owner, empty)
    bpy.data.batch_remove(empty)


def _animated(objects: Iterable[bpy.types.Object]) -> Iterator[Any]:
    """Yield what the animations of a file can move: objects, and the shape keys of meshes."""
    for obj in objects:
        yield obj
        keys = getattr(obj.data, "shape_keys", None)
        if keys is not None:
            yield keys


def _tracks(owner: Any) -> list[Any]:
    return list(owner.animation_data.nla_tracks)


def _rebuild(owner: Any, without: set[Any]) -> None:
    """Put the takes of one owner onto muted tracks, in the order of the file, and use the first."""
    takes = [
        (track.name, strip.action)
        for track in reversed(_tracks(owner))  # the importer puts the first one on top
        for strip in track.strips
        if strip.action is not None and strip.action not in without
    ]
    data = owner.animation_data
    data.action = None
    for track in _tracks(owner):
        data.nla_tracks.remove(track)
    for name, action in takes:
        tracks.add(owner, action, tracks.words_of(name), original=name)
    if takes:
        tracks.assign(owner, takes[0][1])


# -- Material


def _mend_material(material: bpy.types.Material) -> None:
    """Undo glow and metal of a material that emits its own base color, as no surface does."""
    tree: Any = material.node_tree
    shader = next(
        (node for node in (tree.nodes if tree else ()) if node.type == "BSDF_PRINCIPLED"), None
    )
    if shader is None:
        return
    emission = shader.inputs["Emission Color"]
    metallic = shader.inputs["Metallic"]
    image = _image(emission)
    if image is None or image != _image(shader.inputs["Base Color"]):
        return
    for link in list(emission.links):
        node = link.from_node
        tree.links.remove(link)
        if not any(output.is_linked for output in node.outputs):
            tree.nodes.remove(node)
    emission.default_value = (0.0, 0.0, 0.0, 1.0)
    shader.inputs["Emission Strength"].default_value = 0.0
    if not metallic.is_linked:
        metallic.default_value = 0.0
    tint = shader.inputs["Specular Tint"]
    if not tint.is_linked and max(tint.default_value) > 1.0:
        tint.default_value = (1.0, 1.0, 1.0, 1.0)


def _image(socket: Any) -> bpy.types.Image | None:
    """Return the picture that is linked to an input, directly or through a mix of colors."""
    for link in socket.links:
        node = link.from_node
        if node.type == "TEX_IMAGE":
            image: bpy.types.Image | None = node.image
            return image
        for mix_input in node.inputs if node.type == "MIX" else ():
            if (image := _image(mix_input)) is not None:
                return image
    return None
