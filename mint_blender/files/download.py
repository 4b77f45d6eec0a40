# SPDX-License-Identifier: GPL-3.0-or-later
"""Download files completely or not at all, with retries and resuming.

Knows neither Mint nor the key. Its session cannot send credentials; proxies and CA bundles from the
environment are used. A `Downloader` is thread-safe and starts no threads: its threads share the
connections to each host, the one used last first, so files that follow each other need only one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests

from ..net import connections
from ..net.retry import RetryPolicy
from . import urls
from .download_attempt import DownloadRequest, attempt
from .errors import DownloadFailed, FileError, Stopped
from .partial_download import PartFile

MEGABYTE = 2**20
KEPT_CONNECTIONS = 8
"""Connections to each host that are kept alive: more than there are downloads at a time."""


@dataclass(frozen=True)
class DownloadLimits:
    """Limits of one download: sizes in bytes, times in seconds.

    Mint's files have 40 KB to 50 MB.
    """

    models: int = 512 * MEGABYTE
    pictures: int = 64 * MEGABYTE
    splats: int = 1024 * MEGABYTE
    others: int = 1024 * MEGABYTE
    total: float = 1800.0
    """Most seconds for one `fetch`, including pauses."""
    stall: float = 20.0
    """Most seconds without a byte; a stop is noticed sooner."""
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
        if suffix in {".webp", ".png", ".jpg", ".jpeg", ".hdr", ".exr"}:
            return self.pictures
        if suffix in {".spz", ".rad", ".ply"}:
            return self.splats
        return self.others


def never_stop() -> bool:
    """Return False: the default `stop`."""
    return False


def ignore_progress(_done: int, _total: int | None) -> None:
    """Do nothing: the default `progress`."""


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
        user_agent: str = "mint-blender",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.limits = limits
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self.local_files = local_files
        self.session = anonymous_session(user_agent, local_files, limits.idle)

    def __enter__(self) -> Downloader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections; a later `fetch` opens new ones."""
        self.session.close()

    def fetch(
        self,
        url: str,
        target: Path,
        *,
        limit: int | None = None,
        stop: Callable[[], bool] = never_stop,
        progress: Callable[[int, int | None], None] = ignore_progress,
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
        size_limit = self.limits.bytes_for(target.name) if limit is None else limit
        request = self._request(url, target, size_limit, stop, progress)
        request.part.load(urls.without_query(request.url))
        self._fetch_with_retries(request)
        request.check_stop()
        request.part.commit()
        return target

    def _request(
        self,
        url: str,
        target: Path,
        limit: int,
        stop: Callable[[], bool],
        progress: Callable[[int, int | None], None],
    ) -> DownloadRequest:
        return DownloadRequest(
            url=urls.check(url, local_files=self.local_files),
            part=PartFile(target),
            limit=limit,
            deadline=self._clock() + self.limits.total,
            clock=self._clock,
            stop=stop,
            progress=progress,
            timeout=(self.limits.connect, self.limits.stall),
            local_files=self.local_files,
        )

    def _fetch_with_retries(self, request: DownloadRequest) -> None:
        """Retry until all bytes are there or a limit is reached."""
        fruitless, most = 0, request.part.size
        for number in range(1, self.limits.most_tries + 1):
            try:
                attempt(self.session, request)
                return
            except Stopped:
                raise
            except FileError as error:
                # more than ever before: to start over is no progress
                fruitless = 0 if request.part.size > most else fruitless + 1
                most = max(most, request.part.size)
                retry_after = error.retry_after if isinstance(error, DownloadFailed) else None
                pause = self.limits.retries.wait(max(1, fruitless), self._chance(), retry_after)
                is_last = fruitless >= self.limits.tries or number == self.limits.most_tries
                if not error.retryable or is_last or self._clock() + pause >= request.deadline:
                    raise
            self._wait(pause, request)

    def _wait(self, seconds: float, request: DownloadRequest) -> None:
        """Sleep in short steps, so that a stop is noticed."""
        while seconds > 0.0:
            request.check_stop()
            step = min(0.25, seconds)
            self._sleep(step)
            seconds -= step


def anonymous_session(user_agent: str, local_files: bool, max_idle: float) -> requests.Session:
    """Return a session that sends no credentials and reaches no private address.

    No `Authorization`, no cookies, nothing from ~/.netrc. `trust_env` stays on, since proxies and
    CA bundles come from the environment too; requests ignores ~/.netrc if `auth` is set, so `auth`
    is a function that adds nothing. Several threads may use it: see `redirects.get`.
    """
    session = requests.Session()
    session.auth = _add_nothing
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update(
        {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
    )
    rules = connections.ConnectionRules(
        urls.may_reach(local_files), kept=KEPT_CONNECTIONS, max_idle=max_idle, resends=True
    )
    connections.mount(session, rules)
    return session


def _add_nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
