# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: complete, continued after a break, within their limits, and stopped."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files import download_folder
from mint_blender.files import urls as files_urls
from mint_blender.files.errors import DownloadFailed, Stopped, TooLarge

from .downloading import CONTENT, OTHER, Downloader, DownloadLimits, Time, failed, only_file
from .file_host import Fault, FileHost, Handler, Served, become, claim, cut, status


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


def test_a_complete_file_is_not_downloaded_again(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A complete target costs no request."""
    url = host.put("/lamp.glb", CONTENT)
    loader.fetch(url, target)
    loader.fetch(url, target)
    assert len(host.asked) == 1


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


def test_a_part_of_another_address_is_not_continued(host: FileHost, target: Path) -> None:
    """Bytes of one file never become the beginning of another."""
    first = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(120_000)])
    second = host.put("/other.glb", OTHER, etag='"a"')
    with Downloader(DownloadLimits(most_tries=1)) as loader:
        with pytest.raises(DownloadFailed):
            loader.fetch(first, target)
        loader.fetch(second, target)
    assert target.read_bytes() == OTHER
    assert "range" not in host.asked[-1].headers


def test_a_part_without_a_readable_note_is_not_continued(host: FileHost, target: Path) -> None:
    """With a note that cannot be read, the download starts over."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(120_000)])
    with Downloader(DownloadLimits(most_tries=1)) as loader:
        with pytest.raises(DownloadFailed):
            loader.fetch(url, target)
        download_folder.PartFile(target).metadata_path.write_text("{not json")
        loader.fetch(url, target)
    assert target.read_bytes() == CONTENT
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


def test_a_file_shorter_than_its_length_is_an_error(host: FileHost, target: Path) -> None:
    """A file that is shorter than the host said is not taken for complete."""
    url = host.put("/lamp.glb", CONTENT, faults=[claim(len(CONTENT) + 5)] * 9)
    failed(url, target, DownloadLimits(tries=3), match=r"lamp\.glb from 127")
    assert not target.exists() and len(host.asked) == 4  # the first brought something new


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


def test_an_empty_file_is_an_error(host: FileHost, target: Path) -> None:
    """Zero bytes are never a result."""
    failed(host.put("/lamp.glb", b""), target, DownloadLimits(tries=2), match="nothing")
    assert not target.exists()


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


def test_one_downloader_serves_several_threads(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """Files that are downloaded at the same time are not mixed."""
    contents = {f"{name}.glb": random.Random(name).randbytes(200_000) for name in "abcd"}

    def fetch(name: str) -> Path:
        url = host.put("/" + name, contents[name], etag=f'"{name}"', faults=[cut(70_000)])
        return loader.fetch(url, tmp_path / name)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(fetch, contents))
    assert all((tmp_path / name).read_bytes() == content for name, content in contents.items())
