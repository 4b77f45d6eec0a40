# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the JSON of a glTF before import: nothing points outside the file, all counts are covered.

Works on the parsed JSON alone and opens nothing.

Source: glTF 2.0 specification, sections 5 (properties) and 3.6 (binary data); what Blender's
importer would read from the disk otherwise; EXT_meshopt_compression.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Literal, overload

from ...message import MessageError
from .. import pictures
from ..errors import InvalidPicture

__all__ = ["Glb", "GlbLimits", "GltfError", "check"]

COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")


@dataclass(frozen=True)
class GlbLimits:
    """The largest GLB that is imported; Mint's have about 100,000 triangles in 50 MB at most."""

    file_bytes: int = 2**30
    json_bytes: int = 4 * 2**20
    """Most bytes of the JSON; parsed, it takes up to 30 times as much memory."""
    nesting: int = 64
    entries: int = 65_536
    """Most entries of any list in the document: nodes, meshes, accessors, images …"""
    images: int = 4096
    """Most images; the header of each is read."""
    vertices: int = 20_000_000
    triangles: int = 20_000_000
    decoded_bytes: int = 2**31
    """Most bytes of all accessors, decompressed, and of all uses of accessors."""
    pixels: int = 2**29
    """Most pixels of all images together; Blender needs four bytes for each."""
    tree_depth: int = 256


@dataclass(frozen=True)
class Glb:
    """What a checked GLB needs and holds."""

    extensions_used: frozenset[str]
    extensions_required: frozenset[str]
    vertices: int
    triangles: int
    """Triangles of the meshes that nodes use, each mesh counted once; `vertices` likewise."""


INSTANCING = "EXT_mesh_gpu_instancing"
KEY_BYTES = 72
"""Memory that Blender needs for one number of a keyframe."""
# fmt: off
LISTS = (
    "accessors", "animations", "bufferViews", "buffers", "cameras", "images", "materials",
    "meshes", "nodes", "samplers", "scenes", "skins", "textures",
)
# fmt: on
REFERENCES = (
    ("nodes", "mesh", "meshes"),
    ("nodes", "skin", "skins"),
    ("nodes", "camera", "cameras"),
    ("skins", "inverseBindMatrices", "accessors"),
    ("textures", "source", "images"),
    ("textures", "sampler", "samplers"),
)
"""Lists whose entries have an index, its name, and the list that it refers to."""

JsonObject = dict[str, Any]
Tables = dict[str, list[JsonObject]]


def check(document: JsonObject, binary: int | None, limits: GlbLimits) -> Glb:
    """Return what a valid document needs and holds.

    Args:
        document: The parsed JSON.
        binary: Bytes of the BIN chunk, None without one.
        limits: The largest counts that are accepted.

    Raises:
        GltfError: If the document is invalid or above the limits.
    """
    _check_nesting(document, limits)
    asset = get_object(document, "asset")
    version = asset.get("version")
    is_version_2 = isinstance(version, str) and re.fullmatch(r"2\.\d{1,3}", version) is not None
    if not is_version_2 or asset.get("minVersion") not in (None, "2.0"):  # section 3.2
        raise GltfError("it is not glTF 2.0")
    used = get_strings(document, "extensionsUsed", limits.entries)
    required = get_strings(document, "extensionsRequired", limits.entries)
    _check_uris(document, required)
    counts = {"images": limits.images}
    tables = {name: get_objects(document, name, counts.get(name, limits.entries)) for name in LISTS}
    buffers = _check_buffers(tables["buffers"], binary, limits)
    views = _check_views(tables["bufferViews"], buffers)
    _check_accessors(tables["accessors"], tables["bufferViews"], views, limits)
    for owners, key, target in REFERENCES:
        for owner in tables[owners]:
            get_index(owner, key, len(tables[target]))
    for image in tables["images"]:
        if "uri" in image:
            _check_image_uri(image["uri"], image.get("mimeType"))
        else:
            get_index(image, "bufferView", len(views), needed=True)
            if not str(image.get("mimeType", "image/")).startswith("image/"):
                raise GltfError("a picture in it is marked as something else")
    _check_nodes(document, tables, limits)
    return Glb(used, required, *_check_meshes(tables, limits))


def _check_nesting(document: JsonObject, limits: GlbLimits) -> None:
    level: list[Any] = [document]
    for _ in range(limits.nesting):
        level = _members(level)
        if not level:
            return
    raise GltfError("its JSON is nested too deeply")


def _check_uris(document: JsonObject, required: frozenset[str]) -> None:
    """Reject a `uri` outside the file in buffers, images and required extensions.

    Elsewhere it is metadata (a source, a license) that no importer loads. The nesting must have
    been checked.
    """
    read: list[Any] = [document.get("buffers"), document.get("images")]
    searched: list[Any] = [document]
    while searched:
        for item in searched:
            extensions = item.get("extensions") if isinstance(item, dict) else None
            read += (
                [extensions[name] for name in required & extensions.keys()]
                if isinstance(extensions, dict)
                else []
            )
        searched = _members(searched, without="extras")
    while read:
        if any(
            isinstance(uri := item.get("uri"), str) and not uri.startswith("data:")
            for item in read
            if isinstance(item, dict)
        ):
            raise GltfError("it points to something outside the file")
        read = _members([item for item in read if isinstance(item, dict | list)], without="extras")


def _members(values: list[Any], *, without: str = "") -> list[Any]:
    """Return the non-empty objects and lists directly inside these objects and lists."""
    return [
        member
        for value in values
        for key, member in (value.items() if isinstance(value, dict) else enumerate(value))
        if key != without and member and isinstance(member, dict | list)
    ]


def _check_nodes(document: JsonObject, tables: Tables, limits: GlbLimits) -> None:
    """Check transforms, instances, scenes and skins, and that nodes form a tree."""
    nodes = tables["nodes"]
    instances = 0
    for node in nodes:
        for key, numbers in (("matrix", 16), ("rotation", 4), ("scale", 3), ("translation", 3)):
            check_numbers(node.get(key), numbers)
            if key in node and (node[key] is None or len(node[key]) != numbers):
                raise GltfError("the transform of a node is invalid")
        places = get_object(get_object(get_object(node, "extensions"), INSTANCING), "attributes")
        instances += max((_accessor(places, name, tables)["count"] for name in places), default=0)
    if instances > limits.entries:
        raise GltfError("it has {count:,} objects, more than the limit", count=instances)
    _check_tree([get_indices(node, "children", len(nodes)) for node in nodes], limits.tree_depth)
    get_index(document, "scene", len(tables["scenes"]))
    for scene in tables["scenes"]:
        get_indices(scene, "nodes", len(nodes))
    for skin in tables["skins"]:
        get_indices(skin, "joints", len(nodes))


def _check_tree(children: list[list[int]], most_depth: int) -> None:
    """Check that each node has at most one parent and that all are reachable from a root."""
    with_parent = [child for siblings in children for child in siblings]
    if len(set(with_parent)) != len(with_parent):
        raise GltfError("a node has two parents")
    level = sorted(set(range(len(children))) - set(with_parent))
    reached, depth = 0, 0
    while level and depth <= most_depth:
        reached = reached + len(level)
        depth = depth + 1
        level = [child for parent in level for child in children[parent]]
    if level:
        raise GltfError("its nodes are nested too deeply")
    if reached != len(children):
        raise GltfError("its nodes form a cycle")


def _check_meshes(tables: Tables, limits: GlbLimits) -> tuple[int, int]:
    """Return the vertices and triangles of meshes that nodes use; check all uses of accessors.

    Their memory is limited: a file may use the same one many times.
    """
    used_meshes = {node["mesh"] for node in tables["nodes"] if "mesh" in node}
    points: dict[int, int] = {}
    triangles = other = size = 0
    for number, mesh in enumerate(tables["meshes"]):
        for primitive in get_objects(mesh, "primitives", limits.entries):
            position, corners = _check_primitive(primitive, tables)
            for shape in (get_object(primitive, "attributes"), *primitive.get("targets", [])):
                for name in shape:
                    used = _accessor(shape, name, tables)
                    size += min(used["count"], corners) * COMPONENTS[used["type"]] * 4
            if number in used_meshes and position is not None:
                points[position] = tables["accessors"][position]["count"]
                mode = get_integer(primitive, "mode", default=4, maximum=6)
                triangles += corners // 3 if mode == 4 else max(0, corners - 2) if mode > 4 else 0
                other += corners if mode == 0 else corners // 2 if mode < 4 else 0
    vertices = sum(points.values())
    if vertices > limits.vertices or triangles > limits.triangles:
        raise GltfError(
            "it has {vertices:,} vertices and {triangles:,} triangles, more than the limit",
            vertices=vertices,
            triangles=triangles,
        )
    # a clip may come without its character
    if not (triangles or other or tables["animations"]):
        raise GltfError("it contains no triangles, lines or points")
    if size + _animation_bytes(tables, limits) > limits.decoded_bytes:
        raise GltfError("it uses the same data too often to fit in memory")
    return vertices, triangles


def _animation_bytes(tables: Tables, limits: GlbLimits) -> int:
    size = 0
    for animation in tables["animations"]:
        samplers = get_objects(animation, "samplers", limits.entries)
        for channel in get_objects(animation, "channels", limits.entries):
            sampler = samplers[get_index(channel, "sampler", len(samplers), needed=True)]
            keys = _accessor(sampler, "output", tables)
            size += keys["count"] * COMPONENTS[keys["type"]] * KEY_BYTES
    return size


def _accessor(owner: JsonObject, key: str, tables: Tables) -> JsonObject:
    return tables["accessors"][get_index(owner, key, len(tables["accessors"]), needed=True)]


def _check_primitive(primitive: JsonObject, tables: Tables) -> tuple[int | None, int]:
    """Return the index of the POSITION accessor (None without) and the number of corners."""
    accessors = tables["accessors"]
    attributes = get_object(primitive, "attributes")
    for shape in (attributes, *get_objects(primitive, "targets", 4096)):
        for name in shape:
            get_index(shape, name, len(accessors))
    get_index(primitive, "material", len(tables["materials"]))
    draco = get_object(get_object(primitive, "extensions"), "KHR_draco_mesh_compression")
    if draco:
        get_index(draco, "bufferView", len(tables["bufferViews"]), needed=True)
    position = get_index(attributes, "POSITION", len(accessors))
    order = get_index(primitive, "indices", len(accessors))
    if position is not None and accessors[position]["type"] != "VEC3":
        raise GltfError("its vertex positions do not have three numbers each")
    if order is not None and (
        accessors[order]["type"] != "SCALAR"
        or accessors[order]["componentType"] not in (5121, 5123, 5125)
    ):
        raise GltfError("its triangle indices are not integers")
    source = order if order is not None else position
    return position, 0 if source is None else accessors[source]["count"]


# -- binary data: does every buffer, view and accessor lie inside its bytes?


def _check_buffers(buffers: list[JsonObject], binary: int | None, limits: GlbLimits) -> list[int]:
    """Return the usable bytes of each buffer; raise GltfError for a wrong one."""
    lengths = []
    for number, buffer in enumerate(buffers):
        length = get_integer(buffer, "byteLength", minimum=1)
        if "uri" in buffer:
            kind, content = decode_uri(buffer["uri"])
            if kind not in BUFFER_TYPES:
                raise GltfError("a buffer in it is marked as {kind}", kind=kind)
            if not length <= len(content) <= length + 3:  # for alignment
                raise GltfError(
                    "a buffer in it claims {claimed:,} bytes, but has {length:,}",
                    claimed=length,
                    length=len(content),
                )
        elif any(
            get_object(get_object(buffer, "extensions"), name).get("fallback") is True
            for name in MESHOPT
        ):  # it exists only after decompression
            if length > limits.decoded_bytes:
                raise GltfError("a buffer claims to decompress to {length:,} bytes", length=length)
        elif number or binary is None:
            raise GltfError("a buffer has no data in the file")
        elif length > binary:
            raise GltfError(
                "a buffer claims {claimed:,} bytes, but the file holds {length:,}",
                claimed=length,
                length=binary,
            )
        lengths.append(length)
    return lengths


def _check_views(views: list[JsonObject], buffers: list[int]) -> list[int]:
    """Return the bytes of each buffer view; raise GltfError for one outside its buffer."""
    lengths = []
    for view in views:
        length = get_integer(view, "byteLength", minimum=1)
        _check_inside(view, length, buffers)
        get_integer(view, "byteStride", default=4, minimum=4, maximum=252)
        for name in MESHOPT:
            packed = get_object(get_object(view, "extensions"), name)
            if packed:
                _check_inside(packed, get_integer(packed, "byteLength", minimum=1), buffers)
                count = get_integer(packed, "count", minimum=1)
                if count * get_integer(packed, "byteStride", minimum=1, maximum=256) > length:
                    raise GltfError("a compressed part of it claims to be larger than its space")
        lengths.append(length)
    return lengths


def _check_inside(view: JsonObject, length: int, buffers: list[int]) -> None:
    buffer = get_index(view, "buffer", len(buffers), needed=True)
    if get_integer(view, "byteOffset", default=0) + length > buffers[buffer]:
        raise GltfError("a part of it is outside its data")


def _check_accessors(
    accessors: list[JsonObject], views: list[JsonObject], lengths: list[int], limits: GlbLimits
) -> None:
    """Raise GltfError for an accessor that its bytes do not cover, or that is too large."""
    decoded = 0
    for accessor in accessors:
        component = accessor.get("componentType")
        kind = accessor.get("type")
        if not isinstance(component, int) or not isinstance(kind, str):
            raise GltfError("it contains numbers of an unknown type")
        if component not in COMPONENT_BYTES or kind not in COMPONENTS:
            raise GltfError("it contains numbers of an unknown type")
        count = get_integer(accessor, "count", minimum=1)
        size = COMPONENT_BYTES[component] * COMPONENTS[kind]
        decoded += count * max(size, 4 * COMPONENTS[kind])
        if decoded > limits.decoded_bytes:
            raise GltfError(
                "it claims {count:,} values in one accessor, more than the limit", count=count
            )
        view = get_index(accessor, "bufferView", len(views))
        if view is not None:
            stride = get_integer(views[view], "byteStride", default=size)
            _check_covered(
                get_integer(accessor, "byteOffset", default=0) + stride * (count - 1) + size,
                lengths[view],
            )
        _check_sparse(accessor, count, size, lengths)
        for limit in ("min", "max"):
            check_numbers(accessor.get(limit), COMPONENTS[kind])


def _check_sparse(accessor: JsonObject, count: int, size: int, lengths: list[int]) -> None:
    sparse = get_object(accessor, "sparse")
    if not sparse:
        return
    sparse_count = get_integer(sparse, "count", minimum=1, maximum=count)
    for name, width in (("indices", None), ("values", size)):
        place = get_object(sparse, name)
        component = place.get("componentType")
        stride = width or (COMPONENT_BYTES.get(component, 0) if isinstance(component, int) else 0)
        if not stride:
            raise GltfError("it contains numbers of an unknown type")
        view = get_index(place, "bufferView", len(lengths), needed=True)
        end = get_integer(place, "byteOffset", default=0) + sparse_count * stride
        _check_covered(end, lengths[view])


def _check_covered(end: int, length: int) -> None:
    if end > length:
        raise GltfError("it claims more values than its bytes can hold")


def check_numbers(value: Any, limit: int) -> None:
    """Raise GltfError unless the value is None or a list of at most `limit` usable numbers."""
    if value is None:
        return
    fits = isinstance(value, list) and len(value) <= limit
    if not fits or not all(
        isinstance(number, int | float) and abs(number) < 1e38 for number in value
    ):
        raise GltfError("the bounds of a mesh are invalid")


MAX_INTEGER = 2**53


class GltfError(MessageError):
    """Why a file cannot be imported: a clause for “cannot be imported: …”, without a period."""


def get_object(owner: JsonObject, key: str) -> JsonObject:
    """Return a member that is an object; empty if absent."""
    value = owner.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key)
    return value


def get_objects(owner: JsonObject, key: str, limit: int) -> list[JsonObject]:
    """Return a member that is a list of at most `limit` objects; empty if absent."""
    value = _entries(owner, key, dict)
    if len(value) > limit:
        raise GltfError("it has {count:,} “{key}”, more than the limit", count=len(value), key=key)
    return value


def get_strings(owner: JsonObject, key: str, limit: int) -> frozenset[str]:
    """Return a member that is a list of strings; empty if absent."""
    value = _entries(owner, key, str)
    if len(value) > limit:
        raise _wrong(key)
    return frozenset(value)


def _entries(owner: JsonObject, key: str, kind: type) -> list[Any]:
    """Return a member that is a list of such values; empty if absent."""
    value = owner.get(key, [])
    # `type`, since True is an int
    if not isinstance(value, list) or not all(type(entry) is kind for entry in value):
        raise _wrong(key)
    return value


def get_integer(
    owner: JsonObject,
    key: str,
    *,
    default: int | None = None,
    minimum: int = 0,
    maximum: int = MAX_INTEGER,
) -> int:
    """Return a member that is an integer in the range (2.0 counts as 2).

    An absent one is the default; without a default it is a GltfError.
    """
    value = owner.get(key, default)
    if isinstance(value, float) and abs(value) <= MAX_INTEGER and value.is_integer():
        value = owner[key] = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise _wrong(key)
    return value


@overload
def get_index(owner: JsonObject, key: str, size: int, *, needed: Literal[True]) -> int: ...
@overload
def get_index(owner: JsonObject, key: str, size: int) -> int | None: ...


def get_index(owner: JsonObject, key: str, size: int, *, needed: bool = False) -> int | None:
    """Return a member that is an index into a list of `size`; None if absent and not needed."""
    if key not in owner and not needed:
        return None
    value = get_integer(owner, key)
    if value >= size:
        raise GltfError("“{key}” refers to something that does not exist", key=key)
    return value


def get_indices(owner: JsonObject, key: str, size: int) -> list[int]:
    """Return a member that is a list of distinct indices into a list of `size`."""
    value = _entries(owner, key, int)
    if not all(0 <= entry < size for entry in value) or len(set(value)) != len(value):
        raise GltfError("“{key}” refers to something that does not exist", key=key)
    return value


def _wrong(key: str) -> GltfError:
    shown = "".join(letter if letter.isprintable() else "?" for letter in key)[:40]
    return GltfError("“{key}” in its JSON has an invalid value", key=shown)


HEAD = re.compile(r"data:([a-z0-9.+-]+/[a-z0-9.+-]+);base64,")
BUFFER_TYPES = frozenset({"application/octet-stream", "application/gltf-buffer"})


def _check_image_uri(uri: Any, media_type: Any) -> None:
    """Raise GltfError unless the URI holds a picture of its own type and the image's `mimeType`."""
    kind, content = decode_uri(uri)
    try:
        actual = pictures.inspect(content).media_type
    except InvalidPicture:
        raise GltfError("a picture in it, marked as {kind}, is not a picture", kind=kind) from None
    if actual != kind or (media_type is not None and media_type != kind):
        raise GltfError(
            "a picture in it is marked as {kind}, but is {found}", kind=kind, found=actual
        )


def decode_uri(uri: Any) -> tuple[str, bytes]:
    """Return media type and bytes of a `data:` URI; raise GltfError for any other."""
    if not isinstance(uri, str) or not uri.startswith("data:"):
        raise GltfError("it points to something outside the file")
    head = HEAD.match(uri)
    if not head:
        raise GltfError("it contains data in an unsupported encoding")
    try:
        return head[1], base64.b64decode(uri[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise GltfError("it contains data in an unsupported encoding") from None
