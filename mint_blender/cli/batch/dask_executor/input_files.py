# SPDX-License-Identifier: GPL-3.0-or-later
"""Find Mint's files of a job on a Dask worker: on disk, at Mint's file host, or sent by the client.

The links to the file host are signed, so that fetching needs no API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath

from ....files.download import Downloader, DownloadLimits
from ....files.errors import FileError
from ....jobs.job import Job
from ....jobs.job_values import LocalFile, Role
from ....jobs.transfers import fetch_file
from ....jobs.workflow.effects import Fetch

IMPORTED = (Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS)
"""The files that an import reads."""

LIMITS = DownloadLimits(tries=2, total=600.0)
"""A worker soon gives up, since the client can send what it cannot fetch."""


class FilesNeeded(Exception):
    """Files that are neither here nor can be fetched: the client has to send them."""

    def __init__(self, roles: tuple[Role, ...]) -> None:
        super().__init__(roles)
        self.roles = roles


@dataclass(frozen=True)
class InputFiles:
    """What the client knows about the files of a job.

    Attributes:
        sizes: Their sizes in bytes.
        local_files: Whether Mint's API is a server on this computer, and so its files may be, too.
    """

    sizes: Mapping[Role, int] = field(default_factory=dict)
    local_files: bool = False


def imported_files(job: Job) -> list[LocalFile]:
    """Return the files of a job that an import reads."""
    return [file for role in IMPORTED if (file := job.file(role)) is not None]


def with_files_here(job: Job, known: InputFiles, sent: Mapping[Role, bytes], folder: Path) -> Job:
    """Return the job with paths of complete files on this machine.

    Args:
        job: The job, with the paths of the client.
        known: What the client knows about its files.
        sent: The content of files that the client has sent.
        folder: Where files that are fetched or were sent are written.

    Raises:
        FilesNeeded: The client has to send some of the files.
        OSError: A file cannot be written.
    """
    files, missing = [], []
    with Downloader(LIMITS, local_files=known.local_files) as downloader:
        for file in imported_files(job):
            size = known.sizes.get(file.role)
            path = (
                _on_disk(file, size)
                or _sent(file, sent, folder)
                or _fetched(file, size, downloader, folder, job.is_only_copied)
            )
            if path is None:
                missing.append(file.role)
            else:
                files.append(replace(file, path=str(path)))
    if missing:
        raise FilesNeeded(tuple(missing))
    return replace(job, files=tuple(files))


def _on_disk(file: LocalFile, size: int | None) -> Path | None:
    path = Path(file.path)
    try:
        return path if path.stat().st_size == size else None
    except OSError:
        return None


def _sent(file: LocalFile, sent: Mapping[Role, bytes], folder: Path) -> Path | None:
    if file.role not in sent:
        return None
    path = folder / _name(file)
    path.write_bytes(sent[file.role])
    return path


def _fetched(
    file: LocalFile, size: int | None, downloader: Downloader, folder: Path, only_copied: bool
) -> Path | None:
    """Download and check a file; return None if that fails or its size is another one."""
    effect = Fetch(file.role, file.url, Path(_name(file)).stem, only_copied=only_copied)
    try:
        fetched = fetch_file.fetch(effect, folder, downloader=downloader)
    except FileError:
        return None
    path = Path(fetched.path)
    return path if path.stat().st_size == size else None


def _name(file: LocalFile) -> str:
    """Return the file's own name, which says which variant it is; the client may be on Windows."""
    return PureWindowsPath(file.path).name
