# SPDX-License-Identifier: GPL-3.0-or-later
"""A result is brought into the scene by a click, whatever the user is in the middle of."""

from __future__ import annotations

from typing import Any

import pytest

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

FELT = ("mode", "selected", "active")


def ready(blender: BlenderWindow) -> dict[str, Any]:
    """A result that waits with Place, since its prompt was clicked in a file that is not open any more."""
    assert blender.call("mint.generate", prompt="a lamp", mode="AUTO", preset="FAST") == ["FINISHED"]
    blender.ask("part('blender.current').document_changed()")
    return blender.wait_for("ready")


def edit_mode(blender: BlenderWindow) -> dict[str, Any]:
    """The user is in Edit Mode; what they notice there."""
    blender.over()
    blender.key("Tab")
    blender.wait("scene()['mode'] == 'EDIT'")
    felt: dict[str, Any] = blender.ask("scene()")
    return {name: felt[name] for name in FELT}


def test_place_and_place_again_in_edit_mode(blender: BlenderWindow) -> None:
    """A click on Place, and on Place Again, brings the result; the user stays in Edit Mode."""
    job = ready(blender)
    before = edit_mode(blender)
    blender.click("mint.place")
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert blender.call("mint.place", "INVOKE_DEFAULT", job_id=job["id"]) == ["FINISHED"]
    assert len(blender.ask("roots()")) == 2
    after = blender.ask("scene()")
    assert {name: after[name] for name in FELT} == before
    assert blender.jobs()[0]["trouble"] is None
