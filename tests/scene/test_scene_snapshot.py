# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of two snapshots of the scene notices each kind of change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.nightly]

from mint_blender.scene.model import cleanup  # noqa: E402

from . import sample_scene  # noqa: E402
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


def _lamp() -> Any:
    return bpy.data.objects[sample_scene.TITLE]


def _nodes() -> Any:
    return bpy.data.materials[sample_scene.TITLE].node_tree.nodes


MUTATIONS: dict[str, Callable[[], object]] = {
    "a property": lambda: setattr(bpy.data.objects["Sun"], "location", (0, 0, 1)),
    "a custom property, deep": lambda: bpy.context.scene["mine"].__setitem__("deep", [1, 2, 4]),
    "a vertex of a large mesh": lambda: setattr(bpy.data.objects["Ground"].data.vertices[8000].co, "z", 0.001),
    "a weight": lambda: _lamp().vertex_groups["Top"].add([1], 0.6, "REPLACE"),
    "a shape key": lambda: setattr(_lamp().data.shape_keys.key_blocks["Wide"].data[4].co, "y", 2),
    "a keyframe": lambda: (next(cleanup.curves(bpy.data.actions[sample_scene.TITLE])) .keyframe_points[0] .co.__setitem__(1, 0.5)),
    "an input of a node": lambda: setattr(_nodes()["Principled BSDF"].inputs["Metallic"], "default_value", 0.5),
    "a pixel": lambda: bpy.data.images[sample_scene.TITLE].pixels.__setitem__(5, 0.9),
    "a text": lambda: bpy.data.texts["Notes"].write("!"),
    "what is selected": lambda: bpy.data.objects["Sun"].select_set(True),
    "what is hidden": lambda: bpy.data.objects["Ground"].hide_set(False),
    "a view layer": lambda: setattr(bpy.context.scene.view_layers["Foreground"], "material_override", None),
    "the window's scene": lambda: setattr(bpy.context.window, "scene", bpy.data.scenes["A second scene"]),
    "a data-block that comes": lambda: bpy.data.meshes.new("New"),
    "a data-block that goes": lambda: bpy.data.texts.remove(bpy.data.texts["Notes"]),
}  # fmt: skip
"""A change for each form in which a snapshot keeps something."""


@pytest.mark.parametrize("kind", MUTATIONS)
def test_each_change_is_noticed(kind: str, saved: tuple[Path, SceneSnapshot]) -> None:
    """The comparison fails, whatever is changed."""
    path, before = saved
    _open(path)
    MUTATIONS[kind]()
    bpy.context.view_layer.update()
    with pytest.raises(AssertionError):
        before.assert_same(SceneSnapshot(), but_new=not kind.endswith("that comes"))
