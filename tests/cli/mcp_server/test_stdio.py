# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the command `mcp`: the server as a process of its own, over standard input and output."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from ...mint_service.runner import ThreadService
from ..command_runner import RunMint, command, environment


@pytest.mark.windows
@pytest.mark.slow
def test_a_client_starts_the_server(service: ThreadService, home: Path) -> None:
    """The SDK's own client starts the command and calls a tool."""
    program, *arguments = command("mcp")
    parameters = StdioServerParameters(
        command=program, args=arguments, env=environment(service, home)
    )

    async def ask() -> dict[str, Any]:
        async with Client(parameters) as client:
            return (await client.call_tool("account")).structured_content

    assert anyio.run(ask)["key"] == "accepted"


def test_without_the_package_the_command_says_what_to_install(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra of the pip package."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "mcp" else find(name)
    )
    result = mint("mcp")
    assert result.status == 2
    assert 'from a copy of the repository: pip install ".[mcp]"' in result.error_text
