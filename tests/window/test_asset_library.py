# SPDX-License-Identifier: GPL-3.0-or-later
"""The asset library in one click: made, shown, kept in sync, and dragged from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mint_service.runner import running_service

from .blender_window import BlenderWindow
from .test_asset_bar import drag

pytestmark = pytest.mark.window

PREFERENCES = "part('addon_settings').preferences()"
SYNC = "part('ui.session').state(part('delivery.asset_library.sync_process').SyncProcess)"


@pytest.mark.thorough
@pytest.mark.feature("asset library in the Asset Browser")
def test_the_library_is_made_with_one_click_and_kept_in_sync(
    open_blender: Callable[..., BlenderWindow], tmp_path: Path
) -> None:
    """It asks for the folder once; what is generated afterwards is in the Asset Browser too."""
    folder = tmp_path / "Blender" / "Assets" / "Mint"
    with running_service(speed=4.0, library={"models": 6, "worlds": 2}) as small:
        blender = open_blender(api=small.api, key=small.key)
        blender.ask(_HOME, home=str(tmp_path))
        before = blender.ask("scene()")
        blender.over()
        blender.until_it_shows(lambda: blender.call("mint.open_asset_library", "INVOKE_DEFAULT"))
        assert not folder.exists(), "nothing is made before the answer"
        blender.key("Return")
        blender.wait(f"{PREFERENCES}.asset_library == folder", folder=str(folder))
        blender.wait(f"not {SYNC}.is_running", seconds=120)
        done = [each for each in small.resources() if each.status == "succeeded"]
        assert len(list(folder.glob("*.blend"))) == len(done)
        blender.wait(_SHOWN)
        blender.display.still(1.0)
        assert blender.ask("scene()") == before
        begun = len(small.operations())
        blender.call(
            "mint.generate", kind="MODEL", prompt="a teal lamp", preset="FAST", mode="AUTO"
        )
        blender.wait_for("placed")
        blender.wait(_COUNT, folder=str(folder), count=len(done) + 1, seconds=60)
        blender.wait(f"not {SYNC}.is_running", seconds=60)
        assert len(small.operations()) == begun + 1, "saving it generates nothing"
        blender.display.still(1.0)
        objects = len(blender.ask("scene()")["objects"])
        drag(blender, blender.ask(_FIRST_ASSET), blender.ask(_MIDDLE))
        blender.wait("len(scene()['objects']) > objects", objects=objects)


@pytest.mark.thorough
def test_new_assets_are_not_saved_when_switched_off_or_the_folder_is_gone(
    open_blender: Callable[..., BlenderWindow], tmp_path: Path
) -> None:
    """A folder on a drive that is not connected is not made again."""
    gone = tmp_path / "drive" / "Mint"
    here = tmp_path / "here" / "Mint"
    here.mkdir(parents=True)
    with running_service(speed=20.0) as small:
        blender = open_blender(api=small.api, key=small.key)
        for number, (folder, is_on) in enumerate(((gone, True), (here, False)), start=1):
            blender.ask(f"{PREFERENCES}.asset_library = folder", folder=str(folder))
            blender.ask(f"{PREFERENCES}.sync_new_assets = on", on=is_on)
            title = f"a teal lamp {number}"
            blender.call("mint.generate", kind="MODEL", prompt=title, preset="FAST", mode="AUTO")
            blender.wait_for("placed", title=title)
            blender.wait("not job_service().has_active_work")
            blender.settle()
            assert not blender.ask(f"{SYNC}.is_running")
    assert not gone.exists()
    assert list(here.iterdir()) == []


# Blender's own library in the test's folder, as if that were the user's documents.
_HOME = """
import os
os.environ['HOME'] = home
libraries = bpy.context.preferences.filepaths.asset_libraries
libraries[0].path = os.path.join(home, 'Blender', 'Assets')
result = True
"""

_SHOWN = """
found = [each for each in window().screen.areas if each.ui_type == 'ASSETS']
params = found[0].spaces.active.params if found else None
result = params is not None and params.asset_library_reference == 'Mint'
"""

_COUNT = "len(list(__import__('pathlib').Path(folder).glob('*.blend'))) == count"

# The first picture of the Asset Browser, right of its list of catalogs.
_FIRST_ASSET = """
here = region('FILE_BROWSER', 'WINDOW')
result = [here.x + 60, window().height - (here.y + here.height - 60)]
"""

_MIDDLE = """
here = region('VIEW_3D', 'WINDOW')
result = [here.x + here.width / 3, window().height - (here.y + here.height / 2)]
"""
