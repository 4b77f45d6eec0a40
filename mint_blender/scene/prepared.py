# SPDX-License-Identifier: GPL-3.0-or-later
"""Results prepared in a .blend file: built by one Blender, appended by another.

Importing a large GLB stops a window for a second or more, appending the same data-blocks only for a
fraction of that. So a background Blender builds a result at the origin of an empty scene and saves
it with `save`; the window adds it with `append`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ..message import Message
from .bounds import Bounds
from .errors import SceneImportError
from .transaction import DataSnapshot

ROOT = "mint_prepared_root"
"""Custom property of the saved root: its name there. `append` removes it."""


@dataclass(frozen=True)
class PreparedResult:
    """A .blend file with one result at the origin, built with the units of the target scene."""

    path: Path
    notes: tuple[Message, ...] = ()
    extent: Bounds | None = None
    """The bounding box of a model before it was moved to the origin; None for a World."""


@dataclass(frozen=True)
class AppendedResult:
    """A result as it was appended; valid until the next undo."""

    root: bpy.types.Object
    parts: tuple[bpy.types.Object, ...]
    blocks: tuple[bpy.types.ID, ...]
    """All data-blocks that came with it, root and parts included."""
    name: str
    """The name of the root in its file; here it may have a number, as that name was taken."""


def save(root: bpy.types.Object, collection: bpy.types.Collection, path: Path) -> None:
    """Save a result's collection, with all that it needs, to a .blend file.

    Raises:
        OSError: The file cannot be written.
    """
    root[ROOT] = root.name
    try:
        bpy.data.libraries.write(str(path), {collection}, path_remap="NONE", compress=False)
    except RuntimeError as error:
        raise OSError(str(error)) from error
    finally:
        del root[ROOT]


def append(path: Path, collection: bpy.types.Collection) -> AppendedResult:
    """Append a saved result; its objects are linked into `collection` only.

    Raises:
        SceneImportError: The file cannot be read or holds no result; the caller removes what was
            begun.
    """
    before = DataSnapshot()
    try:
        with bpy.data.libraries.load(str(path), link=False) as (available, wanted):
            wanted.collections = list(available.collections)
    except (OSError, RuntimeError) as error:
        raise _unreadable(path) from error
    appended = before.new()
    objects = [block for block in appended if isinstance(block, bpy.types.Object)]
    root = next((obj for obj in objects if ROOT in obj.keys()), None)
    if root is None:
        raise _unreadable(path)
    name = root.pop(ROOT)
    for obj in objects:
        collection.objects.link(obj)
    holders = {
        block for block in appended if isinstance(block, (bpy.types.Collection, bpy.types.Library))
    }
    blocks = tuple(block for block in appended if block not in holders)
    bpy.data.batch_remove(holders)
    return AppendedResult(root, tuple(obj for obj in objects if obj != root), blocks, name)


def _unreadable(path: Path) -> SceneImportError:
    return SceneImportError(
        "The prepared file {name} cannot be read. Nothing was imported. Place the result again.",
        name=path.name,
    )
