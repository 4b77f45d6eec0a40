# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender in which nothing is in flight: the add-on does nothing until something is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset
from tests.mint_service.runner import Service

from .blender_window import PATIENCE, BlenderWindow
from .wake_ups import COUNT, STARTED

pytestmark = pytest.mark.window

AT_REST = (
    "not part('ui.heartbeat').is_beating() and not job_service().has_active_work"
    " and not left_of_us()['threads']"
)
DRAW = "area('VIEW_3D').tag_redraw()"
ALONE = 3.0  # seconds; longer than the intervals of the add-on


def count_wake_ups(blender: BlenderWindow) -> None:
    """Wait until nothing is in flight and Blender no longer draws, and count from then on.

    Blender itself draws its status bar for some seconds after a message.
    """
    blender.over("VIEW_3D", "WINDOW")
    blender.wait(AT_REST)
    blender.ask(COUNT)
    until = time.monotonic() + PATIENCE
    while started := wake_ups(blender):
        assert time.monotonic() < until, f"the add-on does not come to rest: {started}"


def wake_ups(blender: BlenderWindow) -> dict[str, int]:
    """Leave Blender alone for a while; return the functions of the add-on that began."""
    blender.ask(STARTED)
    time.sleep(ALONE)
    started: dict[str, int] = blender.ask(STARTED)
    return started


def test_nothing_runs_while_nothing_is_in_flight(blender: BlenderWindow) -> None:
    """After a job has ended, with the panel open, no function of the add-on begins.

    The job is canceled: of one that is placed, Blender's status bar tells for a while.
    """
    blender.ask(COUNT)
    blender.call("mint.generate", prompt="a lamp [stuck]", mode="AUTO", preset="FAST")
    blender.wait("jobs()[0]['phase'] == 'working'")
    blender.call("mint.cancel", job_id=blender.jobs()[0]["id"])
    blender.wait_for("canceled")
    assert sum(blender.ask(STARTED).values()) > 1000, "wake-ups are not counted"
    count_wake_ups(blender)
    assert wake_ups(blender) == {}


@pytest.mark.thorough
def test_drawing_wakes_the_add_on_once(blender: BlenderWindow) -> None:
    """What was drawn is looked at a moment later; then it is quiet again."""
    blender.wait("job_service()")
    count_wake_ups(blender)
    blender.ask(DRAW)
    time.sleep(ALONE)
    started = blender.ask(STARTED)
    assert (started["MINT_PT_main.draw"], started["_look"]) == (1, 1)
    assert wake_ups(blender) == {}


@pytest.mark.thorough
def test_a_job_of_another_process_is_noticed_when_drawing(
    open_blender: Callable[..., BlenderWindow], service: Service, tmp_path: Path
) -> None:
    """An idle Blender shows it, and continues it when the other process ends."""
    blender = open_blender()
    blender.open_sidebar()
    blender.wait("job_service()")
    count_wake_ups(blender)
    other = JobService(EngineConfig(tmp_path / "home"), Account(service.key, service.api))
    try:
        job = other.start(GenerationRequest(Kind.MODEL, "a lamp [stuck]", Preset.FAST))
        while other.job(job.id).phase is not Phase.WORKING:
            other.next_event()
        assert blender.jobs() == []
        blender.ask(DRAW)
        blender.wait("jobs() and part('ui.heartbeat').is_beating()")
        assert not blender.jobs()[0]["active"]
    finally:
        other.close()
    blender.wait("jobs()[0]['active']")
    blender.call("mint.cancel", job_id=job.id)
    blender.wait_for("canceled")
