# SPDX-License-Identifier: GPL-3.0-or-later
"""Syncs of an asset library that are killed, or that run at the same time."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from ..cli.command_runner import command, environment
from ..harness.processes import captured
from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

from mint_blender.delivery.asset_library.manifest import (  # noqa: E402
    FILE_NAME,
    Manifest,
    ManifestEntry,
)
from mint_blender.files.disk import PART  # noqa: E402

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


def started(words: list[str], service: ThreadService, home: Path) -> subprocess.Popen[bytes]:
    """Start a sync, and wait until it has saved one file."""
    process = subprocess.Popen(
        words, env=environment(service, home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    process.stdout.readline()
    return process


def test_one_sync_at_a_time(service: ThreadService, tmp_path: Path) -> None:
    """A second sync of a folder is refused without a request; after a kill the next one runs."""
    folder, home = tmp_path / "library", tmp_path / "home"
    words = command("library", "sync", str(folder), "--json")
    first = started(words, service, home)
    first.send_signal(signal.SIGSTOP)
    asked, before = len(service.requests("GET", "/v1/*")), blend_names(folder)
    second = captured(words, env=environment(service, home))
    assert second.returncode == 1
    says = "is already running. Wait for it to finish, or stop it. Nothing was changed."
    assert json.loads(second.stdout)["message"].endswith(says)
    assert (len(service.requests("GET", "/v1/*")), blend_names(folder)) == (asked, before)
    first.kill()
    first.wait()
    first.stdout.close()
    third = captured(words, env=environment(service, home))
    assert third.returncode == 0, third.stderr


def test_two_folders_at_once(service: ThreadService, tmp_path: Path) -> None:
    """Two syncs of one user into different folders do not disturb each other."""
    home = tmp_path / "home"
    how = {"env": environment(service, home), "stderr": subprocess.PIPE}
    folders = [str(tmp_path / name) for name in ("one", "two")]
    running = [subprocess.Popen(command("library", "sync", each), **how) for each in folders]
    errors = [process.communicate(timeout=120)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], errors
    assert blend_names(tmp_path / "one") == blend_names(tmp_path / "two")
