# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the files of a variant, in Blender's process."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from ...files import build_spz
from .. import prompt_words
from . import blender_scene, courtyard, draco, evening, model_shapes, tiny_assets

TEXTURE = 256
MAIN = 0.75  # part of a texture's width that has the color of the prompt
LEAST_TRIANGLES = 3700
PANORAMA, WORLD_PREVIEW, MODEL_PREVIEW = (2048, 1024), (640, 360), (384, 384)
PREVIEW_ANGLE = 96.7  # degrees, as wide as the camera that Worlds get
TIERS = {"100k": 100_000, "500k": 500_000, "full_res": 2_000_000}
PAINTS: dict[str, tuple[prompt_words.Color, float, float]] = {  # color, roughness, metal
    "wood": ((0.45, 0.30, 0.18), 0.6, 0.0),
    "metal": ((0.62, 0.60, 0.56), 0.35, 1.0),
    "dark": ((0.12, 0.07, 0.05), 0.25, 0.0),
    "light": ((0.90, 0.87, 0.80), 0.4, 0.0),
}


def make_model(shape: str, color: str, folder: Path) -> None:
    """Make the original and the optimized GLB, and a picture."""
    blender_scene.empty()
    thing = model_shapes.MAKERS[shape]()
    made = _built(thing, shape, prompt_words.COLORS[color])
    original = folder / "original.glb"
    bpy.ops.export_scene.gltf(
        filepath=str(original),
        export_format="GLB",
        export_yup=True,
        export_apply=True,
        export_extras=False,
    )
    (folder / "optimized.glb").write_bytes(
        draco.optimize(
            original.read_bytes(), lambda content: blender_scene.as_webp(content, folder)
        )
    )
    low, high = (np.array([f(c) for c in zip(*made.bound_box, strict=True)]) for f in (min, max))
    middle, size = (low + high) / 2, float(np.linalg.norm(high - low))
    floor = np.array([[-9, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]]) * size
    ground = blender_scene.mesh_object("floor", floor + np.array([0, 0, low[2]]), [(0, 1, 2, 3)])
    ground.data.materials.append(blender_scene.material("floor", (0.75, 0.75, 0.77), rough=0.9))
    blender_scene.light(2.5, (0.85, 0.9, 1.0), 0.8)
    blender_scene.camera(middle + np.array([0.75, -1.5, 0.75]) * size, middle, degrees=34)
    blender_scene.render(folder / "preview.webp", *MODEL_PREVIEW, 3)


def _built(thing: model_shapes.Thing, name: str, color: prompt_words.Color) -> bpy.types.Object:
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
    color: prompt_words.Color, shape: str, paints: list[str]
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


def make_world(color: str, folder: Path, *, up: bool, full: bool, spz_version: int) -> None:
    """Make the collider, panorama, splats, picture and a placeholder for the radiance file."""
    points, triangles, paints = courtyard.joined(courtyard.courtyard())
    # corrected: a half turn about X
    turned = courtyard.raw(points) * ([1, -1, -1] if up else [1, 1, 1])
    (folder / "collider.glb").write_bytes(
        tiny_assets.mesh_glb(turned.astype("<f4"), triangles.astype("<u4").ravel(), name="collider")
    )
    blender_scene.empty()
    tree = BVHTree.FromPolygons(points.tolist(), triangles.tolist())
    _show_evening(points, triangles, paints, prompt_words.COLORS[color], tree)
    blender_scene.camera((0, 0, 0), (0, 1, 0), panorama=True)
    blender_scene.render(folder / "panorama.webp", *PANORAMA, 3, denoise=False)
    blender_scene.camera((0, 0, 0), (0, 1, 0), degrees=PREVIEW_ANGLE)
    blender_scene.render(folder / "preview.webp", *WORLD_PREVIEW, 4, denoise=False)
    panorama = blender_scene.pixels_of(folder / "panorama.webp")
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = across / np.linalg.norm(across, axis=1)[:, None]
    _splat(tree, normals, panorama, folder, full, spz_version)
    (folder / "lod.rad").write_bytes(b"RAD stand-in: this format is linked, never read\n" * 64)


def _show_evening(
    points: np.ndarray,
    triangles: np.ndarray,
    paints: list[str],
    color: prompt_words.Color,
    tree: BVHTree,
) -> None:
    """Fill the scene with the courtyard, its lamps, and a low sun."""

    def is_free(start: np.ndarray, end: np.ndarray) -> bool:
        way = Vector(end - start)
        return tree.ray_cast(Vector(start), way, way.length)[0] is None

    named = np.array(paints)
    made = blender_scene.mesh_object("courtyard", points, triangles, named == "pillar")
    blender_scene.project(made, points, triangles)
    textures = evening.textures(color)
    for name, texture in textures.items():
        made.data.materials.append(blender_scene.lit(name, texture))
    made.data.polygons.foreach_set(
        "material_index", [list(textures).index(each) for each in paints]
    )
    of_points = np.empty(len(points), named.dtype)
    of_points[triangles.ravel()] = np.repeat(named, 3)
    normals = blender_scene.normals_of(made)
    blender_scene.set_glow(made, evening.glow(points, normals, of_points, is_free))
    blender_scene.sunset(evening.SUN, evening.SUN_COLOR, evening.SUN_STRENGTH, evening.sky())


def _splat(
    tree: BVHTree, normals: np.ndarray, panorama: np.ndarray, folder: Path, full: bool, version: int
) -> None:
    """Write splats where rays from the capture point hit the triangles with these normals.

    They have the panorama's colors and are flat on the surface. A smaller tier is a selection from
    the largest one, with larger splats.
    """
    tiers = {tier: count for tier, count in TIERS.items() if full or tier != "full_res"}
    rays = _directions(round(max(tiers.values()) * 1.25))
    hits = [tree.ray_cast((0, 0, 0), ray)[2:] for ray in rays.tolist()]
    met = np.array([triangle is not None for triangle, _ in hits])
    rays, hits = rays[met], [hit for hit in hits if hit[0] is not None]
    places = rays * np.array([distance for _, distance in hits])[:, None]
    normals = normals[[triangle for triangle, _ in hits]]
    order = np.random.default_rng(1).permutation(len(places))
    for tier, count in tiers.items():
        chosen = np.sort(order[:count])
        cloud = _cloud(places[chosen], normals[chosen], rays[chosen], panorama, round(count * 1.25))
        (folder / f"{tier}.spz").write_bytes(build_spz.encode(cloud, version=version))


def _directions(count: int) -> np.ndarray:
    """Return directions spread evenly over the sphere, except for the sky straight above."""
    step = np.arange(count) + 0.5
    z = -1 + 1.5 * step / count  # from straight down to 30 degrees above the horizon
    turn = np.pi * (1 + 5**0.5) * step
    return np.column_stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z])


def _cloud(
    places: np.ndarray, normals: np.ndarray, rays: np.ndarray, panorama: np.ndarray, count: int
) -> build_spz.Splats:
    apart = np.sqrt(4 * np.pi * 0.75 / count)  # radians from one ray to the next
    seen = _smaller(panorama, max(1, round(apart * panorama.shape[1] / (2 * np.pi))))
    height, width, _ = seen.shape
    u = 0.5 + np.arctan2(rays[:, 0], rays[:, 1]) / (2 * np.pi)
    v = 0.5 + np.arcsin(np.clip(rays[:, 2], -1, 1)) / np.pi
    colors = seen[
        np.clip((v * height).astype(int), 0, height - 1),
        np.clip((u * width).astype(int), 0, width - 1),
    ]
    spread = np.linalg.norm(places, axis=1) * apart * 0.7
    scales = np.column_stack([spread, spread, spread * 0.1])
    return build_spz.plain(
        courtyard.raw(places), scales, _facing(courtyard.raw(normals)), colors, 0.95
    )


def _smaller(picture: np.ndarray, factor: int) -> np.ndarray:
    """Return the means of squares of a picture: a splat has the color of all that it covers."""
    height, width = (side // factor for side in picture.shape[:2])
    squares = picture[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    return np.asarray(squares.mean(axis=(1, 3)))


def _facing(normals: np.ndarray) -> np.ndarray:
    """Return rotations (w, x, y, z) that turn +Z to the normals."""
    # a disc has two sides, and the nearer one is used
    normals = np.where(normals[:, 2:] < 0, -normals, normals)
    half = np.column_stack(
        [1 + normals[:, 2], -normals[:, 1], normals[:, 0], np.zeros(len(normals))]
    )
    return half / np.linalg.norm(half, axis=1)[:, None]
