# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a World take the light of the scene, and let models throw shadows onto its splats.

Splats have the light of the place in their colors. A shadow is painted into those colors, by nodes
that run before the splats are shown: where a ray toward the sun hits the model, and where it is
near. Only splats that can be in the shadow are computed: 500,000 in less than a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from ...message import Message, UserError
from .. import tags
from ..bounds import bounds_as_shown
from ..data_blocks import current_scene
from ..node_trees import Builder, empty_tree, enabled, new_modifier_group, tree_of
from ..world import splat_nodes, world_objects
from ..world import splats as world_splats
from . import surfaces
from .splats import needed
from .surfaces import CASTER, Points, Surface, collider_surface, places_of

_SHADOW_OF = "mint_shadow_of"
"""The custom property of a node group that paints a shadow: what throws it."""
_RAYS = 6
"""Rays toward the sun, which soften the edge of a shadow."""
_GAMMA = 2.2
"""Splats have colors as they are displayed, while a shadow takes away a share of the light."""
_DC = 0.2820948  # the constant harmonic
_CONTACT = 0.25
"""In which distance the shadow of what is near fades, as a share of the longest side of a model."""


def ground_shadow(
    model: bpy.types.Object,
    *,
    on: bool = True,
    scene: bpy.types.Scene | None = None,
    box: Points | None = None,
) -> None:
    """Let a model, with all below it, throw a shadow onto the splats around it, or end that.

    It follows the model and the sun. Without a sun lamp only what is near is darker. `box` has the
    corners of the model, shape (2, 3), if they are known.

    Raises:
        UserError: The model is in no World with splats.
    """
    scene = scene or current_scene()
    for shown, modifier in list(_shadows(scene, model)):
        _remove(shown, modifier)
    if not on:
        return
    if box is None:
        box = _box_of(model, scene)
    around = _splats_around(scene, box) if box is not None else []
    if box is None or not around:
        raise UserError(Message("“{name}” is in no World with splats.", name=model.name))
    casters = bpy.data.collections.new("Mint Shadow")
    for part in tags.hierarchy(model):
        if part.type == "MESH":
            casters.objects.link(part)
    for shown in around:
        contact = _CONTACT * float(np.ptp(box, axis=0).max()) / shown.matrix_world.median_scale
        group = _shadow_group(casters, sun_of(scene), contact)
        group[_SHADOW_OF] = model
        painter: Any = shown.modifiers.new("Mint Shadow", "NODES")
        painter.node_group = group
        shown.modifiers.move(len(shown.modifiers) - 1, 0)


# -- the light of the scene on splats

_NORMAL = "mint_normal"
_MIX = "Mint Scene Light"
_INWARD = 0.06
"""Meters by which that copy lies below the surface, so that it does not shade the splats."""


def mix_with_scene_light(
    obj: bpy.types.Object, amount: float, *, scene: bpy.types.Scene | None = None
) -> None:
    """Let the lights of the scene light the splats of a World, which then throws shadows, too.

    Args:
        obj: The World, or something in it.
        amount: From 0, the colors as they were captured, to 1, lit by the scene alone.
        scene: Default: the current one.

    Raises:
        UserError: The World has no splats or no collider.
    """
    scene = scene or current_scene()
    root = world_objects.root_of(obj)
    parts = needed(obj)
    if root is None:
        raise UserError(Message("Select a Mint World with splats."))
    if amount <= 0.0:
        _end_light(root, parts)
        return
    meshes = surfaces.colliders(root)
    if not meshes:
        raise UserError(Message("This World has no collider in the scene."))
    surface = collider_surface(meshes)
    assert surface is not None, "a collider has triangles"
    eye = world_objects.upright(root).translation
    for part in parts:
        if _NORMAL not in part.data.attributes:
            _store_normals(part, surface, eye)
            _assign_material(part)
        part.visible_shadow = False  # they would speckle
        _mix_of(part).inputs[0].default_value = min(amount, 1.0)
    if not any(child.get(CASTER) for child in root.children_recursive):
        _add_caster(root, surface.behind(eye, _INWARD / scene.unit_settings.scale_length), scene)


def scene_light_of(part: bpy.types.Object) -> float:
    """Return how much of the scene's light is on splats, from 0 to 1."""
    mix = _mix_of(part)
    return float(mix.inputs[0].default_value) if mix is not None else 0.0


def _mix_of(part: bpy.types.Object) -> Any:
    """Return the node that mixes captured colors with light; None without one."""
    data: Any = part.data
    for material in data.materials:
        if material is not None and material.get(_MIX):
            return material.node_tree.nodes[_MIX]
    return None


def _end_light(root: bpy.types.Object, parts: list[bpy.types.Object]) -> None:
    world_objects.remove_objects([c for c in root.children_recursive if c.get(CASTER)])
    for part in parts:
        part.visible_shadow = True
        data: Any = part.data
        if _NORMAL in data.attributes:
            data.attributes.remove(data.attributes[_NORMAL])
        modifier: Any = part.modifiers.get(_MIX)
        if modifier is not None:
            group: Any = modifier.node_group
            part.modifiers.remove(modifier)
            bpy.data.node_groups.remove(group)
        for index, material in reversed(list(enumerate(data.materials))):
            if material is not None and material.get(_MIX):
                data.materials.pop(index=index)
                if not material.users:
                    bpy.data.materials.remove(material)


def _store_normals(part: bpy.types.Object, surface: Surface, eye: Vector) -> None:
    """Store for each splat the normal of the collider there, toward where it was captured.

    It is in world space: a Vector Transform node makes native splats dark in Cycles 5.3.
    """
    places = places_of(part)
    normals = surface.normals_near(places)
    away = ((np.array(eye) - places) * normals).sum(axis=1) < 0
    normals[away] *= -1
    data: Any = part.data
    attribute = data.attributes.new(_NORMAL, "FLOAT_VECTOR", "POINT")
    attribute.data.foreach_set("vector", normals.ravel())


def _assign_material(part: bpy.types.Object) -> None:
    """Give splats a material of their own, whose light is mixed with that of the scene."""
    data: Any = part.data
    if part.type == "POINTCLOUD":
        material = bpy.data.materials.new(_MIX)
        b = Builder(empty_tree(material))
        color = b.add("ShaderNodeAttribute", attribute_name="radiance").outputs["Color"]
        light = b.add("ShaderNodeEmission", {"Color": color}).outputs[0]
        output = b.add("ShaderNodeOutputMaterial")
        b.tree.links.new(_mixed(b, color, light), output.inputs["Surface"])
        data.materials.append(material)
    else:
        material = splat_nodes.material().copy()
        material.name = _MIX
        b = Builder(tree_of(material))
        nodes: Any = b.tree.nodes
        light = next(node for node in nodes if node.bl_idname == "ShaderNodeEmission")
        follower = light.outputs[0].links[0].to_socket
        color = light.inputs["Color"].links[0].from_socket
        b.tree.links.new(_mixed(b, color, light.outputs[0]), follower)
        data.materials.append(material)
        group = new_modifier_group(_MIX)
        last = Builder(group)
        shown = last.add("NodeGroupInput").outputs["Geometry"]
        chosen = last.add("GeometryNodeSetMaterial", {"Geometry": shown, "Material": material})
        last.add("NodeGroupOutput", {"Geometry": chosen.outputs[0]})
        modifier: Any = part.modifiers.new(_MIX, "NODES")
        modifier.node_group = group
    material[_MIX] = True


def _mixed(b: Builder, color: Any, captured: Any) -> Any:
    """Return a mix of captured light and of a diffuse surface of the same color."""
    normal = b.add("ShaderNodeAttribute", attribute_name=_NORMAL).outputs["Vector"]
    lit = b.add("ShaderNodeBsdfDiffuse", {"Color": color, "Normal": normal}).outputs[0]
    mix = b.add("ShaderNodeMixShader", {1: captured, 2: lit})
    mix.name = _MIX
    return mix.outputs[0]


def _add_caster(root: bpy.types.Object, surface: Surface, scene: bpy.types.Scene) -> None:
    """Add an object that only throws shadows, and moves along with a World."""
    caster = bpy.data.objects.new("World Shadow", surface.mesh("World Shadow"))
    world_objects.collection_of(root, scene).objects.link(caster)
    caster.parent = root
    caster.matrix_parent_inverse = root.matrix_world.inverted_safe()
    caster[CASTER] = True
    caster.hide_select = True
    caster.display_type = "BOUNDS"
    for ray in ("camera", "diffuse", "glossy", "transmission", "volume_scatter"):
        setattr(caster, f"visible_{ray}", False)


# -- the shadow of a model


def has_shadow(model: bpy.types.Object, scene: bpy.types.Scene) -> bool:
    """Return whether a model throws a shadow onto splats."""
    return any(True for _ in _shadows(scene, model))


def sun_of(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the brightest sun lamp that is not hidden, or None."""
    suns = [
        obj
        for obj in scene.objects
        if isinstance(obj.data, bpy.types.SunLight) and not obj.hide_render
    ]
    return max(suns, key=lambda sun: float(sun.data.energy), default=None)


def _splats_of(scene: bpy.types.Scene) -> Iterator[bpy.types.Object]:
    for obj in scene.objects:
        if obj.get(world_splats.MARK) is not None and "radiance:base" in obj.data.attributes:
            yield obj


def _box_of(model: bpy.types.Object, scene: bpy.types.Scene) -> Points | None:
    """Return the lowest and the highest corner of a model, shape (2, 3); None without a mesh."""
    layer = scene.view_layers[0]
    layer.update()
    assert layer.depsgraph is not None
    corners = bounds_as_shown(tags.hierarchy(model), layer.depsgraph)
    return np.array(corners) if corners is not None else None


def _splats_around(scene: bpy.types.Scene, box: Points) -> list[bpy.types.Object]:
    """Return the splats that are above or below the middle of a box."""
    middle = box.mean(axis=0)[:2]
    found = []
    for shown in _splats_of(scene):
        places = places_of(shown)[:, :2]
        if (places.min(axis=0) <= middle).all() and (places.max(axis=0) >= middle).all():
            found.append(shown)
    return found


def _shadows(
    scene: bpy.types.Scene, model: bpy.types.Object
) -> Iterator[tuple[bpy.types.Object, Any]]:
    """Yield the modifiers that paint the shadow of a model, with their objects."""
    for shown in _splats_of(scene):
        for modifier in shown.modifiers:
            group: Any = getattr(modifier, "node_group", None)
            if group is not None and group.get(_SHADOW_OF) == model:
                yield shown, modifier


def _remove(shown: bpy.types.Object, modifier: Any) -> None:
    """Remove a modifier, and its node group and the collection of what throws the shadow."""
    group = modifier.node_group
    casters = next(
        (
            node.inputs["Collection"].default_value
            for node in group.nodes
            if node.bl_idname == "GeometryNodeCollectionInfo"
        ),
        None,
    )
    shown.modifiers.remove(modifier)
    if not group.users:
        bpy.data.node_groups.remove(group)
    if casters is not None and not casters.users:
        bpy.data.collections.remove(casters)


def _shadow_group(
    casters: bpy.types.Collection, sun: bpy.types.Object | None, contact: float
) -> bpy.types.NodeTree:
    """Return a node group that darkens splats where the casters hide the sun, and near them."""
    sockets = {"Strength": "Float", "Softness": "Float", "Contact": "Float"}
    tree = new_modifier_group("Mint Shadow", sockets)
    for name, value in (("Strength", 0.7), ("Softness", 0.05), ("Contact", contact)):
        socket = tree.interface.items_tree[name]
        socket.default_value = value
        socket.min_value = 0.0
    tree.interface.items_tree["Strength"].max_value = 1.0
    b = Builder(tree)
    inputs = b.add("NodeGroupInput").outputs
    info = b.add(
        "GeometryNodeCollectionInfo", {"Collection": casters}, transform_space="RELATIVE"
    ).outputs[0]
    hull = b.add("GeometryNodeRealizeInstances", {"Geometry": info}).outputs[0]
    place = b.add("GeometryNodeInputPosition").outputs[0]
    middle, radius = _ball(b, hull)
    offset = b.vector_math("SUBTRACT", place, middle)
    away = b.vector_math("LENGTH", offset)
    is_near = b.math("LESS_THAN", away, b.math("MULTIPLY_ADD", inputs["Contact"], 4.0, radius))
    near = _nearness(b, hull, inputs["Contact"])
    points = b.store(inputs["Geometry"], "mint_near", "FLOAT", near, selection=is_near)
    dark = b.read("mint_near", "FLOAT")
    is_dark = is_near
    if sun is not None:
        rotation = b.add("GeometryNodeObjectInfo", {"Object": sun}, transform_space="RELATIVE")
        toward = b.add(
            "FunctionNodeRotateVector",
            {"Vector": (0.0, 0.0, 1.0), "Rotation": rotation.outputs["Rotation"]},
        ).outputs[0]
        beside = b.vector_math("LENGTH", b.vector_math("CROSS_PRODUCT", offset, toward))
        wider = b.math("MULTIPLY", inputs["Softness"], 1.8)
        is_behind = b.math("LESS_THAN", beside, b.math("MULTIPLY_ADD", wider, away, radius))
        hidden = _hidden_share(b, hull, place, toward, inputs["Softness"])
        points = b.store(points, "mint_sun", "FLOAT", hidden, selection=is_behind)
        dark = b.math("MAXIMUM", dark, b.read("mint_sun", "FLOAT"))
        is_dark = b.math("MAXIMUM", is_near, is_behind)
    kept = b.math("SUBTRACT", 1.0, b.math("MULTIPLY", dark, inputs["Strength"]))
    points = b.store(points, "radiance:base", "FLOAT_COLOR", _darker(b, kept), selection=is_dark)
    for name in ("mint_near", "mint_sun"):
        points = b.add("GeometryNodeRemoveAttribute", {"Geometry": points, "Name": name}).outputs[0]
    b.add("NodeGroupOutput", {"Geometry": points})
    return tree


def _ball(b: Builder, hull: Any) -> tuple[Any, Any]:
    """Return middle and radius of a ball around a geometry."""
    box = b.add("GeometryNodeBoundBox", {"Geometry": hull}).outputs
    total = b.vector_math("ADD", box["Min"], box["Max"])
    middle = b.vector_math("MULTIPLY", total, (0.5, 0.5, 0.5))
    across = b.vector_math("DISTANCE", box["Min"], box["Max"])
    return middle, b.math("MULTIPLY", across, 0.5)


def _nearness(b: Builder, hull: Any, contact: Any) -> Any:
    """Return 1 at the surface, less away from it."""
    near = b.add("GeometryNodeProximity", {0: hull}, target_element="FACES")
    share = b.math("DIVIDE", near.outputs["Distance"], contact)
    return b.math("EXPONENT", b.math("MULTIPLY", share, -1.0))


def _hidden_share(b: Builder, hull: Any, place: Any, toward: Any, softness: Any) -> Any:
    """Return the share of rays toward the sun that hit the casters."""
    total: Any = 0.0
    for seed in range(_RAYS):
        span = {"Seed": seed, "Min": (-1.0, -1.0, -1.0)}
        jitter = b.add("FunctionNodeRandomValue", span, data_type="FLOAT_VECTOR")
        aside = b.vector_math("MULTIPLY", enabled(jitter.outputs, "Value"), softness)
        ray = {
            "Target Geometry": hull,
            "Source Position": place,
            "Ray Direction": b.vector_math("ADD", toward, aside),
            "Ray Length": 100.0,
        }
        cast = b.add("GeometryNodeRaycast", ray)
        total = b.math("ADD", cast.outputs["Is Hit"], total)
    return b.math("DIVIDE", total, float(_RAYS))


def _darker(b: Builder, kept: Any) -> Any:
    """Return the color of splats when this share of their light is kept."""
    factor = b.math("POWER", kept, 1 / _GAMMA)
    below = b.math("MULTIPLY", b.math("SUBTRACT", factor, 1.0), 0.5 / _DC)
    base = b.read("radiance:base", "FLOAT_COLOR")
    parts = b.add("FunctionNodeSeparateColor", {"Color": base}).outputs
    color: dict[str | int, Any] = {
        name: b.math("MULTIPLY_ADD", parts[name], factor, below)
        for name in ("Red", "Green", "Blue")
    }
    return b.add("FunctionNodeCombineColor", color | {"Alpha": parts["Alpha"]}).outputs[0]
