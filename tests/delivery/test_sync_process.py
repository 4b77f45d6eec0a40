# SPDX-License-Identifier: GPL-3.0-or-later
"""The child process that syncs an asset library, as the panel sees it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mint_blender.delivery.asset_library import sync_process
from mint_blender.delivery.asset_library.manifest import LOCK
from mint_blender.delivery.asset_library.sync_process import LISTING, SyncProcess
from mint_blender.files.file_lock import FileInUse, file_lock
from mint_blender.jobs.child_process import ChildEnded
from mint_blender.message import Message
from mint_blender.mint.account import Account

from ..mint_service.runner import running_service

pytestmark = [pytest.mark.blender, pytest.mark.windows]

TIMEOUT = 120.0  # seconds


ACCOUNT = Account("key", "http://127.0.0.1:9/v1")
SAVED = {"event": "saved", "done": 1, "total": 2}
LIBRARY = {"event": "library", "saved": 2, "unchanged": 5, "failed": ["no"]}
LISTED = {"event": "listing", "assets": 1234, "file": "/library/listing.json"}
DONE = "Asset library: 2 saved, 5 unchanged, 1 failed"
WRITING = "Asset library: writing the listing…"
IN_LISTING = f"{DONE}, 1,234 in the listing listing.json."
NEXT = (
    " Write the name of the library and a contact into it, then upload the folder to a web server."
)
UNFINISHED = "The sync did not finish. Sync again to continue."


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the events that a child process tells one by one; with the last one it ends."""
    told: list[dict[str, Any]] = []

    def poll() -> dict[str, Any] | None:
        if not told:
            raise ChildEnded
        child.has_told = not child.has_told
        return told.pop(0) if child.has_told else None

    child = SimpleNamespace(poll=poll, end=lambda: None, has_told=False)
    monkeypatch.setattr(sync_process, "ChildProcess", lambda *_: child)
    return told


@pytest.mark.parametrize(
    ("words", "told", "shown"),
    [
        ([], [SAVED, LIBRARY], ["Asset library: 1 of 2", DONE]),
        ([], [SAVED], [UNFINISHED]),
        ([LISTING], [LIBRARY, LISTED | {"is_new": True}], [WRITING, IN_LISTING + NEXT]),
        ([LISTING], [LIBRARY, LISTED | {"is_new": False}], [WRITING, IN_LISTING]),
        ([LISTING], [LIBRARY], [UNFINISHED]),
    ],
    ids=["saved", "unfinished", "listed", "listed again", "not listed"],
)
def test_the_panel_says_how_far_it_is(
    events: list[dict[str, Any]], words: list[str], told: list[dict[str, Any]], shown: list[str]
) -> None:
    """The first time, what is said about a listing includes what to do next."""
    process = SyncProcess()
    process.start(["sync", "/library", *words], ACCOUNT, Path("/home"))
    assert process.status == "Asset library: checking for new assets…"
    events += told
    for expected in shown:
        assert process.poll()
        assert process.status == expected
    assert not process.is_running and not process.poll()


def test_a_stopped_sync_says_so(events: list[dict[str, Any]]) -> None:
    """After a stop the panel shows a translatable sentence."""
    process = SyncProcess()
    process.start(["sync", "/library"], ACCOUNT, Path("/home"))
    process.stop()
    assert process.status == Message("Sync stopped. Sync again to continue.")
    assert isinstance(process.status, Message) and not process.is_running


def test_an_error_of_the_child_process_can_be_translated(tmp_path: Path) -> None:
    """The error keeps its template and its values, so that the panel can translate it."""
    folder = tmp_path / "library"
    folder.mkdir()
    process, end = SyncProcess(), time.monotonic() + TIMEOUT
    with file_lock(folder / LOCK):
        process.start(["sync", str(folder)], ACCOUNT, tmp_path / "home")
        while process.is_running and time.monotonic() < end:
            process.poll()
            time.sleep(0.02)
    status = process.status
    assert isinstance(status, Message) and not process.is_running
    assert status.template.startswith("A sync of {folder} is already running.")
    assert status.params == {"folder": str(folder)}


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


@pytest.mark.thorough
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
