# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `place`: put a result into a running Blender or into a file, and look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ContentBlock, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

from ....jobs.job import Job
from ....jobs.job_values import Placement
from ....jobs.phases import BUSY
from ....jobs.service import JobService
from ....jobs.storage.documents import OpenDocument
from ....mint.schema import Kind
from ..pictures import picture_content
from ..state import ToolContext, with_jobs
from ..tools import Tool
from . import blender_target, downloaded, file_target

Point: TypeAlias = tuple[float, float, float]

PLACES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
"""It can replace a file, and `again` places one more copy. It costs no Credits."""
STILL_DOWNLOADING = "The files are still being downloaded. Call place again with this job."


class PlacedState(BaseModel):
    """Where a result is, and what it is called there."""

    job: Annotated[str, Field(description="The id of the job")]
    title: str
    status: Annotated[
        Literal["written", "placed", "sent", "downloading"],
        Field(
            description="written: in the file; placed: in the running Blender; sent: Blender has"
            " not taken it yet; downloading: call place again"
        ),
    ]
    file: Annotated[str | None, Field(description="The file that it is in")] = None
    scene: str | None = None
    objects: Annotated[list[str], Field(description="Names in Blender, the root first")] = []
    low: Annotated[Point | None, Field(description="The lowest corner, in meters")] = None
    high: Annotated[Point | None, Field(description="The highest corner, in meters")] = None
    notes: list[str] = []
    next: Annotated[str | None, Field(description="What to do now")] = None


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
) -> Annotated[CallToolResult, PlacedState]:
    """Place a finished result, and return its names, its bounds and a rendered picture. Free.

    With path it is written to a file. Without, it goes into the file that is open in a running
    Blender, at its 3D cursor, as one step to undo. Look at the picture before you say it is done.
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
        return await _result(_state(found, "downloading", None, STILL_DOWNLOADING), None)
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
        state = _state(job, "written", result.placement)
        state.file, state.notes = str(file), [str(note) for note in result.notes]
        if still and picture is None:
            state.notes.append(file_target.NO_BLENDER)
        return await _result(state, picture if still else None)


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
        return await _result(_state(now, "sent", None, blender_target.HOW_TO_WAKE), None)
    state = _state(now, "placed", now.placement)
    state.notes = [str(note) for note in now.notes]
    async with file_target.picture_file() as picture:
        if still and picture is not None:
            await file_target.write_job(context, now, None, picture)
        elif still:
            state.notes.append(file_target.NO_BLENDER)
        return await _result(state, picture if still else None)


def _state(
    job: Job,
    status: Literal["written", "placed", "sent", "downloading"],
    placement: Placement | None,
    todo: str | None = None,
) -> PlacedState:
    state = PlacedState(job=job.id, title=job.title, status=status, next=todo)
    if placement is not None:
        state.file, state.scene = placement.file, placement.scene
        state.objects = list(placement.objects)
        state.low, state.high = placement.low, placement.high
    return state


async def _result(state: PlacedState, picture: Path | None) -> CallToolResult:
    content: list[ContentBlock] = [
        TextContent(type="text", text=state.model_dump_json(exclude_none=True))
    ]
    if picture is not None and (shown := await picture_content(picture)) is not None:
        content.append(shown)
    return CallToolResult(content=content, structured_content=state.model_dump(mode="json"))


TOOLS = (Tool(place, "Place a result", PLACES),)
