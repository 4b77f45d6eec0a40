# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps with files, windows, workspaces, scenes and renders."""

from __future__ import annotations

from random import Random
from typing import Any

import bpy

from . import facts
from .context import NotNow, area, call, one_of, scene, windows, within_view

MOST_WINDOWS = 3
AREAS: tuple[Any, ...] = (
    "VIEW_3D",
    "OUTLINER",
    "PROPERTIES",
    "NODE_EDITOR",
    "INFO",
    "TEXT_EDITOR",
    "IMAGE_EDITOR",
)


def save(chance: Random) -> None:
    """Save the file."""
    if not bpy.data.filepath:
        raise NotNow("never saved")
    call("wm.save_mainfile")


def save_as(chance: Random) -> None:
    """Save under one of a few names."""
    call("wm.save_as_mainfile", filepath=str(facts.folder() / f"file-{chance.randrange(5)}.blend"))


def open_file(chance: Random) -> None:
    """Open a file that was saved before."""
    path = one_of(chance, sorted(facts.folder().glob("*.blend")))
    with within_view():
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=chance.random() < 0.5)


def revert(chance: Random) -> None:
    """Open the saved file again."""
    if not bpy.data.filepath:
        raise NotNow("never saved")
    with within_view():
        bpy.ops.wm.revert_mainfile()


def new_file(chance: Random) -> None:
    """Begin a new file."""
    with within_view():
        bpy.ops.wm.read_homefile(use_empty=chance.random() < 0.2)


def open_window(chance: Random) -> None:
    """Open another window."""
    if len(windows()) >= MOST_WINDOWS:
        raise NotNow("many windows")
    with within_view():
        chance.choice([bpy.ops.wm.window_new, bpy.ops.wm.window_new_main])()


def close_window(chance: Random) -> None:
    """Close any window: also the one in which the heartbeat runs.

    With its last main window Blender would quit.
    """
    main = [each for each in windows() if each.parent is None]
    closable = windows() if len(main) > 1 else [each for each in windows() if each.parent]
    with bpy.context.temp_override(window=one_of(chance, closable)):
        bpy.ops.wm.window_close()


def switch_workspace(chance: Random) -> None:
    """Show another workspace; mostly one with a 3D View."""
    wanted = chance.choice(["Layout", "Layout", "Modeling", "Sculpting", "Shading", "Scripting"])
    found = bpy.data.workspaces.get(wanted)
    if found is None:
        raise NotNow(f"no workspace {wanted}")
    for screen in found.screens:
        for each in screen.areas:
            if each.type == "VIEW_3D":  # software would draw Material Preview for minutes
                each.spaces.active.shading.type = "SOLID"
    chance.choice(windows()).workspace = found


def change_area(chance: Random) -> None:
    """Show another editor in an area; where no 3D View is left, show one."""
    window = chance.choice(windows())
    each = chance.choice(list(window.screen.areas))
    try:
        area()
    except NotNow:
        show_view()
    else:
        each.type = chance.choice(AREAS)


def close_other_windows() -> None:
    """Leave one window, so that the pointer over its 3D View rests on no field of another one."""
    kept = next(each for each in windows() if each.parent is None)
    for each in [other for other in windows() if other != kept]:
        if each in windows():  # a window closes those that belong to it
            with bpy.context.temp_override(window=each):
                bpy.ops.wm.window_close()


def show_view() -> None:
    """Show a 3D View in the first window, if it has none."""
    areas = list(windows()[0].screen.areas)
    if all(each.type != "VIEW_3D" for each in areas):
        max(areas, key=lambda each: each.width * each.height).type = "VIEW_3D"


def toggle_sidebar(chance: Random) -> None:
    """Show or hide the sidebar of a 3D View; it is shown more often."""
    area()[1].spaces.active.show_region_ui = chance.random() < 0.8


def render(chance: Random) -> None:
    """Render a small picture at once.

    Not beside a render in the background: Blender crashes then, without the add-on as well.
    """
    _refuse_second_render()
    _small_render()
    call("render.render")


def render_in_background(chance: Random) -> None:
    """Render a small picture while the window goes on."""
    _refuse_second_render()
    _small_render()
    call("render.render", "INVOKE_DEFAULT")


def _refuse_second_render() -> None:
    if bpy.app.is_job_running("RENDER"):
        raise NotNow("renders already")


def _small_render() -> None:
    if scene().camera is None:
        raise NotNow("no camera")
    scene().render.engine = "BLENDER_WORKBENCH"
    scene().render.resolution_x = scene().render.resolution_y = 32


def add_scene(chance: Random) -> None:
    """Add a scene: new, or a copy that shares its objects or has its own."""
    if len(bpy.data.scenes) >= 4:
        raise NotNow("many scenes")
    call("scene.new", type=chance.choice(["NEW", "EMPTY", "LINK_COPY", "FULL_COPY"]))


def switch_scene(chance: Random) -> None:
    """Show another scene in a window."""
    chance.choice(windows()).scene = chance.choice(list(bpy.data.scenes))


def remove_scene(chance: Random) -> None:
    """Remove a scene, but not the last one."""
    if len(bpy.data.scenes) < 2:
        raise NotNow("one scene")
    call("scene.delete")


def play(chance: Random) -> None:
    """Start or stop the playback."""
    call("screen.animation_play")
