# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the section *Library*: a page of what the API project has made, and details of one item.

It draws only what is loaded.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...addon_settings import asset_library_folder, picture_size, preferences
from ...delivery.asset_library.sync_process import SyncProcess
from ...jobs.library.view_model import (
    AssetState,
    can_be_retried,
    reason,
    state_label,
    state_of,
    title,
)
from ...message import Message
from ...mint.schema import Asset, Kind
from .. import icons, session, text_wrap, visibility
from ..asset_bar import bar
from ..icons import icon_number
from ..text_wrap import wrapped
from ..translations import date, spoken, translated
from ..typed_context import ui_scale
from . import panel_data
from .operators import prompt_of
from .properties import MintLibrary, fields_of, kind_of

_MARGIN = 40.0  # pixels of the panel's margins and the tabs, at a scale of 1
_LARGEST = 256.0  # pixels of a picture in Blender's memory
_ICON = 20.0  # pixels of an icon of scale 1
_BROWSE = Message("Browse in Viewport")
_BROWSE_SHARE = 0.68  # of the line; the rest is the size of the pictures
# by `AssetState`
_STATE_ICONS: dict[str, Any] = {"done": "NONE", "unfinished": "TIME", "failed": "ERROR"}
_STAND_INS = {"done": "SHADING_BBOX", "unfinished": "SORTTIME", "failed": "ERROR"}


def draw_header(layout: bpy.types.UILayout) -> None:
    """Draw the button that reloads the list."""
    layout.operator(
        "mint.refresh_library", text="", icon_value=icon_number("FILE_REFRESH"), emboss=False
    )


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the filter, a page of items, and the chosen item."""
    fields = fields_of(context)
    visibility.note("library")
    visibility.note("asset_bar")  # it shows the same page
    is_in_viewport = bar.is_shown_in(context.area)
    _draw_browse(layout, context.region.width, is_open=is_in_viewport)
    _draw_sync(layout, context.region.width)
    _draw_filter(layout, fields)
    known = panel_data.library()
    if complaint := known.error(kind_of(fields)):
        wrapped(layout, complaint, icon="ERROR")
    asset = panel_data.chosen(fields)
    if asset is not None:
        # the picture is in the 3D View then, and what can be done stays in sight here
        _draw_details(layout.box(), asset, context.region.width, has_picture=not is_in_viewport)
    if not is_in_viewport:  # one grid at a time
        _draw_grid(layout, fields, context.region.width)
        _draw_turning(layout, fields)
    _draw_extent(layout, fields, context.region.width)


def _draw_filter(layout: bpy.types.UILayout, fields: MintLibrary) -> None:
    layout.row().prop(fields, "kind", expand=True)
    layout.prop(
        fields, "words", text="", icon="VIEWZOOM", placeholder=translated(Message("Search"))
    )
    row = layout.row(align=True)
    row.prop(fields, "state", text="")
    row.prop(fields, "sort", text="")


def _draw_browse(layout: bpy.types.UILayout, width: int, *, is_open: bool) -> None:
    """Draw the button for the pictures in the 3D View, and how large pictures are."""
    room = _BROWSE_SHARE * (width - text_wrap.scaled(text_wrap.PANEL))
    if text_wrap.are_labels_cut_off((_BROWSE,), room):
        row = layout.column(align=True)
    else:
        row = layout.split(factor=_BROWSE_SHARE, align=True)
    row.operator("mint.browse_library", icon_value=icon_number("IMGDISPLAY"), depress=is_open)
    if (stored := preferences()) is not None:
        size: Any = stored
        row.prop(size, "picture_size", text="", slider=True)


def _draw_grid(layout: bpy.types.UILayout, fields: MintLibrary, width: int) -> None:
    assets = panel_data.on_screen(fields)
    if not assets:
        layout.label(text=translated(panel_data.empty_words(fields)), translate=False)
        return
    columns = _columns(width)
    scale = _picture_scale(width, columns)
    grid = layout.grid_flow(
        row_major=True, columns=columns, even_columns=True, even_rows=True, align=True
    )
    chosen, language, cache = fields.chosen, spoken(), icons.cache()
    for asset in assets:
        column, cell = grid.column(align=True), panel_data.cell(asset, language)
        column.template_icon(
            icon_value=cache.icon("library", cell.picture) or icon_number(_STAND_INS[cell.state]),
            scale=scale,
        )
        column.operator(
            "mint.choose_asset",
            text=cell.title,
            translate=False,
            icon=_STATE_ICONS[cell.state],
            depress=asset.id == chosen,
        ).asset_id = asset.id
    for _ in range(-len(assets) % columns):
        grid.column().label(text="")  # empty cells, so that a few items are not drawn larger


def _columns(width: int) -> int:
    """Return how many items fit side by side; only numbers that fill whole rows count."""
    room, wanted = width / ui_scale() - _MARGIN, picture_size()
    return max((count for count in (2, 3, 4, 6) if count * wanted <= room), default=1)


def _picture_scale(width: int, columns: int) -> float:
    """Return the scale at which a picture is as wide as its column, in units of an icon."""
    room = width / ui_scale() - _MARGIN
    return min(room / columns, 1.3 * picture_size()) / _ICON


def _draw_turning(layout: bpy.types.UILayout, fields: MintLibrary) -> None:
    """Draw the range that is shown and the buttons to page; past the end, more is loaded."""
    if not panel_data.shown(fields) and not fields.start:
        return
    row = layout.row(align=True)
    back = row.row(align=True)
    back.enabled = fields.start > 0
    back.operator("mint.turn_library", text="", icon_value=icon_number("TRIA_LEFT")).forward = False
    middle = row.row(align=True)
    middle.alignment = "CENTER"
    middle.label(text=translated(panel_data.range_words(fields)), translate=False)
    forward = row.row(align=True)
    forward.enabled = panel_data.has_next_screen(fields)
    forward.operator(
        "mint.turn_library", text="", icon_value=icon_number("TRIA_RIGHT")
    ).forward = True


def _draw_extent(layout: bpy.types.UILayout, fields: MintLibrary, width: int) -> None:
    """Draw how much of the library this is, and the button for the rest of it."""
    further = panel_data.library().next_page(kind_of(fields)) is not None
    is_searching = panel_data.is_searching(fields)
    if (words := panel_data.extent_words(fields)) is not None:
        row = layout.row(align=True)
        wrapped(
            row.column(align=True),
            words,
            width=width,
            icon="VIEWZOOM" if is_searching else "INFO",
        )
        if is_searching:
            row.operator("mint.stop_search", text="", icon="X", emboss=False)
    if further and not is_searching:
        row = layout.row()
        row.enabled = not panel_data.is_loading()
        row.operator(
            "mint.load_more", text="Load More" if row.enabled else "Loading…", icon="IMPORT"
        )


def _draw_details(box: bpy.types.UILayout, asset: Asset, width: int, *, has_picture: bool) -> None:
    """Draw what is known of the chosen item, and what can be done with it."""
    state = state_of(asset)
    heading = translated(title(asset))
    row = box.row()
    row.label(
        text=heading,
        translate=False,
        icon="WORLD" if asset.kind is Kind.WORLD else "MESH_MONKEY",
    )
    row.menu("MINT_MT_library_item", text="", icon="DOWNARROW_HLT")
    if has_picture and (icon := panel_data.icon(asset)):
        room = width / ui_scale() - _MARGIN - _ICON
        box.template_icon(icon_value=icon, scale=min(room, _LARGEST) / _ICON)
    column = box.column(align=True)
    facts = (
        translated(state_label(asset)),
        date(asset.created_at) if asset.created_at else "",
        translated(panel_data.preset_words(asset) or ""),
    )
    column.label(text=" · ".join(filter(None, facts)), translate=False)
    if (words := panel_data.facts_words(asset)) is not None:
        wrapped(
            column,
            words if asset.kind is Kind.MODEL else Message("Collider: {state}", state=words),
            width=width,
        )
    if state is AssetState.FAILED and (why := reason(asset)):
        wrapped(box, why, width=width, icon="ERROR")
    _draw_next_step(box, asset, state, width)
    if (text := prompt_of(asset)) and text != heading:
        wrapped(box, text, width=width, most=6, translate=False)


def _draw_next_step(box: bpy.types.UILayout, asset: Asset, state: AssetState, width: int) -> None:
    """Draw the one thing that people want next; the rest is in the menu."""
    if state is AssetState.UNFINISHED:
        _draw_unfinished(box, asset, width)
    elif state is AssetState.DONE:
        row = box.row()
        row.scale_y = 1.3
        _import(row, asset, Message("Import"))
    elif can_be_retried(asset):
        retry = box.operator("mint.retry_asset", text="Retry", icon="FILE_REFRESH")
        retry.kind, retry.asset_id = asset.kind.name, asset.id


def _draw_unfinished(box: bpy.types.UILayout, asset: Asset, width: int) -> None:
    if panel_data.job_of(asset) is not None:
        wrapped(box, Message("This job is in the Jobs panel above."), width=width, icon="INFO")
        return
    # Mint's lists name no operation, and without one there is nothing to poll, approve or
    # cancel: the entry itself is watched.
    wrapped(
        box,
        Message(
            "Started elsewhere. You can import it when it is done, but not approve or cancel it."
        ),
        width=width,
    )
    _import(box, asset, Message("Import When Done"))


def _import(layout: bpy.types.UILayout, asset: Asset, text: str) -> None:
    fetch = layout.operator(
        "mint.import_asset", text=translated(text), translate=False, icon="IMPORT"
    )
    fetch.kind, fetch.asset_id = asset.kind.name, asset.id


def _draw_sync(layout: bpy.types.UILayout, width: int) -> None:
    """Draw the sync to an asset library, and its progress while it runs."""
    sync = session.state(SyncProcess)
    row = layout.row(align=True)
    row.operator_context = "INVOKE_DEFAULT"
    row.operator("mint.open_asset_library", icon_value=icon_number("ASSET_MANAGER"))
    if (folder := asset_library_folder()) and not sync.is_running:
        row.operator_context = "EXEC_DEFAULT"
        row.operator("mint.sync_library", text="", icon="FILE_REFRESH").directory = folder
    if (words := sync.status) is not None:
        row = layout.row(align=True)
        icon = "TIME" if sync.is_running else "INFO"
        wrapped(row.column(align=True), words, width=width, icon=icon)
        if sync.is_running:
            row.operator("mint.stop_sync", text="", icon="X", emboss=False)
