# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's file host: links that expire, byte ranges, and small files that pass every check."""

from __future__ import annotations

import gzip
import random
import re
import struct
import zlib
from functools import lru_cache

from ..files.build_glb import pack
from ..mint_model.messages import Request, Response

HOST = "cdn.mint.gg"
LINK_LIFETIME = 3600.0
"""Seconds until a link expires; a fresh read of the resource gives a new one."""


def link(path: str, now: float) -> str:
    """Return a link to a file."""
    return f"https://{HOST}/{path}?expires={int(now + LINK_LIFETIME)}"


class FileHost:
    """Answers GET requests for files. It needs no key, and must never see one."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def answer(self, request: Request, now: float) -> Response:
        """Return the file or a part of it; 403, 404 or 410 if the link has expired."""
        if now > float(request.query.get("expires", "0")):
            return Response(self._rng.choice([403, 404, 410]), body=b"gone")
        data = content(request.path)
        etag = f'"{zlib.crc32(request.path.encode()):08x}"'
        headers = {"Content-Length": str(len(data)), "ETag": etag, "Accept-Ranges": "bytes"}
        start = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if start is None or request.headers.get("If-Range") != etag:
            return Response(200, headers, data)
        first = int(start[1])
        if first >= len(data):
            return Response(416, {}, b"")
        headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        headers["Content-Length"] = str(len(data) - first)
        return Response(206, headers, data[first:])


@lru_cache(4096)
def content(path: str) -> bytes:
    """Return what the file host has under a path: always the same."""
    if path.endswith(".glb"):
        return _glb(path)
    if path.endswith(".spz"):
        return _spz(path)
    if path.endswith((".webp", ".png")):
        return png(8 if "-pano-" in path else 4, 4, path)
    return b"solid " + path.encode()


def _glb(path: str) -> bytes:
    """Return a GLB with one triangle."""
    corners = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    document = {
        "asset": {"version": "2.0", "generator": path},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "buffers": [{"byteLength": len(corners)}],
        "bufferViews": [{"buffer": 0, "byteLength": len(corners)}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": 3,
                "type": "VEC3",
                "min": [0, 0, 0],
                "max": [1, 1, 0],
            }
        ],
    }
    return pack(document, corners)


def _spz(path: str) -> bytes:
    """Return two splats, in the first version of the format that one gzip stream holds."""
    points = 2
    header = struct.pack("<4sIIBBBB", b"NGSP", 2, points, 0, 12, 0, 0)
    body = random.Random(path).randbytes(points * (9 + 1 + 3 + 3 + 3))
    return gzip.compress(header + body, mtime=0)


def png(width: int, height: int, text: str) -> bytes:
    """Return a picture of one color that no other text has."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + struct.pack(">I", zlib.crc32(text.encode()))[:3] * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tEXt", b"Title\0" + text.encode())
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
