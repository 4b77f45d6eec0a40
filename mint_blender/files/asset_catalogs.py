# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the catalogs “Mint/Models” and “Mint/Worlds” to an asset library.

Catalogs are lines in the library's file `blender_assets.cats.txt`. Does not use `bpy`.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

FILE = "blender_assets.cats.txt"
PART = ".mint-part"
"""Suffix of an incomplete file in a library folder.

If the process was killed, a later sync removes the file.
"""
HEAD = """# This is an Asset Catalog Definition file for Blender.
#
# Empty lines and lines starting with `#` will be ignored.
# The first non-ignored line should be the version indicator.
# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"

VERSION 1

"""
PATHS = {"model": "Mint/Models", "world": "Mint/Worlds"}
IDS = {
    path: str(uuid.uuid5(uuid.UUID("d2c5e0e4-3a66-4b0e-9d1b-6a3f1f1a7c55"), path))
    for path in PATHS.values()
}
"""UUIDs by catalog path.

They are the same in every library, so that an asset keeps its catalog when its file is moved.
"""
PARENT = str(uuid.uuid5(uuid.NAMESPACE_URL, "Mint"))


def catalog_for(kind: str, folder: Path | None) -> str:
    """Return the UUID of the catalog for models or Worlds, adding the catalog if it is missing.

    A catalog of the same path that the user made is used as it is.

    Args:
        kind: "model" or "world".
        folder: The root of the asset library; None writes nothing.

    Raises:
        OSError: The library's file cannot be read or written.
    """
    path = PATHS.get(kind, "Mint")
    own = IDS.get(path, PARENT)
    if folder is None:
        return own
    file = folder / FILE
    text = file.read_text(encoding="utf-8") if file.is_file() else HEAD
    known: dict[str, str] = {}
    for line in text.splitlines():
        id, _, rest = line.partition(":")
        if not line.startswith("#") and rest:
            known.setdefault(rest.partition(":")[0].strip("/ "), id.strip())
    # with the parent catalog: Blender would add a missing one and consider the file changed
    missing = [
        (each, id)
        for each, id in ((path.partition("/")[0], PARENT), (path, own))
        if each not in known
    ]
    if path not in known:
        added = "".join(f"{id}:{each}:{each.replace('/', '-')}\n" for each, id in missing)
        _write(file, f"{HEAD}{added}" if text == HEAD else f"{text.rstrip()}\n{added}")
    return known.get(path, own)


def _write(file: Path, text: str) -> None:
    """Replace the file atomically, since it has the user's own catalogs too."""
    part = file.with_name(f".{uuid.uuid4().hex}{PART}")
    try:
        part.write_text(text, encoding="utf-8")
        if file.is_file():
            shutil.copymode(file, part)  # others who share the library can still read it
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
