# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a Blender that has a window: lands models while somebody works, undoes, redoes, and prints what it found as JSON lines.

Called as `blender --python inside_window.py -- FOLDER`, where FOLDER holds plain.glb, skinned.glb and animated.glb.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mint_blender.blender.scene.landing import Landing, Provenance, find, land_model
from mint_blender.blender.scene.replace import replace_model
from tests.blender.dump import Picture

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
MODES = ("OBJECT", "EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT", "POSE")


def say(**facts: Any) -> None:
    """One line for the test outside."""
    print("MINT " + json.dumps(facts), flush=True)


def differences(before: Picture, after: Picture) -> list[str]:
    """What an undo or redo left otherwise, without what says only in which order things were made."""
    found = [f"{key} is gone" for key in before.blocks if key not in after.blocks]
    found += [f"{key} is new" for key in after.blocks if key not in before.blocks]
    for key, members in before.blocks.items():
        later = after.blocks.get(key, {})
        found += [f"{key} {name}: {value!r} {later.get(name)!r}" for name, value in members.items() if later.get(name) != value]
    return found


def state() -> dict[str, Any]:
    """What the user would notice."""
    active = bpy.context.view_layer.objects.active
    return {"mode": active.mode, "active": active.name, "selected": sorted(each.name for each in bpy.context.view_layer.objects.selected)}


def fresh() -> None:
    """Nothing but a cube, which somebody is going to work on. No file is loaded: from a timer that is not safe."""
    with override():
        if bpy.context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections, *bpy.data.meshes, *bpy.data.armatures])
        bpy.ops.mesh.primitive_cube_add()


def begin(mode: str) -> None:
    """Enter the mode and leave an undo step behind, as a user's own action does."""
    with override():
        if mode == "POSE":
            bpy.ops.object.armature_add()
        else:
            bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode=mode)
        bpy.ops.ed.undo_push(message="The user's own")


def override() -> Any:
    """The context of the 3D view, as when an operator is called there."""
    window = bpy.context.window_manager.windows[0]
    area = next(each for each in window.screen.areas if each.type == "VIEW_3D")
    region = next(each for each in area.regions if each.type == "WINDOW")
    return bpy.context.temp_override(window=window, area=area, region=region)


def undo() -> None:
    """Ctrl+Z."""
    with override():
        bpy.ops.ed.undo()


def redo() -> None:
    """Ctrl+Shift+Z."""
    with override():
        bpy.ops.ed.redo()


def steps() -> Iterator[None]:
    """All there is to try; between two steps Blender draws and settles."""
    for kind in ("plain", "skinned", "animated"):
        for mode in MODES if kind == "plain" else ("OBJECT", "EDIT", "POSE"):
            fresh()
            yield
            begin(mode)
            yield
            yield from landed(kind, mode)
    fresh()
    yield
    begin("OBJECT")
    yield
    yield from replaced()
    say(done=True)


def landed(kind: str, mode: str) -> Iterator[None]:
    """One landing, its undo and its redo."""
    before, picture = state(), Picture()
    land_model(FOLDER / f"{kind}.glb", Provenance(job_id="j", name="Lamp"), Landing(at=(1, 0, 0)))
    yield
    after, with_lamp = state(), Picture()
    undo()
    yield
    undone, gone = state(), find(job_id="j") is None
    left = differences(picture, Picture())
    redo()
    yield
    say(
        kind=kind,
        mode=mode,
        before=before,
        after=after,
        undone=undone,
        gone=gone,
        back=find(job_id="j") is not None,
        not_undone=left,
        not_redone=differences(with_lamp, Picture()),
        redone=state(),
    )


def replaced() -> Iterator[None]:
    """A replacement is one step, too."""
    land_model(FOLDER / "plain.glb", Provenance(job_id="j1", name="Lamp"))
    yield
    before = Picture()
    replace_model(FOLDER / "skinned.glb", Provenance(job_id="j2", name="Lamp"), find(job_id="j1").root)
    yield
    after = Picture()
    undo()
    yield
    left = differences(before, Picture())
    redo()
    yield
    say(kind="replace", not_undone=left, not_redone=differences(after, Picture()))


run = steps()


def tick() -> float | None:
    """One step; the next one soon."""
    try:
        next(run)
        return 0.01
    except StopIteration:
        pass
    except BaseException:
        say(error=traceback.format_exc())
    bpy.ops.wm.quit_blender()
    return None


bpy.app.timers.register(tick, first_interval=0.5, persistent=True)
