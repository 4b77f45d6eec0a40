# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison that says “nothing has changed” sees each kind of change."""

from __future__ import annotations

from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from . import rich  # noqa: E402
from .dump import Picture  # noqa: E402


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Picture]:
    """The rich scene in a file, and what it looks like when that is opened."""
    folder = tmp_path_factory.mktemp("rich")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    rich.build(folder)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "rich.blend"))
    _open(folder / "rich.blend")
    return folder / "rich.blend", Picture()


def _open(path: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(path))


def test_looking_changes_nothing(saved: tuple[Path, Picture]) -> None:
    """Two pictures of one moment are the same: every difference that a test finds has been made."""
    path, before = saved
    _open(path)
    before.assert_same(Picture())
    before.assert_same(Picture())


@pytest.mark.parametrize("kind", rich.MUTATIONS)
def test_a_change_is_seen(kind: str, saved: tuple[Path, Picture]) -> None:
    """Whatever is touched, the comparison fails."""
    path, before = saved
    _open(path)
    rich.MUTATIONS[kind]()
    bpy.context.view_layer.update()
    with pytest.raises(AssertionError):
        before.assert_same(Picture(), but_new=not kind.endswith("that comes"))
