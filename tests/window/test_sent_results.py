# SPDX-License-Identifier: GPL-3.0-or-later
"""Another program sends results to Blenders with a window, which do nothing while they are idle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.cli.mcp_server import place
from tests.cli.mcp_server.agent import connected_agent, pictures_of
from tests.cli.mcp_server.results import finished
from tests.mint_service.runner import Service

from .blender_window import SCREENSHOTS, BlenderWindow
from .test_idle import AT_REST, DRAW, count_wake_ups, wake_ups

pytestmark = pytest.mark.window


@pytest.mark.thorough
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
        assert wake_ups(blender) == {}, "nothing looks while nothing is drawn"
        blender.ask(DRAW)
        blender.wait_for("placed")
        blender.wait(AT_REST)
        result = agent.call("place", job=job)
    placed = result.structured_content
    assert placed is not None and placed["status"] == "placed"
    assert placed["objects"][0] in blender.ask("roots()")
    assert len(blender.ask("roots()")) == 1
    assert all(high >= low for low, high in zip(placed["low"], placed["high"], strict=True))
    (picture,) = pictures_of(result)
    (SCREENSHOTS / "still_for_an_agent.png").write_bytes(picture)
