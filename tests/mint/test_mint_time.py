# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of Mint's time: where it is read, when it is asked again, and what is no time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from mint_blender.mint import errors, transport
from mint_blender.mint.errors import MintError, Unreachable

from .clock_helpers import ShiftedClocks, wait_until_closed
from .raw_server import RawServer, answer, raw_server

NOON = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC)
PROBLEM = {"type": "https://api.mint.gg/problems/any", "title": "No."}


def at(seconds: float = 0.0) -> str:
    """Return the Date of an answer so many seconds after noon."""
    return format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)


def lines(server: RawServer) -> list[str]:
    """Return method and path of the requests that a server has received."""
    return [received.line.rpartition(" ")[0] for received in server.received]


def test_mint_is_asked_once(make_client, clocks: ShiftedClocks):
    """A new connection asks `me`; for five minutes the answer is Mint's time, which goes on."""
    with raw_server(answer(Date=at())) as server:
        client = make_client(server.base_url)
        assert client.mint_time() == pytest.approx(NOON.timestamp(), abs=5)
        clocks.pass_seconds(290.0)
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 290, abs=5)
        assert lines(server) == ["GET /v1/me"]


@pytest.mark.parametrize("name", ["monotonic", "time"])
def test_an_old_answer_is_asked_again(make_client, clocks: ShiftedClocks, name):
    """Five minutes by either clock: one stands still during sleep, the other can be set."""
    with raw_server(answer(Date=at()), answer(Date=at(301))) as server:
        client = make_client(server.base_url)
        client.mint_time()
        clocks.shift[name] += 301.0
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 301, abs=5)
        assert (lines(server), server.connections) == (["GET /v1/me"] * 2, 1)


def test_any_answer_of_mint_shows_its_time(make_client):
    """What was asked anyway is not asked again, be it a refusal."""
    said = answer(PROBLEM, "404 Not Found", Date=at())
    with raw_server(answer({"id": "op_1"}, Date=at()), said) as server:
        client = make_client(server.base_url)
        client.poll("op_1")
        assert client.mint_time() == pytest.approx(NOON.timestamp(), abs=5)
        with pytest.raises(errors.NotFound):
            client.poll("op_1")
        assert client.mint_time() == pytest.approx(NOON.timestamp(), abs=5)
        assert lines(server) == ["GET /v1/operations/op_1"] * 2


@pytest.mark.parametrize(
    "said",
    [
        answer(b"<html>", "404 Not Found", Date=at()),
        answer(PROBLEM, "503 Service Unavailable", Date=at()),
        answer(b"<html>", Date=at()),
    ],
)
def test_an_answer_that_is_not_of_mint_shows_nothing(make_client, said):
    """After a gateway's answer Mint is asked, although the connection is the same."""
    with raw_server(answer(Date=at()), said, answer(Date=at(20))) as server:
        client = make_client(server.base_url)
        client.mint_time()
        with pytest.raises(MintError):
            client.poll("op_1")
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 20, abs=5)
        assert lines(server)[2:] == ["GET /v1/me"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_closed_connection_is_asked_again(make_client, secure, scheme):
    """The next request uses another connection, which leads somewhere else, maybe."""
    with raw_server(
        answer(Date=at()),
        answer(Date=at(30)),
        then_close=True,
        tls=secure if scheme == "https" else None,
    ) as server:
        client = make_client(server.base_url)
        client.mint_time()
        wait_until_closed(client)
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 30, abs=5)
        assert (lines(server), server.connections) == (["GET /v1/me"] * 2, 2)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found"])
def test_a_refusal_has_a_time(make_client, status):
    """The key may be refused, and `me` may not exist: the paid request will say so."""
    with raw_server(answer(PROBLEM, status, Date=at())) as server:
        client = make_client(server.base_url)
        assert client.mint_time() == pytest.approx(NOON.timestamp(), abs=5)
        assert client.mint_time() == pytest.approx(NOON.timestamp(), abs=5)
        assert lines(server) == ["GET /v1/me"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(b"<html>", "404 Not Found", Date=at()), errors.UnclearRefusal),
        (answer(b"", "401 Unauthorized", Date=at()), errors.KeyRefused),
        (answer(PROBLEM, "502 Bad Gateway", Date=at()), errors.ServiceError),
        (answer(PROBLEM, "429 Too Many Requests", Date=at()), errors.TooManyRequests),
        (answer(b"<html>", Date=at()), errors.InvalidResponse),
        (answer(b"", "302 Found", Date=at(), Location="/v1/me"), errors.InvalidResponse),
    ],
)
def test_other_answers_to_me_are_no_time(make_client, said, kind):
    """A gateway, a captive portal or a redirect has not Mint's clock."""
    with raw_server(said) as server:
        client = make_client(server.base_url)
        with pytest.raises(kind):
            client.mint_time()
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "headers", [{}, {"Date": "noon"}, {"Date": at(), "Age": "5"}, {"Date": at(-120)}]
)
def test_an_unusable_date_is_no_time(make_client, clocks: ShiftedClocks, headers):
    """None, one that cannot be read, a cache's, one before an earlier one: Mint is asked again."""
    with raw_server(answer(Date=at()), answer(**headers), answer(Date=at(302))) as server:
        client = make_client(server.base_url)
        client.mint_time()
        clocks.pass_seconds(301.0)
        with pytest.raises(Unreachable, match="its answer has no usable date"):
            client.mint_time()
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 302, abs=5)
        assert lines(server) == ["GET /v1/me"] * 3


def test_servers_of_mint_may_differ_by_a_minute(make_client):
    """A Date that is a little before an earlier one is used, and so is one with Age 0."""
    with raw_server(answer(Date=at()), answer(Date=at(-50), Age="0")) as server:
        client = make_client(server.base_url)
        client.usage()
        client.usage()
        assert client.mint_time() == pytest.approx(NOON.timestamp() - 50, abs=5)
        assert len(server.received) == 2


def test_an_answer_that_waited_while_the_computer_slept_is_no_time(
    make_client, clocks: ShiftedClocks, monkeypatch: pytest.MonkeyPatch
):
    """The age of an answer counts from its request: it may have arrived a day ago."""
    read_body = transport._read_body

    def read_later(*arguments):
        clocks.shift["time"] += 86_400.0
        return read_body(*arguments)

    with raw_server(answer(Date=at())) as server:
        client = make_client(server.base_url)
        monkeypatch.setattr(transport, "_read_body", read_later)
        with pytest.raises(Unreachable, match="its answer has no usable date"):
            client.mint_time()


def test_a_hash_tells_keys_apart(make_client):
    """It is the first half of HMAC-SHA-256 of the key without white space, with the salt."""
    base_url = "http://127.0.0.1:1/v1"
    one, other = (make_client(base_url, key) for key in ("sk-one", "sk-other"))
    assert one.key_hash("a") == make_client(base_url, " sk-one\n").key_hash("a")
    assert len({one.key_hash("a"), one.key_hash("b"), other.key_hash("a")}) == 3
    assert one.key_hash("a") == "4b939d6a1b27edd958574527b5555c03"


def test_the_time_is_read_with_real_clocks(client):
    """The stand-in's answers have a Date."""
    assert client.mint_time() == pytest.approx(time.time(), abs=60)
