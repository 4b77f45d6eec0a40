# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats have the attributes of Blender 5.3's native ones and look as they should."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz import decode
from mint_blender.scene.transaction import DataSnapshot
from mint_blender.scene.world import splat_nodes, splats

from ..conftest import DOES_NOT_APPLY
from ..files import build_spz
from ..files.read_spz import Splats, read_splats, to_blender_axes
from . import synthetic_world
from .splat_settings import set_display, shown
from .synthetic_world import linear

WIDTHS = {"position": 3, "scale": 3, "rotation": 4, "radiance:base": 4}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes splats to an SPZ file and returns its path."""

    def write_splats(made: Splats, **how) -> Path:
        path = tmp_path / "place.spz"
        path.write_bytes(build_spz.encode(made, **how))
        return path

    return write_splats


def read(data, name: str) -> np.ndarray:
    attribute = data.attributes[name]
    members = {"QUATERNION": "value", "FLOAT_COLOR": "color"}
    member = members.get(attribute.data_type, "vector")
    width = WIDTHS.get(name, 3)
    values = np.empty(len(attribute.data) * width, np.float32)
    attribute.data.foreach_get(member, values)
    return values.reshape(-1, width)


def arrays(of: Splats) -> dict[str, np.ndarray]:
    """Return the arrays that each object of splats has, by the names of its attributes."""
    names = ("position", "scale", "rotation", "radiance:base")
    return dict(zip(names, (of.positions, of.scales, of.rotations, of.base), strict=True))


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_attributes_are_those_of_native_splats(write, degree):
    """Names, types and values are those of Blender 5.3's importer, in Blender's axes.

    Earlier Blenders have no harmonics: no picture there shows them, and they are most of a .blend.
    """
    path = write(build_spz.made_up(50, degree=degree))
    made = splats.build(path, "Place", bpy.context.scene.collection)
    expected = to_blender_axes(read_splats(path))
    kinds = {each.name: each.data_type for each in made.data.attributes}
    assert kinds["scale"] == kinds["position"] == "FLOAT_VECTOR"
    assert kinds["rotation"] == "QUATERNION"
    assert kinds["radiance:base"] in {"FLOAT4", "FLOAT_COLOR"}
    for name, values in arrays(expected).items():
        np.testing.assert_allclose(read(made.data, name), values, atol=1e-6)
    count = expected.harmonics.shape[1] if splats.has_native() else 0
    harmonics = [f"radiance:sh_{k}" for k in range(count)]
    assert {name for name in kinds if name.startswith("radiance:sh_")} == set(harmonics)
    for k, name in enumerate(harmonics):
        np.testing.assert_allclose(read(made.data, name), expected.harmonics[:, k], atol=1e-6)
    assert made.type == ("POINTCLOUD" if splats.has_native() else "MESH")


@pytest.fixture
def photo(tmp_path):
    """Return a function that takes a picture along +Y: 96 x 64 pixels, 0.05 units each."""
    if splats.has_native():
        pytest.skip(DOES_NOT_APPLY + "this Blender shows splats itself")
    scene = bpy.context.scene
    camera = synthetic_world.camera_ahead(scene)
    return partial(synthetic_world.render, scene, camera, tmp_path / "seen.png")


@pytest.fixture
def show(write, photo):
    """Return a function that makes an object of splats: `show(places=…, scales=…)`."""
    return lambda **how: splats.build(
        write(build_spz.plain(**how)), "Splats", bpy.context.scene.collection
    )


def test_a_splat_looks_like_its_gaussian(show, photo):
    """From the front, color and opacity of every pixel are those of the Gaussian."""
    # in the file's axes: flat along z, which is Blender's Y, the way the camera looks
    color = (0.9, 0.6, 0.2)
    show(places=[(0.5, 0, 0)], scales=[(0.6, 0.3, 0.001)], colors=[color], opacities=[0.8])
    seen = photo(samples=256)
    x, z = 0.05 * np.array(np.meshgrid(np.arange(96) - 47.5, 31.5 - np.arange(64)))
    gauss = 0.8 * np.exp(-0.5 * (((x - 0.5) / 0.6) ** 2 + (z / 0.3) ** 2))
    shown = np.where(gauss > splat_nodes.FAINT, gauss, 0)[..., None]
    expected = linear(np.array(color)) * shown
    difference = np.abs(linear(seen) - expected).max(axis=-1)
    assert difference.mean() < 0.01 and (difference < 0.08).mean() > 0.99


@pytest.mark.parametrize("thin", [0, 1, 2])
def test_the_disc_is_perpendicular_to_the_smallest_axis(show, photo, thin):
    """A splat is broad seen along its smallest axis and thin from the side."""
    scale = np.full(3, 0.5)
    scale[thin] = 0.001
    # a turn about the file's axes that brings the thin axis to z, along which the camera looks
    toward = ((0.7071068, 0, 0.7071068, 0), (0.7071068, 0.7071068, 0, 0), (1, 0, 0, 0))[thin]
    made = show(places=[(0, 0, 0)], scales=[scale], rotations=[toward])
    broad = (photo(samples=4).max(axis=-1) > 0.3).sum()
    made.rotation_euler[2] = np.pi / 2
    narrow = (photo(samples=4).max(axis=-1) > 0.3).sum()
    assert broad > 400 and narrow < broad / 8


def test_many_layers_stay_bright(show, photo):
    """Forty half-transparent layers of one color do not turn dark."""
    places = [(0, 0, -0.05 * index) for index in range(40)]
    show(places=places, scales=[(0.8, 0.8, 0.001)], colors=[(0.8, 0.5, 0.3)], opacities=[0.15])
    middle = photo(samples=64)[28:36, 44:52].mean(axis=(0, 1))
    np.testing.assert_allclose(linear(middle), linear(np.array([0.8, 0.5, 0.3])), atol=0.03)


def test_splats_in_one_plane_fill_it(show, photo):
    """A wall of half-transparent splats in one plane has no dark seams."""
    places = [(0.2 * x, 0.2 * y, 0) for x in range(-12, 13) for y in range(-8, 9) for _ in range(4)]
    show(places=places, scales=[(0.2, 0.2, 0.01)], colors=[(0.8, 0.5, 0.3)], opacities=[0.9])
    # single pixels are noisy
    blocks = linear(photo(samples=64)[16:48, 24:72]).reshape(8, 4, 12, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks / linear(np.array([0.8, 0.5, 0.3])), 1, atol=0.15)


def test_nearer_splats_hide_those_behind(show, photo):
    """The order in the file does not matter."""
    for places, colors in (
        ([(0, 0, 1), (0, 0, -1)], [(1, 0, 0), (0, 1, 0)]),
        ([(0, 0, -1), (0, 0, 1)], [(0, 1, 0), (1, 0, 0)]),
    ):
        made = show(places=places, scales=[(0.5, 0.5, 0.001)], colors=colors)
        middle = photo(samples=16)[30:34, 46:50].mean(axis=(0, 1))
        assert middle[0] > 0.9 and middle[1] < 0.4  # +Z in the file is towards the viewer
        bpy.data.objects.remove(made)


@pytest.mark.feature("splats as vertices of a mesh")
def test_density_reduces_what_a_window_shows(show):
    """A share of the splats is shown, always the same ones; faint splats never are."""
    places = np.random.default_rng(1).uniform(-1, 1, (400, 3))
    made = show(places=places, opacities=[0.02] * 100 + [0.9] * 300)
    assert sum(shown(made)) == 300
    set_display(made, density=0.5)
    half = shown(made)
    assert 110 < sum(half) < 190
    made.update_tag()
    assert shown(made) == half


def test_above_the_limit_a_window_shows_points_and_a_render_discs(write, photo):
    """A large cloud is drawn as points in a window; its render does not change."""
    made = splats.build(write(build_spz.made_up(60)), "Many", bpy.context.scene.collection)
    before = photo(samples=4)
    set_display(made, viewport_limit=59)
    bpy.context.view_layer.update()
    squares, points = shown(made)
    assert squares == 0 and (points == 0 or points > 40)  # before 5.1 they are not told
    assert np.array_equal(photo(samples=4), before)


def test_solid_shading_shows_the_colors(show, tmp_path):
    """Each square shows a disc of its color, a cell of the palette, also after opening the file."""
    made = show(places=[(0, 0, 0), (1, 0, 0)], colors=[(0.9, 0.6, 0.2)])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    for _ in range(2):
        seen = made.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        active = seen.materials[seen.polygons[0].material_index].node_tree.nodes.active
        width, height = active.image.size
        pixels = np.array(active.image.pixels[:]).reshape(height, width, 4)
        (uv_map,) = seen.uv_layers  # from 5.2 on none of them is the active one
        corners = np.array([each.vector for each in uv_map.uv])
        assert len(corners) == 8 and active.bl_idname == "ShaderNodeTexImage"
        half_a_level = 0.5 / 31 + 0.005
        for square in corners.reshape(2, 4, 2):
            low, high = (square.min(axis=0), square.max(axis=0)) * np.array((width, height))
            (left, lower), (right, upper) = low.round().astype(int), high.round().astype(int)
            cell = pixels[lower:upper, left:right]
            colors = cell.reshape(-1, 4)[:, :3]
            assert np.abs(colors - (0.9, 0.6, 0.2)).max() <= half_a_level
            side = len(cell)
            assert cell.shape[:2] == (side, side) and side == pytest.approx(high - low)
            assert cell[0, :, 3].max() == 0 and cell[side // 2, side // 2, 3] == 1
        assert not {"scale", "rotation", "radiance:base"} & {each.name for each in seen.attributes}
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
        made = bpy.data.objects["Splats"]


def test_nodes_and_material_are_made_once(write, photo):
    """Ten clouds share one node group and one material."""
    path = write(build_spz.made_up(5))
    for _ in range(3):
        splats.build(path, "Place", bpy.context.scene.collection)
    for kind in (bpy.data.node_groups, bpy.data.materials, bpy.data.images):
        assert [each.name for each in kind] == [splat_nodes.NAME]


def test_a_bad_file_changes_nothing(tmp_path):
    """A refused file leaves no object, data or node group behind."""
    before, path = DataSnapshot(), tmp_path / "place.spz"
    whole = build_spz.encode(build_spz.made_up(100, degree=1))
    for content in (b"", b"<html>", whole[:-100]):
        path.write_bytes(content)
        with pytest.raises(InvalidSplats):
            splats.build(path, "Place", bpy.context.scene.collection)
        assert before.new() == []


@pytest.mark.feature("splats as a point cloud")
def test_a_mesh_of_splats_becomes_a_point_cloud(write):
    """The native point cloud has the same values as the mesh of an older Blender."""
    if "resize" not in bpy.types.PointCloud.bl_rna.functions:
        pytest.skip(DOES_NOT_APPLY + "this Blender cannot make point clouds")
    path = write(build_spz.made_up(30, degree=1))
    made = to_blender_axes(read_splats(path))
    mesh = bpy.data.meshes.new("Old")
    mesh.vertices.add(30)
    mesh.attributes.new("radiance:base", "FLOAT_COLOR", "POINT")  # as before 5.2
    splats.write(mesh, decode.attributes(path))
    cloud = splats.as_point_cloud(mesh)
    assert cloud.attributes["radiance:base"].data_type == "FLOAT4" and len(cloud.points) == 30
    for name, values in arrays(made).items():
        assert np.array_equal(read(cloud, name), values)
    assert np.array_equal(read(cloud, "radiance:sh_2"), made.harmonics[:, 2])
