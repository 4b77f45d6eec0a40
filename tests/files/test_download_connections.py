# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to file hosts are kept for the next file: how many there are, and when they end."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from mint_blender.files.download import DownloadLimits
from mint_blender.files.errors import DownloadFailed, LinkExpired, Stopped

from ..mint.clock_helpers import wait_until
from ..mint.raw_server import running_proxy
from .downloading import CONTENT, Lamp, Time
from .downloading import Downloader as LocalDownloader
from .file_host import FileHost, Handler, Served, redirect, status

SCHEMES = ("http", "https")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Return a certificate authority that downloads trust."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    return made


@pytest.fixture(params=SCHEMES)
def host(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[FileHost]:
    """Run a file host, once without and once with TLS."""
    secure = request.param == "https"
    with FileHost(certificate=authority.issue_cert("127.0.0.1") if secure else None) as running:
        yield running


def close_unanswered(handler: Handler, _: Served) -> None:
    """Close the connection instead of an answer, as if it had just been closed for its age."""
    handler.close_connection = True


def serve_and_close(handler: Handler, served: Served) -> None:
    """Close the connection after the file, without having said so."""
    handler.serve(served)
    handler.close_connection = True


def break_in_headers(handler: Handler, _: Served) -> None:
    """Close the connection after the beginning of an answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    handler.close_connection = True


def test_files_one_after_the_other_use_one_connection(lamp: Lamp) -> None:
    """Twenty files, one connection, and with TLS one handshake."""
    for number in range(20):
        assert lamp.fetch_as(f"{number}.glb", CONTENT[number:]) == CONTENT[number:]
    assert (lamp.host.connections, len(lamp.asked)) == (1, 20)


def test_several_at_a_time_use_a_connection_each(lamp: Lamp) -> None:
    """Twenty files on four threads use at most four connections, and are not mixed."""
    with ThreadPoolExecutor(4) as threads:
        numbers = range(20)
        found = threads.map(lambda n: lamp.fetch_as(f"{n}.glb", CONTENT[n:]), numbers)
        assert list(found) == [CONTENT[number:] for number in numbers]
    assert 1 <= lamp.host.connections <= 4
    assert len(lamp.asked) == 20


def test_redirects_keep_the_connections_of_both_hosts(lamp: Lamp) -> None:
    """Another host gets a connection of its own. Both serve the next file, too."""
    with FileHost() as other:
        real = other.put("/real.glb", CONTENT)
        for number in range(5):
            lamp.fetch_as(f"{number}.glb", b"", faults=[redirect(real)])
        assert (lamp.host.connections, len(lamp.asked)) == (1, 5)
        assert (other.connections, len(other.asked)) == (1, 5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_tunnel_through_a_proxy_is_kept(
    scheme: str, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One tunnel serves all files, also through a proxy that has TLS itself."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("127.0.0.1")
    certificate.configure_cert(tls)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with (
        FileHost(certificate=certificate) as host,
        running_proxy(host.port, tls=tls if scheme == "https" else None) as proxy,
        LocalDownloader() as loader,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        for number in range(3):
            url = host.put(f"/{number}.glb", CONTENT * 5)
            target = loader.fetch(url, tmp_path / f"{number}.glb")
            assert target.read_bytes() == CONTENT * 5
        assert (len(proxy.asked), host.connections, len(host.asked)) == (1, 1, 3)


def test_a_large_answer_that_nobody_needs_is_not_read(lamp: Lamp) -> None:
    """The connection of a redirect with a large body is closed instead."""

    def large_redirect(handler: Handler, _: Served) -> None:
        handler.answer(302, bytes(2**24), {"Location": "/real.glb"})

    lamp.host.put("/real.glb", CONTENT)
    lamp.fetch(b"", faults=[large_redirect])
    assert lamp.host.connections == 2


@pytest.mark.parametrize("fault", [close_unanswered, break_in_headers])
def test_a_connection_that_breaks_is_replaced_after_a_pause(
    lamp: Lamp, time: Time, fault: Callable[..., None]
) -> None:
    """Be it new, or kept and closed by the host just then: the next try uses another one."""
    for number, name in enumerate(("a.glb", "b.glb"), start=1):
        assert lamp.fetch_as(name, faults=[fault]) == CONTENT
        assert (lamp.host.connections, len(lamp.asked)) == (1 + number, 2 * number)
    assert sum(time.pauses) == 2 * 0.5


def test_a_connection_that_the_host_has_closed_is_not_used(lamp: Lamp, time: Time) -> None:
    """The next file costs one request, on a new connection."""
    lamp.fetch_as("a.glb", faults=[serve_and_close])
    wait_until(lambda: lamp.host.open_connections == 0)
    lamp.fetch_as("b.glb")
    assert (lamp.host.connections, len(lamp.asked), time.pauses) == (2, 2, [])


def test_a_connection_is_not_used_after_a_long_pause(lamp: Lamp) -> None:
    """Servers and routers forget connections that nobody uses."""
    with LocalDownloader(DownloadLimits(idle=0.0)) as lamp.loader:
        for name in "abc":
            lamp.fetch_as(f"{name}.glb")
        wait_until(lambda: lamp.host.open_connections <= 1)
    assert lamp.host.connections == 3


def test_closing_closes_all_connections(lamp: Lamp) -> None:
    """Nothing stays open, and a later file gets a new connection."""
    lamp.fetch_as("a.glb")
    lamp.loader.close()
    wait_until(lambda: lamp.host.open_connections == 0)
    lamp.fetch_as("b.glb")
    lamp.loader.close()
    wait_until(lambda: lamp.host.open_connections == 0)
    assert lamp.host.connections == 2


def test_a_stopped_download_ends_its_connection(lamp: Lamp) -> None:
    """The rest of a file never becomes the beginning of the next answer."""
    lamp.fetch_as("a.glb")
    came: list[int] = []
    with pytest.raises(Stopped):
        lamp.load(
            lamp.put(CONTENT * 40),
            stop=lambda: came[-1:] > [0],
            progress=lambda done, _: came.append(done),
        )
    wait_until(lambda: lamp.host.open_connections == 0)
    assert lamp.fetch_as("c.glb") == CONTENT
    assert lamp.host.connections == 2


def test_an_error_does_not_spoil_the_next_answer(lamp: Lamp) -> None:
    """After an error page the next file is the right one."""
    for code, error in ((404, LinkExpired), (418, DownloadFailed)):
        with pytest.raises(error):
            lamp.fetch(faults=[status(code)])
    assert lamp.fetch() == CONTENT
