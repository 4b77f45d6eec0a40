# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer of the main thread: notifications, the balance, and when a result is imported."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.queries import Balance  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.ui import heartbeat, notifications, session  # noqa: E402
from mint_blender.ui.job_list import auto_import  # noqa: E402

MINT = {"cancel": "everywhere"}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of notifications shown."""
    sentences: list[str] = []
    monkeypatch.setattr(
        notifications, "notify", lambda sentence, good=True: sentences.append(sentence)
    )
    return sentences


def beat_until(fact: Callable[[], object], seconds: float = 120.0) -> None:
    """Run the timer as a window does, until something is true."""
    until = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < until, "it did not come true"
        heartbeat.beat()
        time.sleep(0.01)


def start(prompt: str) -> Job:
    """Start a job of this Blender."""
    return session.service().start(GenerationRequest(Kind.MODEL, prompt))


# -- Notifications


def test_a_finished_job_is_announced_once(enabled: None, said: list[str]) -> None:
    """The notification has the job's title as it was typed."""
    job = start("World")
    job_service = session.service()
    beat_until(lambda: job_service.job(job.id).phase is Phase.READY)
    beat_until(lambda: not job_service.has_active_work)
    heartbeat.beat()
    assert said == ["Mint: World: Ready"]


def test_a_repeated_exception_is_logged_once(
    enabled: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another exception, or the same one after a good beat, is logged again."""
    broken, other = ValueError("broken"), KeyError("other")
    beats = [*[broken] * 5, other, True, broken]
    monkeypatch.setattr(heartbeat, "beat", Mock(side_effect=beats))
    monkeypatch.setattr(heartbeat._state(), "is_beating", True)
    tick: Any = SimpleNamespace(type="TIMER")
    with caplog.at_level(logging.ERROR):
        for _ in beats:
            assert heartbeat.MINT_OT_heartbeat.modal(None, bpy.context, tick) == {"PASS_THROUGH"}
    assert len([record for record in caplog.records if "heartbeat failed" in record.message]) == 3


# -- The balance


def test_the_balance_counts_reserved_credits(service: ThreadService, enabled: None) -> None:
    """Credits reserved at the start are subtracted; a cancel gives them back."""
    job_service = session.service()
    job_service.ask_and_wait(Balance())
    full = job_service.budget.balance
    assert full is not None
    job = start("a lamp [stuck]")
    beat_until(lambda: job_service.job(job.id).phase is Phase.WORKING)
    beat_until(lambda: not job_service.queries.is_pending(Balance()))
    beat_until(lambda: job_service.budget.balance == service.credits())
    assert service.credits() < full
    job_service.cancel(job.id)
    beat_until(lambda: job_service.job(job.id).phase is Phase.CANCELED)
    beat_until(lambda: not job_service.has_active_work)
    beat_until(lambda: job_service.budget.balance == full)


# -- Landing


@pytest.mark.parametrize(
    ("operators", "delays"),
    [
        ("GIZMOGROUP_OT_gizmo_tweak POSE_OT_push ARMATURE_OT_extrude UV_OT_rip", True),
        (
            "GRAPH_OT_ghost_curves ACTION_OT_select_box SEQUENCER_OT_slip SCULPT_OT_brush_stroke",
            True,
        ),
        ("OBJECT_OT_transform_axis_target WM_OT_radial_control TRANSFORM_OT_translate", True),
        ("MINT_OT_heartbeat SCREEN_OT_animation_play WM_OT_modal_of_an_addon", False),
    ],
)
def test_some_modal_operators_delay_the_import(operators: str, delays: bool) -> None:
    """Nothing is imported while the user's hands are on one; playback and our timer are others."""
    assert [auto_import.is_hands_on(each) for each in operators.split()] == [delays] * len(
        operators.split()
    )
