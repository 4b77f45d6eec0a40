# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts that come later to a World that stands in the scene already: only what it lacks is brought,
the rest stays as the user has it.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ...files.spz import decode
from .. import tags
from ..place import PlacedResult, import_transaction
from ..tags import Provenance
from . import build as world_build
from . import splats, world_objects
from .files import Part, WorldFiles, WorldOptions


def complete(
    root: bpy.types.Object,
    parts: WorldFiles,
    provenance: Provenance,
    *,
    options: WorldOptions = WorldOptions(),
    scene: bpy.types.Scene | None = None,
    undo: bool = True,
) -> PlacedResult:
    """Add the parts that this World lacks, and splats of another tier in the place of the present
    ones; one undo step.

    Raises SceneImportError, and then nothing has changed.
    """
    scene = scene or bpy.context.scene
    files: dict[Part, Path | None] = {
        "COLLIDER": parts.collider,
        "PANORAMA": parts.panorama,
        "SPLATS": parts.splats,
    }
    with import_transaction(scene, provenance, undo=undo):
        missing = {
            part: path
            for part, path in files.items()
            if path is not None
            and (
                not world_objects.has_part(root, part) or (part == "SPLATS" and _differ(root, path))
            )
        }
        world_build.add_parts(root, missing, scene=scene, options=options)
    return PlacedResult(root, tags.result_collection(root), tags.hierarchy(root))


def _differ(root: bpy.types.Object, path: Path) -> bool:
    """Is this another tier than the one that is shown? Each has its own number of splats."""
    return any(
        each.get(splats.MARK) != decode.inspect(path).points
        for each in world_objects.parts_of(root, "splats")
    )
