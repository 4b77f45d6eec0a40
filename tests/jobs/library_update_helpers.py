# SPDX-License-Identifier: GPL-3.0-or-later
"""A library with a known first page, and jobs that report about its models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.library.view_model import AssetState, Filter, Library, state_of
from mint_blender.jobs.new_jobs import new_attempt

from .library_helpers import MODELS, AssetList, an_asset
from .workflow_harness import operation

NOWHERE = Delivery()


def a_shown(
    *numbers: int, failed: tuple[int, ...] = (), size: int = 3
) -> tuple[Library, AssetList]:
    """Return a library whose first page is loaded, and the list at Mint."""
    mint, library = AssetList(*numbers, size=size), Library()
    mint.failed.update(failed)
    library.add_page(MODELS, mint.page(None))
    library.view(Filter())
    return library, mint


def making(job: Job, status: str, number: int, **more: Any) -> Job:
    """Return the job with an operation of that status for model `number`."""
    return replace(job, operation=operation(status, resource=f"id_{number}", **more))


def attempt(number: int) -> Job:
    """Return a job that retries the failed model of this number."""
    return new_attempt(an_asset(number, status="failed"), NOWHERE, now=5000.0)


def states(library: Library) -> dict[str, AssetState]:
    """Return the shown states by asset id."""
    return {asset.id: state_of(asset) for asset in library.entries(Filter())}
