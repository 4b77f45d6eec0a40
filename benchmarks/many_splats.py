# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of many splats for benchmarks, with values as they are in a place that was captured."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import zstandard

DEGREE, HARMONICS = 3, 15
_GZIP, _ZSTD = 6, 12  # the levels of the format's own writer


def write(path: Path, points: int, version: int) -> None:
    """Write an SPZ file of version 3 or 4 with harmonics of degree 3."""
    parts = _attributes(points)
    head = struct.pack("<4sIIBBBB", b"NGSP", version, points, DEGREE, 12, 0, 0)
    if version < 4:
        stream = zlib.compressobj(_GZIP, zlib.DEFLATED, 31)
        packed = [stream.compress(part) for part in (head, *parts)]
        path.write_bytes(b"".join([*packed, stream.flush()]))
        return
    streams = [zstandard.ZstdCompressor(_ZSTD).compress(part) for part in parts]
    sizes = b"".join(
        struct.pack("<QQ", len(stream), len(part))
        for stream, part in zip(streams, parts, strict=True)
    )
    offset = struct.pack("<I12x", 32)
    path.write_bytes(head[:15] + bytes([len(parts)]) + offset + sizes + b"".join(streams))


def inflate(path: Path) -> None:
    """Decompress a file and do nothing else."""
    data = path.read_bytes()
    if data[:4] != b"NGSP":
        zlib.decompress(data, 31)
        return
    decompressor, count = zstandard.ZstdDecompressor(), data[15]
    start = 32 + 16 * count
    for index in range(count):
        packed, size = struct.unpack_from("<QQ", data, 32 + 16 * index)
        decompressor.decompress(data[start : start + packed], max_output_size=size)
        start += packed


def _attributes(points: int) -> list[bytes]:
    """Return positions near walls, smooth colors, and harmonics that are mostly small."""
    random = np.random.default_rng(points)
    places = random.normal(0, 3, (points, 3))
    across = np.arange(points), random.integers(0, 3, points)
    places[across] = np.round(places[across] / 3) * 3 + random.normal(0, 0.01, points)
    fixed = np.round(places * 4096).astype("<i4").view(np.uint8).reshape(-1, 3, 4)
    shade = 128 + 60 * np.sin(places.sum(axis=1, keepdims=True))
    sizes = random.normal(84, 12, (points, 1)) + random.normal(0, 8, (points, 3))
    return [
        fixed[:, :, :3].tobytes(),
        _bytes(random.beta(0.6, 0.5, points) * 255),
        _bytes(shade + random.normal(0, 12, (points, 3))),
        _bytes(sizes),
        random.bytes(4 * points),
        _harmonics(points, random),
    ]


def _harmonics(points: int, random: np.random.Generator) -> bytes:
    """Return steps of 8 for degree 1 and of 16 above, as the format's own writer rounds them."""
    out = np.empty((points, HARMONICS, 3), np.uint8)
    for index in range(HARMONICS):
        step, width = (8, 8.0) if index < 3 else (16, 5.0)
        values = np.sort(random.laplace(128, width, 256))
        likely = np.clip(np.round(values / step) * step, 0, 255).astype(np.uint8)
        out[:, index] = likely[random.integers(0, 256, (points, 3), np.uint8)]
    return out.tobytes()


def _bytes(values: np.ndarray) -> bytes:
    rounded: np.ndarray = np.clip(values, 0, 255).astype(np.uint8)
    return rounded.tobytes()
