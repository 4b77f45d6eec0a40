# SPDX-License-Identifier: GPL-3.0-or-later
"""Download one file of a job and check it: the result is complete, usable and in place.

Also thumbnails, which are cached under the home folder up to a maximum size; the least recently
used ones go first. Runs on a thread of the pool.
"""

from __future__ import annotations

import filecmp
import hashlib
import itertools
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...files import disk, pictures, urls
from ...files.disk import disk_errors
from ...files.download_folder import DownloadFolder, prune, thumbnail_name
from ...files.errors import InvalidFile, InvalidGlb, Stopped
from ...message import Message
from .. import rejected_files
from ..job_values import CONVERTED, LocalFile, Role
from ..workflow.effects import Fetch

if TYPE_CHECKING:
    from ...files.download import Downloader

PROGRESS_INTERVAL = 0.2  # seconds between two progress messages of one file

PICTURES = frozenset({Role.PREVIEW, Role.PICTURE, Role.PANORAMA})
_SUFFIX = {
    Role.MODEL: ".glb",
    Role.COLLIDER: ".glb",
    Role.CHARACTER: ".glb",
    Role.CLIP: ".glb",
    Role.SPLATS: ".spz",
    **{role: f".{role}" for role in CONVERTED},
}


def fetch(
    effect: Fetch,
    folder: Path,
    *,
    downloader: Downloader,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> LocalFile:
    """Download into `folder` and check the file.

    A file that fails its checks is kept aside (it was paid for), and the next attempt downloads it
    again.

    Raises:
        FileError: The download failed, or the file was refused.
    """
    target = folder / f"{effect.name}{_suffix(effect)}"
    if effect.role is Role.PREVIEW:
        # It may be another Preview of this revision: of a process that was killed before the job
        # knew its file.
        with disk_errors(target):
            disk.remove(target)
    path = downloader.fetch(effect.url, target, stop=stop, progress=_throttled(progress))
    if stop():
        raise Stopped(
            Message(
                "The download of {label} was stopped. It can resume later.",
                label=path.name,
            )
        )
    try:
        return _checked(effect, path)
    except InvalidFile as refusal:
        raise refusal.kept_at(rejected_files.keep(path)) from refusal


def _checked(effect: Fetch, path: Path) -> LocalFile:
    needs: tuple[str, ...] = ()
    if effect.role in PICTURES:
        (pictures.check_panorama if effect.role is Role.PANORAMA else pictures.inspect_sized)(path)
        renamed = pictures.rename_by_content(path)
        if renamed != path:  # the job will know it by this name, also after a power cut
            with disk_errors(renamed):
                disk.sync_folder(renamed.parent)
        path = renamed
    elif effect.role in CONVERTED:
        suffix = suffix_for(path, effect.role)
        if effect.save_as is not None:
            saved = copy_to_free_name(path, Path(effect.save_as + suffix))
            disk.try_to_remove(path)
            path = saved
    elif effect.role is Role.SPLATS:
        # needs NumPy, which is large: only for those who ask for splats
        from ...files.spz import decode

        decode.inspect(path)
    else:
        from ...files.glb import header

        try:
            needs = tuple(sorted(header.inspect(path).extensions_required))
        except InvalidGlb:
            # a file that is only copied may use what this add-on cannot import
            if not effect.only_copied:
                raise
            header.check_container(path)
    with disk_errors(path), path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return LocalFile(effect.role, str(path), effect.url, effect.note, needs, sha256)


def _suffix(effect: Fetch) -> str:
    """Return the suffix by role; for pictures, a guess from the URL until the bytes are here."""
    if effect.role in _SUFFIX:
        return _SUFFIX[effect.role]
    guess = Path(urls.without_query(effect.url)).suffix.lower()
    return guess if guess in {".webp", ".png", ".jpg", ".jpeg"} else ".webp"


def _throttled(progress: Callable[[int, int | None], None]) -> Callable[[int, int | None], None]:
    last = 0.0

    def report(done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_INTERVAL or done == total:
            last = now
            progress(done, total)

    return report


_ZIP = b"PK\x03\x04"
_HEAD_BYTES = 256


def suffix_for(path: Path, format: str) -> str:
    """Return the suffix for a downloaded file: that of its format, or `.zip` with textures inside.

    Args:
        path: The downloaded file.
        format: "fbx", "obj", "stl" or "usdz".

    Raises:
        InvalidFile: The file is empty, a web page or JSON, or a USDZ that is not a ZIP archive.
    """
    with disk_errors(path), path.open("rb") as stream:
        start = stream.read(_HEAD_BYTES)
    is_zip = start.startswith(_ZIP)
    if not start or start.lstrip().startswith((b"<", b"{")) or (format == "usdz" and not is_zip):
        raise InvalidFile(
            Message("The downloaded file is not in {format} format.", format=format.upper())
        )
    return ".zip" if is_zip and format != "usdz" else f".{format}"


def copy_to_free_name(source: Path, wanted: Path) -> Path:
    """Copy a file to a name that is free, and return the path.

    Existing files are never overwritten: a number is added to the name. A file with the same
    content counts as the copy, so that an interrupted save can be repeated.

    Raises:
        DiskError: The file cannot be written.
    """
    with disk_errors(wanted.parent):
        wanted.parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            target = (
                wanted
                if number == 1
                else wanted.with_name(f"{wanted.stem} {number}{wanted.suffix}")
            )
            # with the name of the job's folder: two jobs may save to the same name
            part = target.with_name(f"{target.name}.{source.parent.name}.part")
            try:
                is_same = target.is_file() and filecmp.cmp(source, target, shallow=False)
                if is_same or _copy(source, part, target):
                    # the caller deletes its own copy after this
                    disk.sync_folder(target.parent)
                    return target
            finally:
                disk.try_to_remove(part)
    raise AssertionError("unreachable: there is always a free number")


def _copy(source: Path, part: Path, target: Path) -> bool:
    """Copy a file completely or not at all; return False if the target exists."""
    if os.path.lexists(target):
        return False
    shutil.copyfile(source, part)
    disk.sync_file(part)
    # a hard link never overwrites a file, but not every file system has them
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:
        if os.path.lexists(target):
            return False
        part.rename(target)
    return True


MAX_CACHE_BYTES = 64 * 2**20
"""Size of all thumbnails: about a thousand."""
PRUNE_INTERVAL = 32
"""Downloads between two checks of the size of the cache."""
MAX_THUMBNAIL_BYTES = 8 * 2**20
"""Size of one thumbnail."""

_SUFFIXES = (".webp", ".png", ".jpg")
_downloads = itertools.count(1)


def thumbnail(
    url: str, home: Path, downloader: Downloader, stop: Callable[[], bool] = lambda: False
) -> Path:
    """Return the picture's path in the cache, downloading it if needed.

    Raises:
        FileError: It cannot be downloaded, or is no picture.
    """
    folder = DownloadFolder(home).thumbnails
    stem = folder / thumbnail_name(url)
    for suffix in _SUFFIXES:
        found = stem.with_suffix(suffix)
        if found.is_file():
            with suppress(OSError):
                os.utime(found)  # mark as used: the cache removes what was unused longest
            return found
    disk.make_folder(folder)
    path = downloader.fetch(url, stem.with_suffix(".webp"), limit=MAX_THUMBNAIL_BYTES, stop=stop)
    try:
        pictures.inspect_sized(path)
        path = pictures.rename_by_content(path)
    except InvalidFile:
        disk.try_to_remove(path)
        raise
    if next(_downloads) % PRUNE_INTERVAL == 0:
        prune(folder, MAX_CACHE_BYTES)
    return path
