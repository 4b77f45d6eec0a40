# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Mint's API lives: the base address, checked before any key is sent to it.

Pure: opens no connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ..net import addresses

DEFAULT_BASE_URL = "https://api.mint.gg/v1"
_USUAL_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Origin:
    """The API's own address: the only place that may see the key. Made by `parse`."""

    base_url: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Is this a server on the user's own machine, such as the stand-in service?"""
        return _is_loopback(self.host)

    @property
    def name(self) -> str:
        """Scheme, host and port, without what is usual: one text for one server, however it was
        written.
        """
        scheme = self.base_url.partition("://")[0]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"{scheme}://{host}"
            if self.port == _USUAL_PORTS[scheme]
            else f"{scheme}://{host}:{self.port}"
        )

    def url(self, path: str) -> str:
        """The full address of a path such as operations/op_1:approve.

        The colon of action routes stays a colon.
        """
        return f"{self.base_url}/{path.lstrip('/')}"

    @classmethod
    def parse(cls, base_url: str = DEFAULT_BASE_URL) -> Origin:
        """The origin of a base URL; a ValueError says in a sentence why a URL cannot be one."""
        text = base_url.strip()
        parts = _split(text)
        if complaint := _complaint(text, parts):
            raise ValueError(f"The Mint base URL {complaint}. The usual one is {DEFAULT_BASE_URL}.")
        host = parts.hostname or ""
        port = parts.port or _USUAL_PORTS[parts.scheme]
        return cls(f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}", host, port)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is the check: a port out of range raises
    except ValueError:
        raise ValueError(
            f"The Mint base URL is not an address. The usual one is {DEFAULT_BASE_URL}."
        ) from None
    return parts


def _complaint(text: str, parts: SplitResult) -> str | None:
    # The text itself is never shown: it may hold a password.
    if any(character.isspace() or not character.isprintable() for character in text):
        return "has a space or a control character in it"
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        return "must look like https://host/path"
    if parts.username is not None or parts.password is not None:
        return "must not contain a user name or password; the API key has its own place"
    if "?" in text or "#" in text:
        return "must not contain a query or a fragment (? or #)"
    if "\\" in text or "%" in parts.netloc:
        return "must look like https://host/path"
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return (
            "must start with https://, or the API key could be read on the way; plain http is for"
            " this computer only (127.0.0.1)"
        )
    return None


def _is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or addresses.is_loopback(host)
