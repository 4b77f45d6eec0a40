# SPDX-License-Identifier: GPL-3.0-or-later
"""The listing of an asset library: a web server that has the folder is a remote library."""

from __future__ import annotations

import functools
import http.server
import json
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ..cli.command_runner import command, environment
from ..conftest import DOES_NOT_APPLY
from ..harness.processes import captured
from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery.asset_library import remote_listing
from mint_blender.delivery.asset_library.manifest import LOCK
from mint_blender.files.file_lock import file_lock
from mint_blender.scene.export.output_path import OutputError

MINT = {"library": {"models": 2, "worlds": 1}}
DOWNLOAD = """
import bpy, inspect, os, sys, time
from _bpy_internal.assets.remote_library import listing_downloader
ended = []
kind = listing_downloader.RemoteAssetListingDownloader
token = [""] if "auth_token" in inspect.signature(kind).parameters else []  # from 5.3 on
reader = kind(sys.argv[1], *token, os.path.abspath("here"), lambda reader: None, ended.append)
reader.download_and_process()
while not ended:
    reader.on_timer_event()  # no timers without a window
    time.sleep(0.02)
print(reader.status.name, reader.error_message)
sys.stdout.flush()
os._exit(0)
"""


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback, as a studio would host it; yield its URL."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@pytest.mark.thorough
@pytest.mark.feature("listing of a remote asset library")
def test_blender_reads_the_listing_from_a_web_server(
    service: ThreadService, tmp_path: Path
) -> None:
    """Its own downloader accepts the listing; a Blender that cannot write one changes nothing."""
    folder = tmp_path / "a library"
    words = command("library", "sync", str(folder), "--listing", "--json")
    synced = captured(words, env=environment(service, tmp_path / "home"), timeout=200)
    if not remote_listing.is_available():
        with pytest.raises(OutputError, match=r"asset_listing_main|_bpy_internal"):
            remote_listing.write(tmp_path)
        assert synced.returncode == 7
        assert "needs Blender 5.2 or later" in json.loads(synced.stdout)["message"]
        assert not folder.exists()
        assert service.requests("GET", "/v1/*") == []
        pytest.skip(DOES_NOT_APPLY + "this Blender cannot write the listing")
    assert synced.returncode == 0, synced.stderr
    library, listing = [json.loads(line) for line in synced.stdout.splitlines()][-2:]
    assert (listing["event"], listing["assets"]) == ("listing", library["saved"])
    assert listing["assets"] >= 2
    with web_server(folder) as url:
        read = captured([sys.executable, "-c", DOWNLOAD, url], cwd=tmp_path, check=True)
    assert read.stdout.splitlines()[-1].strip() == "FINISHED_SUCCESSFULLY", read.stderr
    (page,) = (tmp_path / "here").rglob("assets-*.json")
    assets = json.loads(page.read_text(encoding="utf-8"))["assets"]
    names = sorted(file.name for file in folder.glob("*.blend"))
    assert sorted(asset["files"][0] for asset in assets) == names
    for asset in assets:
        assert asset["meta"]["catalog_id"] and asset["meta"]["description"]
        assert (folder / asset["thumbnail"]["url"].replace("%20", " ")).stat().st_size > 100
    meta = folder / remote_listing.META
    changed = json.loads(meta.read_text(encoding="utf-8"))
    changed |= {"name": "Props of the studio", "contact": {"name": "Pipeline"}}
    meta.write_text(json.dumps(changed), encoding="utf-8")
    assert not remote_listing.write(folder).is_new
    kept = json.loads(meta.read_text(encoding="utf-8"))
    assert (kept["name"], kept["contact"]) == (changed["name"], changed["contact"])


@pytest.mark.thorough
@pytest.mark.feature("listing of a remote asset library")
def test_blender_accepts_the_manifest_of_the_extension(tmp_path: Path) -> None:
    """From 5.3 on, as it is and with an address and a token; another listing keeps what it says."""
    builder = Path(bpy.utils.system_resource("SCRIPTS"), "addons_core/bl_pkg/cli/blender_ext.py")
    if "asset-library" not in builder.read_text(encoding="utf-8"):
        pytest.skip(DOES_NOT_APPLY + "this Blender has no extensions that add asset libraries")
    manifest = tmp_path / remote_listing.EXTENSION
    for address, needs_token in (("example.com", False), ("props.studio", True)):
        remote_listing.write(tmp_path)
        text = manifest.read_text(encoding="utf-8").replace("example.com", address)
        text = text.replace("= false", f"= {str(needs_token).lower()}")
        manifest.write_text(text, encoding="utf-8")
        remote_listing.write(tmp_path)
        assert manifest.read_text(encoding="utf-8") == text
        build: list[str | Path] = [
            "build",
            "--source-dir",
            manifest.parent,
            "--output-dir",
            tmp_path,
        ]
        validate: list[str | Path] = ["validate", manifest.parent]
        for words in (validate, build):
            done = captured([sys.executable, builder, *words])
            assert done.returncode == 0, done.stdout + done.stderr
        with zipfile.ZipFile(tmp_path / "asset_library-1.0.0.zip") as archive:
            written = tomllib.loads(archive.read("blender_manifest.toml").decode())
        assert written["asset_library"] == {
            "remote_url": f"https://{address}/library/",
            "auth": {"required": needs_token, "auth_method": "TOKEN"},
        }


def test_a_listing_needs_the_generator_of_blender() -> None:
    """Blender 5.2 and later have it."""
    assert remote_listing.is_available() == (bpy.app.version >= (5, 2))


LISTED = {
    remote_listing.META: {"api_versions": {"v1": {"url": "_v1/asset-index.json"}}},
    "_v1/asset-index.json": {"asset_count": 3},
}
ERROR = "Traceback:\nModuleNotFoundError: No module named 'cattrs'"


@pytest.fixture
def generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Replace the background Blender by one that writes `files` and ends with `error`."""
    made = SimpleNamespace(files=LISTED, error="")

    class Child:
        def __init__(self, command: list[str]) -> None:
            self.errors = made.error

        def wait(self) -> int:
            for name, content in made.files.items():
                (tmp_path / name).parent.mkdir(exist_ok=True)
                (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
            return 1 if made.error else 0

        def end(self) -> None:
            made.is_ended = True

    monkeypatch.setattr(remote_listing, "ChildProcess", Child)
    return made


def test_assets_are_counted(tmp_path: Path, generator: SimpleNamespace) -> None:
    """The outcome is read from the files that the generator has written."""
    meta = tmp_path / remote_listing.META
    for is_new in (True, False):
        written = remote_listing.write(tmp_path)
        assert written == remote_listing.RemoteListing(meta, 3, is_new=is_new)
    assert generator.is_ended and (tmp_path / remote_listing.EXTENSION).is_file()


def test_errors_of_the_generator_are_told(tmp_path: Path, generator: SimpleNamespace) -> None:
    """A person reads the last line, not the traceback."""
    generator.error = ERROR
    with pytest.raises(OutputError) as raised:
        remote_listing.write(tmp_path)
    reason = f"{ERROR.splitlines()[-1]}. The .blend files are unchanged."
    assert str(raised.value) == f"Blender could not write the listing of {tmp_path}: {reason}"


@pytest.mark.parametrize("meta", [1, [], {"api_versions": {}}, {"api_versions": {"v1": 1}}])
def test_an_unreadable_listing(tmp_path: Path, generator: SimpleNamespace, meta: Any) -> None:
    """A generator that succeeds but writes something else is an error, not a success."""
    generator.files = {remote_listing.META: meta}
    with pytest.raises(OutputError, match="could not write the listing"):
        remote_listing.write(tmp_path)


def test_no_listing_while_a_sync_runs(tmp_path: Path, generator: SimpleNamespace) -> None:
    """A listing of files that are being replaced would have wrong checksums."""
    says = "a sync of this folder is running"
    with file_lock(tmp_path / LOCK), pytest.raises(OutputError, match=says):
        remote_listing.write(tmp_path)
    assert not (tmp_path / remote_listing.META).exists()
