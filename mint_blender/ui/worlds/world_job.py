# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that imported a World: it has the files of the parts, or downloads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy

from ...jobs.job import Job
from ...jobs.phases import Phase
from ...jobs.service import JobService, NotPossible
from ...message import Message
from ...scene import tags
from ..job_actions import find_job


def of(root: bpy.types.Object) -> Job | None:
    """Return the job that imported a World, if it is still on the list."""
    known = tags.read(root)
    return find_job(known.job_id) if known is not None and known.job_id else None


def why_not_fetch(root: bpy.types.Object) -> str:
    """Return why no more parts can be fetched for this World; empty if they can."""
    job = of(root)
    if job is None:
        return Message(
            "The job that made this World is no longer on the list. Import the World from the "
            "library instead."
        )
    if job.phase not in {Phase.READY, Phase.PLACED}:
        return Message("The job that made this World is still running. Wait until it is done.")
    return ""


def fetch(service: JobService, job_id: str, wanted: dict[str, Any]) -> str:
    """Download further parts of a World; `wanted` is what changes about its delivery.

    Returns the id of the job.

    Raises:
        NotPossible: The job is in progress, or not on the list any more.
    """
    job = service.job(job_id)
    if job.phase not in {Phase.READY, Phase.PLACED}:
        raise NotPossible(
            Message(
                "{title} is still in progress. Wait until it stops, then try again.",
                title=job.title,
            )
        )
    service.set_delivery(job.id, replace(job.delivery, **wanted))
    service.fetch_again(job.id)
    return job.id
