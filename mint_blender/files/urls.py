# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a file may be fetched from, and how an address is named to a person.

Pure text work; opens nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from ..message import Message
from ..net import addresses
from .errors import DownloadFailed

_HASH = re.compile(r"[0-9a-f]{16}")


def is_loopback(host: str) -> bool:
    """Does the host name mean this computer?

    Decided by the text alone; nothing is resolved. `mint.origin` decides the same for the key.
    """
    return host.lower() == "localhost" or addresses.is_loopback(host)


def check(url: str, *, local_files: bool = False, came_from: str | None = None) -> str:
    """The address without fragment, if it may be fetched: https to a public host.

    `local_files`: the address comes from an API on this computer, which may use files on this
    computer, also by http; nothing outside may then lead here, so `came_from` is the address that
    redirected. Names are decided about once they are resolved (see `may_reach`). Raises
    `DownloadFailed` (not retryable).
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
    is_here = local_files and is_loopback(host)
    if came_from is not None and is_here and not is_loopback(_split(came_from).hostname or ""):
        raise _refused(
            Message(
                "The file host {host} redirects to this computer ({address}). The redirect"
                " was not followed.",
                host=_split(came_from).hostname,
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
                scheme=parts.scheme or "no",
            )
        )
    return urlunsplit(parts._replace(fragment=""))


def may_reach(local_files: bool) -> Callable[[str], bool]:
    """Which IP addresses a download may connect to."""
    return addresses.is_public_or_loopback if local_files else addresses.is_public


def not_public(host: str) -> DownloadFailed:
    """A file that is not on the public internet."""
    return _refused(
        Message(
            "The address of the file leads to this computer or its network ({host}). It was"
            " not downloaded.",
            host=host,
        )
    )


def _is_outside(host: str) -> bool:
    """As far as the text tells."""
    if addresses.is_ambiguous_ipv4(host) or addresses.is_localhost_name(host):
        return False
    spelled = addresses.parse_literal(host)
    return spelled is None or addresses.is_public(spelled)


def label(url: str) -> str:
    """“lamp.glb from cdn.example”: how messages name an address.

    Never the query, which may hold a signature.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or Message("an unnamed host")
    except ValueError:
        return Message("a file from an unreadable address")
    name = unquote(posixpath.basename(parts.path.rstrip("/")))
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)[:80]
    return Message("{file} from {host}", file=shown or Message("a file"), host=host)


def without_query(url: str) -> str:
    """What stays the same when a fresh link to the same file is given: scheme, host and path."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def content_key(url: str) -> str:
    """What names a file's content: the address without its query where the path has a hash in it,
    which a fresh link keeps.
    """
    path, mark, _ = url.partition("?")
    return path if mark and _HASH.search(posixpath.basename(path)) else url


def same_file(first: str | None, second: str | None) -> bool:
    """Whether two links lead to the same file: a fresh link differs from an expired one in its
    query.
    """
    return (
        first is not None and second is not None and without_query(first) == without_query(second)
    )


def _split(url: str) -> SplitResult:
    if any(letter in "\\" or letter.isspace() or not letter.isprintable() for letter in url):
        # programs disagree about which host such an address means
        raise _refused(Message("The address of the file is invalid."))
    try:
        parts = urlsplit(url)
        _ = parts.port  # a bad port only shows when it is asked for
    except ValueError:
        raise _refused(Message("The address of the file is invalid.")) from None
    if "%" in parts.netloc:  # a name in disguise, or one network card of several
        raise _refused(Message("The address of the file is invalid."))
    return parts


def _refused(sentence: str) -> DownloadFailed:
    return DownloadFailed(sentence, retryable=False)
