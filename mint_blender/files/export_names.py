# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for other programs (FBX, OBJ, STL, USDZ): what they begin with, and how they get to a place
of the user's.
"""

from __future__ import annotations

import filecmp
import itertools
import os
import shutil
from contextlib import suppress
from pathlib import Path

from ..message import Message
from .errors import InvalidFile
from .part_file import disk_errors

_ZIP = b"PK\x03\x04"
_LETTERS = 256


def suffix_for(path: Path, format: str) -> str:
    """The ending that fits what is in the file: that of its format, or `.zip` where it was packed
    with its textures.

    Raises `InvalidFile` for what is none of the four: nothing at all, or a web page in its place.
    """
    with disk_errors(path), path.open("rb") as stream:
        start = stream.read(_LETTERS)
    is_zip = start.startswith(_ZIP)
    begun = start.lstrip().lower()
    if not start or begun.startswith((b"<", b"{")) or (format == "usdz" and not is_zip):
        raise InvalidFile(
            Message("The downloaded file is not in {format} format.", format=format.upper())
        )
    return ".zip" if is_zip and format != "usdz" else f".{format}"


def copy_to_free_name(source: Path, wanted: Path) -> Path:
    """Copy a file to a place of the user's and answer where it lies now. Raises `DiskError`.

    What lies there already is never touched: another name with a number is taken. The very same
    bytes are not saved twice, so that a save which was broken off can be done again.
    """
    with disk_errors(wanted.parent):
        wanted.parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            target = (
                wanted
                if number == 1
                else wanted.with_name(f"{wanted.stem} {number}{wanted.suffix}")
            )
            # a job's folder: two jobs may want the same name
            part = target.with_name(f"{target.name}.{source.parent.name}.part")
            try:
                if _is_there(source, target) or _put(source, part, target):
                    return target
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
    raise AssertionError("One of endless names is free.")


def _is_there(source: Path, target: Path) -> bool:
    return target.is_file() and filecmp.cmp(source, target, shallow=False)


def _put(source: Path, part: Path, target: Path) -> bool:
    """Complete or not at all; False when something else lies there."""
    if os.path.lexists(target):
        return False
    shutil.copyfile(source, part)
    # A link takes a name only if it is free; not every file system knows them.
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:
        if os.path.lexists(target):
            return False
        part.rename(target)
    return True
