# SPDX-License-Identifier: GPL-3.0-or-later
"""Links to files that expire, with a signature and an end time in the query.

Time is `Clock.age_now`: advanced by hand like the service's clock, but never sped up, so that links
stay valid in a fast test. Within the first half of a link's lifetime the same link is returned
again, so that a client that reads twice gets the same address. Reference images have permanent
addresses, as at Mint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .backend import Mint
from .records import StoredFile


def link(mint: Mint, path: str) -> str:
    """Return the current link of a file, or a new one in the second half of its lifetime.

    The caller holds the lock.
    """
    file = mint.store.files.get(path)
    if file is None or file.role == "reference":
        return f"{mint.files_url}/{path}"
    now = mint.clock.age_now()
    if now >= file.issued + mint.options.links_expire / 2:
        file.issued = now
        mint.store.save(file)
    expires = f"{file.issued + mint.options.links_expire:.3f}"
    return f"{mint.files_url}/{path}?expires={expires}&signature={_signature(mint, path, expires)}"


def is_good(mint: Mint, file: StoredFile, query: Mapping[str, str]) -> bool:
    """Return whether a file may be downloaded with this query."""
    if file.role == "reference":
        return True
    expires = query.get("expires", "")
    if query.get("signature") != _signature(mint, file.path, expires):
        return False
    return mint.clock.age_now() < float(expires)


def _signature(mint: Mint, path: str, expires: str) -> str:
    return hashlib.sha256(f"{mint.key} {path} {expires}".encode()).hexdigest()[:16]
