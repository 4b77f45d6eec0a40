# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the zips that the archives are: Python reads them, and their bytes are always the same."""

from __future__ import annotations

import hashlib
import importlib.util
import random
import zipfile
from pathlib import Path

import pytest

from scripts.packaging import zip_writer
from scripts.packaging.errors import PackageError

LICENSE = (Path(__file__).parents[1] / "LICENSE").read_bytes()


def skewed() -> bytes:
    """Return bytes whose counts are Fibonacci numbers, which need the longest Huffman codes."""
    counts = [1, 1]
    while len(counts) < 22:
        counts.append(counts[-1] + counts[-2])
    data = b"".join(bytes([byte]) * count for byte, count in enumerate(counts))
    return bytes(random.Random(1).sample(data, len(data)))


def test_the_same_files_are_the_same_zip_on_any_machine(tmp_path):
    """The bytes are those that other Pythons and systems have written.

    Another version of the library may write others: then this sum changes, and an archive of an
    earlier commit is made again with the locks of that commit.
    """
    zip_writer.write(tmp_path / "some.zip", {"LICENSE": LICENSE * 2, "skewed": skewed()})
    written = (tmp_path / "some.zip").read_bytes()
    assert (
        hashlib.sha256(written).hexdigest()
        == "4213d5846b00545f20ad4f821ac6925947d69faef0997282192b34fd425c909e"
    )


def test_a_zip_of_compressed_files_can_be_read(tmp_path):
    """Python reads names, contents and modes; what does not get smaller is stored."""
    files = {
        "text.txt": LICENSE,
        "noise.bin": random.Random(3).randbytes(500),
        "empty": b"",
        "ü.txt": b"a" * 100,
    }
    zip_writer.write(tmp_path / "new" / "some.zip", files)
    with zipfile.ZipFile(tmp_path / "new" / "some.zip") as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == files
        methods = {entry.filename: entry.compress_type for entry in opened.infolist()}
        modes = {entry.external_attr >> 16 for entry in opened.infolist()}
        dates = {entry.date_time for entry in opened.infolist()}
    stored = {name for name, method in methods.items() if method == zipfile.ZIP_STORED}
    assert stored == {"noise.bin", "empty"}
    assert modes == {0o100644} and dates == {(1980, 1, 1, 0, 0, 0)}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["some.zip"]


def test_without_the_library_nothing_is_written(tmp_path, monkeypatch):
    """A sentence says what to do; without compression the same zip can be written."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PackageError, match=r"does not have the package deflate.*or --stored"):
        zip_writer.write(tmp_path / "some.zip", {"a": LICENSE})
    assert list(tmp_path.iterdir()) == []
    zip_writer.write(tmp_path / "some.zip", {"a": LICENSE}, compressed=False)
    with zipfile.ZipFile(tmp_path / "some.zip") as opened:
        assert opened.read("a") == LICENSE
