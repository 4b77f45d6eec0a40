# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigged GLBs made from numbers: a humanoid of 24 joints, and clips that do not depend on its rest.

A motion says for a moment how far each joint is turned against its rest pose, and where the hips
are, both in the axes of the file (Y up, facing Z). The nodes of any skeleton follow from that,
whatever the axes and scales of its joints, and so does what Blender has to show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .glb_fixtures import Glb, box, box_arrays, png

JOINTS = {
    "Hips": ("", (0.0, 1.0, 0.0)),
    "Spine02": ("Hips", (0.0, 1.1, 0.0)),
    "Spine01": ("Spine02", (0.0, 1.2, 0.0)),
    "Spine": ("Spine01", (0.0, 1.3, 0.0)),
    "neck": ("Spine", (0.0, 1.45, 0.0)),
    "Head": ("neck", (0.0, 1.5, 0.0)),
    "head_end": ("Head", (0.0, 1.68, 0.0)),
    "headfront": ("Head", (0.0, 1.55, 0.1)),
} | {
    f"{side}{name}": (side + above if above in ("Shoulder", "Arm", "ForeArm") else above, at)
    for side, sign in (("Left", 1.0), ("Right", -1.0))
    for name, above, at in (
        ("Shoulder", "Spine", (sign * 0.05, 1.4, 0.0)),
        ("Arm", "Shoulder", (sign * 0.18, 1.4, 0.0)),
        ("ForeArm", "Arm", (sign * 0.45, 1.4, 0.0)),
        ("Hand", "ForeArm", (sign * 0.7, 1.4, 0.0)),
        ("UpLeg", "Hips", (sign * 0.1, 0.95, 0.0)),
        ("Leg", f"{side}UpLeg", (sign * 0.1, 0.5, 0.0)),
        ("Foot", f"{side}Leg", (sign * 0.1, 0.08, 0.0)),
        ("ToeBase", f"{side}Foot", (sign * 0.1, 0.02, 0.12)),
    )
}
"""Parent and position in meters of each joint."""

HEIGHT = 1.7
"""Height of the mesh at rest, in meters; its feet are at 0."""

CORNERS_OF_A_BOX = 24
"""How many vertices the box of a joint has."""

Turns = dict[str, np.ndarray]
Motion = Callable[[float], tuple[Turns, Sequence[float]]]
"""From a fraction of the clip to rotation changes in the axes of the file, and the hips' offset."""


def turn(axis: Sequence[float] | np.ndarray, degrees: float) -> np.ndarray:
    """Return a rotation matrix."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def walk(fraction: float, *, travel: float = 0.0) -> tuple[Turns, Sequence[float]]:
    """Return a step: legs and arms swing, and the hips go up and down, and `travel` meters on."""
    swing = 30 * np.sin(2 * np.pi * fraction)
    turns = {
        name: turn((1, 0, 0), sign * swing)
        for name, sign in (("LeftUpLeg", 1), ("RightUpLeg", -1), ("LeftArm", -1), ("RightArm", 1))
    }
    turns["Hips"] = turn((0, 1, 0), swing / 5)
    turns["LeftLeg"] = turns["LeftUpLeg"] @ turn((1, 0.2, 0), 15 - swing / 3)
    bob = 0.03 * np.cos(4 * np.pi * fraction)
    return turns, (0.02 * np.sin(2 * np.pi * fraction), bob, travel * fraction)


@dataclass(frozen=True)
class Clip:
    """An animation of a file."""

    name: str = "Armature|Walking|baselayer"
    motion: Motion = walk
    seconds: float = 1.5
    fps: float = 30.0
    first: float = 1 / 30
    """Time of the first key in seconds."""
    is_still: bool = False
    """Whether it has one key only."""

    def times(self) -> np.ndarray:
        """Return the times of its keys in seconds."""
        count = 1 if self.is_still else round(self.seconds * self.fps) + 1
        return self.first + np.arange(count) / self.fps


@dataclass(frozen=True)
class Rig:
    """A skeleton with a mesh, and how its file describes it."""

    joints: dict[str, tuple[str, tuple[float, float, float]]] = field(
        default_factory=lambda: dict(JOINTS)
    )
    scale: float = 0.01
    """Scale of the node above the joints, whose translations are in units of that size."""
    axes: dict[str, np.ndarray] = field(default_factory=dict)
    """Rotations of joints at rest in the file; the others have none."""
    tilt: np.ndarray = field(default_factory=lambda: np.eye(3))
    """Rotation of the node above the joints."""
    has_mesh: bool = True
    has_sword: bool = False
    """Whether a box of 2 cm is 10 cm beside the left hand, on a node of its own."""

    def scaled(self, factor: float) -> Rig:
        """Return a larger or smaller one."""
        joints = {
            name: (above, (at[0] * factor, at[1] * factor, at[2] * factor))
            for name, (above, at) in self.joints.items()
        }
        return replace(self, joints=joints)

    def heads(self) -> dict[str, np.ndarray]:
        """Return where the joints are at rest, in meters and the axes of the file."""
        return {name: np.array(at, float) for name, (_, at) in self.joints.items()}

    def posed(self, motion: Motion, fraction: float) -> tuple[Turns, dict[str, np.ndarray]]:
        """Return rotation changes and positions of all joints at a moment."""
        turns, offset = motion(fraction)
        rest, heads, whole = self.heads(), {}, {}
        for name, (above, _) in self.joints.items():
            whole[name] = turns.get(name, whole.get(above, np.eye(3)))
            heads[name] = (
                heads[above] + whole[above] @ (rest[name] - rest[above])
                if above
                else rest[name] + np.array(offset)
            )
        return whole, heads

    def _globals(self, turns: Turns, heads: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the matrices of the joints in the scene of the file."""
        found = {}
        for name in self.joints:
            matrix = np.eye(4)
            matrix[:3, :3] = turns[name] @ self.axes.get(name, self.tilt) * self.scale
            matrix[:3, 3] = heads[name]
            found[name] = matrix
        return found

    def _locals(self, turns: Turns, heads: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the matrices of the joints in their parents."""
        known = self._globals(turns, heads)
        top = np.eye(4)
        top[:3, :3] = self.tilt * self.scale
        return {
            name: np.linalg.inv(known[above] if above else top) @ known[name]
            for name, (above, _) in self.joints.items()
        }

    def save(self, path: Path, *clips: Clip) -> Path:
        """Write the file and return its path."""
        glb, rest = Glb(), self.heads()
        still = dict.fromkeys(self.joints, np.eye(3))
        places = self._locals(still, rest)
        nodes = {
            name: glb.node(root=False, name=name, **_trs(matrix)) for name, matrix in places.items()
        }
        for name, (above, _) in self.joints.items():
            if above:
                glb.json["nodes"][nodes[above]].setdefault("children", []).append(nodes[name])
        if self.has_sword:
            mesh = glb.mesh(box(glb, (-0.01, -0.01, -0.01), (0.01, 0.01, 0.01)), name="sword")
            sword = {"translation": [0.1 / self.scale, 0, 0], "scale": [1 / self.scale] * 3}
            hand = glb.json["nodes"][nodes["LeftHand"]]
            hand["children"] = [glb.node(root=False, name="sword", mesh=mesh, **sword)]
        below = [nodes[name] for name, (above, _) in self.joints.items() if not above]
        if self.has_mesh:
            below.append(self._body(glb, nodes, self._globals(still, rest)))
        tilted = np.eye(4)
        tilted[:3, :3] = self.tilt * self.scale
        glb.node(name="Armature", children=below, **_trs(tilted))
        for clip in clips:
            self._animate(glb, clip, nodes)
        return glb.save(path)

    def surface(self, glb: Glb, material: int, most: int | None = None) -> dict[str, Any]:
        """Return a primitive with a box for each joint, or for the first ones only."""
        parts = [box_arrays(*self._box(name)) for name in list(self.joints)[:most]]
        points, normals, uvs = (np.concatenate([part[kind] for part in parts]) for kind in range(3))
        faces = [part[3] + CORNERS_OF_A_BOX * number for number, part in enumerate(parts)]
        return {
            "attributes": {
                "POSITION": glb.accessor(points, "f4"),
                "NORMAL": glb.accessor(normals, "f4"),
                "TEXCOORD_0": glb.accessor(uvs, "f4"),
            },
            "indices": glb.accessor(np.concatenate(faces), "u2"),
            "material": material,
        }

    def _body(self, glb: Glb, nodes: dict[str, int], binds: dict[str, np.ndarray]) -> int:
        """Add a mesh of a box for each joint, which follows that joint alone."""
        primitive = self.surface(glb, glowing(glb, png((180, 120, 60))))
        joint_of = np.repeat(np.arange(len(self.joints)), CORNERS_OF_A_BOX)
        return self._following(glb, nodes, binds, primitive, joint_of)

    def _following(
        self,
        glb: Glb,
        nodes: dict[str, int],
        binds: dict[str, np.ndarray],
        primitive: dict[str, Any],
        joint_of: np.ndarray,
    ) -> int:
        """Add a mesh whose vertices each follow the joint with this number."""
        joints = np.zeros((len(joint_of), 4))
        weights = np.zeros_like(joints)
        joints[:, 0], weights[:, 0] = joint_of, 1
        primitive["attributes"] |= {
            "JOINTS_0": glb.accessor(joints, "u1"),
            "WEIGHTS_0": glb.accessor(weights, "f4"),
        }
        inverse = np.stack([np.linalg.inv(binds[name]).T.reshape(16) for name in self.joints])
        skin = {
            "joints": [nodes[name] for name in self.joints],
            "inverseBindMatrices": glb.accessor(inverse, "f4"),
        }
        mesh = glb.mesh(primitive, name="char1")
        return glb.node(root=False, name="char1", mesh=mesh, skin=glb.add("skins", skin))

    def _box(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the corners of the box around a joint and its first child."""
        rest = self.heads()
        size = rest["Hips"][1] if "Hips" in rest else 1.0
        children = [rest[each] for each, (above, _) in self.joints.items() if above == name]
        ends = [rest[name], *children[:1]]
        low, high = np.min(ends, axis=0) - 0.02 * size, np.max(ends, axis=0) + 0.02 * size
        return low, high

    def _animate(self, glb: Glb, clip: Clip, nodes: dict[str, int]) -> None:
        times = clip.times()
        start = glb.accessor(times, "f4", min=[float(times[0])], max=[float(times[-1])])
        fractions = (times - times[0]) / clip.seconds
        frames = [self._locals(*self.posed(clip.motion, each)) for each in fractions]
        samplers, channels = [], []
        for name, node in nodes.items():
            keys = [_trs(frame[name]) for frame in frames]
            for path in ("translation", "rotation", "scale"):
                values = np.array([key[path] for key in keys])
                channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
                samplers.append({"input": start, "output": glb.accessor(values, "f4")})
        glb.add("animations", {"name": clip.name, "samplers": samplers, "channels": channels})


REST = Clip("Armature|clip0|baselayer", is_still=True)
"""The take of one key that Mint's rigged files have."""


def glowing(glb: Glb, texture: bytes) -> int:
    """Add a material that emits its base color and is metallic, as that of Mint's rig."""
    number = glb.material(texture=texture)
    material = glb.json["materials"][number]
    material["pbrMetallicRoughness"]["metallicFactor"] = 1.0
    material |= {
        "emissiveTexture": {"index": 0},
        "emissiveFactor": [1.0, 1.0, 1.0],
        "extensions": {"KHR_materials_specular": {"specularColorFactor": [2.0, 2.0, 2.0]}},
    }
    glb.json["extensionsUsed"] = ["KHR_materials_specular"]
    return number


def _trs(matrix: np.ndarray) -> dict[str, Any]:
    """Return translation, rotation (x, y, z, w) and scale of a node."""
    scale = np.linalg.norm(matrix[:3, :3], axis=0)
    return {
        "translation": matrix[:3, 3].tolist(),
        "rotation": _quaternion(matrix[:3, :3] / scale),
        "scale": scale.tolist(),
    }


def _quaternion(matrix: np.ndarray) -> list[float]:
    """Return the rotation of a matrix as glTF writes it: the eigenvector of Shepperd's table."""
    m = matrix
    table = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], np.trace(m)],
        ]
    )
    _, vectors = np.linalg.eigh(table, UPLO="L")
    found = vectors[:, -1]
    return (found if found[3] >= 0 else -found).tolist()


def odd_axes(seed: int = 1) -> dict[str, np.ndarray]:
    """Return other axes and rolls at rest for all joints, as another tool would choose them."""
    random = np.random.default_rng(seed)
    return {name: turn(random.normal(size=3), random.uniform(0, 180)) for name in JOINTS}
