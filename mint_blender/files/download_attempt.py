# SPDX-License-Identifier: GPL-3.0-or-later
"""One try at a download: ask, follow redirects, take what comes, check that it is all.

Knows HTTP and the part on disk; knows nothing of repeating (see `download`).
"""

from __future__ import annotations

import http.client
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import requests
import urllib3

from ..message import Message
from ..net import connections
from ..net.retry_after import parse_retry_after
from . import redirects, urls
from .errors import DownloadFailed, FileError, LinkExpired, Stopped, TooLarge, TooSlow
from .part_file import PartFile, PartSource, check_room, disk_errors, is_header_text

BLOCK = 2**16
TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
GONE = frozenset({403, 404, 410})


@dataclass(frozen=True)
class DownloadRequest:
    """What one `fetch` wants, the same for each of its tries."""

    url: str
    part: PartFile
    limit: int
    deadline: float
    clock: Callable[[], float]
    stop: Callable[[], bool]
    progress: Callable[[int, int | None], None]
    timeout: tuple[float, float]
    """Seconds to connect, seconds without a byte."""
    local_files: bool = False
    """May the address lead to this computer?"""

    @property
    def label(self) -> str:
        """How messages name the file."""
        return urls.label(self.url)

    def check_stop(self) -> None:
        """Raise `Stopped` when the caller wants an end."""
        if self.stop():
            raise Stopped(
                Message(
                    "The download of {label} was stopped; it can go on later where it stopped.",
                    label=self.label,
                )
            )

    def check_time(self) -> None:
        """Raise `TooSlow` when the whole has taken too long."""
        if self.clock() >= self.deadline:
            raise TooSlow(
                Message(
                    "The download of {label} took too long and was ended. Trying again goes"
                    " on where it stopped.",
                    label=self.label,
                )
            )

    def check_size(self, size: int) -> None:
        """Raise `TooLarge`, leaving nothing behind, when the file has or will have more bytes than
        allowed.
        """
        if size > self.limit:
            self.part.forget()
            raise TooLarge(
                Message(
                    "{label} is larger than {limit:,.1f} MB, the limit for such a file; it"
                    " was not downloaded.",
                    label=self.label,
                    limit=self.limit / 2**20,
                )
            )


def attempt(session: requests.Session, request: DownloadRequest) -> None:
    """Fill the part to the end, or raise a `FileError`; what has arrived stays in the part."""
    request.check_stop()
    request.check_time()
    if request.part.is_complete:
        return
    try:
        with connections.guarded(
            connections.Guard(request.deadline, stop=request.stop, clock=request.clock)
        ):
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
        raise _in_words(error, request) from error


def _range_headers(part: PartFile) -> dict[str, str]:
    """Ask for the rest, but only of the very file whose beginning we have."""
    if part.origin is None or part.origin.validator is None or not part.size:
        return {}
    return {"Range": f"bytes={part.size}-", "If-Range": part.origin.validator}


def _accept(response: requests.Response, request: DownloadRequest) -> None:
    """Decide by status and headers whether the body is the file, or its rest; start the part or go
    on with it.
    """
    status = response.status_code
    if status == 200:
        total = _length(response) if _encoding(response) is None else None
        if total is not None:
            request.check_size(total)
            check_room(request.part.target.parent, total)
        request.part.begin(PartSource(urls.without_query(request.url), _validator(response), total))
    elif status == 206:
        _continue(response, request)
    elif status == 416:
        request.part.forget()
        raise DownloadFailed(
            Message(
                "{label} changed at the file host while it was being downloaded; trying again"
                " starts over.",
                label=request.label,
            )
        )
    else:
        raise _refusal(response, request)


def _continue(response: requests.Response, request: DownloadRequest) -> None:
    """Go on with the part, if these bytes are the ones that follow, of the same file."""
    part, known = request.part, request.part.origin
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
        part.forget()
        raise DownloadFailed(
            Message(
                "{label} changed at the file host while it was being downloaded; trying again"
                " starts over.",
                label=request.label,
            )
        )
    if given[3] != "*":
        request.check_size(int(given[3]))
        part.origin = replace(known, total=int(given[3]))


def _refusal(response: requests.Response, request: DownloadRequest) -> FileError:
    status = response.status_code
    if status in GONE:
        return LinkExpired(
            Message(
                "{label} is not there (HTTP {status}). The link may have expired; a fresh one"
                " can be asked for at Mint.",
                label=request.label,
                status=status,
            )
        )
    if status in TRY_LATER:
        return DownloadFailed(
            Message(
                "The file host could not deliver {label} just now (HTTP {status}). Try again"
                " later.",
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
    """Write the body to the part while watching size, time and the wish to stop; then check that
    nothing is missing.
    """
    part = request.part
    total = part.origin.total if part.origin else None
    done = part.size
    request.progress(done, total)
    stream = part.open()
    try:
        for block in _body(response, request):
            done += len(block)
            request.check_size(done)
            # before the block is written: somebody else may be writing to the same part by now
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
        part.forget()
        raise DownloadFailed(
            Message("The file host sent nothing for {label}. Try again later.", label=request.label)
        )
    if total is not None and done != total:
        if done > total:
            part.forget()
        raise _broken(request)


class _Raw(Protocol):
    def read(self, amt: int, decode_content: bool) -> bytes: ...


def _body(response: requests.Response, request: DownloadRequest) -> Iterator[bytes]:
    """The blocks of the body as they arrive, uncompressed; raises when it ends early."""
    raw: _Raw = response.raw
    # urllib3 2: whatever is there; without it a small block, so that a trickle is noticed
    read = getattr(raw, "read1", None)
    size = BLOCK if read else 4096
    expected, got, unpack = _length(response), 0, _unpacker(response, request)
    while block := (read or raw.read)(size, decode_content=False):
        got += len(block)
        yield from unpack(block)
    if expected is not None and got < expected:
        raise _broken(request)
    yield from unpack(b"")


def _unpacker(
    response: requests.Response, request: DownloadRequest
) -> Callable[[bytes], Iterator[bytes]]:
    """What undoes a `Content-Encoding` that came although none was asked for.

    In bounded blocks: a bomb meets the size limit first.
    """
    encoding = _encoding(response)
    if encoding is None:
        return lambda block: iter([block] if block else [])
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise DownloadFailed(
            Message(
                "The file host sent {label} packed in a way nobody asked for ({encoding}).",
                label=request.label,
                encoding=encoding[:20],
            ),
            retryable=False,
        )
    return _inflater(request)


def _inflater(request: DownloadRequest) -> Callable[[bytes], Iterator[bytes]]:
    inflate = zlib.decompressobj(32 + zlib.MAX_WBITS)

    def unpack(block: bytes) -> Iterator[bytes]:
        is_end = not block
        try:
            while block:
                yield inflate.decompress(block, BLOCK)
                block = inflate.unconsumed_tail
            if is_end:
                yield inflate.flush()
        except zlib.error:
            request.part.forget()
            raise DownloadFailed(
                Message(
                    "The file host sent {label} packed, and it could not be unpacked.",
                    label=request.label,
                ),
                retryable=False,
            ) from None
        if is_end and not inflate.eof:
            raise _broken(request)

    return unpack


def _encoding(response: requests.Response) -> str | None:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    return None if encoding in {"", "identity"} else encoding


def _length(response: requests.Response) -> int | None:
    """Bytes the body must have, unless the host leaves it open."""
    text = response.headers.get("Content-Length", "").strip()
    if response.headers.get("Transfer-Encoding") or not re.fullmatch(r"\d{1,18}", text):
        return None
    return int(text)


def _validator(response: requests.Response) -> str | None:
    """What proves later that the file is still the same one: a strong ETag, else the date of its
    last change.
    """
    if _encoding(response) is not None:
        return None  # packed bytes cannot be continued with unpacked ones
    etag = response.headers.get("ETag", "").strip()
    if etag.startswith('"') and is_header_text(etag):
        return etag
    modified = response.headers.get("Last-Modified", "").strip()
    return modified if modified and is_header_text(modified) else None


def _broken(request: DownloadRequest) -> DownloadFailed:
    return DownloadFailed(
        Message(
            "The connection broke while {label} was being downloaded. Trying again goes on"
            " where it stopped.",
            label=request.label,
        )
    )


def _in_words(error: Exception, request: DownloadRequest) -> FileError:
    """An exception of the network as one of ours."""
    host = request.label.rpartition(" from ")[2]
    if isinstance(error, connections.ForbiddenAddress):
        return urls.not_public(f"{host}, {error.address}")
    if isinstance(error, requests.exceptions.SSLError):
        return DownloadFailed(
            Message(
                "The certificate of {host} was not accepted, so {label} was not downloaded."
                " Behind a proxy that opens connections, name its CA bundle in"
                " REQUESTS_CA_BUNDLE.",
                host=host,
                label=request.label,
            ),
            retryable=False,
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return DownloadFailed(
            Message(
                "The proxy did not let {label} through. Check HTTPS_PROXY and NO_PROXY.",
                label=request.label,
            )
        )
    if isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        return TooSlow(
            Message(
                "Nothing of {label} arrived for {seconds:.0f} s. Trying again goes on where"
                " it stopped.",
                label=request.label,
                seconds=request.timeout[1],
            )
        )
    if isinstance(error, requests.exceptions.ConnectionError):
        return DownloadFailed(
            Message(
                "{host} could not be reached, or the connection broke, while {label} was"
                " being downloaded. Check the network, then try again.",
                host=host,
                label=request.label,
            ),
            is_outage=True,
        )
    if isinstance(error, requests.exceptions.RequestException) and isinstance(error, ValueError):
        return DownloadFailed(
            Message("The address of {label} cannot be used.", label=request.label), retryable=False
        )
    return _broken(request)
