# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats in EEVEE and in a 3D viewport, which need a display."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..files import build_spz
from .window_script import run_in_window

pytestmark = [pytest.mark.window, pytest.mark.thorough]

COLORS = np.array([(0.9, 0.2, 0.2), (0.2, 0.9, 0.2), (0.2, 0.2, 0.9)], np.float32)


# software drawing compiles its shaders anew for each profile: 30 s on a quiet machine, minutes on a
# busy one
@pytest.mark.timeout(540)
@pytest.mark.feature("splats as vertices of a mesh")
def test_eevee_and_the_viewport_show_splats_in_their_colors(tmp_path: Path) -> None:
    """A render, Solid shading, Material Preview and Rendered show each color at its place."""
    places = [(-1, 0, 0), (0, 0, 0), (1, 0, 0)]
    three = build_spz.plain(places, (0.25,) * 3, colors=COLORS)
    (tmp_path / "three.spz").write_bytes(build_spz.encode(three))
    results = run_in_window("splats_in_window.py", tmp_path, timeout=500)
    assert [each["what"] for each in results] == ["render", "SOLID", "MATERIAL", "RENDERED"]
    for each in results:
        assert np.abs(np.array(each["colors"]) - COLORS).max() < 0.08, each
