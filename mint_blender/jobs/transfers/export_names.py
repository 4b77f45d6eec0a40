# SPDX-License-Identifier: GPL-3.0-or-later
"""Save files for other programs (FBX, OBJ, STL, USDZ) under a free name with the right suffix."""

from __future__ import annotations

import filecmp
import itertools
import os
import shutil
from contextlib import suppress
from pathlib import Path

from ...files import disk
from ...files.disk import disk_errors
from ...files.errors import InvalidFile
from ...message import Message

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
                if _is_same(source, target) or _copy(source, part, target):
                    # the caller deletes its own copy after this
                    disk.sync_folder(target.parent)
                    return target
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
    raise AssertionError("unreachable: there is always a free number")


def _is_same(source: Path, target: Path) -> bool:
    return target.is_file() and filecmp.cmp(source, target, shallow=False)


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
