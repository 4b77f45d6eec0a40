# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that made an asset of the library: found quickly, and kept up to date."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_fetch, new_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import ListPage
from mint_blender.jobs.service import JobService
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Page, Preset
from mint_blender.ui.asset_bar import bar
from mint_blender.ui.library_browser import entries, operators
from mint_blender.ui.library_browser.properties import library_state

from ..jobs.test_library import an_asset
from ..jobs.workflow_harness import accepted, operation, with_operation
from .drawings import drawn_by, in_class


def made(number: int, *, preset: Preset = Preset.FAST) -> Job:
    request = GenerationRequest(Kind.MODEL, f"a lamp no {number}", preset=preset)
    job = new_job(request, Delivery(), now=time.time())
    made = operation("succeeded", resource=f"id_{number}")
    return with_operation(replace(accepted(job), phase=Phase.PLACED), made)


def job_of(job_service: JobService, asset: Asset) -> Job | None:
    entries.prepare(job_service)
    return entries.job_of(asset)


def test_changed_jobs_of_an_asset_are_drawn(job_service: JobService) -> None:
    """The newest job counts; jobs that only fetch an asset never do."""
    asset = an_asset(1)
    assert job_of(job_service, asset) is None
    (first,) = job_service.cache.add(made(1, preset=Preset.FAST))
    assert job_of(job_service, asset) == first
    newer = replace(made(1, preset=Preset.STANDARD), created_at=first.created_at + 1)
    second, _ = job_service.cache.add(newer, new_fetch(asset, Delivery(), now=first.created_at + 2))
    assert job_of(job_service, asset) == second
    job_service.dismiss(second.id)
    assert job_of(job_service, asset) == first
    job_service.dismiss(first.id)
    assert job_of(job_service, asset) is None


USES = ("optimize", "animate")
PROMPT = ("use_prompt",)
LIBRARY = ("refresh_library",)


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        ("succeeded", Kind.MODEL, ("import_asset", *USES, *PROMPT)),
        ("succeeded", Kind.WORLD, ("import_asset", *PROMPT)),
        ("running", Kind.MODEL, ("import_asset", *PROMPT)),
        ("failed", Kind.MODEL, ("retry_asset", *PROMPT)),
    ],
)
def test_the_menu_begins_with_what_people_want_next(
    job_service: JobService, status: str, kind: Kind, expected: tuple[str, ...]
) -> None:
    """It has only what makes sense for the item under the pointer, and then the library's own."""
    asset = an_asset(3, kind=kind, status=status, prompt="a lamp of glass")
    library_state().library.add_page(ListPage(kind), Page((asset,), None))
    bar.state().hovered = 0
    assert menu_entries() == list(dict.fromkeys([*expected, *LIBRARY]))
    bar.state().hovered = bar.FRAME
    assert menu_entries() == list(LIBRARY)


def test_the_menu_offers_no_second_import_of_a_running_job(job_service: JobService) -> None:
    """Its result is imported by the job itself."""
    asset = an_asset(3, status="running")
    library_state().library.add_page(ListPage(Kind.MODEL), Page((asset,), None))
    bar.state().hovered = 0
    assert "import_asset" in menu_entries()
    job_service.cache.add(replace(made(3), phase=Phase.WORKING))
    entries.prepare(job_service)
    assert "import_asset" not in menu_entries()


def menu_entries() -> list[str]:
    """Return the operators of the menu, in order."""
    shown = drawn_by(in_class(operators.MINT_MT_library_item.draw), bpy.context)
    return [name.removeprefix("mint.") for name in shown if name.startswith("mint.")]
