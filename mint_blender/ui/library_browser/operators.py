# SPDX-License-Identifier: GPL-3.0-or-later
"""Browse the library, import items of it, and list what came from Mint.

In background mode each operator waits until it is done.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import bpy

from ...addon_settings import may_go_online
from ...message import Message, UserError
from .. import heartbeat, session
from ..create import properties as create_properties
from ..job_actions import Result, report_error, run_action
from ..operator_bases import ButtonOperator, MintOperator
from ..translations import translated
from ..typed_context import layout_of
from .properties import fields_of, kind_of

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.job_values import Delivery
    from ...jobs.service import JobService
    from ...mint.schema import Asset, Kind


KINDS = [("MODEL", "3D Model", "A 3D Model"), ("WORLD", "World", "A World")]


class AssetOperator(MintOperator):
    """Base of the operators that start a job about a Model or World that is at Mint."""

    kind: bpy.props.EnumProperty(name="Kind", items=KINDS)
    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the Model or World at Mint", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Start the job."""
        start = self.start
        delivery = self.delivery(context)
        return about_asset(
            self,
            self.kind,
            self.asset_id,
            lambda service, asset: start(service, asset, delivery),
        )

    def delivery(self, context: bpy.types.Context) -> "Delivery":
        """Return where the result is placed: at the current 3D cursor."""
        return create_properties.with_cursor(context, kind=self.kind)

    @staticmethod
    def start(service: "JobService", asset: "Asset", delivery: "Delivery") -> "Job":
        """Start the job."""
        raise NotImplementedError


def about_asset(
    operator: bpy.types.Operator | None,
    kind: str,
    asset_id: str,
    start: "Callable[[JobService, Asset], Job]",
) -> Result:
    """Start a job about an asset; a mistyped id is reported before anything is sent.

    `kind` is an item of `KINDS`.
    """
    from ...mint.schema import is_valid_id

    asset_id = asset_id.strip()
    if not is_valid_id(asset_id):
        return report_error(
            operator,
            Message("Not a valid Mint ID. IDs contain only letters, digits, _ and -."),
        )
    return run_action(operator, lambda service: start(service, known_asset(kind, asset_id)).id)


def known_asset(kind: str, asset_id: str) -> "Asset":
    """Return what is known of an asset: its id at least, and its job reads the rest."""
    from ...mint.schema import Asset, Kind
    from . import entries

    service = session.existing_service()
    if service is not None:
        # without a window no heartbeat runs, and a script may ask right after a job has ended
        entries.follow(service)
    job_assets = (
        job.asset
        for job in (service.journal.jobs_of_asset(asset_id) if service else ())
        if job.asset is not None
    )
    return (
        entries.current_library().get(asset_id)
        or next(job_assets, None)
        or Asset.from_json(Kind[kind], {"id": asset_id})
    )


class MINT_OT_refresh_library(MintOperator):
    """Reload the newest items of the library."""

    bl_idname = "mint.refresh_library"
    bl_label = "Refresh Mint Library"

    def execute(self, context: bpy.types.Context) -> Result:
        """Request the first page of each kind; in background mode, wait for them."""
        from . import entries

        if not may_go_online():
            return report_error(self, session.OFFLINE)
        kind = kind_of(fields_of(context))
        complaint = entries.ask(*entries.current_library().first_pages(kind))
        if complaint is None and bpy.app.background:
            complaint = _wait_for_pages(session.service(), kind)
        if complaint:
            return report_error(self, complaint)
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_turn_library(ButtonOperator):
    """Show the previous or next items.

    More are loaded from Mint as needed.
    """

    bl_idname = "mint.turn_library"
    bl_label = "Turn Page"

    forward: bpy.props.BoolProperty(default=True, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Go one screen forward or back; missing entries are requested once it was drawn."""
        from . import entries

        entries.turn(fields_of(context), forward=self.forward)
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_import_asset(AssetOperator):
    """Import an existing Model or World at the 3D cursor.

    Unfinished ones are imported when they are done.
    """

    bl_idname = "mint.import_asset"
    bl_label = "Import from Mint Library"

    location: bpy.props.FloatVectorProperty(
        name="Location",
        description="Where to place it. Without a location it is placed at the 3D cursor",
        subtype="TRANSLATION",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def delivery(self, context: bpy.types.Context) -> "Delivery":
        """Return where the result is placed: at the location, if there is one."""
        delivery = super().delivery(context)
        if not self.properties.is_property_set("location"):
            return delivery
        x, y, z = self.location
        # with a rotation it stands exactly there, not beside what is there already
        return replace(delivery, at=(x, y, z), rotation=(0.0, 0.0, 0.0))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the id, when called from a menu."""
        if self.asset_id:
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self, width=320, confirm_text="Import")

    @staticmethod
    def start(service: "JobService", asset: "Asset", delivery: "Delivery") -> "Job":
        """Start a job that only downloads; its result is placed like a new one."""
        return service.fetch(asset, delivery)


def _wait_for_pages(service: "JobService", kind: "Kind | None") -> str | None:
    """Wait for every page, and return what went wrong."""
    from ...jobs.queries import ListPage
    from . import entries

    try:
        while any(isinstance(query, ListPage) for query in service.queries.pending()):
            service.next_event()
    except UserError as error:
        return str(error)
    entries.catch_up(service)
    return entries.library().error(kind)


class MINT_MT_library_item(bpy.types.Menu):
    """What can be done with the item of the library under the pointer, and with the library."""

    bl_label = "Mint Library"
    bl_description = "What can be done with this item"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what makes sense for the item; Import is the first entry."""
        from ..asset_bar import bar

        layout = layout_of(self)
        asset = bar.asset_at(context, bar.state().hovered)
        layout.operator_context = "INVOKE_DEFAULT"
        if asset is not None:
            _draw_item(layout, asset)
            layout.separator()
        layout.operator("mint.refresh_library", icon="FILE_REFRESH")


def _draw_item(layout: bpy.types.UILayout, asset: "Asset") -> None:
    from ...jobs.library.view_model import AssetState, state_of
    from . import entries

    state = state_of(asset)
    if state is AssetState.DONE:
        _import(layout, asset, Message("Import"))
        _draw_uses(layout, asset)
    elif asset.has_failed:
        retry = layout.operator("mint.retry_asset", text="Retry", icon="FILE_REFRESH")
        retry.kind = asset.kind.name
        retry.asset_id = asset.id
    elif state is AssetState.UNFINISHED and entries.job_of(asset) is None:
        # Mint's lists name no operation, and without one there is nothing to poll, approve or
        # cancel: the entry itself is watched. A job of ours is imported by itself.
        _import(layout, asset, Message("Import When Done"))
    if asset.prompt:
        layout.operator("mint.use_prompt", icon="DUPLICATE").asset_id = asset.id
    if asset.mint_url:
        layout.operator("mint.open_in_mint", icon="URL").url = asset.mint_url


def _import(layout: bpy.types.UILayout, asset: "Asset", text: Message) -> None:
    fetch = layout.operator(
        "mint.import_asset", text=translated(text), translate=False, icon="IMPORT"
    )
    fetch.kind = asset.kind.name
    fetch.asset_id = asset.id


def _draw_uses(layout: bpy.types.UILayout, asset: "Asset") -> None:
    """Draw what can be made of a finished item."""
    from ...mint.schema import Kind

    if asset.kind is Kind.MODEL:
        layout.operator(
            "mint.optimize", text="Reduce Polygons…", icon="MOD_DECIM"
        ).asset_id = asset.id
        layout.operator("mint.animate", text="Animate…", icon="ARMATURE_DATA").asset_id = asset.id


class MINT_OT_browse_library(bpy.types.Operator):
    """Show or hide what you generated at the bottom of the 3D View.

    Double-click a picture to import it, or drag it into the scene.
    """

    bl_idname = "mint.browse_library"
    bl_label = "Browse Library"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether this is a 3D View. The bar itself says what it lacks."""
        return context.area is not None and context.area.type == "VIEW_3D"

    def execute(self, context: bpy.types.Context) -> Result:
        """Show or hide the bar in this area."""
        from ..asset_bar import bar

        bar.toggle(context.area)
        return {"FINISHED"}


_SEARCH = 13  # width in heights of a button: as wide as the field in the bar


class MINT_PT_search_library(bpy.types.Panel):
    """The field that is open while words are typed, and filters with each letter."""

    bl_label = "Search Library"
    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"
    bl_options = {"INSTANCED"}
    bl_ui_units_x = _SEARCH

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the field, ready to type."""
        row = layout_of(self).row()
        row.activate_init = True
        words = translated(Message("Search"))
        row.prop(fields_of(context), "words", text="", icon="VIEWZOOM", placeholder=words)


class MINT_OT_search_library(ButtonOperator):
    """Search the library by name and prompt."""

    bl_idname = "mint.search_library"
    bl_label = "Search Library"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Open the field where it is drawn."""
        from ..asset_bar import bar

        if bar.is_shown_in(context.area) and context.region.type == "WINDOW":
            field = bar.layout_in(context).buttons[bar.SEARCH]
            x = context.region.x + field.x + field.width / 2
            y = context.region.y + field.y + field.height / 2
            context.window.cursor_warp(int(x), int(y))  # Blender opens a popover over the pointer
        # unlike a popup of an operator, it closes when Enter was pressed
        return bpy.ops.wm.call_panel(
            "INVOKE_DEFAULT", name=MINT_PT_search_library.__name__, keep_open=False
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Do nothing: without a window there is no field."""
        return {"FINISHED"}
