# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for other programs: recognized by their bytes, and saved without overwriting anything."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from mint_blender.files.errors import DiskError, InvalidFile
from mint_blender.jobs.transfers import fetch_file

from ..mint_service import convert


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a downloaded file."""
    path = tmp_path / "job" / "fbx.fbx"
    path.parent.mkdir()
    path.write_bytes(b"; FBX 7.4.0")
    return path


@pytest.mark.parametrize("format", convert.TYPES)
def test_every_format_of_mint_is_recognized(format: str, tmp_path: Path) -> None:
    """Each format keeps its ending."""
    writers = {"fbx": convert._fbx, "obj": convert._obj, "stl": convert._stl, "usdz": convert._usdz}
    path = tmp_path / "file"
    path.write_bytes(writers[format]((np.zeros((3, 3)), np.array([[0, 1, 2]]))))
    assert fetch_file.suffix_for(path, format) == f".{format}"


def test_an_archive_keeps_its_ending(tmp_path: Path) -> None:
    """An OBJ that came as an archive is named as an archive."""
    path = tmp_path / "file"
    path.write_bytes(b"PK\x03\x04 and so on")
    assert fetch_file.suffix_for(path, "obj") == ".zip"


@pytest.mark.parametrize(
    ("content", "format"),
    [(b"", "fbx"), (b"<!doctype html>", "obj"), (b'{"error": 1}', "stl"), (b"v 1 2 3", "usdz")],
)
def test_other_content_is_refused(content: bytes, format: str, tmp_path: Path) -> None:
    """An empty file, a web page, JSON or another format is refused."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match=f"not in {format.upper()} format"):
        fetch_file.suffix_for(path, format)


def test_existing_files_are_not_overwritten(source: Path, tmp_path: Path) -> None:
    """A number is added to the name as often as needed; the folder is made."""
    wanted = tmp_path / "new" / "lamp v1.2.fbx"
    wanted.parent.mkdir()
    wanted.write_bytes(b"mine")
    wanted.with_name("lamp v1.2 2.fbx").symlink_to(tmp_path / "nowhere")
    saved = fetch_file.copy_to_free_name(source, wanted)
    assert saved.name == "lamp v1.2 3.fbx"
    assert saved.read_bytes() == source.read_bytes()
    assert wanted.read_bytes() == b"mine"
    assert len(list(wanted.parent.iterdir())) == 3, "nothing half done lies about"


def test_the_same_bytes_are_not_saved_twice(source: Path, tmp_path: Path) -> None:
    """A save that is repeated after its end finds the file complete."""
    wanted = tmp_path / "lamp.fbx"
    assert (
        fetch_file.copy_to_free_name(source, wanted)
        == fetch_file.copy_to_free_name(source, wanted)
        == wanted
    )
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["lamp.fbx"]


def test_saving_works_without_hard_links(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file gets its name when it is complete, and overwrites no other."""

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "lamp.fbx").write_bytes(b"mine")
    assert fetch_file.copy_to_free_name(source, tmp_path / "lamp.fbx").name == "lamp 2.fbx"
    assert (tmp_path / "lamp.fbx").read_bytes() == b"mine"


def test_a_folder_that_cannot_be_written_is_named(source: Path, tmp_path: Path) -> None:
    """The message names the folder, and nothing is lost."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError, match="could not be written"):
        fetch_file.copy_to_free_name(source, tmp_path / "file" / "lamp.fbx")
    assert source.exists()
