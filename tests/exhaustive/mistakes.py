# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that are made on purpose, each of which some crash must show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from mint_blender.files import disk

from ..simulation import mutations


def _no_sync_of_files() -> AbstractContextManager[Any]:
    """A file gets its name before its data is on disk."""
    return patch.object(disk, "sync_file", lambda path: None)


def _no_sync_of_folders() -> AbstractContextManager[Any]:
    """The name of a file is not on disk when the journal says that it is there."""
    return patch.object(disk, "sync_folder", lambda folder: None)


MISTAKES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "no sync of files": _no_sync_of_files,
    "no sync of folders": _no_sync_of_folders,
    "a new key at each try": mutations.MUTATIONS["a new key at each try"],
}
