# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines share about finished lines: Mint's files, and which results are written.

    <folder>/.mint-batch/files/<job id>/<name>        Mint's files
    <folder>/.mint-batch/files/<job id>/files.json    what each is for; written last
    <folder>/.mint-batch/files/<job id>/motions.json  the finished motions of this model, as jobs
    <folder>/.mint-batch/written/<job id>.json        the last success, and the last problem since

One machine at a time starts lines, and any number write results. The next run that starts lines
takes over what they have recorded here.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ...files import disk
from ...message import Message
from ..job import Job
from ..job_values import Cause, Delivery, LocalFile, Problem, Role
from ..phases import Phase
from ..storage import serialization
from . import line_files

log = logging.getLogger(__name__)

T = TypeVar("T")

LIST, MOTIONS = "files.json", "motions.json"
_PICTURES = frozenset({Role.PREVIEW, Role.PICTURE})


# -- Mint's files


def publish(job: Job, folder: Path) -> None:
    """Copy the files of a job into the batch's folder, each of them atomically.

    Raises:
        OSError: A file cannot be read or copied.
    """
    target = _place(folder, "files", job.id)
    target.mkdir(parents=True, exist_ok=True)
    listed = []
    there = [file for file in job.files if Path(file.path).is_file()]
    for number, file in enumerate(there, start=1):
        source = Path(file.path)
        copy = target / f"{number}-{source.name}"
        # Mint's files never change under the same name
        if not copy.is_file() or copy.stat().st_size != source.stat().st_size:
            with disk.replacing(copy) as part:
                shutil.copyfile(source, part)
        listed.append(serialization.members(replace(file, path=copy.name)))
    line_files.write(target / LIST, {"job": job.id, "files": listed})


def publish_motions(job: Job, motions: Iterable[Job], folder: Path) -> None:
    """Copy the files of finished motions of a model into the batch's folder. Raises OSError."""
    motions = list(motions)
    for motion in motions:
        if published(motion, folder) is None:
            publish(motion, folder)
    entries = [line_files.dump_job(motion, folder) for motion in motions]
    line_files.write(_place(folder, "files", job.id) / MOTIONS, {"motions": entries})


def published(job: Job, folder: Path) -> Job | None:
    """Return the job with its files in the batch's folder; None if they are not all there."""
    target = _place(folder, "files", job.id)
    files: tuple[LocalFile, ...] = _read(
        target / LIST,
        lambda data: serialization.read(tuple[LocalFile, ...], data["files"]),
        otherwise=(),
    )
    here = (replace(file, path=str(target / Path(file.path).name)) for file in files)
    job = replace(job, files=tuple(here))
    return job if are_on_disk(job) else None


def published_motions(job: Job, folder: Path) -> list[Job]:
    """Return the motions of a model that were published with it, without their files."""
    return _read(
        _place(folder, "files", job.id) / MOTIONS,
        lambda data: [line_files.load_job(each, folder) for each in data["motions"]],
        otherwise=[],
    )


def are_on_disk(job: Job) -> bool:
    """Return whether Mint's files of a job are on this machine. Pictures of them do not count."""
    needed = [file for file in job.files if file.role not in _PICTURES]
    return bool(needed) and all(Path(file.path).is_file() for file in needed)


# -- what is written


@dataclass(frozen=True)
class WriteRecord:
    """What is known about the files of one line.

    Attributes:
        delivery: How they were written, with absolute paths; None: never.
        notes: The notes of that import.
        problem: Why the last attempt failed; None if it did not.
    """

    delivery: Delivery | None = None
    notes: tuple[Message, ...] = ()
    problem: Message | None = None

    @property
    def has_files(self) -> bool:
        """Whether every file that was written is still there."""
        return self.delivery is not None and self.delivery.has_files

    def is_news_about(self, job: Job) -> bool:
        """Return whether a job does not know yet that, or how, these files were written."""
        return self.delivery is not None and (
            job.phase is Phase.READY or self._delivery_of(job) != job.delivery
        )

    def _delivery_of(self, job: Job) -> Delivery:
        """Return the delivery for a job. A picture that was rendered before is still there."""
        delivery = self.delivery or job.delivery
        render = delivery.render or job.delivery.render
        return replace(delivery, line=job.delivery.line, render=render)

    def applied_to(self, job: Job) -> Job:
        """Return a finished job as it is with these files."""
        problem = None
        if self.problem is not None:
            problem = Problem(Cause.IMPORT, self.problem, code="import_failed")
        if self.delivery is None:
            return job if problem is None else replace(job, problem=problem)
        job = job.moved(Phase.PLACED, delivery=self._delivery_of(job), problem=problem)
        for note in self.notes:
            job = job.with_note(note)
        return job


def read_record(folder: Path, job_id: str) -> WriteRecord:
    """Return the record of a line; an empty one if there is none, or if it cannot be read."""

    def parse(data: Any) -> WriteRecord:
        record = serialization.read(WriteRecord, data)
        delivery = record.delivery and line_files.with_absolute_paths(record.delivery, folder)
        return replace(record, delivery=delivery)

    # a damaged record has the line written again, which is free
    return _read(_place(folder, "written", f"{job_id}.json"), parse, otherwise=WriteRecord())


def write_record(folder: Path, job_id: str, record: WriteRecord) -> None:
    """Write the record of a line atomically. Raises OSError."""
    data = {
        "job": job_id,
        "delivery": line_files.dump_delivery(record.delivery, folder) if record.delivery else None,
        "notes": [note.to_json() for note in record.notes],
        "problem": record.problem.to_json() if record.problem else None,
    }
    line_files.write(_place(folder, "written", f"{job_id}.json"), data)


def recorded_jobs(folder: Path) -> frozenset[str]:
    """Return the ids of the jobs that have a record."""
    return frozenset(path.stem for path in _place(folder, "written").glob("*.json"))


def _place(folder: Path, *names: str) -> Path:
    return folder.joinpath(line_files.FOLDER, *names)


def _read(path: Path, parse: Callable[[Any], T], *, otherwise: T) -> T:
    """Return what a file says; `otherwise` without one that can be read."""
    try:
        return parse(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return otherwise
    except Exception:  # noqa: BLE001 - damaged, or of a later version
        log.warning("%s cannot be read", path)
        return otherwise
