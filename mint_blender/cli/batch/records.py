# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch leaves beside each result: a picture, and a record of what was asked for and what
came of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ...delivery.write import copy_file, write_text
from ...files.pictures import SUFFIXES
from ...jobs import presenter
from ...jobs.job import Job, Phase, Role, Verb
from ...mint.schema import Kind
from ..output.job_record import job_record
from ..output.terminal import Terminal
from .lines import Line


class LineState(StrEnum):
    """How a line stands, in the words of the contact sheet."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"  # for a person: a Preview, Credits, or a resume
    RUNNING = "running"  # broken off in the middle, or another process is working on it
    UNSTARTED = "not started"


_BY_PHASE = {
    Phase.FAILED: LineState.FAILED,
    Phase.CANCELED: LineState.FAILED,
    Phase.REVIEW: LineState.WAITING,
    Phase.BILLING: LineState.WAITING,
    Phase.PAUSED: LineState.WAITING,
}


@dataclass(frozen=True)
class LineReport:
    """One line and what is known of it. The files are those that are there."""

    line: Line
    job: Job | None
    state: LineState
    sentence: str = ""
    commands: tuple[str, ...] = ()
    result: Path | None = None
    picture: Path | None = None
    record: Path | None = None


def is_written(job: Job) -> bool:
    """Is everything there that the job was to become?"""
    wanted = [text for text in (job.target.output, job.target.render) if text]
    return (
        job.phase is Phase.PLACED and bool(wanted) and all(Path(text).is_file() for text in wanted)
    )


def report(
    line: Line, job: Job | None, terminal: Terminal, refusal: str | None = None
) -> LineReport:
    """How a line stands, judged by its job and by what lies in the folder; `refusal` says why it
    could not be started.
    """
    if job is None or job.target.output is None:
        return LineReport(
            line, None, LineState.FAILED if refusal else LineState.UNSTARTED, refusal or ""
        )
    output = Path(job.target.output)
    state, record = _state(job), output.with_suffix(".json")
    return LineReport(
        line,
        job,
        state,
        _sentence(job, state),
        tuple(
            terminal.command(verb.value, job.id, *_MORE.get(verb, ()))
            for verb in presenter.verbs(job)
            if verb is not Verb.CANCEL
        ),
        output if output.is_file() else None,
        _picture(job, output),
        record if record.is_file() else None,
    )


def write_record(line: Line, job: Job, terminal: Terminal) -> None:
    """Write picture and record beside the result, which need not be there. Raises OSError."""
    if job.target.output is None:
        return
    output = Path(job.target.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    _write_picture(job, output)
    told = _record(line, job, report(line, job, terminal))
    write_text(output.with_suffix(".json"), json.dumps(told, indent=2, ensure_ascii=False) + "\n")


_MORE = {Verb.REVISE: ('"what should change"',)}


def _state(job: Job) -> LineState:
    if is_written(job):
        return LineState.DONE
    import_failed = job.phase in {Phase.READY, Phase.PLACED} and job.trouble is not None
    return LineState.FAILED if import_failed else _BY_PHASE.get(job.phase, LineState.RUNNING)


def _sentence(job: Job, state: LineState) -> str:
    if state is LineState.DONE:
        return ""
    return job.trouble.sentence if job.trouble else f"{presenter.state(job)}."


def _record(line: Line, job: Job, known: LineReport) -> dict[str, Any]:
    """The record: what a person or a program may want to know later. Holds no key of any kind."""
    job_values = job_record(job)
    operation, asset = job.operation, job.asset
    files = {"result": known.result, "picture": known.picture}
    return {
        "line": line.number,
        "state": known.state.value,
        "prompt": job.request.prompt,
        "settings": (
            _settings(job) | ({"images": list(line.request.images)} if line.request.images else {})
        ),
        "job": job.id,
        "operation": job_values["operation"],
        "asset": asset.id if asset else None,
        "mint_url": (asset.mint_url if asset else None) or job_values["mint_url"],
        "credits": job.cost,
        "files": {name: path.name for name, path in files.items() if path is not None},
        "notes": job_values["notes"],
        "trouble": job_values["trouble"],
        "times": {
            "asked": datetime.fromtimestamp(job.created_at, UTC).isoformat(timespec="seconds"),
            "started": _iso(operation.created_at if operation else None),
            "ended": _iso((operation.completed_at or operation.canceled_at) if operation else None),
        },
    }


def _settings(job: Job) -> dict[str, Any]:
    """What the line asked for, in its own words; what was left out is left out."""
    request, target = job.request, job.target
    told: dict[str, Any] = {
        "kind": request.kind.value,
        "preset": request.preset.value,
        "mode": request.mode.value,
        "name": request.name,
        "pose": request.pose.value if request.pose else None,
        "optimize": job.optimize.value if job.optimize else None,
        "height": target.height,
    }
    if request.kind is Kind.WORLD:
        told |= {
            "splats": target.splats,
            "collider": target.collider.lower(),
            "panorama": target.panorama,
            "camera": target.camera,
            "rigid_body": target.rigid_body,
        }
    return {name: value for name, value in told.items() if value is not None}


def _mints_picture(job: Job) -> Path | None:
    """Mint's picture of the result, else the newest Preview."""
    kept = job.file(Role.PICTURE) or job.file(Role.PREVIEW)
    return Path(kept.path) if kept is not None and Path(kept.path).is_file() else None


def _rendered(job: Job) -> Path | None:
    return (
        Path(job.target.render) if job.target.render and Path(job.target.render).is_file() else None
    )


def _picture(job: Job, output: Path) -> Path | None:
    """The picture that lies beside the result."""
    mints = _mints_picture(job)
    suffixes = [*([mints.suffix] if mints else []), *sorted(SUFFIXES)]
    return _rendered(job) or next(
        (path for suffix in suffixes if (path := output.with_suffix(suffix)).is_file()), None
    )


def _write_picture(job: Job, output: Path) -> None:
    """Mint's picture as it came, where none was rendered; the Preview's copy goes when there is a
    better one.
    """
    picture, mints = _rendered(job), _mints_picture(job)
    if picture is None and mints is not None:
        picture = output.with_suffix(mints.suffix)
        if not _is_same(mints, picture):
            copy_file(mints, picture)
    for preview in [Path(kept.path) for kept in job.previews]:
        earlier = output.with_suffix(preview.suffix)
        if (
            picture is not None
            and earlier != picture
            and preview.is_file()
            and _is_same(preview, earlier)
        ):
            earlier.unlink()


def _is_same(source: Path, other: Path) -> bool:
    return other.is_file() and other.read_bytes() == source.read_bytes()


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="seconds") if time else None
