# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads from hosts that answer with errors, are slow, or send encoded content."""

from __future__ import annotations

import gzip
import itertools
import threading
from email.utils import formatdate
from pathlib import Path

import pytest

from mint_blender.files import part_file
from mint_blender.files.errors import DownloadFailed, LinkExpired, TooLarge, TooSlow

from .downloading import CONTENT, Downloader, DownloadLimits, Time
from .file_host import FileHost, cut, hang, mute, released, status


def test_packed_content_is_unpacked_and_limited(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """The host is asked for plain bytes; if it packs them all the same, the file is right and a
    bomb meets the limit.
    """
    url = host.put("/lamp.glb", gzip.compress(CONTENT), headers={"Content-Encoding": "gzip"})
    assert loader.fetch(url, target).read_bytes() == CONTENT
    assert host.asked[0].headers["accept-encoding"] == "identity"
    bomb = host.put(
        "/bomb.glb", gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"}
    )
    with pytest.raises(TooLarge):
        loader.fetch(bomb, target.with_name("bomb.glb"), limit=1_000_000)
    with pytest.raises(DownloadFailed, match="encoding"):
        loader.fetch(
            host.put("/x.glb", b"x", headers={"Content-Encoding": "br"}), target.with_name("x.glb")
        )


def test_packed_content_that_breaks_off_is_not_taken_for_complete(
    host: FileHost, target: Path
) -> None:
    """The end of a gzip stream must be there."""
    url = host.put("/lamp.glb", gzip.compress(CONTENT)[:-20], headers={"Content-Encoding": "gzip"})
    with (
        Downloader(DownloadLimits(tries=2), sleep=lambda _: None) as loader,
        pytest.raises(DownloadFailed),
    ):
        loader.fetch(url, target)
    assert not target.exists()


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_dead_link_asks_for_a_fresh_one(
    host: FileHost, loader: Downloader, target: Path, code: int
) -> None:
    """403, 404 and 410 are not repeated; the caller asks Mint for a new address."""
    with pytest.raises(LinkExpired) as caught:
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(code)]), target)
    assert len(host.asked) == 1 and not caught.value.retryable


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_host_in_trouble_is_asked_again(
    host: FileHost, loader: Downloader, target: Path, code: int
) -> None:
    """Errors that pass are waited out."""
    loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(code), status(code)]), target)
    assert target.read_bytes() == CONTENT and len(host.asked) == 3


def test_pauses_grow_and_tries_end(
    host: FileHost, loader: Downloader, time: Time, target: Path
) -> None:
    """Six fruitless tries, each pause twice the one before, then a sentence."""
    with pytest.raises(DownloadFailed, match="HTTP 503"):
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(503)] * 20), target)
    assert len(host.asked) == 6
    assert time.now == pytest.approx(0.5 + 1 + 2 + 4 + 8)


def test_tries_that_bring_something_are_not_held_against_the_host(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A weak line that breaks every 20 kB still gets there; the bound counts tries that bring
    nothing.
    """
    loader.fetch(host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(20_000)] * 12), target)
    assert target.read_bytes() == CONTENT and len(host.asked) == 13


def test_a_host_that_gives_a_byte_at_a_time_is_given_up(
    host: FileHost, time: Time, target: Path
) -> None:
    """There is a bound for all tries together as well."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(1)] * 100)
    with (
        Downloader(
            DownloadLimits(most_tries=10), clock=lambda: time.now, sleep=time.sleep
        ) as loader,
        pytest.raises(DownloadFailed),
    ):
        loader.fetch(url, target)
    assert len(host.asked) == 10


def test_retry_after_is_honoured_within_reason(
    host: FileHost, loader: Downloader, time: Time, target: Path
) -> None:
    """Seconds are waited as asked, but at least one, and of an hour (here as a date) a quarter."""
    date = formatdate(4_000_000_000, usegmt=True)
    faults = [status(503, Retry_After=asked) for asked in ("7", "0", date, "soon")]
    loader.fetch(host.put("/lamp.glb", CONTENT, faults=faults), target)
    assert time.now == pytest.approx(7 + 1 + 900 + 4)
    assert max(time.pauses) <= 0.25


def test_the_whole_takes_no_longer_than_allowed(host: FileHost, time: Time, target: Path) -> None:
    """No pause begins that would end after the time limit."""
    url = host.put("/lamp.glb", CONTENT, faults=[status(503, Retry_After="50")] * 9)
    with (
        Downloader(DownloadLimits(total=120), clock=lambda: time.now, sleep=time.sleep) as loader,
        pytest.raises(DownloadFailed),
    ):
        loader.fetch(url, target)
    assert time.now == pytest.approx(100) and len(host.asked) == 3


def test_a_trickle_meets_the_time_limit(host: FileHost, target: Path) -> None:
    """A host that keeps the connection alive for ever is left, and what came is kept."""
    ticks = itertools.count()
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    with (
        Downloader(
            DownloadLimits(total=12), clock=lambda: float(next(ticks)), sleep=lambda _: None
        ) as loader,
        pytest.raises(TooSlow, match="too long"),
    ):
        loader.fetch(url, target)
    assert not target.exists() and part_file.PartFile(target).size > 0


def test_silence_is_noticed(host: FileHost, target: Path) -> None:
    """A connection on which nothing arrives is given up after the stall time, and the next try goes
    on.
    """
    with (
        released(threading.Event()) as event,
        Downloader(DownloadLimits(stall=0.3), sleep=lambda _: None) as loader,
    ):
        loader.fetch(host.put("/lamp.glb", CONTENT, etag='"a"', faults=[hang(event)]), target)
    assert target.read_bytes() == CONTENT
    start = int(host.asked[1].headers["range"].removeprefix("bytes=").removesuffix("-"))
    # an older urllib3 drops a block that it waits for
    assert len(CONTENT) // 2 - 5000 < start <= len(CONTENT) // 2


def test_endless_silence_is_too_slow(host: FileHost, target: Path) -> None:
    """If it never gets better the sentence says that nothing arrived."""
    with (
        released(threading.Event()) as event,
        Downloader(DownloadLimits(stall=0.2, most_tries=1), sleep=lambda _: None) as loader,
        pytest.raises(TooSlow, match="No data arrived for lamp"),
    ):
        loader.fetch(host.put("/lamp.glb", CONTENT, etag='"a"', faults=[hang(event)]), target)


def test_an_answer_that_never_begins_is_too_slow(host: FileHost, target: Path) -> None:
    """A host that takes the request and says nothing at all is given up like one that stops in the
    middle.
    """
    with (
        released(threading.Event()) as event,
        Downloader(DownloadLimits(stall=0.2, tries=2), sleep=lambda _: None) as loader,
        pytest.raises(TooSlow),
    ):
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[mute(event), mute(event)]), target)
    assert len(host.asked) == 2


@pytest.mark.parametrize("code", [204, 400, 401, 418, 304])
def test_other_answers_are_not_repeated(
    host: FileHost, loader: Downloader, target: Path, code: int
) -> None:
    """What asking again will not change is said at once."""
    with pytest.raises(DownloadFailed, match=f"HTTP {code}") as caught:
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(code)] * 9), target)
    assert len(host.asked) == 1 and not caught.value.retryable


def test_broken_packing_is_said(host: FileHost, loader: Downloader, target: Path) -> None:
    """A body that is marked as gzip and is none is no file."""
    with pytest.raises(DownloadFailed, match="could not be decompressed"):
        loader.fetch(host.put("/lamp.glb", CONTENT, headers={"Content-Encoding": "gzip"}), target)
    assert list(target.parent.iterdir()) == []
