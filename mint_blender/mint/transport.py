# SPDX-License-Identifier: GPL-3.0-or-later
"""One exchange with Mint: a request out, an answer or a `MintError` back.

Knows no endpoints, no waiting, no threads.

Rules kept here, whatever the callers do:
- the key goes to the API's own origin only; a redirect is never followed;
- a call that changes something carries an idempotency key;
- every call has time-outs, a total deadline and a largest size, and can be stopped by another thread;
- what goes wrong becomes a `MintError`, whose text never holds the key.
"""  # noqa: E501

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError

from ..net import certificates, connections
from ..net.retry_after import parse_retry_after
from . import redaction
from .connection_errors import reason
from .errors import InvalidResponse, KeyMissing, KeyUnusable, Unreachable, problem_error
from .origin import Origin
from .problem_documents import read_problem
from .schema import Json

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
LONGEST_IDEMPOTENCY_KEY = 255
SLOWEST_UPLOAD = 16 * 1024  # bytes a second
_PIECE = 16 * 1024
_SMALL_PIECE = 256
# The one POST that changes nothing: it tells a price.
ESTIMATE_PATH = "pricing:estimate"


@dataclass(frozen=True)
class Timeouts:
    """Seconds after which a call is given up: for the connection, without any sign of life, for the
    whole body, and for all of it.

    What is sent (reference pictures have up to 7 MB) has more time, by its size.
    """

    connect: float = 10.0
    read: float = 60.0
    body: float = 120.0
    total: float = 180.0


@dataclass(frozen=True)
class ApiResponse:
    """What came back from a successful call. `retry_after` is in seconds."""

    data: Json
    status: int
    request_id: str | None
    retry_after: float | None
    location: str | None


class Transport:
    """A conversation with one origin, over one connection that is kept alive.

    Not for use by several threads at once.
    """

    def __init__(
        self,
        origin: Origin,
        key: str,
        *,
        timeouts: Timeouts = Timeouts(),
        user_agent: str = "mint-blender",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises KeyMissing or KeyUnusable at once rather than send a request that cannot succeed."""  # noqa: E501
        self.origin = origin
        self._secret = _checked(key)
        redaction.register_secret(self._secret)
        self._timeouts = timeouts
        self._now = now
        self._session = _session(user_agent)
        self._is_stopped = False

    def __repr__(self) -> str:
        return f"Transport({self.origin.base_url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def stop(self) -> None:
        """End the exchange that another thread has begun, within a quarter of a second:
        Unreachable. Every later one ends at once.
        """
        self._is_stopped = True

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> ApiResponse:
        """One attempt at one call; `path` is relative to the base URL.

        A POST without a body sends {}.

        Raises Unreachable, InvalidResponse or a ProblemError; ValueError for a mutating call
        without a fit idempotency key.
        """
        headers = _guarded_headers(method, path, idempotency_key)
        content = None if method == "GET" else json.dumps(body or {}).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        guard = connections.Guard(
            time.monotonic() + self._timeouts.total + len(content or b"") / SLOWEST_UPLOAD,
            stop=lambda: self._is_stopped,
        )
        try:
            with connections.guarded(guard):
                guard.check()
                response, answer = self._send(method, path, headers, content, query)
        except (requests.exceptions.ContentDecodingError, DecodeError):
            raise InvalidResponse("it is compressed in a broken way") from None
        except (OSError, HTTPError) as error:
            # requests' exceptions are OSErrors. "from None": the original may show a proxy's
            # password in a traceback.
            raise Unreachable(
                "the call was stopped" if guard.was_stopped else reason(error, self.origin)
            ) from None
        return self._understood(response, answer)

    def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes | None,
        query: Mapping[str, str] | None,
    ) -> tuple[requests.Response, bytes]:
        url = self.origin.url(path)
        # The adapter is asked, not the session: a session looks into redirects, and reads their
        # bodies whole, even when told not to follow. Auth is given for each call: otherwise
        # requests would let a netrc file decide what Authorization says.
        request = requests.Request(
            method, url, params=query, data=content, headers=headers, auth=self._authorize
        )
        # A proxy has no business between this computer and itself, and would read the key.
        proxies = {"no_proxy": self.origin.host} if self.origin.is_loopback else {}
        settings: Mapping[str, Any] = self._session.merge_environment_settings(
            url, proxies, True, certificates.ca_bundle(), None
        )
        timeout = (self._timeouts.connect, self._timeouts.read)
        with self._session.get_adapter(url).send(
            self._session.prepare_request(request), timeout=timeout, **settings
        ) as response:
            return response, _bounded(response, self._timeouts.body)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._secret}"
        return request

    def _understood(self, response: requests.Response, content: bytes) -> ApiResponse:
        status, headers = response.status_code, response.headers
        request_id = headers.get("X-Request-Id")
        wait = parse_retry_after(
            headers.get("Retry-After"), date=headers.get("Date"), now=self._now()
        )
        location = headers.get("Location")
        if 300 <= status < 400:
            raise InvalidResponse(_redirect(location), request_id=request_id)
        data = _decoded(content)
        if not 200 <= status < 300:
            raise problem_error(
                read_problem(status, data, secret=self._secret),
                request_id=request_id,
                retry_after=wait,
            )
        if not isinstance(data, dict):
            raise InvalidResponse("it is not a JSON object", request_id=request_id)
        return ApiResponse(data, status, request_id, wait, location)


def _checked(key: str) -> str:
    trimmed = key.strip()
    if not trimmed:
        raise KeyMissing()
    if not all("!" <= character <= "~" for character in trimmed):
        raise KeyUnusable()
    return trimmed


def _session(user_agent: str) -> requests.Session:
    session = requests.Session()
    session.headers.update({"Accept": "application/json", "User-Agent": user_agent})
    # No hidden retries either: repeating is decided where the idempotency key is known.
    connections.mount(session)
    return session


def _guarded_headers(method: str, path: str, idempotency_key: str | None) -> dict[str, str]:
    if method == "GET" or (idempotency_key is None and path.strip("/") == ESTIMATE_PATH):
        return {}
    if method != "POST":
        raise ValueError(f"Mint's API knows GET and POST, not {method}.")
    if idempotency_key is None:
        raise ValueError(f"POST {path} changes something at Mint, so it needs an idempotency key.")
    if not 1 <= len(idempotency_key) <= LONGEST_IDEMPOTENCY_KEY or not all(
        "!" <= character <= "~" for character in idempotency_key
    ):
        raise ValueError(
            f"An idempotency key has 1 to {LONGEST_IDEMPOTENCY_KEY} printable ASCII characters."
        )
    return {"Idempotency-Key": idempotency_key}


def _bounded(response: requests.Response, seconds: float) -> bytes:
    """The body, read to its end so that the connection can be used again, but not beyond the
    largest size or these seconds.
    """
    content = bytearray()
    deadline = time.monotonic() + seconds
    for piece in _pieces(response):
        content += piece
        if len(content) > MAX_RESPONSE_BYTES:
            raise InvalidResponse(
                f"it is larger than {MAX_RESPONSE_BYTES // 1024 // 1024} MB",
                request_id=response.headers.get("X-Request-Id"),
            )
        if time.monotonic() > deadline:
            raise TimeoutError("the body comes too slowly")
    announced = response.headers.get("Content-Length", "")
    # Older urllib3 (Blender 4.2) takes a body that breaks off for a complete one.
    if announced.isascii() and announced.isdigit() and response.raw.tell() < int(announced):
        raise ConnectionResetError("the body broke off")
    return bytes(content)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives: a server that sends a byte now and then must not keep us waiting for
    a full piece.
    """
    read = getattr(response.raw, "read1", None)
    if read is None:  # older urllib3 (Blender 4.2) waits for full pieces, so they are small
        yield from response.iter_content(_SMALL_PIECE)
        return
    while piece := read(_PIECE, decode_content=True):
        yield piece


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _redirect(location: str | None) -> str:
    try:
        host = urlsplit(location or "").hostname
    except ValueError:
        host = None
    where = f"to {host}" if host else "to another address"
    return (
        f"it redirects {where}, which is not followed because the API key goes to Mint's own"
        " address only"
    )
