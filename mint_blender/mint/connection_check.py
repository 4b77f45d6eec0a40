# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out with one free request whether Mint can be reached, and with which proxy and TLS."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from ..net import certificates
from .account import Account
from .base_url import Origin
from .client import connect
from .errors import MintError
from .schema import Me


@dataclass(frozen=True)
class ConnectionReport:
    """What one request to Mint has shown."""

    me: Me | None = None
    """The owner of the key; None after an error."""
    error: MintError | None = None
    clock_offset: float | None = None
    """Seconds that this computer's clock is ahead of Mint's; None without a response."""


def check(account: Account) -> ConnectionReport:
    """Ask Mint once whose key this is. Never raises a MintError."""
    try:
        client = connect(account)
    except MintError as error:
        return ConnectionReport(error=error)
    try:
        return ConnectionReport(client.me(), clock_offset=client.clock_offset)
    except MintError as error:
        return ConnectionReport(error=error, clock_offset=client.clock_offset)
    finally:
        client.close()


def surroundings(account: Account) -> list[str]:
    """Return lines about the proxy and the CA bundle."""
    return [f"proxy: {proxy(account) or 'none'}", f"CA bundle: {ca_bundle() or 'the default'}"]


def proxy(account: Account) -> str:
    """Return the proxy to Mint, without its user name and password; empty if there is none."""
    try:
        origin = Origin.parse(account.base_url)
    except ValueError:
        return ""
    if origin.is_loopback:
        return ""
    proxies = requests.utils.get_environ_proxies(origin.base_url)
    return _without_password(requests.utils.select_proxy(origin.base_url, proxies) or "")


def ca_bundle() -> str:
    """Return the CA bundle that the environment names; empty for the default."""
    bundle = certificates.ca_bundle()
    return bundle if isinstance(bundle, str) else ""


def _without_password(url: str) -> str:
    """Return scheme, host and port of a proxy."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an invalid address" if url else ""
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""
