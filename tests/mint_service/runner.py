# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the service in a thread of the test's process, or in a separate process."""

from __future__ import annotations

import asyncio
import fnmatch
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from ..key_search import requests_seen
from .backend import Mint
from .options import Options
from .records import Operation, Resource
from .request_log import LoggedRequest
from .sample_library import add_samples
from .server import Server

ROOT = Path(__file__).parents[2]


class ThreadService:
    """A running stand-in: the service in a thread of this process.

    Stopped and started again, it has the same addresses, key and state. `mint` is the service
    itself, for tests that need to look inside.
    """

    def __init__(self, options: Options) -> None:
        self.mint = Mint(options)
        self._server = Server(self.mint)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.start()
        add_samples(self.mint)

    def start(self) -> None:
        """Listen (again)."""
        if self._loop is not None:
            return
        loop = asyncio.new_event_loop()
        ready = threading.Event()
        failure: list[BaseException] = []

        def run() -> None:
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(self._server.start())
            except OSError as error:
                failure.append(error)
                return
            finally:
                ready.set()
            loop.run_forever()
            loop.run_until_complete(self._server.stop())
            left = asyncio.all_tasks(loop)  # handlers whose connection was closed before they ended
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())

        self._thread = threading.Thread(target=run, name="mint-service", daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            raise failure[0]
        self._loop = loop
        self.mint.clock.resume()
        self.api, self.files, self.key = self.mint.api_url, self.mint.files_url, self.mint.key

    def stop(self) -> None:
        """Stop listening, so that connections are refused."""
        if self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None
        self.mint.clock.pause()
        self.mint.scripted.clear()

    def addresses(self) -> tuple[str, str, str]:
        """Return the addresses of the API (http://127.0.0.1:P/v1) and of the files, and the key."""
        return self.api, self.files, self.key

    def log(self) -> list[LoggedRequest]:
        """Return every request so far."""
        return self.mint.log.snapshot()

    def operations(self) -> list[Operation]:
        """Return all operations, oldest first."""
        with self.mint.at_work():
            return [Operation.of(each) for each in self.mint.operations.all.values()]

    def resources(self) -> list[Resource]:
        """Return all models and Worlds, oldest first."""
        with self.mint.at_work():
            return [Resource.of(each) for each in self.mint.operations.resources.values()]

    def advance(self, seconds: float) -> None:
        """Advance the service's time at once."""
        self.mint.clock.advance(seconds)
        with self.mint.at_work():
            pass

    def scenario(self, **values: Any) -> None:
        """Change options while the service runs."""
        self.mint.scenario(values)

    def credits(self) -> float:
        """Return the available Credits."""
        with self.mint.at_work():
            return self.mint.project.balance

    def requests(
        self, method: str | None = None, path: str | None = None, host: str | None = None
    ) -> list[LoggedRequest]:
        """Return the requests that match; `path` is a shell pattern such as `/v1/operations/*`."""
        return [
            entry
            for entry in self.log()
            if method in (None, entry.method)
            and host in (None, entry.host)
            and (path is None or fnmatch.fnmatchcase(entry.path, path))
        ]

    def leaks(self) -> list[LoggedRequest]:
        """Return the requests that sent a key or a cookie where it must not be."""
        return [entry for entry in self.log() if entry.leak]

    def connections(self, host: str = "api") -> int:
        """Return how many TCP connections sent requests to a host."""
        return len({entry.connection for entry in self.log() if entry.host == host})


Service = ThreadService
"""Also the proxy of one that runs in another process, without `mint`."""


class _Process(BaseManager):
    """A process with a service."""


_Process.register("start_service", ThreadService)


@contextmanager
def running_service(**options: Any) -> Iterator[ThreadService]:
    """Run a stand-in in a thread.

    `options` are the members of Options: speed, clock, credits, limits, switches, answers …
    """
    service = ThreadService(Options().changed(options))
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def subprocess_service(**options: Any) -> Iterator[Service]:
    """Run a stand-in in a separate process, for tests that must not share its process."""
    with _Process(ctx=multiprocessing.get_context("spawn")) as process:
        service: Service = process.start_service(Options().changed(options))  # type: ignore[attr-defined]
        service.api, service.files, service.key = service.addresses()
        try:
            yield service
        finally:
            for entry in service.leaks():
                requests_seen.note(f"a request to the {entry.host} host: {entry.path}")
            service.stop()
