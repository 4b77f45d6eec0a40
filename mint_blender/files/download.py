# SPDX-License-Identifier: GPL-3.0-or-later
"""Download files completely or not at all, with retries and resuming.

Knows neither Mint nor the key. No credentials are sent; proxies and CA bundles from the environment
are used. A `Downloader` is thread-safe and starts no threads: its threads share the connections to
each host, the one used last first, so files that follow each other need only one.
"""

from __future__ import annotations

import http.client
import random
import re
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from ..net import connections, guarded_socket
from ..net.connection_errors import describe
from ..net.retry import RetryPolicy, parse_retry_after
from . import urls
from .disk import disk_errors
from .download_folder import PartFile, PartSource, check_free_space, is_header_text
from .errors import DownloadFailed, FileError, LinkExpired, SpeedTooLow, Stopped, TooLarge, TooSlow

MEGABYTE = 2**20
KEPT_CONNECTIONS = 8
"""Connections to each host that are kept alive: more than there are downloads at a time."""
BLOCK = 2**18
RETRY_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses of a failure that passes; a CDN has some of its own, such as 522 and 524."""
EXPIRED_STATUSES = frozenset({403, 404, 410})
MAX_REDIRECTS = 5
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "mint-blender", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class DownloadLimits:
    """Limits of one download: sizes in bytes, times in seconds.

    Mint's files have 40 KB to 50 MB.
    """

    models: int = 512 * MEGABYTE
    pictures: int = 64 * MEGABYTE
    others: int = 1024 * MEGABYTE
    """Splats, and what a model was converted to."""
    total: float = 1800.0
    """Most seconds for one `fetch`, including pauses."""
    stall: float = 20.0
    """Most seconds without a byte; a stop is noticed sooner."""
    speed_window: float = 60.0
    """Seconds over which the speed is measured."""
    min_bytes_per_window: int = 64 * 1024
    """Fewest bytes in that time, unless the file ends."""
    connect: float = 10.0
    idle: float = 30.0
    """Seconds after which an unused connection is not used again; servers close them, too."""
    tries: int = 6
    """Most attempts in a row without new bytes."""
    most_tries: int = 40
    """Most attempts in total."""
    retries: RetryPolicy = RetryPolicy(first=0.5, longest=30.0)
    """Pauses; doubled after each attempt without new bytes."""

    def bytes_for(self, name: str) -> int:
        """Return the size limit for a file name's suffix."""
        suffix = Path(name).suffix.lower()
        if suffix in {".glb", ".gltf"}:
            return self.models
        is_picture = suffix in {".webp", ".png", ".jpg", ".jpeg", ".hdr", ".exr"}
        return self.pictures if is_picture else self.others


class Downloader:
    """Downloads files over connections that are kept open; call `close` or use `with`.

    With `local_files`, URLs come from an API on this computer and may lead to this computer.
    Otherwise only the public internet is reached.
    """

    def __init__(
        self,
        limits: DownloadLimits = DownloadLimits(),
        *,
        local_files: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self._sleep = sleep
        self._chance = chance
        self.local_files = local_files
        self.connections = connections.Connections(
            urls.may_reach(local_files), kept=KEPT_CONNECTIONS, max_idle=limits.idle
        )

    def __enter__(self) -> Downloader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections; a later `fetch` opens new ones."""
        self.connections.close()

    def fetch(
        self,
        url: str,
        target: Path,
        *,
        limit: int | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int | None], None] = lambda done, total: None,
    ) -> Path:
        """Download a file unless it exists, and return its path.

        Bytes are written to `<target>.part`, which is renamed when complete, so that `target` is
        complete or missing. An interrupted download is resumed, even after a restart and from a new
        link, if the host confirms that the file is the same.

        Args:
            url: The address of the file.
            target: The path of the file.
            limit: Size limit in bytes; by default chosen by the file name's suffix.
            stop: Called between blocks and pauses; returns whether to stop.
            progress: Called with the bytes on disk and the total, None if unknown.

        Raises:
            LinkExpired: A new link is needed.
            FileError: The file cannot be downloaded.
        """
        if target.is_file() and target.stat().st_size:
            PartFile(target).discard()  # left behind if the process was killed after the rename
            return target
        request = DownloadRequest(
            loader=self,
            url=urls.check(url, local_files=self.local_files),
            part=PartFile(target),
            limit=self.limits.bytes_for(target.name) if limit is None else limit,
            deadline=self.clock() + self.limits.total,
            stop=stop,
            progress=progress,
        )
        request.part.load(urls.without_query(request.url))
        self._fetch_with_retries(request)
        request.check_stop()
        request.part.commit()
        return target

    def _fetch_with_retries(self, request: DownloadRequest) -> None:
        """Retry until all bytes are there or a limit is reached."""
        fruitless = 0
        most_bytes = request.part.size
        for number in range(1, self.limits.most_tries + 1):
            try:
                attempt(request)
                return
            except (Stopped, SpeedTooLow):
                raise
            except FileError as error:
                # more than ever before: to start over is no progress
                fruitless = 0 if request.part.size > most_bytes else fruitless + 1
                most_bytes = max(most_bytes, request.part.size)
                retry_after = error.retry_after if isinstance(error, DownloadFailed) else None
                pause = self.limits.retries.wait(max(1, fruitless), self._chance(), retry_after)
                is_last = fruitless >= self.limits.tries or number == self.limits.most_tries
                if not error.retryable or is_last or self.clock() + pause >= request.deadline:
                    raise
            while pause > 0.0:  # in short steps, so that a stop is noticed
                request.check_stop()
                self._sleep(min(0.25, pause))
                pause -= 0.25


# -- one attempt: send the request, receive the body, check that it is complete


@dataclass(frozen=True)
class DownloadRequest:
    """Parameters of one `Downloader.fetch`, the same for all its attempts."""

    loader: Downloader
    url: str
    part: PartFile
    limit: int
    deadline: float
    stop: Callable[[], bool]
    progress: Callable[[int, int | None], None]

    @property
    def label(self) -> str:
        """Name of the file in messages."""
        return urls.label(self.url)

    def check_stop(self) -> None:
        """Raise Stopped if the caller wants to stop."""
        if self.stop():
            raise Stopped(
                "The download of {label} was stopped. It can resume later.", label=self.label
            )

    def check_time(self) -> None:
        """Raise TooSlow after the deadline."""
        if self.loader.clock() >= self.deadline:
            raise TooSlow(
                "The download of {label} took too long and was stopped. Try again to resume it.",
                label=self.label,
            )

    def check_speed(self, received: int, began: float) -> bool:
        """Return whether the time has passed over which the speed is measured.

        Raises:
            SpeedTooLow: Too few bytes were received since it began.
        """
        min_bytes = self.loader.limits.min_bytes_per_window
        seconds = self.loader.limits.speed_window
        if self.loader.clock() - began < seconds:
            return False
        if received < min_bytes:
            raise SpeedTooLow(
                "The file host sent only {received:,.1f} KB of {label} in {seconds:.0f} s, less"
                " than {fewest:,.0f} KB. Try again to resume the download.",
                received=received / 1024,
                label=self.label,
                seconds=seconds,
                fewest=min_bytes / 1024,
            )
        return True

    def check_size(self, size: int) -> None:
        """Raise TooLarge if the file is larger than the limit."""
        if size > self.limit:
            raise TooLarge(
                "{label} is larger than {limit:,.1f} MB, the limit for such a file; it"
                " was not downloaded.",
                label=self.label,
                limit=self.limit / 2**20,
            )


def attempt(request: DownloadRequest) -> None:
    """Complete the partial file, or raise a FileError; received bytes stay in the part."""
    request.check_stop()
    request.check_time()
    if request.part.is_complete:
        return
    clock = request.loader.clock
    guard = guarded_socket.Guard(request.deadline, stop=request.stop, clock=clock)
    try:
        with guarded_socket.guarded(guard), _open(request) as response:
            request.check_stop()
            _accept(response, request)
            _receive(response, request)
    except TooLarge:
        request.part.discard()  # closed by now: Windows would not delete an open file
        raise
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
    ) as error:
        request.check_stop()
        request.check_time()
        raise _to_file_error(error, request) from error


def _open(request: DownloadRequest) -> requests.Response:
    """Return the first response that is not a redirect, with its body still unread.

    It has the rest of the part, if the file has not changed since. Each address is checked before
    it is used.

    Raises:
        DownloadFailed: For a redirect that is not followed.
        OSError: When there is no response; requests' exceptions are such errors.
    """
    loader = request.loader
    part = request.part
    url = request.url
    headers = _HEADERS
    timeout = loader.limits.connect, loader.limits.stall
    if part.source is not None and part.source.validator is not None and part.size:
        headers = _HEADERS | {"Range": f"bytes={part.size}-", "If-Range": part.source.validator}
    for _ in range(MAX_REDIRECTS + 1):
        response = loader.connections.request("GET", url, headers=headers, timeout=timeout)
        if response.status_code not in REDIRECT_STATUSES:
            return response
        connections.skip(response)
        location = response.headers.get("Location")
        if not location:
            raise DownloadFailed(
                "The file host redirected {label} without a new address.",
                label=request.label,
                retryable=False,
            )
        with suppress(ValueError):  # an invalid one is left to `urls.check`
            location = urljoin(url, location)  # it may be relative
        url = urls.check(location, local_files=loader.local_files, came_from=url)
    raise DownloadFailed(
        "{label} was redirected more than {count} times. It was not downloaded.",
        label=request.label,
        count=MAX_REDIRECTS,
        retryable=False,
    )


def _accept(response: requests.Response, request: DownloadRequest) -> None:
    """Start or resume the part if status and headers say that the body belongs to it."""
    status = response.status_code
    if status == 200:
        if (encoding := _encoding(response)) is not None:  # none is requested
            raise DownloadFailed(
                "The file host sent {label} with an unsupported encoding ({encoding}).",
                label=request.label,
                encoding=urls.printable(encoding[:20]),
                retryable=False,
            )
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
    part = request.part
    source = request.part.source
    match = re.fullmatch(
        r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)",
        response.headers.get("Content-Range", "").strip(),
    )
    validator = _validator(response)
    fits = (
        source is not None
        and match is not None
        and int(match[1]) == part.size
        and (validator is None or validator == source.validator)
        and (match[3] == "*" or source.total is None or int(match[3]) == source.total)
        and _encoding(response) is None
    )
    if not fits or source is None or match is None:
        part.discard()
        raise _changed(request)
    if match[3] != "*":
        request.check_size(int(match[3]))
        part.source = replace(source, total=int(match[3]))


def _changed(request: DownloadRequest) -> DownloadFailed:
    return DownloadFailed(
        "{label} changed on the file host during the download. Try again to start over.",
        label=request.label,
    )


def _refusal(response: requests.Response, request: DownloadRequest) -> FileError:
    status = response.status_code
    if status in EXPIRED_STATUSES:
        return LinkExpired(
            "{label} was not found (HTTP {status}). The link may have expired; Mint can"
            " provide a new one.",
            label=request.label,
            status=status,
        )
    if status in RETRY_STATUSES:
        return DownloadFailed(
            "The file host cannot deliver {label} right now (HTTP {status}). Try again later.",
            label=request.label,
            status=status,
            retry_after=parse_retry_after(
                response.headers.get("Retry-After"),
                date=response.headers.get("Date"),
                now=datetime.now(UTC),
            ),
            is_outage=True,
        )
    return DownloadFailed(
        "The file host refused to deliver {label} (HTTP {status}).",
        label=request.label,
        status=status,
        retryable=False,
    )


def _receive(response: requests.Response, request: DownloadRequest) -> None:
    """Write the body to the part, checking size, time and stop, and that nothing is missing."""
    part = request.part
    total = part.source.total if part.source else None
    done = part.size
    request.progress(done, total)
    clock = request.loader.clock
    began = clock()
    done_then = done
    stream = part.open()
    try:
        for block in connections.blocks(response, BLOCK):
            done += len(block)
            request.check_size(done)
            # before writing: another download may be writing to the same part by now
            request.check_stop()
            with disk_errors(part.path):
                stream.write(block)
                stream.flush()
            request.progress(done, total)
            request.check_time()
            if done != total and request.check_speed(done - done_then, began):
                began = clock()
                done_then = done
    finally:
        with disk_errors(part.path):
            stream.close()
    if not done:
        part.discard()
        raise DownloadFailed(
            "The file host sent nothing for {label}. Try again later.", label=request.label
        )
    if total is not None and done != total:
        if done > total:
            part.discard()
        raise _connection_lost(request)


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
        "The connection was lost while downloading {label}. Try again to resume the download.",
        label=request.label,
    )


def _to_file_error(error: Exception, request: DownloadRequest) -> FileError:
    """Return the FileError for an exception of the network."""
    exceptions = requests.exceptions
    parts = urlsplit(request.url)
    limits = request.loader.limits
    host = urls.printable(parts.hostname or "")
    if isinstance(error, connections.ForbiddenAddress):
        return urls.not_public(f"{host}, {error.address}")
    reason, part = describe(error, host, parts.port or 443)
    timeouts = exceptions.Timeout | urllib3.exceptions.TimeoutError | TimeoutError
    is_timeout = isinstance(error, timeouts) and not isinstance(error, exceptions.ConnectTimeout)
    if part == "network" and is_timeout:  # the host was reached, and nothing arrived
        return TooSlow(
            "No data arrived for {label} in {seconds:.0f} s. Try again to resume the download.",
            label=request.label,
            seconds=limits.connect if connections.was_connecting(error) else limits.stall,
        )
    is_broken = isinstance(error, ValueError)
    if part == "network" and is_broken and isinstance(error, exceptions.RequestException):
        return DownloadFailed(
            "The address of {label} is invalid.", label=request.label, retryable=False
        )
    is_ca_bundle = part == "tls" and not isinstance(error, ssl.SSLError)
    if is_ca_bundle or isinstance(error, exceptions.RequestException):  # no response
        may_pass = part != "tls" and not is_broken
        return DownloadFailed(
            "Could not reach the host of {label}: {reason}.",
            label=request.label,
            reason=reason,
            retryable=may_pass,
            is_outage=may_pass,
        )
    return _connection_lost(request)
