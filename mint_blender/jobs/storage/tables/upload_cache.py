# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pictures were uploaded to Mint, for which account, and their URLs."""

from __future__ import annotations

import time

from ....mint.account import Owner
from ..database import Database


class UploadCache:
    """The table of uploads."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def url(self, digest: str, owner: Owner, *, since: float = 0.0) -> str | None:
        """Return the URL of a picture that was uploaded for this account after `since`, or None.

        `digest` is the SHA-256 of its bytes; `since` is in seconds since the epoch.
        """
        query = (
            "SELECT url FROM uploads WHERE digest = ? AND origin = ? AND account = ? AND at >= ?"
        )
        found = self._db.row(query, digest, owner.origin, owner.account, since)
        return str(found[0]) if found else None

    def add(self, digest: str, owner: Owner, url: str) -> None:
        """Store the URL of an uploaded picture."""
        self._db.rows(
            "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?)",
            digest,
            owner.origin,
            owner.account,
            url,
            time.time(),
        )
