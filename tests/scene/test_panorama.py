# SPDX-License-Identifier: GPL-3.0-or-later
"""The panorama as background and on the collider, also after changes to the World's root."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")


from mint_blender.scene.gltf.gltf_import import import_glb  # noqa: E402
from mint_blender.scene.world import calibration, panorama  # noqa: E402

from . import synthetic_world  # noqa: E402

MOVES = {
    "as Mint's viewer shows it": ((0, 0, 1.5), (0, math.pi, 0), 2.5),
    "moved, scaled and turned": ((3, -2, 0.5), (0.4, math.pi - 0.3, 2.0), 0.7),
}


class Place:
    """The room in the scene: root, capture point with camera, collider and picture."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.scene = folder, bpy.context.scene
        collection = self.scene.collection
        self.root = bpy.data.objects.new("Room", None)
        collection.objects.link(self.root)
        self.point = calibration.add_capture_point(self.root, "Room", collection, flipped=True)
        self.camera = calibration.add_camera(self.point, "Room", collection)
        self.collider = import_glb(synthetic_world.collider(folder / "collider.glb"), collection)
        for each in self.collider:
            each.parent = self.root
        self.image = panorama.load(synthetic_world.panorama(folder / "panorama.png"), "Room")

    def put(self, location, rotation, scale) -> None:
        self.root.location = location
        self.root.rotation_euler = rotation
        self.root.scale = (scale,) * 3
        bpy.context.view_layer.update()

    def agreement(self) -> float:
        bpy.context.view_layer.update()
        seen = synthetic_world.render(self.scene, self.camera, self.folder / "seen.png")
        return synthetic_world.agreement(
            seen, synthetic_world.seen_from(self.camera, self.point.matrix_world)
        )


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.feature("panorama on the collider")
def test_background_and_projection_line_up_with_the_world(place, move):
    """From the capture point, the background shows what the room would show, and the collider, too.

    The collider has its colors also from elsewhere, in a scene without lamps, and without texture
    coordinates.
    """
    world = panorama.background(place.image, place.point, "Room")
    panorama.show_background(place.scene, world)
    place.put(*MOVES[move])
    for each in place.collider:
        each.hide_render = True
    assert place.agreement() > 0.9
    panorama.restore_earlier_world(place.scene)
    assert not place.collider[0].data.uv_layers and place.scene.world is None
    panorama.assign_material(place.collider, panorama.projection(place.image, place.point, "Room"))
    for each in place.collider:
        each.hide_render = False
    assert place.agreement() > 0.9
    place.camera.location, place.camera.rotation_euler = (0.4, 0.5, 0.2), (1.2, 0.1, 0.8)
    assert place.agreement() > 0.9


def test_the_earlier_world_is_restored(place, tmp_path):
    """It is restored after two panoramas, also when the file was saved in between."""
    own = bpy.data.worlds.new("Mine")
    place.scene.world = own
    first = panorama.background(place.image, place.point, "First")
    panorama.show_background(place.scene, first)
    panorama.show_background(place.scene, panorama.background(place.image, place.point, "Second"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    scene = bpy.context.scene
    assert scene.world.name == "Second"
    assert panorama.restore_earlier_world(scene)
    assert scene.world.name == "Mine"
    assert not panorama.restore_earlier_world(scene)


def test_each_scene_gets_its_own_world_back(place, tmp_path):
    """One panorama is in three scenes, one of them without a World; also after saving."""
    room = panorama.background(place.image, place.point, "Room")
    for name in ("Day", "Night", None):
        scene = bpy.data.scenes.new(f"Scene {name}")
        scene.world = bpy.data.worlds.new(name) if name else None
        panorama.show_background(scene, room)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    for name in ("Night", "Day", None):
        scene = bpy.data.scenes[f"Scene {name}"]
        assert panorama.restore_earlier_world(scene)
        assert (scene.world.name if scene.world else None) == name
        assert not [key for key in scene.keys() if "mint" in key]


def test_background_follows_without_a_python_expression(place):
    """The drivers also work where Blender refuses to run a file's Python."""
    world = panorama.background(place.image, place.point, "Room")
    drivers = [each.driver for each in world.node_tree.animation_data.drivers]
    assert len(drivers) == 3 and all(each.type == "AVERAGE" and each.is_valid for each in drivers)


def test_unused_materials_of_the_collider_are_removed(place):
    """A material that is used elsewhere stays."""
    lone, shared = bpy.data.materials.new("Lone"), bpy.data.materials.new("Shared")
    other = bpy.data.meshes.new("Other")
    other.materials.append(shared)
    for each in (lone, shared):
        place.collider[0].data.materials.append(each)
    panorama.assign_material(place.collider, panorama.projection(place.image, place.point, "Room"))
    assert "Lone" not in bpy.data.materials and "Shared" in bpy.data.materials
    assert [each.name for each in place.collider[0].data.materials] == ["Room"]
