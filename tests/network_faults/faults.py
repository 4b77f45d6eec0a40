# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all faults of the network, and the sentences that users read for them."""

from __future__ import annotations

import socket

from . import listeners
from .behaviors import (
    HTML,
    LOGIN_PAGE,
    answered,
    before_it,
    bomb,
    chunked,
    close,
    delayed,
    doubled,
    drip,
    drip_rest,
    encoded,
    flood,
    half_body,
    literally,
    not_read,
    nothing,
    old_version,
    redirected,
    reset,
    sent,
    silence,
    two_lengths,
    with_headers,
    with_length,
)
from .fault import ASK_AGAIN, RESUME, NetworkFault
from .hosts import Call
from .name_resolution import fails, hangs, leads_to

# -- the sentences that users read, as `journey.plain` leaves them

_FILE = "a-lamp-….glb from localhost"
_AGAIN = "Resume downloads it again, at no cost. If the problem persists, write to hello@mint.gg."
_CHECK = "Check the base URL and your proxy settings."
_REPEATED = "Trying again automatically."
_REPORT = f"{_REPEATED} If this keeps happening, email hello@mint.gg with the request ID."


def unreachable(reason: str) -> str:
    """Return what is read when there was no answer."""
    return f"Mint cannot be reached: {reason}."


def invalid(what: str) -> str:
    """Return what is read for an answer that is none of Mint's API."""
    return f"Mint's response is invalid: {what}. {_CHECK}"


def _not_trusted(why: str) -> str:
    advice = "Behind a company proxy, set REQUESTS_CA_BUNDLE to the proxy's CA bundle"
    return f"its TLS certificate is not trusted ({why}). {advice}"


def not_trusted(why: str) -> str:
    """Return what is read for a certificate of Mint's API."""
    return unreachable(_not_trusted(why))


def file_unreachable(reason: str) -> str:
    """Return what is read when the file host cannot be reached."""
    return f"Could not reach the host of {_FILE}: {reason}."


def file_not_trusted(why: str) -> str:
    """Return what is read for a certificate of the file host."""
    return file_refused(file_unreachable(_not_trusted(why)))


def unavailable(status: int) -> str:
    """Return what is read for a failure of Mint, or of a gateway before it."""
    return f"Mint is temporarily unavailable: HTTP status {status}. Nothing is lost. {_REPEATED}"


def unexpected(status: int) -> str:
    """Return what is read for a status that nobody knows."""
    return f"Mint returned an unexpected status: HTTP status {status}. {_REPORT}"


def refused_by_other(status: int) -> str:
    """Return what is read for a refusal without Mint's reason."""
    advice = "Check the base URL, your proxy, and whether the network requires a sign-in."
    return f"The request was refused, but apparently not by Mint: HTTP status {status}. {advice} {_REPEATED}"


def redirects(where: str) -> str:
    """Return what is read when the API redirects."""
    return invalid(
        f"it redirects {where}. Redirects are not followed, so that the API key is sent to Mint only"
    )


def file_refused(what: str) -> str:
    """Return what is read for a file that is not fetched from such an answer."""
    return f"{what} {_AGAIN}"


def host_busy(status: int) -> str:
    """Return what is read when the file host has a failure."""
    return f"The file host cannot deliver {_FILE} right now (HTTP {status}). Try again later."


def damaged(what: str) -> str:
    """Return what is read for a model that is kept, but not imported."""
    return file_refused(
        f"Cannot import model.glb: it is {what}. The file was kept at …/model.refused.glb."
    )


_LOST = "the connection was lost before the response was complete"
LOST = unreachable(_LOST)
SILENT = unreachable("there was no response in time")
MALFORMED = unreachable("the HTTP response was incomplete")
WEB_PAGE_ANSWERED = invalid(
    "a web page came instead of Mint's answer. This network may want you to sign in: open any page"
    " in a browser, then try again"
)
NO_OBJECT = invalid("it is not a JSON object")
NO_ID = invalid("the operation has no ID")
TOO_LARGE = invalid("it is larger than 16 MB")
_NAME_UNKNOWN = "localhost was not found; this computer may be offline"
NAME_UNKNOWN = unreachable(_NAME_UNKNOWN)
TLS_FAILED = unreachable(
    "the TLS connection failed. Check the proxy, the file in REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or"
    " SSL_CERT_FILE, and that the server uses https"
)
OTHER_ID = "Mint's response is about op_of_another instead of …. Trying again."

FILE_SILENT = f"No data arrived for {_FILE} in N s. Try again to resume the download."
FILE_DRIPS = (
    f"The file host sent only N KB of {_FILE} in N s, less than 64 KB. Try again to resume the"
    " download."
)
FILE_LOST = f"The connection was lost while downloading {_FILE}. Try again to resume the download."
FILE_HOST_LOST = file_unreachable(_LOST)
FILE_HOST_UNKNOWN = file_unreachable(_NAME_UNKNOWN)
FILE_GONE = (
    f"{_FILE} was not found (HTTP 404). The link may have expired; Mint can provide a new one."
    " Resume does that."
)
FILE_TOO_LARGE = file_refused(
    f"{_FILE} is larger than 1.0 MB, the limit for such a file; it was not downloaded."
)
REDIRECT_LOOP = file_refused(f"{_FILE} was redirected more than 5 times. It was not downloaded.")
REDIRECT_INSIDE = file_refused(
    "The address of the file leads to this computer or its network (10.0.0.1). It was not"
    " downloaded."
)
REDIRECT_NOWHERE = file_refused("The address of the file has no host name.")
FILE_UNKNOWN_ENCODING = file_refused(
    f"The file host sent {_FILE} with an unsupported encoding (br)."
)
WEB_PAGE = damaged("a web page instead of a GLB; the link may have expired")
CUT_OFF = damaged("cut off: N of M bytes are there")


# -- the table

UPLOAD, START, POLL, DOWNLOAD, USAGE = Call
DAY = 24 * 3600.0
NOT_FOUND = fails(socket.EAI_NONAME, "Name or service not known")
PORTAL = "http://127.0.0.2:{port}/login"
OTHER_OPERATION = (
    b'{"id": "op_of_another", "status": "failed", "error": {"code": "generation_failed"}}'
)
MEGABYTE = 2**20

# one row, one line
# fmt: off
TIME = (
    NetworkFault("latency", START, "each answer takes 20 seconds", delayed(20), is_lasting=True),
    NetworkFault("latency", DOWNLOAD, "each answer takes 15 seconds", delayed(15), is_lasting=True),
    NetworkFault("silence", START, "nothing is answered", sent(nothing, silence, after_work=False), reads=SILENT),
    NetworkFault("silence-after-work", START, "Mint starts, and nothing is answered", sent(nothing, silence), reads=SILENT),
    NetworkFault("silence-in-body", POLL, "half of the body, then nothing", sent(half_body, silence), reads=SILENT),
    NetworkFault("silence", Call.UPLOAD, "nothing is answered", sent(nothing, silence), reads=SILENT),
    NetworkFault("silence", DOWNLOAD, "nothing is answered", sent(nothing, silence), is_slow=True, reads=FILE_SILENT),
    NetworkFault("silence-in-body", DOWNLOAD, "half of the body, then nothing", sent(half_body, silence), most=1),
    NetworkFault("byte-a-second-in-headers", START, "a byte a second", sent(literally(b"HTTP/1.1 200 OK\r\nX-Slow: "), drip()), is_slow=True, reads=SILENT),
    NetworkFault("byte-a-second-in-body", POLL, "a byte a second", sent(literally(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), drip()), is_slow=True, reads=SILENT),
    NetworkFault("byte-a-second-in-body", DOWNLOAD, "the second half comes a byte a second", sent(half_body, drip_rest), most=1, is_slow=True),
    NetworkFault("drip-without-end", DOWNLOAD, "a byte a second, without end", sent(literally(b"HTTP/1.1 200 OK\r\n\r\n"), drip()), is_slow=True, reads=FILE_DRIPS),
)

NAMES = (
    NetworkFault("name-not-found", START, "DNS knows no such name", lookup=NOT_FOUND, reads=NAME_UNKNOWN),
    NetworkFault("name-not-found", DOWNLOAD, "DNS knows no such name", lookup=NOT_FOUND, reads=FILE_HOST_UNKNOWN),
    NetworkFault("name-server-hangs", START, "DNS answers nothing for 30 seconds", lookup=hangs(30), reads=NAME_UNKNOWN),
    NetworkFault("ipv6-only", START, "the name has an IPv6 address only", lookup=leads_to("::1"), is_lasting=True),
    NetworkFault("ipv6-broken", START, "the first of two addresses refuses", lookup=leads_to("127.0.0.2", "127.0.0.1"), is_lasting=True),
)

CONNECTIONS = (
    NetworkFault("refused", START, "nothing listens at Mint", is_refused=True, reads=unreachable("localhost:… refused the connection")),
    NetworkFault("no-connection", START, "connecting takes for ever", listener=listeners.full, reads=unreachable("connecting to localhost:… timed out")),
    NetworkFault("refused", DOWNLOAD, "nothing listens at the file host", lookup=leads_to("127.0.0.2"), reads=file_unreachable("localhost:… refused the connection")),
    NetworkFault("reset-in-handshake", START, "TLS: reset at the first byte", listener=listeners.resetting, reads=LOST),
    NetworkFault("silence-in-handshake", START, "TLS: nothing is answered", listener=listeners.silent, reads=SILENT),
    NetworkFault("certificate-expired", START, "TLS: the certificate was valid until yesterday", listener=listeners.expired, reads=not_trusted("certificate has expired")),
    NetworkFault("certificate-expired", DOWNLOAD, "TLS: the certificate was valid until yesterday", listener=listeners.expired, then=RESUME, reads=file_not_trusted("certificate has expired")),
    NetworkFault("certificate-of-another-host", START, "TLS: the certificate names another host", listener=listeners.other_name, reads=not_trusted("Hostname mismatch")),
    NetworkFault("unknown-authority", START, "TLS: nobody trusts the authority", listener=listeners.unknown_authority, reads=not_trusted("unable to get local issuer certificate")),
    NetworkFault("old-protocol", START, "TLS: only version 1.1", listener=listeners.old_protocol, reads=TLS_FAILED),
    NetworkFault("no-tls", START, "plain HTTP where TLS is expected", listener=listeners.plain_text, reads=TLS_FAILED),
)

CLOCKS = (
    NetworkFault("clock-ahead", START, "this computer's clock is a day ahead", clock=DAY, is_lasting=True),
    NetworkFault("clock-behind", START, "this computer's clock is a day behind", clock=-DAY, is_lasting=True),
    NetworkFault("clock-jumps", START, "the answer is lost, then the clock is set a day forward", sent(nothing, close), clock_jump=DAY, reads=LOST),
    NetworkFault("clock-jumps-back", START, "the answer is lost, then the clock is set a day back", sent(nothing, close), clock_jump=-DAY, reads=LOST),
)

CONNECTION_FAULTS = (*TIME, *NAMES, *CONNECTIONS, *CLOCKS)

LOST_ANSWERS = (
    NetworkFault("answer-lost", START, "Mint starts, then the connection is closed", sent(nothing, close), reads=LOST),
    NetworkFault("answer-lost", UPLOAD, "Mint has the picture, then the connection is closed", sent(nothing, close), reads=LOST),
    NetworkFault("reset", START, "reset before Mint has the request", sent(nothing, reset, after_work=False), reads=LOST),
    NetworkFault("reset-while-sending", UPLOAD, "reset before the picture is sent", not_read(reset), reads=LOST),
    NetworkFault("reset-in-body", START, "Mint starts, then a reset in the body", sent(half_body, reset), reads=LOST),
    NetworkFault("doubled", START, "Mint gets each request twice", doubled(), is_lasting=True),
)

GATEWAYS = (
    NetworkFault("gateway-524", START, "Mint starts, then a gateway answers 524", answered(524, LOGIN_PAGE, HTML, after_work=True), reads=unexpected(524)),
    NetworkFault("gateway-504", START, "a gateway answers 504, without a body", answered(504), reads=unavailable(504)),
    NetworkFault("gateway-413", UPLOAD, "a gateway answers 413 with a page", answered(413, LOGIN_PAGE, HTML), reads=refused_by_other(413)),
    NetworkFault("gateway-403", START, "a firewall answers 403 with a page", answered(403, LOGIN_PAGE, HTML), reads=refused_by_other(403)),
    NetworkFault("captive-portal", START, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), reads=WEB_PAGE_ANSWERED),
    NetworkFault("captive-portal", USAGE, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), then=ASK_AGAIN, reads=WEB_PAGE_ANSWERED),
    NetworkFault("empty-object", START, "a proxy answers 200 and {}", answered(200, b"{}"), reads=NO_ID),
    NetworkFault("answer-of-another", POLL, "a cache answers for another operation", answered(200, OTHER_OPERATION), reads=OTHER_ID),
    *(NetworkFault(f"redirect-{status}", START, f"{status} to another host", redirected(status, PORTAL), reads=redirects("to 127.0.0.2")) for status in (302, 303, 307)),
    NetworkFault("redirect-without-address", POLL, "302 without a Location", redirected(302, None), reads=redirects("to another address")),
)

ENCODINGS = (
    NetworkFault("gzip-bomb", POLL, "17 KB that become 17 MB", sent(encoded("gzip", bomb(17 * MEGABYTE)), close), reads=TOO_LARGE),
    NetworkFault("gzip-damaged", POLL, "the body is not what Content-Encoding says", sent(encoded("gzip", lambda body: body), close), reads=invalid("its compressed data is damaged")),
    NetworkFault("unknown-encoding", POLL, "Content-Encoding: secret", sent(encoded("secret", lambda body: body[::-1]), close), reads=NO_OBJECT),
)

LENGTHS = (
    NetworkFault("length-too-long", POLL, "Content-Length is too large", sent(with_length(9), close), reads=LOST),
    NetworkFault("length-too-short", START, "Mint starts, and Content-Length is too small", sent(with_length(-9), close), reads=NO_OBJECT),
    NetworkFault("length-negative", POLL, "Content-Length: -5", sent(with_headers(Content_Length="-5"), close), is_lasting=True),
    NetworkFault("two-lengths", POLL, "two different Content-Length headers", sent(two_lengths, close), reads=unreachable("the connection failed")),
    NetworkFault("endless-body", POLL, "the body never ends", sent(with_headers(Content_Length=None), flood(b" " * 2**16)), reads=TOO_LARGE),
    NetworkFault("endless-headers", POLL, "the headers never end", sent(literally(b"HTTP/1.1 200 OK\r\n"), flood(b"X-Filler: 1\r\n")), reads=MALFORMED),
    NetworkFault("endless-chunks", POLL, "there is always another chunk", sent(chunked(last=b""), flood(b"1\r\n \r\n" * 2**10)), is_slow=True, reads=SILENT),
    NetworkFault("chunk-length-broken", POLL, "the length of a chunk is no number", sent(chunked(length="xyz"), close), reads=LOST),
    NetworkFault("chunks-cut-off", START, "Mint starts, and the last chunk is missing", sent(chunked(last=b""), close), reads=LOST),
    NetworkFault("chunks-with-trailer", START, "chunks, and headers after them", sent(chunked(last=b"0\r\nX-Late: 1\r\n\r\n"), close), is_lasting=True),
)

PROTOCOLS = (
    NetworkFault("http-1.0", START, "the answer is HTTP/1.0", sent(old_version, close), is_lasting=True),
    NetworkFault("100-continue", START, "100 Continue comes first", sent(before_it(b"HTTP/1.1 100 Continue\r\n\r\n"), close), is_lasting=True),
    NetworkFault("endless-100-continue", POLL, "100 Continue comes again and again", sent(nothing, flood(b"HTTP/1.1 100 Continue\r\n\r\n")), is_slow=True, reads=SILENT),
    NetworkFault("not-http", POLL, "the answer is that of an SSH server", sent(literally(b"SSH-2.0-OpenSSH_9.2\r\n"), close), reads=MALFORMED),
    NetworkFault("headers-without-colon", POLL, "a header is no header", sent(literally(b"HTTP/1.1 200 OK\r\nwhat is this\r\n\r\n{}"), close), reads=NO_ID),
)

ANSWER_FAULTS = (*LOST_ANSWERS, *GATEWAYS, *ENCODINGS, *LENGTHS, *PROTOCOLS)

DOWNLOAD_FAULTS = (
    NetworkFault("answer-lost", DOWNLOAD, "the connection is closed", sent(nothing, close), reads=FILE_HOST_LOST),
    NetworkFault("reset-in-body", DOWNLOAD, "a reset in the body, three times", sent(half_body, reset), most=3),
    NetworkFault("captive-portal", DOWNLOAD, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), then=RESUME, reads=WEB_PAGE),
    NetworkFault("host-503", DOWNLOAD, "503", answered(503), reads=host_busy(503)),
    NetworkFault("link-expired-403", DOWNLOAD, "the link has expired: 403, once", answered(403), most=1),
    NetworkFault("link-gone-404", DOWNLOAD, "404, also for a new link", answered(404), then=RESUME, reads=FILE_GONE),
    NetworkFault("redirect-302", DOWNLOAD, "302 to another host that has the file", redirected(302, "http://127.0.0.1:{port}/{path}"), most=1),
    NetworkFault("redirect-loop", DOWNLOAD, "302 to itself", redirected(302, "/{path}"), then=RESUME, reads=REDIRECT_LOOP),
    NetworkFault("redirect-inside", DOWNLOAD, "302 to a private network", redirected(302, "https://10.0.0.1/{path}"), then=RESUME, reads=REDIRECT_INSIDE),
    NetworkFault("redirect-to-file", DOWNLOAD, "302 to file:///etc/passwd", redirected(302, "file:///etc/passwd"), then=RESUME, reads=REDIRECT_NOWHERE),
    NetworkFault("unknown-encoding", DOWNLOAD, "Content-Encoding: br, which was not requested", sent(encoded("br", lambda body: body), close), then=RESUME, reads=FILE_UNKNOWN_ENCODING),
    NetworkFault("length-too-long", DOWNLOAD, "Content-Length is too large", sent(with_length(9), close), then=RESUME, reads=FILE_LOST),
    NetworkFault("length-too-short", DOWNLOAD, "Content-Length is too small", sent(with_length(-9), close), then=RESUME, reads=CUT_OFF),
    NetworkFault("endless-body", DOWNLOAD, "the body never ends", sent(with_headers(Content_Length=None), flood(bytes(2**14))), then=RESUME, reads=FILE_TOO_LARGE),
    NetworkFault("chunked", DOWNLOAD, "chunks, and no length", sent(chunked(), close), is_lasting=True),
    NetworkFault("chunks-cut-off", DOWNLOAD, "the last chunk is missing", sent(chunked(last=b""), close), then=RESUME, reads=FILE_LOST),
)

FAULTS = (*CONNECTION_FAULTS, *ANSWER_FAULTS, *DOWNLOAD_FAULTS)
"""Each fault, the call that it hits, and what comes of it."""
