# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a temporary scene in which objects are imported, evaluated, joined, rendered or exported.

The user's scene keeps its mode, its selection and its active object.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import bpy

STAGING_NAME = "\x01 Mint"
"""Sorts first: the glTF importer stores animations and variants in the first scene by name."""


def renew_window_owner() -> None:
    """Make the open scene the owner of `bpy.context.window`, before anything sets its scene.

    In 4.2 and 4.3 (not in 4.5), reading the tool settings does that. Blender's interface reads
    them, too; without that the owner may be a scene that an undo or another file has freed, and
    Blender writes to that memory when its glTF importer sets the window's scene.
    """
    _ = bpy.context.tool_settings


@contextlib.contextmanager
def staging_scene(
    objects: Iterable[bpy.types.Object] = (), *, units_of: bpy.types.Scene | None = None
) -> Iterator[bpy.types.Scene]:
    """Yield a scene with these objects linked into it, and remove it at the end.

    With `units_of`, unit scale and frame rate are those of that scene. Afterwards each window shows
    what it showed before: up to 4.5 the glTF importer switches to its own scene for armatures.
    """
    windows = [
        (window, window.scene, window.view_layer) for window in bpy.context.window_manager.windows
    ]
    renew_window_owner()
    scene = bpy.data.scenes.new(STAGING_NAME)
    try:
        if units_of is not None:
            SceneUnits.of(units_of).apply_to(scene)
        for obj in objects:
            scene.collection.objects.link(obj)
        yield scene
    finally:
        for window, shown, view_layer in windows:
            if window.scene != shown:
                window.scene = shown
                window.view_layer = view_layer
        bpy.data.scenes.remove(scene)


@dataclass(frozen=True)
class SceneUnits:
    """The unit scale and the frame rate of a scene."""

    scale_length: float = 1.0
    """Meters per scene unit."""
    fps: int = 24
    fps_base: float = 1.0

    @classmethod
    def of(cls, scene: bpy.types.Scene) -> SceneUnits:
        """Return the units of a scene."""
        return cls(scene.unit_settings.scale_length, int(scene.render.fps), scene.render.fps_base)

    def apply_to(self, scene: bpy.types.Scene) -> None:
        """Give a scene these units."""
        scene.unit_settings.scale_length = self.scale_length
        scene.render.fps = self.fps
        scene.render.fps_base = self.fps_base
