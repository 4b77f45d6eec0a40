# SPDX-License-Identifier: GPL-3.0-or-later
"""What was written before this computer was started may have holes after a power cut."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from mint_blender.files import disk, download_folder

from .downloading import CONTENT, Downloader
from .file_host import FileHost


def test_when_this_computer_was_started() -> None:
    """It is in the past, and a file that is written now is newer."""
    assert 0 < disk.booted_at() < time.time()


def test_a_new_file_is_of_this_boot(tmp_path: Path) -> None:
    """A file that is old, or missing, is not."""
    file = tmp_path / "a"
    file.touch()
    assert not disk.is_from_earlier_boot(file)
    os.utime(file, (1.0, 1.0))
    assert disk.is_from_earlier_boot(file)
    assert disk.is_from_earlier_boot(tmp_path / "missing")


def test_a_part_from_before_the_start_is_not_resumed(
    host: FileHost, loader: Downloader, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut may have left zeros in it, which no length shows."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    left = download_folder.PartFile(target)
    left.begin(download_folder.PartSource(url, '"a"', len(CONTENT)))
    left.path.write_bytes(bytes(1000))
    monkeypatch.setattr(disk, "booted_at", lambda: time.time() + 1.0)
    loader.fetch(url, target)
    assert target.read_bytes() == CONTENT


def test_a_drive_without_sync_of_folders_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network drives answer that they cannot; any other error is raised."""
    errors = [errno.EINVAL, errno.EIO]

    def fail(handle: int) -> None:
        raise OSError(errors.pop(0), "no")

    monkeypatch.setattr(os, "fsync", fail)
    disk.sync_folder(tmp_path)
    with pytest.raises(OSError):
        disk.sync_folder(tmp_path)
