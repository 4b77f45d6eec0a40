# SPDX-License-Identifier: GPL-3.0-or-later
"""Save items of the library into the folder of an asset library.

In background mode each operator waits until it is done.
"""

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...addon_settings import may_go_online, preferences, settings
from ...message import Message, UserError, sentences
from .. import heartbeat, session
from ..job_actions import Result, report_error
from ..operator_bases import ButtonOperator, MintOperator
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of
from .operators import KINDS

if TYPE_CHECKING:
    from ...mint.schema import Kind
    from ...scene.assets import Library


_NO_LISTING = Message(
    "This Blender cannot write the listing of a remote asset library: that needs Blender 5.2 or"
    " later."
)


def _can_list() -> bool:
    """Return whether this Blender can write the listing; after the first call, at once."""
    from ...delivery.asset_library import remote_listing

    return remote_listing.is_available()


class MINT_OT_sync_library(MintOperator):
    """Save all missing Models and Worlds, or one of them, to an asset library.

    It is for the Asset Browser. Your own files are not changed.
    """

    # with a window another process saves; in background mode it is done here

    bl_idname = "mint.sync_library"
    bl_label = "Sync to Asset Library…"

    directory: bpy.props.StringProperty(
        name="Folder",
        description="Folder of the asset library",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    kind: bpy.props.EnumProperty(name="Kind", items=KINDS, options={"HIDDEN"})
    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the only one to save", options={"HIDDEN", "SKIP_SAVE"}
    )
    listing: bpy.props.BoolProperty(
        name="Write Remote Listing",
        description=(
            "Also list all assets in the folder, so that a web server makes it a remote asset"
            " library"
        ),
        options={"SKIP_SAVE"},
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the listing beside the file browser; gray with a reason where it is impossible."""
        if self.asset_id:
            return
        layout = layout_of(self)
        row = layout.row()
        row.enabled = _can_list()
        row.prop(self, "listing")
        if not row.enabled:
            wrapped(layout, _NO_LISTING, icon="INFO")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the folder, starting at the first asset library of the preferences."""
        from ...scene import assets

        libraries = assets.libraries()
        if libraries and not self.directory:
            self.directory = f"{libraries[0].folder}{os.sep}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Start the other process, or save here in background mode."""
        from ...delivery.asset_library.sync_process import LISTING, SyncProcess
        from ...mint.schema import Kind

        if not may_go_online():
            return report_error(self, session.OFFLINE)
        if not self.directory.strip():
            return report_error(self, Message("No folder selected."))
        if self.listing and not _can_list():
            return report_error(self, sentences(_NO_LISTING, Message("Nothing was changed.")))
        folder = bpy.path.abspath(self.directory)
        asset_id = self.asset_id or None
        kind = Kind(self.kind.lower()) if asset_id else None
        if bpy.app.background:
            return self._sync_here(Path(folder), kind, asset_id)
        words = ["sync", folder, *(["--kind", kind.value] if kind else [])]
        words += ["--only", asset_id] if asset_id else []
        words += [LISTING] if self.listing else []
        if session.state(SyncProcess).is_running:
            return report_error(self, Message("A sync is already running. Wait for it or stop it."))
        try:
            session.service()
            session.state(SyncProcess).start(words, session.account(), session.home())
        except (OSError, UserError) as error:
            return report_error(
                self, Message("The sync could not be started: {reason}", reason=error)
            )
        heartbeat.ensure()
        heartbeat.redraw()
        return {"FINISHED"}

    def _sync_here(self, folder: Path, kind: "Kind | None", asset_id: str | None) -> Result:
        """Save in this process, and return when it is done."""
        # both load the HTTP library, which enabling the add-on does not need
        from ...delivery.asset_library import remote_listing, sync
        from ...mint.client import connect

        account = session.account()
        try:
            with closing(connect(account)) as client:
                result = sync.sync_from_mint(
                    client,
                    folder,
                    session.home(),
                    kind=kind,
                    only=asset_id,
                    local_files=account.is_local,
                )
            if self.listing:
                remote_listing.write(folder)
        except UserError as error:
            return report_error(self, str(error))
        if result.failed:
            return report_error(
                self,
                Message("The asset library is not complete: {failed}", failed=result.failed[0]),
            )
        return {"FINISHED"}


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
        """Make the library if it is new, and show it."""
        from . import library_sync

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
    """Save all that is missing, unless a sync runs already."""
    from ...delivery.asset_library.sync_process import SyncProcess

    if not session.state(SyncProcess).is_running:
        bpy.ops.mint.sync_library("EXEC_DEFAULT", directory=str(folder))  # type: ignore[attr-defined]


def _draw_status_bar(self: bpy.types.Header, context: bpy.types.Context) -> None:
    """Draw the progress of a sync in the status bar, with a cross that stops it."""
    from ...delivery.asset_library.sync_process import SyncProcess

    sync = session.state(SyncProcess)
    if sync.is_running and (words := sync.status) is not None:
        row = layout_of(self).row(align=True)
        row.label(text=translated(words), translate=False)
        row.operator("mint.stop_sync", text="", icon="X", emboss=False)


MENUS = ((bpy.types.STATUSBAR_HT_header, _draw_status_bar),)
