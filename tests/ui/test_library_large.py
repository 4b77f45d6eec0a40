# SPDX-License-Identifier: GPL-3.0-or-later
"""A library of 5,000 assets: what the panel requests, and what it costs the main thread.

The tests take the panel's part: they note that it was drawn, request what is missing, and let the
heartbeat process the answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from math import ceil
from statistics import median
from typing import Any

import pytest

from ..mint_service.runner import ThreadService, running_service

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

import mint_blender  # noqa: E402
from mint_blender.jobs.library import view_model  # noqa: E402
from mint_blender.jobs.queries import LARGEST_PAGE, PAGE_SIZE, ListPage  # noqa: E402
from mint_blender.ui import heartbeat, session, visibility  # noqa: E402
from mint_blender.ui.library_browser import entries as browser  # noqa: E402
from mint_blender.ui.library_browser import properties as browser_properties  # noqa: E402
from mint_blender.ui.library_browser.properties import library_state  # noqa: E402

MODELS, WORLDS = 5000, 20


@pytest.fixture(scope="module")
def large() -> Iterator[ThreadService]:
    """Run a stand-in for Mint with 5,000 models and 20 Worlds."""
    with running_service(speed=2000, library={"models": MODELS, "worlds": WORLDS}) as running:
        yield running
        assert not running.leaks()


class Panel:
    """The open Library panel, drawn again whenever something has changed.

    It counts requests and measures the time of the main thread.
    """

    def __init__(self, service: ThreadService) -> None:
        self.service = service
        self.begun = len(service.log())
        self.fields: Any = browser_properties.fields_of(bpy.context)
        self.drawn: list[tuple[int, float]] = []
        self.beaten: list[tuple[int, float]] = []
        self.most_at_once = 0

    @property
    def loaded(self) -> int:
        """Return the number of assets that are loaded."""
        return browser.library().count()

    def requests(self, host: str = "api") -> list[Any]:
        """Return the requests since the panel was opened."""
        return [each for each in self.service.log()[self.begun :] if each.host == host]

    def pages(self) -> list[str]:
        """Return every requested page of a list."""
        return [
            f"{each.path}?{each.query}"
            for each in self.requests()
            if each.path in {"/v1/models", "/v1/worlds"}
        ]

    def draw(self) -> None:
        """Prepare all that the panel draws; then let the timer send requests."""
        begun = time.thread_time()
        for asset in browser.on_screen(self.fields):
            (browser.cell(asset), browser.facts_of(asset), browser.prompt_of(asset))
        for words in (browser.status, browser.range_words, browser.filter_words):
            words(self.fields)
        visibility.note("library")
        self.drawn.append((self.loaded, time.thread_time() - begun))
        visibility.catch_up()

    def beat(self) -> None:
        """Run one beat as soon as there is an event."""
        job_service = session.service()
        until = time.monotonic() + 30
        while job_service.worker.events.empty() and job_service.has_active_work:
            assert time.monotonic() < until, "nobody answers"
            time.sleep(0.001)
        self.most_at_once = max(
            self.most_at_once,
            sum(
                isinstance(each, ListPage) and each.cursor is not None
                for each in job_service.queries.pending()
            ),
        )
        begun = time.thread_time()
        heartbeat.beat()
        self.beaten.append((self.loaded, time.thread_time() - begun))

    def live(self, until: Callable[[], bool] = lambda: False) -> None:
        """Draw and beat until nothing is missing."""
        self.draw()
        while session.service().has_active_work and not until():
            self.beat()
            self.draw()


@pytest.fixture
def panel(large: ThreadService, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    """Return the panel of an add-on that was just enabled."""
    monkeypatch.setenv("MINT_API_KEY", large.key)
    monkeypatch.setenv("MINT_API_BASE_URL", large.api)
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(browser, "TYPING_PAUSE", 0.0)
    mint_blender.register()
    session.service()
    yield Panel(large)
    mint_blender.unregister()


def pictures(assets: list[Any]) -> set[str]:
    """Return the folder of the thumbnails."""
    return {each.assets.picture_url for each in assets if each.assets and each.assets.picture_url}


def is_flat(costs: list[tuple[int, float]]) -> bool:
    """Return whether thousands of assets cost the same as a few, give or take 0.2 ms."""
    few = [cost for count, cost in costs if 0 < count <= 500]
    many = [cost for count, cost in costs if count >= 4500]
    return len(few) > 3 and len(many) > 3 and median(many) < 3 * median(few) + 0.0002


def test_opening_the_panel(panel: Panel) -> None:
    """One page of each kind and the twelve thumbnails on screen are requested, once."""
    panel.live()
    assert len(panel.pages()) == 2
    files = {f"{panel.service.files}{each.path}" for each in panel.requests("files")}
    # The part of an address that says until when it holds is no part of the path.
    assert files == {url.partition("?")[0] for url in pictures(browser.on_screen(panel.fields))}
    before = len(panel.requests()) + len(panel.requests("files"))
    for _ in range(100):
        panel.live()
    assert len(panel.requests()) + len(panel.requests("files")) == before


def test_scrolling_to_the_end(panel: Panel) -> None:
    """Every page is requested once; draws and beats do not get slower."""
    panel.live()
    screens = 1
    seen = [each.id for each in browser.on_screen(panel.fields)]
    while True:
        before = panel.fields.start
        _forward(panel)
        if panel.fields.start == before:
            break
        screens += 1
        seen += [each.id for each in browser.on_screen(panel.fields)]
    assert panel.loaded == MODELS + WORLDS
    assert screens == ceil((MODELS + WORLDS) / browser.ON_SCREEN)
    assert len(seen) == len(set(seen)) == MODELS + WORLDS
    assert len(panel.pages()) == len(set(panel.pages())) == ceil(MODELS / PAGE_SIZE) + 1
    assert panel.most_at_once == 1
    assert len(panel.requests("files")) <= len(
        pictures([browser.library().get(each) for each in seen])
    )
    assert is_flat(panel.drawn)
    assert is_flat(panel.beaten)
    dates = [browser.library().get(each).created_at for each in seen]
    assert dates == sorted(dates, reverse=True), "a later page brought what belongs further up"
    asked = len(panel.pages())
    _forward(panel)
    assert len(panel.pages()) == asked


def test_thumbnails_in_memory_are_bounded(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones are freed; when they are shown again they come from the disk."""
    monkeypatch.setattr(browser, "MOST_ICONS", 2 * browser.ON_SCREEN)
    panel.live()
    first = pictures(browser.on_screen(panel.fields))
    for _ in range(5):
        browser.turn(panel.fields, forward=True)
        panel.live()
        assert len(library_state().pictures) <= 2 * browser.ON_SCREEN
        assert pictures(browser.on_screen(panel.fields)) <= set(library_state().pictures)
    assert first.isdisjoint(library_state().pictures)
    downloaded = len(panel.requests("files"))
    panel.fields.start = 0
    panel.live()
    assert first <= set(library_state().pictures)
    assert len(panel.requests("files")) == downloaded


def _forward(panel: Panel) -> None:
    """Go one screen further, as the button does in a window."""
    browser.turn(panel.fields, forward=True)
    panel.live(
        until=lambda: (
            len(browser.on_screen(panel.fields)) == browser.ON_SCREEN and not browser.is_loading()
        )
    )


def test_a_search_covers_the_whole_library(panel: Panel) -> None:
    """Pages are loaded one at a time, each once; then the panel says that this was all."""
    panel.live()
    panel.fields.words = "WHITE rock 300"
    words = []
    while True:
        panel.draw()
        words.append(browser.status(panel.fields).words)
        if not session.service().has_active_work:
            break
        panel.beat()
    found = browser.shown(panel.fields)
    numbers = [
        number for number in range(MODELS, 0, -1) if number % 30 == 0 and "300" in str(number)
    ]
    assert numbers == [3300, 3000, 300]
    assert [each.prompt for each in found if each.kind is view_model.Kind.MODEL] == [
        f"a white rock no {number}" for number in numbers
    ]
    assert words[0] == "Searching… 50 items searched"
    assert words[-1] == "All 5,020 items searched"
    assert (
        len(panel.pages())
        == len(set(panel.pages()))
        == 2 + ceil((MODELS - PAGE_SIZE) / LARGEST_PAGE)
    )
    assert panel.most_at_once == 1
    assert is_flat(panel.drawn)
    assert is_flat(panel.beaten)


def test_a_search_ends_when_the_screen_is_full(panel: Panel) -> None:
    """A common word needs no further page before the user scrolls."""
    panel.live()
    panel.fields.words = "rock"
    panel.live()
    assert len(browser.on_screen(panel.fields)) == browser.ON_SCREEN
    assert len(panel.pages()) < 5
    assert "more available" in (browser.status(panel.fields).words)


def test_a_search_can_be_stopped(panel: Panel) -> None:
    """After the click no further page is requested; Load More continues."""
    panel.live()
    panel.fields.words = "no such thing"
    panel.live(until=lambda: len(panel.pages()) >= 5)
    bpy.ops.mint.stop_search()
    panel.live()
    asked = len(panel.pages())
    assert asked <= 6
    assert browser.status(panel.fields).words.endswith("items searched, more available")
    for _ in range(10):
        panel.live()
    assert len(panel.pages()) == asked
    browser_properties.library_state().resume_searching()
    panel.live()
    assert panel.loaded == MODELS + WORLDS


def test_a_search_has_a_limit(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """It loads so many pages and no more; then the panel says how far it came."""
    monkeypatch.setattr(browser_properties, "MOST_PAGES", 7)
    panel.live()
    panel.fields.words = "no such thing"
    panel.live()
    assert len(panel.pages()) == 2 + 7
    assert (
        browser.status(panel.fields).words
        == f"No matches. {50 + 7 * LARGEST_PAGE} items searched, more available"
    )


def test_a_closed_panel_requests_nothing(panel: Panel) -> None:
    """A panel that is closed during a search stops loading."""
    panel.live()
    panel.fields.words = "no such thing"
    panel.live(until=lambda: len(panel.pages()) >= 5)
    while session.service().has_active_work:
        panel.beat()
    assert len(panel.pages()) <= 6


def test_sorting_by_name_says_what_is_sorted(panel: Panel) -> None:
    """It is noted that only loaded assets are sorted, until all are loaded."""
    panel.live()
    panel.fields.sort = "NAME"
    panel.live()
    assert browser.status(panel.fields).words == "Sorted among 50 loaded items"
    panel.fields.kind = "WORLD"
    panel.live()
    assert browser.status(panel.fields).words.startswith("Double-click")
