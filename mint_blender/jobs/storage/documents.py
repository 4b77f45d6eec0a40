# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember which .blend file each document is, so that its results find it again.

A document is one opening of a file; a job knows its id. Each document that has jobs, or is open,
has a small file that names the .blend. The process in which it is open holds that file locked, so
that another one with the same .blend open does not import the same results, and so that other
processes can see which Blender is running.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ... import json_text
from ...files import disk
from ...files.file_lock import try_lock, try_shared_lock

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class OpenDocument:
    """A document that is open in another process now."""

    id: str
    path: Path | None
    """The .blend; None if it was never saved, or cannot be read."""


def open_elsewhere(home: Path) -> list[OpenDocument]:
    """Return the documents that are open in Blenders with a window, one for each Blender.

    Call it in a process that has none open.
    """
    folder = home / "documents"
    found = []
    for document in _stored(folder):
        with suppress(OSError):
            with (folder / document).open("r+b") as handle:
                # shared: two processes that only look do not see each other
                is_held = not try_shared_lock(handle)
            if is_held:
                record = json_text.members((folder / document).read_bytes())
                if record.get("is_current"):
                    found.append(OpenDocument(document, _path_in(record)))
    return found


class Documents:
    """The documents of this process, and what is known of the others."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "documents"
        self._held: dict[str, IO[bytes]] = {}
        self._written: dict[str, Path | None] = {}
        self._current: str | None = None
        self._with_jobs: set[str] = set()

    def show_open(self, document: str, path: Path | None) -> None:
        """Let other processes see that this document is open here now. Never raises.

        `path` is None for a file that was never saved.
        """
        self._current = document
        self._written.pop(document, None)
        self._write(document, path)

    def remember(self, document: str, path: Path) -> None:
        """Write down that a document, open in this process, is this file. Never raises.

        If it cannot be written, its results wait for a click, as those of an unsaved file do.
        """
        self._with_jobs.add(document)
        if self._written.get(document) != path:
            self._write(document, path)

    def _write(self, document: str, path: Path | None) -> None:
        record = {
            "path": None if path is None else str(path),
            "is_current": document == self._current,
        }
        if not _ID.fullmatch(document):
            return
        with suppress(OSError):
            handle = self._held.get(document) or self._create(document)
            if handle is not None:
                handle.seek(0)
                handle.truncate()
                handle.write(json.dumps(record).encode())
                handle.flush()
                self._written[document] = path

    def path_of(self, document: str) -> Path | None:
        """Return which file a document is; None if it was never saved, or was opened long ago."""
        if document in self._written:
            return self._written[document]
        if not _ID.fullmatch(document):
            return None
        with suppress(OSError):
            return _path_in(json_text.members((self._folder / document).read_bytes()))
        return None

    def take_over(self, path: Path) -> frozenset[str]:
        """Return the earlier documents of a file that was just opened, and hold them.

        Those that are still open in another process are left out.
        """
        found = []
        for each in _stored(self._folder):
            if self.path_of(each) is None or not _is_same(self.path_of(each), path):
                continue
            handle = self._create(each)
            if handle is not None:
                self._written[each] = path
                self._with_jobs.add(each)
                found.append(each)
        return frozenset(found)

    def release(self) -> None:
        """Release the documents of this process: another file is open now."""
        while self._held:
            document, handle = self._held.popitem()
            handle.close()
            if document not in self._with_jobs:
                with suppress(OSError):
                    (self._folder / document).unlink()
        self._written.clear()
        self._with_jobs.clear()
        self._current = None

    def forget_all_but(self, needed: Collection[str]) -> None:
        """Delete what is known of documents that no job needs and no process has open."""
        for each in _stored(self._folder):
            if each not in needed and each not in self._held and self._create(each) is not None:
                self._held.pop(each).close()
                with suppress(OSError):
                    (self._folder / each).unlink()

    def _create(self, document: str) -> IO[bytes] | None:
        """Open the file of a document, created if missing, and lock it; None if that fails."""
        with suppress(OSError):
            disk.make_folder(self._folder)
            handle = open(  # noqa: SIM115 - it stays open and locked
                self._folder / document,
                "r+b",
                opener=lambda path, flags: disk.opener(path, flags | os.O_CREAT),
            )
            if try_lock(handle):
                self._held[document] = handle
                return handle
            handle.close()
        return None


def _stored(folder: Path) -> list[str]:
    with suppress(OSError):
        return sorted(path.name for path in folder.iterdir() if _ID.fullmatch(path.name))
    return []


def _path_in(record: dict[str, Any]) -> Path | None:
    path = record.get("path")
    return Path(path) if isinstance(path, str) else None


def _is_same(one: Path | None, other: Path) -> bool:
    """Return whether two paths name the same file, which may be gone."""
    try:
        return one is not None and os.path.normcase(os.path.realpath(one)) == os.path.normcase(
            os.path.realpath(other)
        )
    except ValueError:  # a path with a null byte, which names no file
        return False
