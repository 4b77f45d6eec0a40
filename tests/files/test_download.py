# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: continued after a break, within their limits, with any answer and on a full disk."""

from __future__ import annotations

import errno
import gzip
import itertools
import os
import socket
import threading
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files import disk, download_folder
from mint_blender.files import urls as files_urls
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

from .downloading import CONTENT, OTHER, Downloader, DownloadLimits, Time, failed, only_file
from .file_host import (
    Fault,
    FileHost,
    Handler,
    Served,
    become,
    claim,
    cut,
    hang,
    mute,
    released,
    status,
)


def test_a_download_saves_the_file_under_its_name(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """The target has the host's bytes, and no part or note file is left."""
    seen: list[tuple[int, int | None]] = []
    url = host.put("/lamp.glb", CONTENT)
    assert loader.fetch(url, target, progress=lambda *counts: seen.append(counts)) == target
    assert target.read_bytes() == CONTENT
    assert only_file(target.parent) == ["lamp.glb"]
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_broken_download_continues_where_it_stopped(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """After a break only the missing bytes are requested, guarded by the ETag."""
    loader.fetch(
        host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(100_000), cut(50_000)]), target
    )
    assert target.read_bytes() == CONTENT
    ranges = [(asked.headers.get("range"), asked.headers.get("if-range")) for asked in host.asked]
    assert ranges == [(None, None), ("bytes=100000-", '"a"'), ("bytes=150000-", '"a"')]


@pytest.mark.parametrize(
    "how", [{"etag": '"a"'}, {"modified": formatdate(1_700_000_000, usegmt=True)}]
)
def test_a_download_continues_after_a_restart(
    host: FileHost, target: Path, how: dict[str, str]
) -> None:
    """Another process continues from the part and its note.

    The query of the link may have changed meanwhile.
    """
    url = host.put("/lamp.glb", CONTENT, faults=[cut(120_000)], **how)
    failed(url + "?signature=old", target, DownloadLimits(most_tries=1))
    assert not target.exists()
    with Downloader() as second:
        second.fetch(url + "?signature=new", target)
    assert target.read_bytes() == CONTENT
    assert host.asked[-1].headers["range"] == "bytes=120000-"


@pytest.mark.parametrize("note", [None, "{not json"])
def test_a_part_of_another_address_is_not_continued(
    host: FileHost, target: Path, note: str | None
) -> None:
    """Bytes of one file never become the beginning of another, nor with a note that is no note."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(120_000)])
    with Downloader(DownloadLimits(most_tries=1)) as loader:
        with pytest.raises(DownloadFailed):
            loader.fetch(url, target)
        if note:
            download_folder.PartFile(target).metadata_path.write_text(note)
        loader.fetch(url if note else host.put("/other.glb", OTHER, etag='"a"'), target)
    assert target.read_bytes() == (CONTENT if note else OTHER)
    assert "range" not in host.asked[-1].headers


@pytest.mark.parametrize(("total", "more", "asked"), [(len(CONTENT), b"", 0), (None, b"more", 2)])
def test_a_complete_part_is_renamed_without_a_request(
    host: FileHost, loader: Downloader, target: Path, total: int | None, more: bytes, asked: int
) -> None:
    """So after a kill before the renaming. On 416 Range Not Satisfiable the download starts over."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    left = download_folder.PartFile(target)
    left.begin(download_folder.PartSource(files_urls.without_query(url), '"a"', total))
    left.path.write_bytes(CONTENT + more)
    loader.fetch(url, target)
    assert target.read_bytes() == CONTENT and len(host.asked) == asked


def part_of(content: bytes, etag: str, start: int, end: int | None = None) -> Fault:
    """Answer 206 with a part of this content, whatever was requested."""
    end = len(content) if end is None else end
    headers = {"ETag": etag, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
    return lambda handler, served: handler.answer(206, content[start:end], headers)


def other_part(handler: Handler, served: Served) -> None:
    """The file has changed meanwhile, and If-Range is ignored."""
    served.content, served.etag = OTHER, '"b"'
    part_of(OTHER, '"b"', 100_000)(handler, served)


STRANGE: dict[str, tuple[bytes, dict[str, Any], tuple[Fault, ...]]] = {
    "a changed file": (OTHER, {"etag": '"a"'}, (cut(100_000), become(OTHER, '"b"'))),
    "and no ranges": (
        OTHER,
        {"etag": '"a"', "knows_ranges": False},
        (cut(100_000), become(OTHER, '"b"')),
    ),
    "a range of a changed file": (OTHER, {"etag": '"a"'}, (cut(100_000), other_part)),
    "a range from another byte": (
        CONTENT,
        {"etag": '"a"'},
        (cut(100_000), part_of(CONTENT, '"a"', 90_000)),
    ),
    "no validator": (CONTENT, {}, (cut(100_000),)),
    "a weak validator": (CONTENT, {"etag": 'W/"a"'}, (cut(100_000),)),
    "no length": (CONTENT, {"tells_length": False}, ()),
}


@pytest.mark.parametrize(("expected", "how", "faults"), STRANGE.values(), ids=STRANGE)
def test_bytes_of_two_files_are_not_mixed(
    host: FileHost,
    loader: Downloader,
    target: Path,
    expected: bytes,
    how: dict[str, Any],
    faults: tuple[Fault, ...],
) -> None:
    """Only a strong validator lets a download continue; a file ends with its length or connection."""
    loader.fetch(host.put("/lamp.glb", CONTENT, faults=[*faults], **how), target)
    assert target.read_bytes() == expected
    if how.get("etag") != '"a"':
        assert all("range" not in asked.headers for asked in host.asked)


@pytest.mark.covers("S-large")
@pytest.mark.parametrize("tells_length", [True, False])
def test_a_file_above_the_limit_is_refused_and_removed(
    host: FileHost, loader: Downloader, target: Path, tells_length: bool
) -> None:
    """The limit applies to the header, and to the stream where the header gives no length."""
    with pytest.raises(TooLarge, match="larger than"):
        loader.fetch(
            host.put("/lamp.glb", CONTENT, tells_length=tells_length), target, limit=200_000
        )
    assert only_file(target.parent) == [] if target.parent.exists() else True
    assert len(host.asked) == 1


def test_each_kind_of_file_has_its_limit() -> None:
    """The limit of a picture is below that of a model, which is below that of splats."""
    limits = DownloadLimits()
    assert limits.bytes_for("a.webp") < limits.bytes_for("a.glb") < limits.bytes_for("a.SPZ")
    assert limits.bytes_for("unknown") > 0


def test_a_range_that_was_not_requested_is_refused(host: FileHost, target: Path) -> None:
    """A host that answers 206 to plain requests never gives a file."""
    faults = [part_of(CONTENT, '"a"', 0, 1000)] * 9
    failed(
        host.put("/lamp.glb", CONTENT, etag='"a"', faults=faults), target, DownloadLimits(tries=3)
    )
    assert not target.exists() and len(host.asked) == 3


def test_a_range_shorter_than_requested_is_continued(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A host that sends one piece at a time is asked for the next piece."""
    starts = (100_000, 160_000, 220_000, 280_000)
    pieces = [part_of(CONTENT, '"a"', at, min(at + 60_000, len(CONTENT))) for at in starts]
    url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(100_000), *pieces])
    loader.fetch(url, target)
    assert target.read_bytes() == CONTENT and len(host.asked) == 5


def test_a_stopped_download_keeps_its_part(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A stop in the middle ends the download; the next one continues from there."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    came: list[int] = []
    with pytest.raises(Stopped):
        loader.fetch(
            url, target, stop=lambda: came[-1:] > [0], progress=lambda done, _: came.append(done)
        )
    kept = download_folder.PartFile(target).size
    assert 0 < kept < len(CONTENT)
    loader.fetch(url, target)
    assert target.read_bytes() == CONTENT and host.asked[-1].headers["range"] == f"bytes={kept}-"


def test_a_stop_ends_a_pause(host: FileHost, loader: Downloader, time: Time, target: Path) -> None:
    """A stop does not wait for the end of a long pause."""
    with pytest.raises(Stopped):
        loader.fetch(
            host.put("/lamp.glb", CONTENT, faults=[status(503, Retry_After="60")] * 9),
            target,
            stop=lambda: time.now > 1,
        )
    assert time.now < 2 and len(host.asked) == 1


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


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 511, 522, 524])
def test_a_temporary_error_is_retried(
    host: FileHost, loader: Downloader, target: Path, code: int
) -> None:
    """The download succeeds after two temporary errors of the host, and is not repeated."""
    url = host.put("/lamp.glb", CONTENT, faults=[status(code), status(code)])
    for _ in range(2):
        loader.fetch(url, target)
        assert target.read_bytes() == CONTENT and len(host.asked) == 3


@pytest.mark.parametrize(
    ("code", "error"),
    [(code, LinkExpired) for code in (403, 404, 410)]
    + [(code, DownloadFailed) for code in (204, 302, 304, 400, 401, 418)],
)
def test_a_permanent_error_is_not_retried(
    host: FileHost, loader: Downloader, target: Path, code: int, error: type[FileError]
) -> None:
    """An answer that would not change is an error after one request; some want a new address."""
    with pytest.raises(error, match=f"HTTP {code}|without a new address") as caught:
        loader.fetch(host.put("/lamp.glb", CONTENT, faults=[status(code)] * 9), target)
    assert len(host.asked) == 1 and not caught.value.retryable


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


@pytest.mark.parametrize(
    ("content", "how", "match", "asked"),
    [
        (b"", {}, "sent nothing for lamp", 6),  # zero bytes are never a result
        (CONTENT, {"etag": '"a"', "faults": [claim(len(CONTENT) + 5)] * 40}, "connection was", 7),
    ],
    ids=["empty", "shorter than its length"],
)
def test_starting_over_is_no_progress(
    host: FileHost, target: Path, content: bytes, how: dict[str, Any], match: str, asked: int
) -> None:
    """A host that never sends what it claims is given up after a few tries."""
    failed(host.put("/lamp.glb", content, **how), target, match=match)
    assert not target.exists()
    assert len(host.asked) == asked  # the first may have brought something new


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


def test_a_host_that_drips_is_told_about(host: FileHost, target: Path) -> None:
    """Fewer bytes in a minute than the least: the download ends with a sentence, and can go on."""
    ticks, limits = itertools.count(), DownloadLimits(speed_window=3, fewest=2**30)
    url = host.put("/lamp.glb", CONTENT * 20, etag='"a"')
    sentence = r"sent only [\d,.]+ KB of lamp.glb .* in 3 s, less than 1,048,576 KB"
    failed(url, target, limits, error=SpeedTooLow, match=sentence, clock=lambda: float(next(ticks)))
    assert len(host.asked) == 1 and download_folder.PartFile(target).size > 0
    with Downloader() as loader:
        assert loader.fetch(url, target).read_bytes() == CONTENT * 20


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


def test_a_disk_that_fills_up_is_an_error(
    host: FileHost, loader: Downloader, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full in the middle of a download, it fails without another try.

    No incomplete file is left under the target's name.
    """
    if not Path("/dev/full").exists():
        pytest.skip("does not apply: no /dev/full")
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    monkeypatch.setattr(
        download_folder.PartFile,
        "open",
        lambda self: Path("/dev/full").open("wb"),  # noqa: SIM115 - closed by its user
    )
    with pytest.raises(DiskError, match="disk is full"):
        loader.fetch(url, target)
    assert not target.exists() and len(host.asked) == 1


def test_a_file_that_cannot_fit_is_not_begun(
    host: FileHost, loader: Downloader, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes before anything is written."""
    monkeypatch.setattr(download_folder, "RESERVE", 2**62)
    with pytest.raises(DiskError, match="Free some space"):
        loader.fetch(host.put("/lamp.glb", CONTENT), target)
    assert list(target.parent.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_an_error(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """The error names the path."""
    (tmp_path / "job").write_text("in the way")
    with pytest.raises(DiskError, match="job"):
        loader.fetch(host.put("/lamp.glb", CONTENT), tmp_path / "job" / "lamp.glb")


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
