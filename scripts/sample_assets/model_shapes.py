# SPDX-License-Identifier: GPL-3.0-or-later
"""Small shapes with 1,000 to 5,000 triangles, made with NumPy only.

Units are meters, Z is up, the front is at -Y, and the shapes stand on the floor.
"""
# mypy: disable-error-code="assignment, call-arg, misc"

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Profile = Sequence[tuple[float, float]]  # (radius, height)


@dataclass
class Part:
    """A part with one material: `paint` is "main", "wood", "metal", "dark", "light" or "leaf".

    `joint` is the one of a rig that it follows.
    """

    points: Points
    faces: list[tuple[int, ...]]
    paint: str
    smooth: bool = True
    joint: str = ""


@dataclass
class Thing:
    """A shape made of parts."""

    parts: list[Part] = field(default_factory=list)

    def add(
        self,
        points: Points,
        faces: list[tuple[int, ...]],
        paint: str,
        at: Sequence[float] = (0, 0, 0),
        smooth: bool = True,
        joint: str = "",
    ) -> None:
        """Add a part at a position."""
        self.parts.append(Part(points + np.array(at), faces, paint, smooth, joint))


def lathe(profile: Profile, around: int = 48) -> tuple[Points, list[tuple[int, ...]]]:
    """Return a surface of revolution: a profile rotated about Z.

    A point that is listed twice makes a sharp edge: equal points have no faces between them.
    """
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    points = np.concatenate(
        [np.column_stack([ring * max(r, 1e-4), np.full(around, z)]) for r, z in profile]
    )
    faces: list[tuple[int, ...]] = []
    for row in range(len(profile) - 1):
        if profile[row] == profile[row + 1]:
            continue
        a, b = row * around, (row + 1) * around
        faces += [(a + i, a + (i + 1) % around, b + (i + 1) % around, b + i) for i in range(around)]
    return points, faces


def tube(
    path: Points, radius: float | Sequence[float], around: int = 16
) -> tuple[Points, list[tuple[int, ...]]]:
    """Return a round rod along a path, closed at both ends."""
    radii = np.broadcast_to(np.asarray(radius, float), (len(path),))
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1)[:, None]
    side = np.cross(ahead, [0.31, 0.17, 0.93])
    side /= np.linalg.norm(side, axis=1)[:, None]
    up = np.cross(ahead, side)
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    spread = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * up[:, None]
    points = (path[:, None] + spread * radii[:, None, None]).reshape(-1, 3)
    faces: list[tuple[int, ...]] = []
    for row in range(len(path) - 1):
        a, b = row * around, (row + 1) * around
        faces += [(a + (i + 1) % around, a + i, b + i, b + (i + 1) % around) for i in range(around)]
    last = (len(path) - 1) * around
    faces += [tuple(range(around)), tuple(last + i for i in reversed(range(around)))]
    return points, faces


def slab(size: Sequence[float], cuts: int = 4) -> tuple[Points, list[tuple[int, ...]]]:
    """Return a box around the origin with slightly rounded edges."""
    grid, faces = _cube(cuts)
    half = np.array(size) / 2
    rim = min(half) * 0.25
    inner = np.clip(grid * half, -(half - rim), half - rim)
    out = grid * half - inner
    length = np.linalg.norm(out, axis=1)[:, None]
    return inner + np.where(length > 0, out / np.maximum(length, 1e-9) * rim, 0), faces


def _cube(cuts: int) -> tuple[Points, list[tuple[int, ...]]]:
    """Return the unit cube's surface as grids (each side has its own points)."""
    steps = np.linspace(-1, 1, cuts + 1)
    u, v = (m.ravel() for m in np.meshgrid(steps, steps, indexing="ij"))
    one = np.ones_like(u)
    sides = [(u, v, one), (v, u, -one), (one, u, v), (-one, v, u), (v, one, u), (u, -one, v)]
    n = cuts + 1
    cells = [
        (i * n + j, (i + 1) * n + j, (i + 1) * n + j + 1, i * n + j + 1)
        for i in range(cuts)
        for j in range(cuts)
    ]
    points = np.concatenate([np.column_stack(side) for side in sides])
    faces = [tuple(index + s * n * n for index in cell) for s in range(6) for cell in cells]
    return points, faces


def ball(
    cuts: int, bumps: float = 0.0, seed: int = 0, scale: Sequence[float] = (1, 1, 1)
) -> tuple[Points, list[tuple[int, ...]]]:
    """Return a sphere, made from a cube and dented by a few waves."""
    grid, faces = _cube(cuts)
    points = grid / np.linalg.norm(grid, axis=1)[:, None]
    random = np.random.default_rng(seed)
    height = np.ones(len(points))
    for octave in range(4):
        wave = random.normal(size=(3, 3)) * 1.6 * 1.9**octave
        shift = random.uniform(0, 6.28, 3)
        height += bumps * 0.55**octave * np.sin(points @ wave + shift).mean(1)
    return points * height[:, None] * np.array(scale), faces


def lamp() -> Thing:
    """Return a table lamp, 0.45 m high."""
    it = Thing()
    foot = [
        (0, 0),
        (0.09, 0),
        (0.09, 0),
        (0.095, 0.012),
        (0.085, 0.03),
        (0.045, 0.05),
        (0.03, 0.08),
        (0.05, 0.13),
        (0.055, 0.17),
        (0.03, 0.22),
        (0.012, 0.25),
    ]
    it.add(*lathe(foot), "light")
    it.add(*lathe([(0.008, 0.24), (0.008, 0.33)], 16), "metal")
    it.add(
        *lathe(
            [
                (0.14, 0.26),
                (0.075, 0.45),
                (0.075, 0.45),
                (0.071, 0.45),
                (0.071, 0.45),
                (0.136, 0.26),
                (0.136, 0.26),
                (0.14, 0.26),
            ],
            64,
        ),
        "main",
    )
    it.add(*ball(6, scale=(0.03, 0.03, 0.04)), "light", (0, 0, 0.35))
    return it


def chest() -> Thing:
    """Return a chest with a round lid, 0.5 m high."""
    it = Thing()
    it.add(*slab((0.8, 0.5, 0.3), 6), "main", (0, 0, 0.15), smooth=False)
    turn = np.linspace(0, np.pi, 17)
    arc = np.column_stack([np.full(17, 0.4), np.cos(turn) * 0.25, 0.3 + np.sin(turn) * 0.2])
    lid = np.concatenate([arc * np.array([-1, 1, 1]), arc])
    faces: list[tuple[int, ...]] = [(i, i + 17, i + 18, i + 1) for i in range(16)]
    it.add(lid, [*faces, tuple(range(17)), tuple(33 - i for i in range(17))], "wood")
    for x in (-0.3, 0.0, 0.3):
        band = np.column_stack([np.full(17, x), np.cos(turn) * 0.255, 0.3 + np.sin(turn) * 0.205])
        it.add(*tube(band, 0.018, 8), "metal")
        it.add(*slab((0.036, 0.52, 0.3), 3), "metal", (x, 0, 0.15), smooth=False)
    it.add(*slab((0.1, 0.03, 0.12), 4), "metal", (0, -0.26, 0.3))
    return it


def mug() -> Thing:
    """Return a mug, 0.1 m high, with its handle on the right."""
    it = Thing()
    wall = [
        (0, 0),
        (0.036, 0),
        (0.036, 0),
        (0.04, 0.004),
        (0.041, 0.05),
        (0.041, 0.096),
        (0.0395, 0.1),
        (0.038, 0.096),
        (0.038, 0.05),
        (0.037, 0.008),
        (0, 0.006),
    ]
    it.add(*lathe(wall, 64), "main")
    it.add(*lathe([(0.0379, 0.082), (0.02, 0.082), (0, 0.082)], 32), "dark")
    turn = np.linspace(-1.57, 1.57, 24)
    handle = np.column_stack(
        [0.038 + 0.032 * np.cos(turn), np.zeros(24), 0.05 + 0.032 * np.sin(turn)]
    )
    it.add(*tube(handle, 0.006, 16), "main")
    return it


def stool() -> Thing:
    """Return a stool with a cushion, 0.5 m high."""
    it = Thing()
    it.add(
        *lathe(
            [(0, 0.42), (0.17, 0.42), (0.17, 0.42), (0.175, 0.43), (0.175, 0.445), (0.17, 0.45)], 48
        ),
        "wood",
    )
    it.add(
        *lathe(
            [
                (0.165, 0.45),
                (0.175, 0.465),
                (0.172, 0.485),
                (0.15, 0.498),
                (0.09, 0.503),
                (0, 0.505),
            ],
            48,
        ),
        "main",
    )
    for corner in range(4):
        turn = np.pi / 4 + corner * np.pi / 2
        out = np.array([np.cos(turn), np.sin(turn), 0])
        leg = np.array(
            [out * 0.21 + [0, 0, 0.0], out * 0.16 + [0, 0, 0.22], out * 0.12 + [0, 0, 0.43]]
        )
        it.add(*tube(leg, [0.013, 0.017, 0.019], 14), "wood")
    turn = np.linspace(0, 2 * np.pi, 33)
    it.add(
        *tube(
            np.column_stack([0.178 * np.cos(turn), 0.178 * np.sin(turn), np.full(33, 0.15)]),
            0.008,
            10,
        ),
        "metal",
    )
    return it


def tree() -> Thing:
    """Return a small tree, 2.4 m high."""
    it = Thing()
    trunk = np.array(
        [[0, 0, 0], [0.03, 0.01, 0.4], [-0.02, 0.03, 0.8], [0.02, 0, 1.2], [0, 0, 1.6]]
    )
    it.add(*tube(trunk, [0.13, 0.09, 0.08, 0.07, 0.04], 16), "wood")
    for seed, (x, y, z, r) in enumerate(
        [
            (0, 0, 1.8, 0.58),
            (0.42, -0.1, 1.45, 0.42),
            (-0.4, 0.12, 1.5, 0.44),
            (0.05, 0.4, 1.4, 0.4),
            (-0.05, -0.42, 1.35, 0.38),
        ]
    ):
        it.add(*ball(8, bumps=0.35, seed=seed, scale=(r, r, r * 0.9)), "main", (x, y, z))
    return it


def rock() -> Thing:
    """Return a rock, about 0.8 m wide, with a smaller one beside it."""
    it = Thing()
    for seed, cuts, size, at in (
        (3, 14, (0.42, 0.34, 0.3), (0, 0, 0)),
        (8, 9, (0.15, 0.13, 0.11), (0.42, -0.24, 0)),
    ):
        points, faces = ball(cuts, bumps=0.4, seed=seed, scale=size)
        points[:, 2] -= points[:, 2].min() * 0.75
        points[:, 2] = np.maximum(points[:, 2], 0)
        it.add(points, faces, "main", at)
    return it


def knight() -> Thing:
    """Return a knight in T-Pose, 1.7 m high, whose parts follow the joints of `rig_fixtures`."""
    it = Thing()
    skirt = [(0, 0.99), (0.15, 0.98), (0.15, 0.98), (0.2, 0.92), (0.225, 0.86), (0.215, 0.86)]
    it.add(_flat(lathe(skirt[::-1], 28)), lathe(skirt[::-1], 28)[1], "main", joint="Hips")
    belt = [(0.15, 0.96), (0.165, 0.98), (0.165, 1.02), (0.15, 1.04)]
    it.add(_flat(lathe(belt, 28)), lathe(belt, 28)[1], "wood", joint="Spine02")
    trunk = [
        (0.148, 1.03),
        (0.17, 1.12),
        (0.195, 1.26),
        (0.19, 1.36),
        (0.13, 1.43),
        (0.07, 1.46),
        (0, 1.46),
    ]
    it.add(_flat(lathe(trunk, 28)), lathe(trunk, 28)[1], "main", joint="Spine")
    it.add(*lathe([(0.075, 1.42), (0.08, 1.45), (0.07, 1.48)], 20), "metal", joint="neck")
    helmet = [
        (0, 1.445),
        (0.085, 1.45),
        (0.105, 1.49),
        (0.11, 1.56),
        (0.1, 1.61),
        (0.065, 1.645),
        (0, 1.655),
    ]
    it.add(*lathe(helmet, 28), "metal", joint="Head")
    it.add(*slab((0.15, 0.06, 0.018), 3), "dark", (0, -0.085, 1.555), joint="Head")
    it.add(*slab((0.012, 0.05, 0.1), 3), "metal", (0, -0.095, 1.505), joint="Head")
    plume = np.array([[0, -0.06, 1.64], [0, 0.0, 1.675], [0, 0.08, 1.66], [0, 0.14, 1.58]])
    it.add(*tube(plume, [0.02, 0.025, 0.025, 0.012], 10), "main", joint="Head")
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        _add_limbs(it, side, sign)
    return it


def _add_limbs(it: Thing, side: str, sign: float) -> None:
    """Add an arm and a leg of the knight."""

    def rod(start: Sequence[float], end: Sequence[float], radii: Sequence[float]) -> Any:
        return tube(np.linspace([sign * start[0], *start[1:]], [sign * end[0], *end[1:]], 4), radii)

    def knob(radius: float, at: Sequence[float], joint: str, paint: str = "metal") -> None:
        it.add(*ball(4, scale=(radius,) * 3), paint, (sign * at[0], *at[1:]), joint=joint)

    knob(0.085, (0.2, 0, 1.4), f"{side}Arm")
    arm = rod((0.18, 0, 1.4), (0.45, 0, 1.4), [0.05, 0.058, 0.055, 0.045])
    it.add(*arm, "main", joint=f"{side}Arm")
    knob(0.058, (0.45, 0, 1.4), f"{side}ForeArm")
    arm = rod((0.46, 0, 1.4), (0.69, 0, 1.4), [0.048, 0.054, 0.05, 0.056])
    it.add(*arm, "metal", joint=f"{side}ForeArm")
    it.add(*ball(4, scale=(0.07, 0.05, 0.04)), "wood", (sign * 0.74, 0, 1.4), joint=f"{side}Hand")
    leg = rod((0.1, 0, 0.92), (0.1, 0, 0.5), [0.07, 0.078, 0.072, 0.06])
    it.add(*leg, "light", joint=f"{side}UpLeg")
    knob(0.07, (0.1, -0.01, 0.5), f"{side}Leg")
    leg = rod((0.1, 0, 0.5), (0.1, 0, 0.08), [0.06, 0.072, 0.06, 0.05])
    it.add(*leg, "metal", joint=f"{side}Leg")
    it.add(*slab((0.11, 0.27, 0.1), 4), "wood", (sign * 0.1, -0.06, 0.05), joint=f"{side}Foot")


def _flat(made: tuple[Points, list[tuple[int, ...]]]) -> Points:
    """Return the points of a body, which is not as deep as it is wide."""
    return made[0] * [1.0, 0.68, 1.0]


MAKERS: dict[str, Callable[[], Thing]] = {
    "lamp": lamp,
    "chest": chest,
    "mug": mug,
    "stool": stool,
    "tree": tree,
    "rock": rock,
    "knight": knight,
}
