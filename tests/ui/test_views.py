# SPDX-License-Identifier: GPL-3.0-or-later
"""A 3D View shows results in color and is restored; where boxes and chips of results are."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import numpy as np
from mathutils import Matrix, Quaternion, Vector

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.mint.schema import Kind
from mint_blender.scene import place as scene_place
from mint_blender.scene import startup
from mint_blender.scene.after import cameras as scene_cameras
from mint_blender.scene.data_blocks import hide
from mint_blender.scene.model import grid_layout
from mint_blender.scene.model.grid_layout import Footprint
from mint_blender.scene.place import PlaceOptions, Provenance
from mint_blender.scene.world import world_objects
from mint_blender.scene.world.files import WorldFiles, WorldOptions
from mint_blender.ui import registration, session
from mint_blender.ui.after import cameras
from mint_blender.ui.asset_bar import bar
from mint_blender.ui.drawing import Box
from mint_blender.ui.job_list import placed_results
from mint_blender.ui.pricing import paid_clicks
from mint_blender.ui.viewport import arrival, chips, show_result, targets, views, walk

from ..scene import synthetic_world
from ..scene.scene_snapshot import SceneSnapshot
from .drawings import drawn_by, in_class
from .sample_jobs import a_job


@pytest.fixture
def area() -> Iterator[Any]:
    """Return the 3D View of the start-up screen, with the add-on enabled."""
    bpy.ops.wm.read_homefile(use_empty=False)
    for each in list(bpy.data.objects):
        bpy.data.objects.remove(each)
    registration.register()
    areas = bpy.context.window_manager.windows[0].screen.areas
    yield next(each for each in areas if each.type == "VIEW_3D")
    registration.unregister()
    session.close_service()


def place_room(
    folder: Path, *, job_id: str = "one", at=(0, 0, 0), camera: bool = True
) -> bpy.types.Object:
    """Place a World with collider and panorama."""
    collider = synthetic_world.collider(folder / "collider.glb")
    files = WorldFiles(collider, synthetic_world.panorama(folder / "panorama.png"))
    provenance = Provenance(job_id=job_id, kind="world", name=f"Room {job_id}")
    where, options = PlaceOptions(at=at), WorldOptions(camera=camera)
    return scene_place.place_world(files, provenance, where, options).root


def view_pose(space: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the position and the direction of a 3D View."""
    view = space.region_3d
    turn = np.array(view.view_rotation.to_matrix())
    return np.array(view.view_location) + turn[:, 2] * view.view_distance, -turn[:, 2]


def state_of(space: Any) -> list[Any]:
    """Return everything that looking at a result changes about a view."""
    names = ("type", "color_type", "light", "studio_light", "background_type", "use_scene_world")
    return [
        views.pose(space),
        [getattr(space.shading, name) for name in names],
        tuple(space.shading.background_color),
        (space.clip_start, space.clip_end, space.overlay.show_overlays),
    ]


def is_inside(space: Any, root: bpy.types.Object) -> bool:
    """Return whether a view is at the capture point of a World."""
    place: Any = world_objects.upright(root).translation
    return bool(np.allclose(view_pose(space)[0], place, atol=1e-4))


@pytest.mark.parametrize("gone", [(), ("camera",), ("camera", "capture_point")])
def test_the_view_is_at_the_capture_point_in_color(
    area: Any, tmp_path: Path, gone: tuple[str, ...]
) -> None:
    """At eye height, straight ahead, also without a start camera or capture point."""
    root = place_room(tmp_path, at=(3, 2, 1), camera="camera" not in gone)
    bpy.data.batch_remove([each for name in gone for each in world_objects.parts_of(root, name)])
    assert bpy.ops.mint.look_inside() == {"FINISHED"}
    space = area.spaces.active
    place, direction = view_pose(space)
    np.testing.assert_allclose(place, (3, 2, 2.5), atol=1e-4)
    np.testing.assert_allclose(direction, (0, 1, 0), atol=1e-4)
    shown = space.shading
    assert (shown.type, shown.color_type, shown.light) == ("SOLID", "TEXTURE", "STUDIO")
    assert shown.studio_light == "mint_world.sl", "a model in it is not a paper cut-out"
    assert shown.use_scene_world, "in Material Preview, the panorama lights both"
    assert space.lens == 32 and space.region_3d.view_perspective == "PERSP"
    assert views.is_changed(space) and not space.overlay.show_overlays
    sky = synthetic_world.colors(np.zeros(3), np.array([(0, 0, 1.0)]))[0]
    assert shown.background_type == "VIEWPORT"
    assert np.abs(np.array(shown.background_color) - sky).max() < 0.5, "as the upper half"


def test_nothing_in_the_scene_changes(area: Any, tmp_path: Path) -> None:
    """The scene keeps its camera, and nothing is selected, made or moved."""
    place_room(tmp_path)
    own = bpy.data.objects.new("Own", bpy.data.cameras.new("Own"))
    bpy.context.scene.collection.objects.link(own)
    bpy.context.scene.camera = own
    bpy.context.view_layer.update()
    before = SceneSnapshot()
    bpy.ops.mint.look_inside()
    bpy.ops.mint.look_inside()
    bpy.ops.mint.restore_view()
    before.assert_same(SceneSnapshot())
    assert bpy.context.scene.camera == own


@pytest.mark.parametrize("undone", [False, True])
def test_leaving_restores_the_view(area: Any, tmp_path: Path, undone: bool) -> None:
    """Position, lens, shading and overlays are restored, also after two looks or an undo."""
    space = area.spaces.active
    view, shading = space.region_3d, space.shading
    bpy.ops.ed.undo_push(message="before")
    place_room(tmp_path)
    bpy.ops.ed.undo_push(message="World")
    view.view_perspective, view.view_location, view.view_distance = "PERSP", (1, 2, 3), 7
    shading.type, shading.color_type = "WIREFRAME", "OBJECT"
    space.lens, space.overlay.show_overlays = 33, True
    before = state_of(space)
    bpy.ops.mint.look_inside()
    bpy.ops.mint.look_inside()
    assert state_of(space) != before
    if undone:
        bpy.ops.ed.undo()
    assert bpy.ops.mint.restore_view() == {"FINISHED"}
    assert state_of(space) == before and not views.is_changed(space)


def test_a_saved_file_can_still_restore_its_view(area: Any, tmp_path: Path) -> None:
    """Also one that shows another editor in its place; the screens keep nothing of it."""
    place_room(tmp_path)
    before = state_of(area.spaces.active)
    bpy.ops.mint.look_inside()
    area.type = "IMAGE_EDITOR"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "inside.blend"))
    bpy.ops.wm.read_homefile(use_empty=False)
    assert not any(map(views.is_changed, spaces())), "another file has other views"
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "inside.blend"), load_ui=True)
    assert not any(list(screen.keys()) for screen in bpy.data.screens)
    for each in bpy.context.window_manager.windows[0].screen.areas:
        if each.type == "IMAGE_EDITOR":
            each.type = "VIEW_3D"
    (space,) = filter(views.is_changed, spaces())
    assert state_of(space) != before
    assert bpy.ops.mint.restore_view() == {"FINISHED"}
    assert state_of(space) == before and not views.is_changed(space)


def test_the_view_menu_has_the_ways_back(area: Any, tmp_path: Path) -> None:
    """Also when the chip of the result has faded."""
    root = place_room(tmp_path)
    cube = bpy.data.objects.new("Cube", None)
    bpy.context.scene.collection.objects.link(cube)
    root[startup.HIDDEN] = cube.name
    hide([cube], is_hidden=True)
    context: Any = SimpleNamespace(scene=bpy.context.scene, space_data=area.spaces.active)
    menu = in_class(show_result._draw_in_view_menu)
    assert drawn_by(menu, context) == {"mint.show_cube": 1}
    bpy.ops.mint.look_inside()
    assert drawn_by(menu, context) == {"mint.restore_view": 1, "mint.show_cube": 1}
    bpy.ops.mint.restore_view()
    hide([cube], is_hidden=False)
    assert not drawn_by(menu, context)


def spaces() -> list[Any]:
    """Return what the areas of the open screen show."""
    screen = bpy.context.window_manager.windows[0].screen
    return [each.spaces.active for each in screen.areas]


@pytest.mark.parametrize("is_own_choice", [False, True])
def test_boxes_are_drawn_inside_a_world(area: Any, tmp_path: Path, is_own_choice: bool) -> None:
    """Overlays are hidden there; whoever has hidden them before sees no boxes either."""
    place_room(tmp_path)
    space = area.spaces.active
    space.overlay.show_overlays = not is_own_choice
    bpy.ops.mint.look_inside()
    assert not space.overlay.show_overlays
    assert views.has_hidden_overlays(space) is not is_own_choice
    bpy.ops.mint.restore_view()
    assert not views.has_hidden_overlays(space)


def test_a_render_from_here_sees_what_the_view_shows(area: Any, tmp_path: Path) -> None:
    """The camera of the World goes there and becomes that of the scene; a lost one is made again."""
    root = place_room(tmp_path)
    bpy.ops.mint.look_inside()
    area.spaces.active.region_3d.view_rotation @= Quaternion((0, 1, 0), 0.4)
    place, direction = view_pose(area.spaces.active)
    bpy.data.batch_remove(world_objects.parts_of(root, "camera"))
    assert bpy.ops.mint.render_from_here() == {"FINISHED"}
    camera = bpy.context.scene.camera
    bpy.context.view_layer.update()
    assert camera in world_objects.parts_of(root, "camera") and camera.data.lens == 16
    np.testing.assert_allclose(camera.matrix_world.translation, place, atol=1e-4)
    np.testing.assert_allclose(-np.array(camera.matrix_world)[:3, 2], direction, atol=1e-4)


def test_leaving_does_not_change_other_views(area: Any, tmp_path: Path) -> None:
    """A view that did not look inside keeps its shading."""
    place_room(tmp_path)
    area.spaces.active.shading.type = "RENDERED"
    with pytest.raises(RuntimeError, match="has not changed this 3D View"):
        bpy.ops.mint.restore_view()
    region = next(each for each in area.regions if each.type == "WINDOW")
    with bpy.context.temp_override(
        window=bpy.context.window_manager.windows[0], area=area, region=region
    ):
        assert not bpy.ops.mint.restore_view.poll()
        bpy.ops.mint.look_inside()
        assert bpy.ops.mint.restore_view.poll()
        bpy.ops.mint.restore_view()
    assert area.spaces.active.shading.type == "RENDERED"


def test_which_world_is_looked_into(area: Any, tmp_path: Path) -> None:
    """The one of the active object, or the only one."""
    first, second = place_room(tmp_path), place_room(tmp_path, job_id="two", at=(9, 0, 0))
    space = area.spaces.active
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="Select a Mint World"):
        bpy.ops.mint.look_inside()
    for active, expected in ((second, second), (first.children[0], first)):
        bpy.context.view_layer.objects.active = active
        bpy.ops.mint.look_inside()
        assert is_inside(space, expected)


def test_what_solid_does_not_show_is_shown_in_material_preview(area: Any, tmp_path: Path) -> None:
    """A panorama alone is only a background, which Solid does not have; Workbench has no other."""
    root = place_room(tmp_path)
    bpy.data.batch_remove(world_objects.parts_of(root, "collider"))
    space = area.spaces.active
    space.shading.type, space.lens = "MATERIAL", 33
    before = state_of(space)
    assert bpy.ops.mint.look_inside() == {"FINISHED"}
    assert space.shading.type == "MATERIAL"
    assert bpy.ops.mint.restore_view() == {"FINISHED"}
    assert state_of(space) == before and not views.is_changed(space)
    bpy.ops.mint.look_inside()
    bpy.context.scene.render.engine = "BLENDER_WORKBENCH"
    assert bpy.ops.mint.restore_view() == {"FINISHED"}
    assert (space.shading.type, space.lens) == ("SOLID", 33), "as far as the engine can"
    assert bpy.ops.mint.look_inside() == {"FINISHED"}
    assert space.shading.type == "SOLID"


@pytest.mark.parametrize("perspective", ["PERSP", "ORTHO", "CAMERA"])
def test_a_framed_object_fills_the_view(area: Any, perspective: str) -> None:
    """Each vertex is seen, and fills 90 percent of one direction; a view only leaves its camera."""
    space: Any = area.spaces.active
    view = space.region_3d
    view.view_perspective = perspective
    turn = view.view_rotation.copy()
    bpy.ops.mesh.primitive_cylinder_add(radius=0.3, depth=4, location=(20, 3, 1))
    bpy.ops.transform.rotate(value=0.4, orient_axis="X")
    made = bpy.context.active_object
    bpy.context.view_layer.update()
    views.frame(area, [made])
    assert view.view_perspective == perspective.replace("CAMERA", "PERSP")
    assert view.view_rotation == turn and space.shading.color_type == "TEXTURE"
    # from this view, the center, half width and half height in sight at a distance of 1
    center, half = views._in_sight(area, space.lens)
    inverse = view.view_rotation.inverted()
    shares = []
    for vertex in made.data.vertices:
        point = inverse @ (made.matrix_world @ vertex.co - view.view_location)
        away = view.view_distance - (0 if perspective == "ORTHO" else point.z)
        shares.append(max(abs(np.array(point.xy) / away - center) / half))
    assert max(shares) == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("is_turned", [False, True])
def test_the_first_look_is_from_the_front(area: Any, is_turned: bool) -> None:
    """Blender's own view sees a face from the side; one that the user has turned stays as it is."""
    view = area.spaces.active.region_3d
    if is_turned:
        view.view_rotation @= Quaternion((0, 0, 1), 0.1)
    before = view.view_rotation.copy()
    bpy.ops.mesh.primitive_cube_add()
    made = bpy.context.active_object
    views.frame(area, [made])
    assert view.view_rotation == before, "a later one turns nothing"
    views.frame(area, [made], is_first=True)
    toward = view.view_rotation @ Vector((0, 0, 1))
    if is_turned:
        assert view.view_rotation == before
    else:
        assert 0.7 < -toward.y < 1 and 0 < toward.x < 0.5 and 0 < toward.z < 0.5
    assert bpy.ops.mint.restore_view() == {"FINISHED"}
    assert view.view_rotation == before


@pytest.mark.parametrize("degrees", range(0, 360, 40))
def test_nobody_walks_out_of_a_world(area: Any, tmp_path: Path, degrees: int) -> None:
    """On the floor, along the walls, at any angle: the eyes stay inside and at their height."""
    root = place_room(tmp_path)
    ground = walk.Ground(root)
    eye = ground.stand(Vector((0.0, 0.0, 1.5)))
    step = Matrix.Rotation(math.radians(degrees), 3, "Z") @ Vector((0.15, 0.0, 0.0))
    assert eye is not None
    start = eye.copy()
    for _ in range(200):
        eye = ground.walk(eye, step)
    low, high = 2.5 * synthetic_world.LOW, 2.5 * synthetic_world.HIGH
    assert all(low[axis] < eye[axis] < high[axis] for axis in (0, 1))
    assert eye.z == pytest.approx(ground.height) and (eye - start).length > 1.0
    assert ground.stand(Vector((99.0, 0.0, 1.5))) is None


def test_what_bars_cover_of_a_view_is_not_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The center is that of what is left between them, and so is what a result may fill."""
    bars = (("WINDOW", 0, 0, 1000, 600), ("TOOLS", 0, 0, 40, 600), ("UI", 760, 0, 240, 600))
    bars += (("HEADER", 0, 550, 1000, 50), ("HEADER", 0, 600, 1000, 26), ("HUD", 9, 9, 1, 1))
    names = ("type", "x", "y", "width", "height")
    regions = [SimpleNamespace(**dict(zip(names, each, strict=True))) for each in bars]
    area: Any = SimpleNamespace(regions=regions, as_pointer=lambda: 7)
    center, half = views._in_sight(area, 72.0)
    assert (center * 1000).tolist() == pytest.approx([-100, -25])
    assert (half * 1000).tolist() == pytest.approx([360, 275])
    monkeypatch.setattr(bar, "is_shown_in", lambda shown: shown == area)
    monkeypatch.setattr(bar, "top_in", lambda *_: 250.0)
    center, half = views._in_sight(area, 72.0)
    assert (center * 1000).tolist() == pytest.approx([-100, 100]), "nor the library"


def targeted(kind: Kind = Kind.MODEL, **delivery: Any) -> Job:
    """Return a job whose result will come to the origin."""
    where = Delivery(**{"at": (0.0, 0.0, 0.0), "document": session.document_id(), **delivery})
    return a_job(Phase.WAITING, kind=kind, delivery=where, now=time.time())


def boxes_of(job_service: JobService, *jobs: Job) -> list[Footprint]:
    job_service.cache.add(*jobs)
    placed_results.scan()
    state = targets._State()
    targets._choose(state, job_service, 1)
    return [state.spaces[job.id] for job in jobs]


@pytest.mark.parametrize("is_slot_free", [True, False])
def test_a_box_says_the_same_as_the_row(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, is_slot_free: bool
) -> None:
    """A job waits for a free slot only if there is none."""
    monkeypatch.setattr(job_service, "slots", {Kind.MODEL: 3 if is_slot_free else 0})
    job = targeted()
    job_service.cache.add(job)
    state = session.state(targets._State)
    state.spaces[job.id] = Footprint(0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
    shown = targets._target(state, job_service, job).state
    assert shown == ("Starting" if is_slot_free else "Waiting for a free slot")
    assert shown == placed_results.view_of(job_service, job).short_state
    state.spaces.clear()


def test_boxes_keep_clear_of_each_other(job_service: JobService, tmp_path: Path) -> None:
    """Those of Worlds too, and of the Worlds that are there, as the results will."""
    boxes = boxes_of(job_service, *(targeted() for _ in range(5)))
    assert not any(one.touches(other) for one, other in combinations(boxes, 2))
    worlds = boxes_of(job_service, *(targeted(Kind.WORLD) for _ in range(3)))
    assert not any(one.touches(other) for one, other in combinations(worlds, 2))
    assert worlds[0].touches(boxes[0]), "a World is a place, and stands beside other Worlds only"
    room = grid_layout.footprint(place_room(tmp_path))
    assert room is not None
    (box,) = boxes_of(job_service, targeted(Kind.WORLD))
    assert not box.touches(room)


def test_a_box_in_a_world_stands_in_no_wall(job_service: JobService, tmp_path: Path) -> None:
    """Where the result will land: not to the right, where there is no room."""
    room = grid_layout.footprint(place_room(tmp_path))
    assert room is not None
    x, z = room.right - 1.0, room.bottom
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=(x, 0.0, z + 0.5))
    (box,) = boxes_of(job_service, targeted(at=(x, 0.0, z)))
    assert room.left < box.left and box.right < room.right


def test_a_box_stays_where_the_user_has_put_it(job_service: JobService) -> None:
    """Also on an object, since the result will be exactly there, and as turned."""
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=(0, 0, 0.5))
    turned = targeted(rotation=(0.0, 0.0, 0.5))
    (box,) = boxes_of(job_service, turned)
    assert (box.left, box.right) == (-0.5, 0.5)
    assert boxes_of(job_service, targeted())[0].left > 0.5
    low, right, *_ = targets._corners(turned, box)
    assert (right - low).normalized().y > 0.4


@pytest.mark.parametrize("count", [0, 1, 5, 22, 100])
@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_chips_are_stacked_as_far_as_they_fit(count: int, scale: float) -> None:
    """From the top down; none overlaps another one, or leaves its room."""
    room = Box(60.0, 40.0, 500.0, 480.0)
    found = chips.stacked(room, count, scale)
    assert len(found) == min(count, 12 if scale == 1 else 7)
    assert all(one.y >= other.y + other.height for one, other in pairwise(found))
    assert all(room.contains(each.x, each.y) for each in found)
    assert all(each.y + each.height <= room.y + room.height for each in found)


def test_chips_move_up_only_when_the_pointer_has_left(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that goes leaves its place free, and a new one comes below all others."""
    here = ["lamp", "crate", "lion"]
    monkeypatch.setattr(
        targets, "targets", lambda _: [SimpleNamespace(job_id=each) for each in here]
    )

    def places() -> list[str | None]:
        return [each and each.job_id for each in targets.places(None)]

    targets.hold(None, is_held=True)
    here.remove("lamp")
    here.append("chair")
    targets.hold(None, is_held=True)
    assert places() == [None, "crate", "lion", "chair"]
    targets.hold(None, is_held=False)
    assert places() == ["crate", "lion", "chair"]


def test_several_results_have_one_chip(job_service: JobService) -> None:
    """It is about the newest, keeps the way back, and goes when it was used or a minute is over."""
    arrival._add_chip(arrival.Chip("1", "a lamp", True))
    for name in ("2", "3"):
        arrival._add_chip(arrival.Chip(name, "a bell", False))
    (chip,) = arrival.chips()
    assert (chip.job_id, chip.count) == ("3", 3)
    assert [name for name, _ in chips._actions(chip)] == [chips.SHOW, chips.RESTORE]
    assert bpy.app.timers.is_registered(arrival._fade)
    arrival._fade()
    assert arrival.chips() == []
    arrival._add_chip(arrival.Chip("4", "a vase", False))
    assert arrival.chips()[0].count == 1
    arrival.leave_alone()
    assert arrival.chips() == []


def test_chips_are_in_one_view_only(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the pointer was last; at first, and when that view is gone, in the largest."""
    regions: list[Any] = [
        SimpleNamespace(
            type="WINDOW", width=width, height=100, as_pointer=lambda width=width: width
        )
        for width in (300, 500, 200)
    ]
    area = SimpleNamespace(type="VIEW_3D", regions=regions)
    monkeypatch.setattr(chips, "all_areas", lambda: [area])

    def shown() -> list[int]:
        return [region.width for region in regions if chips.is_shown_in(region)]

    assert shown() == [500]
    chips.show_in(regions[2])
    assert shown() == [200]
    del regions[2]
    assert shown() == [500]


@pytest.mark.covers("C17-price")
def test_a_click_counts_on_what_has_been_under_the_pointer(job_service: JobService) -> None:
    """For half a second. One that comes too early starts that time anew, so two in a row do not count."""
    state, now = session.state(paid_clicks._State), [100.0]
    vars(state)["clock"] = lambda: now[0]
    paid_clicks.note("chips", "crate")
    now[0] += 0.4
    assert not paid_clicks.counts("crate")
    paid_clicks.note("chips", "crate")  # drawn again
    assert paid_clicks.was_refused("crate")
    now[0] += 0.4
    assert not paid_clicks.counts("crate")
    now[0] += 0.5
    assert paid_clicks.counts("crate") and not paid_clicks.was_refused("crate")
    paid_clicks.note("chips", "lion")
    assert not paid_clicks.counts("lion")
    now[0] += 0.6
    paid_clicks.note("chips", None)  # the pointer leaves
    paid_clicks.note("chips", "lion")
    assert not paid_clicks.counts("lion")


@pytest.mark.parametrize("room", [Box(0, 0, 500, 20), Box(0, 0, 80, 500), Box(0, 0, 0, 0)])
def test_without_room_there_is_no_chip(room: Box) -> None:
    """Neither a part of one, nor one without a title."""
    assert chips.stacked(room, 5, 1.0) == []


def test_a_walk_is_recorded_before_it_is_played(area: Any) -> None:
    """The entry of the menu is gray, and says why."""
    context: Any = SimpleNamespace(scene=bpy.context.scene, space_data=area.spaces.active)
    complaint = cameras.MINT_OT_play_walk.complaint
    assert complaint(context) == "Record a walk first."
    walk_camera = bpy.data.objects.new("Walk", bpy.data.cameras.new("Walk"))
    walk_camera[scene_cameras.VIEWPOINT] = "WALK"
    bpy.context.scene.collection.objects.link(walk_camera)
    assert complaint(context) == ""


def test_a_walk_that_is_recorded_says_so() -> None:
    """The keys are the same, but a click saves what Esc throws away."""
    from mint_blender.ui.viewport import walk

    assert walk.keys(records=True).startswith("Recording ")
    assert "Recording" not in walk.keys(records=False)


@pytest.mark.parametrize(("perspective", "expected"), [("PERSP", 2), ("ORTHO", 3)])
def test_chips_stay_below_the_text_of_their_quarter(perspective: str, expected: int) -> None:
    """In a view in quarters only the flat ones have a third line, which says how large a square is."""
    overlay = SimpleNamespace(show_overlays=True, show_text=True, show_stats=False)
    main_view = SimpleNamespace(view_perspective="PERSP")
    preferences = SimpleNamespace(view=SimpleNamespace(show_view_name=True, show_object_info=True))
    context: Any = SimpleNamespace(
        space_data=SimpleNamespace(overlay=overlay, region_3d=main_view),
        region_data=SimpleNamespace(view_perspective=perspective),
        preferences=preferences,
    )
    assert chips._lines_of_text(context) == expected
