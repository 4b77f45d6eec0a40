# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that has not arrived completely: `<target>.part`, and beside it what is needed to go on
safely after a restart.

Knows the disk, not the network.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from ..message import Message
from . import private_files
from .errors import DiskError, DownloadFailed


@dataclass(frozen=True)
class PartSource:
    """Where a part comes from: enough to know later whether the rest still belongs to it."""

    address: str
    """Scheme, host and path; a query may be renewed without changing the file."""
    validator: str | None = None
    """Strong ETag, else Last-Modified; sent as `If-Range`. None: this file cannot be continued."""
    total: int | None = None
    """Size of the complete file in bytes, if the host said so."""


class PartFile:
    """`<target>.part` and its note `<target>.part.json`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")
        self.origin: PartSource | None = None

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def load(self, address: str) -> None:
        """Read the note of an earlier try; forget everything that cannot be continued for
        `address`.
        """
        self.origin = self._read_note()
        known = self.origin
        if (
            known is None
            or known.address != address
            or known.validator is None
            or not self.size
            or (known.total is not None and self.size > known.total)
        ):
            self.forget()

    @property
    def is_complete(self) -> bool:
        """Everything had arrived, only the last step (into place) was missing."""
        return (
            self.origin is not None
            and self.origin.total is not None
            and 0 < self.origin.total == self.size
        )

    def begin(self, origin: PartSource) -> None:
        """Start with an empty part; the note is written first, so that no part lies there without
        one.
        """
        with disk_errors(self.path):
            private_files.make_folder(self.path.parent)
            self.path.unlink(missing_ok=True)
            with open(self.note, "w", encoding="utf-8", opener=private_files.opener) as note:
                note.write(json.dumps(asdict(origin)))
        self.origin = origin

    def open(self) -> BinaryIO:
        """The part, to be written on at its end."""
        with disk_errors(self.path):
            return open(self.path, "ab", opener=private_files.opener)

    def forget(self) -> None:
        """Remove part and note; being unable to is no trouble of its own."""
        self.origin = None
        for path in (self.path, self.note):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def commit(self) -> None:
        """Make the part durable and give it its name in one step: whoever sees `target` sees all of
        it.
        """
        if self.origin is not None and self.origin.total not in {None, self.size}:
            # Two downloads of the same file wrote into it: one that let go too late, and its
            # successor.
            self.forget()
            raise DownloadFailed(
                Message(
                    "{name} was written to by another download at the same time. Fetch it again.",
                    name=self.target.name,
                )
            )
        with disk_errors(self.target):
            with self.path.open("rb+") as stream:
                os.fsync(stream.fileno())
            self.path.replace(self.target)
            self.note.unlink(missing_ok=True)
            _sync_folder(self.target.parent)
        self.origin = None

    def _read_note(self) -> PartSource | None:
        try:
            known = json.loads(self.note.read_text(encoding="utf-8"))
            address, validator, total = known["address"], known["validator"], known["total"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not (
            isinstance(address, str)
            and isinstance(validator, str | None)
            and isinstance(total, int | None)
        ):
            return None
        return PartSource(
            address, validator if validator and is_header_text(validator) else None, total
        )


def is_header_text(text: str) -> bool:
    """May the text be sent in a request header?"""
    return text.isascii() and text.isprintable()


def check_room(folder: Path, needed: int) -> None:
    """Raise `DiskError` before a download of `needed` bytes that would not fit, with a little
    room to spare.
    """
    with disk_errors(folder):
        private_files.make_folder(folder)
        free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise DiskError(
            Message(
                "The disk of {folder} has {free} left, and {needed} are needed. Make room,"
                " then try again.",
                folder=folder,
                free=_megabytes(free),
                needed=_megabytes(needed + SPARE),
            )
        )


SPARE = 16 * 2**20
"""Bytes that are left free, so that the journal can still be written."""


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` of the disk into a sentence that names the place."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError(
                Message(
                    "The disk is full: {path} could not be written. Make room, then try again.",
                    path=path,
                )
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise DiskError(
                Message(
                    "{path} may not be written. Choose another folder or change its permissions.",
                    path=path,
                )
            ) from error
        reason = error.strerror or type(error).__name__
        raise DiskError(
            Message("{path} could not be written: {reason}.", path=path, reason=reason)
        ) from error


def _megabytes(size: int) -> str:
    return Message("{size:,.0f} MB", size=size / 2**20)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable where folders can be synced (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
