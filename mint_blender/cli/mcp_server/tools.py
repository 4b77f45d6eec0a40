# SPDX-License-Identifier: GPL-3.0-or-later
"""How a tool is registered, how its errors become sentences for the agent, and its paths."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations

from ...mint.redaction import redact
from .. import exits

Function = Callable[..., Awaitable[Any]]
F = TypeVar("F", bound=Function)
State = TypeVar("State")

READ_ONLY = ToolAnnotations(read_only_hint=True, open_world_hint=True)
"""The tool changes nothing, and may ask Mint."""
IRREVERSIBLE = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)
"""The tool takes what nothing brings back: Credits, or a job. The same call again does nothing."""

LONGEST_QUOTE = 300
"""Characters of an argument that an error quotes: of a longer one, the beginning and the end."""
LONGEST_TEXT = 2000
"""Characters of an error."""


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


class Server(MCPServer[State]):
    """The SDK's server, whose errors are short, also those about unknown tools and arguments."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[State, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool. Raises ToolError."""
        try:
            result = await super().call_tool(name, arguments, context)
        except ToolError as error:
            error.args = (shortened(str(error), [name, arguments]),)
            raise
        if isinstance(result, CallToolResult) and result.is_error:
            for content in result.content:
                if isinstance(content, TextContent):
                    content.text = shortened(content.text, arguments)
        return result


def shortened(text: str, arguments: object) -> str:
    """Return an error, in which the middle of each long argument is left out."""
    for value in sorted(_texts(arguments), key=len, reverse=True):
        if len(value) > LONGEST_QUOTE:
            text = text.replace(value, _cut(value, LONGEST_QUOTE))
    return _cut(text, LONGEST_TEXT)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _cut(text: str, longest: int) -> str:
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"


def with_sentences(function: F) -> F:
    """Return the same function, whose errors are sentences without a traceback or a key."""

    @functools.wraps(function)
    async def call(*arguments: Any, **named: Any) -> Any:
        try:
            return await function(*arguments, **named)
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001 - it is logged and reported
            text = str(error)
            if not isinstance(error, ToolError):
                text = exits.sentence(error, function.__name__, ": call jobs.")
            raise ToolError(redact(text)) from None

    return cast(F, call)


def absolute_path(text: str, complaint: str) -> Path:
    """Return the path that a text names, with the home folder in place of a leading ~.

    Raises:
        ToolError: It is not absolute: `complaint`. Or no file can have such a name.
    """
    try:
        path = Path(text).expanduser()
        if b"\0" in os.fsencode(path):
            raise ValueError("no file can have this name")
    except (RuntimeError, ValueError):  # no such user, or half a surrogate pair
        raise ToolError(f"{text!a} is not a valid path.") from None
    if not path.is_absolute():
        raise ToolError(complaint)
    return path
