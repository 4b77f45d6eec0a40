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

from ..message import Message

_PROXY = Message("the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY")
_BUNDLE = Message("the file in REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE")


def describe(error: BaseException, host: str, port: int) -> tuple[str, str]:
    """Return a clause about a failed request, such as "api.mint.gg was not found", and the part.

    That is the part of the connection that failed: "proxy", "tls" or "network".
    """
    chain = tuple(_chain(error))
    if reason := _proxy_reason(error, chain):
        return reason, "proxy"
    if reason := _tls_reason(error, chain):
        return reason, "tls"
    return _network_reason(chain, host, port), "network"


def is_refused(error: BaseException) -> bool:
    """Return whether a request failed because nobody listens at the address."""
    return any(isinstance(inner, ConnectionRefusedError) for inner in _chain(error))


def _chain(error: BaseException, seen: tuple[BaseException, ...] = ()) -> Iterator[BaseException]:
    """Yield the error, its causes and contexts, and exceptions among its arguments (urllib3)."""
    if any(error is other for other in seen):
        return
    yield error
    inside = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
    for other in inside:
        if isinstance(other, BaseException):
            yield from _chain(other, (*seen, error))


def _proxy_reason(error: BaseException, chain: tuple[BaseException, ...]) -> str | None:
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return Message("{proxy} is not a valid address", proxy=_PROXY)
    if isinstance(error, requests.exceptions.InvalidSchema):
        return Message("{proxy} is of an unsupported type", proxy=_PROXY)
    refusals = (re.search(r"Tunnel connection failed: (\d{3})", str(inner)) for inner in chain)
    status = next((refusal[1] for refusal in refusals if refusal), None)
    if status == "407":
        return Message(
            "{proxy} requires a user name and password, or rejected the ones given",
            proxy=_PROXY,
        )
    if status:
        return Message(
            "{proxy} refused the connection (status {status})", proxy=_PROXY, status=status
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return Message("{proxy} does not respond", proxy=_PROXY)
    return None


def _tls_reason(error: BaseException, chain: tuple[BaseException, ...]) -> str | None:
    # the only error that requests does not wrap, before anything was sent
    is_wrapped = isinstance(error, requests.RequestException)
    if isinstance(error, OSError) and not is_wrapped and "CA certificate" in str(error):
        return Message("{bundle} does not exist", bundle=_BUNDLE)
    for inner in chain:
        # Older urllib3 (Blender 4.2) compares the names itself and has an exception of its own for
        # it.
        if (
            isinstance(inner, ssl.SSLCertVerificationError)
            or type(inner).__name__ == "CertificateError"
        ):
            why = getattr(inner, "verify_message", "Hostname mismatch").rstrip(".").split(",")[0]
            return Message(
                "its TLS certificate is not trusted ({why}). Behind a company proxy, set"
                " REQUESTS_CA_BUNDLE to the proxy's CA bundle",
                why=why,
            )
    if any(isinstance(inner, ssl.SSLError | requests.exceptions.SSLError) for inner in chain):
        return Message(
            "the TLS connection failed. Check the proxy, {bundle}, and that the server uses https",
            bundle=_BUNDLE,
        )
    return None


def _network_reason(chain: tuple[BaseException, ...], host: str, port: int) -> str:
    address = f"{host}:{port}"
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
        (
            socket.gaierror,
            Message("{host} was not found; this computer may be offline", host=host),
        ),
        (
            requests.exceptions.ConnectTimeout,
            Message("connecting to {address} timed out", address=address),
        ),
        ((requests.exceptions.ReadTimeout, TimeoutError), Message("there was no response in time")),
        (ConnectionRefusedError, Message("{address} refused the connection", address=address)),
        (
            (ConnectionError, IncompleteRead, requests.exceptions.ChunkedEncodingError),
            Message("the connection was lost before the response was complete"),
        ),
        (HTTPException, Message("the HTTP response was incomplete")),
    )
    for kind, words in kinds:
        if any(isinstance(inner, kind) for inner in chain):
            return words
    numbered = (
        inner.strerror for inner in chain if isinstance(inner, OSError) and inner.errno is not None
    )
    return next((words.lower() for words in numbered if words), Message("the connection failed"))
