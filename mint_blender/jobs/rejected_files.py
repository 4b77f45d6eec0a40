# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloaded files that our own check refused. They are paid for, so they are kept.

They lie beside the downloads, and the job remembers where. They are used only when the user asks to
import them anyway.
"""

from __future__ import annotations

import contextlib
import filecmp
import itertools
from dataclasses import replace
from pathlib import Path

from ..files import disk
from ..files.errors import InvalidFile
from .job import Job
from .job_values import LocalFile, Role

IMPORTABLE = (Role.MODEL, Role.COLLIDER, Role.CLIP, Role.CHARACTER)
"""The files that Blender's importer can be given unchecked."""


def keep(path: Path) -> Path:
    """Rename a refused download, so that the next try does not find it, and return its path.

    Earlier ones are kept too; of equal files only one.
    """
    for number in itertools.count(1):
        place = path.with_name(
            f"{path.stem}.refused{'' if number == 1 else f'-{number}'}{path.suffix}"
        )
        if place.exists() and not _is_same(place, path):
            continue
        with contextlib.suppress(OSError):  # in use, on Windows for example: it stays
            disk.replace(path, place)
            return place
        return path
    raise AssertionError("Some name is free.")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def remember(job: Job, role: Role, url: str, refusal: InvalidFile) -> Job:
    """Return the job with the path of a refused file."""
    if refusal.kept is None:
        return job
    return replace(job, refused=(*_others(job, role), LocalFile(role, str(refusal.kept), url)))


def forget(job: Job, role: Role) -> Job:
    """Return the job without the refused file of a role: a usable one has been downloaded."""
    return replace(job, refused=_others(job, role))


def _others(job: Job, role: Role) -> tuple[LocalFile, ...]:
    return tuple(file for file in job.refused if file.role is not role)


def has_importable(job: Job) -> bool:
    """Return whether a refused file could be imported anyway. Does not read the disk."""
    return any(file.role in IMPORTABLE for file in job.refused)


def raw_file(job: Job) -> Path | None:
    """Return the file to import without our checks: a refused one, else the accepted one.

    None if neither is on disk.
    """
    refused = [file for role in IMPORTABLE for file in job.refused if file.role is role]
    accepted = [file for role in IMPORTABLE if (file := job.file(role)) is not None]
    return next(
        (path for file in (*refused, *accepted) if (path := Path(file.path)).is_file()), None
    )
