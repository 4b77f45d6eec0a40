# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of this room share: a real Blender with an empty scene for each (see tests/conftest.py), and a file to import."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from . import glbs


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A GLB as Mint delivers a model: one textured mesh under a bare node, 1 wide, 1 high, 1 deep."""
    return glbs.simple(tmp_path / "model.glb")


@pytest.fixture
def hide_dracopy(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and it is as if the optional package were not installed."""
    return lambda: monkeypatch.setitem(sys.modules, "DracoPy", None)
