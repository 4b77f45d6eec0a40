# SPDX-License-Identifier: GPL-3.0-or-later
"""Build node trees in all supported Blender versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy


def new_group(
    name: str, kind: Any, inputs: Mapping[str, str], outputs: Mapping[str, str]
) -> bpy.types.NodeTree:
    """Return a new, empty node group with sockets by name and type (`Float`, `Vector`, …)."""
    group = bpy.data.node_groups.new(name, kind)
    for direction, sockets in (("INPUT", inputs), ("OUTPUT", outputs)):
        for socket, of in sockets.items():
            keywords: dict[str, Any] = {"in_out": direction, "socket_type": f"NodeSocket{of}"}
            group.interface.new_socket(socket, **keywords)
    return group


def new_modifier_group(name: str, inputs: Mapping[str, str] | None = None) -> bpy.types.NodeTree:
    """Return a new, empty node group for modifiers: a geometry, with more inputs, to a geometry."""
    geometry = {"Geometry": "Geometry"}
    group = new_group(name, "GeometryNodeTree", geometry | dict(inputs or {}), geometry)
    group.is_modifier = True
    return group


def tree_of(owner: bpy.types.World | bpy.types.Material) -> bpy.types.NodeTree:
    """Return the node tree of a World or material, at first with its default nodes."""
    # before 5.0; from then on there always is one, and the switch goes away in 6.0
    if owner.node_tree is None:
        owner.use_nodes = True
    tree = owner.node_tree
    assert tree is not None
    return tree


def empty_tree(owner: bpy.types.World | bpy.types.Material) -> bpy.types.NodeTree:
    """Return the node tree of a World or material after removing its nodes."""
    tree = tree_of(owner)
    tree.nodes.clear()
    return tree


class Builder:
    """Adds nodes to a tree, each next to the one before."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        self._count = 0

    def add(self, kind: str, inputs: Mapping[Any, Any] | None = None, **members: Any) -> Any:
        """Add a node; its inputs (by name or index) are linked to sockets or set to values."""
        node = self.tree.nodes.new(kind)
        node.location = (220 * (self._count // 4), -180 * (self._count % 4))
        self._count += 1
        for key, value in members.items():
            setattr(node, key, value)
        for which, value in (inputs or {}).items():
            socket = node.inputs[which] if isinstance(which, int) else enabled(node.inputs, which)
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node

    def math(self, operation: str, *values: Any) -> Any:
        """Return the output of a new math node; inputs are up to three sockets or values."""
        kind = "ShaderNodeMath"
        return self.add(kind, dict(enumerate(values)), operation=operation).outputs[0]

    def vector_math(self, operation: str, *values: Any) -> Any:
        """Return the output of a new node for vectors: a vector or a number."""
        node = self.add("ShaderNodeVectorMath", dict(enumerate(values)), operation=operation)
        return next(output for output in node.outputs if output.enabled)

    def read(self, name: str, kind: str) -> Any:
        """Return the output that has an attribute of this name and type."""
        node = self.add("GeometryNodeInputNamedAttribute", {"Name": name}, data_type=kind)
        return enabled(node.outputs, "Attribute")

    def store(
        self,
        geometry: Any,
        name: str,
        kind: str,
        value: Any,
        domain: str = "POINT",
        selection: Any = True,
    ) -> Any:
        """Return a geometry that also has an attribute, or new values where it is selected."""
        inputs = {"Geometry": geometry, "Selection": selection, "Name": name, "Value": value}
        kind_of_node = "GeometryNodeStoreNamedAttribute"
        return self.add(kind_of_node, inputs, data_type=kind, domain=domain).outputs[0]


def enabled(sockets: Any, name: str) -> Any:
    """Return the enabled socket of this name; nodes have several for different data types."""
    return next(socket for socket in sockets if socket.name == name and socket.enabled)
