# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a result to a .blend or .glb file, and render it, in a background Blender."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
from mcp.server.mcpserver.exceptions import ToolError

from ....delivery import blender_runtime, write_files
from ....delivery.background import write_result
from ....jobs.job import Job
from ....jobs.job_values import DeliveryResult
from ....jobs.phases import Phase
from ....jobs.service import JobService
from ....mint.schema import Kind
from ..paths import absolute_path
from ..state import ToolContext, state_of, with_jobs

SUFFIXES = (".blend", ".glb")
INTERVAL = 0.1
"""Seconds between two looks whether the background Blender is done."""
PROGRESS_EVERY = 20
"""Looks between two notifications of progress."""
NO_BLENDER = "There is no picture: rendering needs the bpy package (pip install bpy)."


def check_path(path: str, kind: Kind, *, overwrite: bool) -> Path:
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


async def write_job(
    context: ToolContext, job: Job, file: Path | None, picture: Path | None
) -> DeliveryResult:
    """Write the files of a job in a background Blender, with notifications of progress.

    Raises:
        ToolError: The result cannot be imported or written.
    """
    future = state_of(context).blenders.submit(write_result, job, file, picture)
    result = await _wait_for(context, future)
    if result.problem is not None:
        kept = "".join(f"\n  {each.path}" for each in job.files)
        raise ToolError(
            f"{job.title} could not be written. {result.problem} Mint's files are kept:{kept}"
        )
    return result


async def _wait_for(context: ToolContext, future: Future[DeliveryResult]) -> DeliveryResult:
    looks = 0
    while not future.done():
        if looks % PROGRESS_EVERY == 0:
            await context.report_progress(looks * INTERVAL, None, "Blender is working on it")
        looks += 1
        await anyio.sleep(INTERVAL)
    return future.result()


@asynccontextmanager
async def picture_file() -> AsyncIterator[Path | None]:
    """Yield where to render a picture that is deleted afterwards; None if nothing can render."""
    if not blender_runtime.can_import():
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="mint-still-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "still.png"


async def note_written(context: ToolContext, job: Job, file: Path, result: DeliveryResult) -> None:
    """Store that the result is in a file, unless it belongs to a scene or to a batch."""

    def note(job_service: JobService) -> None:
        with job_service.cache.single_commit():
            now = job_service.job(job.id)
            is_free = now.delivery.document is None and now.delivery.line is None
            if now.phase is Phase.READY and is_free:
                job_service.set_delivery(job.id, replace(now.delivery, output=str(file)))
                job_service.record_delivery(job.id, result)

    await with_jobs(context, note)
