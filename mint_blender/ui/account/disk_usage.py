# SPDX-License-Identifier: GPL-3.0-or-later
"""The downloaded files: how large they are, and how to delete them.

Measured when the user asks for it, never while drawing.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...message import Message
from .. import heartbeat, session
from ..translations import translated


class _State:
    size: int | None = None
    """Bytes, as last measured."""


def size_in_words() -> str:
    """Return the size of the downloads as last measured, as a sentence."""
    size = session.state(_State).size
    return (
        Message("Downloads: not measured yet")
        if size is None
        else Message("Downloads: {size:,.1f} MB", size=size / 1024 / 1024)
    )


class MINT_OT_measure_downloads(bpy.types.Operator):
    """Measure how much disk space the downloads use."""

    bl_idname = "mint.measure_downloads"
    bl_label = "Measure Downloads"
    bl_description = "Measure how much disk space the downloads use"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        """Add up the sizes of all files."""
        from ...files.download_folder import DownloadFolder

        session.state(_State).size = DownloadFolder(session.home()).size()
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_clear_downloads(bpy.types.Operator):
    """Delete the downloaded files of finished jobs."""

    bl_idname = "mint.clear_downloads"
    bl_label = "Clear Downloads"
    bl_description = (
        "Delete the downloaded files of finished jobs. Your scenes are not changed, and the files "
        "can be downloaded again for free"
    )
    bl_options = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Ask for confirmation, since files are deleted."""
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Clear Downloads",
            message=Message(
                "Files of jobs on the list are kept. The others can be downloaded again for free."
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
            self.report({"ERROR"}, translated(str(error)))
            return {"CANCELLED"}
        DownloadFolder(session.home()).clear(keep)
        return bpy.ops.mint.measure_downloads()  # type: ignore[attr-defined]


CLASSES = (MINT_OT_measure_downloads, MINT_OT_clear_downloads)
