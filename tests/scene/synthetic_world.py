# SPDX-License-Identifier: GPL-3.0-or-later
"""A World whose every color is known: an empty room around the capture point.

Upright frame, meters at the scale of the file: X right, Y forward, Z up, the capture point at the
origin. The room differs in every direction, so a picture that is rotated, mirrored or upside down
is noticed. Collider, panorama and splats are written as Mint writes them: Y down.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ..files.build_glb import png_of
from .glb_fixtures import Glb

LOW, HIGH = np.array([-1.0, -0.8, -0.6]), np.array([1.4, 2.0, 0.9])
CORNERS = np.array([[(LOW, HIGH)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)])
WALLS = np.array([[220, 40, 40], [40, 200, 40], [50, 60, 220]], float) / 255
WALLS = np.vstack((WALLS, np.array([[220, 210, 40], [200, 60, 200], [60, 210, 210]]) / 255))
"""Colors, as in a picture, of: left, right, behind, ahead, floor, ceiling."""
# the wall's color beyond its middle, in each of its two directions: four fields that differ
# pairwise
DIM = 0.45


def colors(origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return what is seen from points inside the room along directions.

    Points, directions and the result have the shape (..., 3); colors are as in a picture.
    """
    with np.errstate(divide="ignore"):
        distances = np.where(directions > 0, HIGH - origins, LOW - origins) / directions
    distances[~np.isfinite(distances)] = np.inf
    axis = distances.argmin(axis=-1)
    hit = origins + directions * np.take_along_axis(distances, axis[..., None], -1)
    side = np.take_along_axis(directions, axis[..., None], -1)[..., 0] > 0
    beyond = hit > np.array([0.3, 0.7, 0.1])
    first, second = (
        np.take_along_axis(beyond, ((axis + step) % 3)[..., None], -1)[..., 0] for step in (1, 2)
    )
    return (
        WALLS[2 * axis + side]
        * np.where(first, DIM, 1)[..., None]
        * np.where(second, 0.7, 1)[..., None]
    )


def collider(path: Path, *, down: bool = True, ceiling: bool = True) -> Path:
    """Write the room as a GLB of twelve triangles, Y down by default.

    Without a ceiling its faces show which way is down.
    """
    faces = [(0, 4, 6, 2), (1, 3, 7, 5), (0, 1, 5, 4), (2, 6, 7, 3), (0, 2, 3, 1)]
    faces += [(4, 5, 7, 6)] if ceiling else []
    glb = Glb()
    indices = np.array([i for a, b, c, d in faces for i in (a, b, c, a, c, d)])
    attributes = {"POSITION": glb.accessor(in_file(CORNERS, down=down), "f4")}
    primitive = {"attributes": attributes, "indices": glb.accessor(indices, "u2")}
    glb.node(mesh=glb.mesh(primitive), name="collider")
    return glb.save(path)


def in_file(upright: np.ndarray, *, down: bool = True) -> np.ndarray:
    """Convert points from the upright frame to glTF's.

    X = -x, Y = -z, Z = -y where Y points down there; `up` means a half turn about x after that.
    """
    x, y, z = upright.T
    return np.stack((-x, -z, -y) if down else (-x, z, y), axis=1)


def panorama(path: Path, width: int = 512) -> Path:
    """Write the room as seen from the capture point.

    The middle column is straight ahead (+Y), the right half is to the right (+X).
    """
    u = (np.arange(width) + 0.5) / width
    v = (np.arange(width // 2) + 0.5) / (width // 2)
    right, up = np.meshgrid((u - 0.5) * 2 * np.pi, (0.5 - v) * np.pi)
    directions = np.stack(
        (np.cos(up) * np.sin(right), np.cos(up) * np.cos(right), np.sin(up)), axis=-1
    )
    path.write_bytes(png(colors(np.zeros(3), directions)))
    return path


def png(pixels: np.ndarray) -> bytes:
    """Return a picture of these colors from 0 to 1: height × width × 3."""
    return png_of(np.round(pixels * 255).astype(np.uint8))


def linear(values: np.ndarray) -> np.ndarray:
    """Convert sRGB values from 0 to 1 to linear ones."""
    curved = ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4
    return np.where(values > 0.04045, curved, values / 12.92)


SIZE = 96, 64


def render(
    scene: bpy.types.Scene, camera: bpy.types.Object, path: Path, *, samples: int = 1
) -> np.ndarray:
    """Render with Cycles from this camera and return the colors.

    They are 0..1 as in a picture, the first row at the top. The picture is left at `path`.
    """
    scene.camera = camera
    scene.render.engine = "CYCLES"
    cycles = {"device": "CPU", "samples": samples, "pixel_filter_type": "BOX", "filter_width": 0.01}
    for name, value in cycles.items():
        setattr(scene.cycles, name, value)
    scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
    set_output(scene, path)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return pixels_of(path)


def set_output(scene: bpy.types.Scene, path: Path) -> None:
    """Let a render be written as a small picture with the colors of the scene."""
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)


def pixels_of(path: Path) -> np.ndarray:
    """Return the colors of a picture of that size, 0..1, the first row at the top."""
    image = bpy.data.images.load(str(path))
    pixels = np.array(image.pixels[:]).reshape(SIZE[1], SIZE[0], 4)[::-1, :, :3]
    bpy.data.images.remove(image)
    return pixels


def camera_ahead(scene: bpy.types.Scene) -> bpy.types.Object:
    """Add a camera that looks along +Y with 96 x 64 pixels, 0.05 units each at the origin."""
    data = bpy.data.cameras.new("Camera")
    data.type, data.ortho_scale = "ORTHO", 4.8
    camera = bpy.data.objects.new("Camera", data)
    camera.location, camera.rotation_euler = (0, -10, 0), (np.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    return camera


def seen_from(camera: bpy.types.Object, upright: Matrix) -> np.ndarray:
    """Return what that camera has to see; `upright` is the pose of the room in the scene."""
    width, height = SIZE
    half = camera.data.sensor_width / camera.data.lens / 2
    x, y = np.meshgrid(
        (np.arange(width) + 0.5) / width * 2 - 1, 1 - (np.arange(height) + 0.5) / height * 2
    )
    rays = np.stack((x * half, y * half * height / width, np.full_like(x, -1)), axis=-1)
    matrix = np.array(upright.inverted() @ camera.matrix_world)
    return colors(np.broadcast_to(matrix[:3, 3], rays.shape), rays @ matrix[:3, :3].T)


def agreement(seen: np.ndarray, expected: np.ndarray) -> float:
    """Return the share of pixels that have the expected color.

    Some on the edges between two fields never have.
    """
    return float((np.abs(seen - expected).max(axis=-1) < 0.03).mean())
