# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer queries from the file host: thumbnails.

Runs on threads of the pool. They are cached under the home folder up to a maximum size; the
least recently used ones go first.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...files import disk, pictures
from ...files.download_folder import DownloadFolder, prune, thumbnail_name
from ...files.errors import FileError, InvalidFile
from ..engine.thread_messages import QueryAnswered
from ..presentation import error_messages
from ..queries import Thumbnail

if TYPE_CHECKING:
    from ...files.download import Downloader

log = logging.getLogger(__name__)

MAX_CACHE_BYTES = 64 * 2**20
"""Size of all thumbnails: about a thousand."""
PRUNE_INTERVAL = 32
"""Downloads between two checks of the size of the cache."""
MAX_THUMBNAIL_BYTES = 8 * 2**20
"""Size of one thumbnail."""

_SUFFIXES = (".webp", ".png", ".jpg")
_downloads = itertools.count(1)


def run(
    query: Thumbnail, home: Path, downloader: Downloader, stop: Callable[[], bool]
) -> QueryAnswered:
    """Return the answer, or the reason why there is none. Never raises."""
    try:
        return QueryAnswered(query, thumbnail(query.url, home, downloader, stop))
    except FileError as error:
        return QueryAnswered(query, None, str(error))
    except Exception as error:
        log.exception("The query %s failed", query)
        return QueryAnswered(query, None, error_messages.internal(error).message)


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
        path.unlink(missing_ok=True)
        raise
    if next(_downloads) % PRUNE_INTERVAL == 0:
        prune(folder, MAX_CACHE_BYTES)
    return path
