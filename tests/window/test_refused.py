# SPDX-License-Identifier: GPL-3.0-or-later
"""A refused file in the window: its menu says where it is, and can import it anyway."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .conftest import Since

pytestmark = pytest.mark.window


def test_import_anyway_asks_first(blender: BlenderWindow, since: Since) -> None:
    """The entry warns; confirmed, the model is in the scene. Nothing is paid."""
    assert blender.call("mint.generate", prompt="a lamp [external-buffer]", preset="FAST") == [
        "FINISHED"
    ]
    blender.wait_for("paused")
    blender.until_it_shows(lambda: blender.click("mint.job_menu"))
    blender.until_it_shows(lambda: blender.key("Home", "Return"))  # Import Anyway is the first
    assert not blender.ask("roots()"), "it was imported before the warning was confirmed"
    blender.key("Return")
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert since.starts == 1
