# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the boxes of results are, and what their chips say."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations, pairwise
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.scene.model.grid_layout import Footprint  # noqa: E402
from mint_blender.ui import session  # noqa: E402
from mint_blender.ui.drawing import Box  # noqa: E402
from mint_blender.ui.job_list import placed_results  # noqa: E402
from mint_blender.ui.viewport import chips, targets  # noqa: E402

from .sample_jobs import a_job  # noqa: E402


def targeted(kind: Kind = Kind.MODEL, **delivery: Any) -> Job:
    """Return a job whose result will come to the origin."""
    where = Delivery(at=(0.0, 0.0, 0.0), document=session.document_id(), **delivery)
    return a_job(Phase.WAITING, kind=kind, delivery=where, now=time.time())


def boxes_of(job_service: JobService, *jobs: Job) -> list[Footprint]:
    """Return where the boxes of these jobs are."""
    job_service.cache.add(*jobs)
    state = targets._State()
    targets._choose(state, job_service, 1)
    return [state.spaces[job.id] for job in jobs]


@pytest.mark.parametrize("is_slot_free", [True, False])
def test_a_box_says_the_same_as_the_row(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, is_slot_free: bool
) -> None:
    """A job waits for a free slot only if there is none."""
    monkeypatch.setattr(JobService, "is_slot_free", lambda *_: is_slot_free)
    job = targeted()
    job_service.cache.add(job)
    state = session.state(targets._State)
    state.spaces[job.id] = Footprint(0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
    shown = targets._target(state, job_service, job).state
    assert shown == ("Starting" if is_slot_free else "Waiting for a free slot")
    assert shown == placed_results.view_of(job_service, job).short_state
    state.spaces.clear()


def test_boxes_keep_clear_of_each_other(job_service: JobService) -> None:
    """Those of Worlds too, if they were started together, as the results will."""
    boxes = boxes_of(job_service, *(targeted() for _ in range(5)))
    assert not any(one.touches(other) for one, other in combinations(boxes, 2))
    worlds = boxes_of(job_service, *(targeted(Kind.WORLD, group="lines") for _ in range(3)))
    assert not any(one.touches(other) for one, other in combinations(worlds, 2))


def test_a_box_stays_where_the_user_has_put_it(job_service: JobService) -> None:
    """Also on an object, since the result will be exactly there, and as turned."""
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=(0, 0, 0.5))
    turned = targeted(rotation=(0.0, 0.0, 0.5))
    (box,) = boxes_of(job_service, turned)
    assert (box.left, box.right) == (-0.5, 0.5)
    assert boxes_of(job_service, targeted())[0].left > 0.5
    low, right, *_ = targets._corners(turned, box)
    assert (right - low).normalized().y > 0.4


def test_a_moved_box_is_kept_while_the_job_runs(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running job cannot be changed: that follows as soon as it waits for something."""
    job = targeted()
    job_service.cache.add(job)
    active = {job.id}
    monkeypatch.setattr(JobService, "is_active", lambda _, job_id: job_id in active)
    there = replace(job.delivery, at=(3.0, 0.0, 0.0), rotation=(0.0, 0.0, 0.0))
    targets.redirect(job_service, job.id, there)
    assert job_service.job(job.id).delivery == job.delivery
    targets._choose(session.state(targets._State), job_service, 1)
    assert session.state(targets._State).spaces[job.id].left == 2.5
    active.clear()
    assert targets.settle(job_service)
    assert job_service.job(job.id).delivery == there and not targets.settle(job_service)


@pytest.mark.parametrize("count", [0, 1, 5, 22, 100])
@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_chips_are_stacked_as_far_as_they_fit(count: int, scale: float) -> None:
    """From the top down; none overlaps another one, or leaves its room."""
    room = Box(60.0, 40.0, 500.0, 480.0)
    found = chips.stacked(room, count, scale)
    assert len(found) == min(count, 12 if scale == 1 else 7)
    assert all(one.y >= other.y + other.height for one, other in pairwise(found))
    assert all(room.contains(each.x, each.y) for each in found)
    assert all(each.y + each.height <= room.y + room.height for each in found)


@pytest.mark.parametrize(
    ("count", "more", "shown"), [(5, 0, 5), (12, 0, 12), (20, 2, 11), (12, 1, 11)]
)
def test_the_last_chip_says_how_many_have_none(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, count: int, more: int, shown: int
) -> None:
    """Also where there would be room for one more, and jobs without a box are left."""
    monkeypatch.setattr(chips, "_room", lambda *_: Box(60.0, 40.0, 500.0, 480.0))
    without_price = SimpleNamespace(credits=None)
    monkeypatch.setattr(targets, "targets", lambda _: [without_price] * count)
    monkeypatch.setattr(targets, "more", lambda: more)
    context: Any = SimpleNamespace(scene=None)
    stack = chips._stack(context, [])
    assert len(stack.chips) == shown
    assert stack.count == count + more - shown and bool(stack.more) == bool(stack.count)


@pytest.mark.parametrize("room", [Box(0, 0, 500, 20), Box(0, 0, 80, 500), Box(0, 0, 0, 0)])
def test_without_room_there_is_no_chip(room: Box) -> None:
    """Neither a part of one, nor one without a title."""
    assert chips.stacked(room, 5, 1.0) == []
