# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the addresses of files before they are fetched, and name them in messages.

Works on text alone; opens no connection.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from ..message import Message
from ..net import addresses
from .errors import DownloadFailed

MAX_HOST_LENGTH = 253
_HASH = re.compile(r"[0-9a-f]{16}")


def check(url: str, *, local_files: bool = False, came_from: str | None = None) -> str:
    """Return the address without its fragment if it may be fetched: https to a public host.

    Host names are checked again when they have been resolved, see `may_reach`.

    Args:
        url: The address.
        local_files: Whether it comes from an API on this computer and may lead to this computer,
            also by http.
        came_from: The address that redirected here. One outside must not redirect to this computer.

    Raises:
        DownloadFailed: The address may not be fetched; not retryable.
    """
    parts = _split(url)
    host = parts.hostname or ""
    if not host:
        raise _refused(Message("The address of the file has no host name."))
    if parts.username is not None or parts.password is not None:
        raise _refused(
            Message(
                "The address of the file at {host} contains a user name or password. It was"
                " not downloaded.",
                host=host,
            )
        )
    is_here = local_files and addresses.is_loopback_host(host)
    origin = host if came_from is None else _split(came_from).hostname or ""
    if is_here and not addresses.is_loopback_host(origin):
        raise _refused(
            Message(
                "The file host {host} redirects to this computer ({address}). The redirect"
                " was not followed.",
                host=origin,
                address=host,
            )
        )
    if not is_here and not _is_outside(host):
        raise not_public(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise _refused(
            Message(
                "The file at {host} uses “{scheme}” instead of https. It was not downloaded.",
                host=host,
                scheme=parts.scheme[:20] or "no",
            )
        )
    return urlunsplit(parts._replace(fragment=""))


def may_reach(local_files: bool) -> Callable[[str], bool]:
    """Return the function that decides which IP addresses a download may connect to."""
    return addresses.is_public_or_loopback if local_files else addresses.is_public


def not_public(host: str) -> DownloadFailed:
    """Return the error for a file that is not on the public internet."""
    return _refused(
        Message(
            "The address of the file leads to this computer or its network ({host}). It was"
            " not downloaded.",
            host=host,
        )
    )


def _is_outside(host: str) -> bool:
    """Return whether a host is on the public internet, as far as its name tells."""
    if addresses.is_ambiguous_ipv4(host) or addresses.is_localhost_name(host):
        return False
    spelled = addresses.parse_literal(host)
    return spelled is None or addresses.is_public(spelled)


def label(url: str) -> str:
    """Return how messages name an address: “lamp.glb from cdn.example”.

    The query is left out, since it may hold a signature.
    """
    try:
        parts = urlsplit(url)
        host = printable(parts.hostname or "") or Message("an unnamed host")
    except ValueError:
        return Message("a file from an unreadable address")
    name = unquote(posixpath.basename(parts.path.rstrip("/")))
    return Message("{file} from {host}", file=printable(name) or Message("a file"), host=host)


def printable(text: str) -> str:
    """Return the beginning of a text from elsewhere, as messages show it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:80])


def without_query(url: str) -> str:
    """Return scheme, host and path, which a fresh link to the same file keeps."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no link: it stands for itself
        return url
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def content_key(url: str) -> str:
    """Return a key of the file's content: the address, without its query if the path has a hash."""
    path, mark, _ = url.partition("?")
    return path if mark and _HASH.search(posixpath.basename(path)) else url


def same_file(first: str | None, second: str | None) -> bool:
    """Return whether two links lead to the same file; a fresh link only has another query."""
    return (
        first is not None and second is not None and without_query(first) == without_query(second)
    )


def _split(url: str) -> SplitResult:
    if "\\" in url or " " in url or not url.isprintable():  # no other space is printable
        # programs disagree about which host such an address means
        raise _refused(Message("The address of the file is invalid."))
    try:
        parts = urlsplit(url)
        _ = parts.port  # an invalid port raises only when it is read
    except ValueError:
        raise _refused(Message("The address of the file is invalid.")) from None
    # an encoded host name, or the zone of an IPv6 address; and what no name server knows
    if "%" in parts.netloc or len(parts.hostname or "") > MAX_HOST_LENGTH:
        raise _refused(Message("The address of the file is invalid."))
    return parts


def _refused(sentence: str) -> DownloadFailed:
    return DownloadFailed(sentence, retryable=False)
