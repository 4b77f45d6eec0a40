# SPDX-License-Identifier: GPL-3.0-or-later
"""The Library as a person uses it, and everything saved by a second Blender."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.service import JobService
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset
from tests.jobs.fast_config import account, fast_config
from tests.mint_service.runner import Service, running_service

from .blender_window import BlenderWindow
from .library_bar import at, press

pytestmark = pytest.mark.window

VIEW = "part('ui.library_browser.entries')"
FIELDS = "bpy.context.window_manager.mint_library"
URL = f"{VIEW}.picture_url(each)"
NO_PICTURE = f"({URL} is None or part('ui.library_browser.state').library_state().pictures.get({URL}, 0) is None)"
"""Whether the entry `each` certainly has no picture."""
IS_THERE = f"part('ui.icons').cache().icon('library', {URL})"
"""Whether the picture of the entry `each` is there."""


@pytest.fixture
def service() -> Iterator[Service]:
    """Run a stand-in for Mint with 5,000 models and 20 Worlds."""
    with running_service(speed=4.0, library={"models": 5000, "worlds": 20}) as running:
        yield running
        assert not running.leaks(), "the key went to the file host"


def test_the_library_requests_only_what_is_shown(
    open_blender: Callable[..., BlenderWindow], service: Service, tmp_path: Path
) -> None:
    """Closed, nothing; opened, a page of each kind and the thumbnails on screen."""
    blender = open_blender()
    blender.open_sidebar()
    assert service.requests("GET", "/v1/models") == []
    blender.click("mint.browse_library")
    blender.wait(f"{VIEW}.library().count() == 50")
    blender.wait(f"all({IS_THERE} or {NO_PICTURE} for each in {VIEW}.on_screen({FIELDS}))")
    blender.screenshot("library_bar")
    assert len(service.requests(host="files")) <= 12
    for _ in range(30):
        blender.ask("bpy.ops.mint.turn_library(forward=True)")
        blender.wait(f"not {VIEW}.is_loading()")
    blender.wait("not job_service().has_active_work")
    entries = blender.ask(f"{VIEW}.library().count()")
    assert (
        len(service.requests("GET", "/v1/models")) + len(service.requests("GET", "/v1/worlds"))
        <= entries / 30 + 2
    )
    assert len(service.requests(host="files")) <= 31 * 12
    drawn = blender.ask(_COST)
    assert drawn["many"] < 3 * drawn["few"] + 0.002, "drawing does not grow with what is loaded"
    model = blender.ask(
        f"next(each.id for each in {VIEW}.on_screen({FIELDS}) if each.assets and each.kind.value == 'model')"
    )
    assert "KB" in blender.ask(f"{VIEW}.facts_of({VIEW}.library().get(model))", model=model)
    blender.ask("bpy.ops.mint.import_asset(kind='MODEL', asset_id=model)", model=model)
    blender.wait_for("placed")
    blender.screenshot("library_imported")
    blender.ask("bpy.ops.mint.sync_library(directory=folder)", folder=str(tmp_path / "library"))
    blender.wait(
        "'of' in (part('ui.session').state(part('delivery.asset_library.sync_process').SyncProcess).status or '')",
        seconds=120,
    )
    blender.wait(
        "job_service() is not None and part('ui.session').state(part('delivery.asset_library.sync_process').SyncProcess).is_running"
    )
    blender.screenshot("library_syncing")
    blender.ask("bpy.ops.mint.stop_sync()")
    assert list((tmp_path / "library").glob("*.blend"))


def test_the_library_is_searched(
    open_blender: Callable[..., BlenderWindow], service: Service
) -> None:
    """For a word of old assets the panel says how far it has searched, to the end."""
    slowly = {"method": "GET", "path": "/v1/models", "times": 20, "answer": {"delay": 0.5}}
    service.scenario(answers=[slowly])  # so that the search still runs when it is stopped
    blender = open_blender()
    blender.call("mint.browse_library")
    blender.wait(f"{VIEW}.library().count() == 50")
    blender.ask(f"{FIELDS}.words = 'white rock 300'")
    blender.wait(f"{VIEW}.library().count() > 600")
    blender.screenshot("library_searching")
    press(blender, "buttons[ACTION]")  # Stop
    blender.wait(f"'more available' in {VIEW}.status({FIELDS}).words")
    blender.wait("not job_service().has_active_work")
    asked = len(service.requests("GET", "/v1/models"))
    blender.settle()
    blender.screenshot("library_stopped")
    assert len(service.requests("GET", "/v1/models")) == asked
    press(blender, "buttons[ACTION]")  # Load More
    blender.wait(f"{VIEW}.status({FIELDS}).words == 'All 5,020 items searched'", seconds=90)
    blender.wait(f"all({IS_THERE} or {NO_PICTURE} for each in {VIEW}.on_screen({FIELDS}))")
    assert blender.ask(f"[each.prompt for each in {VIEW}.shown({FIELDS})]") == [
        f"a white rock no {number}" for number in (3300, 3000, 300)
    ]
    asked = [each.query for each in service.requests("GET", "/v1/models")]
    assert len(asked) == len(set(asked)) == 1 + 1 + 50, (
        "the first page, the one of the click, and the others a hundred at a time"
    )
    blender.screenshot("library_found")


def test_the_library_updates_without_refresh(
    open_blender: Callable[..., BlenderWindow], tmp_path: Path
) -> None:
    """New, retried and other programs' assets are shown with two list requests.

    These are beside those of the opening.
    """
    with running_service(
        speed=2.0, switches=("poll-hint",), retry_after=0.3, library={"models": 8}, credits=1e5
    ) as made:
        blender = open_blender(api=made.api, key=made.key)
        blender.call("mint.browse_library")
        blender.wait(f"{VIEW}.library().count() == 8")
        assert blender.call(
            "mint.generate", kind="MODEL", prompt="a teal lamp", preset="FAST", mode="AUTO"
        ) == ["FINISHED"]
        blender.wait(f"{_ON_TOP} == ('a teal lamp', 'In progress')")
        blender.screenshot("library_follows_begun")
        blender.wait(f"{_ON_TOP} == ('a teal lamp', 'Done')")
        blender.wait_for("placed")
        blender.wait(f"all({IS_THERE} for each in {VIEW}.on_screen({FIELDS})[:1])")
        blender.screenshot("library_follows_done")
        assert [len(made.requests("GET", path)) for path in ("/v1/models", "/v1/worlds")] == [2, 1]
        failed = blender.ask(
            f"next(each.id for each in {VIEW}.on_screen({FIELDS}) if each.status == 'failed')"
        )
        entry = f"{VIEW}.library().get({failed!r})"
        state = f"part('jobs.library.view_model').state_label({entry})"
        blender.call("mint.retry_asset", kind="MODEL", asset_id=failed)
        blender.wait(f"{state} == 'In progress'")
        blender.screenshot("library_follows_retried")
        blender.wait(f"{state} == 'Done'")
        blender.wait(f"all({IS_THERE} for each in [{entry}])")
        blender.wait("not job_service().has_active_work")
        blender.screenshot("library_follows_retried_done")
        assert len(made.requests("GET", "/v1/models")) == 2
        blender.over()
        elsewhere = JobService(fast_config(tmp_path / "home"), account(made))
        job = elsewhere.start(GenerationRequest(Kind.MODEL, "a brown chest", preset=Preset.FAST))
        elsewhere.watch([job.id])
        assert elsewhere.close()
        blender.display.move(*at(blender, "cells[0]"))  # the pointer goes over the bar
        blender.wait(f"{_ON_TOP} == ('a brown chest', 'Done')")
        assert len(made.requests("GET", "/v1/models")) == 3


# Prompt and state of the first entry on screen, as the panel shows them.
_ON_TOP = f"(lambda top: (top.prompt, part('jobs.library.view_model').state_label(top)))({VIEW}.on_screen({FIELDS})[0])"


def test_synced_assets_are_in_the_asset_browser(
    open_blender: Callable[..., BlenderWindow], tmp_path: Path
) -> None:
    """Both catalogs are there, and every asset has its picture."""
    folder = tmp_path / "Mint assets"
    with running_service(speed=4.0, library={"models": 8, "worlds": 4}) as small:
        blender = open_blender(api=small.api, key=small.key)
        blender.open_sidebar()
        blender.call("mint.sync_library", directory=str(folder))
        blender.wait(
            "'saved' in (part('ui.session').state(part('delivery.asset_library.sync_process').SyncProcess).status or '')",
            seconds=180,
        )
        blender.screenshot("library_synced")
        done = [each for each in small.resources() if each.status == "succeeded"]
    assert len(list(folder.glob("*.blend"))) == len(done)
    blender.ask(_ASSET_BROWSER, folder=str(folder))
    blender.wait(_SHOWN, count=len(done))
    blender.display.still(1.0)
    blender.screenshot("library_asset_browser")


# The largest area becomes an Asset Browser of that folder alone, as one chooses it in its header.
_ASSET_BROWSER = """
new = bpy.context.preferences.filepaths.asset_libraries.new(name='Mint assets', directory=folder)
area('VIEW_3D').ui_type = 'ASSETS'
def choose():
    space = area('FILE_BROWSER').spaces.active
    if space.params is None:
        return 0.1
    space.params.asset_library_reference = 'Mint assets'
    space.params.display_size = 96
    space.show_region_tool_props = True
    area('FILE_BROWSER').tag_redraw()
bpy.app.timers.register(choose, first_interval=0.1)
result = None
"""

_SHOWN = """
space = area('FILE_BROWSER').spaces.active
with within('FILE_BROWSER'):
    result = space.params is not None and space.params.asset_library_reference == 'Mint assets'
"""

# How long the entries of one screen take to be found, with everything that is loaded and with a
# filter that leaves one kind.
_COST = f"""
import time
fields = {FIELDS}
view = {VIEW}
def cost():
    view.on_screen(fields)
    begun = time.perf_counter()
    for _ in range(100):
        view.on_screen(fields)
    return (time.perf_counter() - begun) / 100
many = cost()
fields.kind = 'WORLD'
few = cost()
fields.kind = 'ALL'
result = {{'many': many, 'few': few}}
"""
