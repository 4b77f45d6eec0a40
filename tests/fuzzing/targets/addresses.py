# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of files and of the API, and the file names that are made of them."""

from __future__ import annotations

from urllib.parse import urlsplit

from mint_blender.files import download_folder, urls
from mint_blender.files.errors import DownloadFailed
from mint_blender.mint.account import Origin
from mint_blender.net import addresses

from ..checks import check_sentence, text_of
from ..target import Target

OTHER = "https://cdn.example/lamp.glb?sign=1"


def try_address(data: bytes) -> None:
    """Check an address in every way that the add-on has."""
    url = text_of(data)
    for local_files in (False, True):
        for came_from in (None, OTHER):
            _check(url, local_files, came_from)
    check_sentence(urls.label(url))
    urls.without_query(url), urls.content_key(url), urls.same_file(url, OTHER)
    name = download_folder.name_from_url(url)
    assert name and not set(name) & set("/\\\0") and len(name.encode()) <= 255
    assert len(download_folder.thumbnail_name(url)) == 32
    _check_origin(url)


def _check(url: str, local_files: bool, came_from: str | None) -> None:
    try:
        accepted = urls.check(url, local_files=local_files, came_from=came_from)
    except DownloadFailed as error:
        check_sentence(str(error))
        return
    parts = urlsplit(accepted)
    host = parts.hostname or ""
    is_local = host == "localhost" or addresses.is_loopback(host)
    assert parts.scheme == "https" or (parts.scheme == "http" and is_local)
    assert parts.username is None and parts.password is None and not parts.fragment
    assert not is_local or (local_files and came_from is None)
    literal = addresses.parse_literal(host)
    assert literal is None or is_local or addresses.is_public(literal)


def _check_origin(url: str) -> None:
    try:
        origin = Origin.parse(url)
    except ValueError as error:
        check_sentence(str(error))
        return
    assert origin.base_url.startswith("https://") or origin.is_loopback
    assert "@" not in origin.base_url.partition("://")[2].partition("/")[0]
    assert urlsplit(origin.url("operations/op_1:approve")).hostname == origin.host


TARGETS = (
    Target(
        "addresses",
        try_address,
        (
            b"https://cdn.example/a/lamp%20two.glb?sig=1#x",
            b"https://cdn.example:8443/0123456789abcdef.webp?x",
            b"http://127.0.0.1:8000/files/a.glb",
            b"https://[2001:db8::1]/a",
            b"https://0x7f.1/a",
            b"https://user:pw@cdn.example/a",
            "https://ex\u00e4mple.example/\u6728.spz".encode(),
            b"https://api.mint.gg/v1",
            b"//cdn.example/a\\b",
        ),
    ),
)
