# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all faults of the network, and the sentences that users read for them."""

from __future__ import annotations

from .behaviors import (
    HTML,
    LOGIN_PAGE,
    answered,
    before_it,
    close,
    delayed,
    doubled,
    flood,
    half_body,
    nothing,
    old_version,
    redirected,
    reset,
    sent,
    silence,
    with_headers,
)
from .fault import ASK_AGAIN, RESUME, NetworkFault
from .hosts import Call
from .name_resolution import leads_to, not_found

# -- the sentences that users read, as `journey.plain` leaves them

_FILE = "a-lamp-….glb from localhost"
_AGAIN = "Resume downloads it again, at no cost. If the problem persists, write to hello@mint.gg."
_REPEATED = "Trying again automatically."
_REPORT = f"{_REPEATED} If this keeps happening, email hello@mint.gg with the request ID."


def unreachable(reason: str) -> str:
    """Return what is read when there was no answer."""
    return f"Mint cannot be reached: {reason}."


def invalid(what: str) -> str:
    """Return what is read for an answer that is none of Mint's API."""
    return f"Mint's response is invalid: {what}. Check the base URL and your proxy settings."


def file_unreachable(reason: str) -> str:
    """Return what is read when the file host cannot be reached."""
    return f"Could not reach the host of {_FILE}: {reason}."


def refused_by_other(status: int) -> str:
    """Return what is read for a refusal without Mint's reason."""
    advice = "Check the base URL, your proxy, and whether the network requires a sign-in."
    return f"The request was refused, but apparently not by Mint: HTTP status {status}. {advice} {_REPEATED}"


_LOST = "the connection was lost before the response was complete"
LOST = unreachable(_LOST)
SILENT = unreachable("there was no response in time")
WEB_PAGE_ANSWERED = invalid(
    "a web page came instead of Mint's answer. This network may want you to sign in: open any page"
    " in a browser, then try again"
)
NO_ID = invalid("the operation has no ID")
TOO_LARGE = invalid("it is larger than 16 MB")
REDIRECTED = invalid(
    "it redirects to 127.0.0.2. Redirects are not followed, so that the API key is sent to Mint only"
)
_NAME_UNKNOWN = "localhost was not found; this computer may be offline"
NAME_UNKNOWN = unreachable(_NAME_UNKNOWN)
_REFUSED = "localhost:… refused the connection"
UNAVAILABLE = f"Mint is temporarily unavailable: HTTP status 504. Nothing is lost. {_REPEATED}"
UNEXPECTED = f"Mint returned an unexpected status: HTTP status 524. {_REPORT}"
OTHER_ID = "Mint's response is about op_of_another instead of …. Trying again."

FILE_HOST_LOST = file_unreachable(_LOST)
FILE_HOST_UNKNOWN = file_unreachable(_NAME_UNKNOWN)
FILE_HOST_BUSY = f"The file host cannot deliver {_FILE} right now (HTTP 503). Try again later."
FILE_GONE = (
    f"{_FILE} was not found (HTTP 404). The link may have expired; Mint can provide a new one."
    " Resume does that."
)
WEB_PAGE = (
    "Cannot import model.glb: it is a web page instead of a GLB; the link may have expired. The"
    f" file was kept at …/model.refused.glb. {_AGAIN}"
)


# -- the table

UPLOAD, START, POLL, DOWNLOAD, USAGE = Call
DAY = 24 * 3600.0
PORTAL = "http://127.0.0.2:{port}/login"
OTHER_OPERATION = (
    b'{"id": "op_of_another", "status": "failed", "error": {"code": "generation_failed"}}'
)

# one row, one line
# fmt: off
FAULTS = (
    NetworkFault("latency", START, "each answer takes 20 seconds", delayed(20), is_lasting=True),
    NetworkFault("silence", START, "nothing is answered", sent(nothing, silence, after_work=False), reads=SILENT),
    NetworkFault("silence-after-work", START, "Mint starts, and nothing is answered", sent(nothing, silence), reads=SILENT),
    NetworkFault("silence-in-body", POLL, "half of the body, then nothing", sent(half_body, silence), reads=SILENT),
    NetworkFault("silence", UPLOAD, "nothing is answered", sent(nothing, silence), reads=SILENT),
    NetworkFault("silence-in-body", DOWNLOAD, "half of the body, then nothing", sent(half_body, silence), most=1),
    NetworkFault("name-not-found", START, "DNS knows no such name", lookup=not_found, reads=NAME_UNKNOWN),
    NetworkFault("name-not-found", DOWNLOAD, "DNS knows no such name", lookup=not_found, reads=FILE_HOST_UNKNOWN),
    NetworkFault("ipv6-only", START, "the name has an IPv6 address only", lookup=leads_to("::1"), is_lasting=True),
    NetworkFault("ipv6-broken", START, "the first of two addresses refuses", lookup=leads_to("127.0.0.2", "127.0.0.1"), is_lasting=True),
    NetworkFault("refused", START, "nothing listens at Mint", is_refused=True, reads=unreachable(_REFUSED)),
    NetworkFault("refused", DOWNLOAD, "nothing listens at the file host", lookup=leads_to("127.0.0.2"), reads=file_unreachable(_REFUSED)),
    NetworkFault("clock-ahead", START, "this computer's clock is a day ahead", clock=DAY, is_lasting=True),
    NetworkFault("clock-behind", START, "this computer's clock is a day behind", clock=-DAY, is_lasting=True),
    NetworkFault("clock-jumps", START, "the answer is lost, then the clock is set a day forward", sent(nothing, close), clock_jump=DAY, reads=LOST),
    NetworkFault("clock-jumps-back", START, "the answer is lost, then the clock is set a day back", sent(nothing, close), clock_jump=-DAY, reads=LOST),
    NetworkFault("answer-lost", START, "Mint starts, then the connection is closed", sent(nothing, close), reads=LOST),
    NetworkFault("answer-lost", UPLOAD, "Mint has the picture, then the connection is closed", sent(nothing, close), reads=LOST),
    NetworkFault("reset", START, "reset before Mint has the request", sent(nothing, reset, after_work=False), reads=LOST),
    NetworkFault("reset-while-sending", UPLOAD, "reset before the picture is sent", reset, reads=LOST),
    NetworkFault("reset-in-body", START, "Mint starts, then a reset in the body", sent(half_body, reset), reads=LOST),
    NetworkFault("doubled", START, "Mint gets each request twice", doubled, is_lasting=True),
    NetworkFault("gateway-524", START, "Mint starts, then a gateway answers 524", answered(524, LOGIN_PAGE, HTML, after_work=True), reads=UNEXPECTED),
    NetworkFault("gateway-504", START, "a gateway answers 504, without a body", answered(504), reads=UNAVAILABLE),
    NetworkFault("gateway-413", UPLOAD, "a gateway answers 413 with a page", answered(413, LOGIN_PAGE, HTML), reads=refused_by_other(413)),
    NetworkFault("gateway-403", START, "a firewall answers 403 with a page", answered(403, LOGIN_PAGE, HTML), reads=refused_by_other(403)),
    NetworkFault("captive-portal", START, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), reads=WEB_PAGE_ANSWERED),
    NetworkFault("captive-portal", USAGE, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), then=ASK_AGAIN, reads=WEB_PAGE_ANSWERED),
    NetworkFault("empty-object", START, "a proxy answers 200 and {}", answered(200, b"{}"), reads=NO_ID),
    NetworkFault("answer-of-another", POLL, "a cache answers for another operation", answered(200, OTHER_OPERATION), reads=OTHER_ID),
    NetworkFault("redirect-302", START, "302 to another host", redirected(PORTAL), reads=REDIRECTED),
    NetworkFault("endless-body", POLL, "the body never ends", sent(with_headers(Content_Length=None), flood(b" " * 2**16)), reads=TOO_LARGE),
    NetworkFault("http-1.0", START, "the answer is HTTP/1.0", sent(old_version, close), is_lasting=True),
    NetworkFault("100-continue", START, "100 Continue comes first", sent(before_it(b"HTTP/1.1 100 Continue\r\n\r\n"), close), is_lasting=True),
    NetworkFault("answer-lost", DOWNLOAD, "the connection is closed", sent(nothing, close), reads=FILE_HOST_LOST),
    NetworkFault("reset-in-body", DOWNLOAD, "a reset in the body, three times", sent(half_body, reset), most=3),
    NetworkFault("captive-portal", DOWNLOAD, "200 and a page to sign in", answered(200, LOGIN_PAGE, HTML), then=RESUME, reads=WEB_PAGE),
    NetworkFault("host-503", DOWNLOAD, "503", answered(503), reads=FILE_HOST_BUSY),
    NetworkFault("link-expired-403", DOWNLOAD, "the link has expired: 403, once", answered(403), most=1),
    NetworkFault("link-gone-404", DOWNLOAD, "404, also for a new link", answered(404), then=RESUME, reads=FILE_GONE),
    NetworkFault("redirect-302", DOWNLOAD, "302 to another host that has the file", redirected("http://127.0.0.1:{port}/{path}"), most=1),
)
"""Each fault, the call that it hits, and what comes of it: one of each class.

What else an answer can be is shown by `tests/mint/test_transport.py`, and what a file can be by
`tests/files/test_download.py`.
"""
