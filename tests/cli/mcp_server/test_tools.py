# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of all tools together, their documentation and their pictures, and of `account`."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import re
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from mcp_types import ImageContent
from PIL import Image

from mint_blender.application import session
from mint_blender.cli.mcp_server import generate, server
from mint_blender.cli.mcp_server.answers import LONGEST_SIDE, picture_content
from mint_blender.cli.mcp_server.server import TOOLS
from mint_blender.cli.mcp_server.tools import LONGEST_TEXT, PATIENCE, READ_ONLY, Tool
from mint_blender.jobs.phases import Phase
from mint_blender.mint import redaction
from mint_blender.mint.account import BASE_URL_VARIABLE, KEY_VARIABLE
from mint_blender.mint.retry import RetryPolicy, call_with_retries
from mint_blender.mint.schema import Kind
from mint_blender.net import connection_errors

from ...jobs.other_process import OtherProcess
from ...mint_service.pictures import webp
from ...mint_service.runner import ThreadService
from ..command_runner import ROOT
from .agent import Agent, Connect, pictures_of
from .results import finished
from .test_decisions import lamp_at_preview
from .test_generate import LAMP, arguments

IRREVERSIBLE = {"generate", "approve", "revise", "resume", "retry", "cancel"}
READS_HERE = {"jobs", "wait"}
READS = {
    *("account", "library", "reference_image", "estimate", "estimate_transform", "animate_model"),
    *READS_HERE,
}


def test_hints_tell_what_a_tool_does(agent: Agent) -> None:
    """A client may run without asking only what changes nothing; `place` can replace a file."""
    listed = agent.portal.call(agent.client.list_tools)
    hints = {tool.name: tool.annotations for tool in listed.tools}
    assert set(hints) == IRREVERSIBLE | READS | {"place", "export"}
    for name, hint in hints.items():
        assert hint is not None
        assert hint.read_only_hint is (name in READS), name
        assert hint.open_world_hint is (name not in READS_HERE), name
        if name not in READS:
            assert hint.destructive_hint, name
            assert hint.idempotent_hint is (name in IRREVERSIBLE), name
    for tool in listed.tools:
        assert tool.title and tool.description and tool.description.endswith("."), tool.name
        assert "\n  " not in tool.description, tool.name
        assert not {"context", "decision", "ctx"} & set(tool.input_schema["properties"]), tool.name
    # a model reads them before its first word: 4,000 tokens at most, of four characters each
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


TOO_LONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("wait", {"jobs": [WORD]}, "."),
    ("wait", {"jobs": [WORDS]}, "."),
    ("approve", {"job": WORD, "revision": WORD, "approved_credits": 1}, "."),
    ("estimate", {"prompt": "a lamp", "images": [WORD]}, "needs an absolute path."),
    ("estimate", {"prompt": "a lamp", "preset": WORD}, ""),
    ("generate", {"quote_id": WORDS, "approved_credits": 1, "request_id": "a"}, "."),
    ("reference_image", {"image": "/" + WORD}, ""),
    (WORD, {}, ""),
)


def test_errors_quote_no_long_argument(agent: Agent) -> None:
    """What an agent has sent by mistake does not fill its memory a second time."""
    for tool, words, end in TOO_LONG:
        sentence = agent.refusal(tool, **words)
        assert len(sentence) < 1000
        assert sentence.endswith(end)
    sentence = agent.refusal("wait", jobs=[{"a": 1}] * 50)
    assert len(sentence) <= LONGEST_TEXT + len("…")
    assert sentence.startswith("Error executing tool wait: ")
    path = "folder/" * 30 + "lamp.png"
    assert path in agent.refusal("estimate", prompt="a lamp", images=[path])


def test_the_configuration_of_the_page() -> None:
    """It is JSON that can be copied, and a wrong name of a variable would be no limit at all."""
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    server = json.loads(block)["mcpServers"]["mint"]
    assert server["args"] == ["mcp"]
    assert set(server["env"]) <= VARIABLES
    assert set(re.findall(r"MINT_[A-Z_]+", TEXT)) == VARIABLES


def test_a_tool_does_not_wait_as_long_as_a_command(
    agent: Agent, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client would end the call first, and would know nothing."""
    waits: list[float] = []
    monkeypatch.setattr(session, "RETRIES", RetryPolicy())
    monkeypatch.setitem(call_with_retries.__kwdefaults__, "sleep", waits.append)
    monkeypatch.setitem(call_with_retries.__kwdefaults__, "clock", lambda: sum(waits))
    monkeypatch.setattr(connection_errors, "is_refused", lambda error: False)  # only silence
    service.stop()
    assert "Mint cannot be reached" in agent.refusal("estimate", prompt="a lamp")
    assert sum(waits) == pytest.approx(PATIENCE)


TEXT = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
LIMITS = {session.LIMIT_EACH_VARIABLE, session.LIMIT_DAY_VARIABLE}
VARIABLES = {KEY_VARIABLE, BASE_URL_VARIABLE, *LIMITS, "MINT_BLENDER_HOME"}


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


FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def content(path: Path) -> ImageContent | None:
    """Return the picture that an agent gets."""
    return anyio.run(picture_content, path)


def decoded(path: Path) -> Image.Image:
    """Return the pixels of the JPEG that an agent gets."""
    picture = content(path)
    assert picture is not None and picture.mime_type == "image/jpeg"
    return Image.open(io.BytesIO(base64.b64decode(picture.data)))


@pytest.mark.parametrize("format", FORMATS)
def test_pictures_are_sent_whole_or_scaled(tmp_path: Path, format: str) -> None:
    """A small one is sent as it is, with the type of its content, and a large one as a JPEG."""
    path = tmp_path / "preview.bin"
    Image.new("RGB", (512, 300), (200, 100, 0)).save(path, format)
    picture = content(path)
    assert picture is not None and picture.mime_type == FORMATS[format]
    assert base64.b64decode(picture.data) == path.read_bytes()
    Image.new("RGB", (3000, 1500), (200, 100, 0)).save(path, format)
    seen = decoded(path)
    assert seen.size == (LONGEST_SIDE, LONGEST_SIDE // 2)
    red, green, blue = cast(tuple[int, int, int], seen.getpixel((100, 100)))
    assert abs(red - 200) + abs(green - 100) + blue < 12
    for size in (200, 1000):
        Image.effect_noise((size, size), 100).convert("RGB").save(path, format)
        path.write_bytes(path.read_bytes()[:10_000])
        assert content(path) is None


def test_pictures_that_have_to_be_changed(tmp_path: Path) -> None:
    """Noise is compressed, and what is transparent becomes gray: black would hide a dark model."""
    path = tmp_path / "picture.png"
    Image.effect_noise((768, 768), 100).save(path)
    assert path.stat().st_size > 300_000
    noise = content(path)
    assert noise is not None and len(base64.b64decode(noise.data)) < path.stat().st_size
    Image.new("RGBA", (2000, 2000), (0, 0, 0, 0)).save(path)
    pixel = cast(tuple[int, int, int], decoded(path).getpixel((5, 5)))
    assert all(abs(value - 128) < 3 for value in pixel)
    for data in (b"", b"<html>", b"RIFF\x10\0\0\0WEBPVP8X", b"\x89PNG\r\n\x1a\n"):
        path.write_bytes(data)
        assert content(path) is None
    assert content(tmp_path / "missing.webp") is None


@pytest.mark.covers("S-agent")
def test_account_says_whose_credits_are_spent(
    agent: Agent, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Credits are those at Mint; a key that is refused or missing is an answer, too."""
    state, service = agent.ask("account"), agent.service
    assert {"key": "accepted", "base_url": service.api}.items() <= state.items()
    assert (state["credits_available"], state["credits_spent_today"]) == (service.credits(), 0)
    assert (state["limit_per_generation"], state["limit_per_day"]) == (2000, 5000)
    service.scenario(revoked=True)
    state = agent.ask("account")
    assert (state["key"], state["credits_available"]) == ("refused", None)
    assert state["problem"]
    monkeypatch.delenv("MINT_API_KEY")
    asked = len(service.requests())
    state = connect().ask("account")
    assert state["key"] == "missing" and "MINT_API_KEY" in state["problem"]
    assert len(service.requests()) == asked


def test_account_says_that_another_program_runs(agent: Agent, home: Path) -> None:
    """A process that may drive jobs holds a lock, as a Blender does."""
    assert agent.ask("account")["shares_jobs"] is False
    with OtherProcess(home) as other:
        assert other.ask("process")
        assert agent.ask("account")["shares_jobs"] is True
    assert agent.ask("account")["shares_jobs"] is False


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture that Mint accepts."""
    path = tmp_path / "lamp.webp"
    path.write_bytes(webp((1.0, 0.5, 0.0), 320, 200))
    return path


def test_a_picture_is_shown_and_can_be_passed(agent: Agent, picture: Path) -> None:
    """What is returned goes into an estimate as it is; nothing was uploaded before that."""
    result = agent.call("reference_image", image=str(picture))
    found = result.structured_content
    assert found is not None
    assert (found["format"], found["width"], found["height"]) == ("webp", 320, 200)
    assert pictures_of(result) == [picture.read_bytes()]
    assert agent.service.requests("POST") == []
    quote = agent.ask("estimate", **{**LAMP, "images": [found["image"]]})
    job = agent.ask("generate", **arguments(quote))
    agent.ask("wait", jobs=[job["job"]], seconds=60)
    assert len(agent.service.requests("POST", "/v1/reference-images")) == 1


def test_what_is_no_picture_for_mint(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal says why, and nothing of another file or of the local network is shown."""
    (tmp_path / "secret.txt").write_text("password")
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "large.webp").write_bytes(webp((0.0, 0.0, 1.0)) + os.urandom(6 * 2**20))
    monkeypatch.setattr(generate, "_is_local_service", lambda: False)
    for image, sentence in {
        str(tmp_path / "secret.txt"): "cannot be used",
        str(tmp_path / "cut.png"): "cannot be used",
        str(tmp_path / "large.webp"): "is 6.0 MB; Mint accepts at most 5 MB",
        str(tmp_path / "gone.png"): "cannot be read",
        str(tmp_path): "cannot be",
        "lamp.png": "absolute path",
        "ftp://example.org/lamp.png": "must be a file or an https:// address",
        "file:///etc/passwd": "must be a file or an https:// address",
        "https://127.0.0.1/a.png": "cannot be used",
        "https://192.168.0.1/a.png": "cannot be used",
    }.items():
        refusal = agent.refusal("reference_image", image=image)
        assert sentence in refusal and "password" not in refusal, image


def test_an_address_is_looked_at(agent: Agent) -> None:
    """It is downloaded for the check, and passed on as it is."""
    finished(agent)
    with session.open_client() as client:
        (model,) = client.page(Kind.MODEL).data
    assert model.assets is not None and model.assets.picture_url
    result = agent.call("reference_image", image=model.assets.picture_url)
    assert result.structured_content is not None
    assert result.structured_content["image"] == model.assets.picture_url
    assert len(pictures_of(result)) == 1
