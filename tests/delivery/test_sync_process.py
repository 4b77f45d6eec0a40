# SPDX-License-Identifier: GPL-3.0-or-later
"""The child process that syncs an asset library, as the panel sees it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mint_blender.delivery.asset_library.manifest import LOCK
from mint_blender.delivery.asset_library.sync_process import SyncProcess
from mint_blender.files.file_lock import file_lock
from mint_blender.message import Message
from mint_blender.mint.account import Account

from ..mint_service.runner import running_service

pytestmark = pytest.mark.blender

TIMEOUT = 120.0  # seconds


def test_an_error_of_the_child_process_can_be_translated(tmp_path: Path) -> None:
    """The error keeps its template and its values, so that the panel can translate it."""
    folder = tmp_path / "library"
    folder.mkdir()
    process = SyncProcess()
    with running_service() as service, file_lock(folder / LOCK):
        process.start(["sync", str(folder)], Account(service.key, service.api), tmp_path / "home")
        end = time.monotonic() + TIMEOUT
        while process.is_running and time.monotonic() < end:
            process.poll()
            time.sleep(0.05)
    assert not process.is_running
    status = process.status
    assert isinstance(status, Message)
    assert status.template.startswith("A sync of {folder} is already running.")
    assert status.params == {"folder": str(folder)}


def test_a_stopped_sync_says_so(tmp_path: Path) -> None:
    """After a stop the panel shows a translatable sentence."""
    process = SyncProcess()
    with running_service() as service:
        process.start(["sync", str(tmp_path)], Account(service.key, service.api), tmp_path / "home")
        process.stop()
    assert process.status == Message("Sync stopped. Sync again to continue.")
    assert isinstance(process.status, Message)
