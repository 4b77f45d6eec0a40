# SPDX-License-Identifier: GPL-3.0-or-later
"""What a GLB at a file host says about itself, from its first bytes: neither the meshes nor the
pictures in it are downloaded.

Asks for a range that usually holds the whole JSON, and once more for the rest when it does not. A
host that knows no ranges is listened to only until the JSON is here.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests
import urllib3

from ..message import Message
from ..net import connections
from . import redirects, urls
from .download import anonymous_session, never_stop
from .errors import DownloadFailed, FileError, InvalidGlb, LinkExpired
from .glb import header

FIRST = 2**16
"""Bytes: the JSON of a model of Mint's has 2 to 40 KB."""
TIMEOUT = (10.0, 20.0)
TOTAL = 60.0
"""Seconds for all of it."""
HEADERS = 20
"""Bytes before the JSON: the file's header and the JSON chunk's."""


@dataclass(frozen=True)
class _Beginning:
    data: bytes
    total: int


def fetch_header(
    url: str,
    session: requests.Session | None = None,
    stop: Callable[[], bool] = never_stop,
    *,
    local_files: bool = False,
) -> header.Glb:
    """Check the beginning of the GLB and tell what is in it.

    `local_files` as for a download. Raises `FileError`.
    """
    own = session or anonymous_session("mint-blender", local_files=local_files)
    try:
        with connections.guarded(connections.Guard(time.monotonic() + TOTAL, stop=stop)):
            return _peek(own, urls.check(url, local_files=local_files), local_files)
    finally:
        if session is None:
            own.close()


def _peek(session: requests.Session, url: str, local_files: bool) -> header.Glb:
    found = _first_bytes(session, url, FIRST, local_files)
    needed = _needed(found.data)
    if needed > len(found.data) and len(found.data) < found.total:
        if needed > header.DEFAULTS.json_bytes:
            raise InvalidGlb(
                Message(
                    "{name} cannot be imported: its JSON has {length:,} bytes, more than are read.",
                    name=urls.label(url),
                    length=needed,
                )
            )
        found = _first_bytes(session, url, needed, local_files)
    return header.inspect_prefix(found.data, found.total, urls.label(url))


def _needed(data: bytes) -> int:
    """How many bytes hold the JSON and the header of what follows it."""
    return (
        HEADERS + struct.unpack("<I", data[12:16])[0] + 8
        if len(data) >= HEADERS and data.startswith(b"glTF")
        else 0
    )


def _first_bytes(session: requests.Session, url: str, count: int, local_files: bool) -> _Beginning:
    try:
        with _response(session, url, count, local_files) as response:
            data = b""
            for block in response.iter_content(2**14):
                data += block
                if len(data) >= count:
                    break
            return _Beginning(data[:count], _total(response, data))
    except connections.ForbiddenAddress as error:
        raise urls.not_public(error.address) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise DownloadFailed(
            Message(
                "{label} could not be looked at: the connection failed. Try again later.",
                label=urls.label(url),
            )
        ) from error


def _response(
    session: requests.Session, url: str, count: int, local_files: bool
) -> requests.Response:
    response = redirects.get(
        session,
        url,
        headers={"Range": f"bytes=0-{count - 1}"},
        timeout=TIMEOUT,
        local_files=local_files,
    )
    if response.status_code not in {200, 206}:
        response.close()
        raise _refusal(response.status_code, url)
    return response


def _refusal(status: int, url: str) -> FileError:
    if status in {403, 404, 410}:
        return LinkExpired(
            Message(
                "{label} is not there (HTTP {status}). The link may have expired; refresh the"
                " library.",
                label=urls.label(url),
                status=status,
            )
        )
    return DownloadFailed(
        Message(
            "{label} could not be looked at (HTTP {status}). Try again later.",
            label=urls.label(url),
            status=status,
        )
    )


def _total(response: requests.Response, data: bytes) -> int:
    """Bytes of the whole file, as the host says; where it does not, as the file says."""
    told = re.fullmatch(
        r"bytes 0-\d{1,18}/(\d{1,18})", response.headers.get("Content-Range", "").strip()
    )
    if told:
        return int(told[1])
    length = response.headers.get("Content-Length", "")
    if response.status_code == 200 and re.fullmatch(r"\d{1,18}", length):
        return int(length)
    return int(struct.unpack("<I", data[8:12])[0]) if len(data) >= HEADERS else len(data)
