# SPDX-License-Identifier: GPL-3.0-or-later
"""Write zip files whose bytes depend on the names and contents of the files alone.

`zipfile` can do that only without compression, since it compresses with the zlib of this Python.
Here libdeflate compresses, in the version that the locks pin: its bytes are the same everywhere.
"""

from __future__ import annotations

import importlib.util
import struct
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .errors import PackageError

DATE = (1 << 5) | 1  # 1980-01-01, the earliest date that a zip can hold
MADE_BY_UNIX = 3 << 8 | 20
MODE = 0o100644 << 16  # a plain file, readable by everybody
STORED, DEFLATED = 0, 8
UTF_8 = 1 << 11
SMALLEST = 12
"""The level of libdeflate whose result is the smallest."""


def can_compress() -> bool:
    """Return whether this Python has the package deflate; one without any packages has not."""
    return importlib.util.find_spec("deflate") is not None


def check_compression() -> None:
    """Raise a PackageError if this Python cannot compress."""
    if not can_compress():
        raise PackageError(
            "This Python does not have the package deflate, which compresses archives. Use the one"
            " that python3 scripts/dev.py env prints, or --stored, which compresses nothing."
        )


def write(target: Path, files: Mapping[str, bytes], *, compressed: bool = True) -> None:
    """Write a zip, sorted by name, with one date and one mode.

    Args:
        target: The zip; a file of this name is replaced.
        files: The bytes of each file by its name in the zip.
        compressed: Whether to compress what gets smaller.

    Raises:
        PackageError: This Python cannot compress; nothing is written.
    """
    if compressed:
        check_compression()
    body, directory = bytearray(), bytearray()
    for name in sorted(files):
        method, data = STORED, files[name]
        if compressed:
            method, data = _smaller(data)
        place, encoded = len(body), name.encode()
        shared = struct.pack(
            "<HHHHHIIIHH",
            *(20, UTF_8, method, 0, DATE),
            *(zlib.crc32(files[name]), len(data), len(files[name]), len(encoded), 0),
        )
        body += b"PK\3\4" + shared + encoded + data
        directory += b"PK\1\2" + struct.pack("<H", MADE_BY_UNIX) + shared
        directory += struct.pack("<HHHII", 0, 0, 0, MODE, place) + encoded
    count = len(files)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    unfinished.write_bytes(body + directory + b"PK\5\6" + end)
    unfinished.replace(target)


@cache
def _smaller(data: bytes) -> tuple[int, bytes]:
    """Return the method that makes this smaller, and the bytes to write."""
    import deflate

    smaller = bytes(deflate.deflate_compress(data, SMALLEST))
    return (DEFLATED, smaller) if len(smaller) < len(data) else (STORED, data)
