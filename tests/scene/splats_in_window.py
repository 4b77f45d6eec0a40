# SPDX-License-Identifier: GPL-3.0-or-later
"""Show three splats in a Blender with a window: an EEVEE render and a 3D viewport.

The colors are printed as JSON lines.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

ROOT, FOLDER = Path(__file__).parents[2], Path(sys.argv[-1])
sys.path.insert(0, str(ROOT))

import bpy  # noqa: E402
import numpy as np  # noqa: E402

from mint_blender.scene.world import splats  # noqa: E402

COLUMNS = (28, 48, 68)  # where the three splats are in the picture


def _scene() -> bpy.types.Scene:
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    splats.build(FOLDER / "three.spz", "Three", scene.collection)
    camera = bpy.data.cameras.new("Camera")
    camera.type, camera.ortho_scale = "ORTHO", 4.8
    scene.camera = bpy.data.objects.new("Camera", camera)
    scene.camera.location, scene.camera.rotation_euler = (0, -10, 0), (np.pi / 2, 0, 0)
    scene.collection.objects.link(scene.camera)
    scene.render.engine = next(
        each.identifier
        for each in type(scene.render).bl_rna.properties["engine"].enum_items_static
        if "EEVEE" in each.identifier
    )
    scene.eevee.taa_render_samples = scene.eevee.taa_samples = 2
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    scene.view_settings.view_transform = "Standard"
    return scene


def _tell(what: str, path: str) -> None:
    image = bpy.data.images.load(path)
    pixels = np.array(image.pixels[:]).reshape(64, 96, 4)
    print(
        "MINT "
        + json.dumps(
            {"what": what, "colors": [pixels[32, column, :3].tolist() for column in COLUMNS]}
        ),
        flush=True,
    )


def _render(scene: bpy.types.Scene) -> None:
    scene.render.filepath = str(FOLDER / "eevee.png")
    bpy.ops.render.render(write_still=True)
    _tell("render", scene.render.filepath)


def _show(scene: bpy.types.Scene) -> None:
    window = bpy.context.window_manager.windows[0]
    area = next(each for each in window.screen.areas if each.type == "VIEW_3D")
    region = next(each for each in area.regions if each.type == "WINDOW")
    space = area.spaces.active
    space.overlay.show_overlays = False
    space.region_3d.view_perspective = "CAMERA"
    space.shading.light, space.shading.color_type = "FLAT", "TEXTURE"
    for shading in ("SOLID", "MATERIAL", "RENDERED"):
        space.shading.type = shading
        scene.render.filepath = str(FOLDER / f"{shading}.png")
        with bpy.context.temp_override(window=window, area=area, region=region):
            bpy.ops.render.opengl(write_still=True, view_context=True)
        _tell(shading, scene.render.filepath)


try:
    scene = _scene()
    _render(scene)
    _show(scene)
    print("MINT " + json.dumps({"done": True}), flush=True)
except BaseException:
    print("MINT " + json.dumps({"error": traceback.format_exc()}), flush=True)
sys.stdout.flush()
os._exit(0)
