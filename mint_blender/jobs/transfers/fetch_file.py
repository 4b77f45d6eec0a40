# SPDX-License-Identifier: GPL-3.0-or-later
"""Download one file of a job and check it: the result is complete, usable and in place.

Runs on a thread of the pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ...files import export_names, pictures
from ...files.download import Downloader
from ...files.errors import InvalidFile, InvalidGlb, Stopped
from ...files.glb import header
from ...message import Message
from .. import rejected_files
from ..job import CONVERTED, LocalFile, Role
from ..workflow.effects import Fetch

REPORT_EVERY = 0.2  # seconds between two progress messages of one file

PICTURES = frozenset({Role.PREVIEW, Role.PICTURE, Role.PANORAMA})
_SUFFIX = {
    Role.MODEL: ".glb",
    Role.COLLIDER: ".glb",
    Role.SPLATS: ".spz",
    **{role: f".{role}" for role in CONVERTED},
}


def fetch(
    want: Fetch,
    folder: Path,
    *,
    downloader: Downloader,
    stop: Callable[[], bool],
    progress: Callable[[int, int | None], None],
) -> LocalFile:
    """Download into `folder`. Raises FileError.

    A file that fails its checks is kept aside (it was paid for), and the next attempt downloads it
    again.
    """
    target = folder / f"{want.name}{_suffix(want)}"
    path = downloader.fetch(want.url, target, stop=stop, progress=_seldom(progress))
    if stop():
        raise Stopped(
            Message(
                "The download of {label} was stopped. It can resume later.",
                label=path.name,
            )
        )
    try:
        return _checked(want, path)
    except InvalidFile as refusal:
        raise refusal.kept_at(rejected_files.keep(path)) from refusal


def _checked(want: Fetch, path: Path) -> LocalFile:
    needs: tuple[str, ...] = ()
    if want.role in PICTURES:
        (pictures.check_panorama if want.role is Role.PANORAMA else pictures.inspect_sized)(path)
        path = pictures.rename_by_content(path)
    elif want.role in CONVERTED:
        path = _saved(want, path)
    elif want.role is Role.SPLATS:
        # needs NumPy, which is large: only for those who ask for splats
        from ...files.spz import decode

        decode.inspect(path)
    else:
        needs = _glb_needs(want, path)
    return LocalFile(want.role, str(path), want.url, note=want.note, needs=needs)


def _glb_needs(want: Fetch, path: Path) -> tuple[str, ...]:
    """Return the glTF extensions that the file requires.

    A file that is only copied may use what this add-on cannot import.
    """
    try:
        return tuple(sorted(header.inspect(path).extensions_required))
    except InvalidGlb:
        if not want.only_copied:
            raise
        header.check_container(path)
        return ()


def _saved(want: Fetch, path: Path) -> Path:
    """Move the file to where the user wants it; our own copy is removed."""
    suffix = export_names.suffix_for(path, want.role)
    if want.save_as is None:
        return path
    saved = export_names.copy_to_free_name(path, Path(want.save_as + suffix))
    path.unlink(missing_ok=True)
    return saved


def _suffix(want: Fetch) -> str:
    """Return the suffix by role; for pictures, a guess from the URL until the bytes are here."""
    if want.role in _SUFFIX:
        return _SUFFIX[want.role]
    guess = Path(urlsplit(want.url).path).suffix.lower()
    return guess if guess in {".webp", ".png", ".jpg", ".jpeg"} else ".webp"


def _seldom(progress: Callable[[int, int | None], None]) -> Callable[[int, int | None], None]:
    last = 0.0

    def report(done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_EVERY or done == total:
            last = now
            progress(done, total)

    return report
