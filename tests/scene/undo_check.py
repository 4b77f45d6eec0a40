# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the scene while the user works, undo and redo it, and compare what is seen and saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from mint_blender.scene import undo_step

from .scene_snapshot import SceneSnapshot


def override() -> Any:
    """Return the context of the 3D view, as when an operator is called there."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    region = next(region for region in area.regions if region.type == "WINDOW")
    return bpy.context.temp_override(window=window, area=area, region=region)


def differences(before: SceneSnapshot, after: SceneSnapshot) -> list[str]:
    """Return what differs after an undo or redo."""
    found = [f"{key} is gone" for key in before.blocks if key not in after.blocks]
    found += [f"{key} is new" for key in after.blocks if key not in before.blocks]
    found += before.differences(after)
    late = [
        "('Mesh', 'Cube'): texspace_",  # when an edit is written to the mesh
        "('Object', 'Armature'): pose.bones[0].bone.",  # while its armature is edited
        "('Armature', 'Armature'): bones[0].",
    ]
    # computed when an object is shown; after an undo or redo a hidden one has none of these
    for key, values in after.blocks.items():
        if key[0] == "Object" and values["hide_viewport"]:
            evaluated = ("matrix_world", "matrix_local", "bound_box", "dimensions")
            late += [f"{key}: {name} " for name in evaluated]
    return [sentence for sentence in found if not sentence.startswith(tuple(late))]


def seen() -> list[dict[str, Any]]:
    """Return what the user sees in each window: mode, selection and so on."""
    return [_seen_in(window) for window in bpy.context.window_manager.windows]


def _seen_in(window: Any) -> dict[str, Any]:
    objects = window.view_layer.objects
    own = [each for each in objects if not each.get("mint_made")]
    views = [area.spaces.active for area in window.screen.areas if area.type == "VIEW_3D"]
    return {
        "modes": {each.name: each.mode for each in objects if each.mode != "OBJECT"},
        "active": objects.active and objects.active.name,
        "selected": sorted(each.name for each in objects.selected),
        "collection": window.view_layer.active_layer_collection.name,
        "shown": [window.scene.name, window.view_layer.name, window.workspace.name],
        "local view": [
            # from 5.2 on, what comes is part of it
            sorted(each.name for each in own if each.local_view_get(view))
            for view in views
            if view.local_view
        ],
        "frame": window.scene.frame_current,
        "scenes": [scene.name for scene in bpy.data.scenes],
    }


MAY_UNDO = bpy.app.version >= (4, 5)
"""Whether an undo without a window does no harm: in 4.2 the module crashes some tests later."""


def act_undo_redo(act: Callable[[], object]) -> None:
    """Call a function that changes the scene; undo that and redo it, if that is possible here.

    Raises:
        AssertionError: Something that the user sees, or that the file holds, is not as it was.
    """
    before, own_work, scene = seen(), SceneSnapshot(), bpy.context.scene
    undo_step.begin()
    act()
    undo_step.push("Lamp")
    scene.frame_set(scene.frame_current)  # a clip that has come is evaluated with the next frame
    _assert_equal(before, seen())
    result = SceneSnapshot()
    assert differences(own_work, result)
    for step, earlier in (("undo", own_work), ("redo", result)) if MAY_UNDO else ():
        with override():
            getattr(bpy.ops.ed, step)()
        bpy.context.view_layer.update()
        _assert_equal(before, seen(), f"after {step}")
        _assert_equal([], differences(earlier, SceneSnapshot()), f"after {step}")


def _assert_equal(expected: object, found: object, when: str = "") -> None:
    """Fail unless both are equal."""
    assert found == expected, f"{when} it was {expected} and is {found}"
