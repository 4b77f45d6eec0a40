# SPDX-License-Identifier: GPL-3.0-or-later
"""The surroundings of one run: hosts, name resolution, certificates and a proxy, with their fault."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import trustme

from tests.mint.conftest import LISTENED_TO
from tests.mint.raw_server import Proxy, running_proxy, unused_port
from tests.mint_service.runner import ThreadService

from .fault import NetworkFault
from .hosts import NAME, ArmedFault, Call, Hosts
from .listeners import OTHER
from .name_resolution import HERE, Found, leads_to, resolving

FAR = {"api": "api.mint.test", "files": "files.mint.test"}
"""Names that only the proxy can reach."""


class Surroundings:
    """A network in which a fault waits for its call.

    Attributes:
        api: The base URL for the client.
        armed: The fault, which counts its hits.
        hosts: The reverse proxy in front of the service.
    """

    def __init__(self, fault: NetworkFault, hosts: Hosts, authority: trustme.CA) -> None:
        self.hosts = hosts
        self.armed = ArmedFault(fault.call, fault.exchange, fault.most)
        self.api = hosts.api
        self._fault = fault
        self._authority = authority
        self._proxy: Proxy | None = None
        self._listener: AbstractAsyncContextManager[None] | None = None

    @property
    def told_to_others(self) -> str:
        """Everything that was sent to others than the API."""
        seen = [seen.text for seen in self.hosts.seen if seen.host != "api"]
        if self._proxy is not None:
            seen += [*self._proxy.asked, *map(str, self._proxy.headers)]
        return "\n".join(seen)

    def begin(self) -> None:
        """Let the fault begin: what comes next is hit."""
        fault = self._fault
        if fault.listener is not None:
            port = self.hosts.ports["files" if fault.call is Call.DOWNLOAD else "api"]
            self._listener = fault.listener(self._authority).listening(port)
            self.hosts.run(self._listener.__aenter__())
        if fault.is_refused:
            self.hosts.stop_listening()
        if self._proxy is not None and fault.proxy is not None:
            self._proxy.refusal = fault.proxy.answer
            self._proxy.credentials = fault.proxy.credentials
            self._proxy.only_for = fault.proxy.only_for
            if fault.proxy.is_missing:
                _set_proxy(f"http://127.0.0.1:{unused_port()}")
        self.hosts.fault = self.armed

    def end(self) -> None:
        """End the fault, as when the network is repaired."""
        if self.armed.is_over or self._fault.is_lasting:
            return
        self.armed.is_over = True
        if self._fault.is_refused:
            self.hosts.listen_again()
        if self._proxy is not None:
            self._proxy.refusal = None
            given = f"//{self._proxy.credentials}@" if self._proxy.credentials else "//"
            _set_proxy(self._proxy.url.replace("//", given))

    def close(self) -> None:
        """Stop what listens elsewhere."""
        if self._listener is not None:
            self.hosts.run(self._listener.__aexit__(None, None, None))

    def lookup(self, port: int) -> Found:
        """Return where the name of the hosts leads."""
        fault = self._fault
        lookup = leads_to(OTHER) if fault.listener is not None else fault.lookup
        host = "files" if fault.call is Call.DOWNLOAD else "api"
        is_armed = self.hosts.fault is self.armed
        if lookup is None or not is_armed or port != self.hosts.ports[host]:
            return leads_to(HERE)(port, 1.0)
        if not self.armed.takes(fault.call):
            return leads_to(HERE)(port, 1.0)
        return lookup(port, self.hosts.scale)

    @contextmanager
    def with_proxy(self) -> Iterator[None]:
        """Reach the hosts through a proxy, by names that nobody else knows."""
        assert self._fault.proxy is not None
        ports = {FAR[host]: port for host, port in self.hosts.ports.items()}
        with running_proxy(self.hosts.ports["api"], routes=ports) as proxy:
            self._proxy = proxy
            self.api = f"https://{FAR['api']}/v1"
            self.hosts.lead_here(f"https://{FAR['files']}")
            _set_proxy(proxy.url)
            yield


@contextmanager
def surroundings(
    fault: NetworkFault, service: ThreadService, folder: Path, scale: float
) -> Iterator[Surroundings]:
    """Make the network for a fault; it begins with `begin`."""
    authority = trustme.CA()
    tls = _tls(authority, folder) if fault.listener is not None or fault.proxy else None
    with ExitStack() as opened:
        opened.enter_context(mock.patch.dict(os.environ))
        for name in LISTENED_TO:
            os.environ.pop(name, None)
            os.environ.pop(name.lower(), None)
        if tls is not None:
            os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "authority.pem")
        hosts = opened.enter_context(Hosts(service, scale=scale, tls=tls))
        made = Surroundings(fault, hosts, authority)
        opened.enter_context(resolving(made.lookup))
        if fault.proxy is not None:
            opened.enter_context(made.with_proxy())
        opened.callback(made.close)
        yield made


def _tls(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME, *FAR.values()).configure_cert(context)
    return context


def _set_proxy(url: str) -> None:
    os.environ["HTTPS_PROXY"] = url
