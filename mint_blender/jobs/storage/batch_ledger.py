# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of a batch: which job each line has, stored in the folder of the results.

    <folder>/.mint-batch/ledger.jsonl    one JSON object per line; the last one for a tag counts
    <folder>/.mint-batch/lock            held while a run works on the folder

Any journal can continue a batch with it. The file is only appended to, and each entry is on disk
before anything is sent for it: this is safe on a network, where SQLite is not. An entry holds the
job's whole record. Paths are relative to the folder, which may be moved. Downloads are not listed:
they stay with the journal that made them and can be fetched again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ...files import disk_sync
from ...files.download_folder import check_id
from ...files.errors import naming
from ..batch_folder.ledger_lines import Unparsed, by_tag, lines_from_end, tag_at_start
from ..batch_folder.sent_elsewhere import SentElsewhere, SentLine
from ..job import Job
from ..phases import Phase
from . import serialization

log = logging.getLogger(__name__)

FOLDER = ".mint-batch"
NAME = "ledger.jsonl"


@dataclass(frozen=True)
class LedgerEntry:
    """What the ledger knows about one line.

    `job` is None where the record cannot be read; `by` names the journal that wrote it.
    """

    tag: str
    job_id: str
    job: Job | None
    by: str


def journal_name(journal: Path) -> str:
    """Return the name of a journal in ledgers, different for each path and machine."""
    return hashlib.sha256(
        f"{platform.node()}|{journal.resolve()}".encode("utf-8", "replace")
    ).hexdigest()[:16]


def line_id(folder: Path, tag: str = "") -> str:
    """Return the `line` of a job of the batch into this folder.

    Without a tag, return the beginning that all its lines share.
    """
    return f"{folder}#{tag}"


def read(folder: Path) -> dict[str, LedgerEntry]:
    """Return the latest entry of each line, by its tag.

    An incomplete entry does not count: nothing was sent after it.

    Raises:
        OSError: The ledger exists and cannot be read.
    """
    latest = read_unparsed(folder)
    return {tag: parse(tag, entry, folder) for tag, entry in latest.items()}


def read_unparsed(folder: Path) -> dict[str, Unparsed]:
    """Return the latest entries as `read` does, to `parse` only some: that takes longest.

    Raises:
        OSError: The ledger exists and cannot be read.
    """
    try:
        data = (folder / FOLDER / NAME).read_bytes()
    except FileNotFoundError:
        return {}
    latest: dict[str, Unparsed] = {}
    # a line has several entries: from the end on, so that only the last one of each is read
    for text in lines_from_end(data):
        if tag_at_start(text) not in latest:
            for tag, entry in by_tag(text).items():
                latest.setdefault(tag, entry)
    return dict(reversed(latest.items()))


class Ledgers:
    """Writes what one journal commits about batch lines into the ledgers of their folders.

    A folder that has no `.mint-batch` gets none.
    """

    def __init__(self, journal: Path) -> None:
        self._by = journal_name(journal)
        self._last_written: dict[str, tuple[object, ...]] = {}
        self._sent_elsewhere: dict[Path, SentElsewhere] = {}

    def note(self, job: Job) -> None:
        """Append the job's state if it has changed. It is on disk when this returns.

        Nothing is appended while another journal has sent the line and this one has not: that
        would hide what was started.

        Raises:
            OSError: The ledger cannot be written.
        """
        folder, tag = _folder_and_tag(job)
        if folder is None or not (folder / FOLDER).is_dir():
            return
        signature = _signature(job)
        if self._last_written.get(job.id) != signature and not self.is_sent_elsewhere(job):
            _append(folder / FOLDER / NAME, _line(job, folder, tag, self._by))
            self._last_written[job.id] = signature

    def note_sent(self, job: Job) -> None:
        """Append the job's state before it is sent, unless the ledger has it already.

        A process may be killed after it has committed the job, and before the ledger has it: other
        machines would send the line, too. What another journal has sent is not hidden.

        Raises:
            OSError: The ledger cannot be read or written.
        """
        folder, tag = _folder_and_tag(job)
        if folder is None or self._last_written.get(job.id) == _signature(job):
            return
        if tag not in self._sent_lines(folder):
            self.note(job)

    def is_sent_elsewhere(self, job: Job) -> bool:
        """Return whether another journal has started the job's line, and this one has not.

        What has failed or was canceled there may be started again, by another job.

        Raises:
            OSError: The ledger exists and cannot be read.
        """
        folder, tag = _folder_and_tag(job)
        if folder is None or job.first_sent_at is not None or job.operation is not None:
            return False
        sent = self._sent_lines(folder).get(tag)
        return sent is not None and (sent.job == job.id or not sent.is_over)

    def _sent_lines(self, folder: Path) -> Mapping[str, SentLine]:
        """Return the lines that another journal has sent, by tag. Raises OSError."""
        known = self._sent_elsewhere.setdefault(
            folder, SentElsewhere(folder / FOLDER / NAME, self._by)
        )
        return known.lines()

    def note_if_possible(self, job: Job) -> None:
        """Append like `note`, but only log a failure: an entry with the key exists already."""
        try:
            self.note(job)
        except OSError as error:
            log.warning("The ledger of job %s could not be written: %s", job.id, error)


def _folder_and_tag(job: Job) -> tuple[Path | None, str]:
    """Return the folder and the tag of a batch line; no folder for any other job."""
    folder, separator, tag = (job.delivery.line or "").rpartition("#")
    return (Path(folder) if separator and Path(folder).is_absolute() else None), tag


def _signature(job: Job) -> tuple[object, ...]:
    """Return the values whose change needs a new entry; a poll without news changes none."""
    operations = [(each.id, each.status_word, each.credits) for each in job.operations]
    sent = (job.key, job.body is None, job.first_sent_at, job.optimize_sent_at)
    more = (
        job.paid_before,
        job.max_credits,
        job.revision,
        job.source_asset_id,
        job.asset is None,
        job.problem,
    )
    return job.phase, job.decision, job.delivery, job.owner, operations, sent, more


def _line(job: Job, folder: Path, tag: str, by: str) -> bytes:
    data = json.loads(serialization.dump(job))
    data["files"] = []
    data["delivery"] |= {
        "line": None,
        "output": relative(job.delivery.output, folder),
        "render": relative(job.delivery.render, folder),
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
        "decision": serialization.dump_decision(job.decision) if job.decision else None,
        "record": data,
    }
    return json.dumps(entry).encode() + b"\n"


def _append(path: Path, line: bytes) -> None:
    """Append to the file and sync it. An incomplete line before it is ended first."""
    is_new = not path.exists()
    with naming(path), path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        disk_sync.sync_folder(path.parent)


def parse(tag: str, data: Unparsed, folder: Path) -> LedgerEntry:
    """Return an entry that `read_unparsed` has returned."""
    try:
        job: Job | None = _job(data, folder, tag)
    except Exception:  # of a later version, or damaged: in any case, the line was started
        log.exception("The ledger's entry of the line %s cannot be read", tag)
        job = None
    return LedgerEntry(tag, data["job"], job, data["by"])


def _job(data: dict[str, Any], folder: Path, tag: str) -> Job:
    job = serialization.load(
        json.dumps(data["record"]),
        serialization.load_decision(data["decision"]),
        Phase(data["state"]),
    )
    check_id(job.id)  # it names files in the folder, to which others can write
    output, render = (absolute(text, folder) for text in (job.delivery.output, job.delivery.render))
    return replace(
        job, delivery=replace(job.delivery, line=line_id(folder, tag), output=output, render=render)
    )


def relative(text: str | None, folder: Path) -> str | None:
    """Return a path as the ledger stores it: relative, if it is in the folder."""
    if text is None or not Path(text).is_relative_to(folder):
        return text
    return Path(text).relative_to(folder).as_posix()


def absolute(text: str | None, folder: Path) -> str | None:
    """Return the path that `relative` has stored; None for one that leads out of the folder."""
    path = folder / PurePosixPath(text or "..")
    return str(path) if path.is_relative_to(folder) and ".." not in path.parts else None
