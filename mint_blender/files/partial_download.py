# SPDX-License-Identifier: GPL-3.0-or-later
"""Partial downloads: `<target>.part`, and metadata to resume them safely after a restart.

Knows the disk, not the network.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from .. import json_text
from ..message import Message
from . import disk
from .disk import disk_errors
from .errors import DiskError, DownloadFailed


@dataclass(frozen=True)
class PartSource:
    """Source of a partial file: enough to know whether the rest still belongs to it."""

    address: str
    """Scheme, host and path; the query may change without changing the file."""
    validator: str | None = None
    """Strong ETag, else Last-Modified, sent as `If-Range`. None: not resumable."""
    total: int | None = None
    """Bytes of the complete file, if known."""


class PartFile:
    """`<target>.part` and its metadata `<target>.part.json`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self.metadata_path = target.with_name(target.name + ".part.json")
        self.source: PartSource | None = None

    @property
    def size(self) -> int:
        """Bytes received so far."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def load(self, address: str) -> None:
        """Load the metadata of an earlier attempt; discard the part if it cannot be resumed.

        A part from before this computer was started is not: a power cut may have left holes in it.
        """
        self.source = self._read_metadata()
        known = self.source
        if (
            known is None
            or known.address != address
            or known.validator is None
            or not self.size
            or disk.is_from_earlier_boot(self.path)
            or (known.total is not None and self.size > known.total)
        ):
            self.discard()

    @property
    def is_complete(self) -> bool:
        """Whether all bytes had arrived and only the rename was missing."""
        return (
            self.source is not None
            and self.source.total is not None
            and 0 < self.source.total == self.size
        )

    def begin(self, source: PartSource) -> None:
        """Start an empty part; metadata is written first, so that no part exists without it."""
        with disk_errors(self.path):
            disk.make_folder(self.path.parent)
            disk.remove(self.path)
            with open(self.metadata_path, "w", encoding="utf-8", opener=disk.opener) as stream:
                stream.write(json.dumps(asdict(source)))
        self.source = source

    def open(self) -> BinaryIO:
        """Open the part for appending."""
        with disk_errors(self.path):
            return open(self.path, "ab", opener=disk.opener)

    def discard(self) -> None:
        """Remove part and metadata; ignore failures."""
        self.source = None
        for path in (self.path, self.metadata_path):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def commit(self) -> None:
        """Sync the part to disk and rename it to `target` atomically."""
        if self.source is not None and self.source.total not in {None, self.size}:
            # Two downloads wrote to it: one that stopped too late, and its successor.
            self.discard()
            raise DownloadFailed(
                Message(
                    "Another download wrote to {name} at the same time. Download it again.",
                    name=self.target.name,
                )
            )
        with disk_errors(self.target):
            disk.sync_file(self.path)
            disk.replace(self.path, self.target)
            disk.try_to_remove(self.metadata_path)
            disk.sync_folder(self.target.parent)
        self.source = None

    def _read_metadata(self) -> PartSource | None:
        try:
            known = json_text.parse(self.metadata_path.read_bytes())
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
    """Return whether the text may be sent in a request header."""
    return text.isascii() and text.isprintable()


def check_free_space(folder: Path, needed: int) -> None:
    """Raise DiskError if `needed` bytes and a reserve do not fit on the disk."""
    with disk_errors(folder):
        disk.make_folder(folder)
        free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise DiskError(
            Message(
                "The disk of {folder} has {free} free, but {needed} are needed. Free some"
                " space, then try again.",
                folder=folder,
                free=_megabytes(free),
                needed=_megabytes(needed + RESERVE),
            )
        )


RESERVE = 16 * 2**20
"""Bytes left free, so that the journal can still be written."""


def _megabytes(size: int) -> str:
    return Message("{size:,.0f} MB", size=size / 2**20)
