# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's file host: links that expire, byte ranges, and small files that pass every check."""

from __future__ import annotations

import json
import random
import re
import struct
import zlib
from functools import lru_cache

from .messages import Request, Response

HOST = "cdn.mint.gg"
LINK_LIFETIME = 3600.0
"""Seconds until a link expires; a fresh read of the resource gives a new one."""


def link(folder: str, name: str, now: float) -> str:
    """Return a link to a file. `name` holds a hash of its content, as the real ones do."""
    return f"https://{HOST}/{folder}/{name}?expires={int(now + LINK_LIFETIME)}"


class FileHost:
    """Answers GET requests for files. It needs no key, and must never see one."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def answer(self, request: Request, now: float) -> Response:
        """Return the file or a part of it; 403, 404 or 410 if the link has expired."""
        if now > float(request.query.get("expires", "0")):
            return Response(self._rng.choice([403, 404, 410]), body=b"gone")
        data = _content(request.path)
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


def _content(path: str) -> bytes:
    if path.endswith(".glb"):
        return _glb(path)
    if "-pano-" in path:
        return _png(8, 4)
    if path.endswith((".webp", ".png")):
        return _png(4, 4)
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
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(corners), b"BIN\0") + corners
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


@lru_cache
def _png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x60\x80\x40" * width for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
