# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's asset library, made by a script in background mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService, running_service

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Run a stand-in for Mint with a small library."""
    with running_service(speed=2000, library={"models": 3}) as running:
        yield running


@pytest.fixture(autouse=True)
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
    assert len(list(folder.glob("*.blend"))) == len(done)
    assert [(each.name, Path(each.path)) for each in libraries[before:]] == [("Mint", folder)]
    assert service.requests("POST") == []


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
