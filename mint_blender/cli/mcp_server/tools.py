# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tools share: jobs, Mint's client and a background Blender; errors that are sentences.

The job service belongs to one thread, and its calls may block. Tools run in an event loop, which
must not block: they hand functions to that thread and wait for the results.
"""

from __future__ import annotations

import functools
import inspect
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar, cast

import anyio.to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from mcp_types import Tool as McpTool

from ...application import session
from ...application.purchases import Purchase
from ...delivery import background
from ...delivery.background import BlenderPool
from ...jobs.service import JobService
from ...mint.client import Client
from ...mint.redaction import redact
from .. import exits

T = TypeVar("T")
Function = Callable[..., Awaitable[Any]]
F = TypeVar("F", bound=Function)
State = TypeVar("State")

PATIENCE = 30.0
"""Seconds in which Mint has to be reached: clients end calls that take much longer than 60."""

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

    async def list_tools(self) -> list[McpTool]:
        """Return the tools without the titles of arguments, which say their names once more."""
        tools = await super().list_tools()
        for tool in tools:
            tool.input_schema = _untitled(tool.input_schema)
        return tools

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


def _untitled(schema: Any) -> Any:
    """Return a JSON schema without its titles; an argument may be named so."""
    if isinstance(schema, list):
        return [_untitled(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _untitled(member)
        for name, member in schema.items()
        if name != "title" or isinstance(member, dict)
    }


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
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


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


# -- what tools work with


LIFETIME = 600.0
"""Seconds for which a quote can be used."""
ASK_AGAIN = "Nothing was started. Get a new quote, show its price to the person, and use that."


@dataclass
class Quote:
    """A purchase and its price; `credits` are None if Mint does not return a price."""

    id: str
    purchase: Purchase
    credits: float | None
    content: str
    expires_at: float
    used_for: str = ""

    @property
    def text(self) -> str:
        """What would be started, and for how much, for a person."""
        price = "Price unknown" if self.credits is None else f"About {self.credits:,.0f} Credits"
        return f"{self.purchase.title}. {price}."


class Quotes(dict[str, Quote]):
    """The quotes of this server, which a restart forgets: nothing is started with an unknown one.

    For the thread of the jobs: local pictures are read.
    """

    def add(self, purchase: Purchase, credits: float | None) -> Quote:
        """Return a new quote for a purchase."""
        now = time.monotonic()
        for quote in list(self.values()):
            if quote.expires_at <= now - LIFETIME:  # for a while, "expired" is a better answer
                del self[quote.id]
        quote = Quote(secrets.token_hex(8), purchase, credits, purchase.content(), now + LIFETIME)
        self[quote.id] = quote
        return quote

    def usable(self, quote_id: str) -> Quote:
        """Return a quote that can be used now.

        Raises:
            ToolError: It is unknown, used, expired, or what was quoted has changed.
        """
        quote = self.get(quote_id)
        if quote is None:
            problem = f"This server has not made the quote {quote_id}, or has forgotten it."
        elif quote.used_for:
            problem = f"This quote was used for the job {quote.used_for}."
        elif quote.expires_at <= time.monotonic():
            problem = "This quote has expired."
        elif quote.purchase.content() != quote.content:
            problem = "A reference image has changed since the quote."
        else:
            return quote
        raise ToolError(f"{problem} {ASK_AGAIN}")


class JobThread:
    """Runs functions with the job service, one after the other. A context manager.

    The job service is opened by the first function, so that the server also starts without a key,
    and is closed at the end.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="jobs")
        self._open = ExitStack()
        self._job_service: JobService | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.submit(self._open.close).result()
        self._pool.shutdown()

    async def run(self, use: Callable[[JobService], T]) -> T:
        """Return what a function returns for the job service, which knows the latest changes.

        Raises:
            MintError: There is no usable key.
            NotAllowedOnline: Blender may not go online.
            JournalError: The journal cannot be opened or read.
        """

        def call() -> T:
            if self._job_service is None:
                self._job_service = self._opened()
            self._job_service.catch_up()
            return use(self._job_service)

        future = self._pool.submit(call)
        return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True)

    def _opened(self) -> JobService:
        with ExitStack() as opening:
            readable = frozenset(background.readable_extensions() or ())
            job_service = opening.enter_context(
                session.open_job_service(readable=readable, waits_for_owner=False)
            )
            # the tools ask, on other threads: this one must not wait inside a commit
            job_service.ask_price = lambda query: None
            job_service.unfinished.resume_all()
            self._open = opening.pop_all()
        return job_service


@dataclass(frozen=True)
class ServerState:
    """What tools work with: jobs, a background Blender, quotes, and what the client has seen."""

    jobs: JobThread
    blenders: BlenderPool
    """Writes and renders results; it is started for the first of them."""
    quotes: Quotes = field(default_factory=Quotes)
    seen: dict[str, str] = field(default_factory=dict)
    """By job: the state in which a tool has last returned it."""


ToolContext: TypeAlias = Context[ServerState, Any]


def state_of(context: ToolContext) -> ServerState:
    """Return the state of the server that a tool was called on."""
    return context.request_context.lifespan_context


async def with_jobs(context: ToolContext, use: Callable[[JobService], T]) -> T:
    """Return what a function returns for the job service; it runs on the thread of the jobs.

    It must be quick. Raises as `JobThread.run`, and what the function raises.
    """
    return await state_of(context).jobs.run(use)


async def with_client(use: Callable[[Client], T]) -> T:
    """Return what a function returns for a client; it runs on another thread, and may be slow.

    Raises:
        MintError: Mint cannot be asked, or has refused.
        NotAllowedOnline: Blender may not go online.
    """

    def ask() -> T:
        with session.open_client() as client:
            return session.call_mint(lambda: use(client), patience=PATIENCE)

    return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
