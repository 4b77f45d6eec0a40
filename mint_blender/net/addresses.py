# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network addresses an answer from outside may lead to: those of the public internet, never
this computer or the network around it.

Pure: resolves nothing. `guarded.mount` asks for each address that a host name leads to, and for the
one that was connected to.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also where it stands in for an IPv4
    address that has to.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_public(found)


def is_loopback(address: str) -> bool:
    """Whether an IP address is this computer, in its own spelling: 127.0.0.1 within an IPv6 address
    is none, whatever Python's version.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.is_loopback and getattr(found, "ipv4_mapped", None) is None


def is_public_or_loopback(address: str) -> bool:
    """What a server on this computer may lead to: itself, and the public internet, but nothing in
    between.
    """
    return is_loopback(address) or is_public(address)


def literal(host: str) -> str | None:
    """The IP address that a URL's host spells out, without brackets. None for a name."""
    host = plain(host)
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def is_ambiguous_ipv4(host: str) -> bool:
    """Whether a host is an IPv4 address in a form that programs read differently: 127.1,
    0x7f.0.0.1, 2130706433, 0177.0.0.1.
    """
    host = plain(host)
    return _NUMERIC.fullmatch(host) is not None and literal(host) is None


def is_localhost_name(host: str) -> bool:
    """Whether a host name means this computer by definition, however it is resolved (RFC 6761)."""
    return plain(host) == "localhost" or plain(host).endswith(".localhost")


def plain(host: str) -> str:
    """A host as resolvers see it: other spellings of digits and dots, a final dot and capitals make
    no difference.
    """
    return unicodedata.normalize("NFKC", host).replace("。", ".").lower().rstrip(".")


def _is_public(found: Address) -> bool:
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return False
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
        if found.is_site_local or found.teredo is not None:
            return False
    return found.is_global and not (
        found.is_multicast
        or found.is_reserved
        or found.is_unspecified
        or found.is_loopback
        or found.is_link_local
    )
