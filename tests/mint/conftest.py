# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests of the client: a clean environment, a service, and transports."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.transport import Timeouts

from ..mint_service.runner import ThreadService, running_service
from .clock_helpers import ShiftedClocks
from .generation_helpers import client_of
from .raw_server import KEY, RawServer, raw_server, server_context

LISTENED_TO = (
    *(f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL", "NO")),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NETRC"),
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the machine's proxies, CA bundles and netrc file from the environment."""
    for name in LISTENED_TO:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


Speaking = Callable[..., Client]


@pytest.fixture
def make_client() -> Iterator[Speaking]:
    """Return a function that makes clients with short time-outs and closes them at the end."""
    with ExitStack() as opened:

        def speak(base_url: str, key: str = KEY, timeouts: Timeouts = Timeouts(5.0, 5.0)) -> Client:
            client = Client(Origin.parse(base_url), key, timeouts=timeouts)
            return opened.enter_context(closing(client))

        yield speak


Connecting = Callable[..., AbstractContextManager[tuple[RawServer, Client]]]


@pytest.fixture
def connect(make_client: Speaking) -> Connecting:
    """Return a function that runs a raw server, and makes a client of it."""

    @contextmanager
    def connected(*answers: bytes, **how: Any) -> Iterator[tuple[RawServer, Client]]:
        with raw_server(*answers, **how) as server:
            yield server, make_client(server.base_url)

    return connected


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return the TLS settings of a server at 127.0.0.1 that clients trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    return server_context(authority, "127.0.0.1", "mint.test")


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> ShiftedClocks:
    """Return this computer's clocks, which a test can move."""
    return ShiftedClocks(monkeypatch)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """A stand-in Mint whose clock moves only when a test moves it."""
    with running_service(clock="manual", cancel="everywhere") as running:
        yield running


@pytest.fixture
def client(service: ThreadService) -> Iterator[Client]:
    client = client_of(service)
    yield client
    client.close()
