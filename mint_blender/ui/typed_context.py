# SPDX-License-Identifier: GPL-3.0-or-later
"""What many modules read of the context of a running Blender."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy


def scene_of(context: bpy.types.Context) -> bpy.types.Scene:
    """Return the scene of a context."""
    assert context.scene is not None
    return context.scene


def ui_scale() -> float:
    """Return how large Blender's interface is: 1 at its usual size, and without a window."""
    return float(bpy.context.preferences.system.ui_scale) or 1.0


def all_areas() -> Iterator[bpy.types.Area]:
    """Yield the areas of all windows."""
    for window in bpy.context.window_manager.windows:
        yield from window.screen.areas


def regions_over(context: bpy.types.Context) -> Iterator[tuple[bpy.types.Region, int, int]]:
    """Yield the regions over the current one, with the pixels at which they begin in it.

    Over a quarter of a view they may begin outside it.
    """
    region = context.region
    for other in context.area.regions:
        x = other.x - region.x
        y = other.y - region.y
        is_beside = x >= region.width or x + other.width <= 0
        is_above_or_below = y >= region.height or y + other.height <= 0
        if other.width > 1 and not is_beside and not is_above_or_below:
            yield other, x, y


def sides(context: bpy.types.Context) -> tuple[float, float]:
    """Return where the toolbar ends and the sidebar begins, in pixels of the region."""
    left = 0.0
    right = float(context.region.width)
    for region, x, _ in regions_over(context):
        if region.type == "TOOLS":
            left = max(left, x + region.width)
        elif region.type == "UI":
            right = min(right, x)
    return left, right


def is_gizmo_dragged(context: bpy.types.Context) -> bool:
    """Return whether a gizmo is being dragged in the window.

    Blender then gives all events to modal operators with a type that has no name in Python, and
    warns in the console when a script reads it.
    """
    running = context.window.modal_operators if context.window is not None else ()
    return any(operator.bl_idname == "GIZMOGROUP_OT_gizmo_tweak" for operator in running)


def can_add_modal_handler(window: bpy.types.Window) -> bool:
    """Return whether a modal operator can be started in this window without a crash of Blender.

    When an operator is unregistered while it is modal, as when the add-on is disabled, Blender
    keeps its handler, without the operator, until the next event of the window. Blender 4.3 crashes
    if another one is added before that.
    """
    return not any(_is_unregistered(operator) for operator in window.modal_operators)


def _is_unregistered(operator: bpy.types.Operator | None) -> bool:
    try:
        return operator is None or not operator.bl_idname
    except ValueError:
        return True


@contextmanager
def mistakes_in_popup(context: bpy.types.Context) -> Iterator[None]:
    """Show in a popup what an operator that is called here reports as an error."""
    try:
        yield
    except RuntimeError as error:
        words = str(error).removeprefix("Error: ").strip()
        context.window_manager.popup_menu(
            lambda menu, _: menu.layout.label(text=words, translate=False), icon="ERROR"
        )


def layout_of(
    drawn: bpy.types.Panel | bpy.types.Menu | bpy.types.Header | bpy.types.Operator,
) -> bpy.types.UILayout:
    """Return the layout of what is being drawn."""
    assert drawn.layout is not None
    return drawn.layout
