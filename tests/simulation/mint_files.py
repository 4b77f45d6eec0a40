# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's file host: links that expire, byte ranges, and small files that pass every check."""

from __future__ import annotations

import random
import re
import zlib
from functools import lru_cache

import numpy as np

from ..files import build_spz
from ..files.build_glb import box_parts, pack, png_of
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
        document, binary = box_parts()
        return pack(document | {"asset": {"version": "2.0", "generator": path}}, binary)
    if path.endswith(".spz"):
        return build_spz.encode(build_spz.made_up(2, seed=zlib.crc32(path.encode())), version=2)
    if path.endswith((".webp", ".png")):
        return png(8 if "-pano-" in path else 4, 4, path)
    return b"solid " + path.encode()


def png(width: int, height: int, text: str) -> bytes:
    """Return a picture whose colors no other text has."""
    random = np.random.default_rng(zlib.crc32(text.encode()))
    return png_of(random.integers(0, 256, (height, width, 3), np.uint8))
