# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents, a downloader and a clock for the tests of downloads."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files import download
from mint_blender.files.download import DownloadLimits
from mint_blender.files.errors import DownloadFailed, FileError

from .file_host import Asked, FileHost

CONTENT = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(280_000)


class Downloader(download.Downloader):
    """A downloader that may reach the file hosts of these tests, which are on this computer."""

    def __init__(self, *limits: DownloadLimits, **options: Any) -> None:
        super().__init__(*limits, **({"local_files": True} | options))


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Move the clock and record the pause."""
        self.now += seconds
        self.pauses.append(seconds)


@dataclass
class Lamp:
    """A file on a host, and the download of it."""

    host: FileHost
    loader: Downloader
    target: Path

    def put(self, content: bytes = CONTENT, **how: Any) -> str:
        """Serve the file in some way, and return its address."""
        return self.host.put("/lamp.glb", content, **how)

    def fetch(self, content: bytes = CONTENT, **how: Any) -> bytes:
        """Serve the file, download it, and return what has arrived."""
        return self.load(self.put(content, **how))

    def load(self, url: str, **options: Any) -> bytes:
        """Download an address to the target, and return what has arrived."""
        return self.loader.fetch(url, self.target, **options).read_bytes()

    def fetch_as(self, name: str, content: bytes = CONTENT, **how: Any) -> bytes:
        """Serve another file and download it beside the target."""
        url = self.host.put(f"/{name}", content, **how)
        return self.loader.fetch(url, self.target.with_name(name)).read_bytes()

    @property
    def asked(self) -> list[Asked]:
        """The requests so far."""
        return self.host.asked


def failed(
    url: str,
    target: Path,
    *limits: DownloadLimits,
    error: type[FileError] = DownloadFailed,
    match: str | None = None,
    **options: Any,
) -> FileError:
    """Return the error of a download by a downloader with these limits and options."""
    made = Downloader(*limits, **({"sleep": lambda _: None} | options))
    with made as loader, pytest.raises(error, match=match) as caught:
        loader.fetch(url, target)
    return caught.value
