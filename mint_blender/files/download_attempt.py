# SPDX-License-Identifier: GPL-3.0-or-later
"""One attempt at a download: send the request, receive the body, check that it is complete.

Knows HTTP and the partial file; retries are in `download`.
"""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests
import urllib3

from ..message import Message
from ..net import connections, guarded_socket, response_body
from ..net.connection_errors import describe
from ..net.retry import parse_retry_after
from . import redirects, urls
from .disk import disk_errors
from .errors import DownloadFailed, FileError, LinkExpired, Stopped, TooLarge, TooSlow
from .partial_download import PartFile, PartSource, check_free_space, is_header_text

BLOCK = 2**18
RETRY_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses of a failure that passes; a CDN has some of its own, such as 522 and 524."""
EXPIRED_STATUSES = frozenset({403, 404, 410})


@dataclass(frozen=True)
class DownloadRequest:
    """Parameters of one `Downloader.fetch`, the same for all its attempts."""

    url: str
    part: PartFile
    limit: int
    deadline: float
    clock: Callable[[], float]
    stop: Callable[[], bool]
    progress: Callable[[int, int | None], None]
    timeout: tuple[float, float]
    """Seconds to connect, and seconds without a byte."""
    local_files: bool = False
    """Whether the address may lead to this computer."""

    @property
    def label(self) -> str:
        """Name of the file in messages."""
        return urls.label(self.url)

    def check_stop(self) -> None:
        """Raise Stopped if the caller wants to stop."""
        if self.stop():
            raise Stopped(
                Message(
                    "The download of {label} was stopped. It can resume later.", label=self.label
                )
            )

    def check_time(self) -> None:
        """Raise TooSlow after the deadline."""
        if self.clock() >= self.deadline:
            raise TooSlow(
                Message(
                    "The download of {label} took too long and was stopped. Try again to"
                    " resume it.",
                    label=self.label,
                )
            )

    def check_size(self, size: int) -> None:
        """Raise TooLarge and discard the part if the file is larger than the limit."""
        if size > self.limit:
            self.part.discard()
            raise TooLarge(
                Message(
                    "{label} is larger than {limit:,.1f} MB, the limit for such a file; it"
                    " was not downloaded.",
                    label=self.label,
                    limit=self.limit / 2**20,
                )
            )


def attempt(session: requests.Session, request: DownloadRequest) -> None:
    """Complete the partial file, or raise a FileError; received bytes stay in the part."""
    request.check_stop()
    request.check_time()
    if request.part.is_complete:
        return
    guard = guarded_socket.Guard(request.deadline, stop=request.stop, clock=request.clock)
    try:
        with guarded_socket.guarded(guard):
            response = redirects.get(
                session,
                request.url,
                headers=_range_headers(request.part),
                timeout=request.timeout,
                local_files=request.local_files,
            )
            try:
                request.check_stop()
                _accept(response, request)
                _receive(response, request)
            finally:
                response.close()
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
    ) as error:
        request.check_stop()
        request.check_time()
        raise _to_file_error(error, request) from error


def _range_headers(part: PartFile) -> dict[str, str]:
    """Return headers that request the rest, if the file has not changed since."""
    if part.source is None or part.source.validator is None or not part.size:
        return {}
    return {"Range": f"bytes={part.size}-", "If-Range": part.source.validator}


def _accept(response: requests.Response, request: DownloadRequest) -> None:
    """Start or resume the part if status and headers say that the body belongs to it."""
    status = response.status_code
    if status == 200:
        _check_encoding(response, request)
        total = _length(response)
        if total is not None:
            request.check_size(total)
            check_free_space(request.part.target.parent, total)
        request.part.begin(PartSource(urls.without_query(request.url), _validator(response), total))
    elif status == 206:
        _resume(response, request)
    elif status == 416:
        request.part.discard()
        raise _changed(request)
    else:
        raise _refusal(response, request)


def _resume(response: requests.Response, request: DownloadRequest) -> None:
    """Resume the part if these are the next bytes of the same file."""
    part, known = request.part, request.part.source
    given = re.fullmatch(
        r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)",
        response.headers.get("Content-Range", "").strip(),
    )
    validator = _validator(response)
    fits = (
        known is not None
        and given is not None
        and int(given[1]) == part.size
        and (validator is None or validator == known.validator)
        and (given[3] == "*" or known.total is None or int(given[3]) == known.total)
        and _encoding(response) is None
    )
    if not fits or known is None or given is None:
        part.discard()
        raise _changed(request)
    if given[3] != "*":
        request.check_size(int(given[3]))
        part.source = replace(known, total=int(given[3]))


def _changed(request: DownloadRequest) -> DownloadFailed:
    return DownloadFailed(
        Message(
            "{label} changed on the file host during the download. Try again to start over.",
            label=request.label,
        )
    )


def _refusal(response: requests.Response, request: DownloadRequest) -> FileError:
    status = response.status_code
    if status in EXPIRED_STATUSES:
        return LinkExpired(
            Message(
                "{label} was not found (HTTP {status}). The link may have expired; Mint can"
                " provide a new one.",
                label=request.label,
                status=status,
            )
        )
    if status in RETRY_STATUSES:
        return DownloadFailed(
            Message(
                "The file host cannot deliver {label} right now (HTTP {status}). Try again later.",
                label=request.label,
                status=status,
            ),
            retry_after=parse_retry_after(
                response.headers.get("Retry-After"),
                date=response.headers.get("Date"),
                now=datetime.now(UTC),
            ),
            is_outage=True,
        )
    return DownloadFailed(
        Message(
            "The file host refused to deliver {label} (HTTP {status}).",
            label=request.label,
            status=status,
        ),
        retryable=False,
    )


def _receive(response: requests.Response, request: DownloadRequest) -> None:
    """Write the body to the part, checking size, time and stop, and that nothing is missing."""
    part = request.part
    total = part.source.total if part.source else None
    done = part.size
    request.progress(done, total)
    stream = part.open()
    try:
        for block in response_body.blocks(response, BLOCK):
            done += len(block)
            request.check_size(done)
            # before writing: another download may be writing to the same part by now
            request.check_stop()
            with disk_errors(part.path):
                stream.write(block)
                stream.flush()
            request.progress(done, total)
            request.check_time()
    finally:
        with disk_errors(part.path):
            stream.close()
    if not done:
        part.discard()
        raise DownloadFailed(
            Message("The file host sent nothing for {label}. Try again later.", label=request.label)
        )
    if total is not None and done != total:
        if done > total:
            part.discard()
        raise _connection_lost(request)


def _check_encoding(response: requests.Response, request: DownloadRequest) -> None:
    """Raise DownloadFailed for a `Content-Encoding`: none is requested."""
    if (encoding := _encoding(response)) is not None:
        raise DownloadFailed(
            Message(
                "The file host sent {label} with an unsupported encoding ({encoding}).",
                label=request.label,
                encoding=urls.printable(encoding[:20]),
            ),
            retryable=False,
        )


def _encoding(response: requests.Response) -> str | None:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    return None if encoding in {"", "identity"} else encoding


def _length(response: requests.Response) -> int | None:
    """Return the bytes that the body must have, None if unknown."""
    text = response.headers.get("Content-Length", "").strip()
    if response.headers.get("Transfer-Encoding") or not re.fullmatch(r"\d{1,18}", text):
        return None
    return int(text)


def _validator(response: requests.Response) -> str | None:
    """Return a strong ETag, else Last-Modified, to detect a changed file later."""
    etag = response.headers.get("ETag", "").strip()
    if etag.startswith('"') and is_header_text(etag):
        return etag
    modified = response.headers.get("Last-Modified", "").strip()
    return modified if modified and is_header_text(modified) else None


def _connection_lost(request: DownloadRequest) -> DownloadFailed:
    return DownloadFailed(
        Message(
            "The connection was lost while downloading {label}. Try again to resume the download.",
            label=request.label,
        )
    )


def _to_file_error(error: Exception, request: DownloadRequest) -> FileError:
    """Return the FileError for an exception of the network."""
    exceptions, parts = requests.exceptions, urlsplit(request.url)
    host = urls.printable(parts.hostname or "")
    if isinstance(error, connections.ForbiddenAddress):
        return urls.not_public(f"{host}, {error.address}")
    reason, part = describe(error, host, parts.port or 443)
    if part == "network" and _is_timeout(error):
        return TooSlow(
            Message(
                "No data arrived for {label} in {seconds:.0f} s. Try again to resume the download.",
                label=request.label,
                seconds=request.timeout[0 if connections.was_connecting(error) else 1],
            )
        )
    is_broken = isinstance(error, ValueError)
    if part == "network" and is_broken and isinstance(error, exceptions.RequestException):
        return DownloadFailed(
            Message("The address of {label} is invalid.", label=request.label), retryable=False
        )
    is_ca_bundle = part == "tls" and not isinstance(error, ssl.SSLError)
    if is_ca_bundle or isinstance(error, exceptions.RequestException):  # no response
        may_pass = part != "tls" and not is_broken
        return DownloadFailed(
            Message(
                "Could not reach the host of {label}: {reason}.",
                label=request.label,
                reason=reason,
            ),
            retryable=may_pass,
            is_outage=may_pass,
        )
    return _connection_lost(request)


def _is_timeout(error: Exception) -> bool:
    """Return whether the host was reached, and nothing arrived."""
    exceptions = requests.exceptions
    timeouts = exceptions.Timeout | urllib3.exceptions.TimeoutError | TimeoutError
    return isinstance(error, timeouts) and not isinstance(error, exceptions.ConnectTimeout)
