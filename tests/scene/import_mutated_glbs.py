# SPDX-License-Identifier: GPL-3.0-or-later
"""Import GLBs with random changes, in a process that they may crash, and report each result.

`python -m tests.scene.import_mutated_glbs FOLDER FIRST LAST` prints one JSON line before each file
and one after it.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from mint_blender.scene.data_blocks import all_data_blocks
from mint_blender.scene.place import PlaceOptions, Provenance, SceneImportError, place_model

from ..files.build_glb import pack
from ..harness.processes import peak_memory
from . import glb_fixtures

MAKERS: tuple[Callable[[Path], Path], ...] = (
    glb_fixtures.simple,
    glb_fixtures.skinned,
    glb_fixtures.animated,
    lambda path: glb_fixtures.shaped(path, "wide"),
    lambda path: glb_fixtures.skinned(path, waves=("wave",)),
)
VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2, 7, 255, 2**31, 2**53, -(2**31), 0.5, 1e30, -1e30, 1e-30),
    *(True, None, "", "x", [], {}, [0], [1e30] * 3),
)


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return the file with random changes to its JSON, to its numbers, or to both."""
    size = struct.unpack_from("<I", data, 12)[0]
    document, rest = json.loads(data[20 : 20 + size]), bytearray(data[20 + size :])
    for _ in range(chance.choice((0, 1, 1, 2))):
        _change(document, chance)
    for _ in range(chance.choice((0, 0, 1, 8, 64))):
        rest[chance.randrange(8, len(rest))] = chance.choice(
            (0, 0x7F, 0x80, 0xC0, 0xFF, chance.randrange(256))
        )
    return pack(document, bytes(rest[8:]))


def _change(document: Any, chance: random.Random) -> None:
    owner = document
    while True:
        keys = list(owner) if isinstance(owner, dict) else list(range(len(owner)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(owner[key], dict | list) and owner[key] and chance.random() < 0.9:
            owner = owner[key]
            continue
        if chance.random() < 0.15:
            del owner[key]
        else:
            owner[key] = chance.choice(VALUES)
        return


def one(folder: Path, seed: int) -> dict[str, Any]:
    """Import one file and return what happened."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    chance = random.Random(seed)
    path = chance.choice(MAKERS)(folder / "model.glb")
    path.write_bytes(changed(path.read_bytes(), chance))
    before = {(type(each).__name__, each.name) for each in all_data_blocks()}
    files = sorted(folder.iterdir())
    result: dict[str, Any] = {"seed": seed}
    try:
        placed = place_model(
            path,
            Provenance(job_id="j", name="Lamp"),
            PlaceOptions(at=(0, 0, 0), height=chance.choice((None, 2.0))),
        )
        result |= {"landed": all(each.name in bpy.context.scene.objects for each in placed.objects)}
    except SceneImportError as error:
        after = {(type(each).__name__, each.name) for each in all_data_blocks()}
        result |= {"sentence": str(error), "left": sorted(map(str, before ^ after))}
    return result | {
        "files": sorted(folder.iterdir()) == files,
        "scenes": len(bpy.data.scenes),
        "megabytes": peak_memory() // 1024**2,
    }


if __name__ == "__main__":
    for seed in range(int(sys.argv[2]), int(sys.argv[3])):
        print("MINT " + json.dumps({"begins": seed}), flush=True)
        print("MINT " + json.dumps(one(Path(sys.argv[1]), seed)), flush=True)
    print("MINT " + json.dumps({"done": True}), flush=True)
    sys.stdout.flush()
    import os

    os._exit(0)  # one wheel hangs in Python's shutdown
