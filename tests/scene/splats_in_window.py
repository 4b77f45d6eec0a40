# SPDX-License-Identifier: GPL-3.0-or-later
"""Show three splats in a Blender with a window: an EEVEE render and a 3D viewport."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT, FOLDER = Path(__file__).parents[2], Path(sys.argv[-1])
sys.path.insert(0, str(ROOT))

import bpy

from mint_blender.scene.world import splats
from tests.scene import synthetic_world

COLUMNS = (28, 48, 68)  # where the three splats are in the picture


def say(**facts: Any) -> None:
    """Print one line for the test."""
    print("MINT " + json.dumps(facts), flush=True)


def tell_colors(what: str, path: Path) -> None:
    """Tell the colors of the splats in a picture."""
    pixels = synthetic_world.pixels_of(path)
    say(what=what, colors=[pixels[32, column].tolist() for column in COLUMNS])


def show(scene: bpy.types.Scene) -> None:
    """Render with EEVEE, and draw the 3D view from the camera in each shading with colors."""
    scene.eevee.taa_render_samples = scene.eevee.taa_samples = 2
    engines = type(scene.render).bl_rna.properties["engine"].enum_items_static
    scene.render.engine = next(name for name in engines.keys() if "EEVEE" in name)
    path = FOLDER / "seen.png"
    synthetic_world.set_output(scene, path)
    bpy.ops.render.render(write_still=True)
    tell_colors("render", path)
    window = bpy.context.window_manager.windows[0]
    area = next(each for each in window.screen.areas if each.type == "VIEW_3D")
    region = next(each for each in area.regions if each.type == "WINDOW")
    space = area.spaces.active
    space.overlay.show_overlays = False
    space.region_3d.view_perspective = "CAMERA"
    space.shading.light, space.shading.color_type = "FLAT", "TEXTURE"
    for shading in ("SOLID", "MATERIAL", "RENDERED"):
        space.shading.type = shading
        with bpy.context.temp_override(window=window, area=area, region=region):
            bpy.ops.render.opengl(write_still=True, view_context=True)
        tell_colors(shading, path)


try:
    bpy.ops.wm.read_homefile(use_empty=True)
    splats.build(FOLDER / "three.spz", "Three", bpy.context.scene.collection)
    bpy.context.scene.camera = synthetic_world.camera_ahead(bpy.context.scene)
    show(bpy.context.scene)
    say(done=True)
except BaseException:
    say(error=traceback.format_exc())
os._exit(0)
