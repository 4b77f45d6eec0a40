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

from mint_blender.scene.place import Provenance, SceneImportError, find, place_world  # noqa: E402
from mint_blender.scene.update.replace import complete_world, replace_world  # noqa: E402
from mint_blender.scene.world.files import WorldFiles, WorldOptions  # noqa: E402

from . import synthetic_world  # noqa: E402
from .replace_helpers import new_empty  # noqa: E402
from .scene_snapshot import SceneSnapshot  # noqa: E402

FIRST, SECOND = (Provenance(job_id=job, kind="world", name="Room") for job in ("w1", "w2"))


def test_a_world_is_replaced_under_its_root(files: dict[str, Path]) -> None:
    """The root keeps its transform and references; parts that do not come again are removed."""
    collider = files["collider"]
    root = place_world(WorldFiles(collider=collider, panorama=files["panorama"]), FIRST).root
    root.location = (5, 6, 7)
    root.name = "My room"
    watcher = new_empty("Watcher")
    watcher.constraints.new("TRACK_TO").target = root
    placed = replace_world(WorldFiles(collider=collider), SECOND, root)
    assert placed.root == root == find(job_id="w2").root
    assert root.name == "My room"
    assert tuple(root.location) == (5, 6, 7)
    assert watcher.constraints[0].target == root
    assert [each.get("mint_part") for each in placed.objects].count("collider") == 1
    assert bpy.context.scene.world is None and root.get("mint_panorama_image") is None


def bad_part(what: str, folder: Path) -> dict[str, Path]:
    """Write a file that cannot be imported; return which part it is, and its path.

    A look at its header may or may not find that.
    """
    if what == "no surface":
        glb = glb_fixtures.Glb()
        points = {"attributes": {"POSITION": glb.accessor(np.eye(3), "f4")}, "mode": 0}
        glb.node(mesh=glb.mesh(points))
        return {"collider": glb.save(folder / "bad.glb")}
    square, noisy = np.zeros((32, 32, 3)), np.random.default_rng(1).random((32, 64, 3))
    part, content = {
        "no splats": ("splats", b"no splats"),
        "square": ("panorama", synthetic_world.png(square)),
        "cut off": ("panorama", synthetic_world.png(noisy)[:2000]),
    }[what]
    (folder / "bad").write_bytes(content)
    return {part: folder / "bad"}


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
    root = place_world(WorldFiles(**files), FIRST).root
    bad, before = bad_part(what, tmp_path), SceneSnapshot()
    with pytest.raises(SceneImportError, match="bad"):
        replace_world(WorldFiles(**files | bad), SECOND, root)
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("there", ["collider", "panorama"])
def test_a_bad_part_prevents_the_others(tmp_path: Path, files: dict[str, Path], there: str) -> None:
    """Parts that are added later come together, or the scene does not change."""
    root = place_world(WorldFiles(**{there: files[there]}), FIRST).root
    bad, before = bad_part("no splats", tmp_path), SceneSnapshot()
    with pytest.raises(SceneImportError, match="bad"):
        complete_world(root, WorldFiles(**files | bad))
    before.assert_same(SceneSnapshot())


def _edit_collider(root: bpy.types.Object) -> None:
    bpy.context.view_layer.objects.active = next(
        each for each in root.children_recursive if each.get("mint_part") == "collider"
    )
    bpy.ops.object.mode_set(mode="EDIT")


def test_a_panorama_is_not_added_to_a_collider_in_edit_mode(files: dict[str, Path]) -> None:
    """A sentence says what to do, and nothing has changed."""
    root = place_world(WorldFiles(collider=files["collider"]), FIRST).root
    _edit_collider(root)
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="Switch to Object Mode"):
        complete_world(root, WorldFiles(collider=files["collider"], panorama=files["panorama"]))
    before.assert_same(SceneSnapshot())


def test_splats_are_added_beside_a_collider_in_edit_mode(files: dict[str, Path]) -> None:
    """They do not change the mesh, so the user can go on editing."""
    there = WorldFiles(collider=files["collider"], panorama=files["panorama"])
    root = place_world(there, FIRST).root
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
    every, rigid = WorldFiles(**files), WorldOptions(rigid_body=True)
    some = WorldFiles(collider=files["collider"], panorama=files["panorama"])
    there = {"complete": some, "replace": every}.get(way)
    root = place_world(there, FIRST).root if there else None
    _rigid_bodies_of_another_file(tmp_path / "bodies.blend")
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="“Bodies”, which comes from another file"):
        if root is None:
            place_world(every, FIRST, options=rigid)
        elif way == "complete":
            complete_world(root, every, options=rigid)
        else:
            replace_world(every, FIRST, root, options=rigid)
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("brought", ["collider", "panorama splats", "collider panorama splats"])
def test_a_part_removed_with_the_earlier_world_is_named(
    files: dict[str, Path], brought: str
) -> None:
    """Exactly the parts that the new version does not have are named, and only once."""
    root = place_world(WorldFiles(**files), FIRST).root
    new = WorldFiles(**{part: files[part] for part in brought.split()})
    words = {"collider": "collider mesh", "panorama": "panorama", "splats": "splats"}
    assert replace_world(new, SECOND, root).notes == tuple(
        f"The {words[part]} of the earlier version was removed: the new version has none."
        for part in files
        if part not in brought
    )
    assert replace_world(new, SECOND, root).notes == ()
