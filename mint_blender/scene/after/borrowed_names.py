# SPDX-License-Identifier: GPL-3.0-or-later
"""Let copies have the names of their originals while they are written to a file."""

from __future__ import annotations

import contextlib
from typing import Any

from ..data_blocks import data_blocks_of_kind, is_linked


class BorrowedNames:
    """Gives data-blocks names, also those that others have. At the end, these get them back.

    A context manager. The new data-blocks have to be gone before it ends.
    """

    def __init__(self) -> None:
        self._owners: list[tuple[Any, str]] = []

    def __enter__(self) -> BorrowedNames:
        return self

    def __exit__(self, *_error: object) -> None:
        for owner, name in reversed(self._owners):
            with contextlib.suppress(ReferenceError):  # one that was made in between
                owner.name = name

    def give(self, block: Any, name: str) -> None:
        """Give a name to a data-block of this file."""
        for other in data_blocks_of_kind(block):
            if other.name == name and other != block and not is_linked(other):
                self._owners.append((other, name))
                other.name = f"\x01 Mint {len(self._owners)}"
                break
        block.name = name
