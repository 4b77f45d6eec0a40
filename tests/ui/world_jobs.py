# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of Worlds whose files are on disk, and their parts in the scene. Needs bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.phases import Phase
from mint_blender.mint.schema import Kind
from mint_blender.scene.world import world_objects

from ..scene import synthetic_world
from ..scene.world_helpers import corner_splats
from .sample_jobs import URL, a_job


def make_job(folder: Path, delivery: Delivery = Delivery(), *roles: Role) -> Job:
    """Return a World's job whose files are on disk; all parts by default."""
    paths = {
        Role.COLLIDER: synthetic_world.collider(folder / "collider.glb"),
        Role.PANORAMA: synthetic_world.panorama(folder / "panorama.png"),
        Role.SPLATS: corner_splats(folder / "splats-100k.spz"),
    }
    files = tuple(LocalFile(role, str(paths[role]), URL) for role in roles or paths)
    return a_job(Phase.READY, "a room", kind=Kind.WORLD, delivery=delivery, now=1.0, files=files)


def part(name: str) -> Any:
    """Return the first object of that kind or None, looked up again as needed after an undo."""
    return next((each for each in bpy.context.scene.objects if each.get("mint_part") == name), None)


def world_root() -> Any:
    """Return the root of the World, looked up again as needed after an undo."""
    return next(each for each in bpy.context.scene.objects if world_objects.is_root(each))
