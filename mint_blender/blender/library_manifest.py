# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of an asset library's folder are ours: a line for each step, on disk before the step is taken.

Knows nothing of `bpy`. A kill at any moment leaves at worst one file that was begun, and it is on the list: the next run makes it
anew. What is not on the list, or was changed since we wrote it, is the user's and is left alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

NAME = "mint-library.jsonl"


@dataclass(frozen=True)
class Entry:
    """One asset's file. `version` tells whether Mint has another one by now."""

    asset: str
    file: str
    version: str
    digest: str = ""
    """Of the file as it was written; empty while it is being written."""
    earlier: str = ""
    """The name of an older file of ours that this one takes the place of, and in `earlier_digest` what is known of it."""
    earlier_digest: str = ""

    @property
    def is_done(self) -> bool:
        """Was it written to the end?"""
        return bool(self.digest)


class Manifest:
    """The list of one folder. Raises OSError where it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._entries = {entry.asset: entry for entry in _read(self._path)}
        self._present = {name for _, _, names in os.walk(folder) for name in names}
        if self._path.exists():
            self._write_anew()

    def entry(self, asset_id: str) -> Entry | None:
        """What is known of an asset's file."""
        return self._entries.get(asset_id)

    def is_up_to_date(self, asset_id: str, version: str) -> bool:
        """Is that very version there, in the folder or wherever below it the user has moved it?"""
        entry = self._entries.get(asset_id)
        return entry is not None and entry.is_done and entry.version == version and entry.file in self._present

    def why_not(self, asset_id: str, name: str) -> str | None:
        """Why this file may not be written: a sentence. None when it is ours, or not there."""
        entry = self._entries.get(asset_id)
        ours = entry.file if entry else None
        if entry is not None and entry.is_done and self.was_changed(entry.file, entry.digest):
            return f"{entry.file} was changed since it was saved, so it was left as it is. Rename it to get the new version beside it."
        if name != ours and os.path.lexists(self._folder / name):
            return f"{name} is not a file of this library's sync, so it was left as it is."
        return None

    def was_changed(self, name: str, digest: str) -> bool:
        """Is a file of that name there, and not as we wrote it?"""
        path = self._folder / name
        return path.is_symlink() or (path.is_file() and digest_of(path) != digest)

    def begin(self, asset_id: str, name: str, version: str) -> Entry:
        """Before anything of that file is written."""
        known = self._entries.get(asset_id)
        entry = Entry(asset_id, name, version)
        if known is not None and known.file != name:
            entry = replace(entry, earlier=known.file, earlier_digest=known.digest)
        elif known is not None:
            entry = replace(entry, earlier=known.earlier, earlier_digest=known.earlier_digest)
        self._add(entry)
        return entry

    def finish(self, entry: Entry) -> None:
        """The file is whole: an older one under another name may go, if it is still as we wrote it."""
        if entry.earlier and entry.earlier_digest and not self.was_changed(entry.earlier, entry.earlier_digest):
            (self._folder / entry.earlier).unlink(missing_ok=True)
        self._add(Entry(entry.asset, entry.file, entry.version, digest_of(self._folder / entry.file)))
        self._present.add(entry.file)

    def _add(self, entry: Entry) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(entry)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self._entries[entry.asset] = entry

    def _write_anew(self) -> None:
        """One line for each asset: without steps that are over, and without a line that a kill has torn."""
        part = self._path.with_name(f"{NAME}.part")
        with part.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(asdict(entry)) + "\n" for entry in self._entries.values())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(self._path)


def digest_of(path: Path) -> str:
    """What the file's bytes are known by."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(path: Path) -> Iterable[Entry]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        with suppress(ValueError, TypeError):  # torn, or not of ours
            entry = Entry(**json.loads(line))
            if all(isinstance(value, str) for value in asdict(entry).values()) and _is_plain(entry.file, entry.earlier):
                yield entry


def _is_plain(*names: str) -> bool:
    """Names only: a list that somebody else wrote must lead to no file outside of the folder."""
    return all(name == Path(name).name and name not in {".", ".."} for name in names)
