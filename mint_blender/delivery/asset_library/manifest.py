# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of an asset library's folder: which files in it were written by the sync.

Each step is recorded before it is taken, and files are replaced atomically, so that after a kill at
any moment the next run knows the state of each file. A file that is not in the manifest, or that
was changed after it was written, belongs to the user and is not touched. Needs no `bpy`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ... import json_text
from ...files import disk
from ...files.disk import PART, naming
from ...message import Message

FILE_NAME = "mint-library.jsonl"
LOCK = "mint-library.lock"
"""The file that a sync locks (`files.file_lock`), so that only one works on the folder."""
MAX_FILE_NAME_BYTES = 255
"""What most file systems allow."""


@dataclass(frozen=True)
class ManifestEntry:
    """The file of one asset.

    Attributes:
        asset: The asset's id.
        file: The file's name.
        version: The asset's version, see `sync.version_of`.
        digest: SHA-256 of the file as it was written.
        placed: Whether the file is in the folder. If not, it was about to be placed.
        earlier_version: The version of the file that was about to be replaced, or empty.
        earlier_digest: The digest of that file, or empty.
    """

    asset: str
    file: str
    version: str
    digest: str
    placed: bool = True
    earlier_version: str = ""
    earlier_digest: str = ""


class Manifest:
    """The manifest of one folder. Only the process that has locked the folder may change it.

    Methods that change it raise OSError if it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._entries = {entry.asset: entry for entry in _read(self._path)}
        self._file_names = {_composed(name) for _, _, names in os.walk(folder) for name in names}

    def entry(self, asset_id: str) -> ManifestEntry | None:
        """Return the entry of an asset, or None."""
        return self._entries.get(asset_id)

    def recover(self) -> None:
        """Determine how far a killed run came, and delete its partial files."""
        for part in self._folder.glob(f"*{PART}"):
            part.unlink(missing_ok=True)
        for entry in [entry for entry in self._entries.values() if not entry.placed]:
            version = entry.version
            digest = entry.digest
            if not self._is_unchanged(entry.file, digest):
                version = entry.earlier_version
                digest = entry.earlier_digest
            if digest:
                self._entries[entry.asset] = ManifestEntry(entry.asset, entry.file, version, digest)
            else:
                del self._entries[entry.asset]
        if self._path.exists():
            # one line per asset, without completed steps and incomplete lines
            with disk.replacing(self._path) as part, part.open("w", encoding="utf-8") as stream:
                stream.writelines(map(_line, self._entries.values()))

    def is_up_to_date(self, asset_id: str, version: str) -> bool:
        """Return whether this version is in the folder, or below it where the user moved it."""
        entry = self._entries.get(asset_id)
        return (
            entry is not None
            and entry.placed
            and entry.version == version
            and _composed(entry.file) in self._file_names
        )

    def name(self, asset_id: str, otherwise: str) -> str:
        """Return the name of an asset's file; `otherwise` for a new asset.

        A name never changes, since the user's scenes may link to the file.
        """
        entry = self._entries.get(asset_id)
        return entry.file if entry else otherwise

    def conflict(self, asset_id: str, name: str) -> str | None:
        """Return why a file may not be written, as a sentence.

        None if the file does not exist or has not been changed since it was written.
        """
        if not os.path.lexists(self._folder / name):
            return None
        entry = self._entries.get(asset_id)
        if entry is None:
            return Message("{name} was not saved by this sync, so it was not replaced.", name=name)
        if not self._is_unchanged(name, entry.digest):
            return Message(
                "{name} was changed after it was saved, so it was not replaced. "
                "Rename it to save the new version next to it.",
                name=name,
            )
        return None

    def place(self, asset_id: str, name: str, version: str, file: Path) -> Path:
        """Copy a finished file into the folder, atomically, and return its path."""
        earlier = self._entries.get(asset_id)
        entry = ManifestEntry(asset_id, name, version, file_digest(file), placed=False)
        if earlier is not None:
            entry = replace(entry, earlier_version=earlier.version, earlier_digest=earlier.digest)
        target = self._folder / name
        with disk.replacing(target) as part:
            shutil.copyfile(file, part)
            self._add(entry)
        self._add(ManifestEntry(asset_id, name, version, entry.digest))
        self._file_names.add(_composed(name))
        return target

    def _is_unchanged(self, name: str, digest: str) -> bool:
        """Return whether a file exists and is as it was written."""
        path = self._folder / name
        return path.is_file() and not path.is_symlink() and file_digest(path) == digest

    def _add(self, entry: ManifestEntry) -> None:
        with naming(self._path), self._path.open("a", encoding="utf-8") as stream:
            stream.write(_line(entry))
            stream.flush()
            os.fsync(stream.fileno())
        self._entries[entry.asset] = entry


def _line(entry: ManifestEntry) -> str:
    return json.dumps(asdict(entry)) + "\n"


def _composed(name: str) -> str:
    """Return a file name with composed letters: some file systems of macOS take them apart."""
    return unicodedata.normalize("NFC", name)


def file_digest(path: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(path: Path) -> Iterable[ManifestEntry]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        with suppress(ValueError, TypeError):  # incomplete, or not written by us
            entry = ManifestEntry(**json_text.parse(line))
            fields = {name: value for name, value in vars(entry).items() if name != "placed"}
            is_text = all(isinstance(value, str) for value in fields.values())
            if is_text and _is_file_name(entry.file):
                yield entry


def _is_file_name(name: str) -> bool:
    """Return whether this is a plain name, which cannot lead out of the folder.

    A name that is too long to be written is not ours, and asking for such a file is an OSError.
    """
    return (
        name == Path(name).name
        and name not in {"", ".", ".."}
        and name.isprintable()
        and len(os.fsencode(name)) <= MAX_FILE_NAME_BYTES
    )
