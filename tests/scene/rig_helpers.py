# SPDX-License-Identifier: GPL-3.0-or-later
"""Place characters, and compare what Blender shows with the numbers that the file was made from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from mint_blender.scene.place import PlaceOptions, place_model
from mint_blender.scene.tags import Provenance

from .rig_fixtures import Clip, Rig

KNIGHT = Provenance(job_id="j", asset_id="mdl_1", name="Knight")
TO_BLENDER = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], float)
"""glTF's (x, y, z) is at (x, -z, y)."""


def place(path: Path, **where: Any) -> bpy.types.Object:
    """Place a character at the origin and return its root."""
    return place_model(path, KNIGHT, PlaceOptions(at=(0, 0, 0), **where)).root


def armature_of(root: bpy.types.Object) -> bpy.types.Object:
    """Return the only armature of a model."""
    (found,) = (each for each in root.children_recursive if each.type == "ARMATURE")
    return found


def clip_names(rig: bpy.types.Object) -> list[str]:
    """Return the names of the clips, in their order."""
    return [each.name for each in rig.animation_data.nla_tracks]


def deviation(
    rig: bpy.types.Object,
    file: Rig,
    clip: Clip,
    frames: Sequence[int],
    *,
    hips: float = 1.0,
    without: Sequence[str] = (),
) -> tuple[float, float]:
    """Return how far bones are from the motion that a file describes: degrees and meters.

    Both are compared with the armature's own rest pose in the space of its file. `hips` scales the
    offset of the hips. At 24 frames per second every fourth frame has a key in a file with 30.
    """
    scene = bpy.context.scene
    upright = TO_BLENDER @ file.tilt @ TO_BLENDER.T
    angles, distances = [0.0], [0.0]
    for frame in frames:
        scene.frame_set(frame)
        fraction = (frame - 1) / scene.render.fps / clip.seconds

        def motion(at: float) -> Any:
            turns, offset = clip.motion(at)
            return turns, np.array(offset) * hips

        turns, heads = file.posed(motion, fraction)
        for name in (each for each in file.joints if each not in without):
            pose = np.array(rig.pose.bones[name].matrix)
            rest = np.array(rig.data.bones[name].matrix_local)
            change = upright @ pose[:3, :3] @ rest[:3, :3].T @ upright.T
            wanted = TO_BLENDER @ turns[name] @ TO_BLENDER.T
            apart = np.linalg.norm(change - wanted) / np.sqrt(8)
            angles.append(float(np.degrees(2 * np.arcsin(min(apart, 1.0)))))
            distances.append(
                float(np.linalg.norm(upright @ pose[:3, 3] - TO_BLENDER @ heads[name]))
            )
    return max(angles), max(distances)


def assert_moves_as(rig: bpy.types.Object, file: Rig, clip: Clip, **how: Any) -> None:
    """Fail unless each bone is within a tenth of a degree and a millimeter of the file's motion."""
    angle, distance = deviation(rig, file, clip, range(1, 38, 4), **how)
    assert angle < 0.1 and distance < 0.001


def world_heads(rig: bpy.types.Object) -> dict[str, np.ndarray]:
    """Return where the bones are in the scene now."""
    bpy.context.view_layer.update()
    return {each.name: np.array(rig.matrix_world @ each.head) for each in rig.pose.bones}
