# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of downloads: safe names, its size, and making room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.files import download_folder
from mint_blender.files.download_folder import (
    DownloadFolder,
    name_from_url,
    prune,
    safe_name,
    thumbnail_name,
)
from mint_blender.files.errors import DiskError


def fill(path: Path, size: int, age: float = 0) -> Path:
    """Write a file of so many bytes, making its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    return path


@pytest.mark.covers("S-names")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a small ceramic lamp", "a small ceramic lamp"),
        ("Lampe für Öl.glb", "Lampe für Öl.glb"),
        ("ランプ", "ランプ"),
        ("👩\u200d🚀.webp", "👩\u200d🚀.webp"),
        ("../../etc/passwd", "etc passwd"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        (".hidden", "hidden"),
        ("a/b\\c:d", "a b c d"),
        ("CON", "_CON"),
        ("nul.glb", "_nul.glb"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("LPT¹", "_LPT¹"),
        ("console", "console"),
        ("name. ", "name"),
        ("a\0b\nc\x1b[31m", "a b c [31m"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 300 + ".glb", "x" * 76 + ".glb"),
        ("\ud800", "file"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_any_text_becomes_a_safe_name(text: str, expected: str) -> None:
    """Separators, reserved names and control marks are removed; letters of all scripts stay."""
    assert safe_name(text) == expected


@given(st.text(max_size=400))
def test_a_safe_name_is_safe(text: str) -> None:
    """It is one path component of bounded length; making it safe again changes nothing."""
    name = safe_name(text)
    assert (
        name not in ("", ".", "..")
        and not set(name) & set('<>:"/\\|?*\0')
        and len(name) <= download_folder.MAX_NAME_LENGTH + 1
    )
    assert len(name.encode()) <= download_folder.MAX_NAME_BYTES + 1 and name == name.strip(" .")
    assert not download_folder.RESERVED.fullmatch(name.partition(".")[0].strip())
    assert Path(name).name == name


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://cdn.example/glb/lamp-1a2b.glb?sig=x#y", "lamp-1a2b.glb"),
        ("https://cdn.example/a%2F..%2F..%2Fb.glb", "b.glb"),
        ("https://cdn.example/..%5C..%5Cwin.ini", "win.ini"),
        ("https://cdn.example/", "file"),
        ("https://[broken", "file"),
        ("https://x/caf%C3%A9.webp", "café.webp"),
    ],
)
def test_a_url_gives_only_a_name(url: str, expected: str) -> None:
    """No address leads out of the folder."""
    assert name_from_url(url) == expected


def test_each_address_has_its_own_thumbnail() -> None:
    """Cache names are stable, differ with the query, and hold nothing of the address."""
    first = thumbnail_name("https://cdn.example/a.webp?1")
    assert (
        first
        == thumbnail_name("https://cdn.example/a.webp?1")
        != thumbnail_name("https://cdn.example/a.webp?2")
    )
    assert first.isalnum() and len(first) == 32


def test_a_job_has_a_folder(tmp_path: Path) -> None:
    """The folder is made when it is first needed."""
    kept = DownloadFolder(tmp_path).job_folder("job-1_A")
    assert kept == tmp_path / "downloads" / "job-1_A" and kept.is_dir()
    assert DownloadFolder(tmp_path).job_folder("job-1_A") == kept


@pytest.mark.covers("S-names")
@pytest.mark.parametrize("job_id", ["", "..", "a/b", "a\\b", "a.b", "x" * 200, "nul", "ä", "a\n"])
def test_an_unsafe_job_id_is_refused(tmp_path: Path, job_id: str) -> None:
    """An id from outside cannot choose a path on the disk."""
    with pytest.raises(ValueError, match="job id"):
        DownloadFolder(tmp_path).job_folder(job_id)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file in the way is reported in a sentence."""
    (tmp_path / "downloads").write_text("in the way")
    with pytest.raises(DiskError, match="downloads"):
        DownloadFolder(tmp_path).job_folder("job")


def test_clearing_keeps_the_named_jobs(tmp_path: Path) -> None:
    """Downloads of other jobs and all thumbnails are removed; other people's files stay."""
    home = DownloadFolder(tmp_path)
    fill(home.job_folder("old") / "a.glb", 1000)
    kept = fill(home.job_folder("running") / "deep" / "b.glb.part", 500)
    fill(home.thumbnails / "x.webp", 300)
    journal = fill(tmp_path / "journal.sqlite", 50)
    assert home.size() == 1800
    assert home.clear(keep={"running"}) == 1300
    assert (
        kept.exists()
        and journal.exists()
        and home.size() == 500
        and not (home.downloads / "old").exists()
    )


def test_an_empty_home_is_not_an_error(tmp_path: Path) -> None:
    """There is nothing to count and nothing to clear."""
    home = DownloadFolder(tmp_path / "never made")
    assert (home.size(), home.clear(), prune(home.thumbnails, 0)) == (0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="does not apply: links need a privilege")
def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in the downloads is removed; its target is neither counted nor removed."""
    precious = fill(tmp_path / "elsewhere" / "precious.blend", 700)
    home = DownloadFolder(tmp_path / "home")
    home.downloads.mkdir(parents=True)
    (home.downloads / "linked").symlink_to(precious.parent)
    (home.job_folder("job") / "file").symlink_to(precious)
    assert home.size() == 0
    home.clear()
    assert precious.exists() and list(home.downloads.iterdir()) == []


def test_pruning_removes_the_oldest_first(tmp_path: Path) -> None:
    """The longest unused are removed until the rest fits, except those that are to be kept."""
    oldest, old, new, newest = (
        fill(tmp_path / f"{name}.webp", 100, age)
        for name, age in (("d", 40), ("c", 30), ("b", 20), ("a", 10))
    )
    assert prune(tmp_path, 400) == 0
    assert prune(tmp_path, 250, keep={oldest}) == 200
    assert [path.exists() for path in (oldest, old, new, newest)] == [True, False, False, True]
    assert prune(tmp_path, 0) == 200
