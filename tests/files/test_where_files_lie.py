# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a file may have: the public internet, not this computer or its network."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files import urls
from mint_blender.files.download import Downloader
from mint_blender.files.errors import DownloadFailed, FileError

from ..mint.raw_server import answer, raw_server, running_proxy
from .downloading import Downloader as LocalDownloader

INSIDE = [
    *("http://127.0.0.1/lamp.glb", "https://127.0.0.1/lamp.glb"),
    *("https://169.254.169.254/latest/meta-data", "https://127.1/lamp.glb"),
    *("https://2130706433/lamp.glb", "https://0x7f000001/lamp.glb", "https://0x7f.1/lamp.glb"),
    *(
        "https://0177.0.0.1/lamp.glb",
        "https://127.0.0.1./lamp.glb",
        "https://１２７.0.0.1/lamp.glb",
    ),
    *("https://127。0。0。1/lamp.glb", "https://localhost/lamp.glb", "https://localhost./lamp.glb"),
    *("https://LOCALHOST/lamp.glb", "https://files.localhost/lamp.glb", "https://[::1]/lamp.glb"),
    *("https://[::]/lamp.glb", "https://0.0.0.0/lamp.glb", "https://0/lamp.glb"),
    *("https://[::ffff:127.0.0.1]/lamp.glb", "https://[::ffff:10.0.0.1]/lamp.glb"),
    *("https://[::127.0.0.1]/lamp.glb", "https://[64:ff9b::7f00:1]/lamp.glb"),
    *("https://[64:ff9b::a9fe:a9fe]/lamp.glb", "https://[64:ff9b:1::1]/lamp.glb"),
    *("https://[2002:7f00:1::]/lamp.glb", "https://[fe80::1]/lamp.glb"),
    *("https://[fe80::1%25eth0]/lamp.glb", "https://[fc00::1]/lamp.glb"),
    *("https://[fec0::1]/lamp.glb", "https://[ff02::1]/lamp.glb", "https://10.1.2.3/lamp.glb"),
    *("https://172.16.0.1/lamp.glb", "https://192.168.1.1/lamp.glb"),
    *("https://100.64.0.1/lamp.glb", "https://224.0.0.1/lamp.glb", "https://240.0.0.1/lamp.glb"),
    "https://255.255.255.255/lamp.glb",
]
HERE = {
    *("http://127.0.0.1/lamp.glb", "https://127.0.0.1/lamp.glb", "https://localhost/lamp.glb"),
    *("https://LOCALHOST/lamp.glb", "https://[::1]/lamp.glb"),
}
"""Those that an API on this computer may name."""
OUTSIDE = [
    "https://cdn.mint.gg/a.glb",
    "https://93.184.215.14/a.glb",
    "https://[2606:2800:21f::1]/a.glb",
    "https://[64:ff9b::5db8:d70e]/a.glb",
]


@pytest.mark.covers("S-local")
@pytest.mark.parametrize("url", INSIDE)
def test_private_addresses_are_refused(url: str, tmp_path: Path) -> None:
    """In every notation, for a download and on a redirect."""
    acts = [
        lambda: Downloader().fetch(url, tmp_path / "lamp.glb"),
        lambda: urls.check(url, came_from="https://cdn.mint.gg/lamp.glb"),
    ]
    for act in acts:
        with pytest.raises(DownloadFailed) as refused:
            act()
        assert not refused.value.retryable
    assert list(tmp_path.iterdir()) == []
    if url in HERE:
        assert urls.check(url, local_files=True)
    else:  # in the network around this computer, or spelled in another way
        with pytest.raises(DownloadFailed):
            urls.check(url, local_files=True)


@pytest.mark.parametrize("url", OUTSIDE)
def test_public_addresses_are_accepted(url: str) -> None:
    """Also those that stand for a public IPv4 address in an IPv6 network."""
    assert urls.check(url) == url


# -- Once a name is resolved


class Names:
    """A stand-in for name resolution.

    Each name has one answer for each time it is resolved; the last one is repeated.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host not in self.answers:
            return self._real(host, port, *more, **named)
        self.asked.append(host)
        answers = self.answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (
                socket.AF_INET6 if ":" in each else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (each, port),
            )
            for each in found
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Replace name resolution; no real name is looked up."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return Names(monkeypatch)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["10.0.0.7"], ["::1"], ["::ffff:127.0.0.1"]],
)
def test_a_name_with_a_private_address_is_refused(
    names: Names, addresses: list[str], tmp_path: Path
) -> None:
    """All of its addresses have to be public; no connection is made."""
    names.answers["cdn.example"] = [addresses]
    with raw_server(answer(b"secret")) as inside:
        url = f"https://cdn.example:{inside.port}/lamp.glb"
        with pytest.raises(
            DownloadFailed, match="leads to this computer or its network"
        ) as refused:
            Downloader().fetch(url, tmp_path / "lamp.glb")
        assert not refused.value.retryable
        assert inside.connections == 0


@pytest.mark.covers("S-local")
def test_a_name_that_changes_to_a_private_address_is_refused(names: Names, tmp_path: Path) -> None:
    """The address of the connection itself is checked before a byte is sent."""
    names.answers["cdn.example"] = [["93.184.215.14"], ["127.0.0.1"]]
    with raw_server(answer(b"secret")) as inside:
        with pytest.raises(DownloadFailed, match="leads to this computer or its network"):
            Downloader().fetch(f"https://cdn.example:{inside.port}/lamp.glb", tmp_path / "lamp.glb")
        assert len(names.asked) == 2
        assert inside.received == []


@pytest.mark.covers("S-local")
def test_a_redirect_to_a_name_with_a_private_address_is_refused(
    names: Names, tmp_path: Path
) -> None:
    """A local file host redirects to a name in the network around this computer."""
    names.answers["intern.example"] = [["10.0.0.7"]]
    with (
        raw_server(
            answer(status="302 Found", Location="https://intern.example/lamp.glb")
        ) as redirecting,
        pytest.raises(DownloadFailed, match="leads to this computer or its network"),
    ):
        LocalDownloader().fetch(
            f"http://127.0.0.1:{redirecting.port}/lamp.glb", tmp_path / "lamp.glb"
        )
    assert names.asked == ["intern.example"]


def test_a_proxy_resolves_names_itself(
    names: Names, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its own address may be private; private addresses in a link are refused all the same."""
    with running_proxy(1, refusal=b"HTTP/1.1 403 Forbidden\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        names.answers["cdn.example"] = [["10.0.0.7"]]
        with pytest.raises(FileError) as failed:
            Downloader(sleep=lambda _: None).fetch(
                "https://cdn.example/lamp.glb", tmp_path / "lamp.glb"
            )
        assert "or its network" not in str(failed.value)
        assert proxy.asked and names.asked == []
        before = list(proxy.asked)
        with pytest.raises(DownloadFailed, match="or its network"):
            Downloader().fetch("https://169.254.169.254/lamp.glb", tmp_path / "lamp.glb")
        assert proxy.asked == before
