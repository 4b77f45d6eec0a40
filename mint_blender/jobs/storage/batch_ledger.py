# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of a batch: which job each of its lines has, kept in the folder of the results, so
that any journal can go on with them.

<folder>/.mint-batch/ledger.jsonl    one JSON object a line; the last one of a line of the batch holds
<folder>/.mint-batch/lock            held while a run works on the folder

It is only ever added to, and each entry is on the disk before anything is sent for it: a file like
this is safe on a network, which SQLite is not. An entry holds the job's whole record. Paths are
relative to the folder, which may be moved; downloads are not named, since they lie with the journal
that made them and can be fetched again.
"""  # noqa: E501

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..job import Job, Phase
from . import records

log = logging.getLogger(__name__)

FOLDER = ".mint-batch"
NAME = "ledger.jsonl"


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of one line.

    `job` is None where the record cannot be read; `by` names the journal that wrote it.
    """

    tag: str
    job_id: str
    job: Job | None
    by: str


def name_of(journal: Path) -> str:
    """What a journal is called in a ledger: another one on this machine, or on another machine, has
    another name.
    """
    return hashlib.sha256(
        f"{platform.node()}|{journal.resolve()}".encode("utf-8", "replace")
    ).hexdigest()[:16]


def line_of(folder: Path, tag: str = "") -> str:
    """`Target.line` of a line of the batch into this folder; without a tag: how it begins for all
    of them.
    """
    return f"{folder}#{tag}"


def read(folder: Path) -> dict[str, Entry]:
    """The latest entry of each line, by its tag.

    A torn line is none: what it was to say was not acted upon. Raises OSError.
    """
    try:
        data = (folder / FOLDER / NAME).read_bytes()
    except FileNotFoundError:
        return {}
    found: dict[str, Entry] = {}
    for text in data.split(b"\n"):
        if (entry := _entry(text, folder)) is not None:
            found[entry.tag] = entry
    return found


class Ledgers:
    """Writes what one journal commits of batch lines into the ledgers of their folders.

    A folder without a ledger's place gets none.
    """

    def __init__(self, journal: Path) -> None:
        self._by = name_of(journal)
        self._told: dict[str, tuple[object, ...]] = {}

    def note(self, job: Job) -> None:
        """Add how the job now stands, if that is news; it is on the disk when this returns.

        Raises OSError.
        """
        folder, tag = _place(job)
        if folder is None or not (folder / FOLDER).is_dir():
            return
        news = _signature(job)
        if self._told.get(job.id) != news:
            _append(folder / FOLDER / NAME, _line(job, folder, tag, self._by))
            self._told[job.id] = news

    def note_if_possible(self, job: Job) -> None:
        """As `note`, of a job that goes on anyway: its first entry, with its key, is there already."""  # noqa: E501
        try:
            self.note(job)
        except OSError as error:
            log.warning("The ledger of job %s could not be written: %s", job.id, error)


def _place(job: Job) -> tuple[Path | None, str]:
    """The folder and the tag of a batch's line; no folder for any other job."""
    folder, separator, tag = (job.target.line or "").rpartition("#")
    return (Path(folder) if separator and Path(folder).is_absolute() else None), tag


def _signature(job: Job) -> tuple[object, ...]:
    """What is worth an entry: a poll that brings nothing new is not."""
    operations = [(each.id, each.status_word, each.credits) for each in job.operations]
    sent = (job.key, job.body is None, job.first_sent_at, job.optimize_sent_at)
    more = (
        job.paid_before,
        job.max_credits,
        job.revision,
        job.existing,
        job.asset is None,
        job.trouble,
    )
    return job.phase, job.decision, job.target, job.owner, operations, sent, more


def _line(job: Job, folder: Path, tag: str, by: str) -> bytes:
    told = json.loads(records.dump(job))
    told["files"] = []
    told["target"] |= {
        "line": None,
        "output": _relative(job.target.output, folder),
        "render": _relative(job.target.render, folder),
    }
    entry = {
        "line": tag,
        "job": job.id,
        "key": job.key,
        "operation": job.operation.id if job.operation else None,
        "state": job.phase.value,
        "owner": asdict(job.owner) if job.owner else None,
        "by": by,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "decision": records.dump_decision(job.decision) if job.decision else None,
        "record": told,
    }
    return json.dumps(entry).encode() + b"\n"


def _append(path: Path, line: bytes) -> None:
    """Onto the disk, whole: a line that was torn before is ended first."""
    is_new = not path.exists()
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    if is_new and os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _entry(text: bytes, folder: Path) -> Entry | None:
    try:
        told = json.loads(text)
        tag, job_id, by = str(told["line"]), str(told["job"]), str(told["by"])
    except (ValueError, KeyError, TypeError):
        return None
    try:
        job: Job | None = _job(told, folder, tag)
    except Exception:  # of a later version, or damaged: whatever it is, the line was begun
        log.exception("The ledger's entry of the line %s cannot be read", tag)
        job = None
    return Entry(tag, job_id, job, by)


def _job(told: dict[str, Any], folder: Path, tag: str) -> Job:
    job = records.load(
        json.dumps(told["record"]), records.load_decision(told["decision"]), Phase(told["state"])
    )
    output, render = (_absolute(text, folder) for text in (job.target.output, job.target.render))
    return replace(
        job, target=replace(job.target, line=line_of(folder, tag), output=output, render=render)
    )


def _relative(text: str | None, folder: Path) -> str | None:
    if text is None or not Path(text).is_relative_to(folder):
        return text
    return Path(text).relative_to(folder).as_posix()


def _absolute(text: str | None, folder: Path) -> str | None:
    return None if text is None else str(folder / PurePosixPath(text))
