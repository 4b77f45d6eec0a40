# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a file may be fetched from, and how an address is named to a person.

Pure text work; opens nothing.
"""

from __future__ import annotations

import ipaddress
import posixpath
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from .errors import DownloadFailed


def is_loopback(host: str) -> bool:
    """Does the host name mean this computer? Decided by the text alone; nothing is resolved.

    `mint.origin` decides the same for the key, in a room that this one may not know; `tests/test_loopback.py` holds the two together.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(url: str, *, came_from: str | None = None) -> str:
    """The address without fragment, if it may be fetched: https, or http to this computer.

    `came_from` is the address that redirected here. Only a file host on this computer may lead to this computer, so that nobody outside
    can make the add-on talk to services that listen on loopback. Raises `DownloadFailed` (not retryable).
    """
    parts = _split(url)
    host = parts.hostname or ""
    if not host:
        raise _refused("The address of the file has no host name.")
    if parts.username is not None or parts.password is not None:
        raise _refused(f"The address of the file at {host} holds a user name or password; such addresses are not used.")
    if came_from is not None and is_loopback(host) and not is_loopback(_split(came_from).hostname or ""):
        raise _refused(f"The file host {_split(came_from).hostname} redirects to this computer ({host}); that is not followed.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise _refused(f"The file at {host} is offered by “{parts.scheme or 'no'}” instead of https; it was not downloaded.")
    return urlunsplit(parts._replace(fragment=""))


def label(url: str) -> str:
    """“lamp.glb from cdn.example”: how messages name an address. Never the query, which may hold a signature."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or "an unnamed host"
    except ValueError:
        return "a file from an unreadable address"
    name = unquote(posixpath.basename(parts.path.rstrip("/")))
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)[:80]
    return f"{shown or 'a file'} from {host}"


def without_query(url: str) -> str:
    """What stays the same when a fresh link to the same file is given: scheme, host and path."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _split(url: str) -> SplitResult:
    if any(letter in "\\" or letter.isspace() or not letter.isprintable() for letter in url):
        raise _refused("The address of the file cannot be read.")  # programs disagree about which host such an address means
    try:
        parts = urlsplit(url)
        _ = parts.port  # a bad port only shows when it is asked for
    except ValueError:
        raise _refused("The address of the file cannot be read.") from None
    if "%" in parts.netloc:  # a name in disguise, or one network card of several
        raise _refused("The address of the file cannot be read.")
    return parts


def _refused(sentence: str) -> DownloadFailed:
    return DownloadFailed(sentence, retryable=False)
