# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to file hosts are kept for the next file: how many there are, and when they end."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from mint_blender.files.download import Downloader
from mint_blender.files.errors import DownloadFailed, LinkExpired, Stopped

from ..mint.clock_helpers import wait_until
from ..mint.raw_server import running_proxy
from .downloading import CONTENT, DownloadLimits, Time
from .downloading import Downloader as LocalDownloader
from .file_host import FileHost, Handler, Served, redirect, status

ROOT = Path(__file__).resolve().parents[2]
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


def test_files_one_after_the_other_use_one_connection(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """Twenty files, one connection, and with TLS one handshake."""
    for number in range(20):
        url = host.put(f"/{number}.glb", CONTENT[number:])
        target = loader.fetch(url, tmp_path / f"{number}.glb")
        assert target.read_bytes() == CONTENT[number:]
    assert (host.connections, len(host.asked)) == (1, 20)


def test_several_at_a_time_use_a_connection_each(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """Twenty files on four threads use at most four connections, and are not mixed."""
    urls = [host.put(f"/{number}.glb", CONTENT[number:]) for number in range(20)]
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda url: loader.fetch(url, tmp_path / url.rpartition("/")[2]), urls)
        for number, path in enumerate(found):
            assert path.read_bytes() == CONTENT[number:]
    assert 1 <= host.connections <= 4
    assert len(host.asked) == 20


def test_redirects_keep_the_connections_of_both_hosts(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """Another host gets a connection of its own. Both serve the next file, too."""
    with FileHost() as other:
        real = other.put("/real.glb", CONTENT)
        for number in range(5):
            url = host.put(f"/{number}.glb", b"", faults=[redirect(real)])
            loader.fetch(url, tmp_path / f"{number}.glb")
        assert (host.connections, len(host.asked)) == (1, 5)
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


def test_a_large_answer_that_nobody_needs_is_not_read(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """The connection of a redirect with a large body is closed instead."""

    def large_redirect(handler: Handler, _: Served) -> None:
        handler.answer(302, bytes(2**24), {"Location": "/real.glb"})

    host.put("/real.glb", CONTENT)
    loader.fetch(host.put("/lamp.glb", b"", faults=[large_redirect]), tmp_path / "lamp.glb")
    assert host.connections == 2


@pytest.mark.parametrize("fault", [close_unanswered, break_in_headers])
def test_a_connection_that_breaks_is_replaced_after_a_pause(
    host: FileHost, loader: Downloader, time: Time, tmp_path: Path, fault: Callable[..., None]
) -> None:
    """Be it new, or kept and closed by the host just then: the next try uses another one."""
    for number, name in enumerate(("a.glb", "b.glb"), start=1):
        url = host.put(f"/{name}", CONTENT, faults=[fault])
        assert loader.fetch(url, tmp_path / name).read_bytes() == CONTENT
        assert (host.connections, len(host.asked)) == (1 + number, 2 * number)
    assert sum(time.pauses) == 2 * 0.5


def test_a_connection_that_the_host_has_closed_is_not_used(
    host: FileHost, loader: Downloader, time: Time, tmp_path: Path
) -> None:
    """The next file costs one request, on a new connection."""
    loader.fetch(host.put("/a.glb", CONTENT, faults=[serve_and_close]), tmp_path / "a.glb")
    wait_until(lambda: host.open_connections == 0)
    loader.fetch(host.put("/b.glb", CONTENT), tmp_path / "b.glb")
    assert (host.connections, len(host.asked), time.pauses) == (2, 2, [])


def test_a_connection_is_not_used_after_a_long_pause(host: FileHost, tmp_path: Path) -> None:
    """Servers and routers forget connections that nobody uses."""
    with LocalDownloader(DownloadLimits(idle=0.0)) as loader:
        for name in "abc":
            loader.fetch(host.put(f"/{name}.glb", CONTENT), tmp_path / f"{name}.glb")
        wait_until(lambda: host.open_connections <= 1)
    assert host.connections == 3


def test_closing_closes_all_connections(host: FileHost, tmp_path: Path) -> None:
    """Nothing stays open, and a later file gets a new connection."""
    with LocalDownloader() as loader:
        loader.fetch(host.put("/a.glb", CONTENT), tmp_path / "a.glb")
        loader.close()
        wait_until(lambda: host.open_connections == 0)
        loader.fetch(host.put("/b.glb", CONTENT), tmp_path / "b.glb")
    wait_until(lambda: host.open_connections == 0)
    assert host.connections == 2


def test_closing_does_not_wait_for_a_download(host: FileHost, tmp_path: Path) -> None:
    """A connection in use is closed when its file is complete."""
    with LocalDownloader() as loader:
        loader.fetch(
            host.put("/a.glb", CONTENT), tmp_path / "a.glb", progress=lambda *_: loader.close()
        )
        wait_until(lambda: host.open_connections == 0)
    assert (tmp_path / "a.glb").read_bytes() == CONTENT


def test_a_stopped_download_ends_its_connection(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """The rest of a file never becomes the beginning of the next answer."""
    loader.fetch(host.put("/a.glb", CONTENT), tmp_path / "a.glb")
    came: list[int] = []
    with pytest.raises(Stopped):
        loader.fetch(
            host.put("/b.glb", CONTENT * 40),
            tmp_path / "b.glb",
            stop=lambda: came[-1:] > [0],
            progress=lambda done, _: came.append(done),
        )
    wait_until(lambda: host.open_connections == 0)
    loader.fetch(host.put("/c.glb", CONTENT), tmp_path / "c.glb")
    assert (tmp_path / "c.glb").read_bytes() == CONTENT
    assert host.connections == 2


def test_an_error_does_not_spoil_the_next_answer(
    host: FileHost, loader: Downloader, tmp_path: Path
) -> None:
    """After an error page the next file is the right one."""
    for code, error in ((404, LinkExpired), (418, DownloadFailed)):
        with pytest.raises(error):
            url = host.put("/a.glb", CONTENT, faults=[status(code)])
            loader.fetch(url, tmp_path / "a.glb")
    assert loader.fetch(host.url("/a.glb"), tmp_path / "a.glb").read_bytes() == CONTENT


FORKING = """
import os, sys
from pathlib import Path
from mint_blender.files.download import Downloader

url, folder = sys.argv[1], Path(sys.argv[2])
loader = Downloader(local_files=True)
loader.fetch(url, folder / "before.glb")
child = os.fork()
loader.fetch(url, folder / ("parent.glb" if child else "child.glb"))
if child:
    status = os.waitpid(child, 0)[1]
    loader.fetch(url, folder / "after.glb")
    sys.exit(status)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="does not apply: Windows cannot fork")
def test_a_fork_does_not_share_connections(host: FileHost, tmp_path: Path) -> None:
    """The child of a fork opens a connection of its own, and the parent keeps its own."""
    url = host.put("/lamp.glb", CONTENT)
    subprocess.run(
        [sys.executable, "-c", FORKING, url, str(tmp_path)], check=True, cwd=ROOT, timeout=60
    )
    for name in ("before", "parent", "child", "after"):
        assert (tmp_path / f"{name}.glb").read_bytes() == CONTENT
    assert (host.connections, len(host.asked)) == (2, 4)
