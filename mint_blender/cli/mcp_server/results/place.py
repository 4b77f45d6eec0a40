# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `place`: put a result into a running Blender or into a file, and look at it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from ....jobs.job import Job
from ....jobs.job_values import Placement
from ....jobs.phases import BUSY
from ....jobs.service import JobService
from ....jobs.storage.documents import OpenDocument
from ....mint.schema import Kind
from ..answers import answer, picture_content
from ..state import ToolContext, with_jobs
from ..tools import Tool
from . import blender_target, downloaded, file_target

PLACES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
"""It can replace a file, and `again` places one more copy. It costs no Credits."""
STILL_DOWNLOADING = "The files are still being downloaded. Call place again with this job."


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
    again: Annotated[
        bool, Field(description="Place one more copy of what is in this Blender already")
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
    document = None if path is not None else blender_target.choose(blender)
    found = await with_jobs(context, lambda jobs: _find(jobs, job, kind, asset))
    file = None
    if path is not None:
        file = file_target.check_path(path, found.kind, overwrite=overwrite)
    found = await downloaded.wait_for_files(context, found.id)
    if found.phase in BUSY:
        return answer(_state(found, "downloading", None, todo=STILL_DOWNLOADING))
    if file is not None:
        return await _into_file(context, found, file, still=still)
    assert document is not None
    return await _into_blender(context, found, document, again=again, still=still)


def _find(job_service: JobService, job: str | None, kind: Kind, asset: str | None) -> Job:
    if job is not None:
        return job_service.job(job)
    return downloaded.job_of_asset(job_service, kind, asset or "")


async def _into_file(context: ToolContext, job: Job, file: Path, *, still: bool) -> CallToolResult:
    async with file_target.picture_file() as picture:
        result = await file_target.write_job(context, job, file, picture if still else None)
        await file_target.note_written(context, job, file, result)
        state = _state(job, "written", result.placement, result.notes) | {"file": str(file)}
        return await _with_picture(state, picture, still=still)


async def _into_blender(
    context: ToolContext,
    job: Job,
    document: OpenDocument,
    *,
    again: bool,
    still: bool,
) -> CallToolResult:
    await with_jobs(context, lambda jobs: blender_target.send(jobs, job.id, document, again=again))
    now = await blender_target.wait_until_placed(context, job.id, document)
    if not blender_target.is_placed(now, document):
        return answer(_state(now, "sent", None, todo=blender_target.HOW_TO_WAKE))
    async with file_target.picture_file() as picture:
        if still and picture is not None:
            await file_target.write_job(context, now, None, picture)
        state = _state(now, "placed", now.placement, now.notes)
        return await _with_picture(state, picture, still=still)


def _state(
    job: Job,
    status: str,
    placement: Placement | None,
    notes: Sequence[str] = (),
    todo: str | None = None,
) -> dict[str, Any]:
    """Return where a result is, and what it is called there; bounds are in meters."""
    return {
        "job": job.id,
        "title": job.title,
        "status": status,
        "file": placement.file if placement else None,
        "scene": placement.scene if placement else None,
        "objects": list(placement.objects) if placement else [],
        "low": placement.low if placement else None,
        "high": placement.high if placement else None,
        "notes": list(notes),
        "next": todo,
    }


async def _with_picture(
    state: dict[str, Any], picture: Path | None, *, still: bool
) -> CallToolResult:
    """Return a state with the picture that was rendered, if any."""
    if still and picture is None:
        state["notes"].append(file_target.NO_BLENDER)
    shown = await picture_content(picture) if still and picture else None
    return answer(state, *filter(None, [shown]))


TOOLS = (Tool(place, "Place a result", PLACES),)
