# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the JSON of a glTF hold together: does nothing point outside the file, is every count
covered by bytes or by a limit?

Works on the parsed JSON alone and opens nothing. Rules: glTF 2.0 specification, sections 3.6
(binary data) and 5 (properties); EXT_meshopt_compression for buffers that only exist unpacked; what
Blender's importer would otherwise read from the disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import data_uri
from .json_values import GltfError, flag, index, indices, part_of, table, text_list, whole

__all__ = ["GlbLimits", "GltfError", "Summary", "check", "is_version_2"]


@dataclass(frozen=True)
class GlbLimits:
    """What is still believed. Mint's models have some 100,000 triangles in at most 50 MB."""

    file_bytes: int = 2**30
    json_bytes: int = 4 * 2**20
    """Parsed JSON takes up to 30 times as much memory."""
    nesting: int = 64
    entries: int = 65_536
    """In any list of the document: nodes, meshes, accessors, images …"""
    vertices: int = 20_000_000
    triangles: int = 20_000_000
    decoded_bytes: int = 2**31
    """All accessors together, unpacked; and again what is made of them, at each use."""
    pixels: int = 2**29
    """All pictures together; Blender holds four bytes for each."""
    tree_depth: int = 256


@dataclass(frozen=True)
class Summary:
    """What the check counted on its way."""

    extensions_used: frozenset[str]
    extensions_required: frozenset[str]
    vertices: int
    triangles: int
    mesh_names: tuple[str, ...]


Entry = dict[str, Any]
COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
INSTANCING = "EXT_mesh_gpu_instancing"
KEY_BYTES = 72
"""What Blender takes for a number that is keyed in an animation."""
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
LISTS = (
    "accessors",
    "animations",
    "bufferViews",
    "buffers",
    "cameras",
    "images",
    "materials",
    "meshes",
    "nodes",
    "samplers",
    "scenes",
    "skins",
    "textures",
)


def check(document: Entry, binary: int | None, limits: GlbLimits) -> Summary:
    """Raise `Flaw` (words that go on after “cannot be imported:”) or tell what was counted.

    `binary`: bytes of the BIN chunk.
    """
    _check_nesting(document, limits)
    if not is_version_2(part_of(document, "asset")):
        raise GltfError("it is not glTF 2.0")
    used, required = (
        text_list(document, "extensionsUsed", limits.entries),
        text_list(document, "extensionsRequired", limits.entries),
    )
    _check_addresses(document, required)
    tables = {name: table(document, name, limits.entries) for name in LISTS}
    buffers = _check_buffers(tables["buffers"], binary, limits)
    views = _check_views(tables["bufferViews"], buffers)
    _check_accessors(tables["accessors"], tables["bufferViews"], views, limits)
    _check_images(tables, len(views))
    _check_nodes(document, tables, limits)
    shown = {node["mesh"] for node in tables["nodes"] if "mesh" in node}
    vertices, triangles = _count(tables, shown, limits)
    _check_uses(tables, limits)
    names = tuple(
        name if isinstance(name := mesh.get("name"), str) else "" for mesh in tables["meshes"]
    )
    return Summary(used, required, vertices, triangles, names)


def is_version_2(asset: Entry) -> bool:
    """Does a reader of glTF 2.0 understand it?

    `minVersion` decides, else the major version (specification, section 3.2).
    """
    least, version = asset.get("minVersion"), asset.get("version")
    if not isinstance(version, str) or re.fullmatch(r"2\.\d{1,3}", version) is None:
        return False
    return least is None or least == "2.0"


def _check_nesting(document: Entry, limits: GlbLimits) -> None:
    level: list[Any] = [document]
    for _ in range(limits.nesting):
        level = _members(level)
        if not level:
            return
    raise GltfError("its JSON is nested too deeply")


def _check_addresses(document: Entry, required: frozenset[str]) -> None:
    """No `uri` leads outside where an importer follows it: in buffers and pictures, and in
    extensions that have to be understood.

    Elsewhere it is metadata (a source, a license), which nobody loads. Only for a document whose
    nesting is bounded.
    """
    read: list[Any] = [document.get("buffers"), document.get("images")]
    looked_through: list[Any] = [document]
    while looked_through:
        for each in looked_through:
            extensions = each.get("extensions") if isinstance(each, dict) else None
            read += (
                [extensions[name] for name in required & extensions.keys()]
                if isinstance(extensions, dict)
                else []
            )
        looked_through = _members(looked_through, without="extras")
    while read:
        if any(
            isinstance(uri := each.get("uri"), str) and not uri.startswith("data:")
            for each in read
            if isinstance(each, dict)
        ):
            raise GltfError("it points to something outside the file")
        read = _members([each for each in read if isinstance(each, dict | list)], without="extras")


def _members(values: list[Any], *, without: str = "") -> list[Any]:
    """One level deeper: the objects and lists (empty ones are left out) inside these objects and
    lists.
    """
    return [
        member
        for value in values
        for key, member in (value.items() if isinstance(value, dict) else enumerate(value))
        if key != without and member and isinstance(member, dict | list)
    ]


def _check_buffers(buffers: list[Entry], binary: int | None, limits: GlbLimits) -> list[int]:
    """The usable bytes of each buffer."""
    lengths = []
    for number, buffer in enumerate(buffers):
        length = whole(buffer, "byteLength", least=1)
        if "uri" in buffer:
            data_uri.check_buffer(buffer["uri"], length)
        elif _is_fallback(buffer):
            if length > limits.decoded_bytes:
                raise GltfError(f"a buffer claims to unpack to {length:,} bytes")
        elif number or binary is None:
            raise GltfError("a buffer has no bytes in the file")
        elif length > binary:
            raise GltfError(f"a buffer claims {length:,} bytes, but the file holds {binary:,}")
        lengths.append(length)
    return lengths


def _is_fallback(buffer: Entry) -> bool:
    """A buffer that only exists once meshopt has unpacked it."""
    return any(flag(part_of(part_of(buffer, "extensions"), name), "fallback") for name in MESHOPT)


def _check_views(views: list[Entry], buffers: list[int]) -> list[int]:
    """The bytes of each buffer view, all inside their buffers; packed ones too."""
    lengths = []
    for view in views:
        length = whole(view, "byteLength", least=1)
        _check_inside(view, length, buffers)
        whole(view, "byteStride", default=4, least=4, most=252)
        for name in MESHOPT:
            packed = part_of(part_of(view, "extensions"), name)
            if packed:
                _check_inside(packed, whole(packed, "byteLength", least=1), buffers)
                if (
                    whole(packed, "count", least=1) * whole(packed, "byteStride", least=1, most=256)
                    > length
                ):
                    raise GltfError(
                        "a packed part of it claims to unpack to more than there is room for"
                    )
        lengths.append(length)
    return lengths


def _check_inside(view: Entry, length: int, buffers: list[int]) -> None:
    buffer = index(view, "buffer", len(buffers), needed=True)
    if whole(view, "byteOffset", default=0) + length > buffers[buffer]:
        raise GltfError("a part of it lies outside its bytes")


def _check_accessors(
    accessors: list[Entry], views: list[Entry], lengths: list[int], limits: GlbLimits
) -> None:
    decoded = 0
    for accessor in accessors:
        component, kind = accessor.get("componentType"), accessor.get("type")
        if (
            not isinstance(component, int)
            or component not in COMPONENT_BYTES
            or not isinstance(kind, str)
            or kind not in COMPONENTS
        ):
            raise GltfError("it holds numbers of an unknown kind")
        count, size = (
            whole(accessor, "count", least=1),
            COMPONENT_BYTES[component] * COMPONENTS[kind],
        )
        decoded += count * max(size, 4 * COMPONENTS[kind])
        if decoded > limits.decoded_bytes:
            raise GltfError(
                f"it claims {count:,} values in one place; that is more than is accepted"
            )
        view = index(accessor, "bufferView", len(views))
        if view is not None:
            stride = whole(views[view], "byteStride", default=size)
            _check_covered(
                whole(accessor, "byteOffset", default=0) + stride * (count - 1) + size,
                lengths[view],
            )
        _check_sparse(accessor, count, size, lengths)
        for limit in ("min", "max"):
            _check_numbers(accessor.get(limit), COMPONENTS[kind])


def _check_sparse(accessor: Entry, count: int, size: int, lengths: list[int]) -> None:
    sparse = part_of(accessor, "sparse")
    if not sparse:
        return
    few = whole(sparse, "count", least=1, most=count)
    for name, width in (("indices", None), ("values", size)):
        place = part_of(sparse, name)
        component = place.get("componentType")
        each = width or (COMPONENT_BYTES.get(component, 0) if isinstance(component, int) else 0)
        if not each:
            raise GltfError("it holds numbers of an unknown kind")
        view = index(place, "bufferView", len(lengths), needed=True)
        _check_covered(whole(place, "byteOffset", default=0) + few * each, lengths[view])


def _check_covered(end: int, length: int) -> None:
    if end > length:
        raise GltfError("it claims more values than its bytes can hold")


def _check_numbers(value: Any, most: int) -> None:
    if value is None:
        return
    fits = isinstance(value, list) and len(value) <= most
    if not fits or not all(
        isinstance(number, int | float) and abs(number) < 1e38 for number in value
    ):
        raise GltfError("the size of a mesh is no number")


def _check_images(tables: dict[str, list[Entry]], views: int) -> None:
    for image in tables["images"]:
        if "uri" in image:
            data_uri.check_image(image["uri"], image.get("mimeType"))
        else:
            index(image, "bufferView", views, needed=True)
            if not str(image.get("mimeType", "image/")).startswith("image/"):
                raise GltfError("a picture in it is marked as something else")
    for texture in tables["textures"]:
        index(texture, "source", len(tables["images"]))
        index(texture, "sampler", len(tables["samplers"]))


def _check_nodes(document: Entry, tables: dict[str, list[Entry]], limits: GlbLimits) -> None:
    """What nodes, scenes and skins point to is there, and nodes form a tree."""
    nodes = tables["nodes"]
    instances = sum(_check_node(node, tables) for node in nodes)
    if instances > limits.entries:
        raise GltfError(f"it shows {instances:,} objects; that is more than is accepted")
    _check_tree([indices(node, "children", len(nodes)) for node in nodes], limits.tree_depth)
    index(document, "scene", len(tables["scenes"]))
    for scene in tables["scenes"]:
        indices(scene, "nodes", len(nodes))
    for skin in tables["skins"]:
        indices(skin, "joints", len(nodes))
        index(skin, "inverseBindMatrices", len(tables["accessors"]))


def _check_node(node: Entry, tables: dict[str, list[Entry]]) -> int:
    """How often an importer makes an object of it beside the node itself."""
    for key, name in (("mesh", "meshes"), ("skin", "skins"), ("camera", "cameras")):
        index(node, key, len(tables[name]))
    for key, numbers in (("matrix", 16), ("rotation", 4), ("scale", 3), ("translation", 3)):
        _check_numbers(node.get(key), numbers)
        if key in node and (node[key] is None or len(node[key]) != numbers):
            raise GltfError("the place of a node is no number")
    places = part_of(part_of(part_of(node, "extensions"), INSTANCING), "attributes")
    return max((_accessor(places, name, tables)["count"] for name in places), default=0)


def _check_tree(children: list[list[int]], most_depth: int) -> None:
    """Every node has one parent at most, and generation by generation all are reached from those
    that have none.
    """
    born = [child for family in children for child in family]
    if len(set(born)) != len(born):
        raise GltfError("a node has two parents")
    generation = sorted(set(range(len(children))) - set(born))
    reached, depth = 0, 0
    while generation and depth <= most_depth:
        reached, depth = reached + len(generation), depth + 1
        generation = [child for parent in generation for child in children[parent]]
    if generation:
        raise GltfError("its nodes are nested too deeply")
    if reached != len(children):
        raise GltfError("its nodes go round in a circle")


def _count(tables: dict[str, list[Entry]], shown: set[int], limits: GlbLimits) -> tuple[int, int]:
    """Vertices and triangles of the shown meshes; checks every primitive, shown or not."""
    points: dict[int, int] = {}
    triangles = strokes = 0
    for number, mesh in enumerate(tables["meshes"]):
        for primitive in table(mesh, "primitives", limits.entries):
            position, corners = _check_primitive(primitive, tables)
            if number in shown and position is not None:
                points[position] = tables["accessors"][position]["count"]
                mode = whole(primitive, "mode", default=4, most=6)
                triangles += corners // 3 if mode == 4 else max(0, corners - 2) if mode > 4 else 0
                strokes += corners if mode == 0 else corners // 2 if mode < 4 else 0
    vertices = sum(points.values())
    if vertices > limits.vertices or triangles > limits.triangles:
        raise GltfError(
            f"it has {vertices:,} vertices and {triangles:,} triangles; that is more than is"
            " accepted"
        )
    if not triangles and not strokes:
        raise GltfError("it contains no triangles, lines or points")
    return vertices, triangles


def _check_uses(tables: dict[str, list[Entry]], limits: GlbLimits) -> None:
    """An accessor is in the file once, but what is made of it is made at each use: of each mesh,
    shape key and animated property. Only for meshes that have been checked.
    """
    made = 0
    for primitive in (each for mesh in tables["meshes"] for each in mesh.get("primitives", [])):
        attributes = part_of(primitive, "attributes")
        _, corners = _check_primitive(primitive, tables)
        for shape in (attributes, *primitive.get("targets", [])):
            made += sum(
                min(used["count"], corners) * _numbers(used) * 4
                for name in shape
                if (used := _accessor(shape, name, tables))
            )
    for animation in tables["animations"]:
        samplers = table(animation, "samplers", limits.entries)
        for channel in table(animation, "channels", limits.entries):
            sampler = samplers[index(channel, "sampler", len(samplers), needed=True)]
            keys = _accessor(sampler, "output", tables)
            made += keys["count"] * _numbers(keys) * KEY_BYTES
    if made > limits.decoded_bytes:
        raise GltfError(
            "it claims to be made of more than is accepted, by using the same numbers over and over"
        )


def _accessor(owner: Entry, key: str, tables: dict[str, list[Entry]]) -> Entry:
    return tables["accessors"][index(owner, key, len(tables["accessors"]), needed=True)]


def _numbers(accessor: Entry) -> int:
    return COMPONENTS[accessor["type"]]


def _check_primitive(primitive: Entry, tables: dict[str, list[Entry]]) -> tuple[int | None, int]:
    """Index of the positions' accessor (None without) and the number of corners."""
    accessors = tables["accessors"]
    attributes = part_of(primitive, "attributes")
    for name in attributes:
        index(attributes, name, len(accessors))
    index(primitive, "material", len(tables["materials"]))
    draco = part_of(part_of(primitive, "extensions"), "KHR_draco_mesh_compression")
    if draco:
        index(draco, "bufferView", len(tables["bufferViews"]), needed=True)
    for target in table(primitive, "targets", 4096):
        for name in target:
            index(target, name, len(accessors))
    position, order = (
        index(attributes, "POSITION", len(accessors)),
        index(primitive, "indices", len(accessors)),
    )
    if position is not None and accessors[position]["type"] != "VEC3":
        raise GltfError("the places of its vertices are not three numbers each")
    if order is not None and (
        accessors[order]["type"] != "SCALAR"
        or accessors[order]["componentType"] not in (5121, 5123, 5125)
    ):
        raise GltfError("the corners of its triangles are not whole numbers")
    source = order if order is not None else position
    return position, 0 if source is None else accessors[source]["count"]
