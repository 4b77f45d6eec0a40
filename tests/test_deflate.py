# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the compression of the archives: zlib reads it, and its bytes are always the same."""

from __future__ import annotations

import hashlib
import random
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.packaging import deflate, zip_writer
from scripts.packaging.errors import PackageError

LICENSE = (Path(__file__).parents[1] / "LICENSE").read_bytes()


def decompressed(data: bytes) -> bytes:
    """Return what zlib reads; the stream has to end where the data ends."""
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    result = reader.decompress(data)
    assert reader.eof and not reader.unused_data
    return result


def skewed() -> bytes:
    """Return bytes whose counts are Fibonacci numbers, which give the longest Huffman codes."""
    counts = [1, 1]
    while len(counts) < 22:
        counts.append(counts[-1] + counts[-2])
    data = b"".join(bytes([byte]) * count for byte, count in enumerate(counts))
    return bytes(random.Random(1).sample(data, len(data)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"ab",
        b"aaa",
        b"abcabcabcabc",
        bytes(range(256)) * 4,
        b"\0" * 66_000,
        random.Random(2).randbytes(40_000) * 2,
        skewed(),
        LICENSE,
    ],
    ids=["nothing", "1", "2", "3", "matches", "bytes", "zeros", "too-far", "skewed", "text"],
)
def test_zlib_reads_what_was_compressed(data):
    """Literals, matches of every length and distance, runs of code lengths, and long codes."""
    assert decompressed(deflate.compress(data)) == data


@given(
    st.lists(st.binary(max_size=40), max_size=30), st.randoms(use_true_random=False), st.booleans()
)
@settings(max_examples=150, deadline=None)
def test_zlib_reads_whatever_was_compressed(pieces, choose, repeat):
    """Pieces that return at random distances are read back."""
    data = b"".join(choose.choices(pieces, k=60 if repeat else 3)) if pieces else b""
    assert decompressed(deflate.compress(data)) == data


def test_the_same_data_is_the_same_on_any_machine():
    """The compressed bytes are those that other Pythons and systems have written."""
    assert (
        hashlib.sha256(deflate.compress(skewed() + LICENSE * 2)).hexdigest()
        == "8c5dc450b7e0fcac4d3b1b17605cf2a304af79cba5bb81af84b132e4bf54dba0"
    )


def test_text_is_nearly_as_small_as_from_zlib():
    """A text takes at most 4% more than zlib needs at its best."""
    best = len(zlib.compress(LICENSE, 9, -zlib.MAX_WBITS))
    assert len(deflate.compress(LICENSE)) < 1.04 * best


def test_a_zip_of_compressed_files_can_be_read(tmp_path):
    """Python reads names, contents and modes; what does not get smaller is stored."""
    files = {
        "text.txt": LICENSE,
        "noise.bin": random.Random(3).randbytes(500),
        "wheels/some.whl": LICENSE,
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
    assert stored == {"noise.bin", "wheels/some.whl", "empty"}
    assert modes == {0o100644} and dates == {(1980, 1, 1, 0, 0, 0)}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["some.zip"]


def test_a_wrong_compression_is_not_written(tmp_path, monkeypatch):
    """Each file is decompressed before the zip is written; an error leaves the old zip."""
    (tmp_path / "some.zip").write_bytes(b"old")
    monkeypatch.setattr(deflate, "compress", lambda data: zlib.compress(b"other", 9, -15))
    with pytest.raises(PackageError, match="compresses a file wrongly"):
        zip_writer.write(tmp_path / "some.zip", {"a": b"only in this test " * 9})
    assert (tmp_path / "some.zip").read_bytes() == b"old"
