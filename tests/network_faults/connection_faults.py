# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the table: faults before an answer, such as names, connections, TLS, proxies, clocks, time."""

from __future__ import annotations

import socket

from . import listeners
from .behaviors import close, delayed, drip, drip_rest, half_body, literally, nothing, sent, silence
from .fault import ASK_AGAIN, RESUME, NetworkFault, ProxyFault
from .hosts import Call
from .name_resolution import fails, hangs, leads_to
from .sentences import (
    FILE_DRIPS,
    FILE_HOST_UNKNOWN,
    FILE_PROXY,
    FILE_SILENT,
    LOST,
    NAME_UNKNOWN,
    PROXY_CREDENTIALS,
    PROXY_MISSING,
    PROXY_REFUSES,
    SILENT,
    TLS_FAILED,
    file_not_trusted,
    file_unreachable,
    not_trusted,
    unreachable,
)

DAY = 24 * 3600.0
START, POLL, DOWNLOAD, USAGE = Call.START, Call.POLL, Call.DOWNLOAD, Call.USAGE
NOT_FOUND = fails(socket.EAI_NONAME, "Name or service not known")
TRY_AGAIN = fails(socket.EAI_AGAIN, "Temporary failure in name resolution")
HTTP_502 = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

# one row, one line
# fmt: off
TIME = (
    NetworkFault("latency", START, "each answer takes 20 seconds", delayed(20), is_lasting=True),
    NetworkFault("latency", POLL, "each answer takes 20 seconds", delayed(20), is_lasting=True),
    NetworkFault("latency", DOWNLOAD, "each answer takes 15 seconds", delayed(15), is_lasting=True),
    NetworkFault("silence", START, "nothing is answered", sent(nothing, silence, after_work=False), reads=SILENT),
    NetworkFault("silence-after-work", START, "Mint starts, and nothing is answered", sent(nothing, silence), reads=SILENT),
    NetworkFault("silence", POLL, "nothing is answered", sent(nothing, silence), reads=SILENT),
    NetworkFault("silence-in-body", POLL, "half of the body, then nothing", sent(half_body, silence), reads=SILENT),
    NetworkFault("silence", Call.UPLOAD, "nothing is answered", sent(nothing, silence), reads=SILENT),
    NetworkFault("silence", USAGE, "nothing is answered", sent(nothing, silence), then=ASK_AGAIN, reads=SILENT),
    NetworkFault("silence", DOWNLOAD, "nothing is answered", sent(nothing, silence), is_slow=True, reads=FILE_SILENT),
    NetworkFault("silence-in-body", DOWNLOAD, "half of the body, then nothing, twice", sent(half_body, silence), most=2),
    NetworkFault("byte-a-second-in-headers", START, "a byte a second", sent(literally(b"HTTP/1.1 200 OK\r\nX-Slow: "), drip()), is_slow=True, reads=SILENT),
    NetworkFault("byte-a-second-in-body", POLL, "a byte a second", sent(literally(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), drip()), is_slow=True, reads=SILENT),
    NetworkFault("byte-a-second-in-body", DOWNLOAD, "the second half comes a byte a second", sent(half_body, drip_rest), most=1, is_slow=True),
    NetworkFault("drip-without-end", DOWNLOAD, "a byte a second, without end", sent(literally(b"HTTP/1.1 200 OK\r\n\r\n"), drip()), is_slow=True, reads=FILE_DRIPS),
)

NAMES = (
    NetworkFault("name-not-found", START, "DNS knows no such name", lookup=NOT_FOUND, reads=NAME_UNKNOWN),
    NetworkFault("name-not-found", DOWNLOAD, "DNS knows no such name", lookup=NOT_FOUND, reads=FILE_HOST_UNKNOWN),
    NetworkFault("name-server-fails", START, "DNS has a temporary failure", lookup=TRY_AGAIN, reads=NAME_UNKNOWN),
    NetworkFault("name-server-hangs", START, "DNS answers nothing for 30 seconds", lookup=hangs(30), reads=NAME_UNKNOWN),
    NetworkFault("name-server-hangs", DOWNLOAD, "DNS answers nothing for 30 seconds", lookup=hangs(30), is_slow=True, reads=FILE_HOST_UNKNOWN),
    NetworkFault("ipv6-only", START, "the name has an IPv6 address only", lookup=leads_to("::1"), is_lasting=True),
    NetworkFault("ipv6-only", DOWNLOAD, "the name has an IPv6 address only", lookup=leads_to("::1"), is_lasting=True),
    NetworkFault("ipv6-broken", START, "the first of two addresses refuses", lookup=leads_to("127.0.0.2", "127.0.0.1"), is_lasting=True),
)

CONNECTIONS = (
    NetworkFault("refused", START, "nothing listens at Mint", is_refused=True, reads=unreachable("localhost:… refused the connection")),
    NetworkFault("no-connection", START, "connecting takes for ever", listener=listeners.full, reads=unreachable("connecting to localhost:… timed out")),
    NetworkFault("no-connection", DOWNLOAD, "connecting takes for ever", listener=listeners.full, is_slow=True, reads=file_unreachable("connecting to localhost:… timed out")),
    NetworkFault("refused", DOWNLOAD, "nothing listens at the file host", lookup=leads_to("127.0.0.2"), reads=file_unreachable("localhost:… refused the connection")),
    NetworkFault("reset-in-handshake", START, "TLS: reset at the first byte", listener=listeners.resetting, reads=LOST),
    NetworkFault("silence-in-handshake", START, "TLS: nothing is answered", listener=listeners.silent, reads=SILENT),
    NetworkFault("silence-in-handshake", DOWNLOAD, "TLS: nothing is answered", listener=listeners.silent, is_slow=True, reads=FILE_SILENT),
    NetworkFault("certificate-expired", START, "TLS: the certificate was valid until yesterday", listener=listeners.expired, reads=not_trusted("certificate has expired")),
    NetworkFault("certificate-expired", DOWNLOAD, "TLS: the certificate was valid until yesterday", listener=listeners.expired, then=RESUME, reads=file_not_trusted("certificate has expired")),
    NetworkFault("certificate-not-yet-valid", START, "TLS: this computer's clock is a day behind", listener=listeners.not_yet_valid, reads=not_trusted("certificate is not yet valid")),
    NetworkFault("certificate-of-another-host", START, "TLS: the certificate names another host", listener=listeners.other_name, reads=not_trusted("Hostname mismatch")),
    NetworkFault("certificate-of-another-host", DOWNLOAD, "TLS: the certificate names another host", listener=listeners.other_name, then=RESUME, reads=file_not_trusted("Hostname mismatch")),
    NetworkFault("unknown-authority", START, "TLS: nobody trusts the authority", listener=listeners.unknown_authority, reads=not_trusted("unable to get local issuer certificate")),
    NetworkFault("unknown-authority", DOWNLOAD, "TLS: nobody trusts the authority", listener=listeners.unknown_authority, then=RESUME, reads=file_not_trusted("unable to get local issuer certificate")),
    NetworkFault("old-protocol", START, "TLS: only version 1.1", listener=listeners.old_protocol, reads=TLS_FAILED),
    NetworkFault("no-tls", START, "plain HTTP where TLS is expected", listener=listeners.plain_text, reads=TLS_FAILED),
)

PROXIES = (
    NetworkFault("proxy", START, "through a proxy, with TLS", proxy=ProxyFault(), is_lasting=True),
    NetworkFault("proxy-with-authentication", START, "407 until HTTPS_PROXY has a user name and password", proxy=ProxyFault(credentials="user:pass"), reads=PROXY_CREDENTIALS),
    NetworkFault("proxy-with-authentication", DOWNLOAD, "407 for the file host, until HTTPS_PROXY has a user name and password", proxy=ProxyFault(credentials="user:pass", only_for="files.mint.test"), reads=FILE_PROXY),
    NetworkFault("proxy-refuses", START, "the proxy answers 502", proxy=ProxyFault(HTTP_502), reads=PROXY_REFUSES),
    NetworkFault("proxy-is-silent", START, "the proxy answers nothing", proxy=ProxyFault(b""), reads=SILENT),
    NetworkFault("proxy-is-missing", START, "nothing listens at the proxy's address", proxy=ProxyFault(is_missing=True), reads=PROXY_MISSING),
)

CLOCKS = (
    NetworkFault("clock-ahead", START, "this computer's clock is a day ahead", clock=DAY, is_lasting=True),
    NetworkFault("clock-behind", START, "this computer's clock is a day behind", clock=-DAY, is_lasting=True),
    NetworkFault("clock-jumps", START, "the answer is lost, then the clock is set a day forward", sent(nothing, close), clock_jump=DAY, reads=LOST),
    NetworkFault("clock-jumps-back", START, "the answer is lost, then the clock is set a day back", sent(nothing, close), clock_jump=-DAY, reads=LOST),
)

CONNECTION_FAULTS = (*TIME, *NAMES, *CONNECTIONS, *PROXIES, *CLOCKS)
