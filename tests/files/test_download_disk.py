# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads and the disk: a full disk, a file in place of a folder, parts of other downloads."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mint_blender.files import disk, download_folder
from mint_blender.files.download_folder import PartFile, PartSource
from mint_blender.files.errors import DiskError, DownloadFailed

from .downloading import CONTENT, Downloader
from .file_host import FileHost


def test_a_disk_that_fills_up_is_an_error(
    host: FileHost, loader: Downloader, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full in the middle of a download, it fails without another try.

    No incomplete file is left under the target's name.
    """
    if not Path("/dev/full").exists():
        pytest.skip("does not apply: no /dev/full")
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    monkeypatch.setattr(
        download_folder.PartFile,
        "open",
        lambda self: Path("/dev/full").open("wb"),  # noqa: SIM115 - closed by its user
    )
    with pytest.raises(DiskError, match="disk is full"):
        loader.fetch(url, target)
    assert not target.exists() and len(host.asked) == 1


def test_a_file_that_cannot_fit_is_not_begun(
    host: FileHost, loader: Downloader, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes before anything is written."""
    monkeypatch.setattr(download_folder, "RESERVE", 2**62)
    with pytest.raises(DiskError, match="Free some space"):
        loader.fetch(host.put("/lamp.glb", CONTENT), target)
    assert list(target.parent.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_an_error(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """The error names the path."""
    (tmp_path / "job").write_text("in the way")
    with pytest.raises(DiskError, match="job"):
        loader.fetch(host.put("/lamp.glb", CONTENT), tmp_path / "job" / "lamp.glb")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "No permission to write"),
        (errno.EIO, "could not be written"),
    ],
)
def test_each_disk_error_says_what_to_do(number: int, words: str) -> None:
    """The message names the path and says what to do about this kind of error."""
    with (
        pytest.raises(DiskError, match=words) as caught,
        disk.disk_errors(Path("lamp.glb")),
    ):
        raise OSError(number, os.strerror(number))
    assert "lamp.glb" in str(caught.value)


def test_a_part_with_bytes_of_two_downloads_is_refused(tmp_path: Path) -> None:
    """A file with extra bytes of an ended download is refused, and downloaded again."""
    written = PartFile(tmp_path / "a.glb")
    written.begin(PartSource(address="https://files.example/a.glb", validator='"1"', total=4))
    with written.open() as stream:
        stream.write(b"four and more")
    with pytest.raises(DownloadFailed, match="Another download"):
        written.commit()
    assert list(tmp_path.iterdir()) == []


def test_a_note_left_beside_a_complete_file_is_removed(tmp_path: Path) -> None:
    """A kill just after the renaming leaves the note; the next download removes it."""
    target = tmp_path / "a.glb"
    target.write_bytes(b"complete")
    PartFile(target).metadata_path.write_text("{}")
    with Downloader() as downloader:
        assert downloader.fetch("https://files.example/a.glb", target) == target
    assert list(tmp_path.iterdir()) == [target]
