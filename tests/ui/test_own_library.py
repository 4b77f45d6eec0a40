# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's asset library, made by a script in background mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.delivery.asset_library.sync_process import SyncProcess
from mint_blender.jobs.child_process import ChildEnded
from mint_blender.ui import session
from mint_blender.ui.library_browser import entries, library_sync

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
    assert not bpy.context.scene.objects


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
def test_a_sync_is_shown_in_the_bar_and_announced(
    is_automatic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be stopped while it runs; only one that the user started is announced at its end."""
    said: list[str] = []
    monkeypatch.setattr(library_sync.notifications, "notify", said.append)
    process = session.state(SyncProcess)
    assert entries._sync() is None
    process._child = Mock(poll=Mock(side_effect=ChildEnded))
    process._event = {"event": "saved", "done": 2, "total": 3}
    assert entries._sync() == ("Asset library: 2 of 3", "mint.stop_sync", "Stop")
    process._event = {"event": "library", "saved": 3, "unchanged": 0, "failed": []}
    session.state(library_sync._State).is_automatic = is_automatic
    assert library_sync.work(session.service())
    assert said == ([] if is_automatic else ["Asset library: 3 saved, 0 unchanged"])
