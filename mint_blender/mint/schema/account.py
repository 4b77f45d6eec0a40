# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices, the Credit balance, and the owner of the API key."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...message import Message
from .parsing import Json, read_number, read_object, read_text


@dataclass(frozen=True)
class Estimate:
    """The price of a planned operation, in Credits."""

    operation: str | None
    required_to_start: float | None
    estimated_total: float | None

    @classmethod
    def from_json(cls, data: Json) -> Estimate:
        """Parse Mint's JSON."""
        credits = read_object(data, "credits") or {}
        return cls(
            read_text(data, "operation"),
            read_number(credits, "requiredToStart"),
            read_number(credits, "estimatedTotal"),
        )


@dataclass(frozen=True)
class Credits:
    """The balance in Credits; Mint may leave out all but `total_available`."""

    total_available: float | None
    included: float | None
    top_up: float | None
    bonus: float | None


@dataclass(frozen=True)
class Usage:
    """Credits, and as plain JSON the subscription and API totals."""

    credits: Credits
    subscription: Json | None
    api_usage: Json | None
    raw: Json = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def from_json(cls, data: Json) -> Usage:
        """Parse Mint's JSON."""
        credits = read_object(data, "credits") or {}
        kinds = (
            read_number(credits, name) for name in ("totalAvailable", "included", "topUp", "bonus")
        )
        return cls(
            Credits(*kinds), read_object(data, "subscription"), read_object(data, "apiUsage"), data
        )


@dataclass(frozen=True)
class Me:
    """The owner of the API key."""

    user_id: str | None
    email: str | None
    authentication: str | None
    scopes: tuple[str, ...]

    @property
    def display_name(self) -> str:
        """The email address, else the account id shortened in the middle."""
        if self.email:
            return self.email
        user = self.user_id or Message("this account")
        return user if len(user) <= 16 else f"{user[:8]}…{user[-4:]}"

    @classmethod
    def from_json(cls, data: Json) -> Me:
        """Parse Mint's JSON."""
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
