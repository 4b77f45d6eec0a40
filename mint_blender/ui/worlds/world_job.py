# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that imported a World: it has the files of the parts, or downloads them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...jobs.job import Job
from ...jobs.job_values import Role
from ...jobs.phases import HAS_RESULT
from ...jobs.service import JobService
from ...message import Message, UserError
from ...scene import tags
from ...scene.world import calibration
from ...scene.world.calibration import PART
from ...scene.world.files import Part
from ...scene.world.world_objects import IMAGE
from ..job_actions import find_job
from ..selection import selected


def of(root: bpy.types.Object) -> Job | None:
    """Return the job that imported a World, if it is still on the list."""
    provenance = tags.read(root)
    return find_job(provenance.job_id) if provenance is not None and provenance.job_id else None


def why_not_fetch(root: bpy.types.Object) -> str:
    """Return why no more parts can be fetched for this World; empty if they can."""
    job = of(root)
    if job is None:
        return Message(
            "The job that made this World is no longer on the list. Import the World from the "
            "library instead."
        )
    if job.phase not in HAS_RESULT:
        return Message("The job that made this World is still running. Wait until it is done.")
    return ""


def file_of(job: Job, part: Part) -> Path | None:
    """Return the file of a part that is on disk, or None."""
    from ...delivery import import_job

    return import_job.part_file(job, Role(part.lower()))


def fetch(service: JobService, job_id: str, wanted: dict[str, Any]) -> str:
    """Download further parts of a World; `wanted` is what changes about its delivery.

    Returns the id of the job.

    Raises:
        UserError: The job is in progress, or not on the list any more.
    """
    job = service.job(job_id)
    if job.phase not in HAS_RESULT:
        raise UserError(
            Message(
                "{title} is still in progress. Wait until it stops, then try again.",
                title=job.title,
            )
        )
    service.set_delivery(job.id, replace(job.delivery, **wanted))
    service.fetch_again(job.id)
    return job.id


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
        return [obj for obj in self.objects if obj.get(PART) == kind]

    @property
    def holder(self) -> bpy.types.Object:
        """The empty that turns and scales the parts; the root if it was deleted."""
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
        return any(obj.mode != "OBJECT" for obj in (self.root, *self.objects))
