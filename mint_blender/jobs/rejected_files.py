# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that were paid for and that our own check refused: they are kept beside the downloads, and
the job remembers where.

Nothing takes them for good files: they are only handed over when a person asks for exactly that.
"""

from __future__ import annotations

import contextlib
import filecmp
import itertools
from dataclasses import replace
from pathlib import Path

from ..files.errors import InvalidFile
from .job import Job
from .job_values import LocalFile, Role

IMPORTABLE = (Role.MODEL, Role.COLLIDER)
"""What Blender's importer can be given as it is."""


def keep(path: Path) -> Path:
    """Rename a refused download, so that the next try does not find it; returns where it lies.

    Earlier ones stay, the same bytes once.
    """
    for number in itertools.count(1):
        place = path.with_name(
            f"{path.stem}.refused{'' if number == 1 else f'-{number}'}{path.suffix}"
        )
        if place.exists() and not _is_same(place, path):
            continue
        with contextlib.suppress(OSError):  # in use on Windows, say: it stays where it is
            path.replace(place)
            return place
        return path
    raise AssertionError("Some name is free.")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def remember(job: Job, role: Role, url: str, refusal: InvalidFile) -> Job:
    """The job with the place of what was refused."""
    if refusal.kept is None:
        return job
    return replace(job, refused=(*_others(job, role), LocalFile(role, str(refusal.kept), url)))


def forget(job: Job, role: Role) -> Job:
    """The job once a good file has come for that role."""
    return replace(job, refused=_others(job, role))


def _others(job: Job, role: Role) -> tuple[LocalFile, ...]:
    return tuple(kept for kept in job.refused if kept.role is not role)


def has_importable(job: Job) -> bool:
    """Was a file refused that Blender's importer could be given all the same? Looks at no disk."""
    return any(kept.role in IMPORTABLE for kept in job.refused)


def raw_file(job: Job) -> Path | None:
    """The file that is handed over without our checks: a refused one first, else the one that was
    accepted. None: neither is on disk.
    """
    refused = [kept for role in IMPORTABLE for kept in job.refused if kept.role is role]
    accepted = [kept for role in IMPORTABLE if (kept := job.file(role)) is not None]
    return next(
        (path for kept in (*refused, *accepted) if (path := Path(kept.path)).is_file()), None
    )
