# SPDX-License-Identifier: GPL-3.0-or-later
"""The base URL of Mint's API, validated before the key is sent to it. Opens no connection."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ..message import Message
from ..net import addresses

DEFAULT_BASE_URL = "https://api.mint.gg/v1"
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Origin:
    """The API's address, the only one that the key is sent to. Made by `parse`."""

    base_url: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this computer, as the stand-in service of the tests is."""
        return _is_loopback(self.host)

    @property
    def name(self) -> str:
        """Scheme, host and port in normal form, without a default port."""
        scheme = self.base_url.partition("://")[0]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"{scheme}://{host}"
            if self.port == _DEFAULT_PORTS[scheme]
            else f"{scheme}://{host}:{self.port}"
        )

    def url(self, path: str) -> str:
        """Return the URL of a path such as operations/op_1:approve; colons are not escaped."""
        return f"{self.base_url}/{path.lstrip('/')}"

    @classmethod
    def parse(cls, base_url: str = DEFAULT_BASE_URL) -> Origin:
        """Return the origin of a base URL.

        Raises:
            ValueError: It is invalid; the message is a sentence for the user.
        """
        text = base_url.strip()
        parts = _split(text)
        if problem := _problem(text, parts):
            raise ValueError(
                Message(
                    "The Mint base URL {problem}. The default is {usual}.",
                    problem=problem,
                    usual=DEFAULT_BASE_URL,
                )
            )
        host = parts.hostname or ""
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}", host, port)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is the check: a port out of range raises
    except ValueError:
        raise ValueError(
            Message(
                "The Mint base URL is not a valid address. The default is {usual}.",
                usual=DEFAULT_BASE_URL,
            )
        ) from None
    return parts


def _problem(text: str, parts: SplitResult) -> str | None:
    # The URL itself is never shown: it may contain a password.
    if " " in text or not text.isprintable():  # no other space is printable
        return Message("contains a space or a control character")
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        return Message("must look like https://host/path")
    if parts.username is not None or parts.password is not None:
        return Message("must not contain a user name or password; enter the API key separately")
    if "?" in text or "#" in text:
        return Message("must not contain a query or a fragment (? or #)")
    if "\\" in text or "%" in parts.netloc:
        return Message("must look like https://host/path")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return Message(
            "must start with https:// to protect the API key; http is only allowed for this"
            " computer (127.0.0.1)"
        )
    return None


def _is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or addresses.is_loopback(host)
