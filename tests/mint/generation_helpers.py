# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture, and a client of the stand-in service."""

from __future__ import annotations

from typing import Any

from mint_blender.mint.account import Origin
from mint_blender.mint.client import Client

from ..mint_service.runner import ThreadService

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
    "0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def client_of(service: ThreadService, **more: Any) -> Client:
    return Client(Origin.parse(service.api), service.key, **more)
