# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the table: lost and broken answers of the file host."""

from __future__ import annotations

from .behaviors import (
    HTML,
    LOGIN_PAGE,
    answered,
    chunked,
    close,
    encoded,
    flood,
    half_body,
    nothing,
    old_version,
    redirected,
    reset,
    sent,
    with_headers,
    with_length,
)
from .fault import RESUME, NetworkFault
from .hosts import Call
from .sentences import (
    CUT_OFF,
    FILE_GONE,
    FILE_HOST_LOST,
    FILE_LOST,
    FILE_TOO_LARGE,
    FILE_UNKNOWN_ENCODING,
    REDIRECT_INSIDE,
    REDIRECT_LOOP,
    REDIRECT_NOWHERE,
    REDIRECT_WITHOUT_ADDRESS,
    WEB_PAGE,
    host_busy,
)

DOWNLOAD = Call.DOWNLOAD

# one row, one line
# fmt: off
DOWNLOAD_FAULTS = (
    NetworkFault("answer-lost", DOWNLOAD, "the connection is closed", sent(nothing, close), reads=FILE_HOST_LOST),
    NetworkFault("reset-in-body", DOWNLOAD, "a reset in the body, three times", sent(half_body, reset), most=3),
    NetworkFault("captive-portal", DOWNLOAD, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), then=RESUME, reads=WEB_PAGE),
    NetworkFault("captive-portal-511", DOWNLOAD, "511 and a page to sign in", answered(511, LOGIN_PAGE, HTML), reads=host_busy(511)),
    NetworkFault("host-503", DOWNLOAD, "503", answered(503), reads=host_busy(503)),
    NetworkFault("link-expired-403", DOWNLOAD, "the link has expired: 403, once", answered(403), most=1),
    NetworkFault("link-expired-410", DOWNLOAD, "the link has expired: 410, once", answered(410), most=1),
    NetworkFault("link-gone-404", DOWNLOAD, "404, also for a new link", answered(404), then=RESUME, reads=FILE_GONE),
    NetworkFault("redirect-302", DOWNLOAD, "302 to another host that has the file", redirected(302, "http://127.0.0.1:{port}/{path}"), most=1),
    NetworkFault("redirect-308", DOWNLOAD, "308 to another host that has the file", redirected(308, "http://127.0.0.1:{port}/{path}"), most=1),
    NetworkFault("redirect-loop", DOWNLOAD, "302 to itself", redirected(302, "/{path}"), then=RESUME, reads=REDIRECT_LOOP),
    NetworkFault("redirect-inside", DOWNLOAD, "302 to a private network", redirected(302, "https://10.0.0.1/{path}"), then=RESUME, reads=REDIRECT_INSIDE),
    NetworkFault("redirect-to-file", DOWNLOAD, "302 to file:///etc/passwd", redirected(302, "file:///etc/passwd"), then=RESUME, reads=REDIRECT_NOWHERE),
    NetworkFault("redirect-without-address", DOWNLOAD, "302 without a Location", redirected(302, None), then=RESUME, reads=REDIRECT_WITHOUT_ADDRESS),
    NetworkFault("unknown-encoding", DOWNLOAD, "Content-Encoding: br, which was not requested", sent(encoded("br", lambda body: body), close), then=RESUME, reads=FILE_UNKNOWN_ENCODING),
    NetworkFault("length-too-long", DOWNLOAD, "Content-Length is too large", sent(with_length(9), close), then=RESUME, reads=FILE_LOST),
    NetworkFault("length-too-short", DOWNLOAD, "Content-Length is too small", sent(with_length(-9), close), then=RESUME, reads=CUT_OFF),
    NetworkFault("length-negative", DOWNLOAD, "Content-Length: -5", sent(with_headers(Content_Length="-5"), close), is_lasting=True),
    NetworkFault("endless-body", DOWNLOAD, "the body never ends", sent(with_headers(Content_Length=None), flood(bytes(2**14))), then=RESUME, reads=FILE_TOO_LARGE),
    NetworkFault("chunked", DOWNLOAD, "chunks, and no length", sent(chunked(), close), is_lasting=True),
    NetworkFault("chunk-length-broken", DOWNLOAD, "the length of a chunk is no number", sent(chunked(length="xyz"), close), then=RESUME, reads=FILE_LOST),
    NetworkFault("chunks-cut-off", DOWNLOAD, "the last chunk is missing", sent(chunked(last=b""), close), then=RESUME, reads=FILE_LOST),
    NetworkFault("http-1.0", DOWNLOAD, "the answer is HTTP/1.0", sent(old_version, close), is_lasting=True),
)
