# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch that is run again and again, with the real ledger and journal.

Its lines are found and continued as `cli.batch` does it. Writing results needs Blender: here a
finished line is only marked as placed.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mint_blender.cli.batch import line_jobs
from mint_blender.cli.batch.lines import Line
from mint_blender.files.file_lock import FileInUse, file_lock
from mint_blender.jobs.engine.retry_schedule import StillUnreachable
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage import batch_ledger
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Mode, Preset

if TYPE_CHECKING:
    from .world import World

LINES = 6


def run_batch(world: World, service: JobService) -> None:
    """Start or continue all lines, wait until they stop, and quit."""
    folder = world.folder
    (folder / batch_ledger.FOLDER).mkdir(parents=True, exist_ok=True)
    if world.rng.random() < 0.7:
        service.unreachable_timeout = 180.0
    lock = folder / batch_ledger.FOLDER / "lock"
    world.note("the batch runs")
    with suppress(FileInUse, StillUnreachable, OSError), file_lock(lock):
        _run_lines(world, service, [_line(number) for number in range(1, LINES + 1)])
    world.note("the batch ends")
    if world.current is not None:
        world.current.quit()


def _run_lines(world: World, service: JobService, lines: list[Line]) -> None:
    jobs, refused = line_jobs.load_jobs(service, world.folder, lines)
    for line in lines:
        prompt = line.request.prompt
        for counts in (world.clicks.starts, world.clicks.previews):
            counts.setdefault(prompt, 1)  # however often the batch runs, it is paid for once
        if line.tag not in refused:
            with suppress(NotPossible):
                jobs[line.tag] = _start_or_resume(world, service, line, jobs.get(line.tag))
    service.watch([job.id for job in jobs.values()])
    for job in jobs.values():
        now = line_jobs.current_job(service, job)
        if now.phase is Phase.READY and not service.is_active(now.id):
            with suppress(NotPossible):
                service.mark_placed(now.id)


def _start_or_resume(world: World, service: JobService, line: Line, job: Job | None) -> Job:
    if job is None:
        tag = batch_ledger.line_id(world.folder, line.tag)
        output = str(world.folder / f"{line.tag}.glb")
        return service.start(line.request, Delivery(output=output, line=tag))
    job = line_jobs.current_job(service, job)
    if job.is_resumable or job.phase in {Phase.PAUSED, Phase.BILLING}:
        service.resume(job.id)
    return job


def _line(number: int) -> Line:
    request = GenerationRequest(
        Kind.MODEL,
        f"batch line {number}.",
        preset=Preset.FAST,
        mode=Mode.AUTO if number % 3 else Mode.REVIEW,
    )
    return Line(number, f"tag-{number}", request, Delivery(), None, ".glb", None)
