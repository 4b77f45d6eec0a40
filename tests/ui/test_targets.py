# SPDX-License-Identifier: GPL-3.0-or-later
"""The boxes where results will be say the same as the cards of their jobs."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.new_jobs import new_job  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.scene.model.occupied_space import Footprint  # noqa: E402
from mint_blender.ui import session  # noqa: E402
from mint_blender.ui.job_list import job_documents  # noqa: E402
from mint_blender.ui.viewport import targets  # noqa: E402


@pytest.mark.parametrize("is_slot_free", [True, False])
def test_a_box_says_the_same_as_the_card(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, is_slot_free: bool
) -> None:
    """A job waits for a free slot only if there is none."""
    monkeypatch.setattr(JobService, "is_slot_free", lambda *_: is_slot_free)
    job = new_job(GenerationRequest(Kind.MODEL, "a lamp"), Delivery(), now=time.time())
    job_service.cache.add(job)
    state = session.state(targets._State)
    state.spaces[job.id] = Footprint(0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
    shown = targets._target(state, job_service, job).state
    assert shown == ("Starting" if is_slot_free else "Waiting for a free slot")
    assert shown == job_documents.view_of(job_service, job).short_state
    state.spaces.clear()
