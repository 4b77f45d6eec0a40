# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a batch were started, and by whom: small files in the folder of the results.

    <folder>/.mint-batch/batch.json                          the id of the batch and the version of
                                                             these files, written once
    <folder>/.mint-batch/requests/<tag>.start.<number>       one home has the line; created once,
                                                             before anything is sent for it
    <folder>/.mint-batch/requests/<tag>.start.<number>.operation    what Mint has made
    <folder>/.mint-batch/lines/<tag>.json                    the job as it was when it stopped

Others can write to the folder. So nothing that is read here is ever sent or decides: a line is only
polled, fetched and written from what is found. Paths are relative, since the folder may be moved.
"""

from __future__ import annotations

import json
import logging
import os
import re
import uuid
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ... import json_text
from ...files import disk
from ...files.disk import naming
from ...files.download_folder import check_id
from ...files.errors import DiskError
from ...message import Message, sentences
from ...mint.account import Owner
from ...mint.schema import is_valid_id
from ..job import Job
from ..job_values import Delivery
from ..paid_requests.record import PaidRequest, made_elsewhere
from ..phases import Phase
from ..storage import serialization

log = logging.getLogger(__name__)

FOLDER = ".mint-batch"
VERSION = 1
"""The version of the files in that folder: it is raised with every change of them."""
_OTHER_VERSION = (
    "it was written by another version of this add-on. Use the same version on all machines, or"
    " another folder for the results"
)
_REQUEST = re.compile(r"([0-9a-z.-]{1,80})\.start\.([1-9][0-9]{0,5})")
TAG = re.compile(r"[0-9A-Za-z.-]{1,80}")
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Batch:
    """A folder of results. `created` is Mint's time, in seconds since the epoch."""

    id: str
    created: float


@dataclass(frozen=True)
class StartedLine:
    """The latest start of a line, by whichever machine.

    Attributes:
        number: Counts the starts of the line.
        home: The journal file that has the line.
        owner: Whose account has paid for it, as far as that journal knew.
        operation: What Mint has made for it; None if there was no answer yet.
        job: The job as it was when it stopped there; None if that is not known.
    """

    number: int
    home: str
    owner: Owner | None = None
    operation: str | None = None
    job: Job | None = None


def line_id(folder: Path, tag: str = "") -> str:
    """Return the `line` of a job of the batch into this folder.

    Without a tag, return the beginning that all its lines share.
    """
    return f"{folder}#{tag}"


def folder_and_tag(line: str | None) -> tuple[Path | None, str]:
    """Return the folder and the tag of a batch line; no folder for any other job."""
    folder, separator, tag = (line or "").rpartition("#")
    return (Path(folder) if separator and Path(folder).is_absolute() else None), tag


def open_batch(folder: Path, now: float) -> Batch:
    """Return the batch of a folder, which gets its id now if it has none.

    Raises:
        OSError: It cannot be read or written, is damaged, or is of another version.
    """
    path = folder / FOLDER / "batch.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path, {"version": VERSION, "id": uuid.uuid4().hex, "created": now})
    data = _read(path)
    found = data.get("id")
    created = data.get("created")
    if not isinstance(found, str) or not is_valid_id(found):
        raise OSError(0, "it is damaged", str(path))
    if data.get("version") != VERSION:
        raise OSError(0, _OTHER_VERSION, str(path))
    return Batch(found, float(created) if isinstance(created, int | float) else 0.0)


@dataclass(frozen=True)
class LineFile:
    """Says in the folder of a batch that one home has a line. `line` is as in `Delivery`."""

    line: str | None
    owner: Owner | None = None

    def take(self, request: PaidRequest, *, credential: str, now: float) -> bool:
        """Say that this journal has the line, before anything is sent; False: another one has it.

        Raises:
            DiskError: The folder cannot be written.
        """
        path = self._path(request)
        if path is None:
            return True
        owner = vars(self.owner) if self.owner else None
        entry = {"home": request.journal, "owner": owner, "credential": credential, "born": now}
        try:
            return _create(path, entry | {"credits": request.credits}) or (
                _read(path).get("home") == request.journal
            )
        except OSError as error:
            reason = error.strerror or str(error)
            complaint = Message("The batch folder cannot be written ({reason}).", reason=reason)
            unsent = Message("Nothing was sent.") if request.is_unsent else ""
            raise DiskError(sentences(complaint, unsent)) from error

    def note_operation(self, request: PaidRequest, operation_id: str) -> None:
        """Say what Mint has made for the line, for other machines to read."""
        if (path := self._path(request)) is not None:
            try:
                write(path.with_name(f"{path.name}.operation"), {"operation": operation_id})
            except OSError as error:  # this journal knows it; other machines look for it
                log.warning("The operation of a batch line could not be noted: %s", error)

    def _path(self, request: PaidRequest) -> Path | None:
        folder, tag = folder_and_tag(self.line)
        if folder is None or not request.subject.startswith("line:"):
            return None
        return folder / FOLDER / "requests" / f"{tag}.{request.verb}.{request.number}"


def started(folder: Path) -> dict[str, StartedLine]:
    """Return the latest start of each line, by its tag. Raises OSError."""
    return {tag: _read_line(folder, tag, number) for tag, number in starts(folder).items()}


def starts(folder: Path) -> dict[str, int]:
    """Return the number of the latest start of each line, by its tag.

    Raises:
        OSError: The folder cannot be read.
    """
    found: dict[str, int] = {}
    try:
        names = sorted(path.name for path in (folder / FOLDER / "requests").iterdir())
    except FileNotFoundError:
        return {}
    for match in filter(None, map(_REQUEST.fullmatch, names)):
        found[match[1]] = max(found.get(match[1], 0), int(match[2]))
    return found


def _read_line(folder: Path, tag: str, number: int) -> StartedLine:
    path = folder / FOLDER / "requests" / f"{tag}.start.{number}"
    operation = _read(path.with_name(f"{path.name}.operation")).get("operation")
    entry = _read(path)
    job = read_job(folder, tag)
    owner = _owner(entry.get("owner"))
    if owner is None and job is not None and job.owner is not None:
        owner = _owner(vars(job.owner))  # it was not known yet when the line was started
    return StartedLine(
        number,
        str(entry.get("home") or ""),
        owner,
        operation if isinstance(operation, str) and is_valid_id(operation) else None,
        job,
    )


def _owner(data: object) -> Owner | None:
    """Return whose account it is; None if that is not known, or means nothing on this machine."""
    if not isinstance(data, dict):
        return None
    origin = data.get("origin")
    account = data.get("account")
    if not (isinstance(account, str) and isinstance(origin, str)):
        return None
    return Owner(origin, account) if account.startswith("user:") else None


def write_job(job: Job) -> None:
    """Write the job of a line as it is now, for other machines to use. Raises OSError."""
    folder, tag = folder_and_tag(job.delivery.line)
    if folder is not None and TAG.fullmatch(tag):
        write(folder / FOLDER / "lines" / f"{tag}.json", dump_job(job, folder))


def dump_job(job: Job, folder: Path) -> dict[str, Any]:
    """Return a job as it is now, without the paths and the paid requests of this machine."""
    record = json.loads(serialization.dump_with_requests(replace(job, requests=_made(job))))
    record |= {"files": [], "delivery": dump_delivery(job.delivery, folder)}
    return {"state": job.phase.value, "record": record}


def load_job(data: dict[str, Any], folder: Path) -> Job:
    """Return the job that `dump_job` has written. Raises an error of any type.

    Others can write to the folder: of its requests, only what Mint has made is read.
    """
    job = serialization.load(json.dumps(data["record"]), Phase(data["state"]))
    check_id(job.id)  # it names files in the folder, to which others can write
    delivery = with_absolute_paths(job.delivery, folder)
    made = _made(job)
    return replace(job, delivery=delivery, requests=made, max_credits=None, refused=())


def _made(job: Job) -> tuple[PaidRequest, ...]:
    return (made_elsewhere(job.id, job.operation),) if job.operation is not None else ()


def read_job(folder: Path, tag: str) -> Job | None:
    """Return the job of a line as it was when it stopped; None if that cannot be read."""
    if not TAG.fullmatch(tag):
        return None
    data = _read(folder / FOLDER / "lines" / f"{tag}.json")
    if not data:
        return None
    try:
        job = load_job(data, folder)
    except Exception:  # noqa: BLE001 - of a later version, or damaged
        log.warning("The job of the line %s cannot be read", tag)
        return None
    return replace(job, delivery=replace(job.delivery, line=line_id(folder, tag)))


def relative(text: str | None, folder: Path) -> str | None:
    """Return a path as it is stored: relative, if it is in the folder."""
    if text is None or not Path(text).is_relative_to(folder):
        return text
    return Path(text).relative_to(folder).as_posix()


def absolute(text: str | None, folder: Path) -> str | None:
    """Return the path that `relative` has stored; None for one that leads out of the folder."""
    path = folder / PurePosixPath(text or "..")
    return str(path) if path.is_relative_to(folder) and ".." not in path.parts else None


def dump_delivery(delivery: Delivery, folder: Path) -> dict[str, Any]:
    """Return a delivery as it is stored in the folder, with relative paths."""
    output, render = (relative(text, folder) for text in (delivery.output, delivery.render))
    return {**vars(delivery), "line": None, "output": output, "render": render}


def with_absolute_paths(delivery: Delivery, folder: Path) -> Delivery:
    """Return a delivery that was stored in the folder, without files outside of it."""
    output, render = (absolute(text, folder) for text in (delivery.output, delivery.render))
    return replace(delivery, output=output, render=render)


def write(path: Path, data: dict[str, Any]) -> None:
    """Write a small JSON file in place of an earlier one, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with disk.replacing(path) as part:
        part.write_text(json.dumps(data), encoding="utf-8")


def _create(path: Path, data: dict[str, Any]) -> bool:
    """Create a file that did not exist, and sync it and its folder; return whether we did.

    What is killed while it writes leaves an empty file: the line is nobody's, and is looked for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        try:
            with path.open("x", encoding="utf-8") as file:
                json.dump(data, file)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            return False
        disk.sync_folder(path.parent)
    return True


def _read(path: Path) -> dict[str, Any]:
    """Return the members of a small file that others may have written; empty if it is none.

    Raises:
        OSError: The file is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    return json_text.members(content) if len(content) <= _MOST_BYTES else {}
