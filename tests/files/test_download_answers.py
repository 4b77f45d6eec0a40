# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads from hosts that answer with errors, are slow, or send encoded content."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
from email.utils import formatdate
from pathlib import Path

import pytest

from mint_blender.files import download_folder
from mint_blender.files.errors import DownloadFailed, LinkExpired, TooSlow

from .downloading import CONTENT, Downloader, DownloadLimits, Time, failed
from .file_host import FileHost, claim, cut, hang, mute, released, status


@pytest.mark.covers("S-large")
@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_encoded_content_is_refused(
    host: FileHost, loader: Downloader, target: Path, encoding: str
) -> None:
    """Plain bytes are requested; what is encoded, a bomb for example, is not unpacked."""
    bomb = gzip.compress(bytes(50_000_000))
    url = host.put("/lamp.glb", bomb, headers={"Content-Encoding": encoding})
    with pytest.raises(DownloadFailed, match=rf"unsupported encoding \({encoding}\)") as caught:
        loader.fetch(url, target)
    assert not caught.value.retryable and len(host.asked) == 1
    assert host.asked[0].headers["accept-encoding"] == "identity"
    assert list(target.parent.glob("*")) == []


@pytest.mark.parametrize("code", [403, 404, 410])
def test_an_expired_link_is_not_retried(
    host: FileHost, loader: Downloader, target: Path, code: int
) -> None:
    """403, 404 and 410 are not repeated: the caller has to get a new address from Mint."""
    with pytest.raises(LinkExpired) as caught:
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(code)]), target)
    assert len(host.asked) == 1 and not caught.value.retryable


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 511, 522, 524])
def test_a_temporary_error_is_retried(
    host: FileHost, loader: Downloader, target: Path, code: int
) -> None:
    """The download succeeds after two temporary errors of the host."""
    loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(code), status(code)]), target)
    assert target.read_bytes() == CONTENT and len(host.asked) == 3


def test_pauses_double_and_tries_are_limited(
    host: FileHost, loader: Downloader, time: Time, target: Path
) -> None:
    """After six tries, each pause twice the one before, the download fails."""
    with pytest.raises(DownloadFailed, match="HTTP 503"):
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(503)] * 20), target)
    assert len(host.asked) == 6
    assert time.now == pytest.approx(0.5 + 1 + 2 + 4 + 8)


def test_tries_that_bring_bytes_do_not_count(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A connection that breaks every 20 kB still completes the file.

    The limit counts only tries that bring nothing.
    """
    loader.fetch(host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(20_000)] * 12), target)
    assert target.read_bytes() == CONTENT and len(host.asked) == 13


def test_all_tries_together_are_limited(host: FileHost, target: Path) -> None:
    """A host that sends one byte at each try is given up."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(1)] * 100)
    failed(url, target, DownloadLimits(most_tries=10))
    assert len(host.asked) == 10


def test_starting_over_is_no_progress(host: FileHost, target: Path) -> None:
    """A host that always claims more bytes than it has is given up after a few tries."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[claim(len(CONTENT) + 5)] * 40)
    failed(url, target, match="connection was lost")
    assert len(host.asked) == 7  # the first brought something new


def test_retry_after_is_obeyed_within_bounds(
    host: FileHost, loader: Downloader, time: Time, target: Path
) -> None:
    """At least a second is waited, and at most a quarter of an hour, also for a date."""
    date = formatdate(4_000_000_000, usegmt=True)
    faults = [status(503, Retry_After=asked) for asked in ("7", "0", date, "soon")]
    loader.fetch(host.put("/lamp.glb", CONTENT, faults=faults), target)
    assert time.now == pytest.approx(7 + 1 + 900 + 4)
    assert max(time.pauses) <= 0.25


def test_no_pause_ends_after_the_time_limit(host: FileHost, time: Time, target: Path) -> None:
    """A pause that would end after the time limit is not begun."""
    url = host.put("/lamp.glb", CONTENT, faults=[status(503, Retry_After="50")] * 9)
    failed(url, target, DownloadLimits(total=120), clock=lambda: time.now, sleep=time.sleep)
    assert time.now == pytest.approx(100) and len(host.asked) == 3


def test_a_slow_download_ends_at_the_time_limit(host: FileHost, target: Path) -> None:
    """A host that keeps sending slowly is given up, and the part is kept."""
    ticks, limits = itertools.count(), DownloadLimits(total=12)
    url = host.put("/lamp.glb", CONTENT * 20, etag='"a"')
    failed(url, target, limits, error=TooSlow, match="too long", clock=lambda: float(next(ticks)))
    assert not target.exists() and download_folder.PartFile(target).size > 0


def test_a_stalled_connection_is_retried(host: FileHost, target: Path) -> None:
    """A connection without data is given up after the stall time, and the next try continues."""
    with (
        released(threading.Event()) as event,
        Downloader(DownloadLimits(stall=0.3), sleep=lambda _: None) as loader,
    ):
        loader.fetch(host.put("/lamp.glb", CONTENT, etag='"a"', faults=[hang(event)]), target)
    assert target.read_bytes() == CONTENT
    start = int(host.asked[1].headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert start == len(CONTENT) // 2


def test_a_host_that_always_stalls_is_too_slow(host: FileHost, target: Path) -> None:
    """The error says that no data arrived."""
    with released(threading.Event()) as event:
        url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[hang(event)])
        limits = DownloadLimits(stall=0.2, most_tries=1)
        failed(url, target, limits, error=TooSlow, match="No data arrived for lamp")


def test_a_silent_tls_handshake_says_how_long_it_was_waited_for(target: Path) -> None:
    """The limit is the one to connect; urllib3 reports a read timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/lamp.glb"
        limits = DownloadLimits(connect=1.0, stall=20.0, most_tries=1)
        said = r"No data arrived for lamp\.glb .* in 1 s\."
        failed(url, target, limits, error=TooSlow, match=said)


def test_a_host_that_never_answers_is_too_slow(host: FileHost, target: Path) -> None:
    """A host that takes the request and sends no headers is given up like one that stalls."""
    with released(threading.Event()) as event:
        url = host.put("/lamp.glb", CONTENT, faults=[mute(event), mute(event)])
        failed(url, target, DownloadLimits(stall=0.2, tries=2), error=TooSlow)
    assert len(host.asked) == 2


@pytest.mark.parametrize("code", [204, 400, 401, 418, 304])
def test_a_permanent_error_is_not_retried(
    host: FileHost, loader: Downloader, target: Path, code: int
) -> None:
    """An answer that would not change is an error after one request."""
    with pytest.raises(DownloadFailed, match=f"HTTP {code}") as caught:
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(code)] * 9), target)
    assert len(host.asked) == 1 and not caught.value.retryable
