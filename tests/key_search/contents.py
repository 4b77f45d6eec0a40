# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a file: its bytes, and what they are when they are decompressed."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

MOST = 32 << 20
"""Bytes that are searched of a file, and of what it decompresses to. Larger ones are splats and
downloads that the tests fill with numbers."""


def contents(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, and then those of what is compressed in it.

    That covers .blend files (Zstandard since Blender 3.0, gzip before), archives, and the splats of
    either kind. What ends early or is damaged is yielded up to there.
    """
    with path.open("rb") as stream:
        data = stream.read(MOST)
    yield data
    yield from _decompressed(data)


def _decompressed(data: bytes) -> Iterator[bytes]:
    stream = io.BytesIO(data)
    try:
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
            yield from _blocks(reader)
        elif data.startswith(b"\x1f\x8b"):
            yield from _blocks(gzip.GzipFile(fileobj=stream))
        elif data.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(stream) as archive:
                for name in archive.namelist():
                    yield from _blocks(archive.open(name))
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile, ValueError):
        return


def _blocks(
    stream: IO[bytes] | gzip.GzipFile | zstandard.ZstdDecompressionReader,
) -> Iterator[bytes]:
    """Yield blocks that overlap, so that no key is cut in two."""
    size, before, total = 1 << 20, b"", 0
    while total < MOST and (block := stream.read(size)):
        yield before + block
        before = block[-256:]
        total += len(block)
