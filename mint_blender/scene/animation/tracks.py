# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips on NLA tracks: each is an Action on a muted track of its own, with the words of its motion.

Exporters and the asset library find clips there. What plays is the Action that is assigned.
"""

from __future__ import annotations

import re
from typing import Any

import bpy

from .. import tags

CLIP = tags.PREFIX + "clip"
"""The custom property of a clip's Action with the name of its motion in the file."""
JOB = tags.PREFIX + "motion_job"
"""The custom property of a clip's Action with the id of the job that it came with."""
_NO_WORDS = {"armature", "baselayer", ""}


def words_of(name: str) -> str:
    """Return a name as a person reads it: “Proud Strut” for `Armature|Proud_Strut|baselayer`."""
    parts = [part for part in name.split("|") if part.strip().lower() not in _NO_WORDS]
    return re.sub(r"[_\s]+", " ", (parts or [name])[0]).strip() or name


def add(owner: Any, action: Any, words: str, *, original: str = "") -> Any:
    """Add a clip on a muted track under its words, with a number if there is one; return it."""
    data = owner.animation_data or owner.animation_data_create()
    name = _free_name(data, words)
    action.name = name
    if original:
        action[CLIP] = original
    track = data.nla_tracks.new()
    track.name = name
    track.mute = True
    track.strips.new(name, 1, action).name = name
    return track


def rename(owner: Any, before: str, words: str) -> str:
    """Give a clip the words of its prompt, with a number if there is one; return its name."""
    track = owner.animation_data.nla_tracks[before]
    if before == words:
        return before
    strip = track.strips[0]
    name = _free_name(owner.animation_data, words)
    track.name = strip.name = strip.action.name = name
    return name


def _free_name(data: Any, words: str) -> str:
    taken = {track.name for track in data.nla_tracks}
    name = words
    number = 1
    while name in taken:
        number += 1
        name = f"{words} {number}"
    return name


def assign(owner: Any, action: Any) -> None:
    """Let an Action move its owner; from 4.4 on, also choose its slot."""
    data = owner.animation_data or owner.animation_data_create()
    data.action = action
    if hasattr(data, "action_slot") and data.action_slot is None:
        suitable = list(data.action_suitable_slots) or list(action.slots)
        data.action_slot = suitable[0] if suitable else None


def is_clip(action: Any) -> bool:
    """Return whether an Action is a clip of a rig that was repaired here."""
    return CLIP in action.keys()


def jobs() -> frozenset[str]:
    """Return the ids of the jobs whose clips are in the open file."""
    return frozenset(
        action[JOB] for action in bpy.data.actions if JOB in action.keys() and action.users
    )
