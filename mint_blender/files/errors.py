# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a file, in words for a person.

    FileError
    ├── DownloadFailed   the connection broke, or the file host answered with an error
    ├── LinkExpired      the address is no longer valid (403, 404, 410): ask Mint for a fresh one
    ├── TooLarge         more bytes than we accept
    ├── TooSlow          nothing arrived for too long, or the whole took too long
    ├── DiskError      no room, or no permission to write
    ├── Stopped          the caller asked to stop; what has arrived is kept
    └── InvalidFile          the file is not what it should be
        ├── InvalidGlb
        ├── InvalidPicture
        └── InvalidSplats

`str(trouble)` is a sentence that may be shown as it is: it holds neither a query string nor a
header, so no secret either.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from ..message import Message


class FileError(Exception):
    """Something is wrong with a file.

    `retryable`: the same call may succeed later. `code`: a short slug for logs and JSON output.

    `is_outage`: the host cannot be reached, or asks to wait. That passes: it is worth trying for as
    long as somebody wants the file.
    """

    code: ClassVar[str] = "file_trouble"
    retryable: bool = False
    is_outage: bool = False

    def __init__(self, sentence: str, *, retryable: bool | None = None) -> None:
        super().__init__(sentence)
        if retryable is not None:
            self.retryable = retryable


class DownloadFailed(FileError):
    """The connection broke or the file host answered with an error.

    `retry_after`: seconds the host asked to wait, if it said so.
    """

    code = "download_failed"
    retryable = True

    def __init__(
        self,
        sentence: str,
        *,
        retryable: bool | None = None,
        retry_after: float | None = None,
        is_outage: bool = False,
    ) -> None:
        super().__init__(sentence, retryable=retryable)
        self.retry_after = retry_after
        self.is_outage = is_outage


class LinkExpired(FileError):
    """The file host does not know the address (any more).

    The same address stays dead; a fresh one has to be asked for.
    """

    code = "link_expired"


class TooLarge(FileError):
    """The file has more bytes than the limit allows."""

    code = "too_large"


class TooSlow(FileError):
    """Nothing arrived for too long, or the whole download took too long.

    What has arrived is kept for the next try.
    """

    code = "too_slow"
    retryable = True
    is_outage = True


class DiskError(FileError):
    """The disk is full or the folder cannot be written."""

    code = "disk_trouble"


class Stopped(FileError):
    """The caller asked to stop. What has arrived is kept for the next try."""

    code = "stopped"
    retryable = True


class InvalidFile(FileError):
    """The file is not what it should be; downloading the same bytes again does not help.

    `kept`: where it lies, if it was set aside.
    """

    code = "bad_file"
    kept: Path | None = None

    def kept_at(self, path: Path) -> Self:
        """The same, of a file that was set aside there."""
        told = type(self)(Message("{problem} It is kept at {path}.", problem=self, path=path))
        told.kept = path
        return told


class InvalidGlb(InvalidFile):
    """Not a GLB that may be given to an importer."""

    code = "bad_glb"


class InvalidPicture(InvalidFile):
    """Not a picture that Blender can show."""

    code = "bad_picture"


class InvalidSplats(InvalidFile):
    """Not a splat cloud that can be read."""

    code = "bad_splats"
