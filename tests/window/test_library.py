# SPDX-License-Identifier: GPL-3.0-or-later
"""The Library as a person uses it, and everything saved by a second Blender."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mint_service.runner import Service, running_service

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

VIEW = "part('ui.library_browser.entries')"
FIELDS = "bpy.context.window_manager.mint_library"
URL = f"{VIEW}.picture_url(each)"
NO_PICTURE = f"({URL} is None or part('ui.library_browser.properties').library_state().pictures.get({URL}, 0) is None)"
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
