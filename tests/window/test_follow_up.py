# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after a generation: the job's menu, dialogs with prices, and conversions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .library_bar import at

pytestmark = pytest.mark.window

TEMP = "[each for each in bpy.context.window_manager.windows if each.screen.is_temporary]"


MINT = {"library": {"models": 9}}


def made(blender: BlenderWindow, prompt: str = "a ceramic lamp", **more: str) -> dict[str, str]:
    """Place a model and return the ids of its job and of the model."""
    arguments = {"preset": "FAST", "mode": "AUTO", "kind": "MODEL", **more}
    assert blender.call("mint.generate", prompt=prompt, **arguments) == ["FINISHED"]
    job = blender.wait_for("placed")
    asset = blender.ask("part('jobs.job').asset_of(job_service().job(id))", id=job["id"])
    return {"job": job["id"], "asset": asset}


def test_the_optimize_dialog_shows_its_price(blender: BlenderWindow, since: Since) -> None:
    """Mint is asked once, when the dialog is opened."""
    ids = made(blender)
    blender.over()
    blender.until_it_shows(
        lambda: blender.call("mint.optimize", "INVOKE_DEFAULT", asset_id=ids["asset"])
    )
    blender.wait(
        "job_service().budget.price(part('jobs.queries').OptimizationPrice(asset)) == 20",
        asset=ids["asset"],
    )
    blender.settle()
    blender.screenshot("after_optimize_dialog")
    blender.key("Escape")
    asked = since.count("POST", "/v1/pricing:estimate")
    blender.over()
    blender.until_it_shows(
        lambda: blender.call("mint.optimize", "INVOKE_DEFAULT", asset_id=ids["asset"])
    )
    blender.key("Escape")
    assert since.count("POST", "/v1/pricing:estimate") == asked
    assert since.count("POST", "/v1/models/*:optimize") == 0


def test_convert_into_a_folder(
    blender: BlenderWindow, service: Service, since: Since, tmp_path: Path
) -> None:
    """A file selector asks for folder and formats; then the card says where the files are."""
    ids = made(blender)
    blender.call("mint.convert", "INVOKE_DEFAULT", asset_id=ids["asset"])
    blender.wait(f"len({TEMP}) == 1")
    blender.settle()
    blender.screenshot("after_convert_folder")
    blender.ask(
        f"with_window = {TEMP}[0]\nwith bpy.context.temp_override(window=with_window):\n    bpy.ops.wm.window_close()\nresult = True"
    )
    service.scenario(speed=0.5)
    folder = str(tmp_path / "exports")
    blender.ask(
        "call('mint.convert', asset_id=asset, formats={'FBX', 'OBJ'}, directory=folder)",
        asset=ids["asset"],
        folder=folder,
    )
    blender.wait("jobs()[0]['state'] == 'Converting'")
    blender.settle()
    blender.screenshot("after_converting")
    service.scenario(speed=4.0)
    blender.wait("jobs()[0]['state'] == 'Saved'")
    blender.settle()
    blender.screenshot("after_converted")
    assert any("wm.path_open" in button for button in blender.buttons())
    assert sorted(path.name for path in Path(folder).iterdir()) == [
        "a ceramic lamp.fbx",
        "a ceramic lamp.obj",
    ]
    assert since.count("POST", "/v1/models/*:convert") == 1


def test_a_failed_asset_is_retried_from_the_library(
    open_blender: Callable[..., BlenderWindow], since: Since
) -> None:
    """Its menu begins with Retry, which brings the model."""
    blender = open_blender()
    blender.call("mint.browse_library")
    page = "part('ui.library_browser.entries').on_screen(bpy.context.window_manager.mint_library)"
    place = blender.wait(
        f"next((place for place, each in enumerate({page}) if each.status == 'failed'), None)"
    )
    failed = blender.ask(f"{page}[place].id", place=place)
    blender.display.move(*at(blender, f"cells[{place}]"))
    blender.settle()
    time.sleep(0.25)
    blender.until_it_shows(lambda: blender.display.press(3))
    blender.screenshot("after_failed_entry")
    blender.display.press()  # Blender opens a menu with its first entry below the pointer
    blender.pay()
    blender.wait_for("placed")
    assert since.count("POST", f"/v1/models/{failed}:retry") == 1
