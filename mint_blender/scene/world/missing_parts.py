# SPDX-License-Identifier: GPL-3.0-or-later
"""Add missing parts to a World that is in the scene; the rest stays as it is."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...files.spz import decode
from .. import tags
from ..data_blocks import current_scene
from ..place import PlacedResult, import_transaction
from ..prepared import PreparedResult
from ..tags import Provenance
from . import build as world_build
from . import splats, world_objects
from .files import WorldFiles, WorldOptions


def complete(
    root: bpy.types.Object,
    parts: WorldFiles,
    provenance: Provenance,
    *,
    options: WorldOptions = WorldOptions(),
    scene: bpy.types.Scene | None = None,
    undo: bool = True,
    prepared: PreparedResult | None = None,
) -> PlacedResult:
    """Add the parts that a World lacks, and replace splats of another tier; one undo step.

    Parts that a background Blender has built are taken from `prepared`.

    Raises:
        SceneImportError: A part cannot be added; nothing has changed.
    """
    scene = scene or current_scene()
    with import_transaction(scene, provenance, undo=undo):
        missing = {
            part: path
            for part, path in parts.by_part().items()
            if path is not None
            and (
                not world_objects.has_part(root, part) or (part == "SPLATS" and _differ(root, path))
            )
        }
        world_build.add_parts(
            root, missing, scene=scene, options=options, prepared=prepared if missing else None
        )
    return PlacedResult(root, tags.result_collection(root), tags.hierarchy(root))


def _differ(root: bpy.types.Object, path: Path) -> bool:
    """Return whether the file has another number of splats, and so is another tier."""
    return any(
        each.get(splats.MARK) != decode.inspect(path).points
        for each in world_objects.parts_of(root, "splats")
    )
