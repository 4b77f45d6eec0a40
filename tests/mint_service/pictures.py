# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures without a picture library: a WebP of one color and a small PNG."""

from __future__ import annotations

import struct
import zlib

from .prompt_words import Color


def webp(color: Color, width: int = 64, height: int = 64) -> bytes:
    """Return a lossless WebP of one color.

    Each of its five prefix codes has one symbol, so that the pixels take no bits.
    """
    bits = _Bits()
    bits.put(0x2F, 8)
    bits.put(width - 1, 14)
    bits.put(height - 1, 14)
    bits.put(0, 1 + 3)  # alpha unused, version 0
    bits.put(0, 3)  # no transform, no color cache, no meta prefix codes
    red, green, blue = (round(c * 255) for c in color)
    for symbol in (green, red, blue, 255):
        bits.put(1, 1)  # simple code
        bits.put(0, 1)  # one symbol
        bits.put(1, 1)  # of eight bits
        bits.put(symbol, 8)
    bits.put(0b0001, 4)  # distances: simple, one symbol of one bit, 0
    data = bits.done()
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


class _Bits:
    """Packs bits into bytes, lowest first."""

    def __init__(self) -> None:
        self._value = 0
        self._count = 0

    def put(self, value: int, count: int) -> None:
        self._value |= value << self._count
        self._count += count

    def done(self) -> bytes:
        return self._value.to_bytes((self._count + 7) // 8, "little")


def png(rows: list[bytes], width: int) -> bytes:
    """Return an RGB PNG from rows of 3 * width bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def tiny_panorama(color: Color, width: int = 64) -> bytes:
    """Return a 2:1 PNG for a panorama.

    It has the sky above, ground of the given color below, and a white mark in the middle of the
    horizon.
    """
    height = width // 2
    ground = bytes(round(c * 255) for c in color)
    rows = []
    for y in range(height):
        row = bytearray((bytes((150, 190, 230)) if y < height // 2 else ground) * width)
        if abs(y - height // 2) < 2:
            row[3 * (width // 2) : 3 * (width // 2) + 3] = b"\xff\xff\xff"
        rows.append(bytes(row))
    return png(rows, width)
