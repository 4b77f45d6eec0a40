# SPDX-License-Identifier: GPL-3.0-or-later
"""Sync to an asset library: only new assets are saved, and the user's files are not changed."""

from __future__ import annotations

import json
import os
import unicodedata
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ..mint_service.runner import ThreadService, running_service

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery.asset_library import sync as asset_library_sync
from mint_blender.delivery.asset_library.manifest import FILE_NAME, LOCK, Manifest, ManifestEntry
from mint_blender.delivery.asset_library.sync import SyncRunning
from mint_blender.files import asset_catalogs
from mint_blender.files.disk import PART
from mint_blender.files.file_lock import file_lock
from mint_blender.jobs.library import view_model
from mint_blender.mint.account import Account
from mint_blender.mint.client import connect
from mint_blender.mint.schema import Asset, Kind

from .asset_library_helpers import blend_names, finished_model, list_assets, renamed, sync

MINT = {"library": {"models": 8, "worlds": 2}}


def models_of(service: ThreadService) -> list[Asset]:
    return [asset for asset in list_assets(service) if asset.kind is Kind.MODEL]


def done_of(assets: list[Asset]) -> list[Asset]:
    """Return those that are finished."""
    return [each for each in assets if view_model.state_of(each) is view_model.AssetState.DONE]


def test_links_that_expire_during_a_sync(service: ThreadService, tmp_path: Path) -> None:
    """Expired links are renewed, and a new link does not make a new version."""
    found = models_of(service)
    service.advance(4000)
    assert len(sync(tmp_path / "without", found[:1], tmp_path / "home").failed) == 1
    with closing(connect(Account(service.key, service.api))) as client:
        outcome = sync(
            tmp_path / "library",
            found,
            tmp_path / "home",
            refresh=lambda asset: client.asset(asset.kind, asset.id),
        )
    assert outcome.failed == [] and len(outcome.saved) >= 5
    again = sync(tmp_path / "library", list_assets(service)[:8], tmp_path / "home")
    assert (again.saved, again.failed) == ([], []) and again.unchanged > 0


@pytest.mark.feature("asset library in the Asset Browser")
def test_the_content_of_the_files(service: ThreadService, tmp_path: Path) -> None:
    """Each .blend has one asset with preview, description, tags, catalog and file choice."""
    outcome = sync(tmp_path / "library", list_assets(service), tmp_path / "home")
    assert outcome.failed == []
    assert outcome.skipped == []
    found: dict[str, set[str]] = {}
    files: set[tuple[str, str]] = set()
    for file in outcome.saved:
        with bpy.data.libraries.load(str(file), assets_only=True) as (there, here):
            here.objects, here.collections = there.objects, there.collections
        (asset,) = [*here.objects, *here.collections]
        found.setdefault(asset.asset_data.catalog_id, set()).add(asset.asset_data.description)
        assert "Mint" in {tag.name for tag in asset.asset_data.tags}
        assert max(asset.preview.image_pixels_float) > 0.1, f"{asset.name} has no picture"
        files.add(taken_from(asset))
    done = [one for one in service.resources() if one.status == "succeeded"]
    models = {one.prompt for one in done if one.kind == "model"}
    assert found[asset_catalogs.IDS["Mint/Models"]] == models
    assert len(found[asset_catalogs.IDS["Mint/Worlds"]]) == len(done) - len(models)
    original = ("original", "The original file is used: there is no optimized one.")
    assert files == {original, ("", "")}
    assert not any((tmp_path / "home" / "library-sync").iterdir())


def taken_from(asset: Any) -> tuple[str, str]:
    """Return which of Mint's files an asset was imported from, and why."""
    parts = [asset] if isinstance(asset, bpy.types.Object) else list(asset.all_objects)
    if parts[0].instance_collection is not None:
        parts = list(parts[0].instance_collection.all_objects)
    (root,) = [each for each in parts if each.get("mint_asset_id")]
    return root.get("mint_file_used", ""), root.get("mint_file_reason", "")


@pytest.mark.covers("R-library-files")
def test_files_of_the_user_are_not_changed(service: ThreadService, tmp_path: Path) -> None:
    """The user's files and edited files are not changed, whatever their names."""
    folder, found = tmp_path / "library", list_assets(service)
    mine, changed = done_of(found)[:2]
    folder.mkdir()
    (folder / "scene.blend").write_bytes(b"mine")
    name = asset_library_sync.assets.file_name(asset_library_sync._provenance(mine)) + ".blend"
    (folder / name).write_bytes(b"mine too")
    sync(folder, found, tmp_path / "home")
    entry = Manifest(folder).entry(changed.id)
    assert entry is not None
    (folder / entry.file).write_bytes(b"worked on")
    outcome = sync(folder, [renamed(asset) for asset in found], tmp_path / "home")
    assert (folder / "scene.blend").read_bytes() == b"mine"
    assert (folder / name).read_bytes() == b"mine too"
    assert (folder / entry.file).read_bytes() == b"worked on"
    assert any("was changed after" in sentence for sentence in outcome.skipped)


def test_a_new_version_replaces_the_file(service: ThreadService, tmp_path: Path) -> None:
    """An asset renamed at Mint has its new name, in a file with the old name."""
    folder, asset = tmp_path / "library", finished_model(service)
    sync(folder, [asset], tmp_path / "home")
    before = blend_names(folder)
    outcome = sync(folder, [renamed(asset)], tmp_path / "home")
    assert (blend_names(folder), [file.name for file in outcome.saved]) == (before, before)
    with bpy.data.libraries.load(str(outcome.saved[0]), assets_only=True) as (there, _):
        assert there.objects == ["Another Name"]
    assert sync(folder, [renamed(asset)], tmp_path / "home").unchanged == 1


@pytest.mark.covers("R-library-files")
def test_a_file_that_the_user_renamed_or_moved(service: ThreadService, tmp_path: Path) -> None:
    """A file moved within the library is recognized; a renamed one is kept and saved again."""
    folder, asset = tmp_path / "library", finished_model(service)
    (file,) = sync(folder, [asset], tmp_path / "home").saved
    (folder / "lamps").mkdir()
    moved = file.rename(folder / "lamps" / file.name)
    assert sync(folder, [asset], tmp_path / "home").unchanged == 1
    content = moved.read_bytes()
    mine = moved.rename(folder / "mine.blend")
    assert sync(folder, [asset], tmp_path / "home").saved == [file]
    assert mine.read_bytes() == content


def test_a_file_name_that_macos_has_taken_apart_is_the_same(tmp_path: Path) -> None:
    """Imitates HFS+ and some network drives, which return `é` as `e` with an accent behind it."""
    name = "Café lamp.blend"
    file = tmp_path / "source"
    file.write_bytes(b"blend")
    Manifest(tmp_path).place("asset-1", name, "v1", file)
    (tmp_path / name).rename(tmp_path / unicodedata.normalize("NFD", name))
    assert Manifest(tmp_path).is_up_to_date("asset-1", "v1")


def test_only_what_is_new_is_downloaded(tmp_path: Path) -> None:
    """Of 300 models three are new: 4 requests for pages and 6 downloads. A second run only lists.

    The other files are entered by hand, since saving takes a while.
    """
    with running_service(speed=2000, library={"models": 300, "worlds": 1}) as service:
        folder, home = tmp_path / "library", tmp_path / "home"
        done = done_of(models_of(service))
        assert len(service.requests("GET", "/v1/*")) == 4
        _enter(folder, done[3:])
        for saved in (3, 0):
            outcome = sync(folder, done, home)
            assert (len(outcome.saved), outcome.unchanged) == (saved, len(done) - saved)
            assert len(service.requests(host="files")) == 6


def _enter(folder: Path, done: list[Asset]) -> None:
    """Write small files and manifest entries, as if these assets had been saved before."""
    folder.mkdir()
    lines = []
    for asset in done:
        file = folder / f"{asset.id}.blend"
        file.write_bytes(b"saved earlier")
        version = asset_library_sync.version_of(asset)
        lines.append(json.dumps(asdict(ManifestEntry(asset.id, file.name, version, "d" * 64))))
    (folder / FILE_NAME).write_text("".join(f"{line}{os.linesep}" for line in lines))


# -- Syncs that were killed, or that run at the same time


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_killed_while_a_file_is_placed(
    service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """After a kill at any step, the next run determines the version by the bytes."""
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
