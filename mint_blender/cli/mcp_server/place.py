# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `place`: put a result into a running Blender or into a file, and look at it.

There is no connection to a running Blender. A Blender with a window holds a lock on a small file
that names what it has open (`jobs.storage.documents`). A job that names this document is placed
there by itself, as one that was started there.

A file is written and rendered by a background Blender, so this knows no `bpy`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from ...application import session
from ...application.results import (
    check_finished,
    is_finished,
    not_written,
    note_written,
    placeable_job,
)
from ...delivery import blender_runtime, write_files
from ...delivery.background import write_result
from ...jobs.job import Job
from ...jobs.job_values import DeliveryResult, Placement, Role
from ...jobs.phases import BUSY, HAS_RESULT, Phase
from ...jobs.presentation import action_checks
from ...jobs.service import JobService, NotPossible
from ...jobs.storage.documents import OpenDocument, open_elsewhere
from ...mint.schema import Asset, Kind, is_valid_id
from .answers import answer, picture_content
from .tools import Tool, ToolContext, absolute_path, state_of, with_jobs

PLACES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
"""It can replace a file, and `repeat` places one more copy. It costs no Credits."""
SUFFIXES = (".blend", ".glb")
PLACED_ROLES = frozenset(
    {Role.MODEL, Role.CHARACTER, Role.CLIP, Role.COLLIDER, Role.PANORAMA, Role.SPLATS}
)

INTERVAL = 0.2
"""Seconds between two looks at a job, or at the background Blender."""
LONGEST_DOWNLOAD = 40.0
"""Seconds that a call waits for a download: clients end calls that take much longer."""
LONGEST_IN_BLENDER = 20.0
"""Seconds to wait for a running Blender, which may be in the middle of something."""
PROGRESS_EVERY = 10
"""Looks at the background Blender between two notifications of progress."""
ID_LENGTH = 8
"""Characters of a document's id that are shown: enough to tell running Blenders apart."""

STILL_DOWNLOADING = "The files are still being downloaded. Call this again."
NO_BLENDER = "There is no picture: rendering needs the bpy package (pip install bpy)."
HOW_TO_WAKE = (
    "Blender notices it when its Mint panel is drawn. Ask the person to open the tab Mint in the"
    " sidebar of the 3D View (N), or to move the mouse over it. Then call place again with the same"
    " arguments: it is placed once."
)


async def place(
    context: ToolContext,
    job: Annotated[str | None, Field(description="The id of a finished job")] = None,
    asset: Annotated[
        str | None, Field(description="Instead of a job: the id of a Model or World, see library")
    ] = None,
    kind: Annotated[Kind, Field(description="Of the asset")] = Kind.MODEL,
    path: Annotated[
        str | None,
        Field(description="An absolute path of a .blend or .glb; without it: into Blender"),
    ] = None,
    overwrite: Annotated[bool, Field(description="Replace this file. Ask the person")] = False,
    blender: Annotated[
        str | None, Field(description="Which running Blender: its id or file; default: the only")
    ] = None,
    repeat: Annotated[
        bool, Field(description="Place it although it is there already, or could not be placed")
    ] = False,
    still: Annotated[bool, Field(description="Also return a rendered picture of it")] = True,
) -> CallToolResult:
    """Place a finished result, and return its names, its bounds and a rendered picture. Free.

    With path it is written to a file. Without, it goes into the file that is open in a running
    Blender, at its 3D cursor, as one step to undo. Look at the picture before you say it is
    done. The bounds are in meters.
    """
    if (job is None) == (asset is None):
        raise ToolError("Name either a job or an asset.")

    def find(job_service: JobService) -> Job:
        if job is not None:
            return job_service.job(job)
        if not is_valid_id(asset or ""):
            raise NotPossible("Not a valid Mint ID. IDs contain only letters, digits, _ and -.")
        return placeable_job(job_service, Asset.from_json(kind, {"id": asset}))

    document = None if path is not None else _choose(blender)
    job_to_place = await with_jobs(context, find)
    file = None if path is None else _check_path(path, job_to_place.kind, overwrite=overwrite)
    job_to_place = await wait_for_files(context, job_to_place.id)
    if job_to_place.phase in BUSY:
        return answer(_state(job_to_place, "downloading", None, todo=STILL_DOWNLOADING))
    return await _deliver(context, job_to_place, file or document, repeat=repeat, still=still)


async def _deliver(
    context: ToolContext, job: Job, to: Path | OpenDocument | None, *, repeat: bool, still: bool
) -> CallToolResult:
    """Place a result into a file or a running Blender, and return it with a picture."""
    assert to is not None
    with _picture_file(is_wanted=still) as picture:
        if isinstance(to, Path):
            result = await _write_job(context, job, to, picture)
            await with_jobs(context, lambda jobs: note_written(jobs, job.id, to, result))
            state = _state(job, "written", result.placement, result.notes) | {"file": str(to)}
        else:
            await with_jobs(context, lambda jobs: send(jobs, job.id, to, repeat=repeat))
            now = await _wait_until_placed(context, job.id, to)
            if not _is_placed(now, to):
                return answer(_state(now, "sent", None, todo=HOW_TO_WAKE))
            if picture is not None:
                await _write_job(context, now, None, picture)
            state = _state(now, "placed", now.placement, now.notes)
        if still and picture is None:
            state["notes"].append(NO_BLENDER)
        shown = await picture_content(picture) if picture else None
        return answer(state, *filter(None, [shown]))


def _state(
    job: Job,
    status: str,
    placement: Placement | None,
    notes: Sequence[str] = (),
    todo: str | None = None,
) -> dict[str, Any]:
    """Return where a result is, and what it is called there; bounds are in meters."""
    placed: dict[str, Any] = {"file": None, "scene": None, "objects": (), "low": None, "high": None}
    placed |= vars(placement) if placement else {}
    about = {"job": job.id, "title": job.title, "status": status}
    return about | placed | {"objects": list(placed["objects"]), "notes": list(notes), "next": todo}


async def wait_for_files(context: ToolContext, job_id: str) -> Job:
    """Return a job, which may still be downloading after some seconds.

    Files that are gone are downloaded again.

    Raises:
        NotPossible: It has no result that can be placed, or not yet.
    """
    until = time.monotonic() + LONGEST_DOWNLOAD
    job = await with_jobs(context, lambda jobs: _with_files(jobs, job_id))
    while job.phase in BUSY and time.monotonic() < until:
        await anyio.sleep(INTERVAL)
        job = await with_jobs(context, lambda jobs: jobs.job(job_id))
    if job.phase not in BUSY:
        check_finished(job)
    return job


def _with_files(job_service: JobService, job_id: str) -> Job:
    """Return the job; have its files downloaded again if one is gone."""
    job = job_service.job(job_id)
    if job.hold is not None:
        raise action_checks.refusal(job)
    is_download = job.phase in BUSY and job.source_asset_id is not None
    if not (is_download or job.phase is Phase.FETCHING):
        check_finished(job)
    is_here = all(Path(file.path).is_file() for file in job.files if file.role in PLACED_ROLES)
    if job.phase in HAS_RESULT and not is_here:
        job_service.fetch_again(job.id)
        return job_service.job(job.id)
    return job


def _choose(wanted: str | None) -> OpenDocument:
    """Return the document that is open in a running Blender.

    `wanted` is the beginning of its id, or the name or path of its file; None: the only one.

    Raises:
        ToolError: There is none, or more than one.
    """
    running = open_elsewhere(session.home())
    if not running:
        raise ToolError(
            "No running Blender with the Mint add-on was found. Ask the person to start Blender and"
            " open the tab Mint in the sidebar of the 3D View (N), or write a file: call place with"
            " path."
        )
    matches = [
        document
        for document in running
        if wanted is None
        or document.id.startswith(wanted)
        or (document.path is not None and wanted in {str(document.path), document.path.name})
    ]
    if len(matches) == 1:
        return matches[0]
    names = "".join(f"\n  {describe(document)}" for document in running)
    why = "No running Blender is meant by that" if not matches else "Several Blenders are running"
    raise ToolError(f"{why}. Choose one with the argument blender:{names}")


def describe(document: OpenDocument) -> str:
    """Return the id and the file of a document."""
    return f"{document.id[:ID_LENGTH]}: {document.path or 'a file that was never saved'}"


def send(job_service: JobService, job_id: str, document: OpenDocument, *, repeat: bool) -> None:
    """Send a result to a document. Does nothing if it is there, unless `repeat` is set.

    In one commit with the check, so that what Blender has placed meanwhile is not sent again.

    Raises:
        NotPossible: It belongs to a batch, or its last import failed.
    """
    with job_service.cache.single_commit():
        job = job_service.job(job_id)
        if job.delivery.line is not None:
            raise NotPossible(
                f"{job.title} belongs to a batch, which writes it to a file. Place its model or"
                " World from the library: call place with asset."
            )
        is_due = job.phase is Phase.READY and job.problem is None
        is_sent = is_due and job.delivery.document == document.id
        if (_is_placed(job, document) or is_sent) and not repeat:
            return
        if job.problem is not None and not repeat:
            raise NotPossible(
                f"{job.title} could not be placed: {job.problem.message} To try it again, ask the"
                " person, and use repeat=true."
            )
        delivery = replace(
            job.delivery,
            document=document.id,
            scene=None,  # the one that is open then
            at=None,
            rotation=None,
            output=None,
            render=None,
        )
        job_service.save(replace(job, delivery=delivery, problem=None))
        if job.phase is Phase.PLACED:
            job_service.fetch_again(job.id)


def _is_placed(job: Job, document: OpenDocument) -> bool:
    """Return whether a result was placed into this document."""
    return (
        job.phase is Phase.PLACED
        and job.delivery.document == document.id
        and job.placement is not None
    )


async def _wait_until_placed(context: ToolContext, job_id: str, document: OpenDocument) -> Job:
    """Return the job when it is placed, or after some seconds as it is then.

    Raises:
        ToolError: It could not be placed, or that Blender was closed.
    """
    until = time.monotonic() + LONGEST_IN_BLENDER
    while True:
        job = await with_jobs(context, lambda jobs: jobs.job(job_id))
        if _is_placed(job, document):
            return job
        if job.problem is not None:
            raise ToolError(f"{job.title} could not be placed: {job.problem.message}")
        if document.id not in {opened.id for opened in open_elsewhere(session.home())}:
            raise ToolError(
                f"{job.title} was not placed: that Blender has closed the file. The result is kept."
                " Call place again, with another Blender or a path."
            )
        if time.monotonic() > until:
            return job
        waited = LONGEST_IN_BLENDER - (until - time.monotonic())
        await context.report_progress(max(0.0, waited), LONGEST_IN_BLENDER)
        await anyio.sleep(INTERVAL)


def _check_path(path: str, kind: Kind, *, overwrite: bool) -> Path:
    """Return the path of an output file.

    Raises:
        ToolError: It cannot be written, or exists already and is not to be overwritten.
    """
    file = absolute_path(path, f"{path} needs an absolute path. Nothing was written.")
    if file.suffix.lower() not in SUFFIXES:
        raise ToolError(f"{path} has to end with .blend or .glb. Nothing was written.")
    if file.exists() and not overwrite and not file.is_dir():
        raise ToolError(
            f"{path} exists already. Nothing was written. Choose another name, or ask the person"
            " whether it can be replaced and use overwrite=true."
        )
    if problem := write_files.output_problem(kind, file, None):
        raise ToolError(problem)
    return file


async def _write_job(
    context: ToolContext, job: Job, file: Path | None, picture: Path | None
) -> DeliveryResult:
    """Write the files of a job in a background Blender, with notifications of progress.

    Raises:
        ToolError: The result cannot be imported or written.
    """
    others = await motions_of(context, job) if job.motion else []
    output, render = (str(path) if path else None for path in (file, picture))
    wanted = replace(job, delivery=replace(job.delivery, output=output, render=render))
    future = state_of(context).blenders.submit(write_result, wanted, others)
    await report_until_done(context, future)
    result = future.result()
    if result.problem is not None:
        raise ToolError(not_written(job, f"could not be written. {result.problem}"))
    return result


async def motions_of(context: ToolContext, job: Job) -> list[Job]:
    """Return the other motions of a model whose clips are here."""
    motions = await with_jobs(context, lambda jobs: jobs.motions_of(job))
    here = [motion for motion in motions if is_finished(motion) and motion.is_on_disk]
    return [motion for motion in here if motion.id != job.id]


async def report_until_done(context: ToolContext, future: Future[Any]) -> None:
    """Wait for a background Blender, with notifications of progress."""
    looks = 0
    while not future.done():
        if looks % PROGRESS_EVERY == 0:
            await context.report_progress(looks * INTERVAL, None, "Blender is working on it")
        looks += 1
        await anyio.sleep(INTERVAL)


@contextmanager
def _picture_file(*, is_wanted: bool) -> Iterator[Path | None]:
    """Yield where to render a picture that is deleted afterwards; None if nothing can render."""
    if not (is_wanted and blender_runtime.can_import()):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="mint-still-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "still.png"


TOOLS = (Tool(place, "Place a result", PLACES),)
