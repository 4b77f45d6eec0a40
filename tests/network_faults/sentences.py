# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences that users read for faults of the network, as `journey.plain` leaves them."""

from __future__ import annotations

_FILE = "a-lamp-….glb from localhost"
_AGAIN = "Resume downloads it again, at no cost. If the problem persists, write to hello@mint.gg."
_CHECK = "Check the base URL and your proxy settings."
_REPEATED = "Trying again automatically."
_REPORT = f"{_REPEATED} If this keeps happening, email hello@mint.gg with the request ID."
_PROXY = "the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"


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
_CREDENTIALS = f"{_PROXY} requires a user name and password, or rejected the ones given"
PROXY_CREDENTIALS = unreachable(_CREDENTIALS)
PROXY_REFUSES = unreachable(f"{_PROXY} refused the connection (status 502)")
PROXY_MISSING = unreachable(f"{_PROXY} does not respond")
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
FILE_PROXY = file_unreachable(_CREDENTIALS).replace("localhost", "files.mint.test")
REDIRECT_LOOP = file_refused(f"{_FILE} was redirected more than 5 times. It was not downloaded.")
REDIRECT_INSIDE = file_refused(
    "The address of the file leads to this computer or its network (10.0.0.1). It was not"
    " downloaded."
)
REDIRECT_NOWHERE = file_refused("The address of the file has no host name.")
REDIRECT_WITHOUT_ADDRESS = file_refused(f"The file host redirected {_FILE} without a new address.")
FILE_UNKNOWN_ENCODING = file_refused(
    f"The file host sent {_FILE} with an unsupported encoding (br)."
)
WEB_PAGE = damaged("a web page instead of a GLB; the link may have expired")
CUT_OFF = damaged("cut off: N of M bytes are there")
