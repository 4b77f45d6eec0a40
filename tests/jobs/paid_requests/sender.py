# SPDX-License-Identifier: GPL-3.0-or-later
"""A client and a line of a batch that note what `send` does with them, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from mint_blender.jobs.batch_folder.line_files import LineFile
from mint_blender.jobs.paid_requests.record import PaidRequest
from mint_blender.jobs.paid_requests.send import PaidCall, Sent, send
from mint_blender.jobs.paid_requests.table import PaidRequests, opened
from mint_blender.mint.client import Client
from mint_blender.mint.schema import Kind, Mode, Operation

from ..workflow_harness import operation
from .records import CREDENTIAL, NOW

PICTURES = {"previewImageUrl": "https://files.example/p1.webp?expires=2"}
STARTED = operation("queued")


@dataclass
class FakeClient:
    """Notes each call, and looks meanwhile into the journal over a connection of its own."""

    journal: Path
    answer: Operation | Exception = STARTED
    shown: Operation = operation("preview_ready", Mode.REVIEW, assets=PICTURES)
    now: float = NOW
    calls: list[str] = field(default_factory=list)
    seen: PaidRequest | None = None  # the record while the request was sent
    bodies: list[Any] = field(default_factory=list)
    meanwhile: Callable[[PaidRequests, str], object] | None = None
    is_bound: bool = False

    def mint_time(self) -> float:
        self.calls.append("time")
        return self.now

    @contextmanager
    def on_this_connection(self) -> Iterator[None]:
        self.is_bound = True
        yield
        self.is_bound = False

    def operation(self, id: str) -> Operation:
        self.calls.append(f"poll {id}")
        return self.shown

    def pay(self, verb: str, kind: Kind, target: str, body: Any, *, key: str) -> Operation:
        assert self.is_bound, "only over the connection that has told the time"
        with opened(self.journal) as records:
            self.seen = records.get(key)
            if self.meanwhile is not None:
                self.meanwhile(records, key)
        self.calls.append(f"{verb} {kind} {target}".strip())
        self.bodies.append(body)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class FakeLine:
    """The files of a line, which somebody else may have."""

    client: FakeClient
    is_free: bool = True
    operations: list[str] = field(default_factory=list)
    states: list[int] = field(default_factory=list)  # attempts when it was taken

    def take(self, request: PaidRequest, *, credential: str, now: float) -> bool:
        self.client.calls.append("take the line")
        with opened(self.client.journal) as records:
            found = records.get(request.key)
            self.states.append(found.attempts)
        return self.is_free

    def note_operation(self, request: PaidRequest, operation_id: str) -> None:
        self.operations.append(operation_id)


class Sender:
    """Sends requests of one journal."""

    def __init__(self, records: PaidRequests, journal: Path) -> None:
        self.records = records
        self.journal = journal
        self.client = FakeClient(journal)
        self.line = FakeLine(self.client)

    def insert(self, request: PaidRequest) -> PaidRequest:
        """Insert a record, of this journal unless it names another one; return it as stored."""
        return self.records.insert(
            replace(request, journal=request.journal or self.records.identity)
        )

    def send(self, request: PaidRequest, credential: str = CREDENTIAL, **more: Any) -> Sent:
        body = more.pop("body", {"prompt": "a lamp"})
        target = more.pop("target", "")
        call = PaidCall(request.key, request.verb, target, Kind.MODEL, body, **more)
        client, line = cast(Client, self.client), cast(LineFile, self.line)
        return send(client, self.journal, call, credential=credential, line=line)

    @property
    def is_silent(self) -> bool:
        """Whether nothing that may cost Credits was sent."""
        return self.client.seen is None
