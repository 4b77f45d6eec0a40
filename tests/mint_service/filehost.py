# SPDX-License-Identifier: GPL-3.0-or-later
"""The file host: another origin, no key, byte ranges, and every kind of download error."""

from __future__ import annotations

import asyncio
import hashlib
import re

from aiohttp import web

from ..key_search import requests_seen
from . import glb
from .asset_files import StoredFile
from .backend import Mint
from .faults import HTML
from .http_common import Connections, fault_response, note, raw_path
from .request_log import LoggedRequest

SECRETS = ("Authorization", "Cookie", "Proxy-Authorization")
PIECE = 256 * 1024
BREAKS = frozenset({"file-broken", "file-changed"})


def application(mint: Mint) -> web.Application:
    """Return the application for one service's files."""
    connections = Connections()

    async def handle(request: web.Request) -> web.StreamResponse:
        entry = note(mint, connections, request, "files")
        return await _serve(mint, request, entry)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def _serve(mint: Mint, request: web.Request, entry: LoggedRequest) -> web.StreamResponse:
    if any(name in request.headers for name in SECRETS):
        entry.leak, entry.note = True, "leak"
        requests_seen.note(f"a secret header of a request to the file host: {entry.path}")
        return _text(entry, 400, "A file host must never see a key or a cookie.")
    scripted = mint.scripted_fault("files", request.method, raw_path(request))
    if scripted is not None:
        return await fault_response(request, entry, scripted[0], {})
    if request.method != "GET":
        return _text(entry, 405, "Only GET.")
    with mint.at_work():
        found = _find(mint, request, entry)
        if isinstance(found, web.Response):
            return found
        file = found
        fault = _pick_fault(file)
    entry.note = fault or ""
    if fault in ("file-403", "file-404"):
        return _text(entry, int(fault[-3:]), "This file is not available.")
    if fault == "file-503":
        return _text(entry, 503, "Try again.", {"Retry-After": f"{mint.options.retry_after:g}"})
    if fault == "file-html":
        return _text(entry, 200, HTML, {"Content-Type": "text/html"})
    data = file.content
    if fault == "file-changed:again":
        data = _changed(data)
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    return await _send(request, entry, file, data, etag, fault)


def _find(mint: Mint, request: web.Request, entry: LoggedRequest) -> StoredFile | web.Response:
    """Return the file of an address, or the reason why it is not available."""
    file = mint.files.get(request.path.lstrip("/"))
    if file is None:
        return _text(entry, 404, "No such file.")
    entry.operation = file.operation
    if not mint.may_download(file, request.query):
        entry.note = "expired"
        return _text(entry, 403, "This link has expired.")
    return file


def _pick_fault(file: StoredFile) -> str | None:
    """Return the switch that acts on this download.

    For a switch that acts once, `:again` is added afterwards where it still has an effect.
    """
    for name in file.faults:
        if name in BREAKS or name == "file-503":
            if name not in file.fired:
                file.fired.append(name)
                return name
            if name == "file-changed":
                return "file-changed:again"
        else:
            return name
    return None


def _text(
    entry: LoggedRequest, status: int, text: str, headers: dict[str, str] | None = None
) -> web.Response:
    entry.status, entry.sent = status, len(text.encode())
    response = web.Response(status=status, text=text)
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def _changed(data: bytes) -> bytes:
    """Return another version of the same GLB, with other bytes at the same positions."""
    document, binary = glb.unpack(data)
    document["asset"] = {
        "extras": {**document["asset"].get("extras", {}), "version": 2},
        **{k: v for k, v in document["asset"].items() if k != "extras"},
    }
    return glb.pack(document, binary)


def _start(request: web.Request, etag: str) -> int:
    """Return from which byte on the file is asked for, as the add-on does it; 0 for all."""
    asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    is_same = request.headers.get("If-Range") in (None, etag)
    return int(asked[1]) if asked and is_same else 0


async def _send(
    request: web.Request,
    entry: LoggedRequest,
    file: StoredFile,
    data: bytes,
    etag: str,
    fault: str | None,
) -> web.StreamResponse:
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    start = _start(request, etag)
    if start and start >= len(data):
        return _text(
            entry, 416, "There are no such bytes.", {"Content-Range": f"bytes */{len(data)}"}
        )
    entry.status = 206 if start else 200
    if start:
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    response = web.StreamResponse(status=entry.status, headers=headers)
    response.content_type = file.content_type
    response.content_length = len(data) - start
    await response.prepare(request)
    breaks = fault == "file-truncated" or fault in BREAKS
    stop = max(start, len(data) // 2) if breaks else len(data)
    try:
        await _write(response, entry, data[start:stop], slow=fault == "file-slow")
        if breaks:
            if request.transport is not None:
                request.transport.close()
        else:
            await response.write_eof()
    except ConnectionError:
        entry.note = entry.note or "the client went away"
    return response


async def _write(
    response: web.StreamResponse, entry: LoggedRequest, data: bytes, slow: bool
) -> None:
    size = max(1, len(data) // 12) if slow else PIECE
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        await response.write(piece)
        entry.sent += len(piece)
        if slow:
            await asyncio.sleep(0.25)
