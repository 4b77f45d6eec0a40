# SPDX-License-Identifier: GPL-3.0-or-later
"""Another program sends results to Blenders with a window, which do nothing while they are idle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.cli.mcp_server import place
from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.documents import open_elsewhere
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset
from tests.cli.mcp_server.agent import connected_agent, pictures_of
from tests.cli.mcp_server.results import finished
from tests.mint_service.runner import Service

from .blender_window import SCREENSHOTS, BlenderWindow
from .test_idle import AT_REST, DRAW, count_wake_ups, wake_ups

pytestmark = pytest.mark.window

PLACED_WHEN_DRAWN = f"[{DRAW}, jobs()[0]['phase'] == 'placed'][1]"
"""Draws each time: a Blender that has read the journal just before does not read it again."""


@pytest.fixture
def other(service: Service, tmp_path: Path) -> Iterator[JobService]:
    """Return the jobs as another program has them, without a window."""
    opened = JobService(EngineConfig(tmp_path / "home"), Account(service.key, service.api))
    yield opened
    opened.close()


def finished_job(other: JobService) -> str:
    """Generate a model in the other program; return the id of its job."""
    job = other.start(GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST))
    other.watch([job.id])
    assert other.job(job.id).phase is Phase.READY
    return job.id


def send(other: JobService, job_id: str, document: str) -> None:
    """Send a result to a document."""
    other.set_delivery(job_id, replace(other.job(job_id).delivery, document=document))


def test_a_sent_result_lands_when_the_panel_is_drawn(
    open_blender: Callable[..., BlenderWindow], other: JobService, tmp_path: Path
) -> None:
    """An idle Blender wakes up for it then, places it once, and is idle again."""
    job_id = finished_job(other)
    blender = open_blender()
    blender.open_sidebar()
    blender.wait("jobs()")
    (document,) = open_elsewhere(tmp_path / "home")
    assert document.path is None
    count_wake_ups(blender)
    send(other, job_id, document.id)
    assert wake_ups(blender) == {}, "nothing looks while nothing is drawn"
    blender.ask(DRAW)
    blender.wait_for("placed")
    blender.wait(AT_REST)
    other.catch_up()
    placement = other.job(job_id).placement
    assert placement is not None and placement.objects[0] in blender.ask("roots()")
    assert len(blender.ask("roots()")) == 1
    assert placement.low is not None and placement.high is not None


def test_each_of_two_blenders_gets_its_own(
    open_blender: Callable[..., BlenderWindow], other: JobService, tmp_path: Path
) -> None:
    """The file of each can be seen; what is sent to one does not land in the other."""
    job_id = finished_job(other)
    file = tmp_path / "scene.blend"
    first, second = open_blender(), open_blender()
    for blender in (first, second):
        blender.wait("jobs()")
    second.ask("bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(file))
    running = {each.path: each.id for each in open_elsewhere(tmp_path / "home")}
    assert set(running) == {None, file}
    send(other, job_id, running[file])
    for blender in (first, second):
        blender.open_sidebar()
        blender.ask(DRAW)
    second.wait_for("placed")
    first.wait(PLACED_WHEN_DRAWN)  # it reads the same journal
    assert len(second.ask("roots()")) == 1
    assert first.ask("roots()") == []
    second.quit()
    assert {each.path for each in open_elsewhere(tmp_path / "home")} == {None}


def test_an_agent_places_a_result(
    open_blender: Callable[..., BlenderWindow],
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tool `place` finds the Blender, waits for it, and returns names, bounds and a picture."""
    for name, value in {
        "MINT_API_KEY": service.key,
        "MINT_API_BASE_URL": service.api,
        "MINT_BLENDER_HOME": str(tmp_path / "home"),
        "MINT_MAX_CREDITS": "2000",
        "MINT_MAX_CREDITS_PER_DAY": "5000",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(place, "LONGEST_IN_BLENDER", 1.0)
    with connected_agent(service) as agent:
        job = finished(agent)["job"]
        blender = open_blender()
        blender.open_sidebar()
        blender.wait("jobs()")
        count_wake_ups(blender)
        assert agent.ask("place", job=job)["status"] == "sent"
        blender.ask(DRAW)
        blender.wait_for("placed")
        result = agent.call("place", job=job)
    placed = result.structured_content
    assert placed is not None and placed["status"] == "placed"
    assert placed["objects"][0] in blender.ask("roots()")
    assert len(blender.ask("roots()")) == 1
    assert all(high >= low for low, high in zip(placed["low"], placed["high"], strict=True))
    (picture,) = pictures_of(result)
    blender.screenshot("placed_by_an_agent")
    (SCREENSHOTS / "still_for_an_agent.png").write_bytes(picture)
