# SPDX-License-Identifier: GPL-3.0-or-later
"""Crop the splats of a World with a box, and save splats as a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...files.spz import encode
from ...message import Message, UserError
from ..data_blocks import current_scene
from ..mesh_arrays import transformed
from ..node_trees import Builder, enabled, new_modifier_group
from ..world import splats as world_splats
from ..world import world_objects
from .surfaces import MEMBERS, attributes, places_of

_BOX = "mint_crop_box"
"""The custom property of a node group that crops splats: its box."""
_UNEVEN = 0.01
"""By how much the scale may differ between the axes."""
FORMATS = (".ply", ".spz")


def splats_of(obj: bpy.types.Object | None) -> list[bpy.types.Object]:
    """Return the splats of the World that an object belongs to, or the object itself if it is such.

    Splats that a script has removed from their World count, too.
    """
    root = world_objects.root_of(obj)
    if root is not None:
        parts = world_objects.parts_of(root, "splats")
        return [part for part in parts if "radiance:base" in part.data.attributes]
    is_splats = obj is not None and obj.get(world_splats.MARK) is not None
    return [obj] if obj is not None and is_splats else []


def crop(obj: bpy.types.Object) -> bpy.types.Object:
    """Hide the splats of a World outside a box, and return the box: move and scale it.

    Raises:
        UserError: There are no splats.
    """
    shown = needed(obj)
    box = box_of(obj)
    if box is not None:
        return box
    scene = current_scene()
    root = world_objects.root_of(shown[0])
    box = bpy.data.objects.new("Crop", None)
    box.empty_display_type = "CUBE"
    collection = scene.collection
    if root is not None:
        collection = world_objects.collection_of(root, scene)
    collection.objects.link(box)
    points = np.concatenate([places_of(part) for part in shown])
    low, high = np.percentile(points, (1, 99), axis=0)
    box.location = (low + high) / 2
    box.scale = np.maximum((high - low) / 2, 1e-3)
    if root is not None:
        box.parent = root
        box.matrix_parent_inverse = root.matrix_world.inverted_safe()
    group = _crop_group(box)
    for part in shown:
        modifier: Any = part.modifiers.new("Mint Crop", "NODES")
        modifier.node_group = group
        part.modifiers.move(len(part.modifiers) - 1, 0)
    return box


def box_of(obj: bpy.types.Object) -> bpy.types.Object | None:
    """Return the box that crops the splats of a World; None if there is none."""
    for _, modifier in _crops(splats_of(obj)):
        box: bpy.types.Object | None = modifier.node_group[_BOX]
        return box
    return None


def end_crop(obj: bpy.types.Object, *, remove_outside: bool) -> None:
    """Remove the box of a crop: show all splats again, or delete those outside for good.

    Raises:
        UserError: Nothing is cropped.
    """
    box = box_of(obj)
    if box is None:
        raise UserError(Message("These splats are not cropped."))
    for part in splats_of(obj):
        if remove_outside:
            _keep(part, _is_inside(part))
    for part, modifier in list(_crops(splats_of(obj))):
        group = modifier.node_group
        part.modifiers.remove(modifier)
        if not group.users:
            bpy.data.node_groups.remove(group)
    bpy.data.objects.remove(box)


def save_splats(obj: bpy.types.Object, path: Path | str) -> Path:
    """Save the splats of a World as they stand in the scene, as .ply or .spz; return the file.

    What a box hides is left out. A PLY is exact, also in the colors that change with the direction,
    where this Blender has them; an SPZ is smaller, and has none.

    Raises:
        UserError: There are no splats, they are scaled unevenly, or the file has another suffix.
        OSError: The file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise UserError(Message("Choose a file name that ends in .ply or .spz."))
    made = [_in_world(part) for part in needed(obj)]
    whole = encode.Splats(
        np.concatenate([splats.positions for splats in made]),
        np.concatenate([splats.scales for splats in made]),
        np.concatenate([splats.rotations for splats in made]),
        np.concatenate([splats.base for splats in made]),
        [
            np.concatenate(rows)
            for rows in zip(*(splats.harmonics for splats in made), strict=False)
        ],
    )
    write = encode.write_ply if path.suffix.lower() == ".ply" else encode.write_spz
    write(path, whole)
    return path


def has_harmonics(obj: bpy.types.Object) -> bool:
    """Return whether splats have colors that change with the direction."""
    return any("radiance:sh_0" in part.data.attributes for part in splats_of(obj))


def needed(obj: bpy.types.Object) -> list[bpy.types.Object]:
    """Return splats as `splats_of`. Raises UserError without any."""
    shown = splats_of(obj)
    if not shown:
        raise UserError(Message("Select a Mint World with splats."))
    return shown


def _in_world(part: bpy.types.Object) -> encode.Splats:
    """Return the splats of an object in world space, without those that a box hides."""
    inside = _is_inside(part)
    values = {name: array[inside] for name, array in attributes(part.data)}
    matrix = np.array(part.matrix_world)
    sizes = np.linalg.norm(matrix[:3, :3], axis=0)
    if np.ptp(sizes) > _UNEVEN * sizes.max():
        raise UserError(
            Message(
                "“{name}” is scaled unevenly. Give it the same scale in all directions.",
                name=part.name,
            )
        )
    scale = float(sizes.mean())
    splats = encode.Splats(
        values["position"],
        values["scale"],
        values["rotation"],
        values["radiance:base"],
        [values[name] for name in map("radiance:sh_{}".format, range(24)) if name in values],
    )
    return splats.turned(matrix[:3, :3] / scale, scale, matrix[:3, 3].tolist())


def _is_inside(part: bpy.types.Object) -> NDArray[np.bool_]:
    """Return for each splat whether it is inside the box that crops it; without one, all are."""
    places = places_of(part)
    inside = np.ones(len(places), bool)
    for _, modifier in _crops([part]):
        local = transformed(places, modifier.node_group[_BOX].matrix_world.inverted_safe())
        inside &= np.abs(local).max(axis=1) <= 1.0
    return inside


def _crops(parts: list[bpy.types.Object]) -> Iterator[tuple[bpy.types.Object, Any]]:
    """Yield the modifiers that crop splats, with their objects."""
    for part in parts:
        for modifier in part.modifiers:
            group: Any = getattr(modifier, "node_group", None)
            if group is not None and group.get(_BOX) is not None:
                yield part, modifier


def _keep(part: bpy.types.Object, inside: NDArray[np.bool_]) -> None:
    """Give an object new data with these splats only."""
    old: Any = part.data
    count = int(inside.sum())
    data: Any
    if part.type == "POINTCLOUD":
        data = bpy.data.pointclouds.new(old.name)
        data.resize(count)
    else:
        data = bpy.data.meshes.new(old.name)
        data.vertices.add(count)
    for name, values in attributes(old):
        kind = old.attributes[name].data_type
        attribute = data.attributes.get(name) or data.attributes.new(name, kind, "POINT")
        member, _ = MEMBERS[kind]
        attribute.data.foreach_set(member, np.ascontiguousarray(values[inside]).ravel())
    for material in old.materials:
        data.materials.append(material)
    if part.type == "POINTCLOUD":
        data.type = old.type
    name = old.name
    part.data = data
    part[world_splats.MARK] = count
    if not old.users:
        bpy.data.batch_remove([old])
    data.name = name


def _crop_group(box: bpy.types.Object) -> bpy.types.NodeTree:
    """Return a node group that deletes the points outside a box, which is an empty."""
    tree = new_modifier_group("Mint Crop")
    tree[_BOX] = box
    b = Builder(tree)
    geometry = b.add("NodeGroupInput").outputs["Geometry"]
    info = b.add("GeometryNodeObjectInfo", {"Object": box}, transform_space="RELATIVE")
    inverse = b.add("FunctionNodeInvertMatrix", {"Matrix": info.outputs["Transform"]})
    place = b.add("GeometryNodeInputPosition").outputs[0]
    local = b.add(
        "FunctionNodeTransformPoint", {"Vector": place, "Transform": inverse.outputs["Matrix"]}
    )
    absolute = b.vector_math("ABSOLUTE", local.outputs[0])
    x, y, z = b.add("ShaderNodeSeparateXYZ", {0: absolute}).outputs
    outside = b.math("GREATER_THAN", b.math("MAXIMUM", x, b.math("MAXIMUM", y, z)), 1.0)
    left = b.add("GeometryNodeDeleteGeometry", {"Geometry": geometry, "Selection": outside})
    b.add("NodeGroupOutput", {"Geometry": enabled(left.outputs, "Geometry")})
    return tree
