# SPDX-License-Identifier: GPL-3.0-or-later
"""The network between the product and the simulated services, with everything that goes wrong.

The real client builds requests and reads answers; only connections are replaced.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NoReturn
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import requests

from mint_blender.net import connections

from ..fuzzing.fake_http import FakeConnections, response_bytes
from ..mint_model.messages import Request, Response
from .options import Surprises

PROBABILITY = 0.1
"""Of each kind of fault, for each request."""
API_FAULTS = ("lost before", "lost after", "doubled", "delayed", "gateway", "rate limited")
FILE_FAULTS = ("lost before", "cut", "delayed", "gateway", "expired")
CLEAR_REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 413, 422, 429})
GATEWAY_JSON = (
    (200, {"status": "ok"}),
    (400, {"message": "Bad Request"}),
    (401, {"message": "Unauthorized"}),
    (403, {"message": "Forbidden"}),
    (404, {"message": "no Route matched with those values"}),
    (404, {"error": "Not Found", "status": 404}),
    (409, {"message": "Conflict"}),
    (413, {"message": "Request Too Long"}),
    (422, {"detail": "Unprocessable Entity"}),
    (422, {"type": "https://gateway.example/errors/body", "title": "Not valid", "status": 422}),
    (403, {"type": "about:blank", "title": "Forbidden", "status": 403}),
    (429, {"message": "Too Many Requests"}),
)
"""Refusals of gateways. None has the `type` of Mint's problem documents."""
GATEWAY_DATES = ("Thu, 01 Jan 1970 00:00:00 GMT", "Tue, 19 Jan 2038 03:14:07 GMT")
HTML = b"<html><body><h1>Bad gateway</h1></body></html>"


class Network:
    """Delivers requests, or not.

    `deliver` hands a request to its service and returns the answer. `later` delivers a request that
    was on its way for longer than the client has waited. So does `hold`: Mint has the request, and
    takes its time. `slow` is told how many seconds the running call takes. `rate` scales the
    probability of faults. `chance` decides about surprises alone.
    """

    def __init__(
        self,
        rng: random.Random,
        true_time: Callable[[], float],
        surprises: Surprises = Surprises(),
        chance: random.Random | None = None,
    ) -> None:
        self._rng = rng
        self.surprises = surprises
        self._chance = chance or random.Random(0)
        self._true_time = true_time
        self.rate = 1.0
        self.counts: Counter[str] = Counter()
        self.key_hosts: dict[str, str] = {}
        self.deliver: Callable[[Request], Response] = lambda request: Response(500)
        self.later: Callable[[float, Request], None] = lambda seconds, request: None
        self.hold: Callable[[float, Request], None] = lambda seconds, request: None
        self.slow: Callable[[float], None] = lambda seconds: None
        self.boundary: Callable[[], None] = lambda: None
        self.note: Callable[[str], None] = lambda text: None
        self.fail: Callable[[str], None] = lambda text: None

    def exchange(self, request: Request) -> Response:
        """Send a request; raise ConnectionError if there is no answer."""
        self.check_key(request)
        self.boundary()
        is_api = request.host in set(self.key_hosts.values())
        self._take_minutes(request)
        fault = self._fault(API_FAULTS if is_api else FILE_FAULTS)
        if fault:
            self.counts[fault] += 1
        answer = self._with_fault(request, fault) if fault else self.deliver(request)
        self.note(f"{request} {fault} -> {answer.status}")
        self.boundary()
        return answer

    def check_key(self, request: Request) -> None:
        """Fail if the request shows a key to a host that it is not for."""
        text = " ".join((request.path, *request.query.values(), *request.headers.values()))
        for key, host in self.key_hosts.items():
            if host != request.host and (key in text or key.encode() in request.body):
                self.fail(f"the key of {host} was sent to {request.host}.")
        if "Authorization" in request.headers and request.token not in self.key_hosts:
            self.fail(f"something was sent to {request.host} as a key.")

    def _fault(self, kinds: tuple[str, ...]) -> str:
        number = self._rng.random() / max(PROBABILITY * self.rate, 1e-9)
        return kinds[int(number)] if number < len(kinds) else ""

    def _with_fault(self, request: Request, fault: str) -> Response:
        if fault == "lost before":
            if self.surprises.arrives_late and self._chance.random() < 0.5:
                self._send_late(request)
            self._lose(request, fault)
        if fault == "delayed":
            return self._delayed(request)
        if fault == "gateway":
            return self._gateway(request)
        if fault == "rate limited":
            return self._rate_limited()
        if fault == "expired":
            return Response(self._rng.choice([403, 404, 410]))
        answer = self.deliver(request)
        if fault == "lost after":
            self._lose(request, fault)
        if fault == "doubled":
            again = self.deliver(request)
            # what Mint clearly refuses was not started by that attempt: its copy is not heard then
            return answer if answer.status < 300 and again.status in CLEAR_REFUSALS else again
        cut = answer.body[: self._rng.randrange(len(answer.body) or 1)]
        return Response(answer.status, answer.headers, cut)

    def _take_minutes(self, request: Request) -> None:
        """Let Mint carry out a paid request minutes later, when the client has given up."""
        is_slow = self.surprises.takes_minutes and request.idempotency_key != ""
        if is_slow and self._chance.random() < PROBABILITY * self.rate:
            self.hold(self._chance.uniform(61.0, self.surprises.longest_delay), request)
            self._give_up(request, "takes minutes")

    def _lose(self, request: Request, fault: str) -> None:
        self.slow(self._rng.choice([0.5, 60.0, 180.0]))
        self.note(f"{request} {fault}")
        raise requests.exceptions.ConnectionError(fault)

    def _delayed(self, request: Request) -> Response:
        """Answer slowly, or arrive at Mint after the client has given up."""
        if self._rng.random() < 0.5:
            self.slow(self._rng.uniform(5.0, 170.0))
            return self.deliver(request)
        self._send_late(request)
        self._give_up(request, "delayed")

    def _send_late(self, request: Request) -> None:
        latest = min(600.0, self.surprises.longest_delay + 1.0)
        seconds = self._rng.uniform(61.0, latest)
        if self.surprises.arrives_late:
            seconds = self._chance.uniform(latest - 30.0, latest - 1.0)
        self.later(seconds, request)

    def _give_up(self, request: Request, why: str) -> NoReturn:
        self.slow(60.0)
        self.note(f"{request} {why}")
        raise requests.exceptions.ReadTimeout(why)

    def _gateway(self, request: Request) -> Response:
        """Answer in Mint's place, before or after Mint has done the work."""
        if self._rng.random() < 0.5:
            self.deliver(request)
        headers = {"Content-Type": "text/html"}
        if self.surprises.gateways_have_clocks and self._chance.random() < 0.6:
            headers["Date"] = self._chance.choice(GATEWAY_DATES)
        if self.surprises.gateways_speak_json and request.token and self._chance.random() < 0.6:
            status, body = self._chance.choice(GATEWAY_JSON)
            headers["Content-Type"] = "application/json"
            return Response(status, headers, json.dumps(body).encode())
        status = self._rng.choice([502, 503, 504, 524, 200, 403])
        return Response(status, headers, HTML)

    def _rate_limited(self) -> Response:
        seconds = self._rng.choice([1, 5, 30, 300])
        at = datetime.fromtimestamp(self._true_time() + seconds, UTC)
        date = datetime.fromtimestamp(self._true_time(), UTC)
        headers = {"Retry-After": str(seconds)}
        if self._rng.random() < 0.5:
            headers = {"Retry-After": format_datetime(at, usegmt=True)}
        headers["Date"] = format_datetime(date, usegmt=True)
        body = json.dumps({"type": "rate-limited", "title": "Too many requests", "status": 429})
        return Response(429, headers, body.encode())


class _Connections(FakeConnections):
    """Connections that lead into the network of a world."""

    def __init__(self, network: Network) -> None:
        super().__init__(self._exchange)
        self._network = network

    def _exchange(self, sent: requests.PreparedRequest) -> bytes:
        parts = urlsplit(sent.url or "")
        query, headers, body = dict(parse_qsl(parts.query)), dict(sent.headers), sent.body
        host, content = parts.hostname or "", body if isinstance(body, bytes) else b""
        request = Request(sent.method or "", host, parts.path, query, headers, content)
        answer = self._network.exchange(request)
        return response_bytes(answer.status, [*answer.headers.items()], answer.body)

    def is_open(self) -> bool:
        """Return that the next request needs no other connection."""
        return True


@contextmanager
def simulated_network(network: Network) -> Iterator[None]:
    """Let the product use this network."""
    with patch.object(connections, "Connections", lambda *_, **_more: _Connections(network)):
        yield
