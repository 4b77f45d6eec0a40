# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for tests with a service whose clock is moved by hand."""

from __future__ import annotations

from typing import Any

from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Mode, Operation, Preset

from ..mint_service.runner import ThreadService

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
    "0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
LONG = 60.0  # seconds of service time after which every stage has ended


def client_of(service: ThreadService, **more: Any) -> Client:
    return Client(Origin.parse(service.api), service.key, **more)


def start(
    client: Client,
    prompt: str = "a lamp",
    kind: Kind = Kind.MODEL,
    mode: Mode = Mode.AUTO,
    key: str = "start-1",
) -> Operation:
    body = GenerationRequest(kind, prompt, Preset.FAST, mode).body(())
    return client.pay("start", kind, "", body, key=key)


def finished(service: ThreadService, client: Client, operation: Operation) -> Operation:
    """Return the operation after enough time for every stage."""
    for _ in range(10):
        service.advance(LONG)
        operation = client.operation(operation.id)
        if not operation.is_busy:
            break
    return operation


def made(
    service: ThreadService, client: Client, prompt: str = "a lamp", kind: Kind = Kind.MODEL
) -> str:
    """Return the id of a finished model or World."""
    operation = finished(service, client, start(client, prompt, kind, key="make-1"))
    return operation.resource.id
