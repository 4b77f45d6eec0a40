# SPDX-License-Identifier: GPL-3.0-or-later
"""From a prompt to a result in the scene, by mouse and keyboard."""

from __future__ import annotations

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import known_price

pytestmark = pytest.mark.window


def start(
    blender: BlenderWindow,
    prompt: str,
    *,
    mode: str = "AUTO",
    kind: str = "MODEL",
    preset: str = "FAST",
) -> None:
    """Start a job; other tests prove that a click does so."""
    assert blender.call("mint.generate", prompt=prompt, mode=mode, kind=kind, preset=preset) == [
        "FINISHED"
    ]


def place(blender: BlenderWindow, prompt: str = "a lamp") -> None:
    """Generate a model, and wait until it is placed."""
    start(blender, prompt)
    blender.wait_for("placed", title=prompt)


def test_a_prompt_becomes_a_model(blender: BlenderWindow, since: Since) -> None:
    """The model is at the 3D cursor of the click, and one generation was started."""
    blender.ask("bpy.context.scene.cursor.location = (2, 1, 0)")
    blender.fill(preset="FAST", review=False)
    blender.write("mint.prompt", "a small ceramic lamp")
    assert blender.ask("bpy.context.window_manager.mint.prompt") == "a small ceramic lamp"
    known_price(blender)
    blender.click("mint.generate_from_form")
    blender.wait("jobs()")
    blender.ask("bpy.context.scene.cursor.location = (0, 0, 5)")
    blender.wait_for("placed")
    (root,) = blender.ask("roots()")
    assert blender.ask("list(bpy.data.objects[root].location)", root=root) == pytest.approx(
        [2, 1, 0], abs=1e-4
    )
    assert since.starts == 1
    assert not blender.ask("bpy.context.window_manager.mint.prompt"), (
        "the prompt of a job that was sent stays in the field"
    )
    assert not blender.ask("part('ui.heartbeat').is_beating()"), (
        "the heart beats though nothing is in flight"
    )


def test_a_failed_job_is_retried(blender: BlenderWindow, since: Since) -> None:
    """The failure is a sentence above Retry in the menu, which brings the model."""
    start(blender, "a vase [transient]")
    job = blender.wait_for("failed")
    assert job["trouble"].endswith((".", ")"))
    blender.until_it_shows(lambda: blender.click("mint.job_menu"))
    blender.key("Escape")
    blender.call("mint.retry", job_id=job["id"])
    blender.wait_for("placed")
    assert since.starts == 1
    assert (
        since.count("POST", "/v1/operations/*:retry") + since.count("POST", "/v1/models/*:retry")
        == 1
    )


def test_a_running_job_is_canceled(blender: BlenderWindow, service: Service, since: Since) -> None:
    """The cross on the card cancels it at Mint as well, after a question about its Credits."""
    start(blender, "a statue [stuck]")
    blender.wait("jobs()[0]['phase'] == 'working'")
    blender.until_it_shows(lambda: blender.click("mint.cancel("))
    blender.pay()
    blender.wait_for("canceled")
    assert since.count("POST", "/v1/operations/*:cancel") == 1
    assert service.operations()[-1].status == "canceled"
    blender.wait("not part('ui.heartbeat').is_beating()")  # the balance is read once more before


SAID = """
area('VIEW_3D').type = 'INFO'
with within('INFO'):
    bpy.ops.info.select_all(action='SELECT')
    bpy.ops.info.report_copy()
area('INFO').type = 'VIEW_3D'
result = bpy.context.window_manager.clipboard
"""
