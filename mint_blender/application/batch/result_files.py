# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture and the record (.json) beside each result of a batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ...delivery.write_files import copy_file, write_text
from ...files import disk
from ...files.pictures import SUFFIXES
from ...jobs.batch_lines import Line
from ...jobs.job import Job
from ...jobs.job_values import Delivery
from ...jobs.phases import HAS_RESULT, Phase
from ...jobs.presentation.job_view import JobView
from ...mint.schema import Kind
from ..results import is_finished


class LineState(StrEnum):
    """The state of a line, as the contact sheet shows it."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"  # for a person: a Preview, Credits, or a resume
    RUNNING = "running"  # interrupted, or another process is working on it
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
    """What is known about one line. Paths are those of existing files."""

    line: Line
    job: Job | None
    state: LineState
    sentence: str = ""
    commands: tuple[str, ...] = ()
    result: Path | None = None
    picture: Path | None = None
    record: Path | None = None
    motions: Sequence[Job] = ()

    @property
    def credits(self) -> float | None:
        """The Credits of its model and its motions; None: none are reported."""
        jobs = [self.job, *self.motions] if self.job else []
        costs = [job.cost for job in jobs if job.cost is not None]
        return sum(costs) if costs else None

    @property
    def may_have_cost(self) -> bool:
        """Whether it may have cost Credits that Mint has not reported."""
        return any(
            each.cost is None
            and (
                each.operation is not None
                or (
                    any(request.attempts for request in each.requests)
                    and each.phase not in {Phase.FAILED, Phase.CANCELED}
                )
            )
            for each in (self.job, *self.motions)
            if each is not None
        )


def is_written(job: Job) -> bool:
    """Return whether all files of the job's delivery exist."""
    return job.phase is Phase.PLACED and job.delivery.has_files


def has_other_settings(line: Line, job: Job) -> bool:
    """Return whether the batch file now says other settings than the result was written with."""
    before = job.delivery
    wanted = replace(line.delivery, line=before.line, output=before.output)
    wanted = with_picture_of(before, wanted)
    return wanted != before or Path(before.output or "").suffix != line.suffix


def with_picture_of(before: Delivery, delivery: Delivery) -> Delivery:
    """Return a delivery with the rendered picture that another one has."""
    names = ("render", "render_size", "render_samples", "render_engine")
    return replace(delivery, **{name: getattr(before, name) for name in names})


def report(
    line: Line,
    job: Job | None,
    refusal: str | None = None,
    motions: Sequence[Job] = (),
    decision: Callable[[str, str], str] | None = None,
) -> LineReport:
    """Return the state of a line, from its job, its motions and the files in the folder.

    `refusal` is why the line could not be started. `decision` returns the command for a verb and
    the id of a job.
    """
    if job is None or job.delivery.output is None:
        return LineReport(
            line, None, LineState.FAILED if refusal else LineState.UNSTARTED, refusal or ""
        )
    output = Path(job.delivery.output)
    stopped = [motion for motion in motions if not is_finished(motion)] if is_finished(job) else []
    now = stopped[0] if stopped else job
    view = JobView(now)
    verbs = [verb for verb in view.verbs if verb != "cancel"]
    commands = tuple(decision(verb, now.id) for verb in verbs) if decision else ()
    state = _state(now)
    record = output.with_suffix(".json")
    return LineReport(
        line,
        job,
        state,
        "" if state is LineState.DONE else view.problem or f"{view.state}.",
        commands,
        output if output.is_file() else None,
        _picture(job, output),
        record if record.is_file() else None,
        motions,
    )


def write_record(line: Line, job: Job, motions: Sequence[Job] = ()) -> None:
    """Write the picture and the record beside the result. Raises OSError.

    The result itself need not exist.
    """
    if job.delivery.output is None:
        return
    output = Path(job.delivery.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    _write_picture(job, output)
    record = _record(line, job, report(line, job, motions=motions))
    write_text(output.with_suffix(".json"), json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def _state(job: Job) -> LineState:
    if is_written(job):
        return LineState.DONE
    import_failed = job.phase in HAS_RESULT and job.problem is not None
    return LineState.FAILED if import_failed else _BY_PHASE.get(job.phase, LineState.RUNNING)


def _record(line: Line, job: Job, line_report: LineReport) -> dict[str, Any]:
    """Return the record's JSON values. It never holds a key."""
    job_values = JobView(job).to_json()
    operation = job.operation
    asset = job.asset
    files = {"result": line_report.result, "picture": line_report.picture}
    return {
        "line": line.number,
        "id": line.id,
        "state": line_report.state.value,
        "prompt": job.request.prompt,
        "settings": (
            _settings(job) | ({"images": list(line.request.images)} if line.request.images else {})
        ),
        "job": job.id,
        "operation": job_values["operation"],
        "asset": asset.id if asset else None,
        "mint_url": (asset.mint_url if asset else None) or job_values["mint_url"],
        "credits": line_report.credits,
        "meta": dict(line.delivery.meta),
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
    """Return the settings of the line, in the words of the batch file."""
    request = job.request
    delivery = job.delivery
    settings: dict[str, Any] = {
        "kind": request.kind.value,
        "preset": request.preset.value,
        "mode": request.mode.value,
        "name": request.name,
        "pose": request.pose.value if request.pose else None,
        "optimize": job.optimize.value if job.optimize else None,
        "height": delivery.height,
        "motions": list(delivery.motions) or None,
    }
    if request.kind is Kind.WORLD:
        settings |= {
            "splats": delivery.splats,
            "collider": delivery.collider.lower(),
            "panorama": delivery.panorama,
            "camera": delivery.camera,
            "rigid_body": delivery.rigid_body,
        }
    return {name: value for name, value in settings.items() if value is not None}


def _mints_picture(job: Job) -> Path | None:
    """Return Mint's picture of the result, or else the newest Preview."""
    picture = JobView(job).picture
    return Path(picture) if picture is not None and Path(picture).is_file() else None


def _rendered(job: Job) -> Path | None:
    render = job.delivery.render
    return Path(render) if render and Path(render).is_file() else None


def _picture(job: Job, output: Path) -> Path | None:
    """Return the picture beside the result."""
    mints = _mints_picture(job)
    suffixes = [*([mints.suffix] if mints else []), *sorted(SUFFIXES)]
    return _rendered(job) or next(
        (path for suffix in suffixes if (path := output.with_suffix(suffix)).is_file()), None
    )


def _write_picture(job: Job, output: Path) -> None:
    """Copy Mint's picture if none was rendered, and delete an older Preview's copy."""
    picture = _rendered(job)
    mints = _mints_picture(job)
    if picture is None and mints is not None:
        picture = output.with_suffix(mints.suffix)
        if not _is_same(mints, picture):
            copy_file(mints, picture)
    for preview in [Path(file.path) for file in job.previews]:
        earlier = output.with_suffix(preview.suffix)
        is_known = picture not in {None, earlier} and preview.is_file()
        if is_known and _is_same(preview, earlier):
            disk.try_to_remove(earlier)


def _is_same(source: Path, other: Path) -> bool:
    return other.is_file() and other.read_bytes() == source.read_bytes()


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="seconds") if time else None
