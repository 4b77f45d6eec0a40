# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the command `mcp`: the server as a process of its own, over standard input and output."""

from __future__ import annotations

import importlib.util
import os
import shlex
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from ...mint_service.runner import ThreadService
from ..command_runner import RunMint, command, environment
from .agent import text_of

T = TypeVar("T")


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


class Shell:
    """Starts servers as a client does, one after the other, and kills them."""

    def __init__(self, service: ThreadService, home: Path, folder: Path) -> None:
        self._pid = folder / "pid"
        limits = {"MINT_MAX_CREDITS": "1000", "MINT_MAX_CREDITS_PER_DAY": "1000"}
        self._parameters = StdioServerParameters(
            command="sh",
            args=["-c", f"echo $$ > {self._pid}; exec {shlex.join(command('mcp'))}"],
            env=environment(service, home, **limits),
        )

    def run(self, use: Callable[[Client], Awaitable[T]]) -> T | None:
        """Return what a function returns for a new server; None if the server was killed."""

        async def connected() -> T:
            async with Client(self._parameters, read_timeout_seconds=60) as client:
                return await use(client)

        self._pid.unlink(missing_ok=True)
        result = None
        try:
            result = anyio.run(connected)
        except* MCPError:
            assert not self.is_alive()
        return result

    def kill(self) -> None:
        """Kill the server at once."""
        os.kill(int(self._pid.read_text()), signal.SIGKILL)

    def is_alive(self) -> bool:
        """Return whether the server runs."""
        try:
            os.kill(int(self._pid.read_text()), 0)
        except ProcessLookupError:
            return False
        return True


async def start_lamp(client: Client, quote_id: str = "") -> dict[str, Any]:
    """Start a lamp as an agent does after a restart: the same request, with a new quote."""
    while True:
        if not quote_id:
            request = {"prompt": "a lamp", "preset": "fast"}
            quoted = await client.call_tool("estimate", request)
            quote_id = quoted.structured_content["quote_id"]
        start = {"quote_id": quote_id, "approved_credits": 248, "request_id": "lamp"}
        result = await client.call_tool("generate", start)
        if not result.is_error:
            return result.structured_content
        assert "has not made the quote" in text_of(result), text_of(result)
        quote_id = ""


async def waited(client: Client, job: str) -> dict[str, Any]:
    """Wait until a job needs somebody, and return its state."""
    while True:
        result = await client.call_tool("wait", {"jobs": [job], "seconds": 30})
        (state,) = result.structured_content["jobs"]
        if state["is_waiting_for_somebody"]:
            return state


@pytest.mark.thorough
def test_kills_and_restarts_pay_once(service: ThreadService, home: Path, tmp_path: Path) -> None:
    """Killed while it starts a job, at the Preview, and while it approves: one job, one price."""
    shell, before = Shell(service, home, tmp_path), service.credits()
    service.scenario(answers=[{"path": "/v1/models:generate", "answer": {"delay": 1.0}}])

    async def start_and_die(client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(start_lamp, client)
            while not service.requests("POST", "/v1/models:generate"):
                await anyio.sleep(0.01)
            shell.kill()  # Mint has the request, and the answer is on its way
            await client.call_tool("jobs")

    async def start_again(client: Client) -> dict[str, Any]:
        job = await start_lamp(client)
        seen = await waited(client, job["job"])
        assert (await start_lamp(client))["job"] == job["job"]
        return seen

    async def approve_and_die(client: Client) -> None:
        approval = {"job": seen["job"], "revision": seen["revision"], "approved_credits": 248}
        assert not (await client.call_tool("approve", approval)).is_error
        shell.kill()
        await client.call_tool("jobs")

    assert shell.run(start_and_die) is None
    seen = shell.run(start_again)
    assert seen["revision"] == "preview-1"
    assert shell.run(approve_and_die) is None
    done = shell.run(lambda client: waited(client, seen["job"]))
    assert (done["phase"], done["credits"]) == ("ready", 248)
    assert len(service.operations()) == 1
    assert service.credits() == before - 248
    assert service.leaks() == []
    for file in home.rglob("*"):
        assert not file.is_file() or service.key.encode() not in file.read_bytes()
