# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a World in the scene, found in one walk through its objects."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ...scene.world import calibration
from ...scene.world.calibration import PART
from ...scene.world.files import Part
from ...scene.world.world_objects import IMAGE
from ..selection import selected


@dataclass(frozen=True)
class WorldParts:
    """A root with all objects under it. Not to be kept: objects do not outlive an undo."""

    root: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]

    @classmethod
    def under(cls, root: bpy.types.Object) -> WorldParts:
        """Return the objects under a root: those of the selected World are known already."""
        return cls.known(root) or cls(root, tuple(root.children_recursive))

    @classmethod
    def known(cls, root: bpy.types.Object) -> WorldParts | None:
        """Return the parts of the selected World without a scan; None if they are not known."""
        objects = selected.known_objects(root)
        return None if objects is None else cls(root, objects)

    def of_kind(self, kind: str) -> list[bpy.types.Object]:
        """Return the objects of a part: `collider`, `splats`, `capture_point` or `camera`."""
        return [each for each in self.objects if each.get(PART) == kind]

    @property
    def holder(self) -> bpy.types.Object:
        """The object that turns and scales the parts; in an earlier version's file, the root."""
        return next(iter(self.of_kind("calibration")), self.root)

    @property
    def capture_point(self) -> bpy.types.Object | None:
        """Where the World was captured; None if it was deleted."""
        return next(iter(self.of_kind("capture_point")), None)

    @property
    def is_calibration_changed(self) -> bool:
        """Return whether the scale of the World is wrong, after Apply Scale or the like."""
        return calibration.is_changed(self.holder, self.capture_point)

    def has(self, part: Part) -> bool:
        """Return whether a part is in the scene; the panorama is an image, not an object."""
        if part == "PANORAMA":
            return self.root.get(IMAGE) is not None
        return bool(self.of_kind(part.lower()))

    @property
    def is_edited(self) -> bool:
        """Return whether an object of the World is in another mode than Object Mode."""
        return any(each.mode != "OBJECT" for each in (self.root, *self.objects))
