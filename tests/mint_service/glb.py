# SPDX-License-Identifier: GPL-3.0-or-later
"""The binary glTF container: read it, write it, and mark it with its prompt."""

from __future__ import annotations

import json
import struct
from typing import Any

from ..files.build_glb import pack


def unpack(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the two chunks of a GLB.

    Raises:
        ValueError: The content is not a GLB.
    """
    if len(content) < 20 or content[:4] != b"glTF":
        raise ValueError("not a GLB")
    (length,) = struct.unpack_from("<I", content, 12)
    document = json.loads(content[20 : 20 + length])
    at = 20 + length
    if at + 8 > len(content):
        return document, b""
    (size,) = struct.unpack_from("<I", content, at)
    return document, content[at + 8 : at + 8 + size]


def mark(content: bytes, *, prompt: str, operation: str, name: str) -> bytes:
    """Return the GLB with `asset.extras.mint` and a name for its first root node."""
    document, binary = unpack(content)
    document["asset"].setdefault("extras", {})["mint"] = {"prompt": prompt, "operation": operation}
    roots = document.get("scenes", [{}])[document.get("scene", 0)].get("nodes", [])
    if roots:
        document["nodes"][roots[0]]["name"] = name
    return pack(document, binary)


def extras(content: bytes) -> dict[str, Any]:
    """Return the extras that `mark` wrote."""
    marked: dict[str, Any] = unpack(content)[0]["asset"].get("extras", {}).get("mint", {})
    return marked


def with_external_buffer(content: bytes) -> bytes:
    """Return a GLB that refers to an external buffer, which a client must not load."""
    document, binary = unpack(content)
    document["buffers"].append({"byteLength": 4, "uri": "../../outside.bin"})
    return pack(document, binary)


def with_wrong_length(content: bytes) -> bytes:
    """Return a GLB whose header claims more bytes than there are."""
    return content[:8] + struct.pack("<I", len(content) + 1000) + content[12:]


def requiring(content: bytes, extension: str) -> bytes:
    """Return a GLB that requires an extension."""
    document, binary = unpack(content)
    for member in ("extensionsUsed", "extensionsRequired"):
        document.setdefault(member, []).append(extension)
    return pack(document, binary)


def image(content: bytes, name: str) -> bytes:
    """Return the picture with this name."""
    document, binary = unpack(content)
    return _view(document, binary, _view_of_image(document, name))


def with_image(content: bytes, name: str, picture: bytes) -> bytes:
    document, binary = unpack(content)
    replaced, packed = _view_of_image(document, name), b""
    for number, view in enumerate(document["bufferViews"]):
        part = picture if number == replaced else _view(document, binary, number)
        view |= {"byteOffset": len(packed), "byteLength": len(part)}
        packed += part + b"\0" * (-len(part) % 4)
    document["buffers"] = [{"byteLength": len(packed)}]
    return pack(document, packed)


def _view_of_image(document: dict[str, Any], name: str) -> int:
    return int(next(each["bufferView"] for each in document["images"] if each["name"] == name))


def _view(document: dict[str, Any], binary: bytes, number: int) -> bytes:
    view = document["bufferViews"][number]
    start = view.get("byteOffset", 0)
    return binary[start : start + view["byteLength"]]
