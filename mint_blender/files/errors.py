# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of files and downloads. `str(error)` is a sentence for the user, without secrets.

    FileError
    ├── DownloadFailed   the connection broke, or the file host responded with an error
    ├── LinkExpired      the link is no longer valid (403, 404, 410): get a new one from Mint
    ├── TooLarge         more bytes than the limit
    ├── TooSlow          a timeout, without a byte or in total
    │   └── SpeedTooLow  too few bytes in a minute
    ├── DiskError        no space, or no permission to write
    ├── Stopped          the caller stopped the download; received bytes are kept
    └── InvalidFile      the content is wrong
        ├── InvalidGlb
        ├── InvalidPicture
        └── InvalidSplats

Messages contain neither query strings nor headers, which may hold signatures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from ..message import Message, MessageError


class FileError(MessageError):
    """Base class of all errors of this package."""

    code: ClassVar[str] = "file_error"
    """A short slug for logs and JSON output."""
    retryable: bool = False
    """Whether the same call may succeed later."""
    is_outage: bool = False
    """Whether the host cannot be reached or asks to wait; worth retrying without a limit."""

    def __init__(self, template: str, /, *, retryable: bool | None = None, **params: Any) -> None:
        super().__init__(template, **params)
        if retryable is not None:
            self.retryable = retryable


class DownloadFailed(FileError):
    """The connection broke, or the file host responded with an error.

    `retry_after` is the number of seconds that the host asks to wait, if any.
    """

    code = "download_failed"
    retryable = True

    def __init__(
        self,
        template: str,
        /,
        *,
        retryable: bool | None = None,
        retry_after: float | None = None,
        is_outage: bool = False,
        **params: Any,
    ) -> None:
        super().__init__(template, retryable=retryable, **params)
        self.retry_after = retry_after
        self.is_outage = is_outage


class LinkExpired(FileError):
    """The file host does not know the address; a new one is needed."""

    code = "link_expired"


class TooLarge(FileError):
    """The file has more bytes than the limit allows."""

    code = "too_large"


class TooSlow(FileError):
    """Nothing arrived for too long, or the whole download took too long.

    Received bytes are kept for the next attempt.
    """

    code = "too_slow"
    retryable = True
    is_outage = True


class SpeedTooLow(TooSlow):
    """Too few bytes arrived in a minute: the caller is told, and may resume."""


class DiskError(FileError):
    """The disk is full or the folder cannot be written."""

    code = "disk_error"


class Stopped(FileError):
    """The caller stopped the download. Received bytes are kept for the next attempt."""

    code = "stopped"
    retryable = True


class InvalidFile(FileError):
    """The content is wrong; downloading the same bytes again does not help.

    `kept` is the path of the rejected file, if it was kept.
    """

    code = "bad_file"
    kept: Path | None = None

    @classmethod
    def unreadable(cls, path: Path, error: OSError) -> Self:
        """Return the error for a file that cannot be read at all."""
        reason = error.strerror or type(error).__name__
        return cls(Message("{name} could not be read: {reason}.", name=path.name, reason=reason))

    def kept_at(self, path: Path) -> Self:
        """Return the same error for a rejected file that was kept there."""
        error = type(self)(
            Message("{problem} The file was kept at {path}.", problem=self, path=path)
        )
        error.kept = path
        return error


class InvalidGlb(InvalidFile):
    """Not a GLB that may be imported."""

    code = "bad_glb"


class InvalidPicture(InvalidFile):
    """Not a picture that Blender can show."""

    code = "bad_picture"


class InvalidSplats(InvalidFile):
    """Not a splat file that can be read."""

    code = "bad_splats"
