# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user has built on a model that moves, on its mesh and on its materials is there after another version took its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import glbs

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.blender.scene import animation  # noqa: E402
from mint_blender.blender.scene.landing import ImportTrouble, Landing, Provenance, land_model  # noqa: E402
from mint_blender.blender.scene.measure import bounds  # noqa: E402
from mint_blender.blender.scene.replace import replace_model  # noqa: E402

from .dump import Picture  # noqa: E402

FIRST = Provenance(job_id="job_1", asset_id="mdl_1", name="Lamp", prompt="a lamp")
SECOND = Provenance(job_id="job_2", asset_id="mdl_2", name="Lamp, better", prompt="a better lamp")


def _landed(path: Path) -> bpy.types.Object:
    return land_model(path, FIRST, Landing(at=(0, 0, 0))).root


def _only(root: bpy.types.Object, kind: str) -> bpy.types.Object:
    (found,) = [each for each in (root, *root.children_recursive) if each.type == kind and each.get("mint_made")]
    return found


def _empty(name: str) -> bpy.types.Object:
    made = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(made)
    return made


def _look_at(owner: Any, path: str, target: Any, looked_at: str, kind: str = "OBJECT") -> Any:
    """A driver on `owner` that reads a property of `target`; answers with what it looks at."""
    driver = owner.driver_add(path, 0).driver if path == "location" else owner.driver_add(path).driver
    driver.type = "SUM"
    variable = driver.variables.new()
    if kind == "BONE":
        variable.type = "TRANSFORMS"
        variable.targets[0].bone_target = looked_at
    else:
        if kind != "OBJECT":
            variable.targets[0].id_type = kind
        variable.targets[0].data_path = looked_at
    variable.targets[0].id = target
    return variable.targets[0]


def _high(root: bpy.types.Object) -> float:
    low, high = bounds([root, *root.children_recursive])
    return round(high[2] - low[2], 4)


# -- Bones ----------------------------------------------------------------------------------------------------------------------


def test_what_hangs_on_bones_stays(tmp_path: Path) -> None:
    """Constraints of pose bones, an object parented to a bone, and drivers on and at a bone are there, on the same armature."""
    root = _landed(glbs.skinned(tmp_path / "a.glb"))
    armature, hat, compass, needle = _only(root, "ARMATURE"), _empty("Hat"), _empty("Compass"), _empty("Needle")
    bone = armature.pose.bones["upper"]
    bone.constraints.new("COPY_ROTATION").target = compass
    bone["strength"] = 0.5
    hat.parent, hat.parent_type, hat.parent_bone = armature, "BONE", "upper"
    target = _look_at(needle, "location", armature, "upper", "BONE")
    _look_at(bone, "location", compass, "location.x")
    placed = replace_model(glbs.skinned(tmp_path / "b.glb", lift=2), SECOND, root)
    assert placed.notes == () and _only(root, "ARMATURE") == armature and armature.data.get("mint_made")
    bone = armature.pose.bones["upper"]
    assert [each.target for each in bone.constraints] == [compass] and bone["strength"] == 0.5
    assert (hat.parent, hat.parent_type, hat.parent_bone) == (armature, "BONE", "upper")
    assert target.id == armature and target.bone_target == "upper"
    assert [each.data_path for each in armature.animation_data.drivers] == ['pose.bones["upper"].location']
    assert hat in placed.objects


def test_a_bone_that_does_not_come_again_is_said(tmp_path: Path) -> None:
    """What hung on it hangs on the armature, where it was in the world; the sentence names the bone."""
    root = _landed(glbs.skinned(tmp_path / "a.glb"))
    armature, hat = _only(root, "ARMATURE"), _empty("Hat")
    hat.parent, hat.parent_type, hat.parent_bone = armature, "BONE", "upper"
    bpy.context.view_layer.update()
    where = hat.matrix_world.copy()
    (note,) = replace_model(glbs.skinned(tmp_path / "b.glb", bones=("lower", "head")), SECOND, root).notes
    assert "upper" in note and "lacks bones" in note
    bpy.context.view_layer.update()
    assert (hat.parent, hat.parent_type) == (armature, "OBJECT")
    assert [tuple(row) for row in hat.matrix_world] == [pytest.approx(tuple(row), abs=1e-5) for row in where]


def test_modifiers_around_the_armatures_stay_in_order(tmp_path: Path) -> None:
    """One of the user's before the bones and one after them: both stay there, with their settings, and the bones move the new mesh."""
    root = _landed(glbs.skinned(tmp_path / "a.glb"))
    body = _only(root, "MESH")
    body.modifiers.new("Before", "WELD").merge_threshold = 0.25
    body.modifiers.move(1, 0)
    body.modifiers.new("After", "DISPLACE").strength = 0
    body.constraints.new("LIMIT_SCALE").name = "Mine"
    earlier = body.data
    assert replace_model(glbs.skinned(tmp_path / "b.glb", lift=2), SECOND, root).notes == ()
    assert _only(root, "MESH") == body and body.data != earlier
    assert [(each.name, each.type) for each in body.modifiers] == [("Before", "WELD"), ("Armature", "ARMATURE"), ("After", "DISPLACE")]
    assert body.modifiers["Before"].merge_threshold == 0.25 and body.modifiers["Armature"].object == _only(root, "ARMATURE")
    assert [each.name for each in body.constraints] == ["Mine"]
    assert _high(root) == 3


def test_a_still_model_becomes_one_with_bones(model: Path, tmp_path: Path) -> None:
    """The root shows the mesh of the new version, so that its modifiers work on; the bones come before them."""
    root = _landed(model)
    root.modifiers.new("Mine", "DISPLACE").strength = 0
    root.location = (3, 0, 0)
    assert replace_model(glbs.skinned(tmp_path / "b.glb"), SECOND, root).notes == ()
    assert [each.type for each in root.modifiers] == ["ARMATURE", "DISPLACE"] and root.modifiers[0].object == _only(root, "ARMATURE")
    assert [each.type for each in root.children] == ["ARMATURE"]
    low, high = bounds([root, *root.children])
    assert (low, high) == (pytest.approx((2.5, -0.5, 0), abs=1e-5), pytest.approx((3.5, 0.5, 2), abs=1e-5))


def test_a_model_with_bones_becomes_a_still_one(model: Path, tmp_path: Path) -> None:
    """The skinned mesh keeps the user's modifier and loses the bones'; what hung on the bones hangs on the root."""
    root = _landed(glbs.skinned(tmp_path / "a.glb"))
    body, hat = _only(root, "MESH"), _empty("Hat")
    body.modifiers.new("Mine", "BEVEL")
    hat.parent, hat.parent_type, hat.parent_bone = _only(root, "ARMATURE"), "BONE", "upper"
    replace_model(model, SECOND, root)
    assert [each.name for each in body.modifiers] == ["Mine"] and hat.parent == root
    assert not [each for each in bpy.data.objects if each.type == "ARMATURE"] and not bpy.data.armatures
    assert _high(root) == 1


def test_a_pose_of_the_users_stays_and_mints_goes(tmp_path: Path) -> None:
    """Untouched bones stand as in the new file; once the user has posed them they stand as the user has them."""
    root = _landed(glbs.skinned(tmp_path / "a.glb"))
    replace_model(glbs.skinned(tmp_path / "b.glb", lift=2), SECOND, root)
    assert _high(root) == 3
    upper = _only(root, "ARMATURE").pose.bones["upper"]
    upper.location = upper.location * 2
    posed = _high(root)
    assert posed != 3
    replace_model(glbs.skinned(tmp_path / "c.glb", lift=1), SECOND, root)
    assert _high(root) == posed


# -- Motion ---------------------------------------------------------------------------------------------------------------------


def _values(action: Any) -> list[float]:
    return [round(point.co.y, 4) for curve in animation.curves(action) for point in curve.keyframe_points]


@pytest.mark.parametrize("kind", ["ARMATURE", "MESH"])
def test_mints_own_motion_comes_new(kind: str, tmp_path: Path) -> None:
    """An action that nobody has touched is replaced by that of the new version, which moves the same object; the old one is gone."""
    if kind == "ARMATURE":
        root = _landed(glbs.skinned(tmp_path / "a.glb", waves=("one",)))
        new = glbs.skinned(tmp_path / "b.glb", waves=("two", "three"), lift=2)
    else:
        root, new = _landed(glbs.animated(tmp_path / "a.glb")), glbs.animated(tmp_path / "b.glb")
    moving = next(each for each in root.children_recursive if each.animation_data)
    earlier, count = moving.animation_data.action, len(bpy.data.actions)
    assert earlier is not None and moving.type == kind
    assert replace_model(new, SECOND, root).notes == ()
    assert moving in root.children_recursive and moving.animation_data.action not in (None, earlier)
    assert len(bpy.data.actions) == count + (kind == "ARMATURE")
    assert set(bpy.data.actions) == animation.actions(moving)
    before = _high(root)
    bpy.context.scene.frame_set(25)
    bpy.context.view_layer.update()
    depsgraph = bpy.context.evaluated_depsgraph_get()
    if kind == "ARMATURE":
        assert before == 3 and moving.evaluated_get(depsgraph).pose.bones["upper"].head.x == pytest.approx(1, abs=0.01)
    else:
        assert abs(moving.evaluated_get(depsgraph).rotation_quaternion.x) + abs(
            moving.evaluated_get(depsgraph).rotation_quaternion.z
        ) == pytest.approx(0.7071, abs=0.01)


def _own_action(owner: bpy.types.Object) -> Any:
    owner.animation_data_create().action = None
    owner.keyframe_insert("location", frame=1)
    owner.animation_data.action.name = "My own"
    return owner.animation_data.action


@pytest.mark.parametrize("kind", ["ARMATURE", "MESH"])
def test_an_action_of_the_users_wins_and_that_is_said(kind: str, tmp_path: Path) -> None:
    """The part goes on moving as the user has it, and the action that came is kept in the file under the name that the sentence tells."""
    make = (lambda path: glbs.skinned(path, waves=("wave",))) if kind == "ARMATURE" else glbs.animated
    root = _landed(make(tmp_path / "a.glb"))
    moving = next(each for each in root.children_recursive if each.animation_data)
    mine = _own_action(moving)
    slot = getattr(moving.animation_data, "action_slot", None)
    (note,) = replace_model(make(tmp_path / "b.glb"), SECOND, root).notes
    assert moving.animation_data.action == mine and getattr(moving.animation_data, "action_slot", None) == slot
    assert "keeps your action" in note
    assert [each for each in bpy.data.actions if each.use_fake_user and f"“{each.name}”" in note]


def test_an_action_of_mints_that_was_changed_is_the_users(tmp_path: Path) -> None:
    """Keys that the user has moved are not lost."""
    root = _landed(glbs.animated(tmp_path / "a.glb"))
    moving = next(each for each in root.children_recursive if each.animation_data)
    action = moving.animation_data.action
    next(animation.curves(action)).keyframe_points[0].co.y = 0.125
    assert len(replace_model(glbs.animated(tmp_path / "b.glb"), SECOND, root).notes) == 1
    assert moving.animation_data.action == action and 0.125 in _values(action)


def test_a_track_of_the_users_stays(tmp_path: Path) -> None:
    """Among the tracks that came with the file, whose new ones come, the user's own is still there."""
    root = _landed(glbs.skinned(tmp_path / "a.glb", waves=("one", "two")))
    moving = _only(root, "ARMATURE")
    track = moving.animation_data.nla_tracks.new()
    track.name = "My track"
    track.strips.new("Mine", 1, bpy.data.actions.new("My own"))
    replace_model(glbs.skinned(tmp_path / "b.glb", waves=("three", "four")), SECOND, root)
    names = [each.name for each in moving.animation_data.nla_tracks]
    assert "My track" in names and not {"one", "two"} & set(names)
    assert all(strip.action for each in moving.animation_data.nla_tracks for strip in each.strips)


def test_a_part_that_was_moved_stays_there(tmp_path: Path) -> None:
    """The user has pulled the shade up: it is there after the replacement, too; the foot is where the new file has it."""

    def parts(path: Path, at: float) -> Path:
        glb = glbs.Glb()
        for name in ("foot", "shade"):
            glb.node(mesh=glb.mesh(glbs.box(glb), name=name), name=name, translation=[at, 0, 0])
        glb.node(mesh=glb.mesh(glbs.box(glb, (-9, 0, -9), (9, 0.1, 9)), name="base"), name="base")
        return glb.save(path)

    root = _landed(parts(tmp_path / "a.glb", 1))
    foot, shade = (next(each for each in root.children if name in each.name) for name in ("foot", "shade"))
    shade.location.z += 5
    replace_model(parts(tmp_path / "b.glb", 2), SECOND, root)
    assert (foot.location.x, shade.location.x, shade.location.z) == (2, 1, 5)


# -- On the mesh ----------------------------------------------------------------------------------------------------------------


def test_shape_keys_keep_what_is_set_on_them(tmp_path: Path) -> None:
    """Value, range and driver of a key that comes again, and a driver that looks at it; a key that does not is named."""
    root = _landed(glbs.shaped(tmp_path / "a.glb", "wide", "gone"))
    body, needle = _only(root, "MESH"), _empty("Needle")
    keys = body.data.shape_keys
    keys.key_blocks["wide"].slider_max, keys.key_blocks["wide"].value = 3, 2
    target = _look_at(needle, "location", keys, 'key_blocks["wide"].value', "KEY")
    _look_at(keys.key_blocks["gone"], "value", needle, "scale.x")
    _look_at(keys.key_blocks["wide"], "slider_min", needle, "scale.y")
    (note,) = replace_model(glbs.shaped(tmp_path / "b.glb", "wide", height=2), SECOND, root).notes
    new = body.data.shape_keys
    assert target.id == new and (new.key_blocks["wide"].slider_max, new.key_blocks["wide"].value) == (3, 2)
    assert [each.data_path for each in new.animation_data.drivers] == ['key_blocks["wide"].slider_min']
    assert "gone" in note and _high(root) == 2


def test_vertex_groups_come_along_by_the_nearest_vertex(model: Path, tmp_path: Path) -> None:
    """A modifier that works on a group of the user's goes on working: the same end of the new, larger mesh is in it, with its weights."""
    root = _landed(model)
    group = root.vertex_groups.new(name="Top")
    group.add([each.index for each in root.data.vertices if each.co.z > 0.5], 0.75, "REPLACE")
    root.modifiers.new("Mine", "DISPLACE").vertex_group = "Top"
    assert replace_model(glbs.simple(tmp_path / "b.glb", (-2, 0, -2), (2, 8, 2)), SECOND, root).notes == ()
    assert [each.name for each in root.vertex_groups] == ["Top"] and root.modifiers["Mine"].vertex_group == "Top"
    weights = {each.index: each.groups[0].weight if each.groups else 0 for each in root.data.vertices}
    assert all(weights[each.index] == (0.75 if each.co.z > 4 else 0) for each in root.data.vertices)


def test_the_groups_of_bones_are_the_new_ones(tmp_path: Path) -> None:
    """Groups of the earlier version's bones do not pile up beside those that come; the user's own does not get lost among them."""
    root = _landed(glbs.skinned(tmp_path / "a.glb"))
    body = _only(root, "MESH")
    body.vertex_groups.new(name="Mine").add([0], 1, "REPLACE")
    replace_model(glbs.skinned(tmp_path / "b.glb", bones=("lower", "head")), SECOND, root)
    assert {each.name for each in body.vertex_groups} == {"lower", "head", "Mine"}


def test_what_was_made_on_vertices_that_are_gone_is_named(model: Path, tmp_path: Path) -> None:
    """A second UV map, a colour attribute and a shape key of the user's lie on the earlier vertices: a sentence names them."""
    root = _landed(model)
    root.data.uv_layers.new(name="My UVs")
    root.data.color_attributes.new("My colours", "FLOAT_COLOR", "POINT")
    root.shape_key_add(name="Basis")
    root.shape_key_add(name="My shape")
    (note,) = replace_model(glbs.simple(tmp_path / "b.glb"), SECOND, root).notes
    assert all(name in note for name in ("My UVs", "My colours", "My shape")) and "Basis" not in note


def test_properties_and_drivers_of_the_mesh_stay(model: Path, tmp_path: Path) -> None:
    """A custom property of the mesh, the driver on it, and a driver elsewhere that looks at it."""
    root, needle = _landed(model), _empty("Needle")
    root.data["wear"] = needle.scale.x = 0.25
    target = _look_at(needle, "location", root.data, '["wear"]', "MESH")
    _look_at(root.data, '["wear"]', needle, "scale.x")
    assert replace_model(glbs.simple(tmp_path / "b.glb"), SECOND, root).notes == ()
    assert root.data["wear"] == pytest.approx(0.25) and target.id == root.data
    assert [each.data_path for each in root.data.animation_data.drivers] == ['["wear"]']


def test_a_mesh_that_was_shared_may_come_unshared(tmp_path: Path) -> None:
    """Two wheels showed one mesh; in the new version each has its own, and each wheel shows that."""

    def wheels(path: Path, shared: bool) -> Path:
        glb = glbs.Glb()
        meshes = [glb.mesh(glbs.box(glb, (-0.5, 0, -0.5), (0.5, 1 + side, 0.5)), name=f"wheel{side}") for side in (0, 1)]
        for side, name in enumerate(("left", "right")):
            glb.node(mesh=meshes[0 if shared else side], name=name, translation=[3 * side, 0, 0])
        if shared:  # a mesh that nobody shows would not be imported alone
            glb.node(mesh=meshes[1], name="third", translation=[9, 0, 0])
        return glb.save(path)

    root = _landed(wheels(tmp_path / "a.glb", shared=True))
    left, right = (next(each for each in root.children if name in each.name) for name in ("left", "right"))
    assert left.data == right.data
    replace_model(wheels(tmp_path / "b.glb", shared=False), SECOND, root)
    assert [max(vertex.co.z for vertex in each.data.vertices) for each in (left, right)] == [1, 2]


def test_a_duplicate_of_a_part_stays_and_follows(tmp_path: Path) -> None:
    """The user has put a third, linked wheel on it: it stays where it is and shows the new mesh."""
    root = _landed(glbs.animated(tmp_path / "a.glb"))
    wheel = next(each for each in root.children_recursive if each.animation_data)
    spare = wheel.copy()
    bpy.context.scene.collection.objects.link(spare)
    spare.animation_data_clear()
    spare.location = (5, 0, 0)
    placed = replace_model(glbs.animated(tmp_path / "b.glb"), SECOND, root)
    assert spare in placed.objects and spare.data == wheel.data and tuple(spare.location) == (5, 0, 0)


# -- Materials ------------------------------------------------------------------------------------------------------------------


def _coloured(path: Path, *names: str) -> Path:
    """One mesh of as many materials."""
    glb = glbs.Glb()
    boxes = [
        glbs.box(glb, (number, 0, 0), (number + 1, 1, 1), glb.material(name=name, texture=glbs.png((200, 40, 40))))
        for number, name in enumerate(names)
    ]
    glb.node(mesh=glb.mesh(*boxes, name="body"), name="body")
    return glb.save(path)


def test_a_material_that_the_user_put_there_stays_there(tmp_path: Path) -> None:
    """In the slot of the same number; Mint's own come new, and a slot that the user has added is still there."""
    root = _landed(_coloured(tmp_path / "a.glb", "wood", "brass"))
    gold, glass, paint = (bpy.data.materials.new(name) for name in ("My gold", "My glass", "My paint"))
    earlier = root.data.materials[0]
    root.data.materials[1] = gold
    root.data.materials.append(glass)
    assert replace_model(_coloured(tmp_path / "b.glb", "wood", "brass"), SECOND, root).notes == ()
    assert [each.name for each in root.data.materials][1:] == ["My gold", "My glass"]
    assert root.data.materials[0] != earlier and "wood" in root.data.materials[0].name
    root.material_slots[0].link = "OBJECT"
    root.material_slots[0].material = paint
    replace_model(_coloured(tmp_path / "c.glb", "wood", "brass"), SECOND, root)
    assert [each.material for each in root.material_slots] == [paint, gold, glass]


def test_a_material_of_mints_that_was_changed_is_kept_in_the_file(model: Path, tmp_path: Path) -> None:
    """The new version brings its own, made for its own UVs; the user's work on the earlier one is not deleted, and a sentence says so."""
    root = _landed(model)
    earlier = root.data.materials[0]
    node = next(each for each in earlier.node_tree.nodes if each.type == "BSDF_PRINCIPLED")
    node.inputs["Roughness"].default_value = 0.125
    (note,) = replace_model(glbs.simple(tmp_path / "b.glb"), SECOND, root).notes
    assert root.data.materials[0] != earlier and root.data.materials[0].name == "Lamp, better"
    assert earlier.use_fake_user and f"“{earlier.name}”" in note and "(earlier)" in earlier.name
    assert replace_model(glbs.simple(tmp_path / "c.glb"), SECOND, root).notes == ()


def test_a_picture_that_was_painted_on_is_kept_in_the_file(model: Path, tmp_path: Path) -> None:
    """The same for a texture."""
    root = _landed(model)
    (image,) = [each for each in bpy.data.images if each.get("mint_made")]
    image.pixels[0] = 0.5
    image.update()
    assert image.is_dirty
    (note,) = replace_model(glbs.simple(tmp_path / "b.glb"), SECOND, root).notes
    assert image.use_fake_user and f"“{image.name}”" in note


def test_drivers_on_and_at_a_material_stay(model: Path, tmp_path: Path) -> None:
    """A driver on the roughness of Mint's material is on that of the new one; one that looks at the material looks at the new one."""
    root, needle = _landed(model), _empty("Needle")
    tree = root.data.materials[0].node_tree
    node = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    _look_at(node.inputs["Roughness"], "default_value", needle, "scale.x")
    target = _look_at(needle, "location", root.data.materials[0], "roughness", "MATERIAL")
    replace_model(glbs.simple(tmp_path / "b.glb"), SECOND, root)
    new = root.data.materials[0]
    assert target.id == new
    assert [each.driver.variables[0].targets[0].id for each in new.node_tree.animation_data.drivers] == [needle]


# -- What is refused ------------------------------------------------------------------------------------------------------------


def _linked(model: Path, tmp_path: Path) -> bpy.types.Object:
    """A model of another file, linked into this one."""
    land_model(model, FIRST)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "other.blend"), link=True) as (there, here):
        here.objects = [name for name in there.objects if name == "Lamp"]
    bpy.context.scene.collection.objects.link(here.objects[0])
    return here.objects[0]


@pytest.mark.parametrize("kind", ["linked", "override", "mesh"])
def test_what_is_in_another_file_is_refused(kind: str, model: Path, tmp_path: Path) -> None:
    """Linked, overridden, or an object of this file that shows a linked mesh: a sentence, and nothing has changed."""
    root = _linked(model, tmp_path)
    if kind == "override":
        root = root.override_create(remap_local_usages=True)
    if kind == "mesh":
        root = root.copy()
        bpy.context.scene.collection.objects.link(root)
        assert root.library is None and root.data.library is not None
    before = Picture()
    with pytest.raises(ImportTrouble, match="library override" if kind == "override" else "linked from another file"):
        replace_model(model, SECOND, root)
    before.assert_same(Picture())
