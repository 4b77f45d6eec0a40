# SPDX-License-Identifier: GPL-3.0-or-later
"""Small GLBs made from numbers: boxes with nodes, a skin, a texture, an animation, or Draco."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..files.build_glb import pack, png_of

COMPONENTS = {"f4": 5126, "u4": 5125, "u2": 5123, "u1": 5121, "i2": 5122, "i1": 5120}
SHAPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Glb:
    """A glTF document under construction; `save` writes it."""

    def __init__(self) -> None:
        self.json: dict[str, Any] = {"asset": {"version": "2.0"}, "scene": 0}
        self.json |= {"scenes": [{"nodes": []}], "nodes": [], "meshes": []}
        self.binary = bytearray()

    def add(self, key: str, item: dict[str, Any]) -> int:
        """Append to one of the lists of the document and return the index."""
        self.json.setdefault(key, []).append(item)
        return len(self.json[key]) - 1

    def view(self, data: bytes) -> int:
        """Add a buffer view of these bytes and return its index."""
        self.binary += bytes(-len(self.binary) % 4)
        where = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        self.binary += data
        return self.add("bufferViews", where)

    def accessor(self, values: np.ndarray, kind: str, *, stored: bool = True, **more: Any) -> int:
        """Add an accessor of numbers, shape (n,) or (n, width), and return its index."""
        values = np.ascontiguousarray(values, dtype=f"<{kind}")
        rows = values.reshape(len(values), -1)
        item = {"componentType": COMPONENTS[kind], "type": SHAPES[rows.shape[1]]}
        item |= {"count": len(rows), **more}
        if kind == "f4" and rows.shape[1] == 3:
            item |= {"min": rows.min(axis=0).tolist(), "max": rows.max(axis=0).tolist()}
        if stored:
            item["bufferView"] = self.view(values.tobytes())
        return self.add("accessors", item)

    def mesh(self, *primitives: dict[str, Any], name: str = "mesh_0") -> int:
        """Add a mesh of primitives and return its index."""
        return self.add("meshes", {"name": name, "primitives": list(primitives)})

    def node(self, *, root: bool = True, **members: Any) -> int:
        """Add a node, to the scene itself unless it is a child, and return its index."""
        index = self.add("nodes", members)
        if root:
            self.json["scenes"][0]["nodes"].append(index)
        return index

    def material(
        self,
        color: tuple[float, float, float] = (0.8, 0.3, 0.1),
        *,
        name: str = "Material_0",
        texture: bytes = b"",
    ) -> int:
        """Add a material of one color, with a PNG on it if given, and return its index."""
        surface: dict[str, Any] = {"baseColorFactor": [*color, 1.0], "metallicFactor": 0.0}
        if texture:
            picture = {"mimeType": "image/png", "bufferView": self.view(texture)}
            image = self.add("images", picture | {"name": "Image_0"})
            surface["baseColorTexture"] = {"index": self.add("textures", {"source": image})}
        return self.add("materials", {"name": name, "pbrMetallicRoughness": surface})

    def animate(self, name: str, node: int, **ways: Any) -> None:
        """Move a node within a second: the first and the last value of each way."""
        start = {"input": self.accessor(np.array([0, 1.0]), "f4", min=[0], max=[1])}
        outputs = [self.accessor(np.array(values), "f4") for values in ways.values()]
        samplers = [start | {"output": output} for output in outputs]
        targets = [{"node": node, "path": way} for way in ways]
        channels = [{"sampler": number, "target": each} for number, each in enumerate(targets)]
        self.add("animations", {"name": name, "samplers": samplers, "channels": channels})

    def require(self, extension: str) -> None:
        """Add an extension to `extensionsUsed` and `extensionsRequired`."""
        for key in ("extensionsUsed", "extensionsRequired"):
            self.json.setdefault(key, []).append(extension)

    def instances(self, places: Any) -> dict[str, Any]:
        """Return the extension of a node that shows its mesh in several places."""
        attributes = {"TRANSLATION": self.accessor(np.array(places), "f4")}
        self.json["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
        return {"EXT_mesh_gpu_instancing": {"attributes": attributes}}

    def packed(self, rows: np.ndarray, kind: str, most: int) -> int:
        """Add an accessor of small integers, shape (n, 3), with a gap after each three."""
        padded = np.zeros((len(rows), 4), kind)
        padded[:, :3] = np.round(rows * most)
        view = self.view(padded.tobytes())
        self.json["bufferViews"][view]["byteStride"] = padded.strides[0]
        low, high = padded[:, :3].min(axis=0).tolist(), padded[:, :3].max(axis=0).tolist()
        about = {"bufferView": view, "componentType": COMPONENTS[kind], "type": "VEC3"}
        about |= {"count": len(rows), "normalized": True, "min": low, "max": high}
        return self.add("accessors", about)

    def bytes(self) -> bytes:
        """Return the bytes of the file."""
        document = dict(self.json)
        if self.binary:
            document["buffers"] = [{"byteLength": len(self.binary)}]
        return pack(document, bytes(self.binary) or None)

    def save(self, path: Path) -> Path:
        """Write the file and return its path."""
        path.write_bytes(self.bytes())
        return path


def box_arrays(
    low: Sequence[float] | np.ndarray, high: Sequence[float] | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return positions, normals, UVs and indices of a box in glTF axes."""
    points, normals, uvs, faces = [], [], [], []
    low_, high_ = np.array(low, float), np.array(high, float)
    for axis in range(3):
        for side in (0, 1):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
            for a, b in corners if side else reversed(corners):
                at = np.zeros(3)
                at[axis], at[u], at[v] = side, a, b
                points.append(low_ + at * (high_ - low_))
                normals.append(np.eye(3)[axis] * (1 if side else -1))
                uvs.append((a, b))
            first = len(points) - 4
            faces += [first, first + 1, first + 2, first, first + 2, first + 3]
    one, two, three = (np.array(each, "f4") for each in (points, normals, uvs))
    return one, two, three, np.array(faces, "u4")


def box(
    glb: Glb, low: Any = (-0.5, 0, -0.5), high: Any = (0.5, 1, 0.5), material: int | None = None
) -> dict[str, Any]:
    """Return a primitive of plain accessors."""
    points, normals, uvs, faces = box_arrays(low, high)
    primitive: dict[str, Any] = {
        "attributes": {
            "POSITION": glb.accessor(points, "f4"),
            "NORMAL": glb.accessor(normals, "f4"),
            "TEXCOORD_0": glb.accessor(uvs, "f4"),
        },
        "indices": glb.accessor(faces, "u2"),
    }
    return primitive if material is None else primitive | {"material": material}


def simple(
    path: Path, low: Any = (-0.5, 0, -0.5), high: Any = (0.5, 1, 0.5), *, texture: bool = True
) -> Path:
    """Write a file as Mint delivers it: one textured mesh under one bare node."""
    glb = Glb()
    material = glb.material(texture=png((230, 120, 40))) if texture else glb.material()
    mesh = glb.mesh(box(glb, low, high, material))
    child = glb.node(root=False, mesh=mesh, name="geometry_0")
    glb.node(children=[child], name="world")
    return glb.save(path)


def animated(path: Path) -> Path:
    """Write a body with a wheel that turns."""
    glb = Glb()
    mesh = glb.mesh(box(glb, (-0.2, -0.2, -0.2), (0.2, 0.2, 0.2)), name="wheel")
    wheel = glb.node(root=False, mesh=mesh, name="wheel", translation=[0, 0.2, 0.5])
    glb.node(mesh=glb.mesh(box(glb), name="body"), children=[wheel], name="body")
    glb.animate("spin", wheel, rotation=[[0, 0, 0, 1], [0, 0.7071068, 0, 0.7071068]])
    return glb.save(path)


def wandering(path: Path, *, above: dict[str, Any] | None = None, size: float = 1.0) -> Path:
    """Write a box that turns and moves sideways.

    It begins beside the position that its node has without the animation; `above` is the node over
    it.
    """
    glb = Glb()
    wide, deep = 0.1 * size, 0.3 * size
    mesh = glb.mesh(box(glb, (-wide, 0, -deep), (wide, size, deep)), name="walker")
    walker = glb.node(root=above is None, mesh=mesh, name="walker")
    if above is not None:
        glb.node(children=[walker], name="above", **above)
    turns = [[0, 0, 0, 1], [0.7071068, 0, 0, 0.7071068]]
    glb.animate("walk", walker, translation=[[1, 0, 0], [1, 2, 3]], rotation=turns)
    return glb.save(path)


def skinned(
    path: Path, *, bones: Any = ("lower", "upper"), waves: Any = (), lift: float = 1.0
) -> Path:
    """Write a box of height 1 whose upper half follows a bone.

    The file's pose moves the bone up by `lift`, so that the box is 2 high by default. `waves` are
    the names of animations that move the bone sideways.
    """
    glb = Glb()
    primitive = box(glb)
    points, *_ = box_arrays((-0.5, 0, -0.5), (0.5, 1, 0.5))
    joints, weights = np.zeros((24, 4)), np.zeros((24, 4))
    joints[:, 0], weights[:, 0] = points[:, 1] > 0.5, 1
    primitive["attributes"] |= {
        "JOINTS_0": glb.accessor(joints, "u1"),
        "WEIGHTS_0": glb.accessor(weights, "f4"),
    }
    body = glb.node(mesh=glb.mesh(primitive, name="body"), name="body")
    upper = glb.node(root=False, name=bones[1], translation=[0, 0.5 + lift, 0])
    lower = glb.node(children=[upper], name=bones[0])
    rest = np.stack([np.eye(4), np.eye(4)])
    rest[1, 3, 1] = -0.5  # column-major: at rest the upper bone is at 0.5, in the pose at 1.5
    inverse = glb.accessor(rest.reshape(2, 16), "f4")
    skin = glb.add("skins", {"joints": [lower, upper], "inverseBindMatrices": inverse})
    glb.json["nodes"][body]["skin"] = skin
    for name in waves:
        glb.animate(name, upper, translation=[[0, 0.5 + lift, 0], [1, 0.5 + lift, 0]])
    return glb.save(path)


def shaped(path: Path, *keys: str) -> Path:
    """Write a box with shape keys, each of which makes it one wider on one side."""
    glb = Glb()
    primitive = box(glb, material=glb.material())
    points, *_ = box_arrays((-0.5, 0, -0.5), (0.5, 1, 0.5))
    wider = np.zeros_like(points)
    wider[points[:, 0] > 0, 0] = 1
    primitive["targets"] = [{"POSITION": glb.accessor(wider, "f4")} for _ in keys]
    mesh = glb.mesh(primitive, name="body")
    weights = {"extras": {"targetNames": list(keys)}, "weights": [0.0] * len(keys)}
    glb.json["meshes"][mesh] |= weights
    glb.node(mesh=mesh, name="body")
    return glb.save(path)


KINDS = {"plain": simple, "skinned": skinned, "animated": animated}
"""Functions that write a model, by what it brings."""


def png(color: tuple[int, int, int], width: int = 4, height: int = 4) -> bytes:
    """Return a picture of one color."""
    return png_of(np.full((height, width, 3), color, np.uint8))


def draco_box(
    glb: Glb, low: Any = (-0.5, 0, -0.5), high: Any = (0.5, 1, 0.5), *, material: int | None = None
) -> dict[str, Any]:
    """Return a primitive compressed with Draco; its accessors have no data."""
    if sys.platform == "win32":
        import pytest

        pytest.skip("does not apply: the environment for Windows has no encoder of Draco")
    import DracoPy

    points, normals, uvs, faces = box_arrays(low, high)
    colors = np.tile(np.array([[255, 128, 0, 255]], np.uint8), (24, 1))
    more = {"colors": colors, "tex_coord": uvs.astype(float), "normals": normals.astype(float)}
    data = DracoPy.encode(points, faces.reshape(-1, 3), quantization_bits=14, **more)
    # 0 position, 1 normal, 2 color, 3 uv
    found = {each["attribute_type"]: each["unique_id"] for each in DracoPy.decode(data).attributes}
    attributes = {
        "POSITION": glb.accessor(points, "f4", stored=False),
        "NORMAL": glb.accessor(normals, "f4", stored=False),
        "COLOR_0": glb.accessor(colors, "u1", stored=False, normalized=True),
        "TEXCOORD_0": glb.accessor(uvs, "f4", stored=False),
    }
    ids = {"POSITION": found[0], "NORMAL": found[1], "COLOR_0": found[2], "TEXCOORD_0": found[3]}
    if "KHR_draco_mesh_compression" not in glb.json.get("extensionsRequired", []):
        glb.require("KHR_draco_mesh_compression")
    primitive = {"attributes": attributes, "indices": glb.accessor(faces, "u2", stored=False)}
    packed = {"bufferView": glb.view(data), "attributes": ids}
    primitive["extensions"] = {"KHR_draco_mesh_compression": packed}
    return primitive if material is None else primitive | {"material": material}
