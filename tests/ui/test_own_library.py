# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's asset library, made by a script in background mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from ..conftest import DOES_NOT_APPLY
from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.delivery.asset_library import remote_listing
from mint_blender.delivery.asset_library.sync_process import SyncProcess
from mint_blender.jobs.child_process import ChildEnded
from mint_blender.jobs.library import view_model
from mint_blender.mint.schema import Kind
from mint_blender.ui import session
from mint_blender.ui.library_browser import entries, library_sync, sync_operators

from .drawings import drawn_by, in_class

MINT = {"library": {"models": 3, "worlds": 1}}


@pytest.fixture
def libraries() -> Iterator[bpy.types.AssetLibraryCollection]:
    """Return the asset libraries of the preferences, and remove what a test has added."""
    known = bpy.context.preferences.filepaths.asset_libraries
    before = len(known)
    yield known
    while len(known) > before:
        known.remove(known[-1])


def test_the_library_is_saved_and_registered_once(
    service: ThreadService, tmp_path: Path, libraries: bpy.types.AssetLibraryCollection
) -> None:
    """A second call saves nothing again and adds no second entry to the preferences."""
    folder, before = tmp_path / "Mint", len(libraries)
    for _ in range(2):
        assert bpy.ops.mint.open_asset_library(directory=str(folder)) == {"FINISHED"}
    done = [one for one in service.resources() if one.status == "succeeded"]
    assert len(list(folder.glob("*.blend"))) == len(done) > 1
    assert [(each.name, Path(each.path)) for each in libraries[before:]] == [("Mint", folder)]
    assert service.requests("POST") == []


def test_assets_are_saved_and_synced(service: ThreadService, tmp_path: Path) -> None:
    """Saved assets are not fetched again, and the open file is unchanged."""
    bpy.ops.mint.refresh_library()
    asset = entries.library().entries(view_model.Filter(Kind.MODEL, view_model.AssetState.DONE))[0]
    folder = tmp_path / "library"
    bpy.ops.mint.sync_library(kind="MODEL", asset_id=asset.id, directory=str(folder))
    assert len(list(folder.glob("*.blend"))) == 1
    loaded = len(service.requests(host="files"))
    bpy.ops.mint.sync_library(directory=str(folder))
    done = [one for one in service.resources() if one.status == "succeeded"]
    assert len(list(folder.glob("*.blend"))) == len(done)
    assert not bpy.context.scene.objects
    files = len(service.requests(host="files")) - loaded
    models = sum(one.kind == "model" for one in done)
    assert files == 2 * (models - 1) + 3 * (len(done) - models)
    bpy.ops.mint.sync_library(directory=str(folder))
    assert len(service.requests(host="files")) - loaded == files


@pytest.mark.feature("listing of a remote asset library")
def test_the_listing_is_written_if_asked_for(service: ThreadService, tmp_path: Path) -> None:
    """A Blender that cannot write it says so before it changes anything."""
    folder = tmp_path / "library"
    if not remote_listing.is_available():
        with pytest.raises(RuntimeError, match=r"Blender 5\.2 or later\. Nothing was changed"):
            bpy.ops.mint.sync_library(directory=str(folder), listing=True)
        assert not folder.exists()
        assert service.requests("GET", "/v1/*") == []
        pytest.skip(DOES_NOT_APPLY + "this Blender cannot write the listing")
    bpy.ops.mint.sync_library(directory=str(folder))
    assert not (folder / remote_listing.META).exists()
    bpy.ops.mint.sync_library(directory=str(folder), listing=True)
    assert (folder / remote_listing.META).is_file()


def test_the_home_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, libraries: bpy.types.AssetLibraryCollection
) -> None:
    """Nothing is written and nothing registered."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    before = len(libraries)
    with pytest.raises(RuntimeError, match="not a folder of its own"):
        bpy.ops.mint.open_asset_library(directory=str(tmp_path))
    assert list(tmp_path.glob("*.blend")) == []
    assert len(libraries) == before


@pytest.mark.parametrize("is_automatic", [False, True])
def test_a_sync_is_shown_in_the_status_bar_and_announced(
    is_automatic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a cross while it runs; only one that the user started is announced at its end."""
    said: list[str] = []
    monkeypatch.setattr(library_sync.notifications, "notify", said.append)
    process, draw = session.state(SyncProcess), in_class(sync_operators._draw_status_bar)
    assert not drawn_by(draw, bpy.context)
    process._child = Mock(poll=Mock(side_effect=ChildEnded))
    process._event = {"event": "saved", "done": 2, "total": 3}
    assert {"Asset library: 2 of 3", "mint.stop_sync"} <= set(drawn_by(draw, bpy.context))
    process._event = {"event": "library", "saved": 3, "unchanged": 0, "failed": []}
    session.state(library_sync._State).is_automatic = is_automatic
    assert library_sync.work(session.service())
    assert said == ([] if is_automatic else ["Asset library: 3 saved, 0 unchanged"])
    assert not drawn_by(draw, bpy.context)
