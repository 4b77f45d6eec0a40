# SPDX-License-Identifier: GPL-3.0-or-later
"""The API key and the base URL in use; environment variables win. The key is never shown.

The base URL is validated before the key is sent to it. Opens no connection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from ..message import Message
from ..net import addresses
from . import redaction

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
        return addresses.is_loopback_host(self.host)

    @property
    def name(self) -> str:
        """Scheme, host and port in normal form, without a default port."""
        scheme = self.base_url.partition("://")[0]
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[scheme] else f":{self.port}"
        return f"{scheme}://{host}{port}"

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
        try:
            parts = urlsplit(text)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            raise ValueError(
                Message(
                    "The Mint base URL is not a valid address. The default is {usual}.",
                    usual=DEFAULT_BASE_URL,
                )
            ) from None
        if problem := _problem(text, parts):
            raise ValueError(
                Message(
                    "The Mint base URL {problem}. The default is {usual}.",
                    problem=problem,
                    usual=DEFAULT_BASE_URL,
                )
            )
        host = parts.hostname or ""
        return cls(f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}", host, port)


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
    if parts.scheme == "http" and not addresses.is_loopback_host(parts.hostname):
        return Message(
            "must start with https:// to protect the API key; http is only allowed for this"
            " computer (127.0.0.1)"
        )
    return None


KEY_VARIABLE = "MINT_API_KEY"
BASE_URL_VARIABLE = "MINT_API_BASE_URL"
_ENVIRONMENT = Message("the environment variable {variable}", variable=KEY_VARIABLE)
_PREFERENCES = Message("the preferences")


@dataclass(frozen=True)
class Owner:
    """The account that a job belongs to."""

    origin: str
    """Scheme, host and port of the API."""
    account: str
    """Mint's id after `user` and a colon, or a salted hash of the key after `key` and a colon."""


@dataclass(frozen=True)
class Account:
    """An API key and the base URL that it is for."""

    key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    key_source: str = _PREFERENCES
    """Where the key came from, in words for the user."""
    withheld_from: str = ""
    """The origin that the stored key is not sent to until the user confirms it."""

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        key: str = "",
        base_url: str = "",
        confirmed: Collection[str] = (),
    ) -> Account:
        """Return the account in use: environment variables first, then the preferences.

        Args:
            environ: The environment variables.
            key: The key in the preferences.
            base_url: The base URL in the preferences.
            confirmed: Origins that the user has confirmed. A base URL from the environment gets the
                key in the preferences only if its origin is one of them, or is in the preferences.
        """
        from_environment = environ.get(KEY_VARIABLE, "").strip()
        source = _ENVIRONMENT if from_environment else _PREFERENCES
        address = environ.get(BASE_URL_VARIABLE, "").strip() or base_url.strip() or DEFAULT_BASE_URL
        origin = _origin_of(address)
        trusted = {*map(_origin_of, (base_url.strip() or DEFAULT_BASE_URL, DEFAULT_BASE_URL))}
        trusted.update(confirmed)
        if key.strip() and not from_environment and origin not in trusted:
            return cls("", address, source, withheld_from=origin)
        redaction.register_secret(from_environment)
        redaction.register_secret(key)
        return cls(from_environment or key.strip(), address, source)

    @property
    def is_local(self) -> bool:
        """Whether the API is a server on this computer; only then its files may be here too."""
        try:
            return Origin.parse(self.base_url).is_loopback
        except ValueError:
            return False

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API; empty for an invalid base URL."""
        return _origin_of(self.base_url)


@lru_cache
def _origin_of(base_url: str) -> str:
    try:
        return Origin.parse(base_url).name
    except ValueError:
        return ""
