# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of all requests to the service, for tests to read and count."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..key_search import requests_seen

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


@dataclass
class LoggedRequest:
    """A logged request.

    The key's value is never stored, only whether a key was sent and whether it was right.
    """

    host: str  # "api" or "files"
    method: str
    path: str  # as sent, with percent signs
    query: str
    headers: dict[str, str]  # lower-case names, without secrets
    authorized: str  # "none", "right", "wrong"
    idempotency_key: str | None
    connection: int  # one number for each TCP connection
    at: float  # service time
    monotonic: float  # real time, time.monotonic()
    # None while open, or when the connection was closed without an answer
    status: int | None = None
    operation: str | None = None
    sent: int = 0  # bytes of body (file host)
    leak: bool = False  # a secret to the file host, or the key anywhere but in Authorization
    note: str = ""  # the switch that made the response
    body: Any = None  # JSON body, if there was one


@dataclass
class RequestLog:
    """The list of requests, which can be read from any thread."""

    entries: list[LoggedRequest] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *, headers: Mapping[str, str], **arrived: Any) -> LoggedRequest:
        """Add a request that has just arrived; `arrived` are members of `LoggedRequest`."""
        kept = {
            name.lower(): value
            for name, value in headers.items()
            if name.lower() not in SECRET_HEADERS
        }
        line = "{method} {path}?{query}".format_map(arrived)
        leak = requests_seen.look(f"the {arrived['host']} host", line, headers)
        with self._lock:
            entry = LoggedRequest(
                headers=kept,
                idempotency_key=kept.get("idempotency-key"),
                monotonic=time.monotonic(),
                leak=leak,
                **arrived,
            )
            self.entries.append(entry)
        return entry

    def snapshot(self) -> list[LoggedRequest]:
        """Return all requests so far, in order of arrival."""
        with self._lock:
            return list(self.entries)
