# SPDX-License-Identifier: GPL-3.0-or-later
"""The key is shown nowhere: requests, errors and the log; and what the log of requests says."""

from __future__ import annotations

import http.client
import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from mint_blender.mint import redaction
from mint_blender.mint.account import Account, Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import (
    InvalidResponse,
    KeyMissing,
    KeyRefused,
    KeyUnusable,
    MintError,
    Unreachable,
)
from mint_blender.mint.schema import Kind

from ..key_search.spellings import KEY_TEXT
from .raw_server import KEY, answer, raw_server, unused_port


@pytest.mark.covers("C1-redirects", "S-key-origin")
def test_the_key_is_not_sent_to_a_redirect(make_client):
    """A redirect to another origin or another port of the same host is not followed."""
    with raw_server() as elsewhere:
        redirect = answer(b"", "307 Temporary Redirect", Location=f"{elsewhere.base_url}/me")
        with raw_server(redirect) as server, pytest.raises(MintError):
            make_client(server.base_url).request("POST", "models:generate", idempotency_key="k")
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert (elsewhere.connections, elsewhere.received) == (0, [])


@pytest.mark.parametrize("where", ["home", "named"])
def test_a_netrc_file_does_not_replace_the_key(make_client, monkeypatch, tmp_path: Path, where):
    """By default, requests would replace the Authorization header with a netrc entry."""
    file = tmp_path / (".netrc" if where == "home" else "elsewhere")
    file.write_text(
        "machine 127.0.0.1 login somebody password netrc-secret\ndefault login any password netrc-secret\n"
    )
    file.chmod(0o600)
    if where == "named":
        monkeypatch.setenv("NETRC", str(file))
    with raw_server() as server:
        make_client(server.base_url).request("GET", "me")
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["", "   ", "\n"])
def test_without_a_key_nothing_is_sent(key):
    """The message says where to enter the key."""
    with raw_server() as server, pytest.raises(KeyMissing, match="MINT_API_KEY"):
        Client(Origin.parse(server.base_url), key)
    assert server.connections == 0


@pytest.mark.parametrize(
    "key",
    ["sk-one two", "sk-one\nX-Evil: 1", "sk-\x00", "sk-clé", "sk-密钥", "sk-\x7f", "sk-\u200b1"],
)
def test_an_invalid_key_is_not_sent(key):
    """A badly copied key is rejected with a message that does not repeat it."""
    with (
        raw_server() as server,
        pytest.raises(KeyUnusable, match="Copy the whole key again") as raised,
    ):
        Client(Origin.parse(server.base_url), key)
    assert server.connections == 0
    assert "sk-" not in str(raised.value)


def shown(error: BaseException) -> str:
    """Return all that a log, a report or a traceback could show of an error."""
    seen = [error, error.__cause__, error.__context__]
    return " ".join(
        [
            *traceback.format_exception(error),
            *map(repr, seen),
            *map(str, seen),
            *(repr(vars(each)) for each in seen if each),
        ]
    )


REPEATED = {"type": KEY, "title": KEY, "detail": KEY, "errors": [{"path": KEY, "message": KEY}]}
OAUTH = {"error": "invalid_token", "error_description": f"{KEY} is unknown"}


@pytest.mark.covers("S-key-repeated")
@pytest.mark.parametrize(
    "said",
    [
        answer(REPEATED, "401 Unauthorized"),
        answer(OAUTH, "401 Unauthorized"),
        answer(f"<html>{KEY}</html>".encode(), "403 Forbidden"),
        answer(KEY.encode()),
        answer(b"", "302 Found", Location=f"https://example.org/?key={KEY}"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    ],
    ids=["problem", "oauth", "html", "text", "redirect", "broken"],
)
def test_no_error_of_a_response_contains_the_key(make_client, said):
    """This holds even when the server repeats the key."""
    with raw_server(said, then_close=True) as server, pytest.raises(MintError) as raised:
        make_client(server.base_url).request("GET", "me")
    assert KEY not in shown(raised.value)


def test_repr_and_str_do_not_contain_the_key(make_client):
    """No object that holds the key shows it as text."""
    client = make_client("https://api.mint.gg/v1")
    assert repr(client) == "Client(https://api.mint.gg/v1)"
    assert KEY not in f"{client} {client._connections!r}"


@pytest.mark.covers("S-key-repeated")
@pytest.mark.parametrize(
    "spelling", [KEY, f"\\u{ord(KEY[0]):04x}{KEY[1:]}"], ids=["plain", "escaped"]
)
def test_an_answer_that_repeats_the_key_shows_it_nowhere(connect, make_client, spelling):
    """A proxy repeats the headers of the request in an id and in a name."""
    document = json.dumps({"id": "m1SPELLING", "name": "a SPELLING lamp"})
    said = document.replace("SPELLING", spelling).encode()
    with connect(answer(said), answer(said)) as (server, client):
        with pytest.raises(InvalidResponse) as raised:
            client.asset(Kind.MODEL, "m1")
        assert KEY not in str(raised.value)
        if spelling == KEY:
            data = make_client(server.base_url).request("GET", "models/m1").data
            assert data["name"] == "a (key) lamp"


# -- tests of the log: what it says of each request, and that the API key is removed from it


def test_each_request_is_logged(make_client, caplog):
    """Method, path, status, request id and duration; neither the query nor the key."""
    caplog.set_level(logging.INFO, "mint_blender")
    with raw_server(answer(X_Request_Id="req-7")) as server:
        make_client(server.base_url).request("GET", "models", query={"cursor": "secret-cursor"})
    (line,) = caplog.messages
    assert re.fullmatch(r"GET /models: status 200, request id req-7, \d+\.\d\d s", line)
    assert "secret-cursor" not in caplog.text and KEY not in caplog.text


def test_refused_and_lost_requests_are_logged(make_client, caplog):
    """A refusal has its status, a failed connection its reason."""
    caplog.set_level(logging.INFO, "mint_blender")
    with (
        raw_server(answer({"detail": "no"}, "401 Unauthorized")) as server,
        pytest.raises(KeyRefused),
    ):
        make_client(server.base_url).request("GET", "me")
    with pytest.raises(Unreachable):
        make_client(f"http://127.0.0.1:{unused_port()}/v1").request("GET", "me")
    refused, lost = caplog.messages
    assert refused.startswith("GET /me: status 401, request id none")
    assert re.search(r"GET /me: failed after \d+\.\d\d s: .*refused the connection", lost)


# -- tests that the API key is removed from every log record


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
    """Arguments and exceptions without the key stay as they are."""
    redaction.register_secret(SECRET)
    redaction.register_secret("the")
    try:
        raise KeyError("the lamp")
    except KeyError:
        logging.getLogger("somebody.else").exception("the %s", "mug")
    assert "'args': ('mug',)" in foreign.text and "KeyError: 'the lamp'" in foreign.text


def test_an_earlier_record_factory_is_kept_and_ours_is_installed_once() -> None:
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
