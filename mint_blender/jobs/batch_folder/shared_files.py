# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's files of a batch, where every machine that sees the folder can read them.

<folder>/.mint-batch/files/<job id>/<name>        Mint's files
<folder>/.mint-batch/files/<job id>/files.json    what each is for; written last
<folder>/.mint-batch/files/<job id>/motions.json  the finished motions of this model, as jobs
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ...files import disk
from ..job import Job
from ..job_values import LocalFile, Role
from ..storage import serialization
from . import line_files

log = logging.getLogger(__name__)

LIST, MOTIONS = "files.json", "motions.json"
_PICTURES = frozenset({Role.PREVIEW, Role.PICTURE})


def publish(job: Job, folder: Path) -> None:
    """Copy the files of a job into the batch's folder, each of them atomically.

    Raises:
        OSError: A file cannot be read or copied.
    """
    target = _folder_of(folder, job.id)
    target.mkdir(parents=True, exist_ok=True)
    listed = []
    there = [file for file in job.files if Path(file.path).is_file()]
    for number, file in enumerate(there, start=1):
        name = f"{number}-{Path(file.path).name}"
        _copy(Path(file.path), target / name)
        listed.append(serialization.members(replace(file, path=name)))
    line_files.write(target / LIST, {"job": job.id, "files": listed})


def publish_motions(job: Job, motions: Iterable[Job], folder: Path) -> None:
    """Copy the files of finished motions of a model into the batch's folder. Raises OSError."""
    motions = list(motions)
    for each in motions:
        if read(each, folder) is None:
            publish(each, folder)
    target = _folder_of(folder, job.id)
    target.mkdir(parents=True, exist_ok=True)
    entries = [line_files.dump_job(each, folder) for each in motions]
    line_files.write(target / MOTIONS, {"motions": entries})


def read_motions(job: Job, folder: Path) -> list[Job]:
    """Return the motions of a model that were published with it, without their files."""
    try:
        entries = json.loads((_folder_of(folder, job.id) / MOTIONS).read_bytes())["motions"]
        return [line_files.load_job(each, folder) for each in entries]
    except FileNotFoundError:
        return []
    except Exception:  # noqa: BLE001 - of a later version, or damaged: as if there were none
        log.warning("The motions of job %s cannot be read", job.id)
        return []


def read(job: Job, folder: Path) -> Job | None:
    """Return the job with its files in the batch's folder; None if they are not all there."""
    target = _folder_of(folder, job.id)
    try:
        listed = json.loads((target / LIST).read_bytes())["files"]
        files = tuple(
            replace(file, path=str(target / Path(file.path).name))
            for file in serialization.read(tuple[LocalFile, ...], listed)
        )
    except FileNotFoundError:
        return None
    except Exception:  # noqa: BLE001 - of a later version, or damaged: as if there were none
        log.warning("The list of the files of job %s cannot be read", job.id)
        return None
    job = replace(job, files=files)
    return job if are_on_disk(job) else None


def are_on_disk(job: Job) -> bool:
    """Return whether Mint's files of a job are on this machine. Pictures of them do not count."""
    needed = [file for file in job.files if file.role not in _PICTURES]
    return bool(needed) and all(Path(file.path).is_file() for file in needed)


def _folder_of(folder: Path, job_id: str) -> Path:
    return folder / line_files.FOLDER / "files" / job_id


def _copy(source: Path, target: Path) -> None:
    """Copy a file, unless it is there already. Mint's files never change under the same name."""
    if target.is_file() and target.stat().st_size == source.stat().st_size:
        return
    with disk.replacing(target) as part:
        shutil.copyfile(source, part)
