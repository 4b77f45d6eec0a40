# SPDX-License-Identifier: GPL-3.0-or-later
"""Print how bright a floor of splats is in EEVEE: captured, in a shadow, unlit, lit by a lamp.

A program of its own: EEVEE needs a display, and without one each picture fails for lack of OpenGL.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy
import numpy as np

from mint_blender.scene.after import light
from mint_blender.scene.export.output import start_empty

from . import world_helpers


def main(folder: Path) -> None:
    """Render four pictures of the floor below a cube that the camera does not see."""
    start_empty()
    world = world_helpers.ground_of(world_helpers.all_parts(folder))
    scene = bpy.context.scene
    try:
        scene.render.engine = "BLENDER_EEVEE_NEXT"
    except TypeError:
        scene.render.engine = "BLENDER_EEVEE"
    scene.eevee.taa_render_samples = 1
    scene.render.resolution_x = scene.render.resolution_y = 32
    bpy.ops.object.camera_add(location=(0, 2.5, 1.4))
    scene.camera = bpy.context.object
    scene.camera.data.type = "ORTHO"
    scene.camera.data.ortho_scale = 0.4
    bpy.ops.mesh.primitive_cube_add(size=0.4, location=(0, 2.5, 0.2))
    caster = bpy.context.object
    caster.visible_camera = False
    bpy.ops.object.light_add(type="SUN")
    sun = bpy.context.object

    def seen() -> float:
        scene.render.filepath = str(folder / "seen.png")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        pixels = np.array(image.pixels[:]).reshape(-1, 4)
        bpy.data.images.remove(image)
        return float(pixels[:, :3].mean())

    captured = seen()
    light.ground_shadow(caster)
    shadow = seen()
    light.ground_shadow(caster, on=False)
    for each in (caster, sun):
        bpy.data.objects.remove(each)
    light.mix_with_scene_light(world, 1.0)
    unlit = seen()
    bpy.ops.object.light_add(type="POINT", location=(0.3, 2.5, 1))
    bpy.context.object.data.energy = 100
    print(json.dumps([captured, shadow, unlit, seen()]))


main(Path(sys.argv[1]))
