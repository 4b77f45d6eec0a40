# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two skeletons, and fit the motion of one to the other.

Both are seen upright: in the axes of their models, whatever their armatures' own axes are, and as
they were delivered, wherever the user has moved them since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from .. import tags
from . import fcurves

_ANGLE = np.radians(0.1)
_DISTANCE = 0.001
"""In meters."""
_ENOUGH = 0.9
"""How many of the bones have to be in a clip, beside the hips."""
_LOW = 1e-3
"""Scene units below which the height of the hips says nothing, as in a creature that crawls."""
_REST = tags.PREFIX + "rest"


@dataclass(frozen=True)
class Bone:
    """A bone at rest, upright."""

    parent: str
    rotation: np.ndarray
    head: np.ndarray


Skeleton = Mapping[str, Bone]


@dataclass(frozen=True)
class Fit:
    """What a clip of one skeleton needs to move another."""

    is_same: bool
    """Whether the Action can be shared as it is."""
    is_usable: bool
    shared: int
    """How many bones of the character the clip has."""
    missing: tuple[str, ...]
    """The others."""


def skeleton_of(rig: bpy.types.Object) -> dict[str, Bone]:
    """Return the bones of an armature, parents before their children."""
    armature: Any = rig.data
    axes = upright(rig)
    bones = {}
    waiting = [bone for bone in armature.bones if bone.parent is None]
    while waiting:
        bone = waiting.pop(0)
        waiting += bone.children
        rest = np.array(bone.matrix_local)
        parent = bone.parent.name if bone.parent else ""
        bones[bone.name] = Bone(parent, axes @ rest[:3, :3], axes @ rest[:3, 3])
    return bones


def upright(rig: bpy.types.Object) -> np.ndarray:
    """Return the rotation from an armature's space to that of its model, as it was delivered."""
    rotation = Matrix.Identity(3)
    obj = rig
    root = tags.root_of(rig)
    while obj != root:
        rest = obj.get(_REST)
        basis = obj.matrix_basis if rest is None else Matrix(np.reshape(rest, (4, 4)).tolist())
        rotation = basis.to_3x3().normalized() @ rotation
        if obj.parent is None:
            break
        rotation = obj.matrix_parent_inverse.to_3x3().normalized() @ rotation
        obj = obj.parent
    return np.array(rotation)


def compare(character: Skeleton, clip: Skeleton, *, meters_per_unit: float = 1.0) -> Fit:
    """Return whether a clip of a skeleton can move a character."""
    missing = tuple(name for name in character if name not in clip)
    shared = len(character) - len(missing)
    is_same = all(
        name in character
        and bone.parent == character[name].parent
        and _angle(bone.rotation, character[name].rotation) <= _ANGLE
        and np.linalg.norm(bone.head - character[name].head) * meters_per_unit <= _DISTANCE
        for name, bone in clip.items()
    )
    is_usable = bool(character) and hips(character) in clip and shared >= _ENOUGH * len(character)
    return Fit(is_same, is_usable, shared, missing)


def hips(bones: Skeleton) -> str:
    """Return the bone that carries the body: the one of that name, or the first one."""
    named = (name for name in bones if name.lower().endswith(("hips", "pelvis")))
    return next(named, next(iter(bones)))


def bake(action: Any, clip: Skeleton, rig: bpy.types.Object) -> None:
    """Rewrite the keys of a clip, so that it moves this armature as it moved its own.

    The Action has to be assigned to the armature. Each bone turns from its own rest pose as the
    bone of that name did, seen upright; positions are scaled with the height of the hips.
    """
    character = skeleton_of(rig)
    curves = fcurves.by_bone(action)
    at = [fcurves.frames(curve) for channels in curves.values() for curve in channels.values()]
    frames = np.unique(np.concatenate(at))
    character_height = _hip_height(character, clip)
    clip_height = _hip_height(clip, character)
    ratio = character_height / clip_height if min(character_height, clip_height) > _LOW else 1.0
    turns = _turns(clip, curves, frames)
    poses: dict[str, np.ndarray] = {}
    for name, bone in character.items():
        above = character[bone.parent].rotation if bone.parent else np.eye(3)
        parent = poses[bone.parent] if bone.parent else np.broadcast_to(np.eye(3), (1, 3, 3))
        still = parent @ (above.T @ bone.rotation)
        if name not in clip:
            poses[name] = np.broadcast_to(still, (len(frames), 3, 3))
            continue
        poses[name] = turns[name] @ bone.rotation
        change = np.swapaxes(still, 1, 2) @ poses[name]
        path = f'pose.bones["{bpy.utils.escape_identifier(name)}"]'
        _write(action, rig, f"{path}.rotation_quaternion", frames, _quaternions(change))
        channels = curves.get(name, {})
        if any(("location", axis) in channels for axis in range(3)):
            moved = _sample(channels, "location", frames, (0.0, 0.0, 0.0))
            values = moved @ (bone.rotation.T @ clip[name].rotation).T * ratio
            _write(action, rig, f"{path}.location", frames, values)
    action.update_tag()


def _turns(
    clip: Skeleton, curves: dict[str, dict[tuple[str, int], Any]], frames: np.ndarray
) -> dict[str, np.ndarray]:
    """Return how each bone is turned against its rest pose, upright, shape (n, 3, 3)."""
    poses: dict[str, np.ndarray] = {}
    for name, bone in clip.items():
        basis = _matrices(
            _sample(curves.get(name, {}), "rotation_quaternion", frames, (1.0, 0.0, 0.0, 0.0))
        )
        if bone.parent:
            above = clip[bone.parent].rotation
            poses[name] = poses[bone.parent] @ (above.T @ bone.rotation) @ basis
        else:
            poses[name] = bone.rotation @ basis
    return {name: poses[name] @ clip[name].rotation.T for name in clip}


def _sample(
    curves: dict[tuple[str, int], Any], name: str, frames: np.ndarray, default: tuple[float, ...]
) -> np.ndarray:
    """Return the values of a property at these frames, shape (n, width)."""
    columns = [
        [curve.evaluate(frame) for frame in frames]
        if (curve := curves.get((name, axis))) is not None
        else np.full(len(frames), value)
        for axis, value in enumerate(default)
    ]
    return np.array(columns, np.float64).T


def _write(
    action: Any, rig: bpy.types.Object, path: str, frames: np.ndarray, values: np.ndarray
) -> None:
    for axis, column in enumerate(values.T):
        fcurves.set_keys(fcurves.ensure(action, rig, path, axis), frames, column)


def _hip_height(bones: Skeleton, other: Skeleton) -> float:
    """Return how high the hips are above the lowest joint that both skeletons have."""
    lowest = min(bone.head[2] for name, bone in bones.items() if name in other)
    return float(bones[hips(bones)].head[2] - lowest)


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.arcsin(min(np.linalg.norm(one - other) / np.sqrt(8), 1.0)))


def _matrices(quaternions: np.ndarray) -> np.ndarray:
    """Return rotation matrices, shape (n, 3, 3), of quaternions (w, x, y, z)."""
    lengths = np.maximum(np.linalg.norm(quaternions, axis=1, keepdims=True), 1e-9)
    w, x, y, z = (quaternions / lengths).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def _quaternions(matrices: np.ndarray) -> np.ndarray:
    """Return quaternions (w, x, y, z) that follow each other on the shorter way."""
    quaternions = np.array([Matrix(matrix.tolist()).to_quaternion() for matrix in matrices])
    for number in range(1, len(quaternions)):
        if quaternions[number] @ quaternions[number - 1] < 0.0:
            quaternions[number] *= -1.0
    return quaternions
