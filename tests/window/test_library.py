# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Library as a person uses it: opened, turned, searched, one imported; and everything saved by a second Blender."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mint_service.running import Service, running_service

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

VIEW = "part('blender.library_view')"
FIELDS = "bpy.context.window_manager.mint_library"


@pytest.fixture
def service() -> Iterator[Service]:
    """A stand-in that has made 5,000 models and 20 worlds."""
    with running_service(speed=4.0, library={"models": 5000, "worlds": 20}) as running:
        yield running
        assert not running.leaks(), "the key went to the file host"


def test_library_looked_through(open_blender: Callable[..., BlenderWindow], service: Service, tmp_path: Path) -> None:
    """Closed, the panel asks for nothing; opened, for a page of each kind and the pictures on screen; turning pages, for no more than that."""
    blender = open_blender()
    blender.open_sidebar()
    assert service.requests("GET", "/v1/models") == []
    blender.ask(_TO_LIBRARY)
    blender.wait(f"{VIEW}.library().count() == 50")
    blender.wait(f"all({VIEW}.icon(each) or {VIEW}.no_picture(each) for each in {VIEW}.on_screen({FIELDS}))")
    blender.screenshot("library_grid")
    assert len(service.requests(host="files")) <= 12
    for _ in range(30):
        blender.ask("bpy.ops.mint.turn_library(forward=True)")
        blender.wait(f"not {VIEW}.is_loading()")
    blender.wait("not board().is_active_at_all")
    entries = blender.ask(f"{VIEW}.library().count()")
    assert len(service.requests("GET", "/v1/models")) + len(service.requests("GET", "/v1/worlds")) <= entries / 30 + 2
    assert len(service.requests(host="files")) <= 31 * 12
    drawn = blender.ask(_COST)
    assert drawn["many"] < 3 * drawn["few"] + 0.002, "drawing does not grow with what is loaded"
    model = blender.ask(f"next(each.id for each in {VIEW}.on_screen({FIELDS}) if each.assets and each.kind.value == 'model')")
    blender.ask("bpy.ops.mint.choose_asset(asset_id=model)", model=model)
    blender.wait(f"'vertices' in ({VIEW}.facts_words({VIEW}.library().get(model)) or '')", model=model)
    blender.screenshot("library_details")
    blender.ask("bpy.ops.mint.import_asset(kind='MODEL', asset_id=model)", model=model)
    blender.wait_for("placed")
    blender.screenshot("library_imported")
    blender.ask("bpy.ops.mint.sync_library(directory=folder)", folder=str(tmp_path / "library"))
    blender.wait("'of' in (part('blender.library_child').words() or '')", seconds=120)
    blender.wait("board() is not None and part('blender.library_child').is_running()")
    blender.screenshot("library_syncing")
    blender.ask("bpy.ops.mint.stop_sync()")
    assert list((tmp_path / "library").glob("*.blend"))


# Blender has no call to open a panel, and remembers that this one was closed: the same panel under another name, open, and alone.
_TO_LIBRARY = """
panel = bpy.types.MINT_PT_library
for each in (bpy.types.MINT_PT_more, bpy.types.MINT_PT_main, panel):
    bpy.utils.unregister_class(each)
same = {name: value for name, value in vars(panel).items() if name in {'poll', 'draw', 'draw_header_preset'} or name.startswith('bl_')}
same.pop('bl_rna', None)
bpy.utils.register_class(type('MINT_PT_library_open', (bpy.types.Panel,), {**same, 'bl_idname': 'MINT_PT_library_open', 'bl_options': set()}))
region('VIEW_3D', 'UI').tag_redraw()
result = True
"""

# How long the entries of one screen take to be found, with everything that is loaded and with a filter that leaves one kind.
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
