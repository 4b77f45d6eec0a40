# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a file host, a clock, and a downloader that uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .downloading import Downloader, Lamp, Time
from .file_host import FileHost


@pytest.fixture
def host() -> Iterator[FileHost]:
    """Run a file host."""
    with FileHost() as running:
        yield running


@pytest.fixture
def time() -> Time:
    """Return a clock that moves only when somebody sleeps."""
    return Time()


@pytest.fixture
def loader(time: Time) -> Iterator[Downloader]:
    """Return a downloader that sleeps by the `time` fixture, without random pauses."""
    with Downloader(clock=lambda: time.now, sleep=time.sleep, chance=lambda: 1.0) as made:
        yield made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return where a download is to be saved, in a folder that does not exist yet."""
    return tmp_path / "job" / "lamp.glb"


@pytest.fixture
def lamp(host: FileHost, loader: Downloader, target: Path) -> Lamp:
    """Return a file on the host, which is downloaded to the target."""
    return Lamp(host, loader, target)


@pytest.fixture
def write_spz(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "place.spz"
        path.write_bytes(data)
        return path

    return write
