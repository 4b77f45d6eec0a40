# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the API key goes only to the API's own address and is never shown."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import InvalidResponse, KeyMissing, KeyUnusable, MintError
from mint_blender.mint.schema import Kind

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


def test_whitespace_around_a_key_is_ignored(make_client):
    """A key is often pasted with a line break at its end."""
    with raw_server() as server:
        make_client(server.base_url, key=f"  {KEY}\r\n").request("GET", "me")
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


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


@pytest.mark.covers("S-key-repeated")
@pytest.mark.parametrize(
    "said",
    [
        answer(
            {
                "type": KEY,
                "title": KEY,
                "detail": f"Bad key {KEY}",
                "errors": [{"path": f"/{KEY}", "message": KEY}],
            },
            "401 Unauthorized",
        ),
        answer(
            {"error": "invalid_token", "error_description": f"{KEY} is unknown"}, "401 Unauthorized"
        ),
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


def test_no_error_of_a_failed_connection_contains_the_key(make_client):
    """No part of an error without a response contains the key."""
    with pytest.raises(MintError) as raised:
        make_client(f"http://127.0.0.1:{unused_port()}/v1").request("GET", "me")
    assert KEY not in shown(raised.value)


def test_repr_and_str_do_not_contain_the_key(make_client):
    """No object that holds the key shows it as text."""
    client = make_client("https://api.mint.gg/v1")
    assert repr(client) == "Client(https://api.mint.gg/v1)"
    assert KEY not in f"{client} {client!r} {client._session.headers}"


@pytest.mark.covers("S-key-repeated")
@pytest.mark.parametrize(
    "spelling", [KEY, f"\\u{ord(KEY[0]):04x}{KEY[1:]}"], ids=["plain", "escaped"]
)
def test_an_answer_that_repeats_the_key_shows_it_nowhere(make_client, spelling):
    """A proxy repeats the headers of the request in an id and in a name."""
    document = json.dumps({"id": "m1SPELLING", "name": "a SPELLING lamp"})
    said = document.replace("SPELLING", spelling).encode()
    with raw_server(answer(said), answer(said)) as server:
        client = make_client(server.base_url)
        with pytest.raises(InvalidResponse) as raised:
            client.asset(Kind.MODEL, "m1")
        assert KEY not in str(raised.value)
        if spelling == KEY:
            data = make_client(server.base_url).request("GET", "models/m1").data
            assert data["name"] == "a (key) lamp"
