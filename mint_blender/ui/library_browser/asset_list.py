# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the list of what in the open file came from Mint."""

import bpy

from ...message import Message
from ..job_actions import Result
from ..translations import translated


class MINT_OT_copy_asset_list(bpy.types.Operator):
    """Copy a table of what in this file came from Mint: prompt, Credits, date and more."""

    bl_idname = "mint.copy_asset_list"
    bl_label = "Copy Asset List"

    def execute(self, context: bpy.types.Context) -> Result:
        """Write the table to the clipboard, with tabs between the columns."""
        from ...scene import asset_list

        entries = asset_list.of_open_file()
        if not entries:
            self.report({"WARNING"}, translated(Message("Nothing in this file came from Mint.")))
            return {"CANCELLED"}
        context.window_manager.clipboard = asset_list.as_csv(entries, "\t")
        message = Message(
            "Copied a table of {count} objects from Mint. Paste it into a spreadsheet.",
            count=len(entries),
        )
        self.report({"INFO"}, translated(message))
        return {"FINISHED"}
