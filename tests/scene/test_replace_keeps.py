# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user has built on the mesh of a model and on its materials is there after another
version took its place.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ..jobs.workflow_harness import a_job
from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import import_job  # noqa: E402
from mint_blender.jobs.job import Job  # noqa: E402
from mint_blender.jobs.job_values import Delivery, LocalFile, Role  # noqa: E402
from mint_blender.scene import undo_step  # noqa: E402
from mint_blender.scene.place import SceneImportError, place_model  # noqa: E402
from mint_blender.scene.update.replace import replace_model  # noqa: E402

from .replace_helpers import (  # noqa: E402
    FIRST,
    SECOND,
    add_target,
    height_of,
    new_empty,
    only_object,
    place_first,
)
from .scene_snapshot import SceneSnapshot  # noqa: E402

# -- On the mesh


def test_shape_keys_keep_what_is_set_on_them(tmp_path: Path) -> None:
    """Value, range and driver of a key that comes again, and a driver that looks at it; a key that
    does not is named.
    """
    root = place_first(glb_fixtures.shaped(tmp_path / "a.glb", "wide", "gone"))
    body, needle = only_object(root, "MESH"), new_empty("Needle")
    keys = body.data.shape_keys
    keys.key_blocks["wide"].slider_max, keys.key_blocks["wide"].value = 3, 2
    target = add_target(needle, "location", keys, 'key_blocks["wide"].value', "KEY")
    add_target(keys.key_blocks["gone"], "value", needle, "scale.x")
    add_target(keys.key_blocks["wide"], "slider_min", needle, "scale.y")
    (note,) = replace_model(
        glb_fixtures.shaped(tmp_path / "b.glb", "wide", height=2), SECOND, root
    ).notes
    new = body.data.shape_keys
    assert target.id == new and (
        new.key_blocks["wide"].slider_max,
        new.key_blocks["wide"].value,
    ) == (3, 2)
    assert [each.data_path for each in new.animation_data.drivers] == [
        'key_blocks["wide"].slider_min'
    ]
    assert "gone" in note and height_of(root) == 2


def test_vertex_groups_come_along_by_the_nearest_vertex(model: Path, tmp_path: Path) -> None:
    """A modifier that works on a group of the user's goes on working: the same end of the new,
    larger mesh is in it, with its weights.
    """
    root = place_first(model)
    group = root.vertex_groups.new(name="Top")
    group.add([each.index for each in root.data.vertices if each.co.z > 0.5], 0.75, "REPLACE")
    root.modifiers.new("Mine", "DISPLACE").vertex_group = "Top"
    assert (
        replace_model(
            glb_fixtures.simple(tmp_path / "b.glb", (-2, 0, -2), (2, 8, 2)), SECOND, root
        ).notes
        == ()
    )
    assert [each.name for each in root.vertex_groups] == ["Top"] and root.modifiers[
        "Mine"
    ].vertex_group == "Top"
    weights = {
        each.index: each.groups[0].weight if each.groups else 0 for each in root.data.vertices
    }
    assert all(weights[each.index] == (0.75 if each.co.z > 4 else 0) for each in root.data.vertices)


def test_the_groups_of_bones_are_the_new_ones(tmp_path: Path) -> None:
    """Groups of the earlier version's bones do not pile up beside those that come; the user's own
    does not get lost among them.
    """
    root = place_first(glb_fixtures.skinned(tmp_path / "a.glb"))
    body = only_object(root, "MESH")
    body.vertex_groups.new(name="Mine").add([0], 1, "REPLACE")
    replace_model(glb_fixtures.skinned(tmp_path / "b.glb", bones=("lower", "head")), SECOND, root)
    assert {each.name for each in body.vertex_groups} == {"lower", "head", "Mine"}


def test_what_was_made_on_vertices_that_are_gone_is_named(model: Path, tmp_path: Path) -> None:
    """A second UV map, a color attribute and a shape key of the user's lie on the earlier
    vertices: a sentence names them.
    """
    root = place_first(model)
    root.data.uv_layers.new(name="My UVs")
    root.data.color_attributes.new("My colors", "FLOAT_COLOR", "POINT")
    root.shape_key_add(name="Basis")
    root.shape_key_add(name="My shape")
    kept, note = replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root).notes
    assert "(earlier)" in kept  # all of it is still there on the edited mesh
    assert all(name in note for name in ("My UVs", "My colors", "My shape")) and "Basis" not in note


def test_properties_and_drivers_of_the_mesh_stay(model: Path, tmp_path: Path) -> None:
    """A custom property of the mesh, the driver on it, and a driver elsewhere that looks at it."""
    root, needle = place_first(model), new_empty("Needle")
    root.data["wear"] = needle.scale.x = 0.25
    target = add_target(needle, "location", root.data, '["wear"]', "MESH")
    add_target(root.data, '["wear"]', needle, "scale.x")
    assert replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root).notes == ()
    assert root.data["wear"] == pytest.approx(0.25) and target.id == root.data
    assert [each.data_path for each in root.data.animation_data.drivers] == ['["wear"]']


def test_a_mesh_that_was_shared_may_come_unshared(tmp_path: Path) -> None:
    """Two wheels showed one mesh; in the new version each has its own, and each wheel shows that."""

    def wheels(path: Path, shared: bool) -> Path:
        glb = glb_fixtures.Glb()
        meshes = [
            glb.mesh(
                glb_fixtures.box(glb, (-0.5, 0, -0.5), (0.5, 1 + side, 0.5)), name=f"wheel{side}"
            )
            for side in (0, 1)
        ]
        for side, name in enumerate(("left", "right")):
            glb.node(mesh=meshes[0 if shared else side], name=name, translation=[3 * side, 0, 0])
        if shared:  # a mesh that nobody shows would not be imported alone
            glb.node(mesh=meshes[1], name="third", translation=[9, 0, 0])
        return glb.save(path)

    root = place_first(wheels(tmp_path / "a.glb", shared=True))
    left, right = (
        next(each for each in root.children if name in each.name) for name in ("left", "right")
    )
    assert left.data == right.data
    replace_model(wheels(tmp_path / "b.glb", shared=False), SECOND, root)
    assert [max(vertex.co.z for vertex in each.data.vertices) for each in (left, right)] == [1, 2]


def test_a_duplicate_of_a_part_stays_and_follows(tmp_path: Path) -> None:
    """The user has put a third, linked wheel on it: it stays where it is and shows the new mesh."""
    root = place_first(glb_fixtures.animated(tmp_path / "a.glb"))
    wheel = next(each for each in root.children_recursive if each.animation_data)
    spare = wheel.copy()
    bpy.context.scene.collection.objects.link(spare)
    spare.animation_data_clear()
    spare.location = (5, 0, 0)
    placed = replace_model(glb_fixtures.animated(tmp_path / "b.glb"), SECOND, root)
    assert (
        spare in placed.objects and spare.data == wheel.data and tuple(spare.location) == (5, 0, 0)
    )


# -- Materials


def _colored(path: Path, *names: str) -> Path:
    """One mesh of as many materials."""
    glb = glb_fixtures.Glb()
    boxes = [
        glb_fixtures.box(
            glb,
            (number, 0, 0),
            (number + 1, 1, 1),
            glb.material(name=name, texture=glb_fixtures.png((200, 40, 40))),
        )
        for number, name in enumerate(names)
    ]
    glb.node(mesh=glb.mesh(*boxes, name="body"), name="body")
    return glb.save(path)


def test_a_material_that_the_user_put_there_stays_there(tmp_path: Path) -> None:
    """In the slot of the same number; Mint's own come new, and a slot that the user has added is
    still there.
    """
    root = place_first(_colored(tmp_path / "a.glb", "wood", "brass"))
    gold, glass, paint = (
        bpy.data.materials.new(name) for name in ("My gold", "My glass", "My paint")
    )
    earlier = root.data.materials[0]
    root.data.materials[1] = gold
    root.data.materials.append(glass)
    assert replace_model(_colored(tmp_path / "b.glb", "wood", "brass"), SECOND, root).notes == ()
    assert [each.name for each in root.data.materials][1:] == ["My gold", "My glass"]
    assert root.data.materials[0] != earlier and "wood" in root.data.materials[0].name
    root.material_slots[0].link = "OBJECT"
    root.material_slots[0].material = paint
    replace_model(_colored(tmp_path / "c.glb", "wood", "brass"), SECOND, root)
    assert [each.material for each in root.material_slots] == [paint, gold, glass]


def test_a_material_of_mints_that_was_changed_is_kept_in_the_file(
    model: Path, tmp_path: Path
) -> None:
    """The new version brings its own, made for its own UVs; the user's work on the earlier one is
    not deleted, and a sentence says so.
    """
    root = place_first(model)
    earlier = root.data.materials[0]
    node = next(each for each in earlier.node_tree.nodes if each.type == "BSDF_PRINCIPLED")
    node.inputs["Roughness"].default_value = 0.125
    (note,) = replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root).notes
    assert root.data.materials[0] != earlier and root.data.materials[0].name == "Lamp, better"
    assert earlier.use_fake_user and f"“{earlier.name}”" in note and "(earlier)" in earlier.name
    assert replace_model(glb_fixtures.simple(tmp_path / "c.glb"), SECOND, root).notes == ()


def test_a_picture_that_was_painted_on_is_kept_in_the_file(model: Path, tmp_path: Path) -> None:
    """The same for a texture."""
    root = place_first(model)
    (image,) = [each for each in bpy.data.images if each.get("mint_made")]
    image.pixels[0] = 0.5
    image.update()
    assert image.is_dirty
    (note,) = replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root).notes
    assert image.use_fake_user and f"“{image.name}”" in note


def test_drivers_on_and_at_a_material_stay(model: Path, tmp_path: Path) -> None:
    """A driver on the roughness of Mint's material is on that of the new one; one that looks at the
    material looks at the new one.
    """
    root, needle = place_first(model), new_empty("Needle")
    tree = root.data.materials[0].node_tree
    node = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    add_target(node.inputs["Roughness"], "default_value", needle, "scale.x")
    target = add_target(needle, "location", root.data.materials[0], "roughness", "MATERIAL")
    replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root)
    new = root.data.materials[0]
    assert target.id == new
    assert [
        each.driver.variables[0].targets[0].id for each in new.node_tree.animation_data.drivers
    ] == [needle]


# -- What is refused


def _linked(model: Path, tmp_path: Path) -> bpy.types.Object:
    """A model of another file, linked into this one."""
    place_model(model, FIRST)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "other.blend"), link=True) as (there, here):
        here.objects = [name for name in there.objects if name == "Lamp"]
    bpy.context.scene.collection.objects.link(here.objects[0])
    return here.objects[0]


@pytest.mark.parametrize("kind", ["linked", "override", "mesh"])
def test_what_is_in_another_file_is_refused(kind: str, model: Path, tmp_path: Path) -> None:
    """Linked, overridden, or an object of this file that shows a linked mesh: a sentence, and
    nothing has changed.
    """
    root = _linked(model, tmp_path)
    if kind == "override":
        root = root.override_create(remap_local_usages=True)
    if kind == "mesh":
        root = root.copy()
        bpy.context.scene.collection.objects.link(root)
        assert root.library is None and root.data.library is not None
    before = SceneSnapshot()
    with pytest.raises(
        SceneImportError,
        match="library override" if kind == "override" else "linked from another file",
    ):
        replace_model(model, SECOND, root)
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("mode", ["EDIT", "SCULPT"])
def test_it_waits_while_a_linked_duplicate_is_worked_on(
    mode: str, model: Path, tmp_path: Path
) -> None:
    """It would come apart from the others and stay with the earlier mesh: a sentence, and the work
    can go on.
    """
    root = place_first(model)
    duplicate = bpy.data.objects.new("My lamp", root.data)
    bpy.context.scene.collection.objects.link(duplicate)
    bpy.context.view_layer.objects.active = duplicate
    bpy.ops.object.mode_set(mode=mode)
    with pytest.raises(SceneImportError, match=f"“My lamp” is in {mode.title()} Mode"):
        replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root)
    assert duplicate.data == root.data and duplicate.mode == mode
    bpy.ops.object.mode_set(mode="OBJECT")
    replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root)
    assert duplicate.data == root.data


# -- Copies


def _later(path: Path) -> Job:
    """A job whose model is to take the place of what `_copies` has put there."""
    files = (LocalFile(Role.MODEL, str(path), "https://files.example/x"),)
    return replace(
        a_job(), files=files, source_asset_id=FIRST.asset_id, delivery=Delivery(replaces=True)
    )


def _copies(model: Path) -> list[bpy.types.Object]:
    first = place_first(model)
    second = first.copy()
    second.data = first.data.copy()
    bpy.context.scene.collection.objects.link(second)
    return [first, second]


@pytest.mark.parametrize("edited", [0, 1])
def test_no_copy_is_replaced_while_one_of_them_cannot_be(
    edited: int, model: Path, tmp_path: Path
) -> None:
    """The sentence says that nothing was changed, and so it is: of the copy in Edit Mode and of the
    others.
    """
    copies = _copies(model)
    bpy.context.view_layer.objects.active = copies[edited]
    bpy.ops.object.mode_set(mode="EDIT")
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="Edit Mode"):
        import_job.place(_later(glb_fixtures.simple(tmp_path / "b.glb", high=(1, 2, 1))))
    before.assert_same(SceneSnapshot())


def test_all_copies_are_replaced_in_one_step(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One click, one undo, however often the user has copied the model."""
    steps: list[object] = []
    monkeypatch.setattr(undo_step, "push", steps.append)
    copies = _copies(model)
    steps.clear()
    import_job.place(_later(glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5))))
    assert [height_of(each) for each in copies] == [2, 2] and len(steps) == 1
