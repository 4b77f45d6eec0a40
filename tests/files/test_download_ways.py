# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a download may lead, and where it ends when it is stopped."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
import trustme

from mint_blender.files import urls
from mint_blender.files.download import DownloadLimits
from mint_blender.files.errors import DownloadFailed, FileError, Stopped, TooSlow

from ..mint.raw_server import NO_ANSWER, answer, raw_server, unused_port
from .downloading import CONTENT, Downloader, Lamp, failed
from .file_host import FileHost, cut, redirect, status


def test_redirects_are_followed_and_bounded(lamp: Lamp) -> None:
    """A few redirects, also relative ones, lead to the file; a loop ends in an error."""
    lamp.host.put("/real.glb", CONTENT)
    assert lamp.fetch(b"", faults=[redirect("/real.glb", code=307)]) == CONTENT
    with pytest.raises(DownloadFailed, match="redirected") as caught:
        lamp.fetch_as("circle.glb", b"", faults=[redirect("/circle.glb")] * 50)
    assert not caught.value.retryable and len(lamp.asked) == 2 + 6


@pytest.mark.parametrize(
    "to",
    [
        *("http://cdn.example/lamp.glb", "ftp://127.0.0.1/lamp.glb", "file:///etc/passwd"),
        "http://user:pw@127.0.0.1/x",
    ],
)
def test_a_redirect_to_an_unsafe_address_is_refused(lamp: Lamp, to: str) -> None:
    """Every address on the way is checked, not only the first."""
    with pytest.raises(DownloadFailed) as caught:
        lamp.fetch(b"", faults=[redirect(to)])
    assert not caught.value.retryable and "pw" not in str(caught.value) and len(lamp.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        *("http://cdn.example/a.glb", "ftp://cdn.example/a.glb", "file:///etc/passwd", "a.glb"),
        *("https://", "", "https://user:secret@cdn.example/a.glb", "https://[bad/a.glb"),
        *("https://host:99999/a.glb", "https://cdn.example\\@evil.example/a.glb"),
        "https://cdn.example/a\nb.glb",
    ],
)
def test_unsafe_addresses_are_never_requested(loader: Downloader, target: Path, url: str) -> None:
    """Only https, or http to this computer, and no credentials in the address."""
    with pytest.raises(DownloadFailed) as caught:
        loader.fetch(url, target)
    assert not caught.value.retryable and "secret" not in str(caught.value)


def test_a_public_host_cannot_redirect_to_this_computer() -> None:
    """A file host on the internet may not point the add-on at services on loopback."""
    assert urls.check("https://127.0.0.1:8/x", came_from="http://localhost/y", local_files=True)
    with pytest.raises(DownloadFailed, match="this computer"):
        urls.check("http://127.0.0.1:8/x", came_from="https://cdn.example/y", local_files=True)


@pytest.fixture
def _netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a password for this computer in ~/.netrc."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))


@pytest.mark.covers("C1-downloads", "S-key-origin")
def test_no_credentials_are_ever_sent(host: FileHost, tmp_path: Path, _netrc: None) -> None:
    """Neither ~/.netrc nor a cookie puts credentials into a request."""
    cookie = {"Set-Cookie": "session=1; Path=/"}
    host.put("/real.glb", CONTENT, etag='"a"', headers=cookie, faults=[cut(1000)])
    moved = host.put("/lamp.glb", b"", headers={}, faults=[redirect("/real.glb")])
    with Downloader(sleep=lambda _: None) as loader:
        loader.fetch(host.url("/real.glb"), tmp_path / "a.glb")
        loader.fetch(moved, tmp_path / "b.glb")
    assert len(host.asked) == 4
    plain = {"host", "user-agent", "accept", "accept-encoding"}
    for asked in host.asked:
        assert set(asked.headers) - {"range", "if-range"} == plain


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return a certificate authority of this test, and a certificate that it signed."""
    return trustme.CA()


@pytest.mark.covers("R-proxy", "S-tls")
def test_the_ca_bundle_of_the_environment_is_used(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate is accepted only with the environment's bundle."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with FileHost(certificate=authority.issue_cert("127.0.0.1")) as host:
        url = host.put("/lamp.glb", CONTENT)
        said = r"127\.0\.0\.1: its TLS certificate is not trusted"
        error = failed(url, tmp_path / "refused.glb", match=said)
        assert not error.retryable and host.asked == []
        monkeypatch.setenv("CURL_CA_BUNDLE", str(bundle))
        with Downloader() as loader:
            assert loader.fetch(url, tmp_path / "lamp.glb").read_bytes() == CONTENT


def test_a_redirect_from_https_to_http_stays_on_this_computer(
    authority: trustme.CA, host: FileHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between hosts on this computer it is allowed; to the internet it is refused."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    plain = host.put("/lamp.glb", CONTENT)
    with FileHost(certificate=authority.issue_cert("127.0.0.1")) as secure, Downloader() as loader:
        near = secure.put("/near.glb", b"", faults=[redirect(plain)])
        assert loader.fetch(near, tmp_path / "near.glb").read_bytes() == CONTENT
        far = secure.put("/far.glb", b"", faults=[redirect("http://cdn.example/lamp.glb")])
        with pytest.raises(DownloadFailed, match="instead of https"):
            loader.fetch(far, tmp_path / "far.glb")


def test_an_unreachable_host_is_named(tmp_path: Path) -> None:
    """The message names the host and the file, but not the query."""
    with FileHost() as gone:
        url = gone.url("/lamp.glb?signature=private")
    error = failed(url, tmp_path / "lamp.glb", DownloadLimits(tries=2))
    assert "lamp.glb from 127.0.0.1" in str(error) and "private" not in str(error)
    assert error.retryable


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://cdn.example/glb/lamp%20one.glb?signature=private#x",
            "lamp one.glb from cdn.example",
        ),
        ("https://cdn.example/", "a file from cdn.example"),
        ("https://[broken", "a file from an unreadable address"),
        ("https://cdn.example/a%1b[31m.glb", "a?[31m.glb from cdn.example"),
    ],
)
def test_messages_name_file_and_host_only(url: str, expected: str) -> None:
    """Neither a signature nor terminal codes get into a message."""
    assert urls.label(url) == expected


# -- a download ends wherever it waits, writes nothing afterwards, and needs little memory


SLOW = {
    "silent": NO_ANSWER,
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
}


@pytest.mark.parametrize("said", SLOW.values(), ids=SLOW)
def test_a_download_that_waits_can_be_stopped(said: bytes, tmp_path: Path) -> None:
    """The host sends nothing, or a byte a second in the headers or in the body."""
    with raw_server(said, drip=1.0) as host, Downloader() as loader, pytest.raises(Stopped):
        url = f"http://127.0.0.1:{host.port}/lamp.glb"
        loader.fetch(url, tmp_path / "lamp.glb", stop=lambda: bool(host.received))
    assert len(host.received) == 1


def test_slow_headers_end_at_the_time_limit(tmp_path: Path) -> None:
    """The total time is limited from the start, not only in the body."""
    with (
        raw_server(SLOW["headers"], drip=0.01) as host,
        Downloader(DownloadLimits(total=0.3)) as loader,
        pytest.raises(TooSlow),
    ):
        loader.fetch(f"http://127.0.0.1:{host.port}/lamp.glb", tmp_path / "lamp.glb")
    assert len(host.received) == 1


def test_nothing_is_written_after_the_stop(tmp_path: Path) -> None:
    """Another download may already be writing to the same file."""
    stopped: list[int] = []
    part = tmp_path / "lamp.glb.part"

    def stop() -> bool:
        """Wants an end as soon as some bytes are here."""
        if not stopped and part.exists() and part.stat().st_size:
            stopped.append(part.stat().st_size)
        return bool(stopped)

    begun = b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nETag: "1"\r\n\r\n'
    with raw_server(begun, drip=0.001) as host, Downloader() as loader, pytest.raises(Stopped):
        loader.fetch(f"http://127.0.0.1:{host.port}/lamp.glb", tmp_path / "lamp.glb", stop=stop)
    assert stopped == [part.stat().st_size]


def test_a_stopped_download_is_not_renamed_when_complete(tmp_path: Path) -> None:
    """The next try renames it without a request."""
    came: list[int] = []
    with raw_server(answer(b"glTF" * 10, ETag='"1"')) as host, Downloader() as loader:
        url = f"http://127.0.0.1:{host.port}/lamp.glb"
        with pytest.raises(Stopped):
            loader.fetch(
                url,
                tmp_path / "lamp.glb",
                stop=lambda: 40 in came,
                progress=lambda done, _: came.append(done),
            )
        assert not (tmp_path / "lamp.glb").exists()
        loader.fetch(url, tmp_path / "lamp.glb")
    assert (tmp_path / "lamp.glb").read_bytes() == b"glTF" * 10
    assert len(host.received) == 1


def test_only_temporary_errors_are_outages(lamp: Lamp) -> None:
    """An unreachable host is worth retrying for longer; a missing file is not."""
    once = DownloadLimits(tries=1)
    for code, is_outage in ((503, True), (404, False), (418, False)):
        url = lamp.put(faults=[status(code)])
        assert failed(url, lamp.target, once, error=FileError).is_outage is is_outage
    url = f"http://127.0.0.1:{unused_port()}/lamp.glb"
    assert failed(url, lamp.target, once, error=FileError).is_outage


def test_a_large_file_needs_little_memory(lamp: Lamp) -> None:
    """It is written while it arrives."""
    content = bytes(32 * 2**20)
    tracemalloc.start()
    try:
        lamp.loader.fetch(lamp.put(content), lamp.target)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert lamp.target.stat().st_size == len(content)
