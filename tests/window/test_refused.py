# SPDX-License-Identifier: GPL-3.0-or-later
"""A refused file in the window: its card says where it is, and can import it anyway."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .conftest import Since

pytestmark = pytest.mark.window


def test_import_anyway_asks_first(blender: BlenderWindow, since: Since) -> None:
    """The click warns; confirmed, the model is in the scene. Nothing is paid."""
    assert blender.call("mint.generate", prompt="a lamp [external-buffer]", preset="FAST") == [
        "FINISHED"
    ]
    blender.wait_for("paused")
    blender.screenshot("refused_card")
    blender.until_it_shows(lambda: blender.click("mint.place"))
    blender.screenshot("refused_warning")
    assert not blender.ask("roots()"), "it was imported before the warning was confirmed"
    blender.key("Return")
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert since.starts == 1
