# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool `export`: models for a game engine or in another format, by a second Blender."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from ...application.results import placeable_job
from ...delivery import blender_runtime, engine_export, write_files
from ...files.export_options import ExportOptions, ExportRefused
from ...jobs.job import Job
from ...jobs.phases import BUSY
from ...jobs.service import JobService, NotPossible
from ...mint.schema import Asset, Kind, is_valid_id
from ..export import record
from .answers import answer
from .place import PLACES, STILL_DOWNLOADING, motions_of, report_until_done, wait_for_files
from .tools import Tool, ToolContext, absolute_path, with_jobs

Engine = Literal["unity", "unreal", "godot", "three", "usd", "glb", "fbx", "obj", "stl"]


async def export(
    context: ToolContext,
    what: Annotated[str, Field(description="A job, a Model, or an absolute path of a .blend")],
    folder: Annotated[str, Field(description="An absolute path")],
    engine: Engine,
    faces: int | None = None,
    lods: int = 0,
    collision: Literal["none", "hull", "several"] = "none",
    texture: int | None = None,
    overwrite: bool = False,
) -> CallToolResult:
    """Write a model with its clips to a file for a game engine, or in another format. Free.

    faces: the most triangles; texture: the most pixels of a side. Ask the person before overwrite.
    """
    options = ExportOptions(engine, faces, lods, collision, texture)
    try:
        options.check()
    except ExportRefused as error:
        raise ToolError(str(error)) from error
    complaint = "{} needs an absolute path. Nothing was written."
    into = absolute_path(folder, complaint.format(folder))
    if problem := blender_runtime.blender_problem("Exporting models"):
        raise ToolError(problem)
    if problem := write_files.folder_problem(into):
        raise ToolError(problem)
    if what.lower().endswith(".blend"):
        models = engine_export.of_blend(absolute_path(what, complaint.format(what)))
    else:
        job = await with_jobs(context, lambda job_service: _job_of(job_service, what))
        job = await wait_for_files(context, job.id)
        if job.phase in BUSY:
            return answer({"files": [], "next": STILL_DOWNLOADING})
        models = engine_export.of_job(job, await motions_of(context, job))
    order = engine_export.order_for(options, into, overwrite=overwrite, **models)
    pool = ThreadPoolExecutor(1)
    future = pool.submit(engine_export.export, order)
    pool.shutdown(wait=False)
    await report_until_done(context, future)
    try:
        return answer({"files": [record(file) for file in future.result()]})
    except engine_export.ExportFailed as error:
        raise ToolError(str(error)) from error


def _job_of(job_service: JobService, what: str) -> Job:
    """Return a job, or one that has the files of a Model or downloads them. Raises NotPossible."""
    try:
        return job_service.job(what)
    except NotPossible:
        if not is_valid_id(what):
            raise
    return placeable_job(job_service, Asset.from_json(Kind.MODEL, {"id": what}))


TOOLS = (Tool(export, "Export for an engine", PLACES),)
