# SPDX-License-Identifier: GPL-3.0-or-later
"""Place models in a Blender with two windows, undo and redo, and print errors as JSON lines.

`blender --python place_in_window.py -- FOLDER`, where FOLDER holds plain.glb and scaled.glb.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mint_blender.scene import undo_step
from mint_blender.scene.place import PlaceOptions, Provenance, place_model
from tests.scene.undo_check import act_undo_redo, override

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])


def steps() -> Iterator[None]:
    """Open a second window with another scene, edit in the first one, and let results come."""
    bpy.ops.wm.read_homefile(use_empty=False, use_factory_startup=True)
    yield
    first = bpy.context.window_manager.windows[0]
    other = bpy.data.scenes.new("Other")
    with override():
        other.collection.objects.link(bpy.data.objects["Cube"])
        bpy.ops.wm.window_new_main()
        second = bpy.context.window_manager.windows[-1]
        second.scene = other
        bpy.ops.object.mode_set(mode="EDIT")
        bpy.ops.ed.undo_push(message="The user's own")
    for name in ("plain", "scaled"):
        yield
        told, where = Provenance(job_id=name, name="Lamp"), PlaceOptions(at=(1, 0, 0))
        yield from act_undo_redo(partial(place_model, FOLDER / f"{name}.glb", told, where))
        # the next one comes while the windows show two workspaces
        second.workspace = next(each for each in bpy.data.workspaces if each != first.workspace)
    print("MINT " + json.dumps({"done": True}), flush=True)


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
        print("MINT " + json.dumps({"error": traceback.format_exc()}), flush=True)
    bpy.ops.wm.quit_blender()
    return None


bpy.app.timers.register(tick, first_interval=0.5, persistent=True)
