# SPDX-License-Identifier: GPL-3.0-or-later
"""The surroundings of one run: hosts and name resolution, with their fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from tests.mint.conftest import LISTENED_TO
from tests.mint_service.runner import ThreadService

from .fault import NetworkFault
from .hosts import ArmedFault, Call, Hosts
from .name_resolution import HERE, Found, leads_to, resolving


class Surroundings:
    """A network in which a fault waits for its call."""

    def __init__(self, fault: NetworkFault, hosts: Hosts) -> None:
        self.hosts = hosts
        self.armed = ArmedFault(fault.call, fault.exchange, fault.most)
        self.api = hosts.api
        self._fault = fault

    def begin(self) -> None:
        """Let the fault begin: what comes next is hit."""
        if self._fault.is_refused:
            self.hosts.stop_listening()
        self.hosts.fault = self.armed

    def end(self) -> None:
        """End the fault, as when the network is repaired."""
        if self.armed.is_over or self._fault.is_lasting:
            return
        self.armed.is_over = True
        if self._fault.is_refused:
            self.hosts.listen_again()

    def lookup(self, port: int) -> Found:
        """Return where the name of the hosts leads."""
        lookup, call = self._fault.lookup, self._fault.call
        is_armed = self.hosts.fault is self.armed
        is_hit = is_armed and port == self.hosts.ports["files" if call is Call.DOWNLOAD else "api"]
        if lookup is None or not is_hit or not self.armed.takes(call):
            return leads_to(HERE)(port)
        return lookup(port)


@contextmanager
def surroundings(
    fault: NetworkFault, service: ThreadService, scale: float
) -> Iterator[Surroundings]:
    """Make the network for a fault; it begins with `begin`."""
    with mock.patch.dict(os.environ), Hosts(service, scale=scale) as hosts:
        for name in LISTENED_TO:
            os.environ.pop(name, None)
            os.environ.pop(name.lower(), None)
        made = Surroundings(fault, hosts)
        with resolving(made.lookup):
            yield made
