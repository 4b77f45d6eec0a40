# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log says of each request, where a connection fails, and the difference of the clocks."""

from __future__ import annotations

import logging
import re
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

from mint_blender.mint.errors import KeyRefused, Unreachable

from .raw_server import KEY, answer, raw_server, running_proxy, unused_port


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


def test_nothing_is_logged_by_default(make_client, caplog):
    """Requests are entries of level Info."""
    caplog.set_level(logging.WARNING, "mint_blender")
    with raw_server() as server:
        make_client(server.base_url).request("GET", "me")
    assert caplog.messages == []


@pytest.mark.parametrize("hours", [-26, 0, 26])
def test_the_difference_of_the_clocks_is_known(make_client, hours):
    """It comes from the Date of the latest response, also of a refusal."""
    date = format_datetime(datetime.now(UTC) - timedelta(hours=hours), usegmt=True)
    with raw_server(answer(Date=date), answer({}, "401 Unauthorized", Date=date)) as server:
        transport = make_client(server.base_url)
        assert transport.clock_offset is None
        transport.request("GET", "me")
        assert transport.clock_offset == pytest.approx(hours * 3600, abs=30)
        transport.clock_offset = None
        with pytest.raises(KeyRefused):
            transport.request("GET", "me")
        assert transport.clock_offset == pytest.approx(hours * 3600, abs=30)


@pytest.mark.parametrize(
    "date", ["yesterday", "", "Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "1 Jan 2026 00:00"]
)
def test_an_invalid_date_is_no_difference(make_client, date):
    """A date that cannot be read does not disturb the request."""
    with raw_server(answer(Date=date)) as server:
        transport = make_client(server.base_url)
        assert transport.request("GET", "me").data == {}
    assert transport.clock_offset is None


def failed_part(transport) -> str:
    """Return the part of the connection that a request fails at."""
    with pytest.raises(Unreachable) as caught:
        transport.request("GET", "me")
    return caught.value.part


def test_the_failed_part_of_a_connection_is_known(make_client, monkeypatch, tmp_path):
    """Network, TLS and proxy fail for different reasons and need different help."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    assert failed_part(make_client(f"http://127.0.0.1:{unused_port()}/v1")) == "network"
    with raw_server(tls=context) as server:
        assert failed_part(make_client(server.base_url)) == "tls"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
        assert failed_part(make_client(server.base_url)) == "tls"
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    for address in (f"http://127.0.0.1:{unused_port()}", "socks9://127.0.0.1:1", "http://"):
        monkeypatch.setenv("HTTPS_PROXY", address)
        assert failed_part(make_client("https://api.mint.test/v1")) == "proxy", address
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with running_proxy(0, refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert failed_part(make_client("https://api.mint.test/v1")) == "proxy"
