# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember which .blend file each document is, so that its results find it again.

A document is one opening of a file; a job knows its id. Each document with jobs has a small file
that names the .blend. The process in which it is open holds that file locked, so that another one
with the same .blend open does not import the same results.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ...files import private_files
from ...files.file_lock import try_lock

_ID = re.compile(r"[0-9a-f]{32}")


class Documents:
    """The documents of this process, and what is known of the others."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "documents"
        self._held: dict[str, IO[bytes]] = {}
        self._written: dict[str, Path] = {}

    def remember(self, document: str, path: Path) -> None:
        """Write down that a document, open in this process, is this file. Never raises.

        If it cannot be written, its results wait for a click, as those of an unsaved file do.
        """
        if self._written.get(document) == path or not _ID.fullmatch(document):
            return
        with suppress(OSError):
            handle = self._held.get(document) or self._create(document)
            if handle is not None:
                handle.seek(0)
                handle.truncate()
                handle.write(json.dumps({"path": str(path)}).encode())
                handle.flush()
                self._written[document] = path

    def path_of(self, document: str) -> Path | None:
        """Return which file a document is; None if it was never saved, or was opened long ago."""
        if document in self._written:
            return self._written[document]
        if not _ID.fullmatch(document):
            return None
        with suppress(OSError):
            return _path_in((self._folder / document).read_bytes())
        return None

    def take_over(self, path: Path) -> frozenset[str]:
        """Return the earlier documents of a file that was just opened, and hold them.

        Those that are still open in another process are left out.
        """
        found = []
        for each in self._stored():
            if self.path_of(each) is None or not _is_same(self.path_of(each), path):
                continue
            handle = self._create(each)
            if handle is not None:
                self._written[each] = path
                found.append(each)
        return frozenset(found)

    def release(self) -> None:
        """Release the documents of this process: another file is open now."""
        while self._held:
            self._held.popitem()[1].close()
        self._written.clear()

    def forget_all_but(self, needed: Collection[str]) -> None:
        """Delete what is known of documents that no job needs and no process has open."""
        for each in self._stored():
            if each not in needed and each not in self._held and self._create(each) is not None:
                self._held.pop(each).close()
                with suppress(OSError):
                    (self._folder / each).unlink()

    def _stored(self) -> list[str]:
        with suppress(OSError):
            return sorted(each.name for each in self._folder.iterdir() if _ID.fullmatch(each.name))
        return []

    def _create(self, document: str) -> IO[bytes] | None:
        """Open the file of a document, created if missing, and lock it; None if that fails."""
        with suppress(OSError):
            private_files.make_folder(self._folder)
            handle = open(  # noqa: SIM115 - it stays open and locked
                self._folder / document, "r+b", opener=_create_private
            )
            if try_lock(handle):
                self._held[document] = handle
                return handle
            handle.close()
        return None


def _create_private(path: str, flags: int) -> int:
    return private_files.opener(path, flags | os.O_CREAT)


def _path_in(content: bytes) -> Path | None:
    with suppress(ValueError, KeyError, TypeError):
        data: Any = json.loads(content)
        return Path(data["path"])
    return None


def _is_same(one: Path | None, other: Path) -> bool:
    """Return whether two paths name the same file, which may be gone."""
    return one is not None and os.path.normcase(os.path.realpath(one)) == os.path.normcase(
        os.path.realpath(other)
    )
