# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of this room share: a real Blender with an empty scene for each (see tests/conftest.py), and a file to import."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mint_blender.jobs.story import Terms
from mint_blender.mint.pacing import Pace

from . import glbs


@pytest.fixture(autouse=True)
def _hurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board of this Blender polls within hundredths of a second: the rhythm is tested where it is made."""
    if request.node.get_closest_marker("blender"):
        monkeypatch.setattr("mint_blender.blender.current.Terms", partial(Terms, Pace(first=0.05, factor=1.0, longest=0.05)))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A GLB as Mint delivers a model: one textured mesh under a bare node, 1 wide, 1 high, 1 deep."""
    return glbs.simple(tmp_path / "model.glb")


@pytest.fixture
def hide_dracopy(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and it is as if the optional package were not installed."""
    return lambda: monkeypatch.setitem(sys.modules, "DracoPy", None)
