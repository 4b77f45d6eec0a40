# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that ask Mint about the API key and the balance, and one that copies a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ...addon_settings import may_go_online, preferences, shown_settings
from ...message import Message
from .. import session
from ..create import properties as create_properties
from ..job_actions import report_error
from ..translations import translated

if TYPE_CHECKING:
    from ...jobs.queries import Query


def account_changed() -> None:
    """Check a new key or base URL at once, so that the panel shows whether Mint accepts it."""
    from ...jobs.queries import Balance, KeyOwner
    from ..pricing import price_dialog

    if not bpy.app.background and may_go_online() and session.account().key:
        price_dialog.ask(
            KeyOwner(), Balance(), create_properties.price_of(create_properties.of(bpy.context))
        )


class _Question(bpy.types.Operator):
    """Asks Mint and returns at once; the panel shows the answer."""

    bl_options = {"REGISTER"}

    def queries(self) -> tuple[Query, ...]:
        """Return what is asked."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> Any:
        """Send the queries."""
        from ..pricing import price_dialog

        complaint = price_dialog.ask(*self.queries())
        if complaint:
            return report_error(self, complaint)
        return {"FINISHED"}


class MINT_OT_check_key(_Question):
    """Ask Mint whether it accepts the key, and whose it is."""

    bl_idname = "mint.check_key"
    bl_label = "Check Key"

    def queries(self) -> tuple[Query, ...]:
        """Return the queries for the key's owner and the balance."""
        from ...jobs.queries import Balance, KeyOwner

        return KeyOwner(), Balance()


class MINT_OT_refresh_account(_Question):
    """Reload the balance and usage."""

    bl_idname = "mint.refresh_account"
    bl_label = "Refresh Mint Account"

    def queries(self) -> tuple[Query, ...]:
        """Return the query for the balance and the usage."""
        from ...jobs.queries import Balance

        return (Balance(),)


class MINT_OT_confirm_address(bpy.types.Operator):
    """Allow sending your API key to the address that MINT_API_BASE_URL names."""

    bl_idname = "mint.confirm_address"
    bl_label = "Send Key to This Address"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        """Store the address in the preferences: scheme, host and port."""
        stored, origin = preferences(), session.account().withheld_from
        if stored is None or not origin:
            return {"CANCELLED"}
        stored.confirmed_origins = " ".join(sorted({*stored.confirmed_origins.split(), origin}))
        context.preferences.is_dirty = True
        session.account_changed()
        account_changed()
        return {"FINISHED"}


class MINT_OT_copy_diagnostics(bpy.types.Operator):
    """Copy a report for support, without the API key and the prompts."""

    bl_idname = "mint.copy_diagnostics"
    bl_label = "Copy Diagnostics"
    bl_description = (
        "Copy a report for support: versions, settings, open jobs, latest problems and the end of"
        " the log, without the API key and the prompts"
    )
    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> Any:
        """Copy the report."""
        from ...delivery import blender_runtime
        from ...jobs.diagnostics import report
        from ..job_list import background_import

        context.window_manager.clipboard = report.diagnostics(
            session.home(),
            session.account(),
            versions=blender_runtime.version_lines(),
            settings={**shown_settings(), "import": str(background_import.way_in_words())},
        )
        self.report({"INFO"}, translated(Message("Diagnostics copied to the clipboard.")))
        return {"FINISHED"}


class MINT_OT_clear_downloads(bpy.types.Operator):
    """Delete the downloaded files of finished jobs.

    Your scenes are not changed, and the files can be downloaded again for free.
    """

    bl_idname = "mint.clear_downloads"
    bl_label = "Clear Downloads"
    bl_options = {"REGISTER"}

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
        from ...jobs.storage.journal import JournalError

        try:
            service = session.service()
            keep = service.journal.listed_ids()
        except JournalError as error:
            return report_error(self, str(error))
        DownloadFolder(session.home()).clear(keep)
        return {"FINISHED"}
