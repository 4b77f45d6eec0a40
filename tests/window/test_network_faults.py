# SPDX-License-Identifier: GPL-3.0-or-later
"""The worst faults of the network in a Blender with a window: the main thread is never held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.mint_service.runner import ThreadService
from tests.network_faults.behaviors import (
    HTML,
    LOGIN_PAGE,
    answered,
    drip,
    flood,
    literally,
    nothing,
    sent,
    silence,
    with_headers,
)
from tests.network_faults.hosts import ArmedFault, Behavior, Call, Hosts

from . import held_time
from .blender_window import PATIENCE, BlenderWindow

pytestmark = pytest.mark.window

LONGEST = 0.05
"""Seconds for which code of the add-on may hold the main thread."""
MEASURED = 1.5
"""Seconds during which the fault is watched."""
SLOW_HEADERS = literally(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
HANGING_NAMES = """
import socket, time
socket.mint_getaddrinfo = socket.getaddrinfo
def hang(*arguments, **more):
    sys.mint_lookups += 1
    time.sleep(1.5)
    return socket.mint_getaddrinfo(*arguments, **more)
sys.mint_lookups = 0
socket.getaddrinfo = hang
"""
PROMPT_NAMES = "import socket\nsocket.getaddrinfo = socket.mint_getaddrinfo"


@dataclass(frozen=True)
class WindowFault:
    """A fault, and whether the job waits for a click once it is over."""

    call: Call
    behavior: Behavior
    is_resumed: bool = False


FAULTS = {
    "silence": WindowFault(Call.START, sent(nothing, silence)),
    "byte_a_second": WindowFault(Call.POLL, sent(SLOW_HEADERS, drip())),
    "endless_body": WindowFault(Call.POLL, sent(with_headers(Content_Length=None), flood(b" " * 2**16))),
    "endless_file": WindowFault(Call.DOWNLOAD, sent(with_headers(Content_Length=None), drip(bytes(2**14)))),
    "captive_portal": WindowFault(Call.DOWNLOAD, answered(200, LOGIN_PAGE, HTML), is_resumed=True),
}  # fmt: skip


@pytest.fixture(scope="module")
def hosts(service: ThreadService) -> Iterator[Hosts]:
    """Stand between Blender and the service."""
    with Hosts(service, scale=1.0) as running:
        yield running


@pytest.fixture(scope="module")
def window(
    _blenders: Callable[..., BlenderWindow], hosts: Hosts, service: ThreadService
) -> BlenderWindow:
    """Open a Blender that has run a job, so that everything is loaded."""
    window = _blenders(api=hosts.api, key=service.key)
    start(window)
    window.wait_for("placed")
    held_time.install(window)
    return window


def start(window: BlenderWindow) -> None:
    """Start a job in an empty list, with the sidebar open."""
    window.fresh()
    assert window.call("mint.generate", prompt="a lamp", mode="AUTO", preset="FAST") == ["FINISHED"]


def watch(window: BlenderWindow, seconds: float = MEASURED) -> None:
    """Draw the sidebar for a while, as it is drawn while a person works."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        window.ask("area('VIEW_3D').tag_redraw()")
        time.sleep(0.05)


def check_held_time(window: BlenderWindow) -> None:
    """Check that the add-on was called, and that no call took longer than allowed."""
    measured = held_time.stretches(window)
    longest = {name: max(times) for name, times in measured.items()}
    print(f"{sum(map(len, measured.values()))} calls, at most {max(longest.values()):.4f} s")
    assert {name: seconds for name, seconds in longest.items() if seconds > LONGEST} == {}
    assert sum(map(len, measured.values())) > 5, "calls are not measured"


@pytest.mark.parametrize("name", FAULTS)
def test_the_main_thread_is_free(
    name: str, window: BlenderWindow, hosts: Hosts, service: ThreadService
) -> None:
    """While the fault lasts, no call of ours takes more than 50 ms; then the job ends in the scene."""
    fault = FAULTS[name]
    before = len(service.operations())
    hosts.fault = armed = ArmedFault(fault.call, fault.behavior)
    start(window)
    until = time.monotonic() + PATIENCE
    while not armed.hits:
        assert time.monotonic() < until, "the fault was not met"
        watch(window, 0.1)
    held_time.reset(window)
    watch(window)
    check_held_time(window)
    if fault.is_resumed:
        job = window.wait_for("paused")
    window.screenshot(f"network_fault_{name}")
    armed.is_over = True
    if fault.is_resumed:
        window.call("mint.resume", job_id=job["id"])
    window.wait_for("placed")
    assert len(service.operations()) == before + 1


def test_a_hanging_name_server_does_not_hold_the_main_thread(
    window: BlenderWindow, hosts: Hosts, service: ThreadService
) -> None:
    """A lookup cannot be stopped, but only a thread of ours waits for it."""
    before = len(service.operations())
    hosts.fault = None
    hosts.drop_connections()
    window.ask(HANGING_NAMES)
    try:
        held_time.reset(window)
        start(window)
        watch(window, 2 * MEASURED)
        assert window.ask("sys.mint_lookups") > 0
        check_held_time(window)
    finally:
        window.ask(PROMPT_NAMES)
    window.wait_for("placed")
    assert len(service.operations()) == before + 1


def test_a_held_main_thread_is_noticed(window: BlenderWindow) -> None:
    """The meter sees a call of ours that waits."""
    held_time.reset(window)
    window.ask("part('mint.retry').call_with_retries(lambda: __import__('time').sleep(0.1))")
    with pytest.raises(AssertionError, match="call_with_retries"):
        check_held_time(window)
