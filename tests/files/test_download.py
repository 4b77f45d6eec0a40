# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: continued after a break, within their limits, with any answer and on a full disk."""

from __future__ import annotations

import errno
import gzip
import os
import socket
import threading
from collections.abc import Callable
from email.utils import formatdate
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files import disk, download_folder
from mint_blender.files import urls as files_urls
from mint_blender.files.download import DownloadLimits
from mint_blender.files.download_folder import PartFile, PartSource
from mint_blender.files.errors import (
    DiskError,
    DownloadFailed,
    FileError,
    LinkExpired,
    SpeedTooLow,
    Stopped,
    TooLarge,
    TooSlow,
)

from .downloading import CONTENT, OTHER, Downloader, Lamp, Time, failed
from .file_host import Fault, Handler, Served, become, claim, cut, hang, mute, released, status


def test_a_download_saves_the_file_under_its_name(lamp: Lamp) -> None:
    """The target has the host's bytes, and no part or note file is left."""
    seen: list[tuple[int, int | None]] = []
    assert lamp.load(lamp.put(), progress=lambda *counts: seen.append(counts)) == CONTENT
    assert list(lamp.target.parent.iterdir()) == [lamp.target]
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_broken_download_continues_where_it_stopped(lamp: Lamp) -> None:
    """After a break only the missing bytes are requested, guarded by the ETag."""
    assert lamp.fetch(etag='"a"', faults=[cut(100_000), cut(50_000)]) == CONTENT
    ranges = [(asked.headers.get("range"), asked.headers.get("if-range")) for asked in lamp.asked]
    assert ranges == [(None, None), ("bytes=100000-", '"a"'), ("bytes=150000-", '"a"')]


@pytest.mark.windows
@pytest.mark.parametrize(
    "how", [{"etag": '"a"'}, {"modified": formatdate(1_700_000_000, usegmt=True)}]
)
def test_a_download_continues_after_a_restart(lamp: Lamp, how: dict[str, Any]) -> None:
    """Another process continues from the part and its note."""
    url = lamp.put(faults=[cut(120_000)], **how)
    failed(url + "?signature=old", lamp.target, DownloadLimits(most_tries=1))
    assert not lamp.target.exists()
    assert lamp.load(url + "?signature=new") == CONTENT
    assert lamp.asked[-1].headers["range"] == "bytes=120000-"


@pytest.mark.parametrize("note", [None, "{not json"])
def test_a_part_of_another_address_is_not_continued(lamp: Lamp, note: str | None) -> None:
    """Bytes of one file never become the beginning of another, nor with a note that is no note."""
    url = lamp.put(etag='"a"', faults=[cut(120_000)])
    failed(url, lamp.target, DownloadLimits(most_tries=1))
    if note:
        PartFile(lamp.target).metadata_path.write_text(note)
        assert lamp.load(url) == CONTENT
    else:
        assert lamp.load(lamp.host.put("/other.glb", OTHER, etag='"a"')) == OTHER
    assert "range" not in lamp.asked[-1].headers


@pytest.mark.windows
@pytest.mark.parametrize(("total", "more", "asked"), [(len(CONTENT), b"", 0), (None, b"more", 2)])
def test_a_complete_part_is_renamed_without_a_request(
    lamp: Lamp, total: int | None, more: bytes, asked: int
) -> None:
    """So after a kill before the renaming. On 416 Range Not Satisfiable the download starts over."""
    url, left = lamp.put(etag='"a"'), PartFile(lamp.target)
    left.begin(PartSource(files_urls.without_query(url), '"a"', total))
    left.path.write_bytes(CONTENT + more)
    assert lamp.load(url) == CONTENT and len(lamp.asked) == asked


def part_of(content: bytes, etag: str, start: int, end: int | None = None) -> Fault:
    """Answer 206 with a part of this content, whatever was requested."""
    end = len(content) if end is None else end
    headers = {"ETag": etag, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
    return lambda handler, served: handler.answer(206, content[start:end], headers)


def other_part(handler: Handler, served: Served) -> None:
    """The file has changed meanwhile, and If-Range is ignored."""
    served.content, served.etag = OTHER, '"b"'
    part_of(OTHER, '"b"', 100_000)(handler, served)


STRONG = {"etag": '"a"'}
STRANGE: dict[str, tuple[bytes, dict[str, Any], tuple[Fault, ...]]] = {
    "a changed file": (OTHER, STRONG, (cut(100_000), become(OTHER, '"b"'))),
    "and no ranges": (
        OTHER,
        STRONG | {"knows_ranges": False},
        (cut(100_000), become(OTHER, '"b"')),
    ),
    "a range of a changed file": (OTHER, STRONG, (cut(100_000), other_part)),
    "a range from another byte": (CONTENT, STRONG, (cut(100_000), part_of(CONTENT, '"a"', 90_000))),
    "no validator": (CONTENT, {}, (cut(100_000),)),
    "a weak validator": (CONTENT, {"etag": 'W/"a"'}, (cut(100_000),)),
    "no length": (CONTENT, {"tells_length": False}, ()),
}


@pytest.mark.parametrize(("expected", "how", "faults"), STRANGE.values(), ids=STRANGE)
def test_bytes_of_two_files_are_not_mixed(
    lamp: Lamp, expected: bytes, how: dict[str, Any], faults: tuple[Fault, ...]
) -> None:
    """Only a strong validator lets a download continue; a file ends with its length or connection."""
    assert lamp.fetch(faults=[*faults], **how) == expected
    if how.get("etag") != '"a"':
        assert all("range" not in asked.headers for asked in lamp.asked)


@pytest.mark.windows
@pytest.mark.covers("S-large")
@pytest.mark.parametrize("tells_length", [True, False])
def test_a_file_above_the_limit_is_refused_and_removed(lamp: Lamp, tells_length: bool) -> None:
    """The limit applies to the header, and to the stream where the header gives no length."""
    with pytest.raises(TooLarge, match="larger than"):
        lamp.load(lamp.put(tells_length=tells_length), limit=200_000)
    assert list(lamp.target.parent.glob("*")) == []
    assert len(lamp.asked) == 1


def test_each_kind_of_file_has_its_limit() -> None:
    """The limit of a picture is below that of a model, which is below that of splats."""
    limits = DownloadLimits()
    assert limits.bytes_for("a.webp") < limits.bytes_for("a.glb") < limits.bytes_for("a.SPZ")
    assert limits.bytes_for("unknown") > 0


def test_a_range_that_was_not_requested_is_refused(lamp: Lamp) -> None:
    """A host that answers 206 to plain requests never gives a file."""
    url = lamp.put(etag='"a"', faults=[part_of(CONTENT, '"a"', 0, 1000)] * 9)
    failed(url, lamp.target, DownloadLimits(tries=3))
    assert not lamp.target.exists() and len(lamp.asked) == 3


def test_a_range_shorter_than_requested_is_continued(lamp: Lamp) -> None:
    """A host that sends one piece at a time is asked for the next piece."""
    starts = (100_000, 160_000, 220_000, 280_000)
    pieces = [part_of(CONTENT, '"a"', at, min(at + 60_000, len(CONTENT))) for at in starts]
    assert lamp.fetch(etag='"a"', faults=[cut(100_000), *pieces]) == CONTENT
    assert len(lamp.asked) == 5


@pytest.mark.windows
def test_a_stopped_download_keeps_its_part(lamp: Lamp) -> None:
    """A stop in the middle ends the download; the next one continues from there."""
    url = lamp.put(etag='"a"')
    came: list[int] = []
    with pytest.raises(Stopped):
        lamp.load(url, stop=lambda: came[-1:] > [0], progress=lambda done, _: came.append(done))
    kept = PartFile(lamp.target).size
    assert 0 < kept < len(CONTENT)
    assert lamp.load(url) == CONTENT and lamp.asked[-1].headers["range"] == f"bytes={kept}-"


def test_a_stop_ends_a_pause(lamp: Lamp, time: Time) -> None:
    url = lamp.put(faults=[status(503, Retry_After="60")] * 9)
    with pytest.raises(Stopped):
        lamp.load(url, stop=lambda: time.now > 1)
    assert time.now < 2 and len(lamp.asked) == 1


@pytest.mark.covers("S-large")
@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_encoded_content_is_refused(lamp: Lamp, encoding: str) -> None:
    """Plain bytes are requested; what is encoded, a bomb for example, is not unpacked."""
    bomb = gzip.compress(bytes(5_000_000))
    with pytest.raises(DownloadFailed, match=rf"unsupported encoding \({encoding}\)") as caught:
        lamp.fetch(bomb, headers={"Content-Encoding": encoding})
    assert not caught.value.retryable and len(lamp.asked) == 1
    assert lamp.asked[0].headers["accept-encoding"] == "identity"
    assert list(lamp.target.parent.glob("*")) == []


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 511, 522, 524])
def test_a_temporary_error_is_retried(lamp: Lamp, code: int) -> None:
    """The download succeeds after two temporary errors of the host, and is not repeated."""
    url = lamp.put(faults=[status(code), status(code)])
    for _ in range(2):
        assert lamp.load(url) == CONTENT and len(lamp.asked) == 3


@pytest.mark.parametrize(
    ("code", "error"),
    [(code, LinkExpired) for code in (403, 404, 410)]
    + [(code, DownloadFailed) for code in (204, 302, 304, 400, 401, 418)],
)
def test_a_permanent_error_is_not_retried(lamp: Lamp, code: int, error: type[FileError]) -> None:
    """An answer that would not change is an error after one request; some want a new address."""
    with pytest.raises(error, match=f"HTTP {code}|without a new address") as caught:
        lamp.fetch(faults=[status(code)] * 9)
    assert len(lamp.asked) == 1 and not caught.value.retryable


def test_pauses_double_and_tries_are_limited(lamp: Lamp, time: Time) -> None:
    """After six tries, each pause twice the one before, the download fails."""
    with pytest.raises(DownloadFailed, match="HTTP 503"):
        lamp.fetch(faults=[status(503)] * 20)
    assert len(lamp.asked) == 6
    assert time.now == pytest.approx(0.5 + 1 + 2 + 4 + 8)


def test_tries_that_bring_bytes_do_not_count(lamp: Lamp) -> None:
    """A connection that breaks every 20 kB still completes the file."""
    assert lamp.fetch(etag='"a"', faults=[cut(20_000)] * 12) == CONTENT
    assert len(lamp.asked) == 13


@pytest.mark.parametrize(
    ("content", "how", "match", "asked"),
    [
        (b"", {}, "sent nothing for lamp", 6),  # zero bytes are never a result
        (CONTENT, STRONG | {"faults": [claim(len(CONTENT) + 5)] * 40}, "connection was", 7),
    ],
    ids=["empty", "shorter than its length"],
)
def test_starting_over_is_no_progress(
    lamp: Lamp, content: bytes, how: dict[str, Any], match: str, asked: int
) -> None:
    """A host that never sends what it claims is given up after a few tries."""
    failed(lamp.put(content, **how), lamp.target, match=match)
    assert not lamp.target.exists()
    assert len(lamp.asked) == asked  # the first may have brought something new


def test_retry_after_is_obeyed_within_bounds(lamp: Lamp, time: Time) -> None:
    """At least a second is waited, and at most a quarter of an hour, also for a date."""
    date = formatdate(4_000_000_000, usegmt=True)
    lamp.fetch(faults=[status(503, Retry_After=asked) for asked in ("7", "0", date, "soon")])
    assert time.now == pytest.approx(7 + 1 + 900 + 4)
    assert max(time.pauses) <= 0.25


def test_no_pause_ends_after_the_time_limit(lamp: Lamp, time: Time) -> None:
    url, limits = lamp.put(faults=[status(503, Retry_After="50")] * 9), DownloadLimits(total=120)
    failed(url, lamp.target, limits, clock=lambda: time.now, sleep=time.sleep)
    assert time.now == pytest.approx(100) and len(lamp.asked) == 3


def test_a_slow_download_ends_at_the_time_limit(lamp: Lamp) -> None:
    """A host that keeps sending slowly is given up, and the part is kept."""
    url, ticks, limits = lamp.put(CONTENT * 20, etag='"a"'), count(), DownloadLimits(total=12)
    tick = {"clock": lambda: float(next(ticks))}
    failed(url, lamp.target, limits, error=TooSlow, match="too long", **tick)
    assert not lamp.target.exists() and PartFile(lamp.target).size > 0


def test_a_host_that_drips_is_told_about(lamp: Lamp) -> None:
    """Fewer bytes in a minute than the least: the download ends with a sentence, and can go on."""
    ticks, limits = count(), DownloadLimits(speed_window=3, min_bytes_per_window=2**30)
    url = lamp.put(CONTENT * 20, etag='"a"')
    sentence = r"sent only [\d,.]+ KB of lamp.glb .* in 3 s, less than 1,048,576 KB"
    tick = {"clock": lambda: float(next(ticks))}
    failed(url, lamp.target, limits, error=SpeedTooLow, match=sentence, **tick)
    assert len(lamp.asked) == 1 and PartFile(lamp.target).size > 0
    assert lamp.load(url) == CONTENT * 20


def test_a_stalled_connection_is_retried(lamp: Lamp) -> None:
    """A connection without data is given up after the stall time, and the next try continues."""
    with (
        released(threading.Event()) as event,
        Downloader(DownloadLimits(stall=0.3), sleep=lambda _: None) as lamp.loader,
    ):
        assert lamp.fetch(etag='"a"', faults=[hang(event)]) == CONTENT
    assert lamp.asked[1].headers["range"] == f"bytes={len(CONTENT) // 2}-"


@pytest.mark.parametrize("fault", [hang, mute])
def test_a_host_that_stalls_each_time_is_too_slow(
    lamp: Lamp, fault: Callable[[threading.Event], Fault]
) -> None:
    """In the body or before the headers; the error says that no data arrived."""
    with released(threading.Event()) as event:
        limits, url = DownloadLimits(stall=0.2, most_tries=2), lamp.put(faults=[fault(event)] * 2)
        failed(url, lamp.target, limits, error=TooSlow, match="No data arrived for lamp")
    assert len(lamp.asked) == 2


def test_a_silent_tls_handshake_says_how_long_it_was_waited_for(target: Path) -> None:
    """The limit is the one to connect; urllib3 reports a read timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/lamp.glb"
        limits = DownloadLimits(connect=0.6, stall=20.0, most_tries=1)
        said = r"No data arrived for lamp\.glb .* in 1 s\."
        failed(url, target, limits, error=TooSlow, match=said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="does not apply: no /dev/full")
def test_a_disk_that_fills_up_is_an_error(lamp: Lamp, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full in the middle of a download, it fails without another try."""
    monkeypatch.setattr(PartFile, "open", lambda self: Path("/dev/full").open("wb"))  # noqa: SIM115 - closed by its user
    with pytest.raises(DiskError, match="disk is full"):
        lamp.fetch(etag='"a"')
    assert not lamp.target.exists() and len(lamp.asked) == 1


def test_a_file_that_cannot_fit_is_not_begun(lamp: Lamp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes before anything is written."""
    monkeypatch.setattr(download_folder, "RESERVE", 2**62)
    with pytest.raises(DiskError, match="Free some space"):
        lamp.fetch()
    assert list(lamp.target.parent.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_an_error(lamp: Lamp) -> None:
    """The error names the path."""
    lamp.target.parent.write_text("in the way")
    with pytest.raises(DiskError, match="job"):
        lamp.fetch()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "No permission to write"),
        (errno.EIO, "could not be written"),
    ],
)
def test_each_disk_error_says_what_to_do(number: int, words: str) -> None:
    """The message names the path and says what to do about this kind of error."""
    with pytest.raises(DiskError, match=words) as caught, disk.disk_errors(Path("lamp.glb")):
        raise OSError(number, os.strerror(number))
    assert "lamp.glb" in str(caught.value)


def test_a_part_with_bytes_of_two_downloads_is_refused(tmp_path: Path) -> None:
    """A file with extra bytes of an ended download is refused, and downloaded again."""
    written = PartFile(tmp_path / "a.glb")
    written.begin(PartSource(address="https://files.example/a.glb", validator='"1"', total=4))
    with written.open() as stream:
        stream.write(b"four and more")
    with pytest.raises(DownloadFailed, match="Another download"):
        written.commit()
    assert list(tmp_path.iterdir()) == []


def test_a_note_left_beside_a_complete_file_is_removed(tmp_path: Path) -> None:
    """A kill just after the renaming leaves the note; the next download removes it."""
    target = tmp_path / "a.glb"
    target.write_bytes(b"complete")
    PartFile(target).metadata_path.write_text("{}")
    with Downloader() as downloader:
        assert downloader.fetch("https://files.example/a.glb", target) == target
    assert list(tmp_path.iterdir()) == [target]
