# SPDX-License-Identifier: GPL-3.0-or-later
"""The units of a scene that imports follow: lengths and frame rate."""

from __future__ import annotations

from dataclasses import dataclass

import bpy


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
        scene.render.fps, scene.render.fps_base = self.fps, self.fps_base
