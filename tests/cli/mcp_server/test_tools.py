# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of all tools together: their hints, and what an agent never sees."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from mint_blender.cli import session
from mint_blender.cli.mcp_server import server
from mint_blender.cli.mcp_server.state import PATIENCE
from mint_blender.cli.mcp_server.tools import LONGEST_TEXT, READ_ONLY, Tool
from mint_blender.mint import redaction
from mint_blender.mint.retry import RetryPolicy, call_with_retries

from ...mint_service.runner import ThreadService
from .agent import Agent, Connect

IRREVERSIBLE = {"generate", "approve", "revise", "resume", "retry", "cancel"}
READS_HERE = {"jobs", "wait"}
READS = {"account", "library", "reference_image", "estimate", "estimate_transform", *READS_HERE}


def test_hints_tell_what_a_tool_does(agent: Agent) -> None:
    """A client may run without asking only what changes nothing; `place` can replace a file."""
    listed = agent.portal.call(agent.client.list_tools).tools
    hints = {each.name: each.annotations for each in listed}
    assert set(hints) == IRREVERSIBLE | READS | {"place"}
    for name in IRREVERSIBLE | {"place"}:
        assert not hints[name].read_only_hint, name
        assert hints[name].destructive_hint, name
        assert hints[name].idempotent_hint is (name != "place"), name
        assert hints[name].open_world_hint, name
    for name in READS:
        assert hints[name].read_only_hint, name
        assert hints[name].open_world_hint is (name not in READS_HERE), name


def test_tools_describe_themselves(agent: Agent) -> None:
    """Each has a title, sentences, and no argument of the server's."""
    for tool in agent.portal.call(agent.client.list_tools).tools:
        assert tool.title, tool.name
        assert tool.description.endswith("."), tool.name
        assert "\n  " not in tool.description, tool.name
        assert not {"context", "decision", "ctx"} & set(tool.input_schema["properties"]), tool.name


def test_all_tools_together_are_short(agent: Agent) -> None:
    """A model reads them before its first word: 4,000 tokens at most, of four characters each."""
    listed = agent.portal.call(agent.client.list_tools)
    assert len(listed.model_dump_json(by_alias=True, exclude_none=True)) <= 16_000


def test_an_unexpected_error_is_a_sentence(
    connect: Connect,
    signed_in: ThreadService,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither the agent nor the log gets the key; the traceback is in the log alone."""
    key = signed_in.key
    redaction.register_secret(key)

    async def account_() -> None:
        """Fail."""
        raise RuntimeError(f"bug with {key}")

    account_.__name__ = "broken"
    monkeypatch.setattr(server, "TOOLS", (*server.TOOLS, Tool(account_, "Broken", READ_ONLY)))
    with caplog.at_level(logging.DEBUG):
        sentence = connect().refusal("broken")
    assert "Unexpected error (RuntimeError)" in sentence
    assert "mint.log" in sentence
    assert key not in caplog.text
    assert "bug with (key)" in caplog.text


LONG = 1_000_000
WORD, WORDS = "x" * LONG, "x " * (LONG // 2)


@pytest.mark.parametrize(
    ("tool", "arguments", "end"),
    [
        ("wait", {"jobs": [WORD]}, "."),
        ("wait", {"jobs": [WORDS]}, "."),
        ("approve", {"job": WORD, "revision": WORD, "approved_credits": 1}, "."),
        ("estimate", {"prompt": "a lamp", "images": [WORD]}, "needs an absolute path."),
        ("estimate", {"prompt": "a lamp", "preset": WORD}, ""),
        ("generate", {"quote_id": WORDS, "approved_credits": 1, "request_id": "a"}, "."),
        ("reference_image", {"image": "/" + WORD}, ""),
        (WORD, {}, ""),
    ],
)
def test_errors_quote_no_long_argument(
    agent: Agent, tool: str, arguments: dict[str, Any], end: str
) -> None:
    """What an agent has sent by mistake does not fill its memory a second time."""
    sentence = agent.refusal(tool, **arguments)
    assert len(sentence) < 1000
    assert sentence.endswith(end)


def test_a_long_error_keeps_its_beginning_and_its_end(agent: Agent) -> None:
    """Many wrong arguments make many sentences."""
    sentence = agent.refusal("wait", jobs=[{"a": 1}] * 50)
    assert len(sentence) <= LONGEST_TEXT + len("…")
    assert sentence.startswith("Error executing tool wait: ")


def test_a_short_argument_is_quoted_whole(agent: Agent) -> None:
    """A path of usual length stays one."""
    path = "folder/" * 30 + "lamp.png"
    assert path in agent.refusal("estimate", prompt="a lamp", images=[path])


def test_a_tool_does_not_wait_as_long_as_a_command(
    agent: Agent, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client would end the call first, and would know nothing."""
    waits: list[float] = []
    monkeypatch.setattr(session, "RETRIES", RetryPolicy())
    monkeypatch.setitem(call_with_retries.__kwdefaults__, "sleep", waits.append)
    monkeypatch.setitem(call_with_retries.__kwdefaults__, "clock", lambda: sum(waits))
    service.stop()
    assert "Mint cannot be reached" in agent.refusal("estimate", prompt="a lamp")
    assert sum(waits) == pytest.approx(PATIENCE)


@pytest.mark.covers("S-agent")
def test_the_key_is_in_no_file_and_no_log(
    agent: Agent, service: ThreadService, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when Mint refuses the key."""
    with caplog.at_level(logging.DEBUG):
        agent.ask("account")
        service.scenario(revoked=True)
        agent.ask("account")
        agent.refusal("estimate", prompt="a lamp")
    assert service.key not in caplog.text
    for file in home.rglob("*"):
        assert not file.is_file() or service.key.encode() not in file.read_bytes()
