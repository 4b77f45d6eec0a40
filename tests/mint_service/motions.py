# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a motion: a rigged character of 24 joints, and a GLB with the character per clip.

As in Mint's files, the joints are in centimeters under a node of scale 0.01, the first key of a
clip is at 1/30 s, the rigged file has a take of one key, and each order is rigged anew: its rest
pose is some degrees beside that of the one before.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterable
from functools import lru_cache, partial
from pathlib import Path

from ..scene.rig_fixtures import HEIGHT, JOINTS, REST, Clip, Rig, turn, walk
from . import figure
from .figure import Figure
from .prompt_words import Color

CATALOG = {
    "idle": "Idle",
    "walk": "Proud_Strut",
    "run": "Running",
    "jump": "Jump",
    "dance": "All_Night_Dance",
    "wave": "Big_Wave_Hello",
    "sit": "Sitting_Answering_Questions",
    "fight": "Fist_Pump",
    "kick": "High_Kick",
    "climb": "Climb_Up_Rope",
    "fall": "Falling_Down",
    "crouch": "Cautious_Crouch_Walk_Forward",
}
"""A word of a prompt, and the motion that it picks. Nothing else exists."""
MOST_CLIPS = 3


def picked(prompt: str) -> str:
    """Return the closest motion of the catalog."""
    words = prompt.lower()
    found = next((name for word, name in CATALOG.items() if word in words), None)
    return found or list(CATALOG.values())[len(prompt) % len(CATALOG)]


def files(
    prompt: str, height: float, seed: str, switches: Collection[str], *, color: Color | None = None
) -> dict[str, bytes]:
    """Return the files of one order by their ids: a figure of this color, or boxes without one."""
    count = MOST_CLIPS if "several-clips" in switches else 2 if "partial" in switches else 1
    names = [picked(prompt), *(each for each in CATALOG.values() if each != picked(prompt))][:count]
    chosen = tuple(sorted(set(switches) & {"clip-without-mesh", "travel"}))
    ids = random.Random(f"{seed} clips").sample(range(10**6), count)
    made = {"rigged_character_glb": _file("", height, seed, chosen, color)}
    for id, name in zip(ids, names, strict=True):
        made[f"clip:c{id:06d}:animation_glb"] = _file(name, height, seed, chosen, color)
    return made


@lru_cache(maxsize=32)
def _file(
    name: str, height: float, seed: str, switches: Iterable[str], color: Color | None
) -> bytes:
    """Return the rigged file, or that of a clip."""
    chance = random.Random(seed)
    tilt = turn([chance.gauss() for _ in range(3)], chance.uniform(3.0, 5.0))
    has_mesh = not name or "clip-without-mesh" not in switches
    axes = dict.fromkeys(JOINTS, tilt)
    rig = Rig(dict(JOINTS), axes=axes, has_mesh=has_mesh)
    if color is not None:
        along = figure.along_bones(rig.heads(), {name: each[0] for name, each in JOINTS.items()})
        axes = {name: tilt @ each for name, each in along.items()}
        rig = Figure(dict(JOINTS), axes=axes, has_mesh=has_mesh, color=color)
    rig = rig.scaled(height / HEIGHT)
    travel = 1.5 if "travel" in switches else 0.0
    clip = Clip(f"Armature|{name}|baselayer", partial(walk, travel=travel)) if name else REST
    if name and color is not None:
        clip = figure.clip(name)
    with tempfile.TemporaryDirectory() as folder:
        return rig.save(Path(folder, "rig.glb"), clip).read_bytes()
