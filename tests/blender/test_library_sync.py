# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder kept as an asset library: only what is new, whatever happened before, and nothing of the user's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from ..cli.runs import command, environment
from ..mint_service.running import ThreadService, running_service

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.blender import library_sync  # noqa: E402
from mint_blender.blender.library_manifest import NAME, Entry, Manifest, digest_of  # noqa: E402
from mint_blender.blender.scene import catalogs  # noqa: E402
from mint_blender.jobs import calls, library  # noqa: E402
from mint_blender.mint.account import Account  # noqa: E402
from mint_blender.mint.schema import Asset, Kind  # noqa: E402


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """A stand-in with eight models and two worlds."""
    with running_service(speed=2000, library={"models": 8, "worlds": 2}) as running:
        yield running
        assert not running.leaks()


def listed(service: ThreadService) -> list[Asset]:
    """All entries."""
    client = calls.connect(Account(service.key, service.api))
    try:
        return library_sync.listed(client, list(Kind))
    finally:
        client.close()


def test_what_is_in_the_files(service: ThreadService, tmp_path: Path) -> None:
    """Each .blend holds one asset with Mint's picture, the prompt as description, tags, and the catalog of its kind."""
    outcome = library_sync.sync(tmp_path / "library", listed(service), tmp_path / "home")
    assert outcome.failed == []
    assert outcome.left == []
    found: dict[str, set[str]] = {}
    for file in outcome.saved:
        with bpy.data.libraries.load(str(file), assets_only=True) as (there, here):
            here.objects, here.collections = there.objects, there.collections
        (asset,) = [*here.objects, *here.collections]
        found.setdefault(asset.asset_data.catalog_id, set()).add(asset.asset_data.description)
        assert "Mint" in {tag.name for tag in asset.asset_data.tags}
        # Blender 5.0 writes no preview of a collection (`bpy.data.libraries.write`); 4.2, 4.5 and 5.2 do.
        if bpy.app.version[:2] != (5, 0) or isinstance(asset, bpy.types.Object):
            assert tuple(asset.preview.image_size) > (0, 0)
    done = [one for one in service.resources() if one.status == "succeeded"]
    models = {one.prompt for one in done if one.kind == "model"}
    assert found[catalogs.IDS["Mint/Models"]] == models
    assert len(found[catalogs.IDS["Mint/Worlds"]]) == len(done) - len(models)
    assert not (tmp_path / "home" / "library-sync").exists() or not any((tmp_path / "home" / "library-sync").iterdir())


def test_nothing_of_the_users_is_touched(service: ThreadService, tmp_path: Path) -> None:
    """Files that are not on the list stay byte for byte: one of the very name, one that was saved by us and changed since, any other."""
    folder, found = tmp_path / "library", listed(service)
    mine, changed = [asset for asset in found if library.state_of(asset) is library.State.DONE][:2]
    folder.mkdir()
    (folder / "scene.blend").write_bytes(b"mine")
    name = library_sync.assets.file_name(library_sync._provenance(mine)) + ".blend"
    (folder / name).write_bytes(b"mine too")
    library_sync.sync(folder, found, tmp_path / "home")
    entry = Manifest(folder).entry(changed.id)
    assert entry is not None
    (folder / entry.file).write_bytes(b"worked on")
    renamed = [Asset.read(asset.kind, {**asset.raw, "name": "Renamed"}) for asset in found]
    outcome = library_sync.sync(folder, renamed, tmp_path / "home")
    assert (folder / "scene.blend").read_bytes() == b"mine"
    assert (folder / name).read_bytes() == b"mine too"
    assert (folder / entry.file).read_bytes() == b"worked on"
    assert any("was changed since" in sentence for sentence in outcome.left)


def test_a_new_version_takes_the_place_of_the_old_file(service: ThreadService, tmp_path: Path) -> None:
    """Renamed at Mint: one file under the new name, none under the old one."""
    folder = tmp_path / "library"
    asset = next(asset for asset in listed(service) if library.state_of(asset) is library.State.DONE)
    library_sync.sync(folder, [asset], tmp_path / "home")
    library_sync.sync(folder, [Asset.read(asset.kind, {**asset.raw, "name": "Another Name"})], tmp_path / "home")
    assert [path.name for path in folder.glob("*.blend")] == [f"Another Name {asset.id}.blend"]


def test_a_torn_line_and_a_begun_file(service: ThreadService, tmp_path: Path) -> None:
    """A kill in the middle of a line, or of a file: the file is made anew, and the list is whole again."""
    folder = tmp_path / "library"
    asset = next(asset for asset in listed(service) if library.state_of(asset) is library.State.DONE)
    library_sync.sync(folder, [asset], tmp_path / "home")
    (file,) = folder.glob("*.blend")
    file.write_bytes(b"half")
    begun = Entry(asset.id, file.name, library_sync.version_of(asset))
    with (folder / NAME).open("a") as stream:
        stream.write(json.dumps(asdict(begun)) + '\n{"asset": "to')
    outcome = library_sync.sync(folder, [asset], tmp_path / "home")
    assert outcome.saved == [file]
    entry = Manifest(folder).entry(asset.id)
    assert entry is not None
    assert entry.digest == digest_of(file)


def test_a_list_of_somebody_elses_leads_nowhere(tmp_path: Path) -> None:
    """Names with folders in them are not believed."""
    (tmp_path / NAME).write_text('{"asset": "a", "file": "../../precious", "version": "v", "digest": "d"}\n')
    assert Manifest(tmp_path).entry("a") is None


def test_killed_again_and_again(service: ThreadService, tmp_path: Path) -> None:
    """Killed after each file, started again: in the end all are there, whole, and every model was fetched at most twice."""
    folder, home = tmp_path / "library", tmp_path / "home"
    words = command("library", "sync", str(folder), "--kind", "model", "--json")
    for _ in range(3):
        process = subprocess.Popen(words, env=environment(service, home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    ended = subprocess.run(words, env=environment(service, home), capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    models = [one for one in service.resources() if one.kind == "model" and one.status == "succeeded"]
    manifest = Manifest(folder)
    for one in models:
        entry = manifest.entry(one.id)
        assert entry is not None
        assert entry.digest == digest_of(folder / entry.file)
    assert len(service.requests(host="files", path="/glb/*")) <= 2 * len(models)


def test_five_thousand_entries(tmp_path: Path) -> None:
    """Of 5,000 entries all but 20 are there already (entered by hand; saving that many takes minutes): 51 pages, 40 downloads, no more.

    A second run loads the list only, and in less time than the first one needed for its 20.
    """
    with running_service(speed=2000, library={"models": 5000, "worlds": 1}) as service:
        folder, home = tmp_path / "library", tmp_path / "home"
        found = listed(service)
        assert len(service.requests("GET", "/v1/*")) == 51
        done = [asset for asset in found if library.state_of(asset) is library.State.DONE and asset.kind is Kind.MODEL]
        _enter(folder, done[20:])
        begun = time.perf_counter()
        outcome = library_sync.sync(folder, [asset for asset in found if asset.kind is Kind.MODEL], home)
        first = time.perf_counter() - begun
        assert (len(outcome.saved), outcome.unchanged) == (20, len(done) - 20)
        assert len(service.requests(host="files")) == 40
        begun = time.perf_counter()
        assert library_sync.sync(folder, found[:5000], home).saved == []
        assert time.perf_counter() - begun < first
        assert len(service.requests(host="files")) == 40


def _enter(folder: Path, done: list[Asset]) -> None:
    """As if these had been saved before: a small file for each, and its line."""
    folder.mkdir()
    lines = []
    for asset in done:
        file = folder / f"{asset.id}.blend"
        file.write_bytes(b"saved earlier")
        lines.append(Entry(asset.id, file.name, library_sync.version_of(asset), "d" * 64))
    (folder / NAME).write_text("".join(json.dumps(asdict(line)) + os.linesep for line in lines))
