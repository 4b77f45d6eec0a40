# SPDX-License-Identifier: GPL-3.0-or-later
"""The surroundings of one run: hosts, name resolution and certificates, with their fault."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import trustme

from tests.mint.conftest import LISTENED_TO
from tests.mint_service.runner import ThreadService

from .fault import NetworkFault
from .hosts import NAME, ArmedFault, Call, Hosts
from .listeners import OTHER, listening, server_context
from .name_resolution import HERE, Found, leads_to, resolving


class Surroundings:
    """A network in which a fault waits for its call."""

    def __init__(self, fault: NetworkFault, hosts: Hosts, authority: trustme.CA) -> None:
        self.hosts = hosts
        self.armed = ArmedFault(fault.call, fault.exchange, fault.most)
        self.api = hosts.api
        self._fault = fault
        self._authority = authority
        self._listener: AbstractAsyncContextManager[None] | None = None

    def begin(self) -> None:
        """Let the fault begin: what comes next is hit."""
        fault = self._fault
        if fault.certificate is not None:
            port = self.hosts.ports["files" if fault.call is Call.DOWNLOAD else "api"]
            self._listener = listening(port, fault.certificate(self._authority))
            self.hosts.run(self._listener.__aenter__())
        if fault.is_refused:
            self.hosts.stop_listening()
        self.hosts.fault = self.armed

    def end(self) -> None:
        """End the fault, as when the network is repaired."""
        if self.armed.is_over or self._fault.is_lasting:
            return
        self.armed.is_over = True
        if self._fault.is_refused:
            self.hosts.listen_again()

    def close(self) -> None:
        """Stop what listens elsewhere."""
        if self._listener is not None:
            self.hosts.run(self._listener.__aexit__(None, None, None))

    def lookup(self, port: int) -> Found:
        """Return where the name of the hosts leads."""
        fault = self._fault
        lookup = leads_to(OTHER) if fault.certificate is not None else fault.lookup
        host = "files" if fault.call is Call.DOWNLOAD else "api"
        is_armed = self.hosts.fault is self.armed
        is_hit = lookup is not None and is_armed and port == self.hosts.ports[host]
        if lookup is None or not is_hit or not self.armed.takes(fault.call):
            return leads_to(HERE)(port)
        return lookup(port)


@contextmanager
def surroundings(
    fault: NetworkFault, service: ThreadService, folder: Path, scale: float
) -> Iterator[Surroundings]:
    """Make the network for a fault; it begins with `begin`."""
    authority = trustme.CA()
    tls = _tls(authority, folder) if fault.certificate is not None else None
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
        opened.callback(made.close)
        yield made


def _tls(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return server_context(authority.issue_cert(NAME))
