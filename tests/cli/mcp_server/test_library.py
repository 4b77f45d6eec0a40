# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool `library`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mint_blender.cli.mcp_server import account

from ...mint_service.runner import ThreadService, running_service
from .agent import Agent, pictures_of


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Run a stand-in service with a library of 45 models and 3 Worlds."""
    with running_service(speed=2000, library={"models": 45, "worlds": 3}) as running:
        yield running


def test_page_by_page(agent: Agent) -> None:
    """Every item comes once, newest first, and says whether it can be placed."""
    items, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = agent.ask("library", most=20, cursor=cursor)
        items += page["items"]
        cursor, pages = page["next_cursor"], pages + 1
    assert pages == 3
    models = {asset.id for asset in agent.service.resources() if asset.kind == "model"}
    assert {item["asset"] for item in items} == models
    times = [item["created_at"] for item in items]
    assert times == sorted(times, reverse=True)
    assert {item["can_be_placed"] for item in items} == {True, False}
    worlds = agent.ask("library", kind="world")["items"]
    assert [world["kind"] for world in worlds] == ["world"] * 3
    assert agent.service.requests("POST") == []
    agent.service.scenario(revoked=True)
    assert "API key" in agent.refusal("library")


def test_a_search_looks_through_pages(agent: Agent) -> None:
    """All words have to be in the name or the prompt, in any case."""
    page = agent.ask("library", search="LAMP red")
    assert page["looked_at"] == 45 and page["next_cursor"] is None
    assert page["items"]
    for each in page["items"]:
        assert "red lamp" in each["prompt"]
    assert agent.ask("library", search="no such thing")["items"] == []


def test_a_search_goes_on_where_it_stopped(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call looks through some pages only, and says how many items it has seen."""
    monkeypatch.setattr(account, "SEARCH_PAGE", 10)
    monkeypatch.setattr(account, "PAGES_OF_A_SEARCH", 2)
    first = agent.ask("library", search="no 2 model of all that there are")
    assert (first["looked_at"], first["items"]) == (20, [])
    found, cursor = [], None
    while True:
        page = agent.ask("library", search="no 2", cursor=cursor)
        found += [each["asset"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    everything = agent.ask("library", search="no 2", most=50)
    assert len(found) == len(set(found)) >= len(everything["items"]) > 0


def test_pictures_on_request(agent: Agent) -> None:
    """A limited number, each after its title."""
    assert pictures_of(agent.call("library")) == []
    result = agent.call("library", pictures=4, most=10)
    shown = pictures_of(result)
    assert 1 <= len(shown) <= 4
    assert all(each[:4] == b"RIFF" or each[:2] == b"\xff\xd8" for each in shown)
    assert agent.call("library", pictures=9).is_error
