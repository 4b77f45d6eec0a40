# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder for downloads and thumbnails under MINT_BLENDER_HOME: names that are safe everywhere,
its size, and making room.

<home>/downloads/<job id>/…    the files of one job
<home>/jobs/<job id>/…         what a job was started with: copies of its reference pictures
<home>/thumbnails/…            a cache: may be pruned at any time
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import shutil
import stat
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..message import Message
from . import private_files, urls
from .part_file import disk_errors

LONGEST = 80
"""Characters of a name; at most 200 bytes as well, since file systems count those (255)."""
MOST_BYTES = 200
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
JOINERS = frozenset("\u200c\u200d")
"""Invisible, but part of words in some scripts and of many emoji."""


class DownloadFolder:
    """What lies under one home folder.

    Creates folders when they are asked for, and never follows a link out of them.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.downloads = home / "downloads"
        self.thumbnails = home / "thumbnails"
        self.jobs = home / "jobs"

    def job_folder(self, job_id: str) -> Path:
        """The folder of a job's files, made if it is missing.

        Raises `ValueError` for an id that is no plain name, `DiskError`.
        """
        folder = self.downloads / _checked(job_id)
        with disk_errors(folder):
            private_files.make_folder(folder)
        return folder

    def reference_folder(self, job_id: str) -> Path:
        """The folder of the pictures that a job was started with; not made here.

        Raises `ValueError` for an id that is no plain name.
        """
        return self.jobs / _checked(job_id) / "references"

    def size(self) -> int:
        """Bytes of all downloads, thumbnails, and pictures that jobs were started with."""
        return folder_size(self.downloads) + folder_size(self.thumbnails) + folder_size(self.jobs)

    def clear(self, keep: Collection[str] = ()) -> int:
        """Remove the downloads and pictures of all jobs but those in `keep`, and every thumbnail;
        answers the bytes that became free.
        """
        before = self.size()
        for folder in (*_entries(self.downloads), *_entries(self.jobs)):
            if folder.name not in keep:
                _remove(folder)
        for thumbnail in _entries(self.thumbnails):
            _remove(thumbnail)
        return before - self.size()


def folder_size(folder: Path) -> int:
    """Bytes of all files below the folder; 0 if there is none. Links are not followed."""
    return sum(size for _, size, _ in _files(folder))


def prune(folder: Path, most_bytes: int, *, keep: Collection[Path] = ()) -> int:
    """Remove files below the folder, the longest unused first, until they fit into `most_bytes`;
    answers the bytes that became free.
    """
    files = sorted(_files(folder), key=lambda entry: entry[2])
    excess, freed = sum(size for _, size, _ in files) - most_bytes, 0
    for path, size, _ in files:
        if freed >= excess:
            break
        if path not in keep:
            with suppress(OSError):
                path.unlink()
                freed += size
    return freed


def safe_name(text: str, *, fallback: str = "file") -> str:
    """A file name made of any text (a prompt, a name from Mint): one path component, valid on every
    system, letters of all scripts kept.

    The ending survives shortening. A text with nothing usable in it gives `fallback`.
    """
    text = unicodedata.normalize("NFC", text)
    kept = "".join(
        (
            letter
            if letter in JOINERS or (letter.isprintable() and letter not in '<>:"/\\|?*')
            else " "
        )
        for letter in text
    )
    name = re.sub(r"\s+", " ", kept).strip(" .\u200c\u200d")
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 8 or not suffix.isalnum() or not suffix.isascii():
        stem, suffix = name, ""
    suffix = f".{suffix}" if suffix else ""
    stem = _shortened(stem, LONGEST - len(suffix), MOST_BYTES - len(suffix)).rstrip(
        " .\u200c\u200d"
    )
    if not stem:
        return fallback + suffix
    return (
        f"_{stem}{suffix}" if RESERVED.fullmatch(stem.partition(".")[0].strip()) else stem + suffix
    )


def name_from_url(url: str, *, fallback: str = "file") -> str:
    """The safe file name at the end of an address; what is left out of it (query, folders) cannot
    lead anywhere else.
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        return fallback
    return safe_name(
        posixpath.basename(unquote(path).replace("\\", "/").rstrip("/")), fallback=fallback
    )


def thumbnail_name(url: str) -> str:
    """The name under which the picture of an address lies in the cache, without ending: always the
    same, never two the same.

    Where the path already says which content it is, a fresh link to it finds the same picture.
    """
    return hashlib.sha256(urls.content_key(url).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _shortened(text: str, most: int, most_bytes: int) -> str:
    text = text[:most]
    return text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")


def _checked(job_id: str) -> str:
    """Ids are opaque; one becomes a folder name only if it is nothing but a plain name (contract,
    section 13.19).
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,120}", job_id) or RESERVED.fullmatch(job_id):
        raise ValueError(Message("a job id must consist of letters, digits, _ and -"))
    return job_id


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Path, bytes and time of the last use of every file below; what vanishes meanwhile is left
    out.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    yield path, found.st_size, found.st_mtime


def _remove(path: Path) -> None:
    """Remove a file, a link or a whole folder; what cannot be removed now (in use on Windows)
    stays.
    """
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
