# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences in the order of use: account, limits, library, downloads."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ... import __package__ as ADDON
from ...addon_settings import (
    base_url_from_environment,
    key_from_environment,
    may_go_online,
    preferences,
    settings,
    shown_settings,
)
from ...message import Message, UserError
from .. import session
from ..create import properties as create_properties
from ..job_actions import report_error
from ..operator_bases import ButtonOperator, MintOperator
from ..text_wrap import wrapped
from ..translations import translated

if TYPE_CHECKING:
    import logging


def _account_changed(self: "MintPreferences", context: bpy.types.Context) -> None:
    session.account_changed()
    check_account()


def _switch_limit(stored: "MintPreferences", name: str, is_on: bool) -> None:
    """Turn a limit on with its last amount, or off; 0 is no limit."""
    last = f"last_{name}"
    if is_on and not getattr(stored, name):
        setattr(stored, name, getattr(stored, last))
    elif not is_on and getattr(stored, name):
        setattr(stored, last, getattr(stored, name))
        setattr(stored, name, 0)


class MintPreferences(bpy.types.AddonPreferences):
    """Stored by Blender in the user's preferences, not in a .blend."""

    bl_idname = ADDON

    api_key: bpy.props.StringProperty(
        name="API Key",
        description=(
            "Your Mint API key. Blender stores it unencrypted in your preferences. Alternatively, "
            "set the environment variable MINT_API_KEY"
        ),
        subtype="PASSWORD",
        update=_account_changed,
    )
    base_url: bpy.props.StringProperty(
        name="Base URL",
        description="Address of Mint's API. Leave empty for the default",
        update=_account_changed,
    )
    confirmed_origins: bpy.props.StringProperty(name="Confirmed Addresses", options={"HIDDEN"})
    limit_each: bpy.props.IntProperty(
        name="Per Generation",
        description=(
            "Ask before a generation that costs more than this many Credits. Scripts and the "
            "command line refuse instead"
        ),
        min=0,
    )
    limit_day: bpy.props.IntProperty(
        name="Per Day",
        description=(
            "Ask before spending more than this many Credits in a day. Scripts and the command "
            "line refuse instead"
        ),
        min=0,
    )
    use_limit_each: bpy.props.BoolProperty(
        name="Limit Each Generation",
        description="Ask before a generation that costs more than a number of Credits",
        get=lambda self: self.limit_each > 0,
        set=lambda self, is_on: _switch_limit(self, "limit_each", is_on),
    )
    use_limit_day: bpy.props.BoolProperty(
        name="Limit Each Day",
        description="Ask before spending more than a number of Credits in a day",
        get=lambda self: self.limit_day > 0,
        set=lambda self, is_on: _switch_limit(self, "limit_day", is_on),
    )
    last_limit_each: bpy.props.IntProperty(default=1000, options={"HIDDEN"})
    last_limit_day: bpy.props.IntProperty(default=5000, options={"HIDDEN"})
    import_in_background: bpy.props.BoolProperty(
        name="Import in Background",
        description=(
            "A second Blender without a window imports each result, and this one only adds the"
            " finished objects. Turn this off to import here, which stops the window meanwhile"
        ),
        default=True,
    )
    log_level: bpy.props.EnumProperty(
        name="Log",
        description="What is written to the log file. The API key is never written",
        items=(
            ("WARNING", "Warnings", "Write warnings and errors only"),
            ("INFO", "Info", "Also write each request to Mint and each phase of a job"),
            ("DEBUG", "Debug", "Also write each step of a job and each download"),
        ),
        update=lambda self, context: apply_log_level(),
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw a box for each subject, the most used first, from values that were read before."""
        _draw_account(self.layout.box(), self)
        _draw_limits(self.layout.box(), self)
        _draw_folders(self.layout.box())


def _draw_account(box: bpy.types.UILayout, stored: MintPreferences) -> None:
    from . import panel

    box.label(text="Account", icon="USER")
    if not may_go_online():
        row = box.row()
        row.label(text="Online access is off", icon="INTERNET_OFFLINE")
        panel.draw_allow_online(row)
    panel.draw_key(box)
    if panel.key_problem() or not session.account().key:
        panel.draw_create_key(box)
    if key_from_environment():
        wrapped(
            box,
            Message("The environment variable MINT_API_KEY overrides this field."),
            icon="INFO",
        )
    elif not stored.api_key:
        wrapped(
            box,
            Message(
                "Blender stores the key unencrypted in your preferences. Alternatively, set the "
                "environment variable MINT_API_KEY."
            ),
        )
    _draw_address(box, stored)
    if session.account().key:
        panel.draw_chart(box)


def _draw_address(box: bpy.types.UILayout, stored: MintPreferences) -> None:
    """Draw the address of the API if it is not the usual one; gray if the environment names it."""
    if not stored.base_url and not base_url_from_environment():
        return
    row = _settings(box).row()
    row.enabled = not base_url_from_environment()
    row.prop(stored, "base_url")
    if base_url_from_environment():
        wrapped(
            box,
            Message("The environment variable MINT_API_BASE_URL overrides this field."),
            icon="INFO",
        )


def _draw_limits(box: bpy.types.UILayout, stored: MintPreferences) -> None:
    box.label(text=translated(Message("Limits")), translate=False, icon="LOCKED")
    column = _settings(box)
    _draw_limit(column.row(heading="Per Generation"), stored, "limit_each")
    _draw_limit(column.row(heading="Per Day"), stored, "limit_day")


def _draw_limit(row: bpy.types.UILayout, stored: MintPreferences, name: str) -> None:
    """Draw a limit; one that is off shows its last amount in gray."""
    is_on = getattr(stored, name) > 0
    row.prop(stored, f"use_{name}", text="Ask Above")
    amount = row.row()
    amount.enabled = is_on
    amount.prop(stored, name if is_on else f"last_{name}", text="")
    row.label(text=translated(Message("Credits")), translate=False)


def _settings(box: bpy.types.UILayout) -> bpy.types.UILayout:
    """Return a column for settings, with their names at the left as in Blender."""
    column = box.column()
    column.use_property_split = True
    column.use_property_decorate = False
    return column


def _draw_folders(box: bpy.types.UILayout) -> None:
    """Draw the folder of the downloads."""
    box.label(text=translated(Message("Folders")), translate=False, icon="FILE_FOLDER")
    row = box.row()
    row.label(
        text=translated(Message("Downloads and journal: {path}", path=session.home())),
        translate=False,
    )
    row.operator("wm.path_open", text="", icon="FILE_FOLDER").filepath = str(session.home())
    row.operator("mint.clear_downloads", icon="TRASH")


def check_account() -> None:
    """Check a new key or base URL at once, so that the panel shows whether Mint accepts it."""
    from ...jobs.queries import Balance, KeyOwner
    from ..pricing import price_dialog

    if not bpy.app.background and may_go_online() and session.account().key:
        price_dialog.ask(
            KeyOwner(), Balance(), create_properties.price_of(create_properties.of(bpy.context))
        )


class MINT_OT_refresh_account(MintOperator):
    """Ask Mint whether it accepts the key, and for the balance."""

    bl_idname = "mint.refresh_account"
    bl_label = "Refresh Mint Account"

    def execute(self, context: bpy.types.Context) -> Any:
        """Send the questions, and return at once; the panel shows the answers."""
        from ...jobs.queries import Balance, KeyOwner
        from ..pricing import price_dialog

        if complaint := price_dialog.ask(KeyOwner(), Balance()):
            return report_error(self, complaint)
        return {"FINISHED"}


class MINT_OT_confirm_address(ButtonOperator):
    """Allow sending your API key to the address that MINT_API_BASE_URL names."""

    bl_idname = "mint.confirm_address"
    bl_label = "Send Key to This Address"

    def execute(self, context: bpy.types.Context) -> Any:
        """Store the address in the preferences: scheme, host and port."""
        stored = preferences()
        origin = session.account().withheld_from
        if stored is None or not origin:
            return {"CANCELLED"}
        stored.confirmed_origins = " ".join(sorted({*stored.confirmed_origins.split(), origin}))
        context.preferences.is_dirty = True
        session.account_changed()
        check_account()
        return {"FINISHED"}


class MINT_OT_copy_diagnostics(MintOperator):
    """Copy a report for support, without the API key and the prompts."""

    bl_idname = "mint.copy_diagnostics"
    bl_label = "Copy Diagnostics"
    bl_description = (
        "Copy a report for support: versions, settings, open jobs, latest problems and the end of"
        " the log, without the API key and the prompts"
    )

    def execute(self, context: bpy.types.Context) -> Any:
        """Copy the report."""
        from ...delivery import blender_runtime
        from ...jobs.diagnostics import report
        from ..job_list import auto_import

        context.window_manager.clipboard = report.diagnostics(
            session.home(),
            session.account(),
            versions=blender_runtime.version_lines(),
            settings={**shown_settings(), "import": str(auto_import.way_in_words())},
        )
        self.report({"INFO"}, translated(Message("Diagnostics copied to the clipboard.")))
        return {"FINISHED"}


class MINT_OT_clear_downloads(MintOperator):
    """Delete the downloaded files of finished jobs.

    Your scenes are not changed, and the files can be downloaded again for free.
    """

    bl_idname = "mint.clear_downloads"
    bl_label = "Clear Downloads"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Say how large the downloads are, and ask for confirmation, since files are deleted."""
        from ...files.download_folder import DownloadFolder

        size = DownloadFolder(session.home()).size()
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Clear Downloads",
            message=translated(
                Message(
                    "All downloads together: {size:,.1f} MB. Files of jobs on the list are kept. "
                    "The others can be downloaded again for free.",
                    size=size / 1024 / 1024,
                )
            ),
            confirm_text="Delete Files",
        )

    def execute(self, context: bpy.types.Context) -> Any:
        """Delete all downloads except those that jobs on the list still need."""
        from ...files.download_folder import DownloadFolder

        try:
            service = session.service()
            keep = service.journal.listed_ids()
        except UserError as error:
            return report_error(self, str(error))
        DownloadFolder(session.home()).clear(keep)
        return {"FINISHED"}


class _State:
    handler: "logging.Handler | None" = None


def log_file() -> Path:
    """Return the path of the log file."""
    return session.home() / "mint.log"


def prepare_log() -> None:
    """Have the log file opened before anything is logged."""
    session.on_first_log_entry(_start_log)
    session.on_first_use(_start_log)


def _start_log() -> None:
    """Write warnings and errors into the log file, or more; the API key is in none of them."""
    if session.state(_State).handler is None:
        apply_log_level()


def apply_log_level() -> None:
    """Log what the preferences say from now on: warnings, or more."""
    state = session.state(_State)
    level = settings().log_level
    if state.handler is None:
        from ...jobs.diagnostics.log_file import LogFile

        state.handler = LogFile(log_file())
        _logger().addHandler(state.handler)
    # with warnings alone, the logger is as other add-ons have set up the root logger
    _logger().setLevel("NOTSET" if level == "WARNING" else level)
    state.handler.setLevel(level)


def stop_log() -> None:
    """Close the log file, and open it no more."""
    session.current().on_first_log_entry.clear()
    state = session.state(_State)
    if state.handler is not None:
        _logger().removeHandler(state.handler)
        _logger().setLevel("NOTSET")
        state.handler.close()
        state.handler = None


def _logger() -> "logging.Logger":
    import logging

    return logging.getLogger(__package__.rpartition(".ui")[0])
