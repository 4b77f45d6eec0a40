# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of Mint's time, and of requests that may not be sent long after it or over another connection."""

from __future__ import annotations

import socket
import ssl
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from mint_blender.mint import errors, transport
from mint_blender.mint.client import Client
from mint_blender.mint.errors import MintError, NotSent, Unreachable
from mint_blender.mint.schema import Kind

from .clock_helpers import ShiftedClocks, wait_until_closed
from .raw_server import RawServer, answer, raw_server, running_proxy

pytestmark = pytest.mark.usefixtures("clocks")
NOON = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC)
PROBLEM = {"type": "https://api.mint.gg/problems/any", "title": "No."}


def at(seconds: float = 0.0) -> str:
    """Return the Date of an answer so many seconds after noon."""
    return format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest, secure: ssl.SSLContext) -> ssl.SSLContext | None:
    """Return the TLS settings of a server, once without and once with TLS."""
    return secure if request.param == "https" else None


def methods(server: RawServer) -> list[str]:
    """Return the methods of the requests that a server has received."""
    return [received.line.split()[0] for received in server.received]


def lines(server: RawServer) -> list[str]:
    """Return method and path of the requests that a server has received."""
    return [received.line.rpartition(" ")[0] for received in server.received]


def test_mint_is_asked_once(connect, clocks: ShiftedClocks):
    """A new connection asks `me`; for five minutes the answer is Mint's time, which goes on."""
    with connect(answer(Date=at())) as (server, client):
        assert client.mint_time() == NOON.timestamp()
        clocks.pass_seconds(290.0)
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 290, abs=5)
        assert lines(server) == ["GET /v1/me"]


@pytest.mark.parametrize("name", ["monotonic", "time"])
def test_an_old_answer_is_asked_again(connect, clocks: ShiftedClocks, name):
    """Five minutes by either clock: one stands still during sleep, the other can be set."""
    with connect(answer(Date=at()), answer(Date=at(301))) as (server, client):
        client.mint_time()
        clocks.shift[name] += 301.0
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 301, abs=5)
        assert (lines(server), server.connections) == (["GET /v1/me"] * 2, 1)


def test_time_that_was_read_just_now(connect, clocks: ShiftedClocks):
    """A clock that was set ahead since the latest answer does not count."""
    with connect(answer(Date=at()), answer(Date=at(1))) as (server, client):
        client.mint_time()
        clocks.shift["time"] += 200.0
        assert client.mint_time(is_fresh=True) == pytest.approx(NOON.timestamp() + 1, abs=5)
        assert lines(server) == ["GET /v1/me"] * 2


def test_any_answer_of_mint_shows_its_time(connect):
    """What was asked anyway is not asked again, be it a refusal."""
    said = answer(PROBLEM, "404 Not Found", Date=at())
    with connect(answer({"id": "op_1"}, Date=at()), said) as (server, client):
        client.poll("op_1")
        assert client.mint_time() == NOON.timestamp()
        with pytest.raises(errors.NotFound):
            client.poll("op_1")
        assert client.mint_time() == NOON.timestamp()
        assert lines(server) == ["GET /v1/operations/op_1"] * 2


@pytest.mark.parametrize(
    "said",
    [
        answer(b"<html>", "404 Not Found", Date=at()),
        answer(PROBLEM, "503 Service Unavailable", Date=at()),
        answer(b"<html>", Date=at()),
    ],
)
def test_an_answer_that_is_not_of_mint_shows_nothing(connect, said):
    """After a gateway's answer Mint is asked, although the connection is the same."""
    with connect(answer(Date=at()), said, answer(Date=at(20))) as (server, client):
        client.mint_time()
        with pytest.raises(MintError):
            client.poll("op_1")
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 20, abs=5)
        assert lines(server)[2:] == ["GET /v1/me"]


@pytest.mark.parametrize("hours", [-26, 0, 26])
def test_the_difference_of_the_clocks_is_known(connect, hours):
    """It comes from the Date of the latest answer, also of a refusal."""
    now = datetime.now(UTC)
    dates = [
        format_datetime(now - timedelta(hours=hours, minutes=minutes), usegmt=True)
        for minutes in (0, -5)
    ]
    refused = answer(PROBLEM, "401 Unauthorized", Date=dates[1])
    with connect(answer(Date=dates[0]), refused) as (_, client):
        assert client.clock_offset is None
        client.request("GET", "me")
        assert client.clock_offset == pytest.approx(hours * 3600, abs=30)
        with pytest.raises(errors.KeyRefused):
            client.request("GET", "me")
        assert client.clock_offset == pytest.approx(hours * 3600 - 300, abs=30)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((b"<html>", f"{status} Any") for status in (302, 200, 404, 502)),
        *((document, "200 OK") for document in ({"status": "ok"}, {"message": "Welcome"}, {})),
    ],
)
def test_a_gateway_does_not_set_the_clock(connect, body, status):
    """It may say that it is 1970: today would have cost nothing yet. Or 2038, for ever."""
    portal = answer(body, status, Date="Thu, 01 Jan 1970 00:00:00 GMT", Location="/sign-in")
    with connect(portal) as (_, client):
        with nullcontext() if isinstance(body, dict) else pytest.raises(MintError):
            client.request("GET", "usage")
        assert client.clock_offset is None


def test_a_closed_connection_is_asked_again(connect, tls):
    """The next request uses another connection, which leads somewhere else, maybe."""
    said = (answer(Date=at()), answer(Date=at(30)))
    with connect(*said, then_close=True, tls=tls) as (server, client):
        client.mint_time()
        wait_until_closed(client)
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 30, abs=5)
        assert (lines(server), server.connections) == (["GET /v1/me"] * 2, 2)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found"])
def test_a_refusal_has_a_time(connect, status):
    """The key may be refused, and `me` may not exist: the paid request will say so."""
    with connect(answer(PROBLEM, status, Date=at())) as (server, client):
        assert client.mint_time() == NOON.timestamp()
        assert client.mint_time() == NOON.timestamp()
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
def test_other_answers_to_me_are_no_time(connect, said, kind):
    """A gateway, a captive portal or a redirect has not Mint's clock."""
    with connect(said) as (server, client):
        with pytest.raises(kind):
            client.mint_time()
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "headers",
    [
        *({}, {"Date": "noon"}, {"Date": "Thu, 01 Jan 99999999999999999999 00:00:00 GMT"}),
        *({"Date": at(), "Age": "5"}, {"Date": at(-120)}),
    ],
)
def test_an_unusable_date_is_no_time(connect, clocks: ShiftedClocks, headers):
    """None, one that cannot be read, a cache's, one before an earlier one: Mint is asked again."""
    with connect(answer(Date=at()), answer(**headers), answer(Date=at(302))) as (server, client):
        client.mint_time()
        clocks.pass_seconds(301.0)
        with pytest.raises(Unreachable, match="its answer has no usable date"):
            client.mint_time()
        assert client.mint_time() == pytest.approx(NOON.timestamp() + 302, abs=5)
        assert lines(server) == ["GET /v1/me"] * 3


def test_servers_of_mint_may_differ_by_a_minute(connect):
    """A Date that is a little before an earlier one is used, and so is one with Age 0."""
    with connect(answer(Date=at()), answer(Date=at(-50), Age="0")) as (server, client):
        client.usage()
        client.usage()
        assert client.mint_time() == pytest.approx(NOON.timestamp() - 50, abs=5)
        assert len(server.received) == 2


def test_an_answer_that_waited_while_the_computer_slept_is_no_time(
    connect, clocks: ShiftedClocks, monkeypatch: pytest.MonkeyPatch
):
    """The age of an answer counts from its request: it may have arrived a day ago."""
    read_body = transport._read_body

    def read_later(*arguments):
        clocks.shift["time"] += 86_400.0
        return read_body(*arguments)

    with connect(answer(Date=at())) as (_, client):
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


# -- tests of requests that may not be sent: over another connection, or after the computer slept


DAY = 86_400.0
NOW = format_datetime(datetime.now(UTC), usegmt=True)
ME = answer(Date=NOW)
STARTED = answer({"id": "op_1"}, Date=NOW)


def start(client: Client) -> None:
    """Send a paid request over the connection that is open."""
    with client.on_this_connection():
        client.pay("start", Kind.MODEL, "", {"prompt": "a lamp"}, key="start-1")


def assert_not_sent(client: Client) -> None:
    """A start raises NotSent, which may be tried again."""
    with pytest.raises(NotSent, match="the connection was lost before the request was sent") as got:
        start(client)
    assert got.value.retryable


def test_a_start_uses_the_connection_of_the_time(connect, tls):
    """Mint's time and the start are one connection."""
    with connect(ME, STARTED, tls=tls) as (server, client):
        client.mint_time()
        start(client)
        assert (methods(server), server.connections) == (["GET", "POST"], 1)


def test_a_start_opens_no_other_tunnel(make_client, monkeypatch, secure):
    """A proxy is not asked for another connection either."""
    monkeypatch.setenv("NO_PROXY", "")
    with raw_server(ME, then_close=True, tls=secure) as server, running_proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = make_client("https://mint.test/v1")
        client.mint_time()
        wait_until_closed(client)
        assert_not_sent(client)
        assert (methods(server), len(proxy.asked)) == (["GET"], 1)


def test_a_start_takes_no_other_way(make_client, monkeypatch, secure):
    """After the proxy has changed, the way of the time is not the way of the start."""
    with (
        raw_server(ME, STARTED, tls=secure) as server,
        running_proxy(server.port) as one,
        running_proxy(server.port) as other,
    ):
        client = make_client("https://mint.test/v1")
        monkeypatch.setenv("HTTPS_PROXY", one.url)
        client.mint_time()
        monkeypatch.setenv("HTTPS_PROXY", other.url)
        assert_not_sent(client)
        assert (methods(server), len(other.asked)) == (["GET"], 0)
        client.mint_time()
        start(client)
        assert (methods(server), len(other.asked)) == (["GET", "GET", "POST"], 1)


def test_a_start_opens_no_other_connection(connect, tls):
    """Neither before Mint's time is known, nor after the server has closed that connection."""
    with connect(STARTED, then_close=True, tls=tls) as (server, client):
        assert_not_sent(client)
        assert server.connections == 0
        client.mint_time()
        wait_until_closed(client)
        assert_not_sent(client)
        assert (methods(server), server.connections) == (["GET"], 1)
        client.mint_time()
        wait_until_closed(client)
        client.pay("start", Kind.MODEL, "", {"prompt": "a lamp"}, key="start-1")
        assert methods(server) == ["GET", "GET", "POST"]


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("name", ["time", "monotonic"])
def test_a_computer_that_slept_before_the_start_sends_nothing(
    connect, clocks: ShiftedClocks, name, is_closed
):
    """A day lies between Mint's time and the start; a proxy may have kept the connection."""
    with connect(ME, STARTED, then_close=is_closed) as (server, client):
        client.mint_time()
        if is_closed:
            wait_until_closed(client)
        clocks.shift[name] += DAY
        assert_not_sent(client)
        assert methods(server) == ["GET"]


def sleeps_in(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, clocks: ShiftedClocks, clock: str
) -> None:
    """Let a day pass on a clock after a function of the connection was called."""
    real = getattr(owner, name)

    def slow(*arguments, **more):
        result = real(*arguments, **more)
        clocks.shift[clock] += DAY
        return result

    monkeypatch.setattr(owner, name, slow)


@pytest.mark.parametrize("clock", ["time", "monotonic"])
@pytest.mark.parametrize(
    ("owner", "name"),
    [(socket, "getaddrinfo"), (socket.socket, "connect"), (ssl.SSLContext, "wrap_socket")],
)
@pytest.mark.parametrize("again", [False, True])
def test_a_computer_that_slept_while_it_connected_sends_nothing(
    connect, monkeypatch, secure, clocks: ShiftedClocks, owner, name, clock, again
):
    """The deadline is checked before the first byte, after DNS, TCP and TLS."""
    with connect(*[LAST][:again], STARTED, then_close=again, tls=secure) as (server, client):
        if again:
            client.mint_time()
        with monkeypatch.context() as patched:
            sleeps_in(patched, owner, name, clocks, clock)
            if again:
                assert_not_sent(client)
            else:
                with pytest.raises(NotSent):
                    client.pay("start", Kind.MODEL, "", {"prompt": "a lamp"}, key="start-1")
        assert methods(server) == ["GET"] * again


def test_a_computer_that_slept_in_the_middle_sends_no_more(
    connect, monkeypatch, clocks: ShiftedClocks
):
    """The rest of a request is not sent a day later; whether Mint has it is not known."""
    with connect(STARTED) as (server, client):
        client.mint_time()
        with monkeypatch.context() as patched:
            sleeps_in(patched, socket.socket, "send", clocks, "time")
            with pytest.raises(Unreachable, match="no response in time") as got:
                start(client)
        assert not isinstance(got.value, NotSent)
    assert [received.body for received in server.received] == [b"", b""]


@pytest.mark.parametrize("seconds", [-DAY, 170.0])
def test_a_clock_that_is_set_stops_no_start(connect, clocks: ShiftedClocks, seconds):
    """Back, or forward by less than the time that a call may take."""
    with connect(ME, STARTED) as (server, client):
        client.mint_time()
        clocks.shift["time"] += seconds
        start(client)
        assert methods(server) == ["GET", "POST"]


LAST = answer(Date=NOW, Connection="close")
LAST_BY_HTTP_1_0 = LAST.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Connection: close\r\n", b"")


@pytest.mark.parametrize("last", [LAST, LAST_BY_HTTP_1_0], ids=["close", "HTTP/1.0"])
def test_a_server_that_closes_each_connection(connect, tls, last):
    """Mint's time is read once more, and the start has a connection of its own right after it."""
    with connect(last, last, STARTED, then_close=True, tls=tls) as (server, client):
        client.mint_time()
        client.mint_time()
        start(client)
        assert (methods(server), server.connections) == (["GET", "GET", "POST"], 3)


@pytest.mark.parametrize("clock", ["time", "monotonic"])
@pytest.mark.parametrize(("seconds", "is_sent"), [(29.0, True), (31.0, False)])
def test_a_start_on_a_connection_of_its_own_needs_mint_s_time_of_just_now(
    connect, clocks: ShiftedClocks, clock, seconds, is_sent
):
    """The connection itself no longer shows that the computer has not slept."""
    with connect(LAST, STARTED, then_close=True) as (server, client):
        client.mint_time()
        clocks.shift[clock] += seconds
        if is_sent:
            start(client)
        else:
            assert_not_sent(client)
        assert methods(server) == ["GET", "POST"][: 1 + is_sent]


def test_a_server_that_keeps_the_connection_again(connect):
    """What an earlier answer has said about its connection counts no longer."""
    with connect(LAST, ME, then_close=True) as (_, client):
        client.mint_time()
        client.mint_time()
        wait_until_closed(client)
        assert_not_sent(client)


def test_a_client_that_was_stopped_has_no_time(connect):
    """Nothing is begun any more, not even with a time that is known."""
    with connect(ME) as (server, client):
        client.mint_time()
        client.stop()
        with pytest.raises(Unreachable, match="the request was stopped"):
            client.mint_time()
        assert methods(server) == ["GET"]
