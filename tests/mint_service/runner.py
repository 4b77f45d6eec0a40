# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the service in a thread of the test's process, or in a separate process.

Both are used in the same way:

    with running_service(speed=1000) as service:
        client = Client(service.api, service.key)
        ...
        assert len(service.requests("POST", "/v1/models:generate")) == 1
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
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


class Service(ABC):
    """A running stand-in."""

    api: str  # http://127.0.0.1:P/v1
    files: str  # http://127.0.0.1:Q
    key: str

    @abstractmethod
    def stop(self) -> None:
        """Stop listening, so that connections are refused."""

    @abstractmethod
    def log(self) -> list[LoggedRequest]:
        """Return every request so far."""

    @abstractmethod
    def operations(self) -> list[Operation]:
        """Return all operations, oldest first."""

    @abstractmethod
    def resources(self) -> list[Resource]:
        """Return all models and Worlds, oldest first."""

    @abstractmethod
    def advance(self, seconds: float) -> None:
        """Advance the service's time at once."""

    @abstractmethod
    def scenario(self, **values: Any) -> None:
        """Change options while the service runs.

        Examples: `switches=["moderation"]`, `answers=[…]`, `credits=100`, `revoked=True`.
        """

    @abstractmethod
    def credits(self) -> float:
        """Return the available Credits."""

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
        """Return the requests that sent a key or a cookie where it must not be.

        A test fails when there are any.
        """
        return [entry for entry in self.log() if entry.leak]

    def connections(self, host: str = "api") -> int:
        """Return how many TCP connections sent requests to a host."""
        return len({entry.connection for entry in self.log() if entry.host == host})


class ThreadService(Service):
    """The service in a thread of this process.

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
        if self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None
        self.mint.clock.pause()
        self.mint.scripted.clear()

    def log(self) -> list[LoggedRequest]:
        return self.mint.log.snapshot()

    def operations(self) -> list[Operation]:
        with self.mint.at_work():
            return [Operation.of(each) for each in self.mint.operations.all.values()]

    def resources(self) -> list[Resource]:
        with self.mint.at_work():
            return [Resource.of(each) for each in self.mint.operations.resources.values()]

    def advance(self, seconds: float) -> None:
        self.mint.clock.advance(seconds)
        with self.mint.at_work():
            pass

    def scenario(self, **values: Any) -> None:
        self.mint.scenario(values)

    def credits(self) -> float:
        with self.mint.at_work():
            return self.mint.project.balance


class SubprocessService(Service):
    """The service in a separate process, for tests that must not share its process."""

    def __init__(self, scenario: Path, options: dict[str, Any]) -> None:
        self._log: list[LoggedRequest] = []
        scenario.write_text(json.dumps(options), encoding="utf-8")
        command = [sys.executable, "-m", "tests.mint_service", "--scenario", str(scenario)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process: subprocess.Popen[str] | None = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the stand-in service did not start (exit status {self._process.wait()})"
            )
        payload = json.loads(line)
        self.api, self.files, self.key = payload["api"], payload["files"], payload["key"]

    def stop(self) -> None:
        if self._process is None:
            return
        self._log = self.log()
        for entry in self._log:
            if entry.leak:
                requests_seen.note(f"a request to the {entry.host} host: {entry.path}")
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _control(self, method: str, what: str, payload: dict[str, Any] | None = None) -> Any:
        address = self.api.removesuffix("/v1") + f"/_service/{what}"
        body = json.dumps(payload).encode() if payload is not None else None
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(address, body, method=method)) as answer:
            return json.load(answer)

    def log(self) -> list[LoggedRequest]:
        if self._process is None:
            return self._log
        return [LoggedRequest(**entry) for entry in self._control("GET", "log")]

    def operations(self) -> list[Operation]:
        return [Operation(**each) for each in self._control("GET", "state")["operations"]]

    def resources(self) -> list[Resource]:
        return [Resource(**each) for each in self._control("GET", "state")["resources"]]

    def advance(self, seconds: float) -> None:
        self._control("POST", "advance", {"seconds": seconds})

    def scenario(self, **values: Any) -> None:
        self._control("POST", "scenario", values)

    def credits(self) -> float:
        available: float = self._control("GET", "state")["credits"]
        return available


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
        service.mint.close()


@contextmanager
def subprocess_service(**options: Any) -> Iterator[SubprocessService]:
    """Run a stand-in in a separate process, with the same options."""
    known = {f.name for f in fields(Options)}
    assert set(options) <= known, f"unknown option(s): {sorted(set(options) - known)}"
    with tempfile.TemporaryDirectory(prefix="mint-service-") as folder:
        service = SubprocessService(Path(folder) / "scenario.json", {"assets": "tiny", **options})
        try:
            yield service
        finally:
            service.stop()
