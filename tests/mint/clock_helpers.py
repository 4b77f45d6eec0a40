# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for tests of time: this computer's clocks, moved by a test, and closed connections."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from mint_blender.mint.client import Client
from mint_blender.net.guarded_socket import Guard


class ShiftedClocks:
    """The clocks `time` and `monotonic`, which stand still but for what a test adds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shift = {"time": 0.0, "monotonic": 0.0}
        for name in self.shift:
            monkeypatch.setattr(time, name, self._shifted(name))
        # this default was bound when the module was loaded
        monkeypatch.setitem(Guard.__init__.__kwdefaults__, "clock", lambda: time.monotonic())

    def _shifted(self, name: str):
        begun = getattr(time, name)()
        return lambda: begun + self.shift[name]

    def pass_seconds(self, seconds: float) -> None:
        """Move both clocks."""
        for name in self.shift:
            self.shift[name] += seconds


def wait_until_closed(client: Client) -> None:
    """Wait until this computer has noticed that the server has closed the connection."""
    wait_until(lambda: not client.is_open)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread or the system does soon."""
    for _ in range(10_000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it has not happened")
