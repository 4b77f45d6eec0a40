# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep an asset library of everything that was generated.

In background mode it is done here; with a window another process saves.
"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...addon_settings import may_go_online, preferences, settings
from ...message import Message, UserError
from .. import heartbeat, session
from ..job_actions import Result, report_error
from ..operator_bases import ButtonOperator
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of

if TYPE_CHECKING:
    from ...scene.assets import Library


class MINT_OT_stop_sync(ButtonOperator):
    """Stop saving to the asset library.

    Saved items stay, and the next sync continues.
    """

    bl_idname = "mint.stop_sync"
    bl_label = "Stop Sync"

    def execute(self, context: bpy.types.Context) -> Result:
        """Stop the other process at once."""
        from ...delivery.asset_library.sync_process import SyncProcess

        session.state(SyncProcess).stop()
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_open_asset_library(bpy.types.Operator):
    """Open an Asset Browser with everything you generated.

    The first time, choose the folder that it is saved in.
    """

    bl_idname = "mint.open_asset_library"
    bl_label = "Open in Asset Browser"

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
        """Make the library if it is new, save what it lacks, and show it."""
        from . import library_sync

        try:
            if self.directory or not _is_set_up():
                chosen = bpy.path.abspath(self.directory) if self.directory else _default_folder()
                folder = Path(chosen).expanduser()
                if (words := _set_up(folder)) is not None:
                    return report_error(self, words)
                _sync(folder)
            elif library_sync.is_wanted():
                _sync(Path(settings().asset_library))
        except (OSError, UserError) as error:
            return report_error(self, str(error))
        if not bpy.app.background:
            library_sync.show(context, _registered().name)
        return {"FINISHED"}


def _is_set_up() -> bool:
    return bool(settings().asset_library) and Path(settings().asset_library).is_dir()


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

    return assets.registered_library(folder or Path(settings().asset_library), own_folder.NAME)


def _sync(folder: Path) -> None:
    """Save all that is missing, unless a sync runs already; in background mode, wait for it.

    Raises:
        OSError: The other process could not be started.
        UserError: It could not be saved, or not all of it.
    """
    from ...delivery.asset_library.sync_process import SyncProcess

    process = session.state(SyncProcess)
    if not may_go_online():
        raise UserError(session.OFFLINE)
    if bpy.app.background:
        _sync_here(folder)
    elif not process.is_running:
        session.service()
        process.start(["sync", str(folder)], session.account(), session.home())
        heartbeat.ensure()
        heartbeat.redraw()


def _sync_here(folder: Path) -> None:
    """Save in this process."""
    # both load the HTTP library, which enabling the add-on does not need
    from ...delivery.asset_library import sync
    from ...mint.client import connect

    account = session.account()
    with closing(connect(account)) as client:
        result = sync.sync_from_mint(client, folder, session.home(), local_files=account.is_local)
    if result.failed:
        raise UserError(
            Message("The asset library is not complete: {failed}", failed=result.failed[0])
        )
