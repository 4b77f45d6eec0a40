# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe exceptions of requests, urllib3 and sockets in a clause for the user.

The exception's own text is not used: it may contain addresses, proxy passwords or headers.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead

import requests

from .origin import Origin

_PROXY = "the proxy named in the environment (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY)"
_BUNDLE = "the file that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE names"


def describe(error: BaseException, origin: Origin) -> str:
    """Return a clause about a failed request, such as "the name api.mint.gg was not found"."""
    chain = tuple(_chain(error))
    return (
        _setup_reason(error)
        or _proxy_reason(error, chain)
        or _tls_reason(chain)
        or _network_reason(chain, origin)
    )


def _chain(error: BaseException, seen: tuple[BaseException, ...] = ()) -> Iterator[BaseException]:
    """Yield the error, its causes and contexts, and exceptions among its arguments (urllib3)."""
    if any(error is other for other in seen):
        return
    yield error
    inside = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
    for other in inside:
        if isinstance(other, BaseException):
            yield from _chain(other, (*seen, error))


def _setup_reason(error: BaseException) -> str | None:
    """Return what is wrong in the local settings, before anything was sent."""
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return f"{_PROXY} is not an address"
    if isinstance(error, requests.exceptions.InvalidSchema):
        return f"{_PROXY} is of a kind that this Python cannot use"
    if (
        isinstance(error, OSError)
        and not isinstance(error, requests.RequestException)
        and "CA certificate" in str(error)
    ):
        return f"{_BUNDLE} does not exist"
    return None


def _proxy_reason(error: BaseException, chain: tuple[BaseException, ...]) -> str | None:
    refusals = (re.search(r"Tunnel connection failed: (\d{3})", str(inner)) for inner in chain)
    status = next((found[1] for found in refusals if found), None)
    if status == "407":
        return f"{_PROXY} wants a user name and password, or does not accept the ones given"
    if status:
        return f"{_PROXY} refused the connection (status {status})"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"{_PROXY} does not answer"
    return None


def _tls_reason(chain: tuple[BaseException, ...]) -> str | None:
    for inner in chain:
        # Older urllib3 (Blender 4.2) compares the names itself and has an exception of its own for
        # it.
        if (
            isinstance(inner, ssl.SSLCertVerificationError)
            or type(inner).__name__ == "CertificateError"
        ):
            why = getattr(inner, "verify_message", "Hostname mismatch").rstrip(".").split(",")[0]
            return (
                f"its TLS certificate is not trusted ({why}). Behind a company's proxy, let"
                " REQUESTS_CA_BUNDLE name its CA bundle"
            )
    if any(isinstance(inner, ssl.SSLError | requests.exceptions.SSLError) for inner in chain):
        return (
            f"no TLS connection came about; either a proxy or {_BUNDLE} is at fault, or it is not"
            " an https server"
        )
    return None


def _network_reason(chain: tuple[BaseException, ...], origin: Origin) -> str:
    address = f"{origin.host}:{origin.port}"
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
        (socket.gaierror, f"the name {origin.host} was not found; this computer may be offline"),
        (requests.exceptions.ConnectTimeout, f"{address} did not take the connection in time"),
        ((requests.exceptions.ReadTimeout, TimeoutError), "no answer came in time"),
        (ConnectionRefusedError, f"{address} refused the connection"),
        (
            (ConnectionError, IncompleteRead, requests.exceptions.ChunkedEncodingError),
            "the connection broke before the answer was complete",
        ),
        (HTTPException, "what came back was no complete HTTP answer"),
    )
    for kind, words in kinds:
        if any(isinstance(inner, kind) for inner in chain):
            return words
    numbered = (
        inner.strerror for inner in chain if isinstance(inner, OSError) and inner.errno is not None
    )
    return next((words.lower() for words in numbered if words), "the connection failed")
