# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch a file from a file host to the disk, completely or not at all.

Knows nothing of Mint: not the key, not who asked. Its session cannot send credentials of any kind,
while proxies and CA bundles from the environment work as everywhere. One `Downloader` may serve
several threads; it starts none.
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
from . import urls
from .download_attempt import DownloadRequest, attempt
from .errors import DownloadFailed, FileError, Stopped
from .part_file import PartFile

MEGABYTE = 2**20


@dataclass(frozen=True)
class DownloadLimits:
    """How much and how long is still sensible.

    Sizes in bytes, times in seconds. Mint's own files are 40 KB to 50 MB.
    """

    models: int = 512 * MEGABYTE
    pictures: int = 64 * MEGABYTE
    splats: int = 1024 * MEGABYTE
    others: int = 1024 * MEGABYTE
    total: float = 1800.0
    """The whole of one `fetch`, pauses included."""
    stall: float = 20.0
    """Without a single byte. A wish to stop is noticed sooner."""
    connect: float = 10.0
    tries: int = 6
    """In a row that bring nothing new."""
    most_tries: int = 40
    """At all, however much each of them brings."""
    shortest_pause: float = 1.0
    longest_pause: float = 15 * 60.0
    """Bounds for what a host asks for with `Retry-After`."""

    def bytes_for(self, name: str) -> int:
        """The limit that goes with a file name's ending."""
        suffix = Path(name).suffix.lower()
        if suffix in {".glb", ".gltf"}:
            return self.models
        if suffix in {".webp", ".png", ".jpg", ".jpeg", ".hdr", ".exr"}:
            return self.pictures
        if suffix in {".spz", ".rad", ".ply"}:
            return self.splats
        return self.others


def never_stop() -> bool:
    """The `stop` of a download that nobody interrupts."""
    return False


def ignore_progress(_done: int, _total: int | None) -> None:
    """The `progress` of a download that nobody watches."""


class Downloader:
    """Fetches files; keeps connections open between them.

    `close()` when done, or use it as a context manager.

    `local_files`: the addresses come from an API on this computer, which may use files here. Else
    only the public internet is reached.
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
        self._local_files = local_files
        self._session = anonymous_session(user_agent, local_files=local_files)

    def __enter__(self) -> Downloader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections. A later `fetch` opens new ones."""
        self._session.close()

    def fetch(
        self,
        url: str,
        target: Path,
        *,
        limit: int | None = None,
        stop: Callable[[], bool] = never_stop,
        progress: Callable[[int, int | None], None] = ignore_progress,
    ) -> Path:
        """Bring `url` to `target` and answer `target`; nothing is fetched when it lies there
        already.

        The bytes go to `<target>.part` first and get their name when all have arrived, so `target`
        is complete or absent. A download that broke goes on where it stopped, also after a restart
        and from a renewed link, as long as the host confirms that the file is the same. `limit` in
        bytes (default: by the ending of the name). `stop` is asked between blocks and pauses;
        `progress` gets the bytes on disk and the total, if known. Raises a `FileError`; of these
        `LinkExpired` wants a fresh address.
        """
        if target.is_file() and target.stat().st_size:
            PartFile(
                target
            ).forget()  # a kill just after the renaming leaves the part's note behind
            return target
        request = DownloadRequest(
            url=urls.check(url, local_files=self._local_files),
            part=PartFile(target),
            limit=self.limits.bytes_for(target.name) if limit is None else limit,
            deadline=self._clock() + self.limits.total,
            clock=self._clock,
            stop=stop,
            progress=progress,
            timeout=(self.limits.connect, self.limits.stall),
            local_files=self._local_files,
        )
        request.part.load(urls.without_query(request.url))
        self._persist(request)
        request.check_stop()
        request.part.commit()
        return target

    def _persist(self, request: DownloadRequest) -> None:
        """Try until all bytes are there, inside a bound in number and in time."""
        fruitless = 0
        for number in range(1, self.limits.most_tries + 1):
            before = request.part.size
            try:
                attempt(self._session, request)
                return
            except Stopped:
                raise
            except FileError as trouble:
                fruitless = 0 if request.part.size > before else fruitless + 1
                pause = self._pause_after(trouble, fruitless)
                is_last = fruitless >= self.limits.tries or number == self.limits.most_tries
                if not trouble.retryable or is_last or self._clock() + pause >= request.deadline:
                    raise
            self._wait(pause, request)

    def _pause_after(self, trouble: FileError, fruitless: int) -> float:
        """Seconds: what the host asked for, within reason; else 0.5 s, doubled each time nothing
        came, at most 30 s, jittered.
        """
        asked = trouble.retry_after if isinstance(trouble, DownloadFailed) else None
        if asked is not None:
            return float(min(max(asked, self.limits.shortest_pause), self.limits.longest_pause))
        return float(min(30.0, 0.5 * 2.0 ** max(0, fruitless - 1)) * (0.5 + 0.5 * self._chance()))

    def _wait(self, seconds: float, request: DownloadRequest) -> None:
        """Sleep in short steps, so that a wish to stop is noticed."""
        while seconds > 0.0:
            request.check_stop()
            step = min(0.25, seconds)
            self._sleep(step)
            seconds -= step


def anonymous_session(user_agent: str, *, local_files: bool = False) -> requests.Session:
    """A session that can send no credentials: no `Authorization`, no cookie, nothing from ~/.netrc.

    It reaches no private address.

    `trust_env` stays on, since proxies and CA bundles come from the environment too. requests only
    looks into ~/.netrc while there is no `auth`, so an `auth` that adds nothing keeps it out.
    """
    session = requests.Session()
    session.auth = _add_nothing
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update(
        {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
    )
    connections.mount(session, connections=8, may_reach=urls.may_reach(local_files))
    return session


def _add_nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
