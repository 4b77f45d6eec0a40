# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the client and the downloader agree on which hosts are this computer."""

from __future__ import annotations

import pytest

from mint_blender.files import urls
from mint_blender.files.errors import DownloadFailed
from mint_blender.mint.account import Origin

HOSTS = {
    "localhost": True,
    "LocalHost": True,
    "127.0.0.1": True,
    "127.255.0.9": True,
    "[::1]": True,
    "localhost.example": False,
    "files.localhost": False,
    "127.0.0.1.example": False,
    "10.0.0.1": False,
    "0.0.0.0": False,
    "[::]": False,
    "2130706433": False,
    "0x7f.1": False,
    "[::ffff:10.0.0.1]": False,
    "cdn.mint.gg": False,
    "127.0.0.1%lo": False,
    "[::1%25lo]": False,
    "127.1": False,
    "localhost.": False,
    "ⅼocalhost": False,
}


def _api_takes(host: str) -> bool:
    """Return whether the client would send a key to the host without encryption."""
    try:
        return Origin.parse(f"http://{host}/v1").is_loopback
    except ValueError:
        return False


def _files_take(host: str) -> bool:
    """Return whether the downloader would fetch a file from the host without encryption."""
    try:
        return bool(urls.check(f"http://{host}/v1", local_files=True))
    except DownloadFailed:
        return False


@pytest.mark.parametrize("host", HOSTS)
def test_plain_http_is_only_allowed_for_this_computer(host: str) -> None:
    """Both the client and the downloader require https for every other host."""
    assert _api_takes(host) is _files_take(host) is HOSTS[host]
