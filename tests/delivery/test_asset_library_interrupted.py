# SPDX-License-Identifier: GPL-3.0-or-later
"""Syncs of an asset library that were killed, or that run at the same time."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery.asset_library.manifest import (  # noqa: E402
    FILE_NAME,
    LOCK,
    Manifest,
    ManifestEntry,
)
from mint_blender.delivery.asset_library.sync import SyncRunning  # noqa: E402
from mint_blender.files.disk import PART  # noqa: E402
from mint_blender.files.file_lock import file_lock  # noqa: E402

from .asset_library_helpers import (  # noqa: E402
    blend_names,
    finished_model,
    renamed,
    sync,
)

MINT = {"library": {"models": 8, "worlds": 2}}


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_killed_while_a_file_is_placed(
    service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """After a kill at any step, the next run determines the version by the bytes.

    It downloads only what is missing and leaves no partial file.
    """
    folder, asset = tmp_path / "library", finished_model(service)
    (file,) = sync(folder, [asset], tmp_path / "home").saved
    old = file.read_bytes()

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as broken, pytest.raises(Killed):
        if moment == "before":
            broken.setattr(Manifest, "_add", kill)
        elif moment == "between":
            move = Path.replace
            between = lambda self, to: kill() if to == file else move(self, to)  # noqa: E731
            broken.setattr(Path, "replace", between)
        else:
            add = Manifest._add
            after = lambda self, entry: kill() if entry.placed else add(self, entry)  # noqa: E731
            broken.setattr(Manifest, "_add", after)
        sync(folder, [renamed(asset)], tmp_path / "home")
    # as a kill leaves it while the catalogs are written
    (folder / f".cats.abc{PART}").write_text("VERS")
    assert (file.read_bytes() == old) is (moment != "after")
    fetched = len(service.requests(host="files"))
    outcome = sync(folder, [renamed(asset)], tmp_path / "home")
    assert (outcome.skipped, outcome.failed) == ([], [])
    assert outcome.saved == ([] if moment == "after" else [file])
    assert len(service.requests(host="files")) == fetched, "it was downloaded again"
    assert blend_names(folder) == [file.name]
    assert sync(folder, [renamed(asset)], tmp_path / "home").unchanged == 1


def test_a_file_edited_after_a_kill(service: ThreadService, tmp_path: Path) -> None:
    """A file that is neither the old nor the new version after a kill is the user's."""
    folder, asset = tmp_path / "library", finished_model(service)
    (file,) = sync(folder, [asset], tmp_path / "home").saved
    entry = Manifest(folder).entry(asset.id)
    assert entry is not None
    earlier = {"earlier_version": entry.version, "earlier_digest": entry.digest}
    begun = ManifestEntry(asset.id, file.name, "new", "e" * 64, placed=False, **earlier)
    with (folder / FILE_NAME).open("a") as stream:
        stream.write(json.dumps(asdict(begun)) + '\n{"asset": "to')
    file.write_bytes(b"worked on")
    outcome = sync(folder, [renamed(asset)], tmp_path / "home")
    assert (outcome.saved, file.read_bytes()) == ([], b"worked on")
    assert "was changed after" in outcome.skipped[0]


def test_one_sync_at_a_time(service: ThreadService, tmp_path: Path) -> None:
    """A second sync of a folder is refused, and changes nothing."""
    folder, asset = tmp_path / "library", finished_model(service)
    folder.mkdir()
    says = "is already running. Wait for it to finish, or stop it. Nothing was changed."
    with file_lock(folder / LOCK), pytest.raises(SyncRunning, match=says):
        sync(folder, [asset], tmp_path / "home")
    assert blend_names(folder) == [] and service.requests(host="files") == []
    assert len(sync(folder, [asset], tmp_path / "home").saved) == 1
