# SPDX-License-Identifier: GPL-3.0-or-later
"""The API key and the base URL in use; environment variables win. The key is never shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from ..message import Message
from . import redaction
from .base_url import DEFAULT_BASE_URL, Origin

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
        trusted = {
            _origin_of(base_url.strip() or DEFAULT_BASE_URL),
            _origin_of(DEFAULT_BASE_URL),
            *confirmed,
        }
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
