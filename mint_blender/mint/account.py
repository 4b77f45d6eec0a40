# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key, and which Mint. The environment wins over what was given; the key is never shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from . import redaction
from .origin import DEFAULT_BASE_URL, Origin

KEY_VARIABLE = "MINT_API_KEY"
BASE_URL_VARIABLE = "MINT_API_BASE_URL"


@dataclass(frozen=True)
class Owner:
    """Whose a job is: the API's scheme, host and port, and the account there.

    `account` is `user:` and Mint's id of it, or `key:` and a salted hash of the key where Mint has
    not told an id.
    """

    origin: str
    account: str


@dataclass(frozen=True)
class Account:
    """A key and the base URL it is for. `key_source` is for a person: where the key came from."""

    key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    key_source: str = "the preferences"
    # the origin that the key of the preferences is not sent to, since the user has not confirmed it
    withheld_from: str = ""

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        key: str = "",
        base_url: str = "",
        confirmed: Collection[str] = (),
    ) -> Account:
        """The account in force: environment variables first, then what the preferences say.

        An address of the environment gets the key of the preferences only if the user has
        `confirmed` that origin, or entered it there.
        """
        from_environment = environ.get(KEY_VARIABLE, "").strip()
        source = (
            f"the environment variable {KEY_VARIABLE}" if from_environment else "the preferences"
        )
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
        """Is the API a server on this computer? Only then its files may lie here as well."""
        try:
            return Origin.parse(self.base_url).is_loopback
        except ValueError:
            return False

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API; empty where the base URL is none."""
        return _origin_of(self.base_url)


def _origin_of(base_url: str) -> str:
    try:
        return Origin.parse(base_url).name
    except ValueError:
        return ""
