# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab `Mint` in the sidebar of the 3D View.

It draws what was prepared elsewhere: nothing is fetched, opened or written while drawing.
"""

from __future__ import annotations

import bpy

from .. import __package__ as ADDON
from ..addon_settings import may_go_online
from ..message import Message
from . import session, text_wrap, visibility
from .create import properties as create_properties
from .text_wrap import wrapped
from .translations import number, translated
from .typed_context import layout_of

_BESIDE_BALANCE = 154.0
"""Pixels of the header, at scale 1, that the balance cannot have: title, two buttons and tabs."""


class _MintPanel:
    """The place that all panels share."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mint"


class MINT_PT_main(_MintPanel, bpy.types.Panel):
    """The form, or what is missing before anything can be generated."""

    bl_idname = "MINT_PT_main"
    bl_label = "Mint"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the balance with a button to refresh it, and the way to the preferences."""
        row = self.layout.row(align=True)
        if is_ready():
            _draw_balance(row, context.region.width)
        row.operator(
            "preferences.addon_show", text="", icon="PREFERENCES", emboss=False
        ).module = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the first thing that is missing, else the form."""
        from .account import first_run
        from .account import panel as account_panel
        from .create import form_panel

        if complaint := session.journal_error():
            wrapped(layout_of(self), complaint, width=context.region.width, icon="ERROR")
        if not is_ready():
            first_run.draw(layout_of(self))
            return
        if account_panel.check_failed():
            account_panel.draw_key(layout_of(self))
        visibility.note("form")
        form_panel.draw(layout_of(self), create_properties.of(context), width=context.region.width)


class MINT_PT_more(_MintPanel, bpy.types.Panel):
    """Settings that are rarely changed."""

    bl_idname = "MINT_PT_more"
    bl_parent_id = "MINT_PT_main"
    bl_label = "Options"
    bl_order = 1  # after the references
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is an API key and online access."""
        return is_ready()

    def draw(self, context: bpy.types.Context) -> None:
        """Draw name, style, place, size, pose and parts."""
        from .create import form_panel

        layout, fields = layout_of(self), create_properties.of(context)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(fields, "name", placeholder="From the prompt")
        form_panel.draw_style(layout, fields)
        layout.prop(fields, "place")
        if fields.kind == "MODEL":
            row = layout.row(heading="Scale to Height")
            row.prop(fields, "use_height", text="")
            sub = row.row()
            sub.active = fields.use_height
            sub.prop(fields, "height", text="")
            layout.prop(fields, "pose")
            layout.prop(fields, "optimize", text="Optimize")
            if lacking := create_properties.optimize_complaint(fields):
                wrapped(
                    layout,
                    Message("The model will not be optimized. {reason}", reason=lacking),
                    icon="INFO",
                    width=context.region.width,
                )
        else:
            _draw_world_parts(layout, fields)


class MINT_PT_jobs(_MintPanel, bpy.types.Panel):
    """The job list, most urgent first; of a long group only the first jobs."""

    bl_idname = "MINT_PT_jobs"
    bl_label = "Jobs"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are jobs. Blender asks this whichever tab is shown."""
        visibility.note("jobs")
        if session.existing_service() is None:
            return False
        from .job_list import grouped_jobs

        return bool(grouped_jobs.grouped().groups)

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw how many Previews wait for a decision, else how many jobs are in flight."""
        from .job_list import grouped_jobs
        from .review import review_notice

        service = session.existing_service()
        active = grouped_jobs.grouped().in_flight if service else 0
        if previews := len(review_notice.waiting()) if service else 0:
            words = review_notice.count_words(previews)
            self.layout.label(text=translated(words), translate=False, icon="HIDE_OFF")
        elif active:
            self.layout.label(
                text=translated(Message("{active} active", active=active)), translate=False
            )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw a card for each job."""
        from .job_list import panel as job_list_panel

        service = session.existing_service()
        if service is not None:
            job_list_panel.draw(layout_of(self), service, width=context.region.width)


def _draw_balance(row: bpy.types.UILayout, width: int) -> None:
    """Draw the balance; without its unit where that would cover the title of the panel."""
    from .account import panel as account_panel

    balance = account_panel.balance()
    text = ""
    if balance is not None:
        credits = translated(Message("{credits:,.0f} Credits", credits=balance))
        room = width - text_wrap.scaled(_BESIDE_BALANCE)
        text = credits if text_wrap.width_of(credits) <= room else number(balance)
    row.label(text=text, translate=False)
    row.operator("mint.refresh_account", text="", icon="FILE_REFRESH", emboss=False)


def is_ready() -> bool:
    """Return whether there is online access and an API key that is not known to be of no use."""
    if not may_go_online():
        return False
    service = session.existing_service()
    if service is None:
        return bool(session.account().key)
    from .account import panel as account_panel

    return bool(service.account.key) and account_panel.is_key_usable()


def _draw_world_parts(layout: bpy.types.UILayout, fields: create_properties.MintForm) -> None:
    """Draw which parts of a World are imported, and how."""
    layout.prop(fields, "splats")
    layout.prop(fields, "collider")
    column = layout.column()
    sub = column.column()
    sub.active = fields.collider != "NONE"
    sub.prop(fields, "rigid_body")
    column.prop(fields, "panorama", text="Panorama as World")
    column.prop(fields, "camera")
