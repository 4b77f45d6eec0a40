# SPDX-License-Identifier: GPL-3.0-or-later
"""Write Gaussian splats as SPZ versions 2, 3 and 4, and read them for this folder's tests."""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MAGIC = 0x5053474E
FRACTION = 12


@dataclass(frozen=True)
class Splats:
    """A cloud of n splats without harmonics: arrays of (n, 3), (n,), (n, 3), (n, 3), (n, 4)."""

    positions: Floats
    alphas: Floats  # 0..1
    colors: Floats  # sRGB 0..1, as displayed
    scales: Floats  # linear standard deviations
    rotations: Floats  # x, y, z, w

    def __len__(self) -> int:
        return len(self.positions)


def encode(splats: Splats, version: int = 3) -> bytes:
    """Return the bytes of an .spz file."""
    if version not in (2, 3, 4):
        raise ValueError(f"SPZ version {version} is not written here")
    streams = _streams(splats, version)
    n = len(splats)
    if version < 4:
        head = struct.pack("<IIIBBBB", MAGIC, version, n, 0, FRACTION, 0, 0)
        return gzip.compress(head + b"".join(streams), compresslevel=4, mtime=0)
    packed = [zstandard.ZstdCompressor(level=3).compress(s) for s in streams]
    head = struct.pack("<IIIBBBBI12x", MAGIC, 4, n, 0, FRACTION, 0, len(streams), 32)
    table = b"".join(
        struct.pack("<QQ", len(p), len(s)) for p, s in zip(packed, streams, strict=True)
    )
    return head + table + b"".join(packed)


def _streams(splats: Splats, version: int) -> list[bytes]:
    fixed = np.round(splats.positions * (1 << FRACTION)).astype("<i4")
    positions = fixed.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3]
    harmonics = (splats.colors - 0.5) / 0.2820948
    rotation = _smallest_three(splats.rotations) if version > 2 else _first_three(splats.rotations)
    return [
        positions.tobytes(),
        _byte(splats.alphas * 255).tobytes(),
        _byte((harmonics * 0.15 + 0.5) * 255).tobytes(),
        _byte((np.log(splats.scales) + 10) * 16).tobytes(),
        rotation,
    ]  # and no harmonics: version 4 has no stream for empty data


def _byte(values: Floats) -> NDArray[np.uint8]:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _first_three(rotations: Floats) -> bytes:
    turned = np.where(rotations[:, 3:] < 0, -rotations, rotations)
    return _byte((turned[:, :3] + 1) * 127.5).tobytes()


def _smallest_three(rotations: Floats) -> bytes:
    largest = np.argmax(np.abs(rotations), axis=1)
    rows = np.arange(len(rotations))
    q = rotations * np.sign(rotations[rows, largest])[:, None]
    packed = largest.astype(np.uint32)
    # written from index 0 up, so that index 3 is in the lowest bits
    for index in range(4):
        keep = largest != index
        magnitude = np.minimum(np.round(np.abs(q[:, index]) * np.sqrt(2) * 511), 511).astype(
            np.uint32
        )
        sign = (q[:, index] < 0).astype(np.uint32)
        packed = np.where(keep, (packed << 10) | (sign << 9) | magnitude, packed)
    return packed.astype("<u4").tobytes()


def decode(content: bytes) -> tuple[int, Splats]:
    """Return the version and the splats of a file that `encode` wrote."""
    if content[:2] == b"\x1f\x8b":
        raw = gzip.decompress(content)
        _, version, n, _, fraction, _, _ = struct.unpack_from("<IIIBBBB", raw)
        parts, at = [], 16
        for size in (9 * n, n, 3 * n, 3 * n, (4 if version > 2 else 3) * n):
            parts.append(raw[at : at + size])
            at += size
    else:
        _, version, n, _, fraction, _, count, table = struct.unpack_from("<IIIBBBBI", content)
        at, parts = table + 16 * count, []
        for index in range(count):
            packed, size = struct.unpack_from("<QQ", content, table + 16 * index)
            parts.append(
                zstandard.ZstdDecompressor().decompress(
                    content[at : at + packed], max_output_size=max(size, 1)
                )
                if size
                else b""
            )
            at += packed
    return version, _splats(version, n, fraction, parts)


def _splats(version: int, n: int, fraction: int, parts: list[bytes]) -> Splats:
    raw = np.zeros((n * 3, 4), np.uint8)
    raw[:, :3] = np.frombuffer(parts[0], np.uint8).reshape(-1, 3)
    raw[:, 3] = np.where(raw[:, 2] > 127, 255, 0)
    colors = (np.frombuffer(parts[2], np.uint8).reshape(n, 3) / 255 - 0.5) / 0.15 * 0.2820948 + 0.5
    return Splats(
        positions=raw.view("<i4").reshape(n, 3) / (1 << fraction),
        alphas=np.frombuffer(parts[1], np.uint8) / 255,
        colors=colors,
        scales=np.exp(np.frombuffer(parts[3], np.uint8).reshape(n, 3) / 16 - 10),
        rotations=_rotations(version, n, parts[4]),
    )


def _rotations(version: int, n: int, part: bytes) -> Floats:
    if version == 2:
        xyz = np.frombuffer(part, np.uint8).reshape(n, 3) / 127.5 - 1
        return np.column_stack([xyz, np.sqrt(np.maximum(0, 1 - (xyz**2).sum(1)))])
    packed = np.frombuffer(part, "<u4").astype(np.uint32)
    largest = packed >> 30
    found = np.zeros((n, 4))
    for index in (3, 2, 1, 0):
        keep = largest != index
        value = (packed & 511) / 511 / np.sqrt(2) * np.where((packed >> 9) & 1, -1, 1)
        found[:, index] = np.where(keep, value, found[:, index])
        packed = np.where(keep, packed >> 10, packed)
    found[np.arange(n), largest] = np.sqrt(np.maximum(0, 1 - (found**2).sum(1)))
    return found
