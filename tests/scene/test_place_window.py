# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing a result in a Blender with two windows: one exact undo step.

`test_place_modes.py` shows it in every mode, without a window.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from . import glb_fixtures
from .rig_fixtures import Clip, Rig
from .window_script import run_in_window

pytestmark = [pytest.mark.window, pytest.mark.thorough]


def test_what_two_windows_show_stays(tmp_path: Path) -> None:
    """Modes, scenes and workspaces are the same after placing, after its undo and its redo."""
    glb_fixtures.simple(tmp_path / "plain.glb")
    Rig().save(tmp_path / "scaled.glb", Clip())
    run_in_window("place_in_window.py", tmp_path, timeout=250)
