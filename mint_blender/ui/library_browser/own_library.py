# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's asset library in one click: its folder, its place in the preferences, its browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...addon_settings import asset_library_folder, preferences
from ...message import Message
from .. import session
from ..job_actions import Result, report_error
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of

if TYPE_CHECKING:
    from ...scene.assets import Library


class MINT_OT_open_asset_library(bpy.types.Operator):
    """Open the asset library with everything you generated."""

    bl_idname = "mint.open_asset_library"
    bl_label = "Open in Asset Browser"
    bl_description = (
        "Open an Asset Browser with everything you generated. The first time, choose the folder "
        "that it is saved in"
    )

    directory: bpy.props.StringProperty(
        name="Folder",
        description="Folder of the asset library",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the folder, the first time."""
        if self.directory or _is_set_up():
            return self.execute(context)
        self.directory = str(_default_folder())
        return context.window_manager.invoke_props_dialog(
            self,
            width=420,
            title=translated(Message("Asset Library")),
            confirm_text="Create Library",
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the folder, and what will be saved there."""
        layout = layout_of(self)
        layout.prop(self, "directory", text="")
        wrapped(
            layout,
            Message(
                "Everything that you generated, and all that follows, is saved here. This costs no "
                "Credits."
            ),
            width=400,
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Make the library if it is new, and show it."""
        from . import asset_browser

        if self.directory or not _is_set_up():
            chosen = bpy.path.abspath(self.directory) if self.directory else _default_folder()
            folder = Path(chosen).expanduser()
            try:
                if (words := _set_up(folder)) is not None:
                    return report_error(self, words)
                _sync(folder)
            except (OSError, RuntimeError) as error:
                return report_error(self, str(error).removeprefix("Error: ").strip())
        if not bpy.app.background:
            asset_browser.show(context, _registered().name)
        return {"FINISHED"}


def _is_set_up() -> bool:
    return bool(asset_library_folder()) and Path(asset_library_folder()).is_dir()


def _default_folder() -> Path:
    from ...delivery.asset_library import own_folder
    from ...scene import assets

    return own_folder.default_folder(assets.library_folders(), Path.home())


def _set_up(folder: Path) -> Message | None:
    """Make the folder and remember it; return why that is not possible, or None."""
    from ...delivery.asset_library import own_folder
    from ...files.asset_catalogs import catalog_for
    from ...mint.schema import Kind

    if (words := own_folder.complaint(folder, Path.home())) is not None:
        return words
    folder.mkdir(parents=True, exist_ok=True)
    for kind in Kind:  # first: an Asset Browser that saw no catalogs does not look for them again
        catalog_for(kind.value, folder)
    stored = preferences()
    if stored is not None:
        stored.asset_library = str(folder)
        stored.sync_new_assets = True
    _registered(folder)
    bpy.context.preferences.is_dirty = True
    return None


def _registered(folder: Path | None = None) -> "Library":
    """Return the library of the preferences for the folder; add it if there is none."""
    from ...delivery.asset_library import own_folder
    from ...scene import assets

    return assets.registered_library(folder or Path(asset_library_folder()), own_folder.NAME)


def _sync(folder: Path) -> None:
    """Save all that is missing, unless a sync runs already."""
    from ...delivery.asset_library.sync_process import SyncProcess

    if not session.state(SyncProcess).is_running:
        bpy.ops.mint.sync_library("EXEC_DEFAULT", directory=str(folder))  # type: ignore[attr-defined]


CLASSES = (MINT_OT_open_asset_library,)
