# SPDX-License-Identifier: GPL-3.0-or-later
"""A library with a known first page, and jobs that report about its models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.library.view_model import AssetState, Filter, Library, state_of
from mint_blender.jobs.new_jobs import new_attempt

from .library_helpers import MODELS, Mint, an_asset
from .workflow_harness import operation

NOWHERE = Delivery()


def a_shown(*numbers: int, failed: tuple[int, ...] = (), size: int = 3) -> tuple[Library, Mint]:
    """A library whose first page is known, and Mint's list."""
    mint, library = Mint(*numbers, size=size), Library()
    mint.failed.update(failed)
    library.add_page(MODELS, mint.page(None))
    library.view(Filter())
    return library, mint


def making(job: Job, status: str, number: int, **more: Any) -> Job:
    """The job while its operation says that of the model of this number."""
    return replace(job, operation=operation(status, resource=f"id_{number}", **more))


def attempt(number: int) -> Job:
    """A new attempt at the failed model of this number, as Retry begins it."""
    return new_attempt(an_asset(number, status="failed"), NOWHERE, now=5000.0)


def states(library: Library) -> dict[str, AssetState]:
    """What is shown, by id."""
    return {asset.id: state_of(asset) for asset in library.entries(Filter())}
