# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch one file of a job and check it, on a thread of the pool: what is answered is complete, fit
for its role, and in place.
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
from ..job import CONVERTED, Kept, Role
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
) -> Kept:
    """Download into `folder`; raises FileError.

    A refused file is set aside: it was paid for, and the next try downloads it anew.
    """
    target = folder / f"{want.name}{_suffix(want)}"
    path = downloader.fetch(want.url, target, stop=stop, progress=_seldom(progress))
    if stop():
        raise Stopped(
            Message(
                "The download of {label} was stopped; it can go on later where it stopped.",
                label=path.name,
            )
        )
    try:
        return _checked(want, path)
    except InvalidFile as refusal:
        raise refusal.kept_at(rejected_files.keep(path)) from refusal


def _checked(want: Fetch, path: Path) -> Kept:
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
    return Kept(want.role, str(path), want.url, note=want.note, needs=needs)


def _glb_needs(want: Fetch, path: Path) -> tuple[str, ...]:
    """The extensions that the file requires.

    What is only copied goes to another program, which may read what is refused here.
    """
    try:
        return tuple(sorted(header.inspect(path).extensions_required))
    except InvalidGlb:
        if not want.only_copied:
            raise
        header.check_container(path)
        return ()


def _saved(want: Fetch, path: Path) -> Path:
    """Where the user wants it. Our own copy has served its purpose then."""
    suffix = export_names.suffix_for(path, want.role)
    if want.save_as is None:
        return path
    saved = export_names.copy_to_free_name(path, Path(want.save_as + suffix))
    path.unlink(missing_ok=True)
    return saved


def _suffix(want: Fetch) -> str:
    """By role; a picture's suffix is a guess from the address until its bytes are here."""
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
