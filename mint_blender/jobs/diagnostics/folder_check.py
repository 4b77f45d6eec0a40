# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the folder of the journal and the downloads can be used; nothing is written."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..storage import database

LITTLE_SPACE = 1024**3
"""Bytes; the files of a large World take a few hundred megabytes."""


@dataclass(frozen=True)
class FolderState:
    """A folder as it is now, or as it would be when it is created."""

    path: Path
    problem: str = ""
    """Why nothing can be written there; empty if it can."""
    is_local: bool = False
    """Whether it is known to be on a local disk."""
    free: int = 0
    """Bytes that can still be written."""

    @property
    def has_little_space(self) -> bool:
        """Whether a large result may not fit."""
        return self.free < LITTLE_SPACE


def check(home: Path) -> FolderState:
    """Return the state of the folder. Never raises."""
    try:
        folder = next(each for each in (home, *home.parents) if os.path.lexists(each))
        if not folder.is_dir():
            return FolderState(home, f"{folder} is not a folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            return FolderState(home, f"{folder} is read-only for you")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return FolderState(home, error.strerror or str(error))
    return FolderState(home, is_local=database.is_local(folder), free=free)
