# SPDX-License-Identifier: GPL-3.0-or-later
"""Place models in a Blender with a window, undo, redo, and print the results as JSON lines.

`blender --python place_in_window.py -- FOLDER`, where FOLDER holds plain.glb, skinned.glb,
skinned2.glb, animated.glb and scaled.glb.
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

from mint_blender.scene import undo_step
from mint_blender.scene.place import PlaceOptions, Provenance, find, place_model
from mint_blender.scene.update.replace import replace_model
from tests.scene.scene_snapshot import SceneSnapshot

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
WORK = ("OBJECT", "EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT", "POSE")
DRAWING = ("DRAWING EDIT", "DRAWING PAINT", "DRAWING SCULPT", "DRAWING WEIGHT")
REPLACED = ("plain skinned", "skinned skinned2", "animated plain", "animated animated")


def say(**facts: Any) -> None:
    """Print one line for the test."""
    print("MINT " + json.dumps(facts), flush=True)


def differences(before: SceneSnapshot, after: SceneSnapshot) -> list[str]:
    """Return what differs after an undo or redo."""
    found = [f"{key} is gone" for key in before.blocks if key not in after.blocks]
    found += [f"{key} is new" for key in after.blocks if key not in before.blocks]
    found += before.differences(after)
    # Blender fills in the first when a new scene is drawn, and the second when it comes out of an
    # undo.
    late = ["('Scene', 'Other'): tool_settings."]
    late += ["('Collection', 'Other/collection'): is_runtime_data"]
    # computed when an object is shown; after an undo or redo a hidden one has none of these
    for key, values in after.blocks.items():
        if key[0] == "Object" and values["hide_viewport"]:
            evaluated = ("matrix_world", "matrix_local", "bound_box", "dimensions")
            late += [f"{key}: {name} " for name in evaluated]
    return [each for each in found if not each.startswith(tuple(late))]


def state() -> list[dict[str, Any]]:
    """Return what the user sees in each window: mode, selection and so on."""
    return [_state_of(window) for window in bpy.context.window_manager.windows]


def _state_of(window: Any) -> dict[str, Any]:
    objects = window.view_layer.objects
    views = [area.spaces.active for area in window.screen.areas if area.type == "VIEW_3D"]
    return {
        "mode": objects.active.mode if objects.active else None,
        "active": objects.active and objects.active.name,
        "selected": sorted(each.name for each in objects.selected),
        "scene": window.scene.name,
        "view layer": window.view_layer.name,
        "local view": [
            sorted(each.name for each in objects if each.local_view_get(view))
            for view in views
            if view.local_view
        ],
        "frame": window.scene.frame_current,
    }


def fresh() -> None:
    """Remove everything and add a cube to work on.

    No file is loaded, since that is not safe in a timer.
    """
    with override():
        if bpy.context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        kinds = ("objects", "collections", "meshes", "armatures", "materials", "images", "actions")
        every = [each for kind in kinds for each in getattr(bpy.data, kind)]
        own = ("Render Result", "Viewer Node")
        bpy.data.batch_remove([each for each in every if each.name not in own])
        bpy.ops.mesh.primitive_cube_add()


def begin(mode: str) -> None:
    """Enter the mode and leave an undo step behind, as a user's own action does."""
    with override():
        if mode == "POSE":
            bpy.ops.object.armature_add()
        elif mode in DRAWING:
            bpy.ops.object.grease_pencil_add(type="STROKE")
        else:
            bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
        if mode == "LOCAL VIEW":
            bpy.ops.view3d.localview()
        elif mode == "TWO WINDOWS":
            other = bpy.data.scenes.new("Other")
            other.collection.objects.link(bpy.data.objects["Cube"])
            bpy.ops.wm.window_new_main()
            bpy.context.window_manager.windows[-1].scene = other
            bpy.ops.object.mode_set(mode="EDIT")
        elif mode == "TWO WORKSPACES":  # in the second window of the mode before
            first, second = bpy.context.window_manager.windows
            second.workspace = next(each for each in bpy.data.workspaces if each != first.workspace)
        elif mode in DRAWING:
            drawn = mode.split()[1]
            bpy.ops.object.mode_set(mode=drawn if drawn == "EDIT" else f"{drawn}_GREASE_PENCIL")
        elif mode != "OBJECT":
            bpy.ops.object.mode_set(mode=mode)
        bpy.ops.ed.undo_push(message="The user's own")


def override() -> Any:
    """Return the context of the 3D view, as when an operator is called there."""
    window = bpy.context.window_manager.windows[0]
    area = next(each for each in window.screen.areas if each.type == "VIEW_3D")
    region = next(each for each in area.regions if each.type == "WINDOW")
    return bpy.context.temp_override(window=window, area=area, region=region)


def undo(step: str = "undo") -> None:
    """Undo as with Ctrl+Z, or redo."""
    with override():
        getattr(bpy.ops.ed, step)()


def steps() -> Iterator[None]:
    """Try everything; between two steps Blender draws."""
    modes = [("plain", mode) for mode in (*WORK, *DRAWING, "LOCAL VIEW")]
    modes += [
        (kind, mode) for kind in ("skinned", "animated") for mode in ("OBJECT", "EDIT", "POSE")
    ]
    modes += [("replace", each) for each in REPLACED]
    # the last ones: the second window stays
    modes += [("plain", "TWO WINDOWS"), ("scaled", "TWO WORKSPACES")]
    for kind, mode in modes:
        fresh()
        yield
        begin("OBJECT" if kind == "replace" else mode)
        yield
        yield from replace_undo_redo(mode) if kind == "replace" else place_undo_redo(kind, mode)
        if mode == "LOCAL VIEW":
            with override():
                bpy.ops.view3d.localview()
        yield
    say(done=True)


def place_undo_redo(kind: str, mode: str) -> Iterator[None]:
    """Place a model, undo and redo it."""
    before, picture = state(), SceneSnapshot()
    undo_step.begin()
    lamp, where = Provenance(job_id="j", name="Lamp"), PlaceOptions(at=(1, 0, 0))
    placed = place_model(FOLDER / f"{kind}.glb", lamp, where)
    undo_step.push("Lamp")
    found: dict[str, Any] = {
        "kind": kind,
        "mode": mode,
        "before": before,
        "notes": list(placed.notes),
    }
    yield
    found["after"], with_lamp = state(), SceneSnapshot()
    undo()
    yield
    found |= {"undone": state(), "gone": find(job_id="j") is None}
    found["not_undone"] = differences(picture, SceneSnapshot())
    undo("redo")
    yield
    found |= {"redone": state(), "back": find(job_id="j") is not None}
    say(**found, not_redone=differences(with_lamp, SceneSnapshot()))


def replace_undo_redo(both: str) -> Iterator[None]:
    """Replace a model with additions of the user's, undo and redo it."""
    earlier, later = (FOLDER / f"{name}.glb" for name in both.split())
    root = place_model(earlier, Provenance(job_id="j1", name="Lamp")).root
    for each in (root, *root.children_recursive):
        each.constraints.new("LIMIT_SCALE")
        if each.type == "MESH":
            each.modifiers.new("Mine", "BEVEL")
            each.vertex_groups.new(name="Mine").add([0, 1], 0.5, "REPLACE")
        if each.type == "ARMATURE":
            copy = each.pose.bones["upper"].constraints.new("COPY_ROTATION")
            copy.target = bpy.data.objects["Cube"]
    bpy.ops.ed.undo_push(message="The user's own")
    yield
    before = SceneSnapshot()
    undo_step.begin()
    replace_model(later, Provenance(job_id="j2", name="Lamp"), find(job_id="j1").root)
    undo_step.push("Lamp")
    yield
    after = SceneSnapshot()
    undo()
    yield
    left = differences(before, SceneSnapshot())
    undo("redo")
    yield
    again = differences(after, SceneSnapshot())
    say(kind="replace", mode=both, not_undone=left, not_redone=again)


bpy.utils.register_class(undo_step.MINT_OT_result_placed)
run = steps()


def tick() -> float | None:
    """Take one step; return when to take the next one."""
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
