# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of docs/agents.md: what it names exists, and what exists is named."""

from __future__ import annotations

import json
import re
from typing import Any

from mint_blender.cli import session
from mint_blender.cli.mcp_server.server import TOOLS
from mint_blender.jobs.phases import Phase
from mint_blender.mint.account import BASE_URL_VARIABLE, KEY_VARIABLE

from ..command_runner import ROOT
from .agent import Agent
from .test_decisions import lamp_at_preview

TEXT = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
VARIABLES = {
    KEY_VARIABLE,
    BASE_URL_VARIABLE,
    session.LIMIT_EACH_VARIABLE,
    session.LIMIT_DAY_VARIABLE,
    "MINT_BLENDER_HOME",
}


def test_the_table_has_every_tool() -> None:
    """Each tool has a row, with its name first; whether it spends is the hint's opposite."""
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", TEXT, re.MULTILINE))
    assert set(rows) == {tool.function.__name__ for tool in TOOLS}
    for tool in TOOLS:
        if tool.hints.read_only_hint:
            assert rows[tool.function.__name__] == "no"


def test_the_table_has_every_member_of_a_job(agent: Agent) -> None:
    """No schema says what a member means."""
    (table,) = re.findall(r"^\| member of a job .*\n(?:\|.*\n)+", TEXT, re.MULTILINE)
    rows = re.findall(r"^\| (`[^|]*) \| (.*) \|$", table, re.MULTILINE)
    job = lamp_at_preview(agent)
    assert {name for members, _ in rows for name in re.findall(r"`(\w+)`", members)} == set(job)
    (phases,) = (meaning for members, meaning in rows if members == "`phase`")
    assert re.findall(r"`(\w+)`", phases) == list(Phase)


def test_the_configuration_is_json() -> None:
    """It can be copied."""
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    configuration: dict[str, Any] = json.loads(block)
    server = configuration["mcpServers"]["mint"]
    assert server["args"] == ["mcp"]
    assert set(server["env"]) <= VARIABLES


def test_every_variable_exists() -> None:
    """A wrong name would be no limit at all."""
    assert set(re.findall(r"MINT_[A-Z_]+", TEXT)) == VARIABLES
