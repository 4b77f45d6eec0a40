# SPDX-License-Identifier: GPL-3.0-or-later
"""Models and characters for engines: what is written is imported again and compared."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.dev import cache

from .rig_fixtures import Clip, Rig, walk

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.files.export_options import TARGETS, ExportOptions, ExportRefused
from mint_blender.scene.after import mesh_tools
from mint_blender.scene.after.export import Exported, export_model
from mint_blender.scene.animation import clips, tracks
from mint_blender.scene.bounds import bounds_as_shown
from mint_blender.scene.data_blocks import all_data_blocks
from mint_blender.scene.export.output import start_empty
from mint_blender.scene.mesh_arrays import positions, read
from mint_blender.scene.staging_scene import staging_scene

from .rig_helpers import armature_of, place
from .scene_snapshot import SceneSnapshot

STRUT = Clip("Armature|Proud_Strut|baselayer", motion=partial(walk, travel=1.2))


def ball() -> bpy.types.Object:
    """Return a model with 1,984 triangles and a texture, which is scaled and not at the origin."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=32, ring_count=32, location=(3, 4, 5))
    root: Any = bpy.context.object
    root.name = "Ball"
    root["mint_job_id"] = "j"
    root.scale = (2, 2, 1)
    root.data.polygons.foreach_set("use_smooth", [True] * len(root.data.polygons))
    material = bpy.data.materials.new("Skin")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.new("Skin", 256, 128)
    texture.image.generated_type = "COLOR_GRID"
    texture.image.pack()
    inputs = next(node for node in nodes if node.type == "BSDF_PRINCIPLED").inputs
    material.node_tree.links.new(texture.outputs[0], inputs["Base Color"])
    root.data.materials.append(material)
    bpy.context.view_layer.update()
    return root


def exported(root: bpy.types.Object, folder: Path, target: str, **options: Any) -> Exported:
    """Export into a new folder, and look whether anything in the open file has changed."""
    before = SceneSnapshot() if root.name == "Ball" and target == "unity" else None  # it is slow
    names = names_of_all()
    path = folder / "new" / f"{root.name}{TARGETS[target].suffix}"
    done = export_model(root, ExportOptions(target, **options), path)
    bpy.context.scene.frame_set(bpy.context.scene.frame_current)
    assert names == names_of_all()
    if before is not None:
        before.assert_same(SceneSnapshot())
    assert done.path == path and path.stat().st_size > 1000
    return done


def names_of_all() -> list[str]:
    return sorted(repr(each) for each in all_data_blocks())


def imported(path: Path) -> dict[str, Any]:
    """Import a file into an empty one; return its objects by name."""
    start_empty()
    bpy.context.scene.render.fps = 30
    read_file = {
        ".fbx": bpy.ops.import_scene.fbx,
        ".glb": bpy.ops.import_scene.gltf,
        ".usdz": bpy.ops.wm.usd_import,
        ".obj": bpy.ops.wm.obj_import,
        ".stl": bpy.ops.wm.stl_import,
    }
    read_file[path.suffix](filepath=str(path))
    for bone_shape in [each for each in bpy.data.objects if each.name.startswith("Icosphere")]:
        bpy.data.objects.remove(bone_shape)
    bpy.context.view_layer.update()
    return {each.name: each for each in bpy.data.objects}


def box(objects: Any) -> np.ndarray:
    """Return the corners of objects as they are shown now."""
    return np.array(bounds_as_shown(objects, bpy.context.evaluated_depsgraph_get()))


def meshes(objects: dict[str, Any]) -> list[Any]:
    return [each for each in objects.values() if each.type == "MESH"]


def skeleton(rig: Any) -> dict[str, Any]:
    """Return where each bone of an armature begins in world space, at rest."""
    return {bone.name: rig.matrix_world @ bone.head_local for bone in rig.data.bones}


def skin(objects: dict[str, Any], bones: Iterable[str]) -> tuple[list[str], np.ndarray]:
    """Return the materials of the largest mesh, and place at rest, UV and weights of its corners."""
    body = max(meshes(objects), key=lambda each: len(each.data.polygons))
    names = [group.name for group in body.vertex_groups]
    rows = []
    for corner in body.data.loops:
        vertex = body.data.vertices[corner.vertex_index]
        weights = {names[group.group]: group.weight for group in vertex.groups}
        uv = body.data.uv_layers[0].data[corner.index].uv
        place = body.matrix_world @ vertex.co
        rows.append((*place, *uv, *(weights.get(bone, 0.0) for bone in bones)))
    return [each.name for each in body.data.materials], np.array(rows)


HULLS = {
    "unity": ["Ball_Collision"],
    "unreal": ["UCX_Ball_LOD0_00"],
    "godot": ["Ball-convcolonly"],
    "stl": [],
}


@pytest.mark.feature("export for engines")
@pytest.mark.parametrize("target", TARGETS)
def test_a_model_comes_as_its_engine_wants_it(target: str, tmp_path: Path) -> None:
    """Few faces, small texture, levels and hull by name, applied scale, origin at the bottom."""
    levels = 2 if TARGETS[target].has_levels else 0
    collision = "hull" if TARGETS[target].has_parts else "none"
    options = {"lods": levels, "collision": collision, "faces": 800, "texture": 64}
    done = exported(ball(), tmp_path, target, **options)
    assert done.faces == pytest.approx((800, 400, 200)[: levels + 1], rel=0.02)
    found = imported(done.path)
    hulls = HULLS.get(target, ["Ball_Collision"])
    shown = ["Ball_LOD0", "Ball_LOD1", "Ball_LOD2"] if levels else ["Ball"]
    assert sorted(each.name for each in meshes(found)) == sorted([*shown, *hulls])
    for name, faces in zip(shown, done.faces, strict=True):
        model = found[name]
        assert mesh_tools.triangles(model.data) == faces
        assert list(model.matrix_world.to_scale()) == pytest.approx([1, 1, 1], abs=1e-4)
        assert np.allclose(box([model]), [(-2, -2, 0), (2, 2, 2)], atol=0.03)
        if TARGETS[target].has_textures:
            uvs = read(model.data.uv_layers[0].data, "uv", 2 * len(model.data.loops))
            assert np.ptp(uvs) > 0.9 and [each.name for each in model.data.materials] == ["Skin"]
    for name in hulls:
        hull = found[name]
        assert 20 < mesh_tools.triangles(hull.data) <= mesh_tools.HULL_FACES
        assert np.allclose(box([hull]), [(-2, -2, 0), (2, 2, 2)], atol=0.1)
    if TARGETS[target].has_textures:
        sizes = {tuple(each.size) for each in bpy.data.images if each.type == "IMAGE"}
        assert (64, 32) in sizes and (256, 128) not in sizes
    if target == "unreal":
        assert found["Ball"].type == "EMPTY" and found["Ball_LOD1"].parent == found["Ball"]
        assert b"LodGroup" in done.path.read_bytes()


@pytest.mark.feature("export for engines")
@pytest.mark.parametrize("target", ["unity", "unreal", "godot", "three", "usd"])
def test_a_character_moves_in_its_engine_as_here(target: str, tmp_path: Path) -> None:
    """Bones, skin, what a hand holds, and all clips from frame 0, at the size of the scene."""
    bpy.context.scene.render.fps = 30
    file = Rig(has_sword=True).save(tmp_path / "knight.glb", Clip(), STRUT)
    root = place(file, height=3.4)
    root.location = (3, 4, 0)
    rig = armature_of(root)
    bpy.context.view_layer.update()
    heads = skeleton(rig)
    materials, corners = skin({each.name: each for each in root.children_recursive}, heads)
    poses = {}
    names = ["Walking"] if target == "usd" else ["Walking", "Proud Strut"]
    for name in names:
        clips.show(rig, clips.clip_named(rig, name), bpy.context.scene)
        for frame in (1, 12, 34, 46):
            bpy.context.scene.frame_set(frame)
            poses[name, frame] = box(root.children_recursive) - np.array((3, 4, 0))
    clips.show(rig, clips.clip_named(rig, "Walking"), bpy.context.scene)
    done = exported(root, tmp_path, target)
    assert list(done.clips) == names and done.faces == (300,)
    found = imported(done.path)
    (rig,) = (each for each in found.values() if each.type == "ARMATURE")
    found_heads = skeleton(rig)
    assert sorted(found_heads) == sorted(heads) and len(heads) == 24
    for bone, head in heads.items():
        assert np.allclose(found_heads[bone], np.array(head) - (3, 4, 0), atol=2e-3), bone
    found_materials, found_corners = skin(found, heads)
    assert found_materials == materials
    found_corners[:, :3] += (3, 4, 0)
    apart = np.abs(found_corners[:, None] - corners[None]).max(axis=2)
    assert apart.min(axis=0).max() < 4e-3 and apart.min(axis=1).max() < 4e-3
    for track in list(rig.animation_data.nla_tracks):
        rig.animation_data.nla_tracks.remove(track)
    start = 1 if done.path.suffix == ".fbx" else 0
    for (name, frame), wanted in poses.items():
        if target != "usd":
            (action,) = (each for each in bpy.data.actions if name in each.name)
            tracks.assign(rig, action)
            assert tuple(action.frame_range) == pytest.approx((start, start + 45), abs=0.01)
        bpy.context.scene.frame_set(frame - 1 + start)
        assert np.allclose(box(meshes(found)), wanted, atol=2e-3), (name, frame)


@pytest.fixture(scope="session")
def validator() -> list[str]:
    """Return the command of Khronos's validator, which npm installs into the cache once."""
    if shutil.which("npm") is None:
        pytest.skip("does not apply: there is no npm, which has Khronos's validator")
    folder = cache() / "gltf-validator-2.0.0-dev.3.10"
    if not (folder / "node_modules").exists():
        install = f"npm install --ignore-scripts --prefix {folder} gltf-validator@2.0.0-dev.3.10"
        subprocess.run(install.split(), check=True, capture_output=True)
    code = f"""
        const read = require("fs").readFileSync, validator = require("{folder}/node_modules/gltf-validator");
        validator.validateBytes(new Uint8Array(read(process.argv[1])))
            .then(report => console.log(JSON.stringify(report.issues)))"""
    return ["node", "-e", code]


@pytest.mark.thorough
@pytest.mark.parametrize("target", ["godot", "three", "glb"])
def test_khronos_finds_no_error(target: str, tmp_path: Path, validator: list[str]) -> None:
    """Its validator reads a model with a hull and a character with two clips."""
    knight = place(Rig(has_sword=True).save(tmp_path / "knight.glb", Clip(), STRUT))
    for root, collision in ((ball(), "hull"), (knight, "none")):
        path = exported(root, tmp_path, target, collision=collision, texture=64).path
        report = subprocess.run([*validator, path], check=True, capture_output=True, text=True)
        issues = json.loads(report.stdout)
        assert issues["numErrors"] == 0, issues["messages"]


def test_levels_of_a_character_are_bound_and_unreal_gets_none(tmp_path: Path) -> None:
    """Each level follows the bones, with at most four of them for each vertex."""
    root = place(Rig().save(tmp_path / "knight.glb", Clip()))
    note = exported(root, tmp_path, "unreal", lods=2, collision="hull").notes
    assert [each.split()[0] for each in note] == ["Unreal", "A"]
    found = imported(exported(root, tmp_path, "unity", lods=2).path)
    assert sorted(each.name for each in meshes(found)) == [f"Knight_LOD{n}" for n in range(3)]
    for mesh in meshes(found):
        assert any(each.type == "ARMATURE" for each in mesh.modifiers)
        assert max(len(vertex.groups) for vertex in mesh.data.vertices) <= 4


def test_several_hulls_are_smaller_than_one() -> None:
    """A bent model is followed more closely; each hull is closed and convex."""
    bpy.ops.mesh.primitive_torus_add()
    mesh = bpy.context.object.data
    mesh.calc_loop_triangles()
    points = positions(mesh).reshape(-1, 3)
    corners = read(mesh.loop_triangles, "vertices", 3 * len(mesh.loop_triangles), np.int32)
    with staging_scene() as scene:
        one = mesh_tools.hull(points, scene)
        several = mesh_tools.hulls(points, corners.reshape(-1, 3), scene)
        assert mesh_tools.hull(points * (1, 1, 0), scene) is None
    assert len(several) == mesh_tools.HULLS
    assert sum(map(volume, several)) < 0.7 * volume(one)


def volume(mesh: Any) -> float:
    """Return the volume of a closed mesh; fail if it is not closed."""
    import bmesh

    shape = bmesh.new()
    shape.from_mesh(mesh)
    assert all(edge.is_manifold for edge in shape.edges)
    size = float(shape.calc_volume())
    shape.free()
    return size


def test_a_mesh_that_is_cut_open_is_reduced_without_holes() -> None:
    """It is welded first, which does not change how it is shaded."""
    mesh = ball().data.copy()
    normals = read(mesh.corner_normals, "vector", 3 * len(mesh.loops)).reshape(-1, 3)
    corners = positions(mesh).reshape(-1, 3)[read(mesh.loops, "vertex_index", len(mesh.loops), int)]
    sizes = [len(each.vertices) for each in mesh.polygons]
    ends = np.cumsum(sizes)
    faces = [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    cut = bpy.data.meshes.new("Cut")
    cut.from_pydata(corners.tolist(), [], faces)
    cut.normals_split_custom_set(normals.tolist())
    mesh_tools.weld(cut)
    assert len(cut.vertices) == len(mesh.vertices)
    again = read(cut.corner_normals, "vector", 3 * len(cut.loops)).reshape(-1, 3)
    assert (again * normals).sum(axis=1).min() > np.cos(np.radians(0.1))
    with staging_scene() as scene:
        fewer = mesh_tools.reduced(cut, 400, scene)
    assert mesh_tools.triangles(fewer) == pytest.approx(400, rel=0.02)
    assert volume(fewer) > 0.95 * volume(mesh)
    shaded = read(fewer.corner_normals, "vector", 3 * len(fewer.loops)).reshape(-1, 3)
    at = positions(fewer).reshape(-1, 3)[read(fewer.loops, "vertex_index", len(fewer.loops), int)]
    at /= np.linalg.norm(at, axis=1)[:, None]
    assert np.degrees(np.arccos(np.clip((shaded * at).sum(axis=1), -1, 1))).mean() < 3


def test_parts_that_move_are_exported_as_they_are(tmp_path: Path) -> None:
    """Their animation is kept, a note says what was not done, and an OBJ shows them at rest."""
    root = ball()
    bpy.ops.mesh.primitive_cube_add(location=(9, 4, 5))
    wheel = bpy.context.object
    wheel.parent = root
    wheel.keyframe_insert("rotation_euler", frame=1)
    wheel.rotation_euler.x = 2
    wheel.keyframe_insert("rotation_euler", frame=20)
    done = exported(root, tmp_path, "godot", faces=500)
    assert "as it is" in done.notes[0] and done.faces == (1996,)
    assert exported(root, tmp_path, "obj", faces=500).faces[0] < 520
    imported(done.path)
    assert len(bpy.data.actions) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "quake"}, "Choose one of: unity"),
        ({"target": "godot", "lods": 1}, "itself"),
        ({"target": "usd", "lods": 1}, "USD has no levels"),
        ({"target": "stl", "collision": "hull"}, "STL"),
        ({"target": "unity", "collision": "box"}, "none, hull, several"),
        ({"target": "unity", "lods": 9}, "from 0 to 3"),
        ({"target": "unity", "faces": 3}, "at least 60"),
        ({"target": "unity", "texture": 0}, "pixels"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], words: str) -> None:
    """Nothing is written, and a sentence says why."""
    with pytest.raises(ExportRefused, match=words):
        ExportOptions(**options).check()
