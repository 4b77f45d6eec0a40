# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a batch are written, and how: one small file for each, by whichever machine.

    <folder>/.mint-batch/written/<job id>.json    the last success, and the last problem since
    <folder>/.mint-batch/rounds/<number>          one for each time that all lines were due again

The ledger has one writer, so machines that only write files put nothing into it. The next run that
holds the folder takes these records over.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path

from ...message import Message
from ..job import Job
from ..job_values import Cause, Delivery, Problem
from ..phases import Phase
from ..storage import serialization
from . import line_files

log = logging.getLogger(__name__)

_ROUND = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class WriteRecord:
    """What is known about the files of one line.

    Attributes:
        delivery: How they were written, with absolute paths; None: never.
        notes: The notes of that import.
        round: The number of the round in which they were written.
        problem: Why the last attempt failed; None if it did not.
    """

    delivery: Delivery | None = None
    notes: tuple[Message, ...] = ()
    round: int = 0
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
        if self.problem is not None:
            job = replace(job, problem=Problem(Cause.IMPORT, self.problem, code="import_failed"))
        if self.delivery is None:
            return job
        problem = job.problem if self.problem is not None else None
        job = job.moved(Phase.PLACED, delivery=self._delivery_of(job), problem=problem)
        for note in self.notes:
            job = job.with_note(note)
        return job


def read(folder: Path, job_id: str) -> WriteRecord:
    """Return the record of a line; an empty one if there is none, or if it cannot be read."""
    try:
        data = json.loads(_path(folder, job_id).read_bytes())
        delivery = data["delivery"]
        return WriteRecord(
            delivery=(
                line_files.with_absolute_paths(serialization.read(Delivery, delivery), folder)
                if delivery
                else None
            ),
            notes=tuple(Message.from_json(note) for note in data["notes"]),
            round=int(data["round"]),
            problem=Message.from_json(data["problem"]) if data["problem"] else None,
        )
    except FileNotFoundError:
        return WriteRecord()
    except Exception:  # noqa: BLE001 - damaged: the line is written again, which is free
        log.warning("The record of what was written for job %s cannot be read", job_id)
        return WriteRecord()


def write(folder: Path, job_id: str, record: WriteRecord) -> None:
    """Write the record of a line atomically. Raises OSError."""
    data = {
        "job": job_id,
        "delivery": line_files.dump_delivery(record.delivery, folder) if record.delivery else None,
        "notes": [note.to_json() for note in record.notes],
        "round": record.round,
        "problem": record.problem.to_json() if record.problem else None,
    }
    path = _path(folder, job_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    line_files.write(path, data)


def known(folder: Path) -> frozenset[str]:
    """Return the ids of the jobs that have a record."""
    return frozenset(path.stem for path in _path(folder, "-").parent.glob("*.json"))


def current_round(folder: Path) -> int:
    """Return the number of the latest round; 0 before the first."""
    names = (path.name for path in _rounds(folder).glob("[0-9]*"))
    return max((int(name) for name in names if _ROUND.fullmatch(name)), default=0)


def begin_round(folder: Path, number: int) -> None:
    """Begin a round, unless another machine has just done so. Raises OSError."""
    _rounds(folder).mkdir(parents=True, exist_ok=True)
    (_rounds(folder) / str(number)).touch()


def _path(folder: Path, job_id: str) -> Path:
    return folder / line_files.FOLDER / "written" / f"{job_id}.json"


def _rounds(folder: Path) -> Path:
    return folder / line_files.FOLDER / "rounds"
