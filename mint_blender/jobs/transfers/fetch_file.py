# SPDX-License-Identifier: GPL-3.0-or-later
"""Download one file of a job and check it: the result is complete, usable and in place.

Runs on a thread of the pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...files import disk, pictures, urls
from ...files.disk import disk_errors
from ...files.errors import InvalidFile, InvalidGlb, Stopped
from ...message import Message
from .. import rejected_files
from ..job_values import CONVERTED, LocalFile, Role
from ..workflow.effects import Fetch
from . import export_names

if TYPE_CHECKING:
    from ...files.download import Downloader

PROGRESS_INTERVAL = 0.2  # seconds between two progress messages of one file

PICTURES = frozenset({Role.PREVIEW, Role.PICTURE, Role.PANORAMA})
_SUFFIX = {
    Role.MODEL: ".glb",
    Role.COLLIDER: ".glb",
    Role.SPLATS: ".spz",
    **{role: f".{role}" for role in CONVERTED},
}


def fetch(
    effect: Fetch,
    folder: Path,
    *,
    downloader: Downloader,
    stop: Callable[[], bool],
    progress: Callable[[int, int | None], None],
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
        disk.try_to_remove(target)
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
        path = _move_to_destination(effect, path)
    elif effect.role is Role.SPLATS:
        # needs NumPy, which is large: only for those who ask for splats
        from ...files.spz import decode

        decode.inspect(path)
    else:
        needs = _glb_needs(effect, path)
    return LocalFile(effect.role, str(path), effect.url, note=effect.note, needs=needs)


def _glb_needs(effect: Fetch, path: Path) -> tuple[str, ...]:
    """Return the glTF extensions that the file requires.

    A file that is only copied may use what this add-on cannot import.
    """
    from ...files.glb import header

    try:
        return tuple(sorted(header.inspect(path).extensions_required))
    except InvalidGlb:
        if not effect.only_copied:
            raise
        header.check_container(path)
        return ()


def _move_to_destination(effect: Fetch, path: Path) -> Path:
    """Move the file to where the user wants it; our own copy is removed."""
    suffix = export_names.suffix_for(path, effect.role)
    if effect.save_as is None:
        return path
    saved = export_names.copy_to_free_name(path, Path(effect.save_as + suffix))
    disk.try_to_remove(path)
    return saved


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
