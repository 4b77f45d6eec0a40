# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent: the SDK's client, connected to the server in memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp.client import Client
from mcp_types import CallToolResult, ImageContent, TextContent

from mint_blender.cli.mcp_server.server import make_server

from ...mint_service.runner import ThreadService


@dataclass(frozen=True)
class Agent:
    """Calls tools, and waits for each result. The key of the service is in none of them."""

    client: Client
    portal: BlockingPortal
    service: ThreadService

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """Return the whole result, which may be an error."""
        result = self.portal.call(partial(self.client.call_tool, tool, arguments))
        assert self.service.key not in result.model_dump_json()
        assert "Traceback" not in result.model_dump_json()
        return result

    def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the structured content of a result that is no error."""
        result = self.call(tool, **arguments)
        assert not result.is_error, text_of(result)
        assert result.structured_content is not None
        assert json.loads(json.dumps(result.structured_content)) == result.structured_content
        return result.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """Return the sentence of a result that is an error."""
        result = self.call(tool, **arguments)
        assert result.is_error, result.structured_content
        return text_of(result)


def text_of(result: CallToolResult) -> str:
    return "\n".join(each.text for each in result.content if isinstance(each, TextContent))


def pictures_of(result: CallToolResult) -> list[bytes]:
    return [
        base64.b64decode(each.data) for each in result.content if isinstance(each, ImageContent)
    ]


@contextmanager
def connected_agent(service: ThreadService, **options: Any) -> Iterator[Agent]:
    """Yield an agent with a server of its own; `options` are those of the SDK's client."""
    with start_blocking_portal() as portal:
        client = Client(make_server(), **options)
        with portal.wrap_async_context_manager(client):
            yield Agent(client, portal, service)


Connect = Callable[..., Agent]
