# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of an asset library's folder are ours: a line for each step, on disk before the step
is taken.

Knows nothing of `bpy`. A file appears whole or not at all, and what it will be is on the list
before: after a kill at any moment the next run knows whether it is there. What is not on the list,
or was changed since we wrote it, is the user's and is left alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ...files.asset_catalogs import PART
from ...message import Message

FILE_NAME = "mint-library.jsonl"
LOCK = "mint-library.lock"
"""Only the process that holds this file locked (`files.lock`) updates the folder."""


@dataclass(frozen=True)
class ManifestEntry:
    """One asset's file.

    `version` tells whether Mint has another one by now; `digest` is of the file as we write it.
    """

    asset: str
    file: str
    version: str
    digest: str
    placed: bool = True
    """Is it in the folder?

    If not, it is about to be, and in its place there may be an earlier one:
    """
    earlier_version: str = ""
    earlier_digest: str = ""


class Manifest:
    """The list of one folder.

    To be changed only by who holds the folder. Raises OSError where it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._entries = {entry.asset: entry for entry in _read(self._path)}
        self._present = {name for _, _, names in os.walk(folder) for name in names}

    def entry(self, asset_id: str) -> ManifestEntry | None:
        """What is known of an asset's file."""
        return self._entries.get(asset_id)

    def recover(self) -> None:
        """Find out how far a run came that was killed, and clear away what it has left behind."""
        for part in self._folder.glob(f"*{PART}"):
            part.unlink(missing_ok=True)
        for entry in [each for each in self._entries.values() if not each.placed]:
            if self._is_there(entry.file, entry.digest):
                self._entries[entry.asset] = ManifestEntry(
                    entry.asset, entry.file, entry.version, entry.digest
                )
            elif entry.earlier_digest:
                self._entries[entry.asset] = ManifestEntry(
                    entry.asset, entry.file, entry.earlier_version, entry.earlier_digest
                )
            else:
                del self._entries[entry.asset]
        if self._path.exists():
            self._rewrite()

    def is_up_to_date(self, asset_id: str, version: str) -> bool:
        """Is that very version there, in the folder or wherever below it the user has moved it?"""
        entry = self._entries.get(asset_id)
        return (
            entry is not None
            and entry.placed
            and entry.version == version
            and entry.file in self._present
        )

    def name(self, asset_id: str, otherwise: str) -> str:
        """What the file is called: a name that it has once stays, since the user's scenes may link
        to it.
        """
        entry = self._entries.get(asset_id)
        return entry.file if entry else otherwise

    def conflict(self, asset_id: str, name: str) -> str | None:
        """Why this file may not be written: a sentence.

        None when it is as we wrote it, or not there.
        """
        if not os.path.lexists(self._folder / name):
            return None
        entry = self._entries.get(asset_id)
        if entry is None:
            return Message("{name} was not saved by this sync, so it was not replaced.", name=name)
        if not self._is_there(name, entry.digest):
            return Message(
                "{name} was changed after it was saved, so it was not replaced. "
                "Rename it to save the new version next to it.",
                name=name,
            )
        return None

    def place(self, asset_id: str, name: str, version: str, file: Path) -> Path:
        """Bring a finished file into the folder; at every moment the old one is there or the new
        one, and which one can be told.
        """
        known = self._entries.get(asset_id)
        entry = ManifestEntry(asset_id, name, version, digest_of(file), placed=False)
        if known is not None:
            entry = replace(entry, earlier_version=known.version, earlier_digest=known.digest)
        target = self._folder / name
        part = target.with_name(name + PART)
        shutil.copyfile(file, part)
        self._add(entry)
        part.replace(target)
        self._add(ManifestEntry(asset_id, name, version, entry.digest))
        self._present.add(name)
        return target

    def _is_there(self, name: str, digest: str) -> bool:
        """Is a file of that name there, just as we wrote it?"""
        path = self._folder / name
        return path.is_file() and not path.is_symlink() and digest_of(path) == digest

    def _add(self, entry: ManifestEntry) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(entry)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self._entries[entry.asset] = entry

    def _rewrite(self) -> None:
        """One line for each asset: without steps that are over, and without a line that a kill has
        torn.
        """
        part = self._path.with_name(f"{FILE_NAME}.part")
        with part.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(asdict(entry)) + "\n" for entry in self._entries.values())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(self._path)


def digest_of(path: Path) -> str:
    """What the file's bytes are known by."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(path: Path) -> Iterable[ManifestEntry]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        with suppress(ValueError, TypeError):  # torn, or not of ours
            entry = ManifestEntry(**json.loads(line))
            words = {name: value for name, value in asdict(entry).items() if name != "placed"}
            if all(isinstance(value, str) for value in words.values()) and _is_file_name(
                entry.file
            ):
                yield entry


def _is_file_name(name: str) -> bool:
    """A name only: a list that somebody else wrote must lead to no file outside of the folder."""
    return name == Path(name).name and name not in {"", ".", ".."}
