# SPDX-License-Identifier: GPL-3.0-or-later
"""Import Gaussian splats as an object with the attributes of Blender 5.3's own splats.

    position         vector      center
    scale            vector      standard deviation along each axis
    rotation         quaternion  w, x, y, z
    radiance:base    4 floats    first harmonic of red, green and blue, then opacity 0..1
                                 (before 5.2: an RGBA color)
    radiance:sh_<k>  vector      higher harmonic k, from 0, of red, green and blue: the color that
                                 changes with the direction; left out where nothing shows it

Blender 5.3 and later show such a point cloud. In earlier versions the splats are the vertices of a
mesh, since a point cloud cannot be resized before 5.2 and has no color in Solid shading;
`splat_nodes` shows them. `make_native` converts such a mesh once the file is open in 5.3, and reads
the harmonics from the file of the splats.

Measured with 2,000,000 splats with harmonics of degree 3 (an SPZ 3 of 57 MB), `bpy` 4.2 and 5.2, on
two cores, in seconds of processor time: 0.5 from the file to the object (5.3, with the harmonics:
0.8); 0.2 to show them in a viewport as points, 2.3 and 1.3 as
discs (peak up to 640 MB more). Rendering them with Cycles, 480 x 360, 16 samples, takes 11 and 12 s
and a peak of 2.2 GB. The .blend has 115 MB (5.3: 472 MB).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...files.errors import InvalidSplats
from ...files.spz import decode
from .. import mesh_arrays
from . import splat_nodes

MARK = "mint_splats"
NATIVE = "GAUSSIAN_SPLAT"
_MODIFIER = "Mint Splats"


def has_native() -> bool:
    """Return whether this Blender has Gaussian splats of its own (5.3 and later)."""
    kind: Any = bpy.types.PointCloud.bl_rna.properties.get("type")
    return kind is not None and NATIVE in kind.enum_items


def build(path: Path, name: str, collection: bpy.types.Collection) -> bpy.types.Object:
    """Import an SPZ file as an object in this collection, in Blender axes.

    Raises:
        InvalidSplats: The file is damaged or too large; no object was made.
    """
    # Blender's own importer would accept damaged files
    header = decode.inspect(path)
    made = bpy.data.objects.new(name, _data(name, header.points))
    try:
        # no picture of our nodes needs the higher harmonics, which are most of a .blend
        with closing(decode.attributes(path, harmonics=has_native())) as attributes:
            write(made.data, attributes)
    except BaseException:
        bpy.data.batch_remove([made, made.data])
        raise
    if has_native():
        made.data.type = NATIVE
    made[MARK] = header.points
    collection.objects.link(made)
    if not has_native():
        modifier = made.modifiers.new(_MODIFIER, "NODES")
        modifier.node_group = splat_nodes.group()
        if made.data.materials.get(splat_nodes.NAME) is None:
            made.data.materials.append(splat_nodes.material())
    return made


def can_become_native(candidate: bpy.types.Object) -> bool:
    """Return whether these splats are shown by our nodes, though Blender has its own."""
    return has_native() and candidate.get(MARK) is not None and candidate.type == "MESH"


def make_native(old: bpy.types.Object, path: Path | None = None) -> bpy.types.Object:
    """Convert splats that `can_become_native`; return the object in their place.

    It keeps its name, transform, parent and collections. Higher harmonics come from the file that
    the splats were imported from, if that has as many.

    Raises:
        InvalidSplats: The object has no splats any more, or the file is damaged.
    """
    if "radiance:base" not in old.data.attributes:
        raise InvalidSplats("“{name}” contains no splats.", name=old.name)
    data = as_point_cloud(old.data)
    try:
        if path is not None and decode.inspect(path).points == len(data.points):
            with closing(decode.attributes(path)) as attributes:
                write(data, (attribute for attribute in attributes if attribute[0] == "harmonics"))
    except BaseException:
        bpy.data.batch_remove([data])
        raise
    data.type = NATIVE
    return _replaced(old, data)


def as_point_cloud(mesh: Any) -> bpy.types.PointCloud:
    """Return a new point cloud with the splats of a mesh. Needs 5.2 or later."""
    cloud = bpy.data.pointclouds.new(mesh.name)
    cloud.resize(len(mesh.vertices))
    for name, kind, values in _read(mesh):
        _write(cloud, name, kind, values)
    return cloud


def _replaced(old: bpy.types.Object, data: bpy.types.PointCloud) -> bpy.types.Object:
    """Put a new object in the place of a mesh object."""
    new = bpy.data.objects.new(old.name, data)
    earlier = old.data
    name = old.name
    for key, value in old.items():
        new[key] = value
    for collection in old.users_collection:
        collection.objects.link(new)
    new.parent = old.parent
    new.parent_type = old.parent_type
    new.matrix_parent_inverse = old.matrix_parent_inverse.copy()
    new.matrix_basis = old.matrix_basis.copy()
    new.hide_render = old.hide_render
    new.hide_viewport = old.hide_viewport
    old.user_remap(new)
    bpy.data.objects.remove(old)
    new.name = name
    if earlier.users == 0:
        bpy.data.batch_remove([earlier])
    return new


def _data(name: str, points: int) -> bpy.types.Mesh | bpy.types.PointCloud:
    """Return a point cloud, or before 5.3 a mesh, with this many points."""
    if has_native():
        cloud = bpy.data.pointclouds.new(name)
        cloud.resize(points)
        return cloud
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(points)
    return mesh


def write(data: Any, attributes: Iterable[tuple[str, np.ndarray]]) -> None:
    """Write splats, in Blender axes, to a mesh or point cloud with as many points.

    Args:
        data: The mesh or point cloud.
        attributes: Name and values of each attribute, as `decode.attributes` yields them.
    """
    harmonics = count()
    kinds = {
        "positions": ("position", "FLOAT_VECTOR"),
        "scales": ("scale", "FLOAT_VECTOR"),
        "rotations": ("rotation", "QUATERNION"),
        "base": ("radiance:base", _four_floats()),
    }
    for kind, values in attributes:
        if kind == "harmonics":
            _write(data, f"radiance:sh_{next(harmonics)}", "FLOAT_VECTOR", values)
        else:
            _write(data, *kinds[kind], values)


def _four_floats() -> str:
    """Return the attribute type for four floats: FLOAT4 since 5.2, before that a color."""
    kinds = bpy.types.Attribute.bl_rna.properties["data_type"].enum_items
    return "FLOAT4" if "FLOAT4" in kinds else "FLOAT_COLOR"


_MEMBERS = {
    "FLOAT_VECTOR": ("vector", 3),
    "FLOAT4": ("vector", 4),
    "QUATERNION": ("value", 4),
    "FLOAT_COLOR": ("color", 4),
}
"""The member of an attribute, by its type, and the number of floats in it."""


def _write(data: Any, name: str, kind: str, values: np.ndarray) -> None:
    attribute = data.attributes.get(name) or data.attributes.new(name, kind, "POINT")
    member, _ = _MEMBERS[attribute.data_type]
    attribute.data.foreach_set(member, np.ascontiguousarray(values, np.float32).ravel())


def _read(mesh: Any) -> Iterable[tuple[str, str, np.ndarray]]:
    """Yield name, type and values of the splat attributes of a mesh.

    `radiance:base` is always four floats, also if it was stored as a color.
    """
    for attribute in list(mesh.attributes):
        name = attribute.name
        kind = attribute.data_type
        if name in {"position", "scale", "rotation"} or name.startswith("radiance:"):
            member, width = _MEMBERS[kind]
            values = mesh_arrays.read(attribute.data, member, len(mesh.vertices) * width)
            yield name, _four_floats() if name == "radiance:base" else kind, values
