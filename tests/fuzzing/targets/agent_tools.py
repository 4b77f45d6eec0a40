# SPDX-License-Identifier: GPL-3.0-or-later
"""Input of the tools for agents. An input is JSON: the tool, and its arguments.

The server runs in this process and talks to the stand-in service.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from mint_blender import json_text
from mint_blender.application import session
from mint_blender.cli.mcp_server import job_tools
from mint_blender.cli.mcp_server.server import TOOLS
from mint_blender.jobs.budget.spending import Limits

from ...cli.mcp_server.agent import Agent, connected_agent, text_of
from ...mint_service.runner import running_service
from ...nth_call.generation import surroundings
from ..target import MEGABYTE, Target

NAMES = frozenset(tool.function.__name__ for tool in TOOLS)
SLOW = frozenset({"wait", "place"})
"""Tools that wait for something; their waiting is in `tests/cli/mcp_server`."""
_agents: list[Agent] = []


def try_call(data: bytes) -> None:
    """Call a tool; what it returns is a result or a sentence."""
    (agent,) = _agents
    tool, arguments = _parts(data)
    result = agent.call(tool, **arguments)
    if result.is_error:
        text = text_of(result)
        assert text.strip() and "Unexpected error" not in text, text[:500]
        assert len(text) < 20_000 + 4 * len(data)


def _parts(data: bytes) -> tuple[str, dict[str, Any]]:
    try:
        document = json_text.parse(data, most_levels=50)  # no client can send more
        json.dumps(document, ensure_ascii=False).encode()  # nor half a surrogate pair
    except ValueError:
        document = None
    document = document if isinstance(document, Mapping) else {}
    tool, arguments = document.get("tool"), document.get("arguments")
    return (
        tool if isinstance(tool, str) and tool in NAMES - SLOW else "estimate",
        {str(name): value for name, value in arguments.items()}
        if isinstance(arguments, Mapping)
        else {"prompt": data.decode("utf-8", "replace")},
    )


@contextmanager
def running_server() -> Iterator[None]:
    """Connect an agent to a server of its own, and that to a stand-in service of its own."""
    with ExitStack() as stack:
        service = stack.enter_context(running_service(speed=2000, retry_after=0.05))
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        for patch in (
            surroundings(service, Path(home) / "home"),
            mock.patch.object(session, "limits", lambda: Limits(each=2000, day=1e9)),
            mock.patch.object(job_tools, "INTERVAL", 0.02),
        ):
            stack.enter_context(patch)
        _agents.append(stack.enter_context(connected_agent(service)))
        try:
            yield
        finally:
            _agents.clear()


def call(tool: str, **arguments: object) -> bytes:
    """Return the input of a call."""
    return json.dumps({"tool": tool, "arguments": arguments}).encode()


TARGETS = (
    Target(
        "agent_tools",
        try_call,
        (
            call(
                "estimate", prompt="a lamp", kind="model", preset="fast", mode="auto", name="Lamp"
            ),
            call("estimate", prompt="a lamp", images=["/nowhere/a.png"], pose="t_pose"),
            call("generate", quote_id="q", approved_credits=100, request_id="r1"),
            call("approve", job="0123456789ab", revision="r", approved_credits=100),
            call("revise", job="0123456789ab", revision="r", feedback="red", approved_credits=1),
            call("resume", job="0123456789ab", revision="r"),
            call("cancel", job="0123456789ab", revision="r"),
            call("jobs"),
            call("reference_image", image="/nowhere/a.png"),
            call("reference_image", image="~nobody-here/a.png"),
            call("estimate_transform", asset="m1", formats=["fbx"], folder="/nowhere"),
            call("library", kind="model"),
        ),
        is_json=True,
        memory=64 * MEGABYTE,
        setup=running_server,
    ),
)
