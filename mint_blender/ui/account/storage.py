# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on keeps on disk: how large it is, and how to be rid of it.

Measured when asked, never while drawing.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any

import bpy

from ...files import private_files
from ...files.download_folder import DownloadFolder
from ...jobs.storage.journal import JournalError
from .. import heartbeat, session
from ..translations import translated

_size: int | None = None
_handler: logging.Handler | None = None


def size_in_words() -> str:
    """The size of the downloads as last measured."""
    return (
        "Downloads: not measured yet"
        if _size is None
        else f"Downloads: {_size / 1024 / 1024:,.1f} MB"
    )


def log_file() -> Path:
    """Where mistakes of ours are written down."""
    return session.home() / "mint.log"


def start_log() -> None:
    """Write our own warnings into a small file of ours; the key is in none of them."""
    global _handler
    logger = logging.getLogger(__package__.rpartition(".")[0])
    with contextlib.suppress(OSError):
        private_files.make_home(log_file().parent)
    _handler = private_files.LogHandler(log_file())
    _handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _handler.setLevel(logging.WARNING)
    logger.addHandler(_handler)


def stop_log() -> None:
    """Close it."""
    global _handler
    if _handler is not None:
        logging.getLogger(__package__.rpartition(".")[0]).removeHandler(_handler)
        _handler.close()
        _handler = None


class MINT_OT_measure_downloads(bpy.types.Operator):
    """Find out how large the downloads are"""

    bl_idname = "mint.measure_downloads"
    bl_label = "Measure Downloads"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        """Look at every file once."""
        global _size
        _size = DownloadFolder(session.home()).size()
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_clear_downloads(bpy.types.Operator):
    bl_idname = "mint.clear_downloads"
    bl_label = "Clear Downloads"
    bl_description = (
        "Delete the downloaded files of finished jobs. What is in your scenes stays, and files "
        "can be fetched again at no cost"
    )
    bl_options = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Files are deleted: ask first."""
        return context.window_manager.invoke_confirm(
            self, event, title="Clear Downloads", confirm_text="Delete Files"
        )

    def execute(self, context: bpy.types.Context) -> Any:
        """Everything but what jobs on the list still need."""
        try:
            board = session.service()
            keep = {job.id for job in board.jobs()} | {each.id for each in board.unreadable()}
        except JournalError as trouble:
            self.report({"ERROR"}, translated(str(trouble)))
            return {"CANCELLED"}
        DownloadFolder(session.home()).clear(keep)
        return bpy.ops.mint.measure_downloads()


CLASSES = (MINT_OT_measure_downloads, MINT_OT_clear_downloads)
