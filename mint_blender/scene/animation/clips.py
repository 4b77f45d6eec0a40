# SPDX-License-Identifier: GPL-3.0-or-later
"""The clips of a character: list them, play one, loop it, keep it in place, and add others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...message import Message
from .. import tags
from ..data_blocks import current_scene
from ..gltf.gltf_import import import_glb
from ..model import cleanup
from ..notes import note
from ..prepared import PreparedResult, append
from ..staging_scene import STAGING_NAME
from ..transaction import temporary_data
from . import fcurves, skeleton, tracks
from .repair import repair

IN_PLACE = tags.PREFIX + "in_place"
"""The custom property of an Action whose travel is taken out: the bone, and its way per frame."""
_LOOP_NAME = tags.PREFIX + "loop"
_NO_MOTION = 1e-3
"""Scene units that a clip has to travel to count as traveling."""
_SAYS_NOTHING = re.compile(r"(animation|action|take|clip|scene|mixamo\.com)[ ._]?\d*", re.I)
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Clip:
    """A motion of a character. Do not keep it: it is not valid after an undo."""

    name: str
    action: Any

    @property
    def is_loop(self) -> bool:
        """Whether it goes on from its beginning."""
        return bool(self.action.use_cyclic)

    @property
    def is_in_place(self) -> bool:
        """Whether its travel is taken out."""
        return bool(self.action.get(IN_PLACE))


@dataclass(frozen=True)
class AddedClips:
    """What came of a file."""

    names: tuple[str, ...]
    notes: tuple[Message, ...] = ()


def rig_of(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return an armature itself, or the one that deforms an object; None without."""
    if obj is None or obj.type == "ARMATURE":
        return obj
    return next((mod.object for mod in obj.modifiers if mod.type == "ARMATURE"), None)


def clips_of(rig: bpy.types.Object) -> list[Clip]:
    """Return the clips of an armature: the muted tracks of one strip."""
    data = rig.animation_data
    return [
        Clip(track.name, track.strips[0].action)
        for track in (data.nla_tracks if data else ())
        if track.mute and len(track.strips) == 1 and track.strips[0].action is not None
    ]


def clip_named(rig: bpy.types.Object, name: str) -> Clip | None:
    """Return a clip by its name."""
    return next((clip for clip in clips_of(rig) if clip.name == name), None)


def is_assigned(rig: bpy.types.Object, clip: Clip) -> bool:
    """Return whether a clip is what moves its character now."""
    return bool(rig.animation_data.action == clip.action)


def show(rig: bpy.types.Object, clip: Clip, scene: bpy.types.Scene) -> None:
    """Let a clip move its character, with the preview range around it, from its first frame."""
    rig.animation_data.use_tweak_mode = False
    tracks.assign(rig, clip.action)
    first, last = (round(frame) for frame in clip.action.frame_range)
    scene.use_preview_range = True
    scene.frame_preview_start = first
    # the last frame of a loop is its first one
    scene.frame_preview_end = max(first, last - 1) if clip.is_loop else last
    scene.frame_set(first)


# -- Loop and In Place


def set_loop(rig: bpy.types.Object, clip: Clip, on: bool) -> None:
    """Let a clip go on from its beginning, or end."""
    action = clip.action
    first, last = action.curve_frame_range
    action.use_frame_range = action.use_cyclic = on
    if on:
        action.frame_start = first
        action.frame_end = last
    travels = _travel_of(action) or _traveler(rig, action)
    for curve in cleanup.curves(action):
        for modifier in [modifier for modifier in curve.modifiers if modifier.name == _LOOP_NAME]:
            curve.modifiers.remove(modifier)
        if on:
            cycles = curve.modifiers.new("CYCLES")
            cycles.name = _LOOP_NAME
            if travels and fcurves.bone_channel(curve) == (travels[0], "location"):
                cycles.mode_before = cycles.mode_after = "REPEAT_OFFSET"
    action.update_tag()
    rig.update_tag()


def set_in_place(rig: bpy.types.Object, clip: Clip, on: bool) -> bool:
    """Take the travel out of a clip, or put it back; False if it does not travel."""
    action = clip.action
    if on == clip.is_in_place:
        return True
    travel = _traveler(rig, action) if on else _travel_of(action)
    if travel is None:
        return False
    name, slope = travel
    start = action.curve_frame_range[0]
    for curve in cleanup.curves(action):
        if fcurves.bone_channel(curve) == (name, "location"):
            fcurves.add_line(curve, start, slope[curve.array_index] * (-1 if on else 1))
    if on:
        action[IN_PLACE] = {"bone": name, "slope": slope.tolist()}
    else:
        del action[IN_PLACE]
    action.update_tag()
    rig.update_tag()
    return True


def _travel_of(action: Any) -> tuple[str, np.ndarray] | None:
    """Return what was taken out of a clip that is in place."""
    travel = action.get(IN_PLACE)
    return (travel["bone"], np.array(travel["slope"])) if travel else None


def _traveler(rig: bpy.types.Object, action: Any) -> tuple[str, np.ndarray] | None:
    """Return the bone that carries a clip forward, and by how much in a frame, in its own axes.

    Only what is level counts: going up or down is no travel.
    """
    channels = fcurves.by_bone(action)
    first, last = action.curve_frame_range
    for name, bone in skeleton.skeleton_of(rig).items():
        moved = np.zeros(3)
        for (channel, axis), curve in channels.get(name, {}).items():
            if channel == "location":
                points = curve.keyframe_points
                moved[axis] = points[-1].co[1] - points[0].co[1]
        level = bone.rotation @ moved
        level[2] = 0.0
        if np.linalg.norm(level) > _NO_MOTION:
            return name, bone.rotation.T @ level / (last - first)
    return None


# -- Clips of other files


def add_from_file(
    path: Path,
    rig: bpy.types.Object,
    *,
    words: str = "",
    scene: bpy.types.Scene | None = None,
    prepared: PreparedResult | None = None,
) -> AddedClips:
    """Add the clips of a GLB to a character; only Actions and tracks are new afterwards.

    A clip of the same skeleton is shared, one of another rest pose is fitted to this one. If the
    skeleton is a different one, nothing is added.

    Args:
        path: The file, which may have a character of its own.
        rig: The armature of the character.
        words: Names the clip; without, the name in the file does.
        scene: Animations follow its frame rate.
        prepared: What a background Blender has imported of the file.

    Raises:
        SceneImportError: The file cannot be imported; nothing has changed.
    """
    scene = scene or current_scene()
    with temporary_data() as made:
        staging = bpy.data.collections.new(STAGING_NAME)
        if prepared is not None:
            objects = list(append(prepared.path, staging).parts)
        else:
            objects = cleanup.collapse_empties(import_glb(path, staging, scene=scene))
            repair(objects)
        character = skeleton.skeleton_of(rig)
        fits = {
            obj: skeleton.compare(
                character,
                skeleton.skeleton_of(obj),
                meters_per_unit=scene.unit_settings.scale_length,
            )
            for obj in objects
            if obj.type == "ARMATURE"
        }
        source = max(fits, key=lambda armature: fits[armature].shared, default=None)
        if source is None or not fits[source].is_usable:
            shared = fits[source].shared if source is not None else 0
            return AddedClips((), (note("other_skeleton", found=shared, count=len(character)),))
        clips = clips_of(source)
        if not clips:
            return AddedClips((), (note("no_motion", name=path.name),))
        made.accept(*(clip.action for clip in clips))
        names = [_add(clip, source, rig, path, words, fits[source]) for clip in clips]
        return AddedClips(tuple(names), tuple(_notes(fits[source])))


def _add(
    clip: Clip,
    source: bpy.types.Object,
    rig: bpy.types.Object,
    path: Path,
    words: str,
    fit: skeleton.Fit,
) -> str:
    """Give a clip to a character; return its name there. What is assigned stays."""
    action = clip.action
    before = _assigned(rig)
    name = words or (path.stem if _SAYS_NOTHING.fullmatch(clip.name) else clip.name)
    for slot in getattr(action, "slots", ()):
        slot.name_display = rig.name
    tracks.assign(rig, action)
    if not fit.is_same:
        skeleton.bake(action, skeleton.skeleton_of(source), rig)
    track = tracks.add(rig, action, name, original=str(action.get(tracks.CLIP, clip.name)))
    if before is not None:
        rig.animation_data.action, slot = before
        if slot is not None:
            rig.animation_data.action_slot = slot
    return str(track.name)


def _assigned(rig: bpy.types.Object) -> tuple[Any, Any] | None:
    data = rig.animation_data
    if data is None or data.action is None:
        return None
    return data.action, getattr(data, "action_slot", None)


def _notes(fit: skeleton.Fit) -> list[Message]:
    if not fit.missing:
        return [] if fit.is_same else [note("fitted")]
    names = ", ".join(fit.missing[:_NAMES_SHOWN]) + ("…" if fit.missing[_NAMES_SHOWN:] else "")
    if len(fit.missing) == 1:
        return [note("bone_missing", name=names)]
    return [note("bones_missing", count=len(fit.missing), names=names)]
