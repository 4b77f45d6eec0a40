# SPDX-License-Identifier: GPL-3.0-or-later
"""The section with the clips of the selected character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from .. import text_wrap
from ..selection import selected
from ..translations import translated

if TYPE_CHECKING:
    from ...scene.animation.clips import Clip

_CLIPS = Message("Clips")
_IMPORT, _EXPORT = Message("Import Clip…"), Message("Export GLB…")


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the clips of the active character, with what a click can do; nothing for others."""
    rig = _known_rig(context.active_object)
    if rig is None:
        return
    from ...scene.animation import clips

    header: Any
    body: Any  # None while it is closed
    header, body = layout.panel("mint_clips")
    header.label(text=translated(_CLIPS), translate=False)
    if body is None:
        return
    column = body.column(align=True)
    is_playing = bool(context.screen and context.screen.is_animation_playing)
    for clip in clips.clips_of(rig):
        _draw_clip(column, clip, is_shown=clips.is_assigned(rig, clip), is_playing=is_playing)
    row = text_wrap.button_row(body, (_IMPORT, _EXPORT), width=context.region.width)
    row.operator_context = "INVOKE_DEFAULT"
    row.operator("mint.import_clip", text=translated(_IMPORT), translate=False, icon="IMPORT")
    row.operator("mint.export_character", text=translated(_EXPORT), translate=False, icon="EXPORT")


def _draw_clip(column: bpy.types.UILayout, clip: Clip, *, is_shown: bool, is_playing: bool) -> None:
    row = column.row(align=True)
    icon: Any = "PAUSE" if is_shown and is_playing else "PLAY"
    row.operator(
        "mint.play_clip", text=clip.name, translate=False, icon=icon, depress=is_shown
    ).clip = clip.name
    row.operator(
        "mint.clip_in_place", text="", icon="CON_LOCLIMIT", depress=clip.is_in_place
    ).clip = clip.name
    row.operator(
        "mint.loop_clip", text="", icon="FILE_REFRESH", depress=clip.is_loop
    ).clip = clip.name


def _known_rig(active: Any) -> Any:
    """Return the armature of the active character, as far as that is known without a scan."""
    from ...scene.animation import clips

    if (rig := clips.rig_of(active)) is not None:
        return rig
    root = selected.model_root(active)
    below = selected.known_objects(root) if root is not None else None
    return next((each for each in below or () if each.type == "ARMATURE"), None)
