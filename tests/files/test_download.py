# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: complete, continued after a break, within their limits, and stopped."""

from __future__ import annotations

import hashlib
import random
import threading
from email.utils import formatdate
from pathlib import Path

import pytest

from mint_blender.files import download_folder
from mint_blender.files import urls as files_urls
from mint_blender.files.errors import DownloadFailed, Stopped, TooLarge

from .downloading import CONTENT, OTHER, Downloader, DownloadLimits, Time, only_file
from .file_host import FileHost, become, claim, cut, status


def test_a_download_saves_the_file_under_its_name(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """The target has the host's bytes, and no part or note file is left."""
    seen: list[tuple[int, int | None]] = []
    assert (
        loader.fetch(
            host.put("/lamp.glb", CONTENT),
            target,
            progress=lambda done, total: seen.append((done, total)),
        )
        == target
    )
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
    with Downloader(DownloadLimits(most_tries=1)) as first, pytest.raises(DownloadFailed):
        first.fetch(url + "?signature=old", target)
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


def test_a_complete_part_is_renamed_without_a_request(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """After a kill between the last byte and the renaming, nothing is downloaded again."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    left = download_folder.PartFile(target)
    left.begin(download_folder.PartSource(files_urls.without_query(url), '"a"', len(CONTENT)))
    left.path.write_bytes(CONTENT)
    loader.fetch(url, target)
    assert target.read_bytes() == CONTENT and host.asked == []


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_changed_file_is_downloaded_from_the_start(
    host: FileHost, loader: Downloader, target: Path, knows_ranges: bool
) -> None:
    """With a new ETag, or from a host without ranges, the 200 answer replaces the part."""
    loader.fetch(
        host.put(
            "/lamp.glb",
            CONTENT,
            etag='"a"',
            knows_ranges=knows_ranges,
            faults=[cut(100_000), become(OTHER, '"b"')],
        ),
        target,
    )
    assert target.read_bytes() == OTHER


def test_a_range_of_a_changed_file_is_not_appended(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A 206 answer that ignores If-Range does not mix bytes of two files."""

    def wrong_range(handler, served):  # type: ignore[no-untyped-def]
        served.content, served.etag = OTHER, '"b"'
        handler.answer(
            206,
            OTHER[100_000:],
            {"ETag": '"b"', "Content-Range": f"bytes 100000-{len(OTHER) - 1}/{len(OTHER)}"},
        )

    loader.fetch(
        host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(100_000), wrong_range]), target
    )
    assert target.read_bytes() == OTHER


def test_a_range_from_the_wrong_position_is_not_appended(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """After a range that starts at another byte, the download starts over."""

    def shifted(handler, served):  # type: ignore[no-untyped-def]
        handler.answer(
            206,
            CONTENT[90_000:],
            {"ETag": '"a"', "Content-Range": f"bytes 90000-{len(CONTENT) - 1}/{len(CONTENT)}"},
        )

    loader.fetch(host.put("/lamp.glb", CONTENT, etag='"a"', faults=[cut(100_000), shifted]), target)
    assert target.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_starts_over(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """On 416 Range Not Satisfiable the download starts over instead of failing."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    left = download_folder.PartFile(target)
    left.begin(download_folder.PartSource(files_urls.without_query(url), '"a"', None))
    left.path.write_bytes(CONTENT + b"more")
    loader.fetch(url, target)
    assert target.read_bytes() == CONTENT


def test_without_a_validator_a_broken_download_starts_over(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """Without an ETag or a date, no range is requested."""
    loader.fetch(host.put("/lamp.glb", CONTENT, faults=[cut(100_000)]), target)
    assert target.read_bytes() == CONTENT
    assert all("range" not in asked.headers for asked in host.asked)


def test_a_weak_etag_is_not_used_to_continue(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """W/"…" does not promise the same bytes."""
    loader.fetch(host.put("/lamp.glb", CONTENT, etag='W/"a"', faults=[cut(100_000)]), target)
    assert target.read_bytes() == CONTENT
    assert all("range" not in asked.headers for asked in host.asked)


def test_a_file_shorter_than_its_length_is_an_error(host: FileHost, target: Path) -> None:
    """A file that is shorter than the host said is not taken for complete."""
    url = host.put("/lamp.glb", CONTENT, faults=[claim(len(CONTENT) + 5)] * 9)
    with (
        Downloader(DownloadLimits(tries=3), sleep=lambda _: None) as loader,
        pytest.raises(DownloadFailed, match=r"lamp\.glb from 127"),
    ):
        loader.fetch(url, target)
    assert not target.exists() and len(host.asked) == 4  # the first brought something new


def test_a_file_without_a_length_ends_with_the_connection(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """Without Content-Length the end of the connection ends the file."""
    loader.fetch(host.put("/lamp.glb", CONTENT, tells_length=False), target)
    assert target.read_bytes() == CONTENT


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
    with (
        Downloader(DownloadLimits(tries=2), sleep=lambda _: None) as loader,
        pytest.raises(DownloadFailed, match="nothing"),
    ):
        loader.fetch(host.put("/lamp.glb", b""), target)
    assert not target.exists()


def test_a_range_that_was_not_requested_is_refused(
    host: FileHost, time: Time, target: Path
) -> None:
    """A host that answers 206 to plain requests never gives a file."""

    def partial(handler, served):  # type: ignore[no-untyped-def]
        handler.answer(
            206, CONTENT[:1000], {"ETag": '"a"', "Content-Range": f"bytes 0-999/{len(CONTENT)}"}
        )

    url = host.put("/lamp.glb", CONTENT, etag='"a"', faults=[partial] * 9)
    with (
        Downloader(DownloadLimits(tries=3), clock=lambda: time.now, sleep=time.sleep) as loader,
        pytest.raises(DownloadFailed),
    ):
        loader.fetch(url, target)
    assert not target.exists() and len(host.asked) == 3


def test_a_range_shorter_than_requested_is_continued(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A host that sends one piece at a time is asked for the next piece."""

    def piece(handler, served):  # type: ignore[no-untyped-def]
        start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        content = served.content[start : start + 60_000]
        handler.answer(
            206,
            content,
            {
                "ETag": '"a"',
                "Content-Range": f"bytes {start}-{start + len(content) - 1}/{len(CONTENT)}",
            },
        )

    loader.fetch(
        host.put(
            "/lamp.glb", CONTENT, etag='"a"', faults=[cut(100_000), piece, piece, piece, piece]
        ),
        target,
    )
    assert target.read_bytes() == CONTENT and len(host.asked) == 5


def test_a_stopped_download_keeps_its_part(
    host: FileHost, loader: Downloader, target: Path
) -> None:
    """A stop in the middle ends the download; the next one continues from there."""
    url = host.put("/lamp.glb", CONTENT, etag='"a"')
    came: list[int] = []
    with pytest.raises(Stopped):
        loader.fetch(
            url,
            target,
            stop=lambda: bool(came) and came[-1] > 0,
            progress=lambda done, _: came.append(done),
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
    contents = {
        name: random.Random(name).randbytes(200_000)
        for name in ("a.glb", "b.glb", "c.glb", "d.glb")
    }
    urls = {
        name: host.put("/" + name, content, etag=f'"{name}"', faults=[cut(70_000)])
        for name, content in contents.items()
    }
    threads = [
        threading.Thread(target=loader.fetch, args=(url, tmp_path / name))
        for name, url in urls.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for name, content in contents.items():
        assert (
            hashlib.sha256((tmp_path / name).read_bytes()).digest()
            == hashlib.sha256(content).digest()
        )
