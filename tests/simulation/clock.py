# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that stands still until the simulation moves it, and the modules that read it."""

from __future__ import annotations

import random
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
from unittest.mock import patch

from mint_blender.files import download
from mint_blender.jobs import queries
from mint_blender.jobs.budget import prices
from mint_blender.mint import transport
from mint_blender.net import guarded_socket

EPOCH = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()


class SimulatedClock:
    """The true time in seconds since the start, and how far this computer's clock is off."""

    def __init__(self) -> None:
        self.now = 0.0
        self.offset = 0.0

    @property
    def true(self) -> float:
        """The true time in seconds since the epoch: Mint's clock."""
        return EPOCH + self.now

    def monotonic(self) -> float:
        """Return a time that never jumps, as `time.monotonic`."""
        return self.now + 1000.0

    def wall(self) -> float:
        """Return what this computer takes for the time, as `time.time`."""
        return self.true + self.offset


@contextmanager
def simulated_time(clock: SimulatedClock, rng: random.Random) -> Iterator[None]:
    """Let the product read this clock, and take its random names from the seed."""

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(clock.wall(), tz)

    with ExitStack() as stack:
        for module in (queries, prices, transport, download):
            stack.enter_context(patch.object(module, "datetime", Datetime))
        stack.enter_context(patch.object(time, "time", clock.wall))
        stack.enter_context(patch.object(time, "monotonic", clock.monotonic))
        # this default was bound when the module was loaded
        defaults = guarded_socket.Guard.__init__.__kwdefaults__
        stack.enter_context(patch.dict(defaults, clock=clock.monotonic))
        uuid4 = lambda: uuid.UUID(int=rng.getrandbits(128), version=4)  # noqa: E731
        stack.enter_context(patch.object(uuid, "uuid4", uuid4))
        token = lambda size: rng.randbytes(size).hex()  # noqa: E731
        stack.enter_context(patch.object(secrets, "token_hex", token))
        yield
