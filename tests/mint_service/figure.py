# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig of a knight: a skinned mesh in the colors of its model, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..files.build_glb import png_of
from ..scene.glb_fixtures import Glb
from ..scene.rig_fixtures import HEIGHT, Clip, Motion, Rig, Turns, glowing, turn
from .asset_generator import FOLDER
from .prompt_words import Color

PAINTS: dict[str, Color] = {
    "wood": (0.45, 0.30, 0.18),
    "metal": (0.62, 0.60, 0.56),
    "dark": (0.12, 0.07, 0.05),
    "light": (0.90, 0.87, 0.80),
}
"""As the models are painted."""
_SHADE = 0.89
"""The mean of the pattern that a model has in the color of its prompt."""


@dataclass(frozen=True)
class Figure(Rig):
    """A rig with the body of a knight."""

    color: Color = (0.5, 0.5, 0.5)

    def _body(self, glb: Glb, nodes: dict[str, int], binds: dict[str, np.ndarray]) -> int:
        """Add a mesh whose parts each follow one joint."""
        body, names = np.load(FOLDER / "knight" / "body.npz"), list(self.joints)
        size = self.heads()["Hips"][1] * HEIGHT  # 1 m in a figure that is HEIGHT high
        strip = np.array([np.array(self.color) * _SHADE, *PAINTS.values()])
        pixels = np.repeat((strip * 255).round().astype(np.uint8)[None], 2, axis=0)
        across = (body["paint_of"] + 0.5) / len(strip)
        below = np.full(len(across), 0.5)
        primitive = {
            "attributes": {
                "POSITION": glb.accessor(body["points"] * size, "f4"),
                "NORMAL": glb.accessor(body["normals"], "f4"),
                "TEXCOORD_0": glb.accessor(np.column_stack([across, below]), "f4"),
            },
            "indices": glb.accessor(body["triangles"].ravel(), "u4"),
            "material": glowing(glb, png_of(np.repeat(pixels, 4, axis=1))),
        }
        joint_of = np.array([names.index(each) for each in body["joints"]])[body["joint_of"]]
        return self._following(glb, nodes, binds, primitive, joint_of)


def along_bones(rest: dict[str, np.ndarray], above: dict[str, str]) -> dict[str, np.ndarray]:
    """Return axes of joints whose Y points to the next joint, as rigs have them."""
    axes = {}
    for name, at in rest.items():
        below = [rest[each] for each in rest if above[each] == name]
        way = (below[0] if below else at) - (at if below else rest[above[name]])
        way = way / np.linalg.norm(way)
        across = np.cross((0, 1, 0), way)
        angle = np.degrees(np.arccos(np.clip(way[1], -1, 1)))
        axes[name] = turn(across.tolist() if angle % 180 > 0.1 else (1, 0, 0), angle)
    return axes


def clip(name: str) -> Clip:
    """Return the motion of the catalog with this name, as a knight does it."""
    motion, seconds = {
        "Proud_Strut": (_stride(26, 40, -20, 1.0, 0.018), 1.2),
        "Running": (_stride(46, 75, -85, 11.0, 0.04), 0.7),
        "Jump": (_jump, 1.0),
    }.get(name, (_breathe, 2.0))
    return Clip(f"Armature|{name}|baselayer", motion, seconds)


def _x(degrees: float) -> np.ndarray:
    return turn((1, 0, 0), degrees)


def _arms(swing: float, bend: float, down: float = 74.0) -> Turns:
    """Return arms that hang, swing against each other, and are bent."""
    turns = {}
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        hanging = turn((0, 0, 1), -sign * down)
        turns[f"{side}Arm"] = _x(sign * swing) @ hanging
        turns[f"{side}ForeArm"] = _x(sign * swing + bend) @ hanging
    return turns


def _stride(swing: float, knee: float, elbow: float, lean: float, bob: float) -> Motion:
    """Return steps on the spot. Angles are in degrees, `bob` is in meters."""

    def motion(fraction: float) -> tuple[Turns, tuple[float, float, float]]:
        phase = 2 * np.pi * fraction
        turns = _arms(-0.75 * swing * np.sin(phase), elbow)
        for side, shift in (("Left", 0.0), ("Right", np.pi)):
            thigh = swing * np.sin(phase + shift) - 0.15 * swing
            shin = thigh + 6 + knee * max(0.0, -np.cos(phase + shift))
            turns[f"{side}UpLeg"], turns[f"{side}Leg"] = _x(thigh), _x(shin)
            turns[f"{side}Foot"] = _x(0.45 * shin)
        twist = 6 * np.sin(phase)
        turns["Hips"] = turn((0, 1, 0), twist)
        turns["Spine02"] = _x(lean) @ turn((0, 1, 0), -twist)
        turns["Head"] = _x(lean / 2)
        return turns, (0.0, bob * np.cos(2 * phase) - bob, 0.0)

    return motion


def _breathe(fraction: float) -> tuple[Turns, tuple[float, float, float]]:
    phase = 2 * np.pi * fraction
    turns = _arms(0.0, -12 - 3 * np.sin(phase), 72 + 2 * np.sin(phase))
    turns["Head"] = turn((0, 1, 0), 8 * np.sin(phase))
    return turns, (0.0, 0.004 * np.sin(phase), 0.0)


def _jump(fraction: float) -> tuple[Turns, tuple[float, float, float]]:
    crouch = np.cos(2 * np.pi * fraction) ** 2
    turns = _arms(0.0, -30 * crouch, 74 - 60 * (1 - crouch))
    for side in ("Left", "Right"):
        turns[f"{side}UpLeg"], turns[f"{side}Leg"] = _x(-30 * crouch), _x(30 * crouch)
        turns[f"{side}Foot"] = np.eye(3)
    return turns, (0.0, 0.35 * np.sin(np.pi * fraction) ** 2 - 0.1 * crouch, 0.0)
