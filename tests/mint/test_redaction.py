# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the API key is removed from every log record.

This covers messages, arguments, tracebacks and the libraries below, with any handler.
"""

from __future__ import annotations

import http.client
import logging
import traceback
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest

from mint_blender.mint import redaction
from mint_blender.mint.account import Account, Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import MintError

from ..key_search.spellings import KEY_TEXT
from .raw_server import answer, raw_server

SECRET = f"sk-live/4f9c+{KEY_TEXT}"


class Foreign(logging.Handler):
    """A handler of other code, which shows everything that a record holds."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
        self.lines.append(repr(record.__dict__))
        if record.exc_info:
            self.lines.append("".join(traceback.format_exception(*record.exc_info)))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    """Such a handler on the root logger, which accepts every level."""
    root, handler = logging.getLogger(), Foreign()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.covers("S-key-nowhere")
def test_the_key_is_removed_from_messages_arguments_and_tracebacks(foreign: Foreign) -> None:
    """This holds for our loggers and others; the rest of the line is unchanged."""
    Account.of({"MINT_API_KEY": f" {SECRET}\n"})
    for name in (
        "mint_blender.jobs.engine.scheduler",
        "urllib3.connectionpool",
        "requests",
        "somebody.else",
    ):
        log = logging.getLogger(name)
        log.debug("begun with %s at %d", SECRET, 7)
        log.info("headers: %s", {"Authorization": f"Bearer {SECRET}"})
        log.warning(f"{SECRET} %s")  # noqa: G004 - what must be caught
        log.warning("quoted: %s", quote(SECRET, safe=""))
        try:
            raise ValueError(f"Bearer {SECRET} is not allowed")
        except ValueError:
            log.exception("It broke", stack_info=True)
    assert SECRET not in foreign.text and quote(SECRET, safe="") not in foreign.text
    assert "begun with (key) at 7" in foreign.text
    assert "ValueError: Bearer (key) is not allowed" in foreign.text


def test_the_key_is_removed_from_library_logs(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """This covers urllib3 at DEBUG and the headers that Python's http.client prints on request."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with (
        raw_server(answer({"echo": SECRET}, "400 Bad Request")) as server,
        closing(Client(Origin.parse(server.base_url), SECRET)) as client,
    ):
        try:
            client.request("GET", "me")
        except MintError:
            logging.getLogger("mint_blender.test").exception("refused with %r", client.__dict__)
        assert server.received[0].headers["authorization"] == f"Bearer {SECRET}"
    printed = capsys.readouterr()
    assert "urllib3" in foreign.text
    assert SECRET not in foreign.text + printed.out + printed.err


def test_records_without_the_key_are_unchanged(foreign: Foreign) -> None:
    """Arguments and exceptions without the key stay as they are.

    A text too short to be a key is not searched for.
    """
    redaction.register_secret(SECRET)
    redaction.register_secret("the")
    try:
        raise KeyError("the lamp")
    except KeyError:
        logging.getLogger("somebody.else").exception("the %s", "mug")
    assert "'args': ('mug',)" in foreign.text and "KeyError: 'the lamp'" in foreign.text


def test_an_earlier_record_factory_is_kept_and_ours_is_installed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another add-on may have set its own factory; enabling ours twice does not wrap it twice."""
    made: list[str] = []

    class Marked(logging.LogRecord):
        def __init__(self, *arguments: object, **named: object) -> None:
            made.append(str(arguments[0]))
            super().__init__(*arguments, **named)  # type: ignore[arg-type]

    before = logging.getLogRecordFactory()
    try:
        logging.setLogRecordFactory(Marked)
        redaction.register_secret(SECRET)
        ours = logging.getLogRecordFactory()
        redaction.register_secret(SECRET + "-other")
        assert logging.getLogRecordFactory() is ours
        record = logging.getLogger("somebody").makeRecord(
            "somebody", 10, "file", 1, f"{SECRET}-other", (), None
        )
        assert (
            isinstance(record, Marked) and made == ["somebody"] and record.getMessage() == "(key)"
        )
    finally:
        logging.setLogRecordFactory(before)
