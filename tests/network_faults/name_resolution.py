# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace this process's name resolution for the name of the hosts; other names are not changed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .hosts import NAME

Found = list[tuple[Any, ...]]
Lookup = Callable[[int], Found]
"""Returns what is found for a port."""
HERE = "127.0.0.1"


def leads_to(*addresses: str) -> Lookup:
    """Return these addresses, in this order."""

    def lookup(port: int) -> Found:
        return [_entry(address, port) for address in addresses]

    return lookup


def not_found(port: int) -> Found:
    """Raise the error of a resolver that knows no such name."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@contextmanager
def resolving(lookup: Lookup) -> Iterator[None]:
    """Answer lookups of the hosts' name with this function of the port."""
    earlier = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **more: Any) -> Any:
        if host in (NAME, NAME.encode()):
            return lookup(int(port))
        return earlier(host, port, *arguments, **more)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = earlier


def _entry(address: str, port: int) -> tuple[Any, ...]:
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
