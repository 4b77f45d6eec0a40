# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pointer does over the asset bar: hover, click, double-click, and drag into the scene."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import bpy
from bpy_extras import view3d_utils

from ... import __package__ as ADDON
from ...jobs.library.view_model import AssetState
from ...mint.schema import Asset
from ...scene.update import move
from .. import visibility
from ..library_browser import entries
from ..library_browser.properties import fields_of
from ..typed_context import mistakes_in_popup, scene_of, ui_scale
from . import bar
from .bar import (
    ACTION,
    BACK,
    CLEAR,
    CLOSE,
    FORWARD,
    KIND,
    OUTSIDE,
    SEARCH,
    SORT,
    part_at,
)

Pressed = tuple[int, int, int]
"""The part that was pressed, and where, in pixels of the region."""


def hover(context: bpy.types.Context, x: float, y: float) -> int:
    """Return the part under the pointer, and remember it for drawing."""
    part = part_at(bar.layout_in(context), x, y)
    if part != bar.state().hovered:
        bar.state().hovered = part
        context.region.tag_redraw()
    return part


def drag(context: bpy.types.Context, pressed: Pressed, event: bpy.types.Event) -> None:
    """Follow the pointer; beyond the threshold for drags, a finished item is dragged."""
    part, x, y = pressed
    now = bar.state()
    distance = max(abs(event.mouse_region_x - x), abs(event.mouse_region_y - y))
    threshold = context.preferences.inputs.drag_threshold_mouse * ui_scale()
    if now.dragged is None and distance > threshold:
        asset = bar.asset_at(context, part)
        now.dragged = asset if asset is not None and can_import(asset) else None
    now.pointer = (event.mouse_region_x, event.mouse_region_y)
    if now.dragged is not None:
        context.region.tag_redraw()


def release(context: bpy.types.Context, part: int, *, cancel: bool) -> None:
    """End a click or a drag."""
    now = bar.state()
    asset, now.dragged = now.dragged, None
    context.region.tag_redraw()
    if cancel:
        return
    if asset is None:
        click(context, part)
    elif part_at(bar.layout_in(context), *now.pointer) == OUTSIDE:
        import_asset(context, asset, location_under(context, *now.pointer))


def click(context: bpy.types.Context, part: int) -> None:
    """Do what a button says, or import an item on a double click."""
    asset, fields = bar.asset_at(context, part), fields_of(context)
    if asset is None:
        bar.state().clicked = ("", 0.0)  # what is clicked next is clicked for the first time
    if part == CLOSE:
        bar.toggle(context.area)
    elif part in {BACK, FORWARD}:
        bpy.ops.mint.turn_library(forward=part == FORWARD)  # type: ignore[attr-defined]
    elif part == SEARCH:
        bpy.ops.mint.search_library("INVOKE_DEFAULT")  # type: ignore[attr-defined]
    elif part == CLEAR:
        fields.words, fields.state = "", "ALL"
    elif part in {KIND, SORT}:
        name = "kind" if part == KIND else "sort"
        path = f"window_manager.mint_library.{name}"
        bpy.ops.wm.context_menu_enum("INVOKE_DEFAULT", data_path=path)
    elif part == ACTION:
        # Blender crashes when a gizmo that is being used opens a window
        operator = entries.status(fields).operator
        bpy.app.timers.register(partial(_act, operator), first_interval=0.01)
    elif asset is not None and _is_double_click(context, asset) and can_import(asset):
        import_asset(context, asset)


def _act(operator: str) -> None:
    """Call the operator that helps, such as the one that allows online access."""
    space, name = operator.split(".")
    settings = {"module": ADDON} if operator == "preferences.addon_show" else {}
    called: Any = getattr(getattr(bpy.ops, space), name)
    if called.poll():
        called("INVOKE_DEFAULT", **settings)
    visibility.tag_redraw()


def can_import(asset: Asset) -> bool:
    """Return whether an item is finished and has files."""
    return entries.cell(asset).state is AssetState.DONE


def import_asset(
    context: bpy.types.Context, asset: Asset, location: tuple[float, float, float] | None = None
) -> None:
    """Import an item at a location, else at the 3D cursor; a mistake is shown in a popup."""
    where = {"location": location} if location else {}
    with mistakes_in_popup(context):
        bpy.ops.mint.import_asset(  # type: ignore[attr-defined]
            kind=asset.kind.name, asset_id=asset.id, **where
        )


def _is_double_click(context: bpy.types.Context, asset: Asset) -> bool:
    """Return whether this is the second of two quick clicks on an item; a third is a first one."""
    now = time.monotonic()
    earlier, at = bar.state().clicked
    within = context.preferences.inputs.mouse_double_click_time / 1000
    is_double = earlier == asset.id and now - at < within
    bar.state().clicked = ("", 0.0) if is_double else (asset.id, now)
    return is_double


def location_under(context: bpy.types.Context, x: float, y: float) -> tuple[float, float, float]:
    """Return the point of the surface or the floor under a pixel of the region.

    Without either it is a point as far away as the 3D cursor.
    """
    region: Any = context.region
    view: Any = context.region_data
    scene = scene_of(context)
    origin = view3d_utils.region_2d_to_origin_3d(region, view, (x, y))
    direction = view3d_utils.region_2d_to_vector_3d(region, view, (x, y))
    surface = move.surface_on_ray(scene, context.evaluated_depsgraph_get(), origin, direction)
    cursor = scene.cursor.location
    point = (
        surface.point
        if surface is not None
        else view3d_utils.region_2d_to_location_3d(region, view, (x, y), cursor)
    )
    return point.x, point.y, point.z
