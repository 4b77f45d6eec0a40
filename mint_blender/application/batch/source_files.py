# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of Mint from which a line is written: in the downloads, or in the batch's folder."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ...jobs.batch_folder import finished_lines
from ...jobs.batch_lines import Line
from ...jobs.job import Job
from ...jobs.job_values import Delivery, Role
from ...jobs.service import JobService
from ..results import is_finished
from . import line_jobs, result_files
from .options import Options


def wanted_delivery(line: Line, job: Job, options: Options) -> Delivery:
    """Return how the line's result is to be written now: as the batch file says.

    A picture that was wanted when the line was started is rendered, even without --render.
    """
    was_wanted = not options.rewrite and line.render is None and job.delivery.render is not None
    stem = Path(job.delivery.output or options.folder / line.title).with_suffix("")
    delivery = replace(
        line.delivery,
        output=f"{stem}{line.suffix}",
        render=f"{stem}.png" if options.renders(line) else None,
        line=job.delivery.line,
    )
    return result_files.with_picture_of(job.delivery, delivery) if was_wanted else delivery


def find_files(job_service: JobService, folder: Path, job: Job, delivery: Delivery) -> Job | None:
    """Return a job with all the files on disk that its delivery needs; None without them.

    They are in the downloads of this journal, or in the batch's folder.
    """
    own = job_service.journal.job(job.id)
    for found in (own, finished_lines.published(job, folder)):
        if found is not None and finished_lines.are_on_disk(found) and _has_enough(found, delivery):
            return found
    return None


def _has_enough(job: Job, delivery: Delivery) -> bool:
    """Return whether a job's files hold what a delivery needs, as far as Mint has made it."""
    before = job.delivery
    if delivery.splats not in {None, before.splats}:
        tier = re.sub(r"[^A-Za-z0-9_]+", "-", delivery.splats or "")
        file = job.file(Role.SPLATS)
        if file is None or f"splats-{tier}" not in Path(file.path).stem:
            return False
    if delivery.collider != "NONE" and before.collider == "NONE":
        return job.file(Role.COLLIDER) is not None
    return True


def parts_without_files(
    job_service: JobService, line: Line, job: Job, options: Options
) -> list[Job]:
    """Return the job of a line, or the motions that it is written from, if files are missing."""
    wanted = wanted_delivery(line, job, options)
    folder = options.folder
    motions = line_jobs.motions_of(job_service, folder, line, job)
    parts = [motion for motion in motions if is_finished(motion)] if motions else [job]
    return [part for part in parts if find_files(job_service, folder, part, wanted) is None]
