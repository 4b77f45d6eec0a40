# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request to Mint, which returns a response or raises a `MintError`.

Knows no endpoints, retries or threads. Enforces these rules for all callers:

- the key is sent to the API's own origin only; redirects are not followed;
- a call that changes something has an idempotency key;
- all calls have timeouts, a total deadline and a size limit, and can be stopped by another thread;
- all errors become a `MintError`, whose text never contains the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from ..json_text import parse as parse_json
from ..json_text import with_short_texts
from ..message import Message
from ..net import connection_errors, connections, guarded_socket
from ..net.retry import epoch_of, parse_retry_after
from . import errors, limits, redaction
from .account import Origin
from .schema import Json

log = logging.getLogger(__name__)

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
MAX_LEVELS = 100
"""How deep a response may be nested: what is stored of it must also be written as JSON again."""
MAX_IDEMPOTENCY_KEY_LENGTH = 255
MIN_UPLOAD_SPEED = 16 * 1024  # bytes per second
MAX_ANSWER_AGE = 5 * 60.0
"""Seconds for which an answer of Mint shows that a connection leads to it, and what its time is."""
MAX_ANSWER_AGE_TO_RECONNECT = 30.0
"""The same for a connection that takes the place of one that Mint closes after each answer."""
MOST_STEPS_BACK = 60.0
"""Seconds that a Date may be before an earlier one: Mint's servers may differ that much."""
_OF_MINT = frozenset({"id", "owner", "authentication", "data", "credits"})
"""Members of Mint's documents. The JSON of a gateway, which has none, does not set the clock."""
_BLOCK = 16 * 1024
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Connection": "keep-alive",
    "User-Agent": "mint-blender",
}
_HTTP_1_0 = 10
ESTIMATE_PATH = "pricing:estimate"
"""The only POST that changes nothing, so it needs no idempotency key."""


@dataclass(frozen=True)
class Timeouts:
    """Limits of one call in seconds."""

    connect: float = 10.0
    read: float = 60.0
    """Most seconds without a byte."""
    body: float = 120.0
    """Most seconds for the whole response body."""
    total: float = 180.0
    """Most seconds for everything; uploads (up to 7 MB) get more, by their size."""


@dataclass(frozen=True)
class ApiResponse:
    """Response to a successful call; `retry_after` is in seconds."""

    data: Json
    request_id: str | None
    retry_after: float | None


class Transport:
    """Sends requests to one origin over a connection that is kept alive.

    Not thread-safe, except for `stop`.
    """

    def __init__(
        self,
        origin: Origin,
        key: str,
        *,
        timeouts: Timeouts = Timeouts(),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Check the key.

        Raises:
            KeyMissing: There is no key.
            KeyUnusable: It has characters that no key has.
        """
        self.origin = origin
        self._secret = key.strip()
        if not self._secret:
            raise errors.KeyMissing()
        if not _is_word(self._secret):
            raise errors.KeyUnusable()
        redaction.register_secret(self._secret)
        self._timeouts = timeouts
        self._now = now
        # No hidden retries: they are decided where the idempotency key is known.
        self._connections = connections.Connections()
        self._is_stopped = self._is_bound = self._closes = False
        self.clock = MintClock()
        """Mint's time, as its answers show it; those of gateways do not count."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.origin.base_url})"

    def close(self) -> None:
        """Close the connection."""
        self._connections.close()

    def stop(self) -> None:
        """Make the request of another thread raise Unreachable, within a quarter of a second.

        All later requests raise it at once.
        """
        self._is_stopped = True

    def key_hash(self, salt: str) -> str:
        """Return a hash that tells keys apart without showing them: 32 hexadecimal digits."""
        return hmac.new(salt.encode(), self._secret.encode(), hashlib.sha256).hexdigest()[:32]

    @property
    def current_time(self) -> float | None:
        """Mint's time now; None if its latest answer is old, or its Date is not usable.

        None after `stop`, too: nothing is begun any more.
        """
        is_old = self.clock.age > MAX_ANSWER_AGE
        return None if is_old or self._is_stopped else self.clock.now

    @property
    def clock_offset(self) -> float | None:
        """Seconds that this computer's clock is ahead of Mint's; None if that is not known."""
        mint_time = self.current_time
        return None if mint_time is None else self._now().timestamp() - mint_time

    @property
    def is_open(self) -> bool:
        """Whether the connection of the latest answer is open, and used by the next request."""
        return self._connections.is_open()

    @contextmanager
    def on_this_connection(self) -> Iterator[None]:
        """Raise NotSent for what would open another connection, or where Mint's time is old.

        Where the server closes the connection after each answer, another one is opened. Then Mint's
        time must be from just now.
        """
        self._is_bound = True
        self._connections.may_open = self._closes
        try:
            yield
        finally:
            self._is_bound, self._connections.may_open = False, True

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> ApiResponse:
        """Send one request, without retries.

        Args:
            method: GET or POST.
            path: Relative to the base URL.
            body: The JSON of a POST; None sends {}.
            query: Query parameters.
            idempotency_key: Required for a POST that changes something.

        Raises:
            Unreachable: There was no response.
            InvalidResponse: The response is not one of Mint's API.
            ProblemError: Mint responded with another status than 2xx.
            ValueError: The idempotency key is missing or invalid.
        """
        headers = _HEADERS | _idempotency_headers(method, path, idempotency_key)
        headers["Authorization"] = f"Bearer {self._secret}"
        content = None if method == "GET" else json.dumps(body or {}).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        url = self.origin.url(path)
        # A little older than what is asked before, or a slow caller would begin in vain.
        max_age = MAX_ANSWER_AGE_TO_RECONNECT if self._closes else 2 * MAX_ANSWER_AGE
        if self._is_bound and self.clock.age > max_age:
            raise errors.NotSent
        sent = self.clock.begin()
        began = time.monotonic()
        path = path.lstrip("/")
        try:
            response, answer = self._send(method, url, headers, query, content)
        except errors.MintError as error:
            seconds = time.monotonic() - began
            log.info("%s /%s: failed after %.2f s: %s", method, path, seconds, error)
            raise
        request_id = errors.clean_line(response.headers.get("X-Request-Id"), self._secret)
        log.info(
            "%s /%s: status %d, request id %s, %.2f s",
            method,
            path,
            response.status_code,
            request_id or "none",
            time.monotonic() - began,
        )
        return self._parse_response(response, answer, request_id, sent)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None,
        content: bytes | None,
    ) -> tuple[requests.Response, bytes]:
        """Send a request within the time limits, and turn all its exceptions into a MintError."""
        timeouts = self._timeouts
        guard = guarded_socket.Guard(
            time.monotonic() + timeouts.total + len(content or b"") / MIN_UPLOAD_SPEED,
            stop=lambda: self._is_stopped,
        )
        try:
            with guarded_socket.guarded(guard):
                guard.check()
                with self._connections.request(
                    method,
                    url,
                    headers=headers,
                    query=query,
                    content=content,
                    timeout=(timeouts.connect, timeouts.read),
                    # no proxy between this computer and itself: it would see the key
                    uses_proxy=not self.origin.is_loopback,
                ) as response:
                    return response, _read_body(response, timeouts.body)
        except connections.NotOpen:
            raise errors.NotSent from None
        except (OSError, HTTPError, HTTPException) as error:
            # requests' exceptions are OSErrors. "from None": the original may show a proxy's
            # password in a traceback.
            if guard.was_stopped:
                raise errors.Unreachable(Message("the request was stopped")) from None
            if guard.was_late:
                raise errors.NotSent from None
            description = connection_errors.describe(error, self.origin.host, self.origin.port)
            is_refused = connection_errors.is_refused(error)
            raise errors.Unreachable(*description, is_refused=is_refused) from None

    def _parse_response(
        self, response: requests.Response, content: bytes, request_id: str | None, sent: Moment
    ) -> ApiResponse:
        status = response.status_code
        headers = response.headers
        connection = headers.get("Connection", "").lower()
        is_kept = "keep-alive" in connection or response.raw.version != _HTTP_1_0
        self._closes = "close" in connection or not is_kept
        wait = parse_retry_after(
            headers.get("Retry-After"), date=headers.get("Date"), now=self._now()
        )
        if 300 <= status < 400:
            raise errors.InvalidResponse(
                _redirect_problem(headers.get("Location"), self._secret), request_id=request_id
            )
        # A proxy may repeat the headers of the request: the key gets into no record or sentence.
        content = content.replace(self._secret.encode(), redaction.PLACEHOLDER.encode())
        data: Any = None
        with suppress(ValueError):
            parsed = parse_json(content, most_levels=MAX_LEVELS)
            data = with_short_texts(parsed, limits.LONGEST_OF_MEMBERS, limits.LONGEST_TEXT)
        if not 200 <= status < 300:
            problem = errors.read_problem(status, data, secret=self._secret)
            if status < 500 and problem.has_details:
                self.clock.read(headers, sent)
            raise errors.problem_error(problem, request_id=request_id, retry_after=wait)
        if not isinstance(data, dict):
            is_page = data is None and content.lstrip()[:1] == b"<"
            raise errors.InvalidResponse(
                _WEB_PAGE if is_page else _NO_OBJECT, request_id=request_id
            )
        if data.keys() & _OF_MINT:
            self.clock.read(headers, sent)
        return ApiResponse(data, request_id, wait)


_TOO_LARGE = Message("it is larger than {size} MB", size=MAX_RESPONSE_BYTES // 1024 // 1024)
_DAMAGED = Message("its compressed data is damaged")
_NO_OBJECT = Message("it is not a JSON object")
_WEB_PAGE = Message(
    "a web page came instead of Mint's answer. This network may want you to sign in: open any page"
    " in a browser, then try again"
)


def _is_word(text: str) -> bool:
    """Return whether a text has only printable ASCII characters, and no space."""
    return text.isascii() and text.isprintable() and " " not in text


def _idempotency_headers(method: str, path: str, idempotency_key: str | None) -> dict[str, str]:
    if method == "GET" or (idempotency_key is None and path.strip("/") == ESTIMATE_PATH):
        return {}
    if method != "POST":
        raise ValueError(f"Mint's API knows GET and POST, not {method}.")
    if idempotency_key is None:
        raise ValueError(f"POST {path} changes something at Mint, so it needs an idempotency key.")
    if not 1 <= len(idempotency_key) <= MAX_IDEMPOTENCY_KEY_LENGTH or not _is_word(idempotency_key):
        raise ValueError(
            f"An idempotency key has 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} printable ASCII characters."
        )
    return {"Idempotency-Key": idempotency_key}


def _read_body(response: requests.Response, seconds: float) -> bytes:
    """Return the whole body, so that the connection can be reused, within size and time limits."""
    content = bytearray()
    deadline = time.monotonic() + seconds
    for block in connections.blocks(response, _BLOCK):
        content += block
        if len(content) > MAX_RESPONSE_BYTES:
            raise errors.InvalidResponse(_TOO_LARGE)
        if time.monotonic() > deadline:
            raise TimeoutError(Message("there was no response in time"))
    is_packed = response.headers.get("Content-Encoding", "").strip().lower() == "gzip"
    return _unpacked(content) if is_packed and content else bytes(content)


def _unpacked(content: bytearray) -> bytes:
    """Return the content of a gzip stream, within the size limit."""
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        unpacked = inflate.decompress(content, MAX_RESPONSE_BYTES + 1)
    except zlib.error:
        raise errors.InvalidResponse(_DAMAGED) from None
    if len(unpacked) > MAX_RESPONSE_BYTES:
        raise errors.InvalidResponse(_TOO_LARGE)
    if not inflate.eof:
        raise errors.InvalidResponse(_DAMAGED)
    return unpacked


def _redirect_problem(location: str | None, secret: str) -> str:
    try:
        host = errors.clean_line(urlsplit(location or "").hostname, secret)
    except ValueError:
        host = None
    target = Message("to {host}", host=host) if host else Message("to another address")
    return Message(
        "it redirects {where}. Redirects are not followed, so that the API key is sent to Mint"
        " only",
        where=target,
    )


def proxy_of(base_url: str) -> str:
    """Return the proxy to Mint, without its user name and password; empty if there is none."""
    try:
        origin = Origin.parse(base_url)
    except ValueError:
        return ""
    if origin.is_loopback:
        return ""
    proxies = requests.utils.get_environ_proxies(origin.base_url)
    return _without_password(requests.utils.select_proxy(origin.base_url, proxies) or "")


def own_ca_bundle() -> str:
    """Return the CA bundle that the environment names; empty for the default."""
    bundle = connections.ca_bundle()
    return bundle if isinstance(bundle, str) else ""


def _without_password(url: str) -> str:
    """Return scheme, host and port of a proxy."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "invalid" if url else ""
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""


# -- Mint's time


class Moment:
    """A moment of this computer, from which seconds are counted.

    The monotonic clock may stand still while the computer sleeps, so they are those of it or of the
    wall clock, whichever says more.
    """

    def __init__(self) -> None:
        self._monotonic = time.monotonic()
        self._wall = time.time()

    def seconds_since(self) -> float:
        """Return how long ago it was, with sleep."""
        return max(time.monotonic() - self._monotonic, time.time() - self._wall)


class MintClock:
    """The time at Mint: the `Date` of its latest answer, and the time since.

    This computer's own clock may be wrong, or set at any time.
    """

    def __init__(self) -> None:
        self._date: float | None = None
        self._read = Moment()
        self._sent: Moment | None = None

    def begin(self) -> Moment:
        """Begin a request: until its answer, nothing is known about the connection."""
        self._sent = None
        return Moment()

    def read(self, headers: Mapping[str, str], sent: Moment) -> None:
        """Read an answer of Mint to a request that was sent then.

        A Date before an earlier one, or in an answer that was kept by a cache, is not used.
        """
        date = epoch_of(headers.get("Date"))
        if date is None or (headers.get("Age") or "0").strip() != "0":
            return
        if self._date is None or date >= self._date - MOST_STEPS_BACK:
            self._date = date
            self._read = Moment()
            self._sent = sent

    @property
    def age(self) -> float:
        """Seconds since the request of the latest answer was sent; infinite without one.

        Counted from the request, because an answer may wait while the computer sleeps.
        """
        return math.inf if self._sent is None else self._sent.seconds_since()

    @property
    def now(self) -> float | None:
        """Seconds since the epoch, while the latest answer is young; None before any answer."""
        return None if self._date is None else self._date + self._read.seconds_since()
