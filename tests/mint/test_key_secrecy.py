# SPDX-License-Identifier: GPL-3.0-or-later
"""The API key goes only to the API's own address and is shown nowhere."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from mint_blender.mint.base_url import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import KeyMissing, KeyUnusable, MintError
from mint_blender.mint.transport import Transport

from .raw_server import KEY, answer, raw_server, unused_port


def test_the_key_never_crosses_a_redirect(make_transport):
    """Neither to another origin nor to another port of the same host."""
    with raw_server() as elsewhere:
        redirect = answer(b"", "307 Temporary Redirect", Location=f"{elsewhere.base_url}/me")
        with raw_server(redirect) as server, pytest.raises(MintError):
            make_transport(server.base_url).request("POST", "models:generate", idempotency_key="k")
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert (elsewhere.connections, elsewhere.received) == (0, [])


@pytest.mark.parametrize("where", ["home", "named"])
def test_a_netrc_file_does_not_replace_the_key(make_transport, monkeypatch, tmp_path: Path, where):
    """The netrc file would replace the session's Authorization header in requests."""
    file = tmp_path / (".netrc" if where == "home" else "elsewhere")
    file.write_text(
        "machine 127.0.0.1 login somebody password netrc-secret\ndefault login any password netrc-secret\n"
    )
    file.chmod(0o600)
    if where == "named":
        monkeypatch.setenv("NETRC", str(file))
    with raw_server() as server:
        make_transport(server.base_url).request("GET", "me")
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["", "   ", "\n"])
def test_without_a_key_nothing_is_sent(key):
    """The sentence says where the key goes."""
    with raw_server() as server, pytest.raises(KeyMissing, match="MINT_API_KEY"):
        Transport(Origin.parse(server.base_url), key)
    assert server.connections == 0


@pytest.mark.parametrize(
    "key",
    ["sk-one two", "sk-one\nX-Evil: 1", "sk-\x00", "sk-clé", "sk-密钥", "sk-\x7f", "sk-\u200b1"],
)
def test_what_cannot_be_a_key_is_not_sent(key):
    """A broken copy is noticed here, in a sentence that does not repeat it."""
    with (
        raw_server() as server,
        pytest.raises(KeyUnusable, match="Copy the whole key again") as raised,
    ):
        Transport(Origin.parse(server.base_url), key)
    assert server.connections == 0
    assert "sk-" not in str(raised.value)


def test_space_around_a_key_does_not_matter(make_transport):
    """A key is often pasted with a line break at its end."""
    with raw_server() as server:
        make_transport(server.base_url, key=f"  {KEY}\r\n").request("GET", "me")
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


def shown(error: BaseException) -> str:
    """All that a log, a report or a traceback could show of an error."""
    seen = [error, error.__cause__, error.__context__]
    return " ".join(
        [
            *traceback.format_exception(error),
            *map(repr, seen),
            *map(str, seen),
            *(repr(vars(each)) for each in seen if each),
        ]
    )


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
def test_no_error_shows_the_key(make_transport, said):
    """Not even when the server repeats it."""
    with raw_server(said, then_close=True) as server, pytest.raises(MintError) as raised:
        make_transport(server.base_url).request("GET", "me")
    assert KEY not in shown(raised.value)


def test_no_error_of_a_failed_connection_shows_the_key(make_transport):
    """Nobody answered, so nobody should read it in the log either."""
    with pytest.raises(MintError) as raised:
        make_transport(f"http://127.0.0.1:{unused_port()}/v1").request("GET", "me")
    assert KEY not in shown(raised.value)


def test_nothing_shows_the_key_by_itself(make_transport):
    """The texts of repr and str do not contain the key."""
    transport = make_transport("https://api.mint.gg/v1")
    client = Client(transport)
    assert repr(client) == "Client(Transport(https://api.mint.gg/v1))"
    assert KEY not in f"{transport} {transport!r} {client} {client!r} {transport._session.headers}"
