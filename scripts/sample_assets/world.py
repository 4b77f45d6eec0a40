# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the files of the World, in Blender's process."""
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from tests.files import build_spz
from tests.mint_service.asset_generator import sample_files
from tests.mint_service.asset_generator.tiny_assets import bare_mesh

from . import blender_scene, courtyard, evening

PANORAMA, PREVIEW = (2048, 1024), (640, 360)
LOOK = (1024, 512)
PREVIEW_ANGLE = 96.7  # degrees, as wide as the camera that Worlds get
TIERS = {"100k": 100_000, "500k": 500_000}
EYES = ((0.0, 0.0, 0.0), (-1.4, 1.3, 0.2), (1.4, 1.3, 0.2), (0.0, -1.4, 0.2))
"""Where the splats are seen from: the capture point first, the others for what it cannot see."""
SPREAD = 0.66
"""Standard deviation of a splat, in distances from one to the next."""
STEEPEST = 0.3
"""The cosine between ray and normal up to which splats become longer."""


def make(folder: Path) -> None:
    """Make the collider, the panorama, the picture and the splats."""
    points, triangles, paints = courtyard.joined(courtyard.courtyard())
    collider = bare_mesh(courtyard.raw(points), triangles)
    (folder / "collider.glb.xz").write_bytes(lzma.compress(collider, preset=9))
    blender_scene.empty()
    tree = BVHTree.FromPolygons(points.tolist(), triangles.tolist())
    _show_evening(points, triangles, paints, tree)
    looks = _look_around(folder)
    blender_scene.camera((0, 0, 0), (0, 1, 0), degrees=PREVIEW_ANGLE)
    blender_scene.render(folder / "preview.webp", *PREVIEW, 4, denoise=False)
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = across / np.linalg.norm(across, axis=1)[:, None]
    for tier, count in TIERS.items():
        cloud = _cloud(tree, points[triangles], normals, looks, count)
        packed = sample_files.in_planes(build_spz.content(cloud))
        (folder / f"{tier}.spz.xz").write_bytes(lzma.compress(packed, preset=9))


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
    tree: BVHTree,
) -> None:
    """Fill the scene with the courtyard, its lamps, and a low sun."""

    def is_free(start: np.ndarray, end: np.ndarray) -> bool:
        way = Vector(end - start)
        return tree.ray_cast(Vector(start), way, way.length)[0] is None

    named = np.array(paints)
    made = blender_scene.mesh_object("courtyard", points, triangles, named == "pillar")
    blender_scene.project(made, points, triangles)
    textures = evening.textures()
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
