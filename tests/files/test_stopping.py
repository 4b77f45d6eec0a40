# SPDX-License-Identifier: GPL-3.0-or-later
"""A download ends wherever it waits, writes nothing afterwards, and needs little memory."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.files.errors import FileError, Stopped, TooSlow

from ..mint.raw_server import NO_ANSWER, answer, raw_server, unused_port
from ..processes import captured
from .downloading import Downloader, DownloadLimits
from .file_host import FileHost

SLOW = {
    "silent": NO_ANSWER,
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
}


def ended(
    work: Callable[[], object], stop: threading.Event, received: Callable[[], bool]
) -> FileError:
    """Return how work on another thread ends when it is stopped after the first request."""
    errors: list[FileError] = []

    def run() -> None:
        try:
            work()
        except FileError as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not received():
        time.sleep(0.005)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    return errors[0]


@pytest.mark.parametrize("said", SLOW.values(), ids=SLOW)
def test_a_download_that_waits_can_be_stopped(said: bytes, tmp_path: Path) -> None:
    """The host sends nothing, or a byte a second in the headers or in the body."""
    stop = threading.Event()
    with raw_server(said, drip=1.0) as host, Downloader() as loader:
        url = f"http://127.0.0.1:{host.port}/lamp.glb"
        error = ended(
            lambda: loader.fetch(url, tmp_path / "lamp.glb", stop=stop.is_set),
            stop,
            lambda: bool(host.received),
        )
    assert isinstance(error, Stopped)
    assert len(host.received) == 1


def test_slow_headers_end_at_the_time_limit(tmp_path: Path) -> None:
    """The total time is limited from the start, not only in the body."""
    with (
        raw_server(SLOW["headers"], drip=0.01) as host,
        Downloader(DownloadLimits(total=0.3)) as loader,
        pytest.raises(TooSlow),
    ):
        loader.fetch(f"http://127.0.0.1:{host.port}/lamp.glb", tmp_path / "lamp.glb")
    assert len(host.received) == 1


def test_nothing_is_written_after_the_stop(tmp_path: Path) -> None:
    """Another download may already be writing to the same file."""
    stopped: list[int] = []
    part = tmp_path / "lamp.glb.part"

    def stop() -> bool:
        """Wants an end as soon as some bytes are here."""
        if not stopped and part.exists() and part.stat().st_size:
            stopped.append(part.stat().st_size)
        return bool(stopped)

    begun = b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nETag: "1"\r\n\r\n'
    with raw_server(begun, drip=0.001) as host, Downloader() as loader, pytest.raises(Stopped):
        loader.fetch(f"http://127.0.0.1:{host.port}/lamp.glb", tmp_path / "lamp.glb", stop=stop)
    assert stopped == [part.stat().st_size]


def test_a_stopped_download_is_not_renamed_when_complete(tmp_path: Path) -> None:
    """The next try renames it without a request."""
    came: list[int] = []
    with raw_server(answer(b"glTF" * 10, ETag='"1"')) as host, Downloader() as loader:
        url = f"http://127.0.0.1:{host.port}/lamp.glb"
        with pytest.raises(Stopped):
            loader.fetch(
                url,
                tmp_path / "lamp.glb",
                stop=lambda: 40 in came,
                progress=lambda done, _: came.append(done),
            )
        assert not (tmp_path / "lamp.glb").exists()
        loader.fetch(url, tmp_path / "lamp.glb")
    assert (tmp_path / "lamp.glb").read_bytes() == b"glTF" * 10
    assert len(host.received) == 1


def test_only_temporary_errors_are_outages(tmp_path: Path) -> None:
    """An unreachable host is worth retrying for longer; a missing file is not."""

    def error(url: str) -> FileError:
        loader = Downloader(DownloadLimits(tries=1))
        with pytest.raises(FileError) as raised:
            loader.fetch(url, tmp_path / "lamp.glb")
        return raised.value

    assert error(f"http://127.0.0.1:{unused_port()}/lamp.glb").is_outage
    for status, is_outage in (
        ("503 Service Unavailable", True),
        ("404 Not Found", False),
        ("418 Teapot", False),
    ):
        with raw_server(answer(b"", status)) as host:
            assert error(f"http://127.0.0.1:{host.port}/lamp.glb").is_outage is is_outage


ROOT = Path(__file__).resolve().parents[2]
LARGE = 256 * 2**20
ALLOWED = 16 * 2**20

DOWNLOADING = """
import re, sys
from pathlib import Path
from mint_blender.files.download import Downloader

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])

small, large, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
with Downloader(local_files=True) as loader:
    loader.fetch(small, folder / "small.spz")
    before = peak()
    loader.fetch(large, folder / "large.spz")
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="does not apply: no /proc")
def test_a_large_file_needs_little_memory(host: FileHost, tmp_path: Path) -> None:
    """After a small file, a process grows by less than 16 MB for one of 256 MB."""
    small = host.put("/small.spz", bytes(2**20))
    large = host.put("/large.spz", bytes(LARGE))
    done = captured(
        [sys.executable, "-c", DOWNLOADING, small, large, str(tmp_path)], check=True, cwd=ROOT
    )
    assert (tmp_path / "large.spz").stat().st_size == LARGE
    assert int(done.stdout) < ALLOWED
