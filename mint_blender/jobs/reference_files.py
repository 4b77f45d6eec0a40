# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the reference images that a job is started with.

    <home>/jobs/<job id>/references/<number>/<name>

The original may be edited, moved or deleted after the click.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

from ..files import disk
from ..files.download_folder import DownloadFolder, safe_name
from ..message import Message
from . import request_checks
from .budget.prices import NotPossible
from .job import Job


def keep(home: Path, job: Job) -> Job:
    """Copy the local pictures of a job, and return the job with the copies.

    Raises:
        NotPossible: A picture cannot be read or is not accepted. No copy is left.
    """
    if all("://" in image for image in job.request.images):
        return job
    try:
        images = tuple(
            _copy(home, job, number, image)
            for number, image in enumerate(job.request.images, start=1)
        )
    except BaseException:
        drop(home, job.id)
        raise
    return replace(job, request=replace(job.request, images=images))


def drop(home: Path, job_id: str) -> None:
    """Delete the copies of a job that was not started."""
    folder = DownloadFolder(home).reference_folder(job_id)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def _copy(home: Path, job: Job, number: int, image: str) -> str:
    if "://" in image:
        return image
    source = Path(image)
    target = (
        DownloadFolder(home).reference_folder(job.id) / str(number) / _name(job, number, source)
    )
    try:
        disk.make_folder(target.parent)
        if not (_is_ours(source, home) and _linked(source, target)):
            disk.copy_private(source, target)
        _sync_folders(target, home)
    except OSError as error:
        raise NotPossible(
            Message(
                "The reference image {name} cannot be copied: {reason}.",
                name=image,
                reason=error.strerror or error,
            )
        ) from error
    # it may have changed since it was checked
    if complaint := request_checks.picture_complaint(str(target)):
        raise NotPossible(complaint)
    return str(target)


def _sync_folders(target: Path, home: Path) -> None:
    """Write the name of a copy to disk, and those of its new folders: the job relies on it."""
    for folder in target.parents:
        disk.sync_folder(folder)
        if folder == home:
            return


def _name(job: Job, number: int, source: Path) -> str:
    """Return the name that the user gave a picture, with the ending of the file."""
    shown = dict(enumerate(job.request.image_names, start=1)).get(number) or source.name
    return safe_name(f"{shown.removesuffix(source.suffix)}{source.suffix}", fallback="picture")


def _is_ours(source: Path, home: Path) -> bool:
    """Return whether a picture is a copy of ours, which never changes and can be linked."""
    return home.resolve() in source.resolve().parents


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links, or two of them
        return False
    return True
