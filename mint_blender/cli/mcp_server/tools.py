# SPDX-License-Identifier: GPL-3.0-or-later
"""How a tool is registered, and how its errors become sentences for the agent."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import ToolAnnotations

from ...jobs.diagnostics import log_file
from ...mint.redaction import redact
from .. import exits, session

log = logging.getLogger(__name__)

Function = Callable[..., Awaitable[Any]]
F = TypeVar("F", bound=Function)

READ_ONLY = ToolAnnotations(read_only_hint=True, open_world_hint=True)
"""The tool changes nothing, and may ask Mint."""
PAID_ONCE = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)
"""The tool spends Credits, which nothing brings back; the same call again does nothing more."""


@dataclass(frozen=True)
class Tool:
    """A tool: its function, whose docstring is the description for the agent, and its hints."""

    function: Function
    title: str
    hints: ToolAnnotations

    def add_to(self, server: MCPServer[Any]) -> None:
        """Register the tool under the name of its function."""
        server.add_tool(
            with_sentences(self.function),
            title=self.title,
            description=inspect.getdoc(self.function),
            annotations=self.hints,
        )


def with_sentences(function: F) -> F:
    """Return the same function, whose errors are sentences without a traceback or a key."""

    @functools.wraps(function)
    async def call(*arguments: Any, **named: Any) -> Any:
        try:
            return await function(*arguments, **named)
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001 - it is logged and reported
            raise ToolError(redact(_sentence(function.__name__, error))) from None

    return cast(F, call)


def _sentence(tool: str, error: Exception) -> str:
    if isinstance(error, ToolError) or exits.is_expected(error):
        return str(error)
    log.error("%s", tool, exc_info=error)
    if isinstance(error, OSError):
        return exits.unusable_file(error)
    return (
        f"Unexpected error ({type(error).__name__}). The details are in"
        f" {session.home() / log_file.NAME}. Jobs that were started are kept: call jobs."
    )
