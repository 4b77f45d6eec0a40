# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing a GLB as objects, without changing anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.gltf import gltf_import  # noqa: E402
from mint_blender.scene.gltf.gltf_import import SceneImportError, import_glb  # noqa: E402
from mint_blender.scene.staging_scene import staging_scene  # noqa: E402

from .scene_snapshot import SceneSnapshot  # noqa: E402


def test_objects_are_in_the_given_collection_only(
    model: Path, target_collection: bpy.types.Collection
) -> None:
    """All objects of the file are in that collection and in no other."""
    objects = import_glb(model, target_collection)
    assert sorted(each.type for each in objects) == ["EMPTY", "MESH"]
    assert all(list(each.users_collection) == [target_collection] for each in objects)
    assert len(bpy.data.scenes) == 1


def test_bones_bring_no_icosphere(tmp_path: Path, target_collection: bpy.types.Collection) -> None:
    """The importer's helper shapes for bones are not kept, and the window keeps its scene."""
    shown = bpy.context.window.scene
    objects = import_glb(glb_fixtures.skinned(tmp_path / "skinned.glb"), target_collection)
    assert sorted(each.type for each in objects) == ["ARMATURE", "MESH"]
    assert [each.name for each in bpy.data.collections] == ["Target"]
    assert bpy.context.window.scene == shown


def test_the_window_is_not_owned_by_an_earlier_scene() -> None:
    """Such a scene may be gone, and in 4.2 and 4.3 setting the window's scene writes to its owner."""
    earlier = bpy.data.scenes.new("Earlier")
    with bpy.context.temp_override(scene=earlier):
        assert bpy.context.tool_settings is not None
    with staging_scene():
        assert bpy.context.window.id_data != earlier


def test_the_importer_leaves_no_properties_on_the_scene(
    tmp_path: Path, target_collection: bpy.types.Collection
) -> None:
    """Animations and scene extras leave nothing on the user's scene."""
    path = glb_fixtures.animated(tmp_path / "animated.glb")
    scene = bpy.context.scene

    def state() -> tuple[Any, ...]:
        return set(scene.keys()), scene.frame_start, scene.frame_end, scene.frame_current

    before = state()
    import_glb(path, target_collection)
    assert state() == before
    assert len(bpy.data.actions) == 1


def test_scenes_of_a_file_are_not_added(
    tmp_path: Path, target_collection: bpy.types.Collection
) -> None:
    """A GLB with two scenes adds its objects, but no scenes."""
    glb = glb_fixtures.Glb()
    mesh = glb.mesh(glb_fixtures.box(glb))
    glb.node(mesh=mesh, name="one")
    glb.json["scenes"].append(
        {"name": "second", "nodes": [glb.node(root=False, mesh=mesh, name="two")]}
    )
    objects = import_glb(glb.save(tmp_path / "two.glb"), target_collection)
    assert {"one", "two"} <= {each.name for each in objects}
    assert len(bpy.data.scenes) == 1
    assert [each.name for each in bpy.data.collections] == ["Target"]


def test_a_failure_inside_blender_changes_nothing(
    model: Path, target_collection: bpy.types.Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Blender's importer had made is removed, and its traceback is not shown."""
    from io_scene_gltf2.blender.com import gltf2_blender_ui  # noqa: F401  (the importer's package is loaded)

    before = SceneSnapshot()
    broken = type("Broken", (), {"gather_import_node_after_hook": lambda *_: 1 / 0})
    monkeypatch.setattr(
        __import__("io_scene_gltf2"), "glTF2ImportUserExtension", broken, raising=False
    )
    with pytest.raises(SceneImportError, match=r"could not read “model\.glb”"):
        import_glb(model, target_collection)
    monkeypatch.undo()
    before.assert_same(SceneSnapshot())
    assert import_glb(model, target_collection)


def test_loggers_are_left_as_they_were(
    model: Path, target_collection: bpy.types.Collection, capfd: pytest.CaptureFixture[str]
) -> None:
    """An import prints nothing on standard output and adds no handler to a logger."""
    import logging

    loggers = [logging.getLogger(name) for name in ("glTFImporter", "glTFImporter_errors")]
    before = [list(each.handlers) for each in loggers]
    import_glb(model, target_collection)
    assert [each.handlers for each in loggers] == before
    assert capfd.readouterr().out == ""


TRACEBACK = 'Traceback (most recent call last):\n  File "/a/b.py", line 12, in execute\nOSError: no library: x'


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Error: Bad glTF: json error\n", "Bad glTF: json error"),
        ("Fehler: Bad glTF: json error\n", "Bad glTF: json error"),
        ("エラー: Bad glTF\n", "Bad glTF"),
        (f"Error: Python: {TRACEBACK}\nLocation: /a/bpy/ops.py:109\n", "OSError: no library: x"),
        (f"Fehler: Python: {TRACEBACK}\nPosition: /a/bpy/ops.py:109\n", "OSError: no library: x"),
        (f"Erreur: Python\xa0: {TRACEBACK}\nPosition\xa0: /a/bpy/ops.py:109\n", "OSError: no library: x"),
        ("", "RuntimeError"),
    ],
)  # fmt: skip
def test_the_reason_is_found_in_every_language(said: str, reason: str) -> None:
    """Blender translates the words around the reason of a failed operator.

    The messages are those of 4.3 in German, Japanese and French.
    """
    assert gltf_import._last_line(RuntimeError(said)) == reason
