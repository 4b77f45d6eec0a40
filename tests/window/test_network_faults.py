# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the network in a Blender with a window: the main thread never waits for a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.mint_service.runner import ThreadService
from tests.network_faults.behaviors import drip, nothing, sent, silence, with_headers
from tests.network_faults.hosts import ArmedFault, Call, Hosts

from .blender_window import BlenderWindow
from .test_jobs import start

pytestmark = [pytest.mark.window, pytest.mark.thorough]

TURNS = 10
NOTE_CALLS = """
import threading
sys.mint_calling = set()
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "http.client.send"):
        sys.mint_calling.add(threading.current_thread().name)
sys.addaudithook(note)
"""
"""Notes which threads use the network."""
FAULTS = {
    "silence": (Call.POLL, sent(nothing, silence)),
    "endless_file": (Call.DOWNLOAD, sent(with_headers(Content_Length=None), drip(bytes(2**14)))),
}


@pytest.fixture(scope="module")
def hosts(service: ThreadService) -> Iterator[Hosts]:
    """Stand between Blender and the service."""
    with Hosts(service, scale=1.0) as running:
        yield running


@pytest.fixture(scope="module")
def window(
    _blenders: Callable[..., BlenderWindow], hosts: Hosts, service: ThreadService
) -> BlenderWindow:
    """Open a Blender that notes who uses the network."""
    window = _blenders(api=hosts.api, key=service.key)
    window.ask(NOTE_CALLS)
    return window


@pytest.mark.parametrize("name", FAULTS)
def test_the_main_thread_is_free(
    name: str, window: BlenderWindow, hosts: Hosts, service: ThreadService
) -> None:
    """While a call hangs Blender draws; then the job ends in the scene."""
    before = len(service.operations())
    hosts.fault = armed = ArmedFault(*FAULTS[name])
    window.fresh()
    start(window, "a lamp")
    while not armed.hits:
        window.ask("area('VIEW_3D').tag_redraw()")
    for _ in range(TURNS):
        window.ask("area('VIEW_3D').tag_redraw()")
        window.settle()
    assert armed.hits == 1, "Blender waited until the call had ended"
    armed.is_over = True
    hosts.drop_connections()
    window.wait_for("placed")
    assert len(service.operations()) == before + 1
    calling = window.ask("sorted(sys.mint_calling)")
    assert calling and not any("main" in name.lower() for name in calling), calling
