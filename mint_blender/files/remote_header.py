# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the header and JSON of a GLB on a file host, without downloading meshes and images.

Requests a range that usually holds the whole JSON, and a larger one if it does not. From a host
without ranges, the body is read only up to the end of the JSON.
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
from ..net import connections, guarded_socket
from . import urls
from .download import Downloader, get_following_redirects, never_stop
from .errors import DownloadFailed, FileError, InvalidGlb, LinkExpired
from .glb import header

FIRST_BYTES = 2**16
"""Bytes of the first request; the JSON of Mint's models has 2 to 40 KB."""
TIMEOUT = (10.0, 20.0)
TOTAL_TIMEOUT = 60.0
"""Seconds for everything."""
JSON_OFFSET = 20
"""Bytes before the JSON: the header of the file and of the JSON chunk."""


@dataclass(frozen=True)
class _Prefix:
    data: bytes
    total: int


def fetch_header(
    url: str, downloader: Downloader, stop: Callable[[], bool] = never_stop
) -> header.Glb:
    """Check the beginning of a GLB and return what it holds.

    Args:
        url: The address of the file.
        downloader: Its connections are used.
        stop: Returns whether to stop.

    Raises:
        FileError: The file cannot be reached, or cannot be imported.
    """
    address = urls.check(url, local_files=downloader.local_files)
    guard = guarded_socket.Guard(time.monotonic() + TOTAL_TIMEOUT, stop=stop)
    with guarded_socket.guarded(guard):
        return _fetch(downloader, address)


def _fetch(downloader: Downloader, url: str) -> header.Glb:
    found = _first_bytes(downloader, url, FIRST_BYTES)
    needed = _header_length(found.data)
    if needed > len(found.data) and len(found.data) < found.total:
        if needed > header.DEFAULTS.json_bytes:
            raise InvalidGlb(
                Message(
                    "Cannot import {name}: its JSON has {length:,} bytes, more than the limit.",
                    name=urls.label(url),
                    length=needed,
                )
            )
        found = _first_bytes(downloader, url, needed)
    return header.inspect_prefix(found.data, found.total, urls.label(url))


def _header_length(data: bytes) -> int:
    """Return the bytes up to the JSON's end and the next chunk's header; 0 if unknown."""
    return (
        JSON_OFFSET + struct.unpack("<I", data[12:16])[0] + 8
        if len(data) >= JSON_OFFSET and data.startswith(b"glTF")
        else 0
    )


def _first_bytes(downloader: Downloader, url: str, count: int) -> _Prefix:
    try:
        with _response(downloader, url, count) as response:
            data = b""
            for block in response.iter_content(2**14):
                data += block
                if len(data) >= count:
                    break
            return _Prefix(data[:count], _total(response, data))
    except connections.ForbiddenAddress as error:
        raise urls.not_public(error.address) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise DownloadFailed(
            Message(
                "Could not read {label}: the connection failed. Try again later.",
                label=urls.label(url),
            )
        ) from error


def _response(downloader: Downloader, url: str, count: int) -> requests.Response:
    response = get_following_redirects(
        downloader.session,
        url,
        headers={"Range": f"bytes=0-{count - 1}"},
        timeout=TIMEOUT,
        local_files=downloader.local_files,
    )
    if response.status_code not in {200, 206}:
        response.close()
        raise _refusal(response.status_code, url)
    return response


def _refusal(status: int, url: str) -> FileError:
    if status in {403, 404, 410}:
        return LinkExpired(
            Message(
                "{label} was not found (HTTP {status}). The link may have expired. Refresh"
                " the library.",
                label=urls.label(url),
                status=status,
            )
        )
    return DownloadFailed(
        Message(
            "Could not read {label} (HTTP {status}). Try again later.",
            label=urls.label(url),
            status=status,
        )
    )


def _total(response: requests.Response, data: bytes) -> int:
    """Return the bytes of the whole file according to the host, else to the file itself."""
    range_match = re.fullmatch(
        r"bytes 0-\d{1,18}/(\d{1,18})", response.headers.get("Content-Range", "").strip()
    )
    if range_match:
        return int(range_match[1])
    length = response.headers.get("Content-Length", "")
    if response.status_code == 200 and re.fullmatch(r"\d{1,18}", length):
        return int(length)
    return int(struct.unpack("<I", data[8:12])[0]) if len(data) >= JSON_OFFSET else len(data)
