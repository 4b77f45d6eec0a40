# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of proxies and CA bundles from the environment, with a real proxy and TLS server."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
import trustme

from mint_blender.mint.account import Origin
from mint_blender.mint.errors import Unreachable
from mint_blender.net.connection_errors import describe

from .raw_server import KEY, RawServer, answer, raw_server, running_proxy, unused_port

# A name that no name server resolves, so that it can be reached only through the proxy.
FAR = "mint.test"
BUNDLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]


@pytest.fixture
def secured(secure: ssl.SSLContext) -> Iterator[RawServer]:
    """A TLS server with a certificate that clients trust by REQUESTS_CA_BUNDLE."""
    with raw_server(tls=secure) as server:
        yield server


@pytest.mark.parametrize("name", BUNDLES)
def test_a_ca_bundle_from_the_environment_is_trusted(make_client, monkeypatch, secured, name):
    """The variables of requests, curl and OpenSSL are supported."""
    bundle = os.environ["REQUESTS_CA_BUNDLE"]
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv(name, bundle)
    make_client(secured.base_url).request("GET", "me")
    assert secured.received[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.covers("S-tls")
def test_an_unknown_certificate_is_rejected(make_client, monkeypatch, secured):
    """The key is not sent, and the message says what to do."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    said = r"certificate is not trusted .*REQUESTS_CA_BUNDLE"
    with pytest.raises(Unreachable, match=said) as raised:
        make_client(secured.base_url).request("GET", "me")
    assert (raised.value.part, secured.received) == ("tls", [])


@pytest.mark.covers("S-tls")
def test_a_certificate_for_another_name_is_rejected(make_client, secured):
    """A CA bundle makes an authority trusted, but not for every host name."""
    secured.host = "localhost"
    with pytest.raises(Unreachable, match="certificate is not trusted"):
        make_client(secured.base_url).request("GET", "me")
    assert secured.received == []


@pytest.mark.covers("S-tls")
def test_an_expired_certificate_is_rejected(make_client, monkeypatch, tmp_path):
    """The sentence says why it is not trusted."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    day, now = timedelta(days=1), datetime.now(UTC)
    expired = authority.issue_cert("127.0.0.1", not_before=now - 9 * day, not_after=now - day)
    expired.configure_cert(tls)
    with (
        raw_server(tls=tls) as server,
        pytest.raises(Unreachable, match=r"not trusted \(certificate has expired\)"),
    ):
        make_client(server.base_url).request("GET", "me")
    assert server.received == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        *((name, None, "the file in .*{name}.* does not exist") for name in BUNDLES),
        ("REQUESTS_CA_BUNDLE", "Roses are red", "{name}"),  # no certificates
    ],
)
def test_an_unusable_ca_bundle_is_reported(
    make_client, monkeypatch, secured, tmp_path, name, content, said
):
    """The message names the path that does not exist, or the file that is a poem."""
    file = tmp_path / "bundle.pem"
    if content:
        file.write_text(content)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv(name, str(file))
    with pytest.raises(Unreachable, match=said.format(name=name)) as raised:
        make_client(secured.base_url).request("GET", "me")
    assert raised.value.part == "tls"


@pytest.mark.covers("R-proxy")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_from_the_environment_is_used(make_client, monkeypatch, secured, name):
    """The proxy sees only the destination: the key is sent inside TLS."""
    with running_proxy(secured.port) as proxy:
        monkeypatch.setenv(name, proxy.url)
        transport = make_client(f"https://{FAR}/v1")
        assert [transport.request("GET", "me").data for _ in range(3)] == [{"owner": {}}] * 3
    assert [line.rpartition(" ")[0] for line in proxy.asked] == [f"CONNECT {FAR}:443"]
    assert KEY not in str(proxy.headers)
    assert [received.headers["authorization"] for received in secured.received] == [
        f"Bearer {KEY}"
    ] * 3


def test_proxy_credentials_are_sent_only_to_the_proxy(make_client, monkeypatch, secured):
    """The user name and password of the proxy are not sent to Mint."""
    with running_proxy(secured.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:pass@"))
        make_client(f"https://{FAR}/v1").request("GET", "me")
    assert proxy.headers[0]["proxy-authorization"].startswith("Basic ")
    assert "proxy-authorization" not in secured.received[0].headers


def test_no_proxy_bypasses_the_proxy(make_client, monkeypatch, secured):
    """Hosts in NO_PROXY are reached directly."""
    # as if the server were on another machine
    monkeypatch.setattr(Origin, "is_loopback", property(lambda origin: False))
    with running_proxy(secured.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        make_client(secured.base_url).request("GET", "me")
        assert len(proxy.asked) == 1
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        make_client(secured.base_url).request("GET", "me")
    assert len(proxy.asked) == 1
    assert len(secured.received) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_proxy_is_not_used_for_this_computer(make_client, monkeypatch, host):
    """Plain http through a proxy would show it the key."""
    with raw_server() as server, raw_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        server.host = host
        make_client(server.base_url).request("GET", "me")
    assert (len(server.received), proxy.connections) == (1, 0)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("407 Proxy Authentication Required", "requires a user name and password"),
        ("403 Forbidden", r"refused the connection \(status 403\)"),
        ("502 Bad Gateway", r"refused the connection \(status 502\)"),
    ],
)
def test_a_rejection_by_the_proxy_is_reported(make_client, monkeypatch, status, said):
    """The message names the proxy and does not contain its password."""
    refusal = answer(b"", status)
    with running_proxy(0, refusal) as proxy, pytest.raises(Unreachable, match=said) as raised:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:proxy-secret@"))
        make_client(f"https://{FAR}/v1").request("GET", "me")
    assert "proxy-secret" not in str(raised.value)
    assert raised.value.__suppress_context__ and raised.value.part == "proxy"


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://127.0.0.1:{port}", "does not respond"),
        ("http://", "is not a valid address"),
        ("socks5h://127.0.0.1:{port}", "is of an unsupported type"),
    ],
)
def test_an_unusable_proxy_is_reported(make_client, monkeypatch, proxy, said):
    """The proxy does not respond, is not a valid address, or is of an unsupported type."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.format(port=unused_port()))
    with pytest.raises(Unreachable, match=f"the proxy in HTTPS_PROXY, .*{said}") as raised:
        make_client(f"https://{FAR}/v1").request("GET", "me")
    assert raised.value.part == "proxy"


def test_tls_to_a_server_without_tls_is_reported(make_client):
    """An https address of a server that does not speak TLS raises Unreachable."""
    with (
        raw_server(greeting=b"220 ready\r\n") as server,
        pytest.raises(Unreachable, match="the TLS connection failed"),
    ):
        make_client(server.base_url.replace("http://", "https://")).request("GET", "me")


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "api.mint.gg was not found"),
        (OSError(101, "Network is unreachable"), "network is unreachable"),
        (
            requests.exceptions.ConnectTimeout("pool: secret"),
            "connecting to api.mint.gg:443 timed out",
        ),
        (ValueError("secret"), "the connection failed"),
    ],
)
def test_connection_errors_have_safe_messages(inner, said):
    """The messages are fixed texts, because the text of an exception may contain anything."""
    error = requests.exceptions.ConnectionError("secret")
    error.__context__ = inner
    found, part = describe(error, "api.mint.gg", 443)
    assert part == "network"
    assert found.startswith(said)
    assert "secret" not in found


def test_a_cycle_of_exceptions_ends():
    """The contexts of two exceptions may point at each other."""
    first, second = OSError("a"), OSError("b")
    first.__context__, second.__context__ = second, first
    assert describe(first, "api.mint.gg", 443) == ("the connection failed", "network")
