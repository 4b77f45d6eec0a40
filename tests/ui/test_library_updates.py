# SPDX-License-Identifier: GPL-3.0-or-later
"""The Library panel while jobs run: it updates by itself with few requests.

The tests take the panel's part as in `test_library_large`. Jobs are started at the job service, as
an operator does in a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService, running_service

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

from mint_blender.jobs.job import Job, asset_of  # noqa: E402
from mint_blender.jobs.library import view_model  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Asset, Kind, Preset  # noqa: E402
from mint_blender.ui import heartbeat, session  # noqa: E402
from mint_blender.ui.library_browser import entries as browser  # noqa: E402

from ..jobs.fast_config import fast_config  # noqa: E402
from .test_library_large import NONE, Panel  # noqa: E402

MINT = {"library": {"models": 65, "worlds": 4}, "credits": 1e6}


@pytest.fixture
def panel(service: ThreadService, enabled: None, monkeypatch: pytest.MonkeyPatch) -> Panel:
    """Return the panel of an add-on that was just enabled; nothing has been requested yet."""
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
    """Return the IDs of assets."""
    return [each.id for each in assets]


def listed(panel: Panel) -> list[str]:
    """Return the lists that were requested after the panel was opened."""
    return [page.partition("?")[0] for page in panel.pages()[2:]]


def unseen(panel: Panel) -> None:
    """Run with the panel closed, until nothing happens any more."""
    while session.service().has_active_work:
        panel.beat()


def test_a_new_asset_is_added_in_front(panel: Panel) -> None:
    """One more request for its kind shows it; its state changes when it is done."""
    panel.live()
    panel.service.scenario(speed=20.0)
    job = begun()
    states = set()
    while session.service().has_active_work:
        panel.beat()
        panel.draw()
        first = panel.on_screen()[0]
        states.add((first.prompt, view_model.state_of(first)))
    panel.live()
    assert ("a lamp", view_model.AssetState.UNFINISHED) in states
    first = panel.on_screen()[0]
    assert first.id == asset_of(session.service().job(job.id))
    assert view_model.state_of(first) == view_model.AssetState.DONE
    assert listed(panel) == ["/v1/models"]
    before = len(panel.requests("api", "files"))
    for _ in range(20):
        panel.live()
    assert len(panel.requests("api", "files")) == before


def test_jobs_started_together_need_one_request(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For eight models of one click the first page is read once, after all have started."""
    panel.live()
    monkeypatch.setattr(browser, "GATHERING", 1e9)
    started = {begun(f"a lamp no {number}").request.prompt for number in range(8)}
    panel.live()
    assert listed(panel) == []
    monkeypatch.setattr(browser, "GATHERING", 0.0)  # some seconds later
    panel.live()
    assert listed(panel) == ["/v1/models"]
    assert {each.prompt for each in panel.on_screen()} > started


def test_only_the_shown_kind_is_updated(panel: Panel) -> None:
    """A new World is not requested while only models are shown."""
    panel.live()
    panel.fields.kind = "MODEL"
    hall = begun("a hall", Kind.WORLD)
    unseen(panel)
    panel.live()
    assert listed(panel) == []
    panel.fields.kind = "WORLD"
    panel.live()
    assert listed(panel) == ["/v1/worlds"]
    assert panel.on_screen()[0].id == asset_of(session.service().job(hall.id))


def test_jobs_of_another_account_cause_no_update(
    panel: Panel, change_account: Callable[[], ThreadService]
) -> None:
    """Their assets are not in the list, so it is not read again."""
    begun()
    unseen(panel)
    other = change_account()
    for _ in range(20):
        panel.live()
    assert [len(other.requests("GET", f"/v1/{kind}s")) for kind in Kind] == [1, 1]


def test_a_search_starts_again_for_another_account(
    panel: Panel, change_account: Callable[[], ThreadService]
) -> None:
    """A stopped search does not stop that of another key."""
    panel.live()
    panel.fields.words = NONE
    bpy.ops.mint.stop_search()
    panel.live()
    assert listed(panel) == []
    change_account()
    panel.live()
    assert panel.status == "No matches. All 24 items searched"


def test_a_retried_asset_on_the_last_screen(panel: Panel) -> None:
    """Its state changes in place without a list request, and it leaves the failed ones."""
    panel.live()
    panel.fields.state = "FAILED"
    panel.live()
    old = browser.shown(panel.fields)[-1]
    panel.fields.state = "ALL"
    while browser.library().next_page():
        browser.turn(panel.fields, forward=True)
        panel.live()
    before, pages = ids(panel.on_screen()), len(panel.pages())
    states = [view_model.state_label(old)]
    panel.service.scenario(speed=20.0)
    session.service().retry_asset(old)
    while session.service().has_active_work:
        panel.beat()
        panel.draw()
        now = browser.library().get(old.id)
        assert now is not None
        if view_model.state_label(now) != states[-1]:
            states.append(view_model.state_label(now))
        if view_model.state_of(now) is view_model.AssetState.UNFINISHED:
            assert browser.job_of(now) is not None, "the menu offers no second import"
    assert states == ["Failed", "In progress", "Done"]
    assert browser.preset_words(now) == "Fast", "Mint's, not the form's default"
    assert ids(panel.on_screen()) == before
    panel.fields.state = "FAILED"
    assert old.id not in ids(browser.shown(panel.fields))
    panel.live()
    assert len(panel.pages()) == pages


def test_new_assets_do_not_move_the_screen(panel: Panel) -> None:
    """The same assets stay on screen, whatever is added in front."""
    panel.live()
    for _ in range(2):
        browser.turn(panel.fields, forward=True)
        panel.live()
    before, pages = ids(panel.on_screen()), len(panel.pages())
    begun()
    panel.live()
    assert len(panel.pages()) == pages + 1
    assert ids(panel.on_screen()) == before
    assert panel.fields.start == 2 * browser.ON_SCREEN + 1


def test_a_model_of_another_process(panel: Panel, home: Path) -> None:
    """It is shown after one request, although nothing runs here."""
    panel.live()
    other = JobService(fast_config(home), session.account())
    job = other.start(GenerationRequest(Kind.MODEL, "a lamp from elsewhere", preset=Preset.FAST))
    other.watch([job.id])
    assert other.close()
    assert not session.service().has_active_work
    heartbeat._state().looked_at = 0.0  # some seconds later
    panel.draw()
    panel.live()
    assert panel.on_screen()[0].prompt == "a lamp from elsewhere"
    assert listed(panel) == ["/v1/models"]


def test_drawing_an_idle_panel_is_cheap(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is read every few seconds, and the heartbeat stops."""
    panel.live()
    beats: list[bool] = []
    monkeypatch.setattr(heartbeat, "look", lambda: beats.append(heartbeat.beat()))
    monkeypatch.setattr(heartbeat, "LOOK_EVERY", 1e9)
    heartbeat._state().looked_at = -2e9
    for _ in range(50):
        panel.draw()
    assert beats == [False]


def test_a_script_sees_the_current_state(panel: Panel) -> None:
    """In background mode there is no beat: each operator sees the job of the call before."""
    bpy.ops.mint.refresh_library()
    of_failed = view_model.Filter(Kind.MODEL, view_model.AssetState.FAILED)
    failed = browser.library().entries(of_failed)[0]
    assert bpy.ops.mint.retry_asset(kind="MODEL", asset_id=failed.id) == {"FINISHED"}
    with pytest.raises(RuntimeError, match="has not failed"):
        bpy.ops.mint.retry_asset(kind="MODEL", asset_id=failed.id)
