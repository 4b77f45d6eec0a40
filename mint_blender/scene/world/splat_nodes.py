# SPDX-License-Identifier: GPL-3.0-or-later
"""How Gaussian splats are shown by a Blender that has none of its own: a Geometry Nodes group and a
material.

Each splat becomes a flat square in the plane of its two larger axes, on which the material draws a
disc: as opaque as the splat in the middle, falling off as its Gaussian does, and ending where that
has faded to `FAINT`. Splats that are fainter everywhere are left out.

The squares are one mesh, not instances. Tried with 2,000,000 squares on two cores with `bpy` 5.2 (Cycles, 4 samples, 320 x 240): as a mesh
0.8 s to build, 4 s and 1.9 GB to render; as instances 25 s and 4.5 GB to render, and a window draws that many instances anew with every
change. Above the viewport limit a window shows plain points, which cost next to nothing; renders always show the squares.

Material Preview and Rendered show the colors by the material; Solid shading does when its Color is
set to Attribute, for squares only.
"""  # noqa: E501

from __future__ import annotations

from typing import Any

import bpy

from ..data_blocks import is_linked
from ..node_trees import Builder, empty_tree, enabled, new_group

FAINT = 0.05
VIEWPORT_LIMIT = 500_000
COLOR, ACROSS = "mint_color", "mint_across"
NAME = "Mint Splats"
# what the mesh that is shown need not carry at each corner
_HEAVY = ("rotation", "scale", "radiance:base")
_DC = 0.2820948  # the constant harmonic
# of half the square's extent across its thin axis: a fifth of the splat's deviation there
_JITTER = 0.08
# Cycles follows a ray through 8 transparent surfaces and then sees black; the last one is made
# opaque instead
_LAST_LAYER = 6.5


def group() -> bpy.types.NodeTree:
    """Return the node group that shows splats; there is one in the file.

    Its inputs: the splats, Density (the share shown), Size, Viewport Limit.
    """
    return _existing_group() or _build_group()


def _existing_group() -> bpy.types.NodeTree | None:
    for each in bpy.data.node_groups:
        if (
            each.name.split(".")[0] == NAME
            and each.bl_idname == "GeometryNodeTree"
            and not is_linked(each)
        ):
            return each
    return None


def _build_group() -> bpy.types.NodeTree:
    tree = _empty_group()
    b = Builder(tree)
    inputs = b.add("NodeGroupInput").outputs
    points = _colored(b, _as_points(b, inputs["Geometry"]))
    base = _attribute(b, "radiance:base", "FLOAT_COLOR")
    opacity = b.add("FunctionNodeSeparateColor", {"Color": base}).outputs["Alpha"]
    shown = b.math(
        "MULTIPLY",
        b.math("GREATER_THAN", opacity, FAINT),
        b.math("LESS_THAN", _dice(b), inputs["Density"]),
    )
    squares = _squares(b, points, shown, opacity, inputs["Size"])
    choice = b.add(
        "GeometryNodeSwitch",
        {
            "Switch": _is_above_limit(b, points, inputs["Viewport Limit"]),
            "False": _named_color(b, inputs["Geometry"], squares),
            "True": _plain_points(b, points, shown, inputs["Size"]),
        },
        input_type="GEOMETRY",
    )
    with_material = b.add(
        "GeometryNodeSetMaterial",
        {"Geometry": enabled(choice.outputs, "Output"), "Material": material()},
    )
    b.add("NodeGroupOutput", {"Geometry": with_material.outputs[0]})
    return tree


def _empty_group() -> bpy.types.NodeTree:
    """Return a new group with sockets, their defaults and limits, and no nodes."""
    tree = new_group(
        NAME,
        "GeometryNodeTree",
        {"Geometry": "Geometry", "Density": "Float", "Size": "Float", "Viewport Limit": "Int"},
        {"Geometry": "Geometry"},
    )
    tree.is_modifier = True
    for name, default, most in (
        ("Density", 1.0, 1.0),
        ("Size", 1.0, 100.0),
        ("Viewport Limit", VIEWPORT_LIMIT, 100_000_000),
    ):
        socket = tree.interface.items_tree[name]
        socket.default_value, socket.min_value, socket.max_value = (
            default,
            type(default)(0),
            type(most)(most),
        )
    return tree


def _is_above_limit(b: Builder, points: Any, limit: Any) -> Any:
    """Return whether a viewport, not a render, shows more splats than the limit."""
    count = enabled(
        b.add(
            "GeometryNodeAttributeDomainSize", {"Geometry": points}, component="POINTCLOUD"
        ).outputs,
        "Point Count",
    )
    return b.math(
        "MULTIPLY",
        b.add("GeometryNodeIsViewport").outputs[0],
        b.math("GREATER_THAN", count, limit),
    )


def material() -> bpy.types.Material:
    """The material of all splats: their own color without light, as transparent as the Gaussian is
    there.
    """
    for each in bpy.data.materials:
        if each.name.split(".")[0] == NAME and not is_linked(each):
            return each
    made = bpy.data.materials.new(NAME)
    b = Builder(empty_tree(made))
    color = b.add("ShaderNodeAttribute", attribute_name=COLOR)
    across = b.add("ShaderNodeAttribute", attribute_name=ACROSS).outputs["Vector"]
    squared = b.add(
        "ShaderNodeVectorMath", {0: across, 1: across}, operation="DOT_PRODUCT"
    ).outputs["Value"]
    # opacity * exp(-r^2 / 2), where the edge (squared = 1) is the r at which FAINT is left
    core = b.math("POWER", color.outputs["Alpha"], b.math("SUBTRACT", 1.0, squared))
    alpha = b.math("MULTIPLY", core, b.math("POWER", FAINT, squared))
    last = b.math(
        "GREATER_THAN", b.add("ShaderNodeLightPath").outputs["Transparent Depth"], _LAST_LAYER
    )
    inside = b.math("LESS_THAN", squared, 1.0)
    alpha = b.math("MULTIPLY", inside, b.math("MAXIMUM", alpha, last))
    # squares in one plane: EEVEE may take the color of one that is clear there
    alpha = b.math("MAXIMUM", alpha, 0.001)
    light = b.add("ShaderNodeEmission", {"Color": color.outputs["Color"]}).outputs[0]
    clear = b.add("ShaderNodeBsdfTransparent").outputs[0]
    mixed = b.add("ShaderNodeMixShader", {0: alpha, 1: clear, 2: light}).outputs[0]
    b.add("ShaderNodeOutputMaterial", {"Surface": mixed})
    if hasattr(made, "surface_render_method"):
        made.surface_render_method = "DITHERED"
    if hasattr(made, "cycles"):
        made.cycles.emission_sampling = "NONE"  # millions of lamps would be sampled otherwise
    return made


def _as_points(b: Builder, geometry: Any) -> Any:
    """A point cloud, whichever of the two kinds of object the splats are in, without the harmonics
    that are not shown.
    """
    lean = _without(b, geometry, "radiance:sh_*")
    parts = b.add("GeometryNodeSeparateComponents", {0: lean}).outputs
    from_mesh = b.add("GeometryNodeMeshToPoints", {"Mesh": parts["Mesh"]}).outputs[0]
    both = b.add("GeometryNodeJoinGeometry", {0: from_mesh})
    b.tree.links.new(parts["Point Cloud"], both.inputs[0])
    return both.outputs[0]


def _colored(b: Builder, points: Any) -> Any:
    """The points with the color to show, made from the first harmonic, which is a picture's
    (sRGB), and the opacity.
    """
    parts = b.add(
        "FunctionNodeSeparateColor", {"Color": _attribute(b, "radiance:base", "FLOAT_COLOR")}
    ).outputs
    linear: dict[str | int, Any] = {}
    for name in ("Red", "Green", "Blue"):
        shown = b.math("MAXIMUM", b.math("MULTIPLY_ADD", parts[name], _DC, 0.5), 0.0)
        bright = b.math("POWER", b.math("MULTIPLY_ADD", shown, 1 / 1.055, 0.055 / 1.055), 2.4)
        is_bright = b.math("GREATER_THAN", shown, 0.04045)
        linear[name] = b.math(
            "ADD",
            b.math("MULTIPLY", bright, is_bright),
            b.math("MULTIPLY", shown, _faint_part(b, is_bright)),
        )
    color = b.add("FunctionNodeCombineColor", linear | {"Alpha": parts["Alpha"]}).outputs[0]
    return _store(b, points, COLOR, "BYTE_COLOR", color)


def _faint_part(b: Builder, is_bright: Any) -> Any:
    return b.math("MULTIPLY_ADD", is_bright, -1 / 12.92, 1 / 12.92)


def _squares(b: Builder, points: Any, shown: Any, opacity: Any, size: Any) -> Any:
    """One mesh of flat squares, each turned and stretched as its splat."""
    scale = _attribute(b, "scale", "FLOAT_VECTOR")
    x, y, z = b.add("ShaderNodeSeparateXYZ", {0: scale}).outputs
    # x is the smallest: the square stands across it
    across_x = b.math("LESS_THAN", x, b.math("MINIMUM", y, z))
    across_y = b.math("MULTIPLY", b.math("LESS_THAN", y, b.math("MINIMUM", x, z)), 2.0)
    planes = b.add("GeometryNodeGeometryToInstance")
    # Geometry to Instance keeps the order in which the links were made from the last to the first:
    # the index is checked by a test.
    for turn in ((1.5707963, 0.0, 0.0), (0.0, 1.5707963, 0.0), (0.0, 0.0, 0.0)):
        b.tree.links.new(_square(b, turn), planes.inputs[0])
    reach = b.math(
        "SQRT",
        b.math("MULTIPLY", b.math("LOGARITHM", b.math("DIVIDE", opacity, FAINT), 2.718281828), 2.0),
    )
    reach = b.math("MULTIPLY", reach, size)
    stretched = b.add(
        "ShaderNodeVectorMath", {0: scale, "Scale": reach}, operation="SCALE"
    ).outputs[0]
    instances = b.add(
        "GeometryNodeInstanceOnPoints",
        {
            "Points": points,
            "Selection": shown,
            "Instance": planes.outputs[0],
            "Pick Instance": True,
            "Instance Index": b.math("ADD", across_x, across_y),
            "Rotation": _attribute(b, "rotation", "QUATERNION"),
            "Scale": stretched,
        },
    ).outputs[0]
    instances = _apart(b, instances, across_x, b.math("MULTIPLY", across_y, 0.5))
    instances = _without(b, instances, *_HEAVY)
    return b.add("GeometryNodeRealizeInstances", {"Geometry": instances}).outputs[0]


def _named_color(b: Builder, carrier: Any, squares: Any) -> Any:
    """The squares, with `COLOR` as the color that Solid shading shows.

    No node can say which color that is, but the mesh that holds the splats does (see `splats`),
    and what is joined to it takes that over. One vertex of it is enough, and it must be the first
    of what is joined: the last one linked.
    """
    mesh = b.add(
        "GeometryNodeSeparateComponents", {0: _without(b, carrier, "radiance:*", *_HEAVY)}
    ).outputs["Mesh"]
    others = b.math("GREATER_THAN", b.add("GeometryNodeInputIndex").outputs[0], 0.0)
    first = b.add("GeometryNodeDeleteGeometry", {"Geometry": mesh, "Selection": others}).outputs[0]
    joined = b.add("GeometryNodeJoinGeometry", {0: squares})
    b.tree.links.new(first, joined.inputs[0])
    return joined.outputs[0]


def _without(b: Builder, geometry: Any, *names: str) -> Any:
    """The geometry without attributes that it need not carry; `*` stands for anything."""
    for name in names:
        node = b.add("GeometryNodeRemoveAttribute", {"Geometry": geometry, "Name": name})
        if "*" in name and hasattr(node, "pattern_mode"):  # before 5.0
            node.pattern_mode = "WILDCARD"
        elif "*" in name:
            node.inputs["Pattern Mode"].default_value = "Wildcard"
        geometry = node.outputs[0]
    return geometry


def _apart(b: Builder, instances: Any, across_x: Any, across_y: Any) -> Any:
    """Each square moved within the thickness of its splat, at random: of those that lie in one
    plane a ray would meet only one.
    """
    lot = b.math("MULTIPLY_ADD", _dice(b), 2 * _JITTER, -_JITTER)
    across_z = b.math("SUBTRACT", 1.0, b.math("ADD", across_x, across_y))
    parts = [b.math("MULTIPLY", lot, across) for across in (across_x, across_y, across_z)]
    step = b.add("ShaderNodeCombineXYZ", dict(enumerate(parts))).outputs[0]
    return b.add(
        "GeometryNodeTranslateInstances",
        {"Instances": instances, "Translation": step, "Local Space": True},
    ).outputs[0]


def _square(b: Builder, turn: tuple[float, float, float]) -> Any:
    """A square from -1 to 1 that knows at each corner how far across it that is."""
    flat = b.add(
        "GeometryNodeMeshGrid", {"Size X": 2.0, "Size Y": 2.0, "Vertices X": 2, "Vertices Y": 2}
    ).outputs["Mesh"]
    place = b.add("GeometryNodeInputPosition").outputs[0]
    marked = _store(b, flat, ACROSS, "FLOAT_VECTOR", place)
    return b.add("GeometryNodeTransform", {"Geometry": marked, "Rotation": turn}).outputs[0]


def _plain_points(b: Builder, points: Any, shown: Any, size: Any) -> Any:
    """Round points, one and a half times as wide as the splats, so that they nearly touch."""
    kept = b.add("GeometryNodeSeparateGeometry", {"Geometry": points, "Selection": shown}).outputs[
        "Selection"
    ]
    x, y, z = b.add("ShaderNodeSeparateXYZ", {0: _attribute(b, "scale", "FLOAT_VECTOR")}).outputs
    smallest = b.math("MINIMUM", b.math("MINIMUM", x, y), z)
    width = b.math(
        "MULTIPLY", b.math("SUBTRACT", b.math("ADD", b.math("ADD", x, y), z), smallest), 0.75
    )
    return b.add(
        "GeometryNodeSetPointRadius", {0: kept, "Radius": b.math("MULTIPLY", width, size)}
    ).outputs[0]


def _dice(b: Builder) -> Any:
    """A number 0..1 for each splat, always the same one."""
    return enabled(b.add("FunctionNodeRandomValue", data_type="FLOAT").outputs, "Value")


def _attribute(b: Builder, name: str, kind: str) -> Any:
    return enabled(
        b.add("GeometryNodeInputNamedAttribute", {"Name": name}, data_type=kind).outputs,
        "Attribute",
    )


def _store(b: Builder, geometry: Any, name: str, kind: str, value: Any) -> Any:
    node = b.add("GeometryNodeStoreNamedAttribute", data_type=kind, domain="POINT")
    node.inputs["Name"].default_value = name
    b.tree.links.new(geometry, node.inputs["Geometry"])
    b.tree.links.new(value, enabled(node.inputs, "Value"))
    return node.outputs[0]
