# SPDX-License-Identifier: GPL-3.0-or-later
"""The Library panel: what it requests with 1,000 assets, and while jobs run.

The tests take the panel's part: they note that it was drawn, request what is missing, and let the
heartbeat process the answers. Jobs are started at the job service, as an operator does in a window.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from ..mint_service.runner import ThreadService, running_service

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

import mint_blender
from mint_blender.jobs.job import Job, asset_of
from mint_blender.jobs.library import view_model
from mint_blender.jobs.queries import LARGEST_PAGE, PAGE_SIZE, ListPage
from mint_blender.jobs.service import JobService
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Preset
from mint_blender.ui import heartbeat, session, visibility
from mint_blender.ui.library_browser import entries as browser
from mint_blender.ui.library_browser import properties as browser_properties
from mint_blender.ui.library_browser.properties import library_state

from ..jobs.fast_config import fast_config

MODELS, WORLDS = 1000, 20
NONE = "no such thing"
"""What no prompt of the library contains."""


@pytest.fixture(scope="module")
def large() -> Iterator[ThreadService]:
    """Run a stand-in for Mint with these models and Worlds."""
    with running_service(speed=2000, library={"models": MODELS, "worlds": WORLDS}) as running:
        yield running
        assert not running.leaks()


class Panel:
    """The open Library panel, drawn again whenever something has changed; it counts requests."""

    def __init__(self, service: ThreadService) -> None:
        self.service = service
        self.begun = len(service.log())
        self.fields: Any = browser_properties.fields_of(bpy.context)
        self.most_at_once = 0

    @property
    def loaded(self) -> int:
        """Return the number of assets that are loaded."""
        return browser.library().count()

    @property
    def status(self) -> str:
        """Return the line below the pictures."""
        return browser.status(self.fields).words

    def on_screen(self) -> list[Asset]:
        return list(browser.on_screen(self.fields))

    def requests(self, *hosts: str) -> list[Any]:
        """Return the requests since the panel was opened, to the API unless another host is meant."""
        return [
            each for each in self.service.log()[self.begun :] if each.host in (hosts or {"api"})
        ]

    def pages(self) -> list[str]:
        lists = {"/v1/models", "/v1/worlds"}
        return [f"{each.path}?{each.query}" for each in self.requests() if each.path in lists]

    def draw(self) -> None:
        """Prepare all that the panel draws; then let the timer send requests."""
        for asset in self.on_screen():
            (browser.cell(asset), browser.facts_of(asset), browser.prompt_of(asset))
        for words in (browser.status, browser.range_words, browser.filter_words):
            words(self.fields)
        visibility.note("library")
        visibility.catch_up()

    def beat(self) -> None:
        """Run one beat as soon as there is an event."""
        job_service = session.service()
        until = time.monotonic() + 120
        while job_service.worker.events.empty() and job_service.has_active_work:
            assert time.monotonic() < until, "nobody answers"
            time.sleep(0.001)
        asked = [each for each in job_service.queries.pending() if isinstance(each, ListPage)]
        self.most_at_once = max(self.most_at_once, sum(each.cursor is not None for each in asked))
        heartbeat.beat()

    def live(self, until: Callable[[], bool] = lambda: False) -> None:
        """Draw and beat until nothing is missing."""
        self.draw()
        while session.service().has_active_work and not until():
            self.beat()
            self.draw()

    def search(self, words: str, until: Callable[[], bool] = lambda: False) -> None:
        """Open the panel, and search in it."""
        self.live()
        self.fields.words = words
        self.live(until)

    def forward(self) -> None:
        """Go one screen further, as the button does in a window."""
        browser.turn(self.fields, forward=True)
        self.live(
            until=lambda: len(self.on_screen()) == browser.ON_SCREEN and not browser.is_loading()
        )


@pytest.fixture
def panel(large: ThreadService, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    """Return the panel of an add-on that was just enabled."""
    monkeypatch.setenv("MINT_API_KEY", large.key)
    monkeypatch.setenv("MINT_API_BASE_URL", large.api)
    monkeypatch.setattr(browser, "TYPING_PAUSE", 0.0)
    mint_blender.register()
    session.service()
    yield Panel(large)
    mint_blender.unregister()


def pictures(assets: list[Asset]) -> set[str]:
    """Return the addresses of the thumbnails."""
    return {each.assets.picture_url for each in assets if each.assets and each.assets.picture_url}


def test_opening_the_panel(panel: Panel) -> None:
    """One page of each kind and the twelve thumbnails on screen are requested, once."""
    panel.live()
    assert len(panel.pages()) == 2
    files = {f"{panel.service.files}{each.path}" for each in panel.requests("files")}
    # The part of an address that says until when it holds is no part of the path.
    assert files == {url.partition("?")[0] for url in pictures(panel.on_screen())}
    before = len(panel.requests("api", "files"))
    for _ in range(20):
        panel.live()
    assert len(panel.requests("api", "files")) == before


def test_scrolling_to_the_end(panel: Panel) -> None:
    """Every page is requested once."""
    panel.live()
    screens = [panel.on_screen()]
    start = -1
    while start != panel.fields.start:
        start = panel.fields.start
        panel.forward()
        screens.append(panel.on_screen())
    seen = [asset for screen in screens[:-1] for asset in screen]
    assert panel.loaded == MODELS + WORLDS
    assert len(screens) - 1 == ceil((MODELS + WORLDS) / browser.ON_SCREEN)
    assert len(seen) == len({each.id for each in seen}) == MODELS + WORLDS
    assert len(panel.pages()) == len(set(panel.pages())) == ceil(MODELS / PAGE_SIZE) + 1
    assert panel.most_at_once == 1
    assert len(panel.requests("files")) <= len(pictures(seen))
    dates = [each.created_at for each in seen]
    assert dates == sorted(dates, reverse=True), "a later page brought what belongs further up"


def test_thumbnails_in_memory_are_bounded(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones are freed; when they are shown again they come from the disk."""
    monkeypatch.setattr(browser, "MOST_ICONS", 2 * browser.ON_SCREEN)
    panel.live()
    first = pictures(panel.on_screen())
    for _ in range(5):
        browser.turn(panel.fields, forward=True)
        panel.live()
        assert len(library_state().pictures) <= 2 * browser.ON_SCREEN
        assert pictures(panel.on_screen()) <= set(library_state().pictures)
    assert first.isdisjoint(library_state().pictures)
    downloaded = len(panel.requests("files"))
    panel.fields.start = 0
    panel.live()
    assert first <= set(library_state().pictures)
    assert len(panel.requests("files")) == downloaded


def test_a_search_covers_the_whole_library(panel: Panel) -> None:
    """Pages are loaded one at a time, each once; then the panel says that this was all."""
    panel.live()
    panel.fields.words = "WHITE rock 30"
    panel.draw()
    assert panel.status == "Searching… 50 items searched"
    panel.live()
    numbers = [n for n in range(MODELS, 0, -1) if n % 30 == 0 and "30" in str(n)]
    assert len(numbers) > 2
    models = [each for each in browser.shown(panel.fields) if each.kind is Kind.MODEL]
    assert [each.prompt for each in models] == [f"a white rock no {number}" for number in numbers]
    assert panel.status == "All 1,020 items searched"
    pages = ceil((MODELS - PAGE_SIZE) / LARGEST_PAGE)
    assert len(panel.pages()) == len(set(panel.pages())) == 2 + pages
    assert panel.most_at_once == 1


def test_a_search_ends_when_the_screen_is_full(panel: Panel) -> None:
    """A common word needs no further page before the user scrolls."""
    panel.search("rock")
    assert len(panel.on_screen()) == browser.ON_SCREEN
    assert len(panel.pages()) < 5 and "more available" in panel.status


def test_a_closed_panel_requests_nothing(panel: Panel) -> None:
    """A panel that is closed during a search stops loading."""
    panel.search(NONE, until=lambda: len(panel.pages()) >= 5)
    while session.service().has_active_work:
        panel.beat()
    assert len(panel.pages()) <= 6


MINT = {"library": {"models": 65, "worlds": 4}, "credits": 1e6}


@pytest.fixture
def fresh(service: ThreadService, enabled: None, monkeypatch: pytest.MonkeyPatch) -> Panel:
    """Return the panel of a small library, in an add-on that was just enabled."""
    monkeypatch.setattr(browser, "TYPING_PAUSE", 0.0)
    monkeypatch.setattr(browser, "GATHERING", 0.0)
    session.service()
    return Panel(service)


@pytest.fixture
def change_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ThreadService]]:
    """Run a stand-in for another account, and return what changes to it."""
    with running_service(speed=2000, library={"models": 20, "worlds": 4}) as other:

        def change() -> ThreadService:
            monkeypatch.setenv("MINT_API_KEY", other.key)
            monkeypatch.setenv("MINT_API_BASE_URL", other.api)
            session.account_changed()
            return other

        yield change


def begun(prompt: str = "a lamp", kind: Kind = Kind.MODEL) -> Job:
    """Start a job and return it."""
    return session.service().start(GenerationRequest(kind, prompt, preset=Preset.FAST))


def ids(assets: Iterable[Asset]) -> list[str]:
    return [each.id for each in assets]


def listed(panel: Panel) -> list[str]:
    """Return the lists that were requested after the panel was opened."""
    return [page.partition("?")[0] for page in panel.pages()[2:]]


def unseen(panel: Panel) -> None:
    """Run with the panel closed, until nothing happens any more."""
    while session.service().has_active_work:
        panel.beat()


def test_a_new_asset_is_added_in_front(fresh: Panel) -> None:
    """One more request for its kind shows it; its state changes when it is done."""

    def first() -> tuple[str | None, view_model.AssetState]:
        asset = fresh.on_screen()[0]
        return asset.prompt, view_model.state_of(asset)

    fresh.live()
    fresh.service.scenario(speed=1.0)
    job = begun()
    fresh.live(until=lambda: first() == ("a lamp", view_model.AssetState.UNFINISHED))
    fresh.service.scenario(speed=2000.0)
    fresh.live()
    assert first() == ("a lamp", view_model.AssetState.DONE)
    assert fresh.on_screen()[0].id == asset_of(session.service().job(job.id))
    assert listed(fresh) == ["/v1/models"]
    before = len(fresh.requests("api", "files"))
    for _ in range(20):
        fresh.live()
    assert len(fresh.requests("api", "files")) == before


def test_jobs_started_together_need_one_request(
    fresh: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For eight models of one click the first page is read once, after all have started."""
    fresh.live()
    monkeypatch.setattr(browser, "GATHERING", 1e9)
    started = {begun(f"a lamp no {number}").request.prompt for number in range(8)}
    fresh.live()
    assert listed(fresh) == []
    monkeypatch.setattr(browser, "GATHERING", 0.0)  # some seconds later
    fresh.live()
    assert listed(fresh) == ["/v1/models"]
    assert {each.prompt for each in fresh.on_screen()} > started


def test_only_the_shown_kind_is_updated(fresh: Panel) -> None:
    """A new World is not requested while only models are shown."""
    fresh.live()
    fresh.fields.kind = "MODEL"
    hall = begun("a hall", Kind.WORLD)
    unseen(fresh)
    fresh.live()
    assert listed(fresh) == []
    fresh.fields.kind = "WORLD"
    fresh.live()
    assert listed(fresh) == ["/v1/worlds"]
    assert fresh.on_screen()[0].id == asset_of(session.service().job(hall.id))


def test_jobs_of_another_account_cause_no_update(
    fresh: Panel, change_account: Callable[[], ThreadService]
) -> None:
    """Their assets are not in the list, so it is not read again."""
    begun()
    unseen(fresh)
    other = change_account()
    for _ in range(20):
        fresh.live()
    assert [len(other.requests("GET", f"/v1/{kind}s")) for kind in Kind] == [1, 1]


def test_new_assets_do_not_move_the_screen(fresh: Panel) -> None:
    """The same assets stay on screen, whatever is added in front."""
    fresh.live()
    for _ in range(2):
        browser.turn(fresh.fields, forward=True)
        fresh.live()
    before, pages = ids(fresh.on_screen()), len(fresh.pages())
    begun()
    fresh.live()
    assert len(fresh.pages()) == pages + 1
    assert ids(fresh.on_screen()) == before
    assert fresh.fields.start == 2 * browser.ON_SCREEN + 1


def test_a_model_of_another_process(fresh: Panel, home: Path) -> None:
    """It is shown after one request, although nothing runs here."""
    fresh.live()
    other = JobService(fast_config(home), session.account())
    job = other.start(GenerationRequest(Kind.MODEL, "a lamp from elsewhere", preset=Preset.FAST))
    other.watch([job.id])
    assert other.close()
    assert not session.service().has_active_work
    heartbeat._state().looked_at = 0.0  # some seconds later
    fresh.draw()
    fresh.live()
    assert fresh.on_screen()[0].prompt == "a lamp from elsewhere"
    assert listed(fresh) == ["/v1/models"]


def test_a_script_sees_the_current_state(fresh: Panel) -> None:
    """In background mode there is no beat: each operator sees the job of the call before."""
    bpy.ops.mint.refresh_library()
    of_failed = view_model.Filter(Kind.MODEL, view_model.AssetState.FAILED)
    failed = browser.library().entries(of_failed)[0]
    assert bpy.ops.mint.retry_asset(kind="MODEL", asset_id=failed.id) == {"FINISHED"}
    with pytest.raises(RuntimeError, match="has not failed"):
        bpy.ops.mint.retry_asset(kind="MODEL", asset_id=failed.id)
