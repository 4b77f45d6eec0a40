# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the files of a shape, in Blender's process; the stand-in gives them another color."""
# mypy: disable-error-code="arg-type, attr-defined, call-overload, no-any-return"

from __future__ import annotations

import lzma
from pathlib import Path

import bpy
import numpy as np

from tests.mint_service import glb
from tests.mint_service.asset_generator.sample_files import MAIN
from tests.mint_service.prompt_words import Color

from . import blender_scene, draco, model_shapes

TEXTURE = 256
LEAST_TRIANGLES = 3700
PREVIEW = (384, 384)
WHITE, BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
PAINTS: dict[str, tuple[Color, float, float]] = {  # color, roughness, metal
    "wood": ((0.45, 0.30, 0.18), 0.6, 0.0),
    "metal": ((0.62, 0.60, 0.56), 0.35, 1.0),
    "dark": ((0.12, 0.07, 0.05), 0.25, 0.0),
    "light": ((0.90, 0.87, 0.80), 0.4, 0.0),
}


def make(shape: str, folder: Path) -> None:
    """Make the original and the optimized GLB of a white model, and two pictures.

    The pictures show it in white and in black: any color is between them.
    """
    for name, color in (("black", BLACK), ("white", WHITE)):
        blender_scene.empty()
        made = _built(model_shapes.MAKERS[shape](), shape, color)
        if color == WHITE:
            _save_models(folder)
        _picture(made, folder / f"{name}.webp")


def _save_models(folder: Path) -> None:
    original = folder / "original.glb"
    bpy.ops.export_scene.gltf(
        filepath=str(original),
        export_format="GLB",
        export_yup=True,
        export_apply=True,
        export_extras=False,
    )
    content = original.read_bytes()
    original.unlink()
    optimized = draco.optimize(content, lambda picture: blender_scene.as_webp(picture, folder))
    (folder / "optimized.glb").write_bytes(optimized)
    for name in ("base", "orm"):
        content = glb.with_image(content, name, b"")
    (folder / "original.glb.xz").write_bytes(lzma.compress(content, preset=9))


def _picture(made: bpy.types.Object, path: Path) -> None:
    """Render the object on a floor."""
    low, high = (np.array([f(c) for c in zip(*made.bound_box, strict=True)]) for f in (min, max))
    middle, size = (low + high) / 2, float(np.linalg.norm(high - low))
    floor = np.array([[-9, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]]) * size
    ground = blender_scene.mesh_object("floor", floor + np.array([0, 0, low[2]]), [(0, 1, 2, 3)])
    ground.data.materials.append(blender_scene.material("floor", (0.75, 0.75, 0.77), rough=0.9))
    blender_scene.light(2.5, (0.85, 0.9, 1.0), 0.8)
    blender_scene.camera(middle + np.array([0.75, -1.5, 0.75]) * size, middle, degrees=34)
    blender_scene.render(path, *PREVIEW, 3)


def _built(thing: model_shapes.Thing, name: str, color: Color) -> bpy.types.Object:
    """Return the shape as one object, with a texture where it has the color of the prompt."""
    shifts = np.cumsum([0, *(len(part.points) for part in thing.parts)])
    points = np.concatenate([part.points for part in thing.parts])
    faces = [
        tuple(i + shift for i in face)
        for part, shift in zip(thing.parts, shifts, strict=False)
        for face in part.faces
    ]
    counts = [len(part.faces) for part in thing.parts]
    # as in Mint's models, the longest side is one unit
    points = points / max(np.ptp(points, axis=0))
    made = blender_scene.mesh_object(
        name, points, faces, np.repeat([part.smooth for part in thing.parts], counts)
    )
    paints = list(dict.fromkeys(part.paint for part in thing.parts))
    made.data.materials.append(
        blender_scene.material("main", color, textures=_textures(color, name, paints))
    )
    # Needed until the texture coordinates exist: Mint's models have one material.
    made.data.polygons.foreach_set(
        "material_index", np.repeat([paints.index(part.paint) for part in thing.parts], counts)
    )
    _refine(made.data)
    _unwrap(made.data, paints)
    made.data.polygons.foreach_set("material_index", np.zeros(len(made.data.polygons), np.int32))
    return made


def _refine(mesh: bpy.types.Mesh) -> None:
    """Triangulate, and divide the largest triangles until there are as many as in Mint's models.

    The shape does not change.
    """
    import bmesh  # installed with bpy

    work = bmesh.new()
    work.from_mesh(mesh)
    bmesh.ops.triangulate(work, faces=work.faces[:])
    while (missing := LEAST_TRIANGLES - len(work.faces)) > 0:
        largest = sorted(work.faces, key=lambda face: -face.calc_area())[
            : max(1, min(missing // 2 + 1, len(work.faces) // 2))
        ]
        bmesh.ops.poke(work, faces=largest)
    work.to_mesh(mesh)
    work.free()


def _unwrap(mesh: bpy.types.Mesh, paints: list[str]) -> None:
    """Create texture coordinates.

    Faces with the prompt's color are projected along their main direction; all faces of another
    paint share one point.
    """
    size = max(np.ptp([v.co for v in mesh.vertices], axis=0))
    layer = mesh.uv_layers.new(name="UVMap")
    found = np.zeros((len(mesh.loops), 2), np.float32)
    others = [paint for paint in paints if paint != "main"]
    for face in mesh.polygons:
        paint = paints[face.material_index]
        axes = [axis for axis in range(3) if axis != int(np.argmax(np.abs(face.normal)))]
        for loop in face.loop_indices:
            if paint == "main":
                spot = np.clip(
                    np.array(mesh.vertices[mesh.loops[loop].vertex_index].co)[axes] / size + 0.5,
                    0,
                    1,
                )
                found[loop] = ((0.01 + 0.98 * spot[0]) * MAIN, spot[1])
            else:
                found[loop] = (
                    MAIN + (1 - MAIN) / 2,
                    (others.index(paint) + 0.5) / max(1, len(others)),
                )
    layer.data.foreach_set("uv", found.ravel())


def _textures(
    color: Color, shape: str, paints: list[str]
) -> tuple[bpy.types.Image, bpy.types.Image]:
    """Create the base color with a pattern, and a roughness that matches it.

    The last quarter has an area for each other paint.
    """
    v, u = np.mgrid[0:TEXTURE, 0:TEXTURE] / TEXTURE
    random = np.random.default_rng(sum(map(ord, shape)))
    if shape in ("lamp", "stool"):
        grain = 0.5 + 0.25 * np.sin(u * 2 * np.pi * 32) + 0.25 * np.sin(v * 2 * np.pi * 32)
    elif shape == "chest":
        grain = 0.5 + 0.5 * np.sin(2 * np.pi * (6 * u + 0.4 * np.sin(4 * np.pi * v)))
    else:
        grain = 0.5 + 0.5 * np.sin(2 * np.pi * (3 * u + 2 * v)) * np.sin(2 * np.pi * (4 * v - u))
    grain = np.clip(grain + random.normal(0, 0.02, grain.shape), 0, 1)[..., None]
    base = np.array(color) * (0.78 + 0.22 * grain)
    packed = np.concatenate(
        [np.ones_like(grain), 0.45 + 0.35 * grain, np.zeros_like(grain)], axis=2
    )
    others = [paint for paint in paints if paint != "main"]
    for index, paint in enumerate(others):
        patch = (
            slice(TEXTURE * index // len(others), TEXTURE * (index + 1) // len(others)),
            slice(round(TEXTURE * MAIN), None),
        )
        base[patch], (packed[(*patch, 1)], packed[(*patch, 2)]) = (
            PAINTS[paint][0],
            PAINTS[paint][1:],
        )
    return blender_scene.picture("base", base), blender_scene.picture("orm", packed, data=True)
