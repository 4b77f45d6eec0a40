# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab `Mint` in the sidebar of the 3D View.

It draws what was prepared elsewhere: nothing is fetched, opened or written while drawing.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy

from .. import __package__ as ADDON
from ..addon_settings import may_go_online
from ..message import Message
from . import session, text_wrap, visibility
from .text_wrap import wrapped
from .translations import number, translated
from .typed_context import layout_of

_REFERENCES = Message("Reference Images")
_OPTIONS = Message("Options")
_BESIDE_BALANCE = 134.0
"""Pixels of the header, at scale 1, that the balance cannot have: title, a button and tabs."""


class MINT_PT_main(bpy.types.Panel):
    """The form, or what is missing before anything can be generated, and what is below it.

    Nothing here moves when a job, a result or a balance arrives: there is a place for each. The
    sections are layout panels, which are laid out together with the form. Panels of their own would
    slide for a moment whenever the form has grown.
    """

    bl_label = "Mint"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mint"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True. Blender asks this also while another tab is shown, or this is collapsed."""
        visibility.note("jobs")
        return True

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the balance, and the way to the preferences."""
        row = self.layout.row(align=True)
        if is_ready():
            _draw_balance(row, context.region.width)
        row.operator(
            "preferences.addon_show", text="", icon="PREFERENCES", emboss=False
        ).module = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the first thing that is missing, else the form; then what is below it."""
        from .account import panel as account_panel
        from .job_list import grouped_jobs
        from .job_list import panel as job_list_panel
        from .library_browser import entries

        layout = layout_of(self)
        ready = is_ready()
        if ready:
            _draw_form(layout, context)
        else:
            account_panel.draw(layout)
        if ready:
            draw_selected(layout, context)
            if grouped_jobs.rows() or account_panel.has_generated() or entries.library().count():
                layout.operator("mint.browse_library", icon="ASSET_MANAGER")
            if account_panel.check_failed():
                account_panel.draw_key(layout)
        if ready or grouped_jobs.rows():
            job_list_panel.draw(layout, context)
        if complaint := session.journal_error():
            wrapped(layout, complaint, width=context.region.width, icon="ERROR")


def _draw_section(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    name: str,
    title: str,
    draw: Callable[[bpy.types.UILayout, bpy.types.Context], None],
    draw_header: Callable[[bpy.types.UILayout], None] | None = None,
) -> None:
    """Draw the header of a section, and its content if it is open.

    Blender remembers by `name` whether it is open; at first, those with a header of their own are.
    What `draw_header` draws is at the right of the title, also while the section is closed.
    """
    header, body = layout.panel(name, default_closed=draw_header is None)
    header.label(text=translated(title), translate=False)
    if draw_header is not None:
        right = header.row(align=True)
        right.alignment = "RIGHT"
        draw_header(right)
    if body is not None:
        draw(body, context)


def _draw_form(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    from .create import form_panel
    from .create import properties as create_properties
    from .references import operators

    visibility.note("form")
    form_panel.draw(layout, create_properties.of(context), width=context.region.width)
    if operators.sources():
        draws = operators.draw, operators.draw_header
        _draw_section(layout, context, "mint_references", _REFERENCES, *draws)
    _draw_section(layout, context, "mint_options", _OPTIONS, form_panel.draw_options)


def draw_selected(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the section about the result that is selected, if there is one."""
    from .selection import panel as selection_panel
    from .selection import selected
    from .worlds import operators as worlds_panel

    for section, content in (("mint_selected", selection_panel), ("mint_world", worlds_panel)):
        if name := content.title(context):
            is_selected = selected.is_selected(context.active_object)
            title = Message("Selected: {name}", name=name) if is_selected else name
            draws = content.draw, selection_panel.draw_header
            _draw_section(layout, context, section, title, *draws)


def _draw_balance(row: bpy.types.UILayout, width: int) -> None:
    """Draw the free Credits; without their unit, or not at all, where the title has no room."""
    from .account import billing_watch

    free = billing_watch.free()
    text = ""
    if free is not None:
        credits = translated(Message("{credits:,.0f} Credits", credits=free))
        room = width - text_wrap.scaled(_BESIDE_BALANCE)
        fitting = [each for each in (credits, number(free)) if text_wrap.width_of(each) <= room]
        text = fitting[0] if fitting else ""
    row.label(text=text, translate=False)


def is_ready() -> bool:
    """Return whether there is online access and an API key that is not known to be of no use."""
    if not may_go_online():
        return False
    service = session.existing_service()
    if service is None:
        return bool(session.account().key)
    from .account import panel as account_panel

    return bool(service.account.key) and account_panel.is_key_usable()
