# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of two snapshots of the scene notices each kind of change."""

from __future__ import annotations

from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from . import sample_scene, scene_mutations  # noqa: E402
from .scene_snapshot import SceneSnapshot  # noqa: E402


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SceneSnapshot]:
    """Save the sample scene, open it, and return its path and snapshot."""
    folder = tmp_path_factory.mktemp("sample")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    sample_scene.build(folder)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "sample.blend"))
    _open(folder / "sample.blend")
    return folder / "sample.blend", SceneSnapshot()


def _open(path: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(path))


def test_two_snapshots_of_one_moment_are_equal(saved: tuple[Path, SceneSnapshot]) -> None:
    """Taking a snapshot does not change the scene."""
    path, before = saved
    _open(path)
    before.assert_same(SceneSnapshot())
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("kind", scene_mutations.MUTATIONS)
def test_each_change_is_noticed(kind: str, saved: tuple[Path, SceneSnapshot]) -> None:
    """The comparison fails, whatever is changed."""
    path, before = saved
    _open(path)
    scene_mutations.MUTATIONS[kind]()
    bpy.context.view_layer.update()
    with pytest.raises(AssertionError):
        before.assert_same(SceneSnapshot(), but_new=not kind.endswith("that comes"))
