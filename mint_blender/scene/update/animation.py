# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfer actions, NLA tracks and drivers between data-blocks, with and without action slots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import bpy

from ..data_blocks import all_data_blocks

IsUserWork = Callable[[bpy.types.ID], bool]
"""Whether the user made or changed an action."""


def curves(action: Any) -> Iterator[Any]:
    """Yield the F-curves of an action; since 5.0 they are in the channel bags of its slots."""
    if hasattr(action, "fcurves"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves


def actions(block: Any) -> set[Any]:
    """Return the actions that animate a data-block: the active one and those in NLA tracks."""
    data = block.animation_data
    if data is None:
        return set()
    found = {data.action, *(strip.action for track in data.nla_tracks for strip in track.strips)}
    return {each for each in found if each is not None}


def has_object_animation(each: bpy.types.Object) -> bool:
    """Return whether the object itself is animated, not only the bones of an armature."""
    return any(
        not curve.data_path.startswith("pose.bones")
        for action in actions(each)
        for curve in curves(action)
    )


def take_over(keeper: Any, other: Any, is_user_work: IsUserWork) -> list[Any]:
    """Transfer the animation of `other` to `keeper`; return the actions that were not used.

    The user's drivers, tracks and action on `keeper` stay, and the user's action has priority.
    """
    if keeper.animation_data is None and other.animation_data is None:
        return []
    data, theirs = keeper.animation_data_create(), other.animation_data
    for track in list(data.nla_tracks):
        if track.strips and not any(
            is_user_work(strip.action) for strip in track.strips if strip.action
        ):
            data.nla_tracks.remove(track)  # it came with the earlier version
    keeps_action = data.action is not None and is_user_work(data.action)
    unused = (
        [theirs.action] if keeps_action and theirs is not None and theirs.action is not None else []
    )
    if not keeps_action:
        _assign(data, theirs)
    for track in theirs.nla_tracks if theirs is not None else ():
        _copy_track(data, track)
    if data.action is None and not data.drivers and not data.nla_tracks:
        keeper.animation_data_clear()
    return unused


def transfer(old: Any, new: Any, is_user_work: IsUserWork) -> list[str]:
    """Transfer the user's drivers and action; return the data paths that `new` does not have."""
    lost = []
    data = old.animation_data
    for curve in data.drivers if data is not None else ():
        if _has_path(new, curve.data_path):
            new.animation_data_create().drivers.from_existing(src_driver=curve)
        else:
            lost.append(curve.data_path)
    if data is not None and data.action is not None and is_user_work(data.action):
        _assign(new.animation_data_create(), data)
    return lost


def driver_targets() -> Iterator[tuple[Any, tuple[Any, ...], Any]]:
    """Yield all driver targets: the driven data-block, a key of the target in it, the target."""
    for block in all_data_blocks():
        for owner in (block, getattr(block, "node_tree", None)):
            data = getattr(owner, "animation_data", None)
            for curve in data.drivers if data is not None else ():
                for i, variable in enumerate(curve.driver.variables):
                    for j, target in enumerate(variable.targets):
                        yield owner, (curve.data_path, curve.array_index, i, j), target


def retarget_drivers(replacements: Mapping[Any, Any]) -> None:
    """Remap driver targets from the keys of a mapping to its values."""
    for _, _, target in driver_targets():
        if target.id in replacements:
            target.id = replacements[target.id]


def _assign(data: Any, source: Any) -> None:
    """Assign the action of the source with its slot, or none without a source."""
    data.action = source.action if source is not None else None
    if data.action is not None and getattr(source, "action_slot", None) is not None:
        data.action_slot = source.action_slot


def _copy_track(data: Any, track: Any) -> None:
    copy = data.nla_tracks.new()
    copy.name = track.name
    for strip in track.strips:
        if strip.action is None:
            continue
        new = copy.strips.new(strip.name, round(strip.frame_start), strip.action)
        if getattr(strip, "action_slot", None) is not None:
            new.action_slot = strip.action_slot
        for name in (
            "action_frame_start",
            "action_frame_end",
            "frame_start",
            "frame_end",
            "scale",
            "repeat",
            "blend_type",
            "extrapolation",
        ):
            setattr(new, name, getattr(strip, name))
    copy.mute, copy.lock = track.mute, track.lock


def _has_path(block: Any, path: str) -> bool:
    try:
        block.path_resolve(path)
    except (ValueError, TypeError):
        return False
    return True
