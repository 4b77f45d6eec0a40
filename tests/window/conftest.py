# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a display and an installed add-on for the session, Blenders and a stand-in for Mint."""

from __future__ import annotations

import fnmatch
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mint_service.options import DURATIONS
from tests.mint_service.runner import Service, running_service

from .blender_window import BlenderWindow, make_profile
from .display import Display
from .price_helpers import FORGET, PREFERENCES

SIZE = (1200, 900)
"""The display: narrower than a usual one, since software draws each pixel."""
# times as fast as the stand-in's own idea of how long things take: seconds, and time enough to look
SPEED = 4.0


@pytest.fixture(scope="session")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    """Run a display."""
    screen = Display(tmp_path_factory.mktemp("display"), SIZE)
    yield screen
    screen.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a profile with the archive of this source tree installed, to be copied."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "installed"
    is_made = folder / "is-made"
    try:
        folder.mkdir()
    except FileExistsError:
        until = time.monotonic() + 240
        while not is_made.exists():
            assert time.monotonic() < until, "another process could not install the add-on"
            time.sleep(0.2)
        return folder / "profile"
    profile = make_profile(folder)
    is_made.touch()
    return profile


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Run a quick stand-in for Mint that asks for short polling intervals.

    There is one for each module, with the options in its `MINT`; see `Since` for counting.
    """
    options: dict[str, Any] = {
        "speed": SPEED,
        "switches": ("poll-hint",),
        "retry_after": 0.3,
        "cancel": "everywhere",
        **getattr(request.module, "MINT", {}),
    }
    with running_service(**options) as running:
        yield running
        assert not running.leaks(), "the key went to the file host"


_HAS_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test has failed, for its screenshot."""
    report = yield
    if report.failed:
        item.stash[_HAS_FAILED] = True
    return report


class Since:
    """The requests to the service since a test began."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._begun = len(service.log())

    def count(self, method: str, path: str) -> int:
        """Return how many requests were like that; `path` is a shell pattern."""
        return sum(
            fnmatch.fnmatchcase(entry.method, method) and fnmatch.fnmatchcase(entry.path, path)
            for entry in self._service.log()[self._begun :]
        )

    @property
    def starts(self) -> int:
        """Return how many generations were started, which is what costs Credits."""
        return self.count("POST", "/v1/*:generate")


@pytest.fixture
def since(service: Service) -> Since:
    """Count requests from here on."""
    return Since(service)


class Blenders:
    """Starts Blenders, and closes them at the end."""

    def __init__(
        self, display: Display, installed: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        self._display, self._installed, self._folders = display, installed, tmp_path_factory
        self._running: list[BlenderWindow] = []

    def __call__(self, folder: Path | None = None, **options: Any) -> BlenderWindow:
        """Start a Blender with the profile and the journal in a folder."""
        folder = folder or self._folders.mktemp("blender")
        if not (folder / "profile").exists():
            shutil.copytree(self._installed, folder / "profile", symlinks=True)
        window = BlenderWindow(self._display, folder / "profile", folder / "home", **options)
        self._running.append(window)
        return window

    def close(self) -> None:
        """End all of them."""
        for window in self._running:
            window.close()


@pytest.fixture(scope="module")
def _blenders(
    display: Display, installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Blenders]:
    started = Blenders(display, installed, tmp_path_factory)
    yield started
    started.close()


class SharedBlender:
    """One Blender for all modules. Each has a journal, a service and preferences of its own."""

    def __init__(self, start: Blenders, installed: Path, folders: pytest.TempPathFactory) -> None:
        self._start, self._installed, self._folders = start, installed, folders
        self._folder = Path()
        self._window: BlenderWindow | None = None
        self._service: Service | None = None

    def at(self, service: Service) -> BlenderWindow:
        """Return it, as just started for a service when that is another one than before."""
        if self._window is None or self._window.process.poll() is not None:
            self._folder = self._folders.mktemp("shared")
            self._window = self._start(self._folder, api=service.api, key=service.key)
        elif self._service is not service:
            shutil.rmtree(self._folder / "profile")
            shutil.copytree(self._installed, self._folder / "profile", symlinks=True)
            home = self._folders.mktemp("home")
            self._window.move_to(home, api=service.api, key=service.key)
        self._service = service
        return self._window

    def leave(self) -> None:
        """Close the jobs of a module before its service ends."""
        if self._window is not None and self._window.process.poll() is None and self._service:
            self._window.leave()
        self._service = None


@pytest.fixture(scope="session")
def _shared(
    display: Display, installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedBlender]:
    started = Blenders(display, installed, tmp_path_factory)
    yield SharedBlender(started, installed, tmp_path_factory)
    started.close()


@pytest.fixture(scope="module")
def _shared_here(_shared: SharedBlender, service: Service) -> Iterator[SharedBlender]:
    yield _shared
    _shared.leave()


@pytest.fixture
def open_blender(
    request: pytest.FixtureRequest,
    _blenders: Blenders,
    tmp_path: Path,
    service: Service,
) -> Iterator[Callable[..., BlenderWindow]]:
    """Return a function that starts Blenders for this test: `open_blender(key=…, online=…)`."""
    running: list[BlenderWindow] = []

    def start(**options: Any) -> BlenderWindow:
        running.append(_blenders(tmp_path, **{"api": service.api, "key": service.key, **options}))
        return running[-1]

    yield start
    for window in running:
        _look_at_log(window, service)
        window.close()


@pytest.fixture
def blender(
    request: pytest.FixtureRequest, _shared_here: SharedBlender, service: Service
) -> Iterator[BlenderWindow]:
    """Return the Blender that tests share, as fresh as after a start."""
    window = _shared_here.at(service)
    window.fresh()
    yield window
    if request.node.stash.get(_HAS_FAILED, False) and window.process.poll() is None:
        window.screenshot(request.node.name.removeprefix("test_"))
    _look_at_log(window, service)


@pytest.fixture
def leisurely(service: Service) -> Iterator[None]:
    """Make the last part of a generation take minutes, unless the test moves the clock."""
    service.scenario(durations={"final": 1000})
    yield
    service.scenario(durations=DURATIONS)


@pytest.fixture
def no_limits(blender: BlenderWindow, service: Service) -> Iterator[None]:
    """Start without known prices, and with plenty of Credits and no limits before and after."""
    blender.ask(FORGET)
    service.scenario(credits=1_000_000)
    yield
    service.scenario(credits=1_000_000)
    blender.ask(
        f"setattr({PREFERENCES}, 'limit_each', 0) or setattr({PREFERENCES}, 'limit_day', 0)"
    )


def _look_at_log(window: BlenderWindow, service: Service) -> None:
    """Print Blender's log for a failure; a mistake that Blender notes, or the key, is one as well."""
    shown = window.log()
    print(f"-- Blender's log\n{shown}")
    assert "Traceback (most recent call last)" not in shown, f"Blender wrote a traceback:\n{shown}"
    assert "no icon for icon ID" not in shown, f"an icon was freed that is still drawn:\n{shown}"
    assert service.key not in shown, "the key is in Blender's log"
