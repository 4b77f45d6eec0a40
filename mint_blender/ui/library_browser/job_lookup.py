# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that made an entry of the library, and what only that job knows of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import bpy

from ...jobs.job import Job, asset_of
from ...jobs.service import JobService
from ...jobs.storage.journal import JournalError
from ...message import Message
from ...mint.schema import Asset
from .properties import fields_of
from .state import library_state


def prepare(service: JobService) -> None:
    """Look through the jobs once after each change, so that drawing only looks one up.

    The job of the chosen entry may have ended long ago: then it is read from the journal.
    """
    state, chosen = library_state(), fields_of(bpy.context).chosen
    version = (id(service), service.version, chosen)
    if state.jobs_version == version:
        return
    state.jobs_version = version
    state.jobs = {asset_of(job): job for job in _makers(reversed(service.jobs()))}
    if chosen and chosen not in state.jobs:
        with suppress(JournalError):  # read again after the next change
            makers = _makers(reversed(service.jobs_of_asset(chosen)))
            state.jobs.update((chosen, job) for job in makers)


def _makers(jobs: Iterable[Job]) -> Iterator[Job]:
    """Yield the jobs that have made something, or are about to."""
    return (job for job in jobs if job.source_asset_id is None)


def job_of(asset: Asset) -> Job | None:
    """Return the job of this journal that made an entry, or is about to.

    Mint's lists do not say who started something, or with which settings.
    """
    return library_state().jobs.get(asset.id)


def preset_words(asset: Asset) -> str | None:
    """Return the preset if it is known: from Mint, else as it was requested here.

    A retry of what others started requests none.
    """
    job = job_of(asset)
    made = job.operation.preset if job and job.operation else None
    requested = job.request.preset.value if job and job.source_asset_id is None else None
    words = (made or requested or "").title()
    return Message(words) if words else None
