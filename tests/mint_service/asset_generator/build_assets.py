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
LOOK = (1024, 512)
PREVIEW_ANGLE = 96.7  # degrees, as wide as the camera that Worlds get
TIERS = {"100k": 100_000, "500k": 500_000}
EYES = ((0.0, 0.0, 0.0), (-1.4, 1.3, 0.2), (1.4, 1.3, 0.2), (0.0, -1.4, 0.2))
"""Where the splats are seen from: the capture point first, the others for what it cannot see."""
SPREAD = 0.66
"""Standard deviation of a splat, in distances from one to the next."""
STEEPEST = 0.3
"""The cosine between ray and normal up to which splats become longer."""
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


def make_world(color: str, folder: Path, *, up: bool) -> None:
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
    looks = _look_around(folder)
    blender_scene.camera((0, 0, 0), (0, 1, 0), degrees=PREVIEW_ANGLE)
    blender_scene.render(folder / "preview.webp", *WORLD_PREVIEW, 4, denoise=False)
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = across / np.linalg.norm(across, axis=1)[:, None]
    for tier, count in TIERS.items():
        cloud = _cloud(tree, points[triangles], normals, looks, count)
        (folder / f"{tier}.spz").write_bytes(build_spz.encode(cloud))
    (folder / "lod.rad").write_bytes(b"RAD stand-in: this format is linked, never read\n" * 64)


def _look_around(folder: Path) -> list[np.ndarray]:
    """Return the panorama of each eye, (height, width, 3); that of the first one is kept."""
    looks = []
    for number, (x, y, z) in enumerate(EYES):
        path = folder / ("look.png" if number else "panorama.webp")
        blender_scene.camera((x, y, z), (x, y + 1, z), panorama=True)
        size, samples = (LOOK, 1) if number else (PANORAMA, 3)
        blender_scene.render(path, *size, samples, denoise=False)
        looks.append(blender_scene.pixels_of(path))
    path.unlink()
    return looks


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


def _cloud(
    tree: BVHTree, corners: np.ndarray, normals: np.ndarray, looks: list[np.ndarray], count: int
) -> build_spz.Splats:
    """Return as many splats on the triangles with these corners (n, 3, 3) and normals.

    They have the colors of the panoramas and are flat on the surface: where rays from the capture
    point hit it, as long as the rays are apart there; and on the triangles that it does not see.
    """
    parts = [_unseen(tree, corners, normals, looks, is_fine=count > TIERS["100k"])]
    rays, places, hit, apart = _hits(tree, count - len(parts[0][0]))
    slope = np.maximum(np.abs((rays * normals[hit]).sum(axis=1)), STEEPEST)
    across = np.linalg.norm(places, axis=1) * apart * SPREAD
    scales = np.column_stack([across / slope, across, across * 0.1])
    parts.append((places, normals[hit], rays, _colors(looks[0], rays, apart), scales))
    places, normals, rays, colors, scales = map(np.concatenate, zip(*parts, strict=True))
    raw = courtyard.raw
    return build_spz.plain(raw(places), scales, _lying(raw(normals), raw(rays)), colors, 0.95)


def _hits(tree: BVHTree, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return directions, places and triangles of this many rays from the capture point that hit.

    Also returns the angle from one ray to the next, in radians.
    """
    sent, met = count, np.zeros(0, int)
    while len(met) < count:
        sent = round(sent * 1.002 * count / len(met)) if len(met) else sent
        rays = _directions(sent)
        hits = [tree.ray_cast((0, 0, 0), ray)[2:] for ray in rays.tolist()]
        met = np.array([number for number, hit in enumerate(hits) if hit[0] is not None])
    chosen = met[:count]  # what is left out is highest, and no hole
    triangles, away = (
        np.array(each) for each in zip(*(hits[each] for each in chosen), strict=True)
    )
    apart = float(np.sqrt(4 * np.pi * 0.75 / sent))
    return rays[chosen], rays[chosen] * away[:, None], triangles.astype(int), apart


def _unseen(
    tree: BVHTree,
    corners: np.ndarray,
    normals: np.ndarray,
    looks: list[np.ndarray],
    *,
    is_fine: bool,
) -> tuple[np.ndarray, ...]:
    """Return one splat, or four, for each triangle that only the other eyes see.

    Its place, normal, ray, color, and scales.
    """
    middle = corners.mean(axis=1)
    left = np.flatnonzero(~_sees(tree, EYES[0], middle))
    found = []
    for eye, look in zip(EYES[1:], looks[1:], strict=True):
        is_seen = _sees(tree, eye, middle[left])
        seen, left = left[is_seen], left[~is_seen]
        places = middle[seen][:, None]
        if is_fine:
            places = np.concatenate([places, (places + corners[seen]) / 2], axis=1)
        each = np.repeat(seen, places.shape[1])
        places = places.reshape(-1, 3)
        rays = places - eye
        rays /= np.linalg.norm(rays, axis=1)[:, None]
        across = np.full(len(places), courtyard.CELL * (0.4 if is_fine else 0.8) * SPREAD)
        scales = np.column_stack([across, across, across * 0.1])
        found.append((places, normals[each], rays, _colors(look, rays, 0.0), scales))
    return tuple(map(np.concatenate, zip(*found, strict=True)))


def _sees(tree: BVHTree, eye: tuple[float, float, float], places: np.ndarray) -> np.ndarray:
    """Return which places (n, 3) are seen from a point."""
    ways = places - eye
    lengths = np.linalg.norm(ways, axis=1) - 0.01
    return np.array(
        [
            tree.ray_cast(eye, way, most)[0] is None
            for way, most in zip(ways.tolist(), lengths.tolist(), strict=True)
        ]
    )


def _directions(count: int) -> np.ndarray:
    """Return directions spread evenly over the sphere, except for the sky straight above."""
    step = np.arange(count) + 0.5
    z = -1 + 1.5 * step / count  # from straight down to 30 degrees above the horizon
    turn = np.pi * (1 + 5**0.5) * step
    return np.column_stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z])


def _colors(panorama: np.ndarray, rays: np.ndarray, apart: float) -> np.ndarray:
    """Return what a panorama shows in these directions."""
    seen = _smaller(panorama, max(1, round(apart * panorama.shape[1] / (2 * np.pi))))
    height, width, _ = seen.shape
    u = 0.5 + np.arctan2(rays[:, 0], rays[:, 1]) / (2 * np.pi)
    v = 0.5 + np.arcsin(np.clip(rays[:, 2], -1, 1)) / np.pi
    found: np.ndarray = seen[
        np.clip((v * height).astype(int), 0, height - 1),
        np.clip((u * width).astype(int), 0, width - 1),
    ]
    return found


def _smaller(picture: np.ndarray, factor: int) -> np.ndarray:
    """Return the means of squares of a picture: a splat has the color of all that it covers."""
    height, width = (side // factor for side in picture.shape[:2])
    squares = picture[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    return np.asarray(squares.mean(axis=(1, 3)))


def _lying(normals: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Return rotations (w, x, y, z) that turn +Z to the normals, and +X along the rays."""
    # a disc has two sides, and the nearer one is used
    normals = np.where(normals[:, 2:] < 0, -normals, normals)
    half = np.column_stack(
        [1 + normals[:, 2], -normals[:, 1], normals[:, 0], np.zeros(len(normals))]
    )
    half /= np.linalg.norm(half, axis=1)[:, None]
    w, x, y, _ = half.T
    # the ray in the space of the disc: turned back
    across = np.column_stack([-x, -y, np.zeros(len(x))])
    twice = 2 * np.cross(across, rays)
    seen = rays + w[:, None] * twice + np.cross(across, twice)
    turn = np.arctan2(seen[:, 1], seen[:, 0]) / 2
    c, s = np.cos(turn), np.sin(turn)
    return np.column_stack([w * c, x * c + y * s, y * c - x * s, w * s])
