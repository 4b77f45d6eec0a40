# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions in the scene: the first rigs the model in its place, the others add clips alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import background, import_job, write_files
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_motions, request_for
from mint_blender.jobs.phases import Phase
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import Asset, Kind
from mint_blender.scene import tags
from mint_blender.scene.animation import clips, tracks
from mint_blender.scene.model import build
from mint_blender.scene.place import PlaceOptions, place_model
from mint_blender.scene.staging_scene import SceneUnits
from mint_blender.scene.tags import Provenance

from ..mint_service import glb, motions
from ..mint_service.asset_generator.tiny_assets import box
from ..scene.glb_fixtures import Glb, png
from ..scene.rig_fixtures import Rig

KNIGHT = Asset.from_json(Kind.MODEL, {"id": "mdl_1", "name": "Knight", "status": "succeeded"})


def motion(
    folder: Path, prompt: str, switches: Collection[str] = (), *, in_place: bool = False
) -> Job:
    """Return a motion whose files are on disk, from a batch of its own."""
    wanted = MotionRequest(prompt, in_place=in_place)
    (job,) = new_motions(KNIGHT, request_for(KNIGHT), [wanted], Delivery(), now=1.0)
    kept = []
    for number, (id, data) in enumerate(motions.files(prompt, 1.7, job.id, switches).items()):
        path = folder / f"{job.id}-{number}.glb"
        path.write_bytes(data)
        role = Role.CLIP if id.startswith("clip") else Role.CHARACTER
        kept.append(LocalFile(role, str(path), "https://files.example/x.glb"))
    return replace(job, phase=Phase.READY, files=tuple(kept))


def statue(folder: Path) -> Any:
    """Return the model as it was before: without bones, moved and scaled by the user."""
    path = folder / "statue.glb"
    path.write_bytes(box((0.5, 0.5, 0.5)))
    told = Provenance(job_id="first", asset_id="mdl_1", name="Knight", prompt="a knight")
    root = place_model(path, told, PlaceOptions(at=(3, 2, 0), height=1.8)).root
    root.rotation_euler.z = 0.5
    return root


def rig_of(root: Any) -> Any:
    """Return the only armature of a model."""
    (found,) = (each for each in tags.hierarchy(root) if each.type == "ARMATURE")
    return found


def names(root: Any) -> list[str]:
    """Return the clips of a model."""
    return [each.name for each in clips.clips_of(rig_of(root))]


def test_the_first_motion_rigs_the_model_in_its_place(tmp_path: Path) -> None:
    """Root, place, height, children and provenance stay; the clip has the words and is assigned."""
    root = statue(tmp_path)
    child = bpy.data.objects.new("Lamp of the user", None)
    bpy.context.scene.collection.objects.link(child)
    child.parent = root
    before = root.matrix_world.copy()
    job = motion(tmp_path, "walk to the castle")
    placed = import_job.place(job)
    assert placed.root == root
    assert (root.matrix_world.translation - before.translation).length < 1e-6
    assert child.parent == root
    assert names(root) == ["walk to the castle"]
    rig = rig_of(root)
    assert rig.animation_data.action.name == "walk to the castle"
    assert rig.animation_data.action[tracks.CLIP] == "Armature|Proud_Strut|baselayer"
    assert tracks.jobs() == {job.id}
    told = tags.read(root)
    assert told is not None
    assert (told.job_id, told.asset_id, told.prompt) == ("first", "mdl_1", "a knight")
    bpy.context.view_layer.update()
    rig.data.pose_position = "REST"
    bpy.context.view_layer.update()
    (body,) = (each for each in tags.hierarchy(root) if each.type == "MESH")
    heights = [(body.matrix_world @ each.co).z for each in body.data.vertices]
    assert max(heights) - min(heights) == pytest.approx(1.8, abs=1e-3)


GREEN, BROWN = (20, 200, 40), (180, 120, 60)


def painted(folder: Path, most: int | None = None) -> Any:
    """Return the model with a picture of its own: the surface of the rig, or a part of it."""
    file = Glb()
    primitive = Rig().surface(file, file.material(texture=png(GREEN)), most)
    file.node(name="Knight", mesh=file.mesh(primitive, name="Knight"))
    told = Provenance(job_id="first", asset_id="mdl_1", kind="model", name="Knight")
    return place_model(file.save(folder / "painted.glb"), told, PlaceOptions(height=1.8)).root


@pytest.mark.parametrize(("most", "color"), [(None, GREEN), (8, BROWN)])
def test_the_material_of_the_model_stays_where_it_fits(
    tmp_path: Path, most: int | None, color: tuple[int, int, int]
) -> None:
    """The model's own, with what the user has changed; that of the rig, mended, on another mesh."""
    root = painted(tmp_path, most)
    root.data.materials[0].roughness = 0.125
    own = root.data.materials[0]
    root = import_job.place(motion(tmp_path, "walk")).root
    (body,) = (each for each in tags.hierarchy(root) if each.type == "MESH" and each.data.polygons)
    (material,) = body.data.materials
    assert (material == own) == (color == GREEN)
    shader = material.node_tree.nodes["Principled BSDF"]
    (picture,) = (each.image for each in material.node_tree.nodes if each.type == "TEX_IMAGE")
    assert tuple(round(each * 255) for each in picture.pixels[:3]) == color
    assert shader.inputs["Metallic"].default_value == 0.0
    assert shader.inputs["Emission Strength"].default_value == 0.0
    assert not shader.inputs["Emission Color"].is_linked
    used = {slot.material for each in bpy.data.objects for slot in each.material_slots}
    assert {each for each in bpy.data.materials if each.users} == used - {None}


def test_further_motions_only_add_clips(tmp_path: Path) -> None:
    """A second batch, rigged anew, is fitted to the first armature; nothing else is new."""
    root = statue(tmp_path)
    import_job.place(motion(tmp_path, "walk"))
    objects, meshes = set(bpy.data.objects), set(bpy.data.meshes)
    second = motion(tmp_path, "run")
    placed = import_job.place(second)
    assert placed.root == root
    assert names(root) == ["walk", "run"]
    assert (set(bpy.data.objects), set(bpy.data.meshes)) == (objects, meshes)
    assert rig_of(root).animation_data.action.name == "walk"
    assert [note.code for note in placed.notes] == ["fitted"]
    assert second.id in tracks.jobs()
    import_job.place(second)
    assert names(root) == ["walk", "run", "run 2"]


@pytest.mark.parametrize("has_rig", [False, True])
def test_what_was_prepared_in_the_background_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_rig: bool
) -> None:
    """Nothing is imported in the window: neither to rig the model nor to add clips to its rig."""
    job = motion(tmp_path, "walk")
    prepared = import_job.prepare(job, SceneUnits.of(bpy.context.scene), tmp_path / "x.blend")
    root = statue(tmp_path)
    if has_rig:
        import_job.place(motion(tmp_path, "run"))
    before = set(bpy.data.objects), set(bpy.data.meshes), set(bpy.data.images)
    for module in (clips, build):
        monkeypatch.setattr(module, "import_glb", None)
    placed = import_job.place(job, prepared=prepared)
    assert names(root) == (["run", "walk"] if has_rig else ["walk"])
    assert job.id in tracks.jobs()
    if has_rig:
        assert (set(bpy.data.objects), set(bpy.data.meshes), set(bpy.data.images)) == before
        assert [note.code for note in placed.notes] == ["fitted"]


@pytest.mark.parametrize("has_rig", [False, True])
def test_travel_can_be_taken_out(tmp_path: Path, has_rig: bool) -> None:
    """In place, whether the clip brings the model, which is not in the scene, or comes to its rig."""
    there = import_job.place(motion(tmp_path, "jump")).root if has_rig else None
    placed = import_job.place(motion(tmp_path, "walk", {"travel"}, in_place=True))
    assert placed.root == (there or placed.root)
    assert names(placed.root) == (["jump", "walk"] if has_rig else ["walk"])
    clip = clips.clip_named(rig_of(placed.root), "walk")
    assert clip is not None and clip.is_in_place


def test_several_clips_have_their_own_names(tmp_path: Path) -> None:
    """One prompt cannot name three clips."""
    placed = import_job.place(motion(tmp_path, "walk", {"several-clips"}))
    assert sorted(names(placed.root)) == ["Idle", "Proud Strut", "Running"]


def test_a_clip_without_a_skin_is_kept(tmp_path: Path) -> None:
    """The rigged character is placed; the clip says no skeleton, so it stays a file."""
    root = statue(tmp_path)
    job = motion(tmp_path, "walk", {"clip-without-mesh"})
    placed = import_job.place(job)
    assert (placed.root, names(root)) == (root, [])
    assert "other_skeleton" in [note.code for note in placed.notes]
    assert all(Path(each.path).is_file() for each in job.files)


def test_files_that_are_gone_are_named(tmp_path: Path) -> None:
    """They can be downloaded again."""
    job = motion(tmp_path, "walk")
    for each in job.files:
        Path(each.path).unlink()
    with pytest.raises(import_job.SceneImportError, match="no longer on disk"):
        import_job.place(job)


@pytest.mark.parametrize(
    "is_here",
    [True, pytest.param(False, marks=pytest.mark.thorough)],
    ids=["here", "in the background"],
)
def test_all_motions_land_in_one_file(tmp_path: Path, is_here: bool) -> None:
    """A GLB has each clip by the words of its motion, from second 0; a second process does it too."""
    first, second = motion(tmp_path, "walk"), motion(tmp_path, "run")
    target = tmp_path / "knight.glb"
    first = replace(first, delivery=Delivery(output=str(target)))
    if is_here:
        result = write_files.write(first, others=[second])
    else:
        result = background.write_result(first, [second])
        background.IMPORTERS.own.close()
    assert result.problem is None
    document, _ = glb.unpack(target.read_bytes())
    assert sorted(each["name"] for each in document["animations"]) == ["run", "walk"]
    inputs = {each["input"] for one in document["animations"] for each in one["samplers"]}
    assert min(document["accessors"][each]["min"][0] for each in inputs) == 0
