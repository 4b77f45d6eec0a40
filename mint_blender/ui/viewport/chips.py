# SPDX-License-Identifier: GPL-3.0-or-later
"""Chips at the bottom of the 3D Viewport that say which results are here, as a gizmo.

A gizmo gets the pointer only where it is, and needs no modal operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import bpy

from ...message import Message
from ..translations import translated
from ..typed_context import ui_scale

if TYPE_CHECKING:
    from .arrival import Chip

_OUTSIDE = -1
_BODY = 1000  # of a chip, where a click does nothing
_HEIGHT, _GAP, _PADDING, _ABOVE_EDGE = 30.0, 6.0, 12.0, 24.0  # pixels at scale 1
_CLOSE = "×"


class _Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class _Row(NamedTuple):
    chip: Chip
    text: str
    action: str
    whole: _Box
    button: _Box
    close: _Box


def _rows(context: bpy.types.Context) -> list[_Row]:
    """Return where each chip is in the region, from the bottom up, the oldest first."""
    from ..asset_bar import bar
    from . import arrival

    scale = ui_scale()
    bottom = _ABOVE_EDGE * scale
    if bar.is_shown_in(context.area):
        frame = bar.layout_in(context).frame
        bottom += frame.y + frame.height
    rows = []
    for chip in arrival.chips():
        text = translated(Message("{title} is here", title=chip.title))
        action = translated(Message("Restore View") if chip.is_shown else Message("Show"))
        rows.append(_row(context, chip, text, action, bottom, scale))
        bottom += (_HEIGHT + _GAP) * scale
    return rows


def _row(
    context: bpy.types.Context, chip: Chip, text: str, action: str, bottom: float, scale: float
) -> _Row:
    padding, height = _PADDING * scale, _HEIGHT * scale
    inset = 4 * scale
    wide = _width(text) + padding
    button = _width(action) + 2 * padding
    width = padding + wide + button + height
    left = max(0.0, (context.region.width - width) / 2)
    return _Row(
        chip,
        text,
        action,
        _Box(left, bottom, width, height),
        _Box(left + padding + wide, bottom + inset, button, height - 2 * inset),
        _Box(left + width - height, bottom, height, height),
    )


def _part_at(context: bpy.types.Context, x: float, y: float) -> int:
    """Return the part under the pointer: twice the number of the chip, and 1 more for its ×."""
    for number, row in enumerate(_rows(context)):
        if row.close.contains(x, y):
            return 2 * number + 1
        if row.button.contains(x, y):
            return 2 * number
        if row.whole.contains(x, y):
            return _BODY
    return _OUTSIDE


def _width(text: str) -> float:
    import blf

    blf.size(0, _points())
    return float(blf.dimensions(0, text)[0])


def _points() -> float:
    return float(bpy.context.preferences.ui_styles[0].widget.points) * ui_scale()


def _draw(context: bpy.types.Context, hovered: int) -> None:
    theme = context.preferences.themes[0].user_interface
    menu, tool = theme.wcol_menu_back, theme.wcol_tool
    for number, row in enumerate(_rows(context)):
        _draw_box(row.whole, (*menu.inner[:3], 0.94), 6 * ui_scale())
        color = tool.inner_sel if hovered == 2 * number else tool.inner
        _draw_box(row.button, (*color[:3], 1.0), 4 * ui_scale())
        text = tool.text_sel if hovered == 2 * number else tool.text
        left = row.whole.x + _PADDING * ui_scale()
        _draw_text(row.text, left, row.whole, theme.wcol_menu_item.text)
        _draw_text(row.action, row.button.x + _PADDING * ui_scale(), row.button, text)
        middle = row.close.x + (row.close.width - _width(_CLOSE)) / 2
        is_faint = hovered != 2 * number + 1
        _draw_text(_CLOSE, middle, row.close, theme.wcol_menu_item.text, 0.6 if is_faint else 1.0)


def _draw_box(box: _Box, color: tuple[float, ...], radius: float) -> None:
    """Draw a box with rounded corners."""
    import math

    import gpu
    from gpu_extras.batch import batch_for_shader

    corners = (
        (box.x + box.width - radius, box.y + box.height - radius),
        (box.x + radius, box.y + box.height - radius),
        (box.x + radius, box.y + radius),
        (box.x + box.width - radius, box.y + radius),
    )
    points = [
        (x + radius * math.cos(turn), y + radius * math.sin(turn))
        for number, (x, y) in enumerate(corners)
        for turn in ((number + step / 5) * math.pi / 2 for step in range(6))
    ]
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.uniform_float("color", color)
    gpu.state.blend_set("ALPHA")
    batch_for_shader(shader, "TRI_FAN", {"pos": points}).draw(shader)


def _draw_text(text: str, x: float, box: _Box, color: Any, alpha: float = 1.0) -> None:
    """Draw one line, in the middle of a box's height."""
    import blf

    blf.size(0, _points())
    red, green, blue = color[:3]
    blf.color(0, red, green, blue, alpha)
    blf.position(0, x, box.y + (box.height - _points() * 0.7) / 2, 0.0)
    blf.draw(0, text)


class MINT_GT_chips(bpy.types.Gizmo):
    """The chips of one 3D Viewport."""

    bl_idname = "MINT_GT_chips"
    __slots__ = ("hovered",)

    def setup(self) -> None:
        """Begin without the pointer."""
        self.hovered = _OUTSIDE

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the chips in the pixels of the region."""
        _draw(context, self.hovered)

    def test_select(self, context: bpy.types.Context, location: Any) -> int:
        """Return the part under the pointer; -1 outside of the chips."""
        part = _part_at(context, *location)
        if part != self.hovered:
            self.hovered = part
            context.region.tag_redraw()
        return part

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin a click."""
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event, tweak: Any) -> set[str]:
        """Wait until the mouse button is released."""
        return {"RUNNING_MODAL"}

    def exit(self, context: bpy.types.Context, cancel: bool) -> None:
        """Do what was clicked."""
        if not cancel:
            click(context, self.hovered)


def click(context: bpy.types.Context, part: int) -> None:
    """Show a result, restore the view, or close a chip."""
    from . import arrival

    rows = _rows(context)
    if not 0 <= part < 2 * len(rows):
        return
    chip = rows[part // 2].chip
    if part % 2:
        arrival.close(chip)
    elif chip.is_shown:
        bpy.ops.mint.restore_view()  # type: ignore[attr-defined]
    else:
        arrival.show(context, chip)
    context.area.tag_redraw()


class MINT_GGT_chips(bpy.types.GizmoGroup):
    """The chips, in each 3D Viewport while there are any."""

    bl_idname = "MINT_GGT_chips"
    bl_label = "Mint Results"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"PERSISTENT"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are chips to show."""
        from . import arrival

        return bool(arrival.chips())

    def setup(self, context: bpy.types.Context) -> None:
        """Make the gizmo."""
        self.gizmos.new(MINT_GT_chips.bl_idname)


CLASSES = (MINT_GT_chips, MINT_GGT_chips)
