# SPDX-License-Identifier: GPL-3.0-or-later
"""Classify IP addresses and host names: public internet, this computer, or a private network.

Pure: resolves nothing. `connections.Connections` applies these rules to each resolved address.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")


def is_public(address: str) -> bool:
    """Return whether an IP address, and the IPv4 address inside it, is on the public internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_public(ip)


@lru_cache(64)  # asked for each request, mostly about a name
def is_loopback(address: str) -> bool:
    """Return whether an IP address is this computer; an IPv4-mapped 127.0.0.1 does not count."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return ip.is_loopback and getattr(ip, "ipv4_mapped", None) is None


def is_loopback_host(host: str) -> bool:
    """Return whether a host name means this computer, decided by the text alone.

    For the API key and for the addresses of files alike.
    """
    return host.lower() == "localhost" or is_loopback(host)


def is_public_or_loopback(address: str) -> bool:
    """Return whether a server on this computer may refer to the address."""
    return is_loopback(address) or is_public(address)


def parse_literal(host: str) -> str | None:
    """Return the IP address if a URL's host is one, without brackets; None for a name."""
    host = normalize_host(host)
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def is_ambiguous_ipv4(host: str) -> bool:
    """Return whether a host is an IPv4 address in a form that programs read differently.

    Such as 127.1, 0x7f.0.0.1, 2130706433 or 0177.0.0.1.
    """
    host = normalize_host(host)
    return _NUMERIC.fullmatch(host) is not None and parse_literal(host) is None


def is_localhost_name(host: str) -> bool:
    """Return whether a host name means this computer by definition (RFC 6761)."""
    return normalize_host(host) == "localhost" or normalize_host(host).endswith(".localhost")


def normalize_host(host: str) -> str:
    """Return a host as resolvers see it: Unicode digits and dots, case and a final dot removed."""
    return unicodedata.normalize("NFKC", host).replace("。", ".").lower().rstrip(".")


def _is_public(ip: Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            return False
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
        if ip.is_site_local or ip.teredo is not None:
            return False
    return ip.is_global and not (
        ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local
    )
