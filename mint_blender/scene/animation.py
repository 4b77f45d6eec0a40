# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions, tracks and drivers, handed from one data-block to another, on Blenders with and without
slots in their actions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import bpy

from .transaction import all_data_blocks

IsMine = Callable[[bpy.types.ID], bool]
"""Whether an action is the user's own."""


def curves(action: Any) -> Iterator[Any]:
    """The curves of an action. From 5.0 on they lie in the channel bags of its slots only."""
    if hasattr(action, "fcurves"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves


def actions(block: Any) -> set[Any]:
    """The actions that move a data-block: the one in use and those in its tracks."""
    data = block.animation_data
    if data is None:
        return set()
    found = {data.action, *(strip.action for track in data.nla_tracks for strip in track.strips)}
    return {each for each in found if each is not None}


def has_object_animation(each: bpy.types.Object) -> bool:
    """Whether an object is moved as a whole; what only moves an armature's bones does not count."""
    return any(
        not curve.data_path.startswith("pose.bones")
        for action in actions(each)
        for curve in curves(action)
    )


def take_over(keeper: Any, other: Any, is_mine: IsMine) -> list[Any]:
    """Let the keeper be moved as the other is.

    What the user has given the keeper stays: drivers, tracks, and an action, which wins.

    Answers with the actions of the other that did not get their place.
    """
    if keeper.animation_data is None and other.animation_data is None:
        return []
    data, theirs = keeper.animation_data_create(), other.animation_data
    for track in list(data.nla_tracks):
        if track.strips and not any(
            is_mine(strip.action) for strip in track.strips if strip.action
        ):
            data.nla_tracks.remove(track)  # it came with the earlier version
    wins = data.action is not None and is_mine(data.action)
    lost = [theirs.action] if wins and theirs is not None and theirs.action is not None else []
    if not wins:
        _assign(data, theirs)
    for track in theirs.nla_tracks if theirs is not None else ():
        _copy_track(data, track)
    if data.action is None and not data.drivers and not data.nla_tracks:
        keeper.animation_data_clear()
    return lost


def transfer(old: Any, new: Any, is_mine: IsMine) -> list[str]:
    """Bring what the user has let move a data-block to the one in its place.

    Answers with the paths that it does not have.
    """
    lost = []
    data = old.animation_data
    for curve in data.drivers if data is not None else ():
        if _has(new, curve.data_path):
            new.animation_data_create().drivers.from_existing(src_driver=curve)
        else:
            lost.append(curve.data_path)
    if data is not None and data.action is not None and is_mine(data.action):
        _assign(new.animation_data_create(), data)
    return lost


def driver_targets() -> Iterator[tuple[Any, tuple[Any, ...], Any]]:
    """All that drivers look at: the data-block that is driven, what tells the target from its
    others, and the target.
    """
    for block in all_data_blocks():
        for owner in (block, getattr(block, "node_tree", None)):
            data = getattr(owner, "animation_data", None)
            for curve in data.drivers if data is not None else ():
                for i, variable in enumerate(curve.driver.variables):
                    for j, target in enumerate(variable.targets):
                        yield owner, (curve.data_path, curve.array_index, i, j), target


def retarget_drivers(places: Mapping[Any, Any]) -> None:
    """Let drivers that look at one of these data-blocks look at the one in its place."""
    for _, _, target in driver_targets():
        if target.id in places:
            target.id = places[target.id]


def _assign(data: Any, source: Any) -> None:
    """The action of the source, with the slot that it uses there; none where there is no source."""
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


def _has(block: Any, path: str) -> bool:
    try:
        block.path_resolve(path)
    except (ValueError, TypeError):
        return False
    return True
