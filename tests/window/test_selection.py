# SPDX-License-Identifier: GPL-3.0-or-later
"""The section of the selected model: it follows the selection and is below the jobs."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

PROMPT = "a lamp with an orange shade, made of clay by hand, on a wooden foot"
NO_CUBE = "bpy.data.objects.remove(bpy.data.objects['Cube'])"
FACTS = "part('ui.session').state(part('ui.selection.selected')._State).facts"


def place(blender: BlenderWindow) -> None:
    """Generate a model at the 3D cursor, where nothing else is."""
    blender.ask(NO_CUBE)
    blender.fill(
        prompt=PROMPT, name="Clay Lamp with a Shade in Evening Light", preset="FAST", review=False
    )
    assert blender.call("mint.generate_from_form") == ["FINISHED"]
    blender.wait_for("placed")


def click_on_model(blender: BlenderWindow) -> None:
    """Click in the middle of the 3D View, again if the view had not come to rest."""
    blender.over()
    for _ in range(5):
        blender.display.press()
        blender.settle()
        if blender.ask("getattr(bpy.context.active_object, 'name', '') in roots()"):
            return
    raise AssertionError("a click does not select the model")


def test_a_click_on_a_model_shows_its_section(blender: BlenderWindow) -> None:
    """It stands below the jobs, and goes when something else is selected."""
    place(blender)
    blender.ask("bpy.context.view_layer.objects.active = bpy.data.objects['Light']")
    blender.settle()
    assert not any("optimize" in each for each in blender.wide_buttons())
    click_on_model(blender)
    optimize, job = blender.find("mint.optimize"), blender.find("mint.job_menu")
    assert optimize[1] > job[1], "what is selected does not move the form and the jobs"
    blender.wait(f"{FACTS}.faces > 0")
