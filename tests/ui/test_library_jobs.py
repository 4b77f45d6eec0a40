# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that made an asset of the library: found quickly, and kept up to date."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ..line_counts import count_lines

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.new_jobs import new_fetch, new_job  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.queries import ListPage  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Asset, Kind, Page, Preset  # noqa: E402
from mint_blender.ui.library_browser import operators, panel_data  # noqa: E402
from mint_blender.ui.library_browser import panel as library_browser_panel  # noqa: E402
from mint_blender.ui.library_browser.properties import fields_of  # noqa: E402
from mint_blender.ui.library_browser.state import library_state  # noqa: E402

from ..jobs.test_library import an_asset  # noqa: E402
from ..jobs.workflow_harness import accepted, operation  # noqa: E402
from .test_job_list import Layout  # noqa: E402


def made(number: int, *, preset: Preset = Preset.FAST) -> Job:
    """Return a job that has made the model of this number."""
    job = new_job(
        GenerationRequest(Kind.MODEL, f"a lamp no {number}", preset=preset),
        Delivery(),
        now=time.time(),
    )
    made = operation("succeeded", resource=f"id_{number}")
    return replace(accepted(job), phase=Phase.PLACED, operation=made)


def job_of(job_service: JobService, asset: Asset) -> Job | None:
    """Return the job of an asset, as it is after a beat."""
    panel_data.prepare(job_service)
    return panel_data.job_of(asset)


def test_the_details_cost_the_same_with_many_jobs(job_service: JobService) -> None:
    """A drawing reads no more with a thousand jobs than with ten, also of the oldest of them."""
    fields_of(bpy.context).chosen = "id_3"

    def draw() -> None:
        library_browser_panel._draw_details(Layout(Counter()), an_asset(3), 300, has_picture=True)

    efforts = []
    for numbers in (range(10), range(10, 1000)):
        job_service.cache.add(*(made(number) for number in numbers))
        panel_data.prepare(job_service)
        draw()
        efforts.append(count_lines(draw))
    assert efforts[0] == efforts[1]
    assert panel_data.job_of(an_asset(3)) is not None
    fields_of(bpy.context).chosen = "id_4"
    panel_data.prepare(job_service)
    assert panel_data.job_of(an_asset(4)) is not None
    assert panel_data.job_of(an_asset(3)) is None, "only the chosen one is read"


def test_changed_jobs_of_an_asset_are_drawn(job_service: JobService) -> None:
    """The newest job counts; jobs that only fetch an asset never do."""
    asset = an_asset(1)
    assert job_of(job_service, asset) is None
    (first,) = job_service.cache.add(made(1, preset=Preset.FAST))
    assert job_of(job_service, asset) == first
    assert panel_data.preset_words(asset) == "Fast"
    newer = replace(made(1, preset=Preset.STANDARD), created_at=first.created_at + 1)
    second, _ = job_service.cache.add(newer, new_fetch(asset, Delivery(), now=first.created_at + 2))
    assert job_of(job_service, asset) == second
    job_service.dismiss(second.id)
    assert job_of(job_service, asset) == first
    job_service.dismiss(first.id)
    assert job_of(job_service, asset) is None


MORE = ("optimize", "convert", "save_to_library", "use_prompt", "copy_prompt")


@pytest.mark.parametrize(
    ("status", "kind", "next_step", "more"),
    [
        ("succeeded", Kind.MODEL, "import_asset", set(MORE)),
        ("succeeded", Kind.WORLD, "import_asset", set(MORE) - {"optimize", "convert"}),
        ("running", Kind.MODEL, "import_asset", {"use_prompt", "copy_prompt"}),
        ("failed", Kind.MODEL, "retry_asset", {"use_prompt", "copy_prompt"}),
    ],
)
def test_the_details_have_one_button(
    job_service: JobService, status: str, kind: Kind, next_step: str, more: set[str]
) -> None:
    """It is what people want next. The rest is in a menu, and only what makes sense."""
    asset = an_asset(3, kind=kind, status=status, prompt="a lamp of glass")
    library_state().library.add_page(ListPage(kind), Page((asset,), None))
    fields_of(bpy.context).chosen = asset.id
    drawn: Counter[str] = Counter()
    library_browser_panel._draw_details(Layout(drawn), asset, 300, has_picture=True)
    assert {name for name in drawn if name.startswith("mint.")} == {f"mint.{next_step}"}
    assert drawn["menu"] == 1
    shown: Counter[str] = Counter()
    menu = operators.MINT_MT_library_item
    menu.draw(SimpleNamespace(layout=Layout(shown)), bpy.context)  # type: ignore[arg-type]
    assert {name for name in shown if name.startswith("mint.")} == {f"mint.{each}" for each in more}
