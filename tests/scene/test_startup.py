# SPDX-License-Identifier: GPL-3.0-or-later
"""The first result in Blender's start-up scene takes the place of its cube, and is rendered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from mint_blender.delivery import import_job
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.phases import Phase
from mint_blender.scene import picture, startup
from mint_blender.scene.update import move
from mint_blender.scene.world import world_objects

from ..ui.sample_jobs import URL, a_job
from ..ui.world_jobs import make_job
from .undo_check import MAY_UNDO, override

pytestmark = pytest.mark.blender


@pytest.fixture(autouse=True)
def start_up(with_undo: None) -> None:
    """Open Blender's start-up file."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=False)
    bpy.ops.ed.undo_push(message="Original")


def model_job(model: Path, **delivery: Any) -> Job:
    """Return a model's job whose file is on disk."""
    files = (LocalFile(Role.MODEL, str(model), URL),)
    return a_job(Phase.READY, "a lamp", delivery=Delivery(**delivery), now=1.0, files=files)


def is_seen(obj: bpy.types.Object) -> bool:
    return obj.visible_get() and not obj.hide_render


def state() -> list[Any]:
    """Return what the user has in the scene."""
    scene = bpy.context.scene
    names = sorted(obj.name for obj in scene.objects)
    shown = [obj.name for obj in scene.objects if is_seen(obj)]
    return [names, shown, scene.camera.name, scene.world.name, scene.view_settings.view_transform]


@pytest.mark.parametrize("kind", ["model", "World"])
def test_a_first_result_takes_the_place_of_the_cube(kind: str, model: Path, tmp_path: Path) -> None:
    """Nothing is hidden by stealth: a render shows what was placed, and one undo undoes it all."""
    before = state()
    job = model_job(model) if kind == "model" else make_job(tmp_path)
    root = import_job.place(job, takes_over=True).root
    scene = bpy.context.scene
    assert root.location == Vector() and not is_seen(scene.objects["Cube"])
    assert bpy.context.view_layer.objects.active == root and root.select_get()
    if kind == "model":
        (collection,) = (each for each in scene.collection.children if each.get(picture.MARK))
        assert scene.camera in collection.objects[:]
    else:
        assert scene.camera in world_objects.parts_of(root, "camera")
    if kind == "model":
        graph = bpy.context.evaluated_depsgraph_get()
        ray = Vector((0.9, 0.9, 5.0)), Vector((0.0, 0.0, -1.0))
        found = move.surface_on_ray(scene, graph, *ray)
        assert found is not None and found.point.z < 0.1, "nothing is put onto what is hidden"
    after = state()
    if MAY_UNDO:
        with override():
            bpy.ops.ed.undo()
            assert state() == before
            bpy.ops.ed.redo()
            assert state() == after
    startup.show_cube(bpy.context.scene)
    assert is_seen(bpy.data.objects["Cube"]) and not startup.show_cube(bpy.context.scene)


def test_the_next_model_is_in_view_in_a_first_world(tmp_path: Path) -> None:
    """It stands on the floor where the World's camera looks, not below the eye."""
    import_job.place(make_job(tmp_path), takes_over=True)
    scene = bpy.context.scene
    bpy.context.view_layer.update()
    assert scene.cursor.location.length > 0.5
    at = world_to_camera_view(scene, scene.camera, scene.cursor.location)
    assert 0 < at.x < 1 and 0 < at.y < 1 and at.z > 0


def _changed() -> None:
    bpy.data.objects["Cube"].location.x += 1
    bpy.context.view_layer.update()


def _saved(folder: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "own.blend"))


CASES: dict[str, Callable[[Path], object]] = {
    "moved": lambda _: _changed(),
    "edited": lambda _: bpy.data.objects["Cube"].data.vertices[0].co.__setitem__(0, 3.0),
    "more": lambda _: bpy.ops.object.empty_add(),
    "camera": lambda _: bpy.data.objects["Camera"].location.__setitem__(0, 3.0),
    "saved": _saved,
}


@pytest.mark.parametrize("case", CASES)
def test_in_a_scene_of_ones_own_nothing_is_hidden(case: str, model: Path, tmp_path: Path) -> None:
    """The camera and the background stay, too."""
    CASES[case](tmp_path)
    before = state()
    import_job.place(model_job(model), takes_over=True)
    assert state()[2:] == before[2:] and set(before[1]) <= set(state()[1])


@pytest.mark.parametrize(
    "delivery", [{"rotation": (0, 0, 0), "at": (0, 0, 1)}, {"block_out": "Cube"}]
)
def test_a_result_that_was_put_somewhere_hides_nothing_else(
    delivery: dict[str, Any], model: Path
) -> None:
    """Neither one on the cube, nor one in its box; nor what a script places."""
    import_job.place(model_job(model, **delivery), takes_over=True)
    assert startup.HIDDEN not in "".join(key for obj in bpy.data.objects for key in obj.keys())
    assert bpy.context.scene.camera.name == "Camera"


def test_a_failed_import_shows_the_cube_again(tmp_path: Path) -> None:
    """Nothing has changed."""
    before = state()
    path = tmp_path / "broken.glb"
    path.write_bytes(b"glTF")
    with pytest.raises(Exception):  # noqa: B017 - whichever
        import_job.place(model_job(path), takes_over=True)
    assert state() == before
