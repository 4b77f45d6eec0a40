# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a World, and adding parts to it: all of them come, or nothing changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..files import build_spz
from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.place import (  # noqa: E402
    Provenance,
    SceneImportError,
    find,
    place_world,
)
from mint_blender.scene.update.replace import complete_world, replace_world  # noqa: E402
from mint_blender.scene.world.files import WorldFiles, WorldOptions  # noqa: E402

from . import synthetic_world  # noqa: E402
from .scene_snapshot import SceneSnapshot  # noqa: E402


def test_a_world_is_replaced_under_its_root(tmp_path: Path) -> None:
    """The root keeps its transform and references; parts that do not come again are removed."""
    collider = synthetic_world.collider(tmp_path / "collider.glb")
    panorama = synthetic_world.panorama(tmp_path / "panorama.png")
    root = place_world(
        WorldFiles(collider=collider, panorama=panorama),
        Provenance(job_id="w1", kind="world", name="Room"),
    ).root
    root.location = (5, 6, 7)
    root.name = "My room"
    watcher = bpy.data.objects.new("Watcher", None)
    bpy.context.scene.collection.objects.link(watcher)
    watcher.constraints.new("TRACK_TO").target = root
    placed = replace_world(
        WorldFiles(collider=collider), Provenance(job_id="w2", kind="world", name="Room"), root
    )
    assert placed.root == root == find(job_id="w2").root
    assert root.name == "My room"
    assert tuple(root.location) == (5, 6, 7)
    assert watcher.constraints[0].target == root
    assert [each.get("mint_part") for each in placed.objects].count("collider") == 1
    assert bpy.context.scene.world is None and root.get("mint_panorama_image") is None


def bad_part(what: str, folder: Path) -> tuple[str, Path]:
    """Write a file that cannot be imported; return which part it is, and its path.

    A look at its header may or may not find that.
    """
    if what == "no splats":
        (folder / "bad.spz").write_bytes(b"no splats")
        return "splats", folder / "bad.spz"
    if what == "no surface":
        glb = glb_fixtures.Glb()
        glb.node(
            mesh=glb.mesh({"attributes": {"POSITION": glb.accessor(np.eye(3), "f4")}, "mode": 0})
        )
        return "collider", glb.save(folder / "bad.glb")
    square, noisy = np.zeros((32, 32, 3)), np.random.default_rng(1).random((32, 64, 3))
    (folder / "bad.png").write_bytes(
        synthetic_world.png(square) if what == "square" else synthetic_world.png(noisy)[:2000]
    )
    return "panorama", folder / "bad.png"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Write all parts of a World."""
    (tmp_path / "splats.spz").write_bytes(build_spz.encode(build_spz.made_up(20)))
    return {
        "collider": synthetic_world.collider(tmp_path / "collider.glb"),
        "panorama": synthetic_world.panorama(tmp_path / "panorama.png"),
        "splats": tmp_path / "splats.spz",
    }


@pytest.mark.parametrize("what", ["square", "cut off", "no surface", "no splats"])
def test_a_world_with_one_bad_part_is_not_replaced(
    tmp_path: Path, files: dict[str, Path], what: str
) -> None:
    """None of the earlier parts is replaced, however late the bad file is noticed."""
    root = place_world(WorldFiles(**files), Provenance(job_id="w1", kind="world", name="Room")).root
    part, bad = bad_part(what, tmp_path)
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match=bad.name):
        replace_world(
            WorldFiles(**{**files, part: bad}), Provenance(job_id="w2", kind="world"), root
        )
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("there", ["collider", "panorama"])
def test_a_bad_part_prevents_the_other_parts(
    tmp_path: Path, files: dict[str, Path], there: str
) -> None:
    """Parts that are added later come together, or the scene does not change."""
    root = place_world(
        WorldFiles(**{there: files[there]}), Provenance(job_id="w1", kind="world", name="Room")
    ).root
    _, bad = bad_part("no splats", tmp_path)
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match=bad.name):
        complete_world(root, WorldFiles(**{**files, "splats": bad}))
    before.assert_same(SceneSnapshot())


def _edit_collider(root: bpy.types.Object) -> None:
    bpy.context.view_layer.objects.active = next(
        each for each in root.children_recursive if each.get("mint_part") == "collider"
    )
    bpy.ops.object.mode_set(mode="EDIT")


def test_a_panorama_is_not_added_to_a_collider_in_edit_mode(files: dict[str, Path]) -> None:
    """A sentence says what to do, and nothing has changed."""
    provenance = Provenance(job_id="w1", kind="world", name="Room")
    root = place_world(WorldFiles(collider=files["collider"]), provenance).root
    _edit_collider(root)
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="Switch to Object Mode"):
        complete_world(root, WorldFiles(collider=files["collider"], panorama=files["panorama"]))
    before.assert_same(SceneSnapshot())


def test_splats_are_added_beside_a_collider_in_edit_mode(files: dict[str, Path]) -> None:
    """They do not change the mesh, so the user can go on editing."""
    provenance = Provenance(job_id="w1", kind="world", name="Room")
    root = place_world(
        WorldFiles(collider=files["collider"], panorama=files["panorama"]), provenance
    ).root
    _edit_collider(root)
    complete_world(root, WorldFiles(**files))
    assert bpy.context.mode == "EDIT_MESH"
    assert any(each.get("mint_part") == "splats" for each in root.children_recursive)


def _rigid_bodies_of_another_file(path: Path) -> None:
    """Use a linked collection for the scene's rigid bodies."""
    bpy.data.libraries.write(str(path), {own := bpy.data.collections.new("Bodies")})
    bpy.data.collections.remove(own)
    with bpy.data.libraries.load(str(path), link=True) as (_, linked):
        linked.collections = ["Bodies"]
    bpy.ops.rigidbody.world_add()
    bpy.context.scene.rigidbody_world.collection = bpy.data.collections["Bodies"]


@pytest.mark.parametrize("way", ["land", "complete", "replace"])
def test_a_collider_that_cannot_become_rigid_changes_nothing(
    tmp_path: Path, files: dict[str, Path], way: str
) -> None:
    """Blender refuses it late; the earlier parts are still there, and a sentence says why."""
    all_parts = WorldFiles(**files)
    rigid = WorldOptions(rigid_body=True)
    provenance = Provenance(job_id="w1", kind="world", name="Room")
    there = {
        "land": None,
        "complete": WorldFiles(collider=files["collider"], panorama=files["panorama"]),
        "replace": all_parts,
    }[way]
    root = place_world(there, provenance).root if there else None
    _rigid_bodies_of_another_file(tmp_path / "bodies.blend")
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="“Bodies”, which comes from another file"):
        if root is None:
            place_world(all_parts, provenance, options=rigid)
        elif way == "complete":
            complete_world(root, all_parts, options=rigid)
        else:
            replace_world(all_parts, provenance, root, options=rigid)
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize(
    "brought", [("collider",), ("panorama", "splats"), ("collider", "panorama", "splats")]
)
def test_a_part_that_is_removed_with_the_earlier_world_is_named(
    files: dict[str, Path], brought: tuple[str, ...]
) -> None:
    """Exactly the parts that the new version does not have are named."""
    root = place_world(WorldFiles(**files), Provenance(job_id="w1", kind="world", name="Room")).root
    new = WorldFiles(**{part: files[part] for part in brought})
    provenance = Provenance(job_id="w2", kind="world")
    words = {"collider": "collider mesh", "panorama": "panorama", "splats": "splats"}
    gone = [words[part] for part in files if part not in brought]
    assert replace_world(new, provenance, root).notes == tuple(
        f"The {what} of the earlier version was removed: the new version has none." for what in gone
    )
    assert replace_world(new, provenance, root).notes == (), (
        "the second time there is nothing left to go"
    )
