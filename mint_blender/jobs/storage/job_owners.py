# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose key is in use, as far as the journal knows, and which jobs that account may continue.

A key is known by a salted hash. As soon as Mint has said whose it is, everything stored under the
hash belongs to that account, and so does what another key of the same account has started.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from functools import cached_property

from ...mint.account import Account, Owner
from ..database import Database
from ..job_values import Hold

TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    # Mint's answer about a key, by the key's hash, and when it came (seconds since the epoch). The
    # hash in place of an answer: Mint does not say whose key it is.
    """
    CREATE TABLE IF NOT EXISTS accounts (
        origin TEXT NOT NULL,
        key_hash TEXT NOT NULL,
        account TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (origin, key_hash)
    ) STRICT
    """,
)
ASK_AGAIN_AFTER = 24 * 3600.0
"""Seconds after which a Mint that did not say whose key it is may be asked once more."""


@dataclass(frozen=True)
class CurrentAccount:
    """The account that is talked to now.

    `owner` is None without a key. The account is identified once Mint has answered whose key it is,
    or has no such endpoint.
    """

    origin: str
    owner: Owner | None
    key_hash: str = ""
    is_identified: bool = False

    def hold(self, owner: Owner) -> Hold | None:
        """Return why a job of that owner has to wait; None if it belongs to this account.

        A job without an owner was never sent: whichever account sends it first owns it.
        """
        if owner.origin != self.origin and (owner.origin or owner.account):
            return Hold.FOREIGN
        if not owner.account or owner == self.owner:
            return None
        return Hold.FOREIGN if self.is_identified else Hold.UNKNOWN


class Accounts:
    """The tables of keys and accounts, and every row elsewhere that belongs to an account."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def current_account(self, account: Account) -> CurrentAccount:
        """Return what is known about the account with this key and address."""
        origin = account.origin
        key = account.key.strip()
        if not key or not origin:
            return CurrentAccount(origin, None)
        key_hash = "key:" + hmac.new(self._salt, key.encode(), hashlib.sha256).hexdigest()[:40]
        if (found := self._answer(Owner(origin, key_hash))) is None:
            return CurrentAccount(origin, Owner(origin, key_hash), key_hash)
        is_identified = found[0] != key_hash or time.time() - found[1] < ASK_AGAIN_AFTER
        return CurrentAccount(origin, Owner(origin, found[0]), key_hash, is_identified)

    def resolve_account(self, current_account: CurrentAccount, user_id: str | None) -> None:
        """Store whose key it is, and give that account what the key owned.

        `user_id` is None if Mint does not say.
        """
        if current_account.owner is None:
            return
        account = f"user:{user_id}" if user_id else current_account.key_hash
        with self._db.transaction():
            self._db.rows(
                "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?)",
                current_account.origin,
                current_account.key_hash,
                account,
                time.time(),
            )
            if account != current_account.key_hash:
                self._move(current_account, account)

    def release_unsent_jobs(self, current_account: CurrentAccount) -> None:
        """Take unsent jobs from a key that Mint refuses.

        They can then be sent with the right one.
        """
        with self._db.transaction():
            self._note_changes(current_account)
            self._db.rows(
                "UPDATE jobs SET account = '' WHERE origin = ? AND account = ? AND phase ="
                " 'waiting' AND id NOT IN"
                " (SELECT job FROM paid_requests WHERE attempts > refusals)",
                current_account.origin,
                current_account.key_hash,
            )

    def is_unknown_key(self, owner: Owner) -> bool:
        """Return whether an owner is a key of which Mint has never said whose it is."""
        return owner.account.startswith("key:") and self._answer(owner) is None

    def resolved_owner(self, owner: Owner) -> Owner:
        """Return the owner with the account that Mint has named for its key since, if any."""
        found = self._answer(owner)
        return Owner(owner.origin, found[0]) if found else owner

    def _answer(self, key: Owner) -> tuple[str, float] | None:
        """Return what Mint has said about a key, and when; None if it was never asked."""
        query = "SELECT account, at FROM accounts WHERE origin = ? AND key_hash = ?"
        found: tuple[str, float] | None = self._db.row(query, key.origin, key.account)
        return found

    def _move(self, current_account: CurrentAccount, account: str) -> None:
        self._note_changes(current_account)
        for table in ("jobs", "uploads"):
            update = f"UPDATE OR REPLACE {table} SET account = ? WHERE origin = ? AND account = ?"  # noqa: S608 - one of our two tables
            self._db.rows(update, account, current_account.origin, current_account.key_hash)

    def _note_changes(self, current_account: CurrentAccount) -> None:
        query = (
            "INSERT OR REPLACE INTO changes (job) SELECT id FROM jobs WHERE origin = ? AND"
            " account = ?"
        )
        self._db.rows(query, current_account.origin, current_account.key_hash)

    @cached_property
    def _salt(self) -> bytes:
        """Return this journal's own random salt, so that the hash reveals nothing about the key."""
        query = "SELECT value FROM meta WHERE name = 'salt'"
        if (found := self._db.row(query)) is None:
            self._db.rows("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", secrets.token_hex(16))
            ((salt,),) = self._db.rows(query)  # another process may have come first
        else:
            (salt,) = found
        return str(salt).encode()
