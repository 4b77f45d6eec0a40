# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of downloads and thumbnails, safe file names, partial files, and freeing disk space.

<home>/downloads/<job id>/…    the files of one job; those of an asset in a folder of their own
<home>/jobs/<job id>/…         copies of the job's reference images
<home>/thumbnails/…            a cache that may be pruned at any time
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import shutil
import stat
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from .. import json_text
from ..message import Message
from . import disk, urls
from .disk import disk_errors
from .errors import DiskError, DownloadFailed

MAX_NAME_LENGTH = 80
MAX_NAME_BYTES = 200
"""File systems count bytes (255)."""
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
JOINERS = frozenset("\u200c\u200d")
"""Invisible characters that are part of words in some scripts and of many emoji."""


class DownloadFolder:
    """The folders below one home folder. Links out of them are not followed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.downloads = home / "downloads"
        self.thumbnails = home / "thumbnails"
        self.jobs = home / "jobs"

    def job_folder(self, job_id: str, asset_id: str | None = None) -> Path:
        """Return the folder of a job's files, or of those of one asset. Creates it if missing.

        A job gets files of another asset if an earlier state of the journal is put back.

        Raises:
            ValueError: The id is not safe as a folder name.
            DiskError: The folder cannot be created.
        """
        folder = self.downloads / check_id(job_id)
        if asset_id is not None:
            name = hashlib.sha256(asset_id.encode("utf-8", "surrogatepass")).hexdigest()
            folder = folder / name[:8]
        with disk_errors(folder):
            disk.make_folder(folder)
        return folder

    def reference_folder(self, job_id: str) -> Path:
        """Return the folder of a job's reference images, which may not exist.

        Raises:
            ValueError: The id is not safe as a folder name.
        """
        return self.jobs / check_id(job_id) / "references"

    def size(self) -> int:
        """Return the bytes of all downloads, thumbnails and reference images."""
        return sum(
            size
            for folder in (self.downloads, self.thumbnails, self.jobs)
            for _, size, _ in _files(folder)
        )

    def clear(self, keep: Collection[str] = ()) -> int:
        """Remove thumbnails and the files of all jobs except `keep`; return the bytes freed."""
        before = self.size()
        for parent in (self.downloads, self.jobs, self.thumbnails):
            for entry in parent.iterdir() if parent.is_dir() else ():
                if entry.name in keep:
                    continue
                with suppress(OSError):  # what is in use (on Windows) stays
                    if entry.is_dir() and not entry.is_symlink():
                        shutil.rmtree(entry, ignore_errors=True)
                    else:
                        entry.unlink()
        return before - self.size()


def prune(folder: Path, max_bytes: int, *, keep: Collection[Path] = ()) -> int:
    """Remove the least recently used files until `max_bytes` are left; return the bytes freed."""
    files = sorted(_files(folder), key=lambda entry: entry[2])
    excess = sum(size for _, size, _ in files) - max_bytes
    freed = 0
    for path, size, _ in files:
        if freed >= excess:
            break
        if path not in keep:
            with suppress(OSError):
                path.unlink()
                freed += size
    return freed


def safe_name(text: str, *, fallback: str = "file") -> str:
    """Return a file name from any text, such as a prompt, that is valid on all systems.

    Letters of all scripts and the suffix are kept. `fallback` is used if nothing is left.
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
        stem = name
        suffix = ""
    suffix = f".{suffix}" if suffix else ""
    encoded = stem[: MAX_NAME_LENGTH - len(suffix)].encode("utf-8", "replace")
    stem = encoded[: MAX_NAME_BYTES - len(suffix)].decode("utf-8", "ignore")
    stem = stem.rstrip(" .\u200c\u200d")
    if not stem:
        return fallback + suffix
    return (
        f"_{stem}{suffix}" if RESERVED.fullmatch(stem.partition(".")[0].strip()) else stem + suffix
    )


def name_from_url(url: str, *, fallback: str = "file") -> str:
    """Return the file name at the end of a URL as a safe name, without query and folders."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return fallback
    return safe_name(
        posixpath.basename(unquote(path).replace("\\", "/").rstrip("/")), fallback=fallback
    )


def thumbnail_name(url: str) -> str:
    """Return the cache name of a picture's URL, without a suffix.

    Links that differ only in the query have the same name if the path has a content hash.
    """
    return hashlib.sha256(urls.content_key(url).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def check_id(job_id: str) -> str:
    """Return the id; raise ValueError if it is unsafe as a folder name (API contract, 13.19)."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,120}", job_id) or RESERVED.fullmatch(job_id):
        raise ValueError(Message("a job id must consist of letters, digits, _ and -"))
    return job_id


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Yield path, bytes and modification time of all files; skip those that vanish meanwhile."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    yield path, status.st_size, status.st_mtime


@dataclass(frozen=True)
class PartSource:
    """Source of a partial file: enough to know whether the rest still belongs to it."""

    address: str
    """Scheme, host and path; the query may change without changing the file."""
    validator: str | None = None
    """Strong ETag, else Last-Modified, sent as `If-Range`. None: not resumable."""
    total: int | None = None
    """Bytes of the complete file, if known."""


class PartFile:
    """`<target>.part` and its metadata `<target>.part.json`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self.metadata_path = target.with_name(target.name + ".part.json")
        self.source: PartSource | None = None

    @property
    def size(self) -> int:
        """Bytes received so far."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def load(self, address: str) -> None:
        """Load the metadata of an earlier attempt; discard the part if it cannot be resumed.

        A part from before this computer was started is not: a power cut may have left holes in it.
        """
        self.source = self._read_metadata()
        source = self.source
        if (
            source is None
            or source.address != address
            or source.validator is None
            or not self.size
            or disk.is_from_earlier_boot(self.path)
            or (source.total is not None and self.size > source.total)
        ):
            self.discard()

    @property
    def is_complete(self) -> bool:
        """Whether all bytes had arrived and only the rename was missing."""
        return (
            self.source is not None
            and self.source.total is not None
            and 0 < self.source.total == self.size
        )

    def begin(self, source: PartSource) -> None:
        """Start an empty part; metadata is written first, so that no part exists without it."""
        with disk_errors(self.path):
            disk.make_folder(self.path.parent)
            disk.remove(self.path)
            with open(self.metadata_path, "w", encoding="utf-8", opener=disk.opener) as stream:
                stream.write(json.dumps(asdict(source)))
        self.source = source

    def open(self) -> BinaryIO:
        """Open the part for appending."""
        with disk_errors(self.path):
            return open(self.path, "ab", opener=disk.opener)

    def discard(self) -> None:
        """Remove part and metadata; ignore failures."""
        self.source = None
        disk.try_to_remove(self.path)
        disk.try_to_remove(self.metadata_path)

    def commit(self) -> None:
        """Sync the part to disk and rename it to `target` atomically."""
        if self.source is not None and self.source.total not in {None, self.size}:
            # Two downloads wrote to it: one that stopped too late, and its successor.
            self.discard()
            raise DownloadFailed(
                "Another download wrote to {name} at the same time. Download it again.",
                name=self.target.name,
            )
        with disk_errors(self.target):
            disk.sync_file(self.path)
            disk.replace(self.path, self.target)
            disk.try_to_remove(self.metadata_path)
            disk.sync_folder(self.target.parent)
        self.source = None

    def _read_metadata(self) -> PartSource | None:
        try:
            metadata = json_text.parse(self.metadata_path.read_bytes())
            address = metadata["address"]
            validator = metadata["validator"]
            total = metadata["total"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        kinds = (str, str | None, int | None)
        if not all(map(isinstance, (address, validator, total), kinds)):
            return None
        is_usable = validator and is_header_text(validator)
        return PartSource(address, validator if is_usable else None, total)


def is_header_text(text: str) -> bool:
    """Return whether the text may be sent in a request header."""
    return text.isascii() and text.isprintable()


def check_free_space(folder: Path, needed: int) -> None:
    """Raise DiskError if `needed` bytes and a reserve do not fit on the disk."""
    with disk_errors(folder):
        disk.make_folder(folder)
        free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise DiskError(
            "The disk of {folder} has {free} free, but {needed} are needed. Free some"
            " space, then try again.",
            folder=folder,
            free=Message("{size:,.0f} MB", size=free / 2**20),
            needed=Message("{size:,.0f} MB", size=(needed + RESERVE) / 2**20),
        )


RESERVE = 16 * 2**20
"""Bytes left free, so that the journal can still be written."""
