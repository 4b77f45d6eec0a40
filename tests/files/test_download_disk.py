# SPDX-License-Identifier: GPL-3.0-or-later
"""What a download meets on the disk: no room, a folder in its place, parts that others left."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mint_blender.files import part_file
from mint_blender.files.errors import DiskError, DownloadFailed
from mint_blender.files.part_file import PartFile, PartSource

from .downloading import CONTENT, Downloader
from .file_host import FileHost


def test_a_disk_that_fills_up_is_said(
    host: FileHost, loader: Downloader, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk refuses in the middle of the download: a sentence, no further try, and no half file
    under the right name.
    """
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    monkeypatch.setattr(part_file.PartFile, "open", lambda self: Path("/dev/full").open("wb"))  # noqa: SIM115 - closed by its user
    with pytest.raises(DiskError, match="disk is full"):
        loader.fetch(url, target)
    assert not target.exists() and len(host.asked) == 1


def test_a_full_disk_is_said_before_anything_is_written(
    host: FileHost, loader: Downloader, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot fit is not begun."""
    monkeypatch.setattr(part_file, "RESERVE", 2**62)
    with pytest.raises(DiskError, match="Free some space"):
        loader.fetch(host.put("/lamp.glb", CONTENT), target)
    assert list(target.parent.iterdir()) == []


def test_a_folder_that_is_a_file_is_said(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """What the disk refuses becomes a sentence that names the place."""
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
def test_what_the_disk_refuses_becomes_a_sentence(number: int, words: str) -> None:
    """Each kind of refusal names the place and says what to do about it."""
    with pytest.raises(DiskError, match=words) as caught, part_file.disk_errors(Path("lamp.glb")):
        raise OSError(number, os.strerror(number))
    assert "lamp.glb" in str(caught.value)


def test_a_part_that_two_downloads_wrote_to_is_not_put_in_place(tmp_path: Path) -> None:
    """A download that let go too late may have added bytes: the file is refused, and fetched anew
    the next time.
    """
    written = PartFile(tmp_path / "a.glb")
    written.begin(PartSource(address="https://files.example/a.glb", validator='"1"', total=4))
    with written.open() as stream:
        stream.write(b"four and more")
    with pytest.raises(DownloadFailed, match="Another download"):
        written.commit()
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_beside_a_complete_file_is_cleared_away(tmp_path: Path) -> None:
    """A kill just after the renaming leaves the part's note: the next look at the file removes it."""
    target = tmp_path / "a.glb"
    target.write_bytes(b"complete")
    PartFile(target).note.write_text("{}")
    with Downloader() as downloader:
        assert downloader.fetch("https://files.example/a.glb", target) == target
    assert list(tmp_path.iterdir()) == [target]
