# SPDX-License-Identifier: GPL-3.0-or-later
"""Files written without a window: a .blend, a GLB, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.files.glb.header import inspect
from mint_blender.scene.bounds import bounds
from mint_blender.scene.export import output
from mint_blender.scene.place import (
    PlacedResult,
    PlaceOptions,
    Provenance,
    find,
    place_model,
    place_world,
)
from mint_blender.scene.world.build import WorldFiles

from . import synthetic_world
from .scene_snapshot import SceneSnapshot

LAMP = Provenance(job_id="job_1", name="Lamp", prompt="a lamp")
ROOM = Provenance(job_id="w", kind="world", name="Room")


def _rendered(
    placed: PlacedResult, folder: Path, width: int = 48, height: int = 36, *, samples: int = 2
) -> np.ndarray:
    """Render, and return the picture as it is shown, shape (height, width, 3), from the top."""
    path = output.render_image(
        folder / "a.png", placed, samples=samples, width=width, height=height
    )
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), np.float32) / 255


def test_an_empty_file_keeps_registered_classes() -> None:
    """A new file has one empty scene, and the classes of an add-on still exist."""
    about = {"bl_idname": "mint.test_stays", "bl_label": "Stays"}
    mine = type("MINT_OT_test_stays", (bpy.types.Operator,), about)
    bpy.utils.register_class(mine)
    try:
        bpy.ops.mesh.primitive_cube_add()
        output.start_empty()
        assert len(bpy.data.objects) == 0 and len(bpy.data.scenes) == 1
        assert hasattr(bpy.types, "MINT_OT_test_stays")
    finally:
        bpy.utils.unregister_class(mine)


def test_the_window_of_an_empty_file_has_no_freed_owner() -> None:
    """Blender 4.2 writes into the scene that owns the window when its glTF importer runs."""
    output.start_empty()
    owners = [*bpy.data.scenes, *bpy.data.window_managers]
    assert bpy.context.window.id_data in owners


@pytest.mark.feature("export as .blend and .glb")
def test_a_saved_blend_needs_no_download(model: Path, tmp_path: Path) -> None:
    """Without the download it still has the model, its picture and its provenance."""
    place_model(model, LAMP)
    loose = tmp_path / "loose.png"
    loose.write_bytes(glb_fixtures.png((10, 20, 30)))
    bpy.data.images.load(str(loose)).use_fake_user = True
    file = output.save_blend(tmp_path / "new folder" / "lamp.blend")
    model.unlink()
    loose.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(file))
    assert find(job_id="job_1").root.name == "Lamp"
    images = [each for each in bpy.data.images if each.source == "FILE"]
    assert len(images) == 2
    assert all(each.packed_file and tuple(each.size) == (4, 4) for each in images)


@pytest.mark.feature("export as .blend and .glb")
def test_a_glb_holds_what_was_placed_and_nothing_else(model: Path, tmp_path: Path) -> None:
    """The model is at its position; other objects, lights and cameras are not exported."""
    bpy.ops.mesh.primitive_cube_add(location=(9, 9, 9))
    placed = place_model(model, LAMP, PlaceOptions(at=(1, 2, 3), height=2))
    before = SceneSnapshot()
    file = output.export_glb(tmp_path / "out" / "lamp.glb", placed)
    before.assert_same(SceneSnapshot())
    header = inspect(file)
    assert (header.triangles, header.extensions_required) == (12, frozenset())
    output.start_empty()
    again = place_model(file, LAMP, PlaceOptions(at=(0, 0, 0)))
    low, high = bounds(again.objects)
    assert (*low, *high) == pytest.approx((-1, -1, 0, 1, 1, 2), abs=1e-5)


@pytest.mark.parametrize("suffix", ["blend", "glb", "png"])
def test_a_path_that_cannot_be_written_is_named(suffix: str, model: Path, tmp_path: Path) -> None:
    """A file in place of the folder gives a sentence with the path."""
    placed = place_model(model, LAMP)
    (tmp_path / "taken").write_text("")
    path = tmp_path / "taken" / f"lamp.{suffix}"
    write = {
        "blend": output.save_blend,
        "glb": lambda path: output.export_glb(path, placed),
        "png": lambda path: output.render_image(path, placed),
    }
    with pytest.raises(output.OutputError, match="could not be written"):
        write[suffix](path)


@pytest.mark.parametrize(("wide", "high", "deep"), [(0.5, 1, 0.5), (50, 6, 2), (0.01, 0.2, 0.01)])
@pytest.mark.feature("rendered pictures")
def test_a_picture_shows_the_whole_model(
    wide: float, high: float, deep: float, tmp_path: Path
) -> None:
    """A large, small, wide or tall model fills a good part of it and is not cut off."""
    model = glb_fixtures.simple(tmp_path / "m.glb", (-wide, 0, -deep), (wide, high, deep))
    placed = place_model(model, LAMP, PlaceOptions(at=(3, 4, 5)))
    shown = _rendered(placed, tmp_path, 96, 72, samples=4)
    orange = (shown[..., 0] - shown[..., 2]) > 0.15
    assert shown.shape == (72, 96, 3)
    rows, columns = np.flatnonzero(orange.any(axis=1)), np.flatnonzero(orange.any(axis=0))
    assert rows[0] > 0 and rows[-1] < 71 and columns[0] > 0 and columns[-1] < 95
    assert max((rows[-1] - rows[0]) / 72, (columns[-1] - columns[0]) / 96) > 0.6
    assert shown[~orange].mean() > 0.4  # a pale room, not a black void


def test_rendering_changes_nothing(model: Path, tmp_path: Path) -> None:
    """No camera, light, floor or scene stays, and the render settings are unchanged."""
    bpy.context.scene.render.resolution_x = 123
    placed = place_model(model, LAMP)
    before = SceneSnapshot()
    output.render_image(tmp_path / "lamp.png", placed, width=32, height=24, samples=1)
    after = SceneSnapshot()
    for shown in (before, after):
        shown.blocks.pop(("Image", "Render Result"), None)
    before.assert_same(after)


def test_a_camera_of_the_model_is_not_used(tmp_path: Path) -> None:
    """Our own camera frames a model that came with a camera."""
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, material=glb.material((0.9, 0.3, 0.05)))))
    camera = glb.add("cameras", {"type": "perspective", "perspective": {"yfov": 0.7, "znear": 0.1}})
    glb.node(camera=camera, translation=[0, 50, 0])
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP)
    shown = _rendered(placed, tmp_path)
    assert ((shown[..., 0] - shown[..., 2]) > 0.15).mean() > 0.1


def test_a_world_is_rendered_from_its_camera(tmp_path: Path) -> None:
    """The picture shows the panorama ahead."""
    collider = synthetic_world.collider(tmp_path / "collider.glb")
    parts = WorldFiles(collider, synthetic_world.panorama(tmp_path / "panorama.png"))
    placed = place_world(parts, ROOM)
    shown = _rendered(placed, tmp_path)
    ahead, center = synthetic_world.WALLS[3], shown[16:20, 22:26].mean(axis=(0, 1))
    # the color of that wall, whichever of its four fields
    assert np.abs(center / center.max() - ahead / ahead.max()).max() < 0.1
    assert len([each for each in bpy.data.objects if each.type == "CAMERA"]) == 1


def test_a_collider_alone_is_rendered(tmp_path: Path) -> None:
    """It is drawn as wire and not rendered in the scene, but its picture is not empty."""
    placed = place_world(WorldFiles(synthetic_world.collider(tmp_path / "collider.glb")), ROOM)
    shown = _rendered(placed, tmp_path)
    assert shown.std() > 0.01
    assert all(each.hide_render for each in placed.objects if each.type == "MESH")


def test_a_picture_is_quick_unless_it_is_asked_for_more(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default Cycles takes few samples, which are denoised; EEVEE and other samples on request."""
    placed, scenes = place_model(model, LAMP), []
    asked: tuple[dict[str, Any], ...] = ({}, {"samples": 32}, {"engine": "eevee", "samples": 8})

    def look(scene: bpy.types.Scene, path: Path, width: int, height: int) -> None:
        cycles = scene.cycles
        scenes.append((scene.render.engine[:13], cycles.samples, scene.eevee.taa_render_samples))
        assert scene.render.engine != "CYCLES" or cycles.use_denoising or cycles.samples > 8
        Image.new("RGB", (width, height)).save(path)

    monkeypatch.setattr(output, "_write_picture", look)
    for number, options in enumerate(asked):
        output.render_image(tmp_path / f"{number}.png", placed, **options)
    assert scenes[0][0] == scenes[1][0] == "CYCLES"
    assert scenes[0][1] * 2 <= scenes[1][1]
    assert (scenes[2][0], scenes[2][2]) == ("BLENDER_EEVEE"[:13], 8)
