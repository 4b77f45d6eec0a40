# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a World, and adding parts to it: all of them come, or nothing changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.place import Provenance, SceneImportError, find, place_world
from mint_blender.scene.update.replace import complete_world, replace_world
from mint_blender.scene.world.files import WorldFiles

from . import synthetic_world
from .replace_helpers import new_empty
from .scene_snapshot import SceneSnapshot
from .world_helpers import part

FIRST, SECOND = (Provenance(job_id=job, kind="world", name="Room") for job in ("w1", "w2"))


def test_a_world_is_replaced_under_its_root(files: WorldFiles) -> None:
    """The root keeps its transform and references; parts that do not come again are removed."""
    root = place_world(replace(files, splats=None), FIRST).root
    root.location = (5, 6, 7)
    root.name = "My room"
    watcher = new_empty("Watcher")
    watcher.constraints.new("TRACK_TO").target = root
    placed = replace_world(WorldFiles(collider=files.collider), SECOND, root)
    assert placed.root == root == find(job_id="w2").root
    assert root.name == "My room"
    assert root.location[:] == (5, 6, 7)
    assert watcher.constraints[0].target == root
    assert [each.get("mint_part") for each in placed.objects].count("collider") == 1
    assert bpy.context.scene.world is None and root.get("mint_panorama_image") is None


def bad_part(files: WorldFiles, what: str, folder: Path) -> WorldFiles:
    """Replace a part by a file that cannot be imported."""
    if what == "no surface":
        glb = glb_fixtures.Glb()
        points = {"attributes": {"POSITION": glb.accessor(np.eye(3), "f4")}, "mode": 0}
        glb.node(mesh=glb.mesh(points))
        return replace(files, collider=glb.save(folder / "bad.glb"))
    if what == "no splats":
        (folder / "bad").write_bytes(b"no splats")
        return replace(files, splats=folder / "bad")
    noisy = np.random.default_rng(1).random((32, 64, 3))
    (folder / "bad").write_bytes(synthetic_world.png(noisy)[:2000])
    return replace(files, panorama=folder / "bad")


@pytest.mark.parametrize(
    "what",
    ["cut off", "no surface", "no splats"],
)
def test_a_world_with_one_bad_part_is_not_replaced(
    tmp_path: Path, files: WorldFiles, what: str
) -> None:
    """None of the earlier parts is replaced, however late the bad file is noticed."""
    root = place_world(files, FIRST).root
    bad, before = bad_part(files, what, tmp_path), SceneSnapshot()
    with pytest.raises(SceneImportError, match="bad"):
        replace_world(bad, SECOND, root)
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("there", ["collider", "panorama"])
def test_a_bad_part_prevents_the_others(tmp_path: Path, files: WorldFiles, there: str) -> None:
    """Parts that are added later come together, or the scene does not change."""
    root = place_world(WorldFiles(**{there: getattr(files, there)}), FIRST).root
    bad, before = bad_part(files, "no splats", tmp_path), SceneSnapshot()
    with pytest.raises(SceneImportError, match="bad"):
        complete_world(root, bad)
    before.assert_same(SceneSnapshot())


def test_a_collider_in_edit_mode(files: WorldFiles) -> None:
    """A panorama is not added: a sentence says what to do, and nothing has changed."""
    root = place_world(WorldFiles(collider=files.collider), FIRST).root
    bpy.context.view_layer.objects.active = part(root, "collider")
    bpy.ops.object.mode_set(mode="EDIT")
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="Switch to Object Mode"):
        complete_world(root, replace(files, splats=None))
    before.assert_same(SceneSnapshot())
    complete_world(root, replace(files, panorama=None))
    assert bpy.context.mode == "EDIT_MESH" and part(root, "splats") is not None


@pytest.mark.parametrize("brought", ["collider", "panorama splats", "collider panorama splats"])
def test_a_part_removed_with_the_earlier_world_is_named(files: WorldFiles, brought: str) -> None:
    """Exactly the parts that the new version does not have are named, and only once."""
    root = place_world(files, FIRST).root
    new = WorldFiles(**{name: getattr(files, name) for name in brought.split()})
    words = {"collider": "collider mesh", "panorama": "panorama", "splats": "splats"}
    assert replace_world(new, SECOND, root).notes == tuple(
        f"The {words[name]} of the earlier version was removed: the new version has none."
        for name in words
        if name not in brought
    )
    assert replace_world(new, SECOND, root).notes == ()
