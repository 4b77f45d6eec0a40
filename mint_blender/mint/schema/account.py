# SPDX-License-Identifier: GPL-3.0-or-later
"""What Mint answers about money and people: prices, balance, whose key it is.

Read as tolerantly as `schema`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .parsing import Json, read_number, read_object, read_text


@dataclass(frozen=True)
class Estimate:
    """The price of a planned operation, in Credits."""

    operation: str | None
    required_to_start: float | None
    estimated_total: float | None

    @classmethod
    def from_json(cls, data: Json) -> Estimate:
        """An estimate from Mint's JSON."""
        credits = read_object(data, "credits") or {}
        return cls(
            read_text(data, "operation"),
            read_number(credits, "requiredToStart"),
            read_number(credits, "estimatedTotal"),
        )


@dataclass(frozen=True)
class Credits:
    """The balance. Only `total_available` is certain; the kinds are what Mint may add."""

    total_available: float | None
    included: float | None
    top_up: float | None
    bonus: float | None


@dataclass(frozen=True)
class Usage:
    """Credits, subscription and API totals.

    The last two are shown as they come, so they stay plain JSON.
    """

    credits: Credits
    subscription: Json | None
    api_usage: Json | None
    raw: Json = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def from_json(cls, data: Json) -> Usage:
        """Usage from Mint's JSON."""
        credits = read_object(data, "credits") or {}
        kinds = (
            read_number(credits, name) for name in ("totalAvailable", "included", "topUp", "bonus")
        )
        return cls(
            Credits(*kinds), read_object(data, "subscription"), read_object(data, "apiUsage"), data
        )


@dataclass(frozen=True)
class Me:
    """Who the key belongs to."""

    user_id: str | None
    email: str | None
    authentication: str | None
    scopes: tuple[str, ...]

    @property
    def display_name(self) -> str:
        """The e-mail address, else the account id shortened in the middle."""
        if self.email:
            return self.email
        user = self.user_id or "this account"
        return user if len(user) <= 16 else f"{user[:8]}…{user[-4:]}"

    @classmethod
    def from_json(cls, data: Json) -> Me:
        """The account from Mint's JSON."""
        authentication, owner = (
            read_object(data, "authentication") or {},
            read_object(data, "owner") or {},
        )
        scopes = authentication.get("scopes")
        known = (
            tuple(scope for scope in scopes if isinstance(scope, str))
            if isinstance(scopes, list)
            else ()
        )
        return cls(
            read_text(owner, "userId"),
            read_text(owner, "email"),
            read_text(authentication, "type"),
            known,
        )
