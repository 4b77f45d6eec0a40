# SPDX-License-Identifier: GPL-3.0-or-later
"""Look Inside: a 3D View shows the World from inside and returns, without changing the scene."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

import numpy as np  # noqa: E402

from mint_blender.scene import place as scene_place  # noqa: E402
from mint_blender.scene.place import PlaceOptions, Provenance  # noqa: E402
from mint_blender.scene.world import world_objects  # noqa: E402
from mint_blender.scene.world.files import WorldFiles, WorldOptions  # noqa: E402
from mint_blender.ui import registration, session  # noqa: E402
from mint_blender.ui.worlds import look_inside  # noqa: E402

from ..scene import synthetic_world  # noqa: E402
from ..scene.scene_snapshot import SceneSnapshot  # noqa: E402


@pytest.fixture
def area() -> Iterator[Any]:
    """Return the 3D View of the start-up screen, with the add-on enabled."""
    bpy.ops.wm.read_homefile(use_empty=False)
    for each in list(bpy.data.objects):
        bpy.data.objects.remove(each)
    registration.register()
    yield next(
        each
        for each in bpy.context.window_manager.windows[0].screen.areas
        if each.type == "VIEW_3D"
    )
    registration.unregister()
    session.close_service()


def place_room(
    folder: Path, *, job_id: str = "one", at=(0, 0, 0), camera: bool = True
) -> bpy.types.Object:
    """Place a World with collider and panorama."""
    files = WorldFiles(
        synthetic_world.collider(folder / "collider.glb"),
        synthetic_world.panorama(folder / "panorama.png"),
    )
    provenance = Provenance(job_id=job_id, kind="world", name=f"Room {job_id}")
    return scene_place.place_world(
        files, provenance, PlaceOptions(at=at), WorldOptions(camera=camera)
    ).root


def view_pose(space: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the position and the direction of a 3D View."""
    view = space.region_3d
    if view.view_perspective == "CAMERA":
        matrix = np.array(space.camera.matrix_world.normalized())
        return matrix[:3, 3], -matrix[:3, 2]
    turn = np.array(view.view_rotation.to_matrix())
    return np.array(view.view_location) + turn[:, 2] * view.view_distance, -turn[:, 2]


@pytest.mark.parametrize("gone", [(), ("camera",), ("camera", "capture_point")])
def test_the_view_is_at_the_capture_point_in_color(area, tmp_path, gone):
    """At eye height, straight ahead, also without a start camera or capture point."""
    root = place_room(tmp_path, at=(3, 2, 1), camera="camera" not in gone)
    bpy.data.batch_remove([each for name in gone for each in world_objects.parts_of(root, name)])
    assert bpy.ops.mint.look_inside() == {"FINISHED"}
    space = area.spaces.active
    place, direction = view_pose(space)
    np.testing.assert_allclose(place, (3, 2, 2.5), atol=1e-4)
    np.testing.assert_allclose(direction, (0, 1, 0), atol=1e-4)
    assert space.shading.type == "MATERIAL" and space.shading.use_scene_world
    assert look_inside.shows_color(space) and look_inside.is_inside(space)
    assert not space.overlay.show_overlays


def test_nothing_in_the_scene_changes(area, tmp_path):
    """The scene keeps its camera, and nothing is selected, made or moved."""
    root = place_room(tmp_path)
    own = bpy.data.objects.new("Own", bpy.data.cameras.new("Own"))
    bpy.context.scene.collection.objects.link(own)
    bpy.context.scene.camera = own
    bpy.context.view_layer.update()
    before = SceneSnapshot()
    bpy.ops.mint.look_inside(root=root.name)
    bpy.ops.mint.look_inside(root=root.name, shading="SOLID", overlays=True)
    bpy.ops.mint.look_outside()
    before.assert_same(SceneSnapshot())
    assert bpy.context.scene.camera == own


@pytest.mark.parametrize("undone", [False, True])
def test_leaving_restores_the_view(area, tmp_path, undone):
    """Position, lens, shading and overlays are restored, also after two looks or an undo."""
    space = area.spaces.active
    view, shading = space.region_3d, space.shading
    bpy.ops.ed.undo_push(message="before")
    root = place_room(tmp_path)
    bpy.ops.ed.undo_push(message="World")
    view.view_perspective, view.view_location, view.view_distance = "PERSP", (1, 2, 3), 7
    shading.type = "WIREFRAME"
    shading.color_type = "OBJECT"
    space.lens = 33
    space.overlay.show_overlays = True
    own = bpy.data.objects.new("Own", bpy.data.cameras.new("Own"))
    space.use_local_camera, space.camera = True, own
    before = look_inside._seen(space)
    bpy.ops.mint.look_inside(root=root.name)
    bpy.ops.mint.look_inside(root=root.name, shading="SOLID")
    assert look_inside._seen(space) != before
    if undone:
        bpy.ops.ed.undo()
        before["camera"] = ""  # which was made after that step
    assert bpy.ops.mint.look_outside() == {"FINISHED"}
    assert look_inside._seen(space) == before and not look_inside.is_inside(space)


def test_leaving_does_not_change_other_views(area, tmp_path):
    """A view that did not look inside keeps its shading."""
    place_room(tmp_path)
    area.spaces.active.shading.type = "RENDERED"
    with pytest.raises(RuntimeError, match="is not inside a World"):
        bpy.ops.mint.look_outside()
    region = next(each for each in area.regions if each.type == "WINDOW")
    with bpy.context.temp_override(
        window=bpy.context.window_manager.windows[0], area=area, region=region
    ):
        assert not bpy.ops.mint.look_outside.poll()
        bpy.ops.mint.look_inside(shading="KEEP")
        assert bpy.ops.mint.look_outside.poll()
        bpy.ops.mint.look_outside()
    assert area.spaces.active.shading.type == "RENDERED"


def test_leaving_after_opening_a_file_saved_inside(area, tmp_path):
    """The earlier view is not in the file, so the World is shown from outside."""
    place_room(tmp_path)
    bpy.ops.mint.look_inside()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"), load_ui=True)
    space = next(
        each
        for each in bpy.context.window_manager.windows[0].screen.areas
        if each.type == "VIEW_3D"
    ).spaces.active
    assert look_inside.is_inside(space)
    bpy.ops.mint.look_outside()
    assert space.region_3d.view_perspective == "PERSP"
    assert not space.use_local_camera
    assert not look_inside.is_inside(space)


def test_which_world_is_looked_into(area, tmp_path):
    """The one of the job, of the name, of the active object, or the only one."""
    first, second = place_room(tmp_path), place_room(tmp_path, job_id="two", at=(9, 0, 0))
    space = area.spaces.active
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="Select a Mint World"):
        bpy.ops.mint.look_inside()
    for how, expected in (
        ({"job_id": "two"}, second),
        ({"root": first.name}, first),
        ({"root": second.children[0].name}, second),
    ):
        bpy.ops.mint.look_inside(**how)
        assert world_objects.root_of(space.camera) == expected
    bpy.context.view_layer.objects.active = first.children[0]
    bpy.ops.mint.look_inside()
    assert world_objects.root_of(space.camera) == first
    with pytest.raises(RuntimeError, match="not in the current scene"):
        bpy.ops.mint.look_inside(job_id="three")


def test_solid_shading_shows_the_panorama(area, tmp_path):
    """`shading="SOLID"` shows the panorama's colors as an attribute of the collider."""
    root = place_room(tmp_path)
    bpy.ops.mint.look_inside(shading="SOLID")
    space = area.spaces.active
    assert (space.shading.type, space.shading.color_type) == ("SOLID", "VERTEX")
    assert look_inside.shows_color(space)
    mesh = world_objects.parts_of(root, "collider")[0].data
    assert mesh.attributes.active_color is not None


def test_one_click_shows_colors_in_solid_shading(area, tmp_path):
    """It changes this view only, and only when it is clicked."""
    place_room(tmp_path)
    space = area.spaces.active
    space.shading.type, space.shading.color_type = "WIREFRAME", "MATERIAL"
    assert not look_inside.shows_color(space)
    assert bpy.ops.mint.show_colors() == {"FINISHED"}
    assert (space.shading.type, space.shading.color_type) == ("SOLID", "VERTEX")
    assert look_inside.shows_color(space)


@pytest.mark.parametrize("lens", [24, 35])
def test_a_free_view_shows_what_the_start_camera_shows(area, tmp_path, lens):
    """Walking starts where the camera is, as wide, and leaves the camera where it is."""
    root = place_room(tmp_path, at=(3, 2, 1))
    (camera,) = world_objects.parts_of(root, "camera")
    assert camera.data.lens == 24
    camera.data.lens = lens
    bpy.ops.mint.look_inside()
    space, before = area.spaces.active, camera.matrix_world.copy()
    expected = view_pose(space)
    look_inside.leave_camera(area, bpy.context.scene)
    assert space.region_3d.view_perspective == "PERSP" and space.lens == 2 * lens
    for found, wanted in zip(view_pose(space), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert camera.matrix_world == before and look_inside.is_inside(space)


def test_workbench_uses_solid_shading(area, tmp_path):
    """The engine has no Material Preview; leaving restores the earlier shading."""
    place_room(tmp_path)
    bpy.context.scene.render.engine = "BLENDER_WORKBENCH"
    space = area.spaces.active
    before = look_inside._seen(space)
    assert bpy.ops.mint.look_inside() == {"FINISHED"}
    assert (space.shading.type, space.shading.color_type) == ("SOLID", "VERTEX")
    assert look_inside.is_inside(space) and look_inside.shows_color(space)
    assert bpy.ops.mint.look_outside() == {"FINISHED"}
    assert look_inside._seen(space) == before and not look_inside.is_inside(space)


def test_leaving_works_after_a_change_of_engine(area, tmp_path):
    """From Material Preview to Workbench: everything is restored, in Solid."""
    place_room(tmp_path)
    space = area.spaces.active
    space.shading.type, space.lens = "MATERIAL", 33
    bpy.ops.mint.look_inside(shading="RENDERED")
    bpy.context.scene.render.engine = "BLENDER_WORKBENCH"
    assert bpy.ops.mint.look_outside() == {"FINISHED"}
    assert (space.shading.type, space.lens) == ("SOLID", 33)
    assert not look_inside.is_inside(space)
