# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds made of the room of `synthetic_world`, and where their parts are. Needs bpy."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from mint_blender.scene.world import build as world_build
from mint_blender.scene.world.files import WorldFiles, WorldOptions

from ..files import build_spz
from . import synthetic_world

CORNERS = synthetic_world.CORNERS


def corner_splats(path: Path) -> Path:
    """Write a splat in each corner of the synthetic room."""
    places = synthetic_world.in_file(CORNERS)
    made = build_spz.plain(places, (0.05,) * 3, opacities=0.9)
    path.write_bytes(build_spz.encode(made))
    return path


def all_parts(folder: Path) -> WorldFiles:
    """Write all parts of the synthetic room."""
    links = {
        "rad": "https://files.example/place.rad",
        "spz_100k": "https://files.example/place.spz",
    }
    return WorldFiles(
        collider=synthetic_world.collider(folder / "collider.glb"),
        panorama=synthetic_world.panorama(folder / "panorama.png"),
        splats=corner_splats(folder / "splats.spz"),
        caption="A room of six colors.",
        links=links,
    )


def build(files: WorldFiles, at=(0, 0, 0), **options) -> world_build.BuiltWorld:
    """Place these parts in the open scene."""
    scene = bpy.context.scene
    built = world_build.build_world(
        files,
        name="Room",
        collection=scene.collection,
        scene=scene,
        at=at,
        options=WorldOptions(**options),
        properties={"mint_kind": "world"},
    )
    bpy.context.view_layer.update()
    return built


def ground_of(files: WorldFiles) -> bpy.types.Object:
    """Place a World whose splats are its floor, from y = 0 on; return its root."""
    random = np.random.default_rng(1)
    places = np.column_stack((random.uniform(-1, 1.4, 3000), random.uniform(0, 2, 3000)))
    floor_of_room = np.column_stack((places, np.full(3000, -0.6)))
    made = build_spz.plain(
        synthetic_world.in_file(floor_of_room), (0.05, 0.005, 0.05), opacities=0.9
    )
    assert files.splats is not None
    files.splats.write_bytes(build_spz.encode(made))
    return build(files, camera=False, panorama_as_world=False).root


def part(root, name: str):
    """Return the first object of that kind below a World's root, or None."""
    found = [each for each in root.children_recursive if each.get("mint_part") == name]
    return found[0] if found else None


def places(each) -> np.ndarray:
    """Return where an object's vertices or points are in the scene, sorted."""
    attribute = each.data.attributes["position"]
    flat = np.empty(len(attribute.data) * 3, np.float32)
    attribute.data.foreach_get("vector", flat)
    matrix = np.array(each.matrix_world)
    points = flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    return ordered(np.unique(np.round(points, 2), axis=0))


def ordered(points: np.ndarray) -> np.ndarray:
    """Return points sorted and rounded to the centimeter."""
    points = np.round(points, 2) + 0.0
    return points[np.lexsort(points.T)]


def assert_at(each, points: np.ndarray) -> None:
    """Check that the vertices, or splats, of an object are at these points, to a centimeter."""
    np.testing.assert_allclose(places(each), ordered(points), atol=0.011)
