# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the binary data of a glTF: does every buffer, view and accessor lie inside its bytes?

Source: glTF 2.0 specification, section 3.6; EXT_meshopt_compression for buffers that exist only
after decompression.
"""

from __future__ import annotations

from typing import Any

from ...message import Message
from . import data_uri
from .json_values import GltfError, JsonObject, get_flag, get_index, get_integer, get_object
from .limits import GlbLimits

COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")


def check_buffers(buffers: list[JsonObject], binary: int | None, limits: GlbLimits) -> list[int]:
    """Return the usable bytes of each buffer; raise GltfError for a wrong one."""
    lengths = []
    for number, buffer in enumerate(buffers):
        length = get_integer(buffer, "byteLength", least=1)
        if "uri" in buffer:
            data_uri.check_buffer(buffer["uri"], length)
        elif _is_fallback(buffer):
            if length > limits.decoded_bytes:
                raise GltfError(
                    Message("a buffer claims to decompress to {length:,} bytes", length=length)
                )
        elif number or binary is None:
            raise GltfError(Message("a buffer has no data in the file"))
        elif length > binary:
            raise GltfError(
                Message(
                    "a buffer claims {claimed:,} bytes, but the file holds {length:,}",
                    claimed=length,
                    length=binary,
                )
            )
        lengths.append(length)
    return lengths


def _is_fallback(buffer: JsonObject) -> bool:
    """Return whether the buffer exists only after meshopt decompression."""
    return any(
        get_flag(get_object(get_object(buffer, "extensions"), name), "fallback") for name in MESHOPT
    )


def check_views(views: list[JsonObject], buffers: list[int]) -> list[int]:
    """Return the bytes of each buffer view; raise GltfError for one outside its buffer."""
    lengths = []
    for view in views:
        length = get_integer(view, "byteLength", least=1)
        _check_inside(view, length, buffers)
        get_integer(view, "byteStride", default=4, least=4, most=252)
        for name in MESHOPT:
            packed = get_object(get_object(view, "extensions"), name)
            if packed:
                _check_inside(packed, get_integer(packed, "byteLength", least=1), buffers)
                if (
                    get_integer(packed, "count", least=1)
                    * get_integer(packed, "byteStride", least=1, most=256)
                    > length
                ):
                    raise GltfError(
                        Message("a compressed part of it claims to be larger than its space")
                    )
        lengths.append(length)
    return lengths


def _check_inside(view: JsonObject, length: int, buffers: list[int]) -> None:
    buffer = get_index(view, "buffer", len(buffers), needed=True)
    if get_integer(view, "byteOffset", default=0) + length > buffers[buffer]:
        raise GltfError(Message("a part of it is outside its data"))


def check_accessors(
    accessors: list[JsonObject], views: list[JsonObject], lengths: list[int], limits: GlbLimits
) -> None:
    """Raise GltfError for an accessor that its bytes do not cover, or that is too large."""
    decoded = 0
    for accessor in accessors:
        component, kind = accessor.get("componentType"), accessor.get("type")
        if (
            not isinstance(component, int)
            or component not in COMPONENT_BYTES
            or not isinstance(kind, str)
            or kind not in COMPONENTS
        ):
            raise GltfError(Message("it contains numbers of an unknown type"))
        count, size = (
            get_integer(accessor, "count", least=1),
            COMPONENT_BYTES[component] * COMPONENTS[kind],
        )
        decoded += count * max(size, 4 * COMPONENTS[kind])
        if decoded > limits.decoded_bytes:
            raise GltfError(
                Message(
                    "it claims {count:,} values in one accessor, more than the limit",
                    count=count,
                )
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
    few = get_integer(sparse, "count", least=1, most=count)
    for name, width in (("indices", None), ("values", size)):
        place = get_object(sparse, name)
        component = place.get("componentType")
        each = width or (COMPONENT_BYTES.get(component, 0) if isinstance(component, int) else 0)
        if not each:
            raise GltfError(Message("it contains numbers of an unknown type"))
        view = get_index(place, "bufferView", len(lengths), needed=True)
        _check_covered(get_integer(place, "byteOffset", default=0) + few * each, lengths[view])


def _check_covered(end: int, length: int) -> None:
    if end > length:
        raise GltfError(Message("it claims more values than its bytes can hold"))


def check_numbers(value: Any, most: int) -> None:
    """Raise GltfError unless the value is None or a list of at most `most` usable numbers."""
    if value is None:
        return
    fits = isinstance(value, list) and len(value) <= most
    if not fits or not all(
        isinstance(number, int | float) and abs(number) < 1e38 for number in value
    ):
        raise GltfError(Message("the bounds of a mesh are invalid"))
