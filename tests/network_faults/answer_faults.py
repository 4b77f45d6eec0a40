# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the table: lost and broken answers of Mint's API."""

from __future__ import annotations

from .behaviors import (
    HTML,
    LOGIN_PAGE,
    answered,
    before_it,
    bomb,
    chunked,
    close,
    doubled,
    encoded,
    flood,
    half_body,
    half_headers,
    literally,
    not_read,
    nothing,
    old_version,
    redirected,
    reset,
    sent,
    two_lengths,
    with_headers,
    with_length,
)
from .fault import ASK_AGAIN, NetworkFault
from .hosts import Call
from .sentences import (
    LOST,
    MALFORMED,
    NO_ID,
    NO_OBJECT,
    OTHER_ID,
    SILENT,
    TOO_LARGE,
    WEB_PAGE_ANSWERED,
    invalid,
    redirects,
    refused_by_other,
    unavailable,
    unexpected,
    unreachable,
)

START, POLL, UPLOAD, USAGE, DOWNLOAD = Call.START, Call.POLL, Call.UPLOAD, Call.USAGE, Call.DOWNLOAD
PORTAL = "http://127.0.0.2:{port}/login"
OTHER_OPERATION = (
    b'{"id": "op_of_another", "status": "failed", "error": {"code": "generation_failed"}}'
)
MEGABYTE = 2**20

# one row, one line
# fmt: off
LOST_ANSWERS = (
    NetworkFault("answer-lost", START, "Mint starts, then the connection is closed", sent(nothing, close), reads=LOST),
    NetworkFault("answer-lost", POLL, "the connection is closed", sent(nothing, close), reads=LOST),
    NetworkFault("answer-lost", UPLOAD, "Mint has the picture, then the connection is closed", sent(nothing, close), reads=LOST),
    NetworkFault("answer-lost", USAGE, "the connection is closed", sent(nothing, close), then=ASK_AGAIN, reads=LOST),
    NetworkFault("reset", START, "reset before Mint has the request", sent(nothing, reset, after_work=False), reads=LOST),
    NetworkFault("reset-while-sending", UPLOAD, "reset before the picture is sent", not_read(reset), reads=LOST),
    NetworkFault("reset-in-headers", START, "Mint starts, then a reset in the headers", sent(half_headers, reset), reads=LOST),
    NetworkFault("reset-in-body", START, "Mint starts, then a reset in the body", sent(half_body, reset), reads=LOST),
    NetworkFault("reset-in-body", POLL, "a reset in the body", sent(half_body, reset), reads=LOST),
    NetworkFault("doubled", START, "Mint gets each request twice", doubled(), is_lasting=True),
    NetworkFault("doubled", UPLOAD, "Mint gets each request twice", doubled(), is_lasting=True),
)

GATEWAYS = (
    NetworkFault("gateway-524", START, "Mint starts, then a gateway answers 524", answered(524, LOGIN_PAGE, HTML, after_work=True), reads=unexpected(524)),
    NetworkFault("gateway-504", START, "a gateway answers 504, without a body", answered(504), reads=unavailable(504)),
    NetworkFault("gateway-502", POLL, "a gateway answers 502", answered(502, LOGIN_PAGE, HTML), reads=unavailable(502)),
    NetworkFault("gateway-413", UPLOAD, "a gateway answers 413 with a page", answered(413, LOGIN_PAGE, HTML), reads=refused_by_other(413)),
    NetworkFault("gateway-403", START, "a firewall answers 403 with a page", answered(403, LOGIN_PAGE, HTML), reads=refused_by_other(403)),
    NetworkFault("captive-portal", START, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), reads=WEB_PAGE_ANSWERED),
    NetworkFault("captive-portal", POLL, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), reads=WEB_PAGE_ANSWERED),
    NetworkFault("captive-portal", USAGE, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), then=ASK_AGAIN, reads=WEB_PAGE_ANSWERED),
    NetworkFault("empty-object", START, "a proxy answers 200 and {}", answered(200, b"{}"), reads=NO_ID),
    NetworkFault("answer-of-another", POLL, "a cache answers for another operation", answered(200, OTHER_OPERATION), reads=OTHER_ID),
    NetworkFault("captive-portal-511", POLL, "511 and a page to sign in", answered(511, LOGIN_PAGE, HTML), reads=refused_by_other(511)),
    *(NetworkFault(f"redirect-{status}", START, f"{status} to another host", redirected(status, PORTAL), reads=redirects("to 127.0.0.2")) for status in (301, 302, 303, 307, 308)),
    NetworkFault("redirect-302", POLL, "302 to another host", redirected(302, PORTAL), reads=redirects("to 127.0.0.2")),
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
    NetworkFault("length-no-number", POLL, "Content-Length: many", sent(with_headers(Content_Length="many"), close), is_lasting=True),
    NetworkFault("two-lengths", POLL, "two different Content-Length headers", sent(two_lengths, close), reads=unreachable("the connection failed")),
    NetworkFault("no-length", START, "no Content-Length", sent(with_headers(Content_Length=None), close), is_lasting=True),
    NetworkFault("endless-body", POLL, "the body never ends", sent(with_headers(Content_Length=None), flood(b" " * 2**16)), reads=TOO_LARGE),
    NetworkFault("endless-headers", POLL, "the headers never end", sent(literally(b"HTTP/1.1 200 OK\r\n"), flood(b"X-Filler: 1\r\n")), reads=MALFORMED),
    NetworkFault("endless-header", POLL, "a header never ends", sent(literally(b"HTTP/1.1 200 OK\r\nX-Filler: "), flood(b"1" * 2**12)), reads=MALFORMED),
    NetworkFault("endless-chunks", POLL, "there is always another chunk", sent(chunked(last=b""), flood(b"1\r\n \r\n" * 2**10)), is_slow=True, reads=SILENT),
    NetworkFault("chunk-length-broken", POLL, "the length of a chunk is no number", sent(chunked(length="xyz"), close), reads=LOST),
    NetworkFault("chunks-cut-off", START, "Mint starts, and the last chunk is missing", sent(chunked(last=b""), close), reads=LOST),
    NetworkFault("chunks-with-trailer", START, "chunks, and headers after them", sent(chunked(last=b"0\r\nX-Late: 1\r\n\r\n"), close), is_lasting=True),
)

PROTOCOLS = (
    NetworkFault("http-1.0", START, "the answer is HTTP/1.0", sent(old_version, close), is_lasting=True),
    NetworkFault("http-1.0", POLL, "each answer is HTTP/1.0", sent(old_version, close), is_lasting=True),
    NetworkFault("100-continue", START, "100 Continue comes first", sent(before_it(b"HTTP/1.1 100 Continue\r\n\r\n"), close), is_lasting=True),
    NetworkFault("endless-100-continue", POLL, "100 Continue comes again and again", sent(nothing, flood(b"HTTP/1.1 100 Continue\r\n\r\n")), is_slow=True, reads=SILENT),
    NetworkFault("103-early-hints", START, "103 Early Hints comes first", sent(before_it(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"), close), is_lasting=True),
    NetworkFault("103-early-hints", DOWNLOAD, "103 Early Hints comes first", sent(before_it(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"), close), is_lasting=True),
    NetworkFault("not-http", POLL, "the answer is that of an SSH server", sent(literally(b"SSH-2.0-OpenSSH_9.2\r\n"), close), reads=MALFORMED),
    NetworkFault("http-2", POLL, "the answer says HTTP/2", sent(lambda answer: answer.wire(version="HTTP/2"), close), reads=MALFORMED),
    NetworkFault("headers-without-colon", POLL, "a header is no header", sent(literally(b"HTTP/1.1 200 OK\r\nwhat is this\r\n\r\n{}"), close), reads=NO_ID),
)

ANSWER_FAULTS = (*LOST_ANSWERS, *GATEWAYS, *ENCODINGS, *LENGTHS, *PROTOCOLS)
