# SPDX-License-Identifier: GPL-3.0-or-later
"""The child process that syncs an asset library, as the panel sees it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from mint_blender.delivery.asset_library import remote_listing
from mint_blender.delivery.asset_library.manifest import LOCK
from mint_blender.delivery.asset_library.sync_process import LISTING, SyncProcess
from mint_blender.files.file_lock import FileInUse, file_lock
from mint_blender.message import Message
from mint_blender.mint.account import Account

from ..conftest import DOES_NOT_APPLY
from ..mint_service.runner import running_service

pytestmark = pytest.mark.blender

TIMEOUT = 120.0  # seconds


@pytest.mark.one_blender
def test_an_error_of_the_child_process_can_be_translated(tmp_path: Path) -> None:
    """The error keeps its template and its values, so that the panel can translate it."""
    folder = tmp_path / "library"
    folder.mkdir()
    process = SyncProcess()
    with running_service() as service, file_lock(folder / LOCK):
        process.start(["sync", str(folder)], Account(service.key, service.api), tmp_path / "home")
        watch(process)
    status = process.status
    assert isinstance(status, Message)
    assert status.template.startswith("A sync of {folder} is already running.")
    assert status.params == {"folder": str(folder)}


@pytest.mark.one_blender
def test_a_stopped_sync_says_so(tmp_path: Path) -> None:
    """After a stop the panel shows a translatable sentence."""
    process = SyncProcess()
    with running_service() as service:
        process.start(["sync", str(tmp_path)], Account(service.key, service.api), tmp_path / "home")
        process.stop()
    assert process.status == Message("Sync stopped. Sync again to continue.")
    assert isinstance(process.status, Message)


# Another Blender, which starts a sync and is then killed.
PARENT = """
import sys, time
from pathlib import Path
from mint_blender.delivery.asset_library.sync_process import SyncProcess
from mint_blender.mint.account import Account
process = SyncProcess()
process.start(["sync", sys.argv[1]], Account(*sys.argv[2:4]), Path(sys.argv[4]))
while process.is_running:
    process.poll()
    time.sleep(0.02)
"""


@pytest.mark.one_blender
def test_a_sync_ends_when_its_blender_has_ended(tmp_path: Path) -> None:
    """It notices at the next asset, although nobody kills it, and unlocks the folder."""
    folder = tmp_path / "library"
    with running_service(speed=2000, library={"models": 30}) as service:
        words = [str(folder), service.key, service.api, str(tmp_path / "home")]
        parent = subprocess.Popen([sys.executable, "-c", PARENT, *words])
        until = time.monotonic() + TIMEOUT
        while not list(folder.glob("*.blend")) and time.monotonic() < until:
            time.sleep(0.02)
        parent.kill()
        parent.wait()
        while is_locked(folder) and time.monotonic() < until:
            time.sleep(0.02)
    assert not is_locked(folder) and 1 <= len(list(folder.glob("*.blend"))) < 20


def is_locked(folder: Path) -> bool:
    """Return whether a sync works on the folder."""
    try:
        with file_lock(folder / LOCK):
            return False
    except FileInUse:
        return True


@pytest.mark.feature("listing of a remote asset library")
def test_a_listing_is_written_after_the_sync(tmp_path: Path) -> None:
    """It is announced, then its assets are counted, and the first time it says what to do next."""
    folder, process, seen = tmp_path / "library", SyncProcess(), set()
    with running_service(speed=2000, library={"models": 2}) as service:
        account = Account(service.key, service.api)
        for number in range(2):
            process.start(["sync", str(folder), LISTING], account, tmp_path / "home")
            seen |= watch(process)
            status = process.status
            assert isinstance(status, Message)
            if not remote_listing.is_available():
                assert status.startswith("This Blender cannot write the listing")
                assert not folder.exists()
                pytest.skip(DOES_NOT_APPLY + "this Blender cannot write the listing")
            count = len(list(folder.glob("*.blend")))
            expected = (count, 0) if number == 0 else (0, count)
            done = "Asset library: {} saved, {} unchanged".format(*expected)
            assert status.startswith(f"{done}, {count} in the listing {remote_listing.META}.")
            assert ("upload the folder" in status) == (number == 0), "said once"
    assert "Asset library: writing the listing…" in seen


def watch(process: SyncProcess) -> set[str]:
    """Poll until the child process has ended, and return what the panel has shown."""
    seen, end = set(), time.monotonic() + TIMEOUT
    while process.is_running and time.monotonic() < end:
        process.poll()
        seen.add(str(process.status))
        time.sleep(0.02)
    assert not process.is_running
    return seen
