# SPDX-License-Identifier: GPL-3.0-or-later
"""Show Gaussian splats with Geometry Nodes and a material, before Blender 5.3 has its own.

Each splat becomes a flat square in the plane of its two larger axes, on which the material draws a
disc: as opaque as the splat in the middle, falling off as its Gaussian does, and ending where that
has faded to `FAINT`. Splats that are fainter everywhere are left out.

The squares are one mesh, not instances. Measured with 2,000,000 squares on two cores with `bpy` 5.2
(Cycles, 4 samples, 320 x 240): as a mesh 0.8 s to build, 4 s and 1.9 GB to render; as instances
25 s and 4.5 GB to render, and a viewport draws all instances again after every change. Above the
viewport limit a viewport shows plain points, which cost almost nothing; renders always show the
squares.

Material Preview and Rendered get the colors from the material. Solid shading with its Color set to
Texture shows them, too, for squares only: each shows a cell of a picture with a palette of 32,768
colors. A cell is a disc of its color, as Solid shading leaves out what is transparent: without
opacity, the whole square would hide what is sharp behind its faint edge. (Color set to Attribute
would turn everything else in the view white before 5.0.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

from ..data_blocks import data_blocks_of_kind, is_linked
from ..node_trees import Builder, empty_tree, enabled, new_modifier_group

FAINT = 0.05
"""Opacity below which a splat is not shown."""
VIEWPORT_LIMIT = 500_000
COLOR, ACROSS = "mint_color", "mint_across"
_LEVELS = 32
"""How many levels of each channel the palette has."""
_BLOCKS, _ROWS = 8, 4
"""Blocks of a palette side by side, and rows of blocks, which have one level of green each."""
_COLUMNS = _BLOCKS * _LEVELS
_LINES = _ROWS * _LEVELS
"""Cells of the palette, one for each color: 256 by 128."""
_CELL, _DISC = 6, 0.65
"""Pixels of a cell, and the radius of the disc in it, as a share of half a cell."""
NAME = "Mint Splats"
# attributes that the shown mesh does not need at each corner
_UNUSED_ATTRIBUTES = ("rotation", "scale", "radiance:base")
_DC = 0.2820948  # the constant harmonic
# share of half the square's extent: about a fifth of the splat's standard deviation
_JITTER = 0.08
# Cycles follows a ray through 8 transparent surfaces and then returns black, so the last one is
# made opaque
_LAST_LAYER = 6.5


def group() -> bpy.types.NodeTree:
    """Return the node group that shows splats; there is one in the file.

    Its inputs: the splats, Density (the share shown), Size, Viewport Limit.
    """
    for tree in bpy.data.node_groups:
        if _is_ours(tree) and tree.bl_idname == "GeometryNodeTree":
            return tree
    tree = _empty_group()
    b = Builder(tree)
    inputs = b.add("NodeGroupInput").outputs
    splats = b.add("GeometryNodeMeshToPoints", {"Mesh": inputs["Geometry"]}).outputs[0]
    points = _colored(b, splats)
    base = b.read("radiance:base", "FLOAT_COLOR")
    opacity = b.add("FunctionNodeSeparateColor", {"Color": base}).outputs["Alpha"]
    shown = b.math(
        "MULTIPLY",
        b.math("GREATER_THAN", opacity, FAINT),
        b.math("LESS_THAN", _random_value(b), inputs["Density"]),
    )
    squares = _squares(b, _with_palette(b, points), shown, opacity, inputs["Size"])
    choice = b.add(
        "GeometryNodeSwitch",
        {
            "Switch": _is_above_limit(b, points, inputs["Viewport Limit"]),
            "False": _with_discs(b, squares),
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
    sockets = {"Density": "Float", "Size": "Float", "Viewport Limit": "Int"}
    tree = new_modifier_group(NAME, sockets)
    for name, default, maximum in (
        ("Density", 1.0, 1.0),
        ("Size", 1.0, 100.0),
        ("Viewport Limit", VIEWPORT_LIMIT, 100_000_000),
    ):
        socket = tree.interface.items_tree[name]
        socket.default_value = default
        socket.min_value = type(default)(0)
        socket.max_value = maximum
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
        "MULTIPLY", b.add("GeometryNodeIsViewport").outputs[0], b.math("GREATER_THAN", count, limit)
    )


def share(blocks: Iterable[bpy.types.ID]) -> None:
    """Replace appended nodes, material and palette by those that the file already has."""
    for block in blocks:
        kinds = bpy.types.NodeTree, bpy.types.Material, bpy.types.Image
        if isinstance(block, kinds) and _is_ours(block):
            first: Any = next(other for other in data_blocks_of_kind(block) if _is_ours(other))
            if first != block:
                block.user_remap(first)
                bpy.data.batch_remove([block])


def _is_ours(block: bpy.types.ID) -> bool:
    return block.name.split(".")[0] == NAME and not is_linked(block)


def material() -> bpy.types.Material:
    """Return the material of all splats: their color, unlit, with the opacity of the Gaussian."""
    for material in bpy.data.materials:
        if _is_ours(material):
            return material
    made = bpy.data.materials.new(NAME)
    b = Builder(empty_tree(made))
    # not linked: Solid shading shows the texture of the active node
    palette = b.add("ShaderNodeTexImage", image=_palette(), interpolation="Closest")
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
    # for squares in one plane EEVEE may take the color of one that is transparent at that point
    alpha = b.math("MAXIMUM", alpha, 0.001)
    light = b.add("ShaderNodeEmission", {"Color": color.outputs["Color"]}).outputs[0]
    clear = b.add("ShaderNodeBsdfTransparent").outputs[0]
    mixed = b.add("ShaderNodeMixShader", {0: alpha, 1: clear, 2: light}).outputs[0]
    b.add("ShaderNodeOutputMaterial", {"Surface": mixed})
    b.tree.nodes.active = palette
    if hasattr(made, "surface_render_method"):
        made.surface_render_method = "DITHERED"
    if hasattr(made, "cycles"):
        made.cycles.emission_sampling = "NONE"  # otherwise millions of lights would be sampled
    return made


def _colored(b: Builder, points: Any) -> Any:
    """Store the color attribute: the first harmonic, converted from sRGB to linear, and opacity."""
    parts = b.add(
        "FunctionNodeSeparateColor", {"Color": b.read("radiance:base", "FLOAT_COLOR")}
    ).outputs
    linear: dict[str | int, Any] = {}
    for name in ("Red", "Green", "Blue"):
        shown = b.math("MAXIMUM", b.math("MULTIPLY_ADD", parts[name], _DC, 0.5), 0.0)
        bright = b.math("POWER", b.math("MULTIPLY_ADD", shown, 1 / 1.055, 0.055 / 1.055), 2.4)
        is_bright = b.math("GREATER_THAN", shown, 0.04045)
        linear[name] = b.math(
            "ADD",
            b.math("MULTIPLY", bright, is_bright),
            b.math("MULTIPLY", shown, b.math("MULTIPLY_ADD", is_bright, -1 / 12.92, 1 / 12.92)),
        )
    color = b.add("FunctionNodeCombineColor", linear | {"Alpha": parts["Alpha"]}).outputs[0]
    return b.store(points, COLOR, "BYTE_COLOR", color)


def _squares(b: Builder, points: Any, shown: Any, opacity: Any, size: Any) -> Any:
    """Return one mesh of flat squares with the rotation and scale of the splats."""
    scale = b.read("scale", "FLOAT_VECTOR")
    x, y, z = b.add("ShaderNodeSeparateXYZ", {0: scale}).outputs
    # if x is the smallest, the square is perpendicular to it
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
            "Rotation": b.read("rotation", "QUATERNION"),
            "Scale": stretched,
        },
    ).outputs[0]
    instances = _spread(b, instances, across_x, b.math("MULTIPLY", across_y, 0.5))
    instances = _without(b, instances, *_UNUSED_ATTRIBUTES)
    return b.add("GeometryNodeRealizeInstances", {"Geometry": instances}).outputs[0]


def _with_palette(b: Builder, points: Any) -> Any:
    """Return the points with the middle of the cell of their color in the palette as `UVMap`."""
    color = b.read(COLOR, "FLOAT_COLOR")
    channels = b.add("FunctionNodeSeparateColor", {"Color": color}).outputs
    red, green, blue = (_level(b, channels[name]) for name in ("Red", "Green", "Blue"))
    # the levels of red are in blocks side by side, which are those of green, in rows of blocks
    block = b.math("FLOOR", b.math("DIVIDE", green, float(_BLOCKS)))
    column = b.math("MULTIPLY_ADD", b.math("MODULO", green, float(_BLOCKS)), float(_LEVELS), red)
    row = b.math("MULTIPLY_ADD", blue, float(_ROWS), block)
    place: dict[str | int, Any] = {
        0: _middle(b, column, _COLUMNS),
        1: _middle(b, row, _LINES),
        2: 0.0,
    }
    return b.store(points, "UVMap", "FLOAT2", b.add("ShaderNodeCombineXYZ", place).outputs[0])


def _with_discs(b: Builder, squares: Any) -> Any:
    """Return the squares, each with the cell of its color as UV map."""
    across: dict[str | int, Any] = {
        0: b.read(ACROSS, "FLOAT_VECTOR"),
        1: (0.5 / _COLUMNS, 0.5 / _LINES, 0.0),
        2: b.read("UVMap", "FLOAT_VECTOR"),
    }
    uv = b.add("ShaderNodeVectorMath", across, operation="MULTIPLY_ADD").outputs[0]
    return b.store(squares, "UVMap", "FLOAT2", uv, "CORNER")


def _level(b: Builder, linear: Any) -> Any:
    """Return the nearest level of a channel, which is even in sRGB."""
    shown = b.math("MULTIPLY_ADD", b.math("POWER", linear, 1 / 2.4), 1.055, -0.055)
    bounded = b.math("MINIMUM", b.math("MAXIMUM", shown, 0.0), 1.0)
    return b.math("ROUND", b.math("MULTIPLY", bounded, float(_LEVELS - 1)))


def _middle(b: Builder, cell: Any, cells: int) -> Any:
    return b.math("MULTIPLY_ADD", cell, 1 / cells, 0.5 / cells)


def _palette() -> bpy.types.Image:
    """Return a packed picture with a disc for each color, in the order of `_with_palette`."""
    image = bpy.data.images.new(NAME, _COLUMNS * _CELL, _LINES * _CELL, alpha=True)
    row, column = np.indices((_LINES, _COLUMNS))
    green = row % _ROWS * _BLOCKS + column // _LEVELS
    levels = np.stack((column % _LEVELS, green, row // _ROWS), axis=-1) / (_LEVELS - 1)
    cells = np.ones((_LINES, _CELL, _COLUMNS, _CELL, 4), np.float32)
    cells[..., :3] = levels[:, None, :, None]
    y, x = (np.indices((_CELL, _CELL)) + 0.5) / _CELL * 2 - 1
    cells[..., 3] = (np.hypot(x, y) < _DISC)[None, :, None, :]
    image.pixels.foreach_set(cells.ravel())
    image.pack()
    return image


def _without(b: Builder, geometry: Any, *names: str) -> Any:
    """Return the geometry without these attributes."""
    for name in names:
        node = b.add("GeometryNodeRemoveAttribute", {"Geometry": geometry, "Name": name})
        geometry = node.outputs[0]
    return geometry


def _spread(b: Builder, instances: Any, across_x: Any, across_y: Any) -> Any:
    """Move each square at random within the thickness of its splat.

    Of several squares in the same plane a ray would hit only one.
    """
    offset = b.math("MULTIPLY_ADD", _random_value(b), 2 * _JITTER, -_JITTER)
    across_z = b.math("SUBTRACT", 1.0, b.math("ADD", across_x, across_y))
    parts = [b.math("MULTIPLY", offset, across) for across in (across_x, across_y, across_z)]
    step = b.add("ShaderNodeCombineXYZ", dict(enumerate(parts))).outputs[0]
    return b.add(
        "GeometryNodeTranslateInstances",
        {"Instances": instances, "Translation": step, "Local Space": True},
    ).outputs[0]


def _square(b: Builder, turn: tuple[float, float, float]) -> Any:
    """Return a square from -1 to 1 with the attribute `ACROSS`: the position within the square."""
    flat = b.add(
        "GeometryNodeMeshGrid", {"Size X": 2.0, "Size Y": 2.0, "Vertices X": 2, "Vertices Y": 2}
    ).outputs["Mesh"]
    place = b.add("GeometryNodeInputPosition").outputs[0]
    marked = b.store(flat, ACROSS, "FLOAT_VECTOR", place)
    return b.add("GeometryNodeTransform", {"Geometry": marked, "Rotation": turn}).outputs[0]


def _plain_points(b: Builder, points: Any, shown: Any, size: Any) -> Any:
    """Return round points, 1.5 times as wide as the splats, so that they nearly touch."""
    x, y, z = b.add("ShaderNodeSeparateXYZ", {0: b.read("scale", "FLOAT_VECTOR")}).outputs
    smallest = b.math("MINIMUM", b.math("MINIMUM", x, y), z)
    width = b.math(
        "MULTIPLY", b.math("SUBTRACT", b.math("ADD", b.math("ADD", x, y), z), smallest), 0.75
    )
    radius = b.math("MULTIPLY", width, size)
    sized = b.add("GeometryNodeSetPointRadius", {0: points, "Radius": radius}).outputs[0]
    # before the selection, which copies every attribute of millions of points
    reduced = _without(b, sized, "rotation", "scale")
    return b.add("GeometryNodeSeparateGeometry", {"Geometry": reduced, "Selection": shown}).outputs[
        "Selection"
    ]


def _random_value(b: Builder) -> Any:
    """Return a random number from 0 to 1 for each splat, the same in every evaluation."""
    return enabled(b.add("FunctionNodeRandomValue", data_type="FLOAT").outputs, "Value")
