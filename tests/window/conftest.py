# SPDX-License-Identifier: GPL-3.0-or-later
"""A display and an installed add-on for the whole session; a Blender and a stand-in service for each test that asks for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mint_service.running import Service, running_service

from .blender_window import BlenderWindow, make_profile
from .display import Display

SPEED = 4.0  # times as fast as the stand-in's own idea of how long things take: seconds, and time enough to look


@pytest.fixture(scope="session")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    """A screen."""
    screen = Display(tmp_path_factory.mktemp("display"))
    yield screen
    screen.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile with the archive of this very tree installed; to be copied."""
    return make_profile(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def profile(installed: Path, tmp_path: Path) -> Path:
    """A profile of this test's own."""
    return shutil.copytree(installed, tmp_path / "profile", symlinks=True)


@pytest.fixture
def service() -> Iterator[Service]:
    """A stand-in for Mint."""
    with running_service(speed=SPEED) as running:
        yield running
        assert not running.leaks(), "the key went to the file host"


@pytest.fixture
def open_blender(
    request: pytest.FixtureRequest, display: Display, profile: Path, tmp_path: Path, service: Service
) -> Iterator[Callable[..., BlenderWindow]]:
    """Start Blenders: `open_blender(key=…, online=…)`. They share a profile and a journal. When the test fails, their logs are shown."""
    running: list[BlenderWindow] = []

    def start(**options: Any) -> BlenderWindow:
        window = BlenderWindow(display, profile, tmp_path / "home", **{"api": service.api, "key": service.key, **options})
        running.append(window)
        return window

    yield start
    name = request.node.name
    for number, window in enumerate(running, start=1):
        shown = window.log()
        print(f"-- log of Blender {number} of {name}\n{shown}")
        window.close()
        assert "Traceback (most recent call last)" not in shown, f"Blender {number} wrote a traceback:\n{shown}"
        assert service.key not in shown, "the key is in Blender's log"


@pytest.fixture
def blender(request: pytest.FixtureRequest, open_blender: Callable[..., BlenderWindow]) -> Iterator[BlenderWindow]:
    """One Blender, ready to generate, with the tab Mint open. Leaves a screenshot of its end, named after the test."""
    window = open_blender()
    window.open_sidebar()
    yield window
    if window.process.poll() is None:
        window.screenshot(request.node.name.removeprefix("test_"))
