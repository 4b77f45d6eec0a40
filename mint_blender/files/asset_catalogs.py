# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the catalogs “Mint/Models” and “Mint/Worlds” to an asset library.

Catalogs are lines in the library's file `blender_assets.cats.txt`. Does not use `bpy`.
"""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

from . import disk

FILE = "blender_assets.cats.txt"
HEAD = """# This is an Asset Catalog Definition file for Blender.
#
# Empty lines and lines starting with `#` will be ignored.
# The first non-ignored line should be the version indicator.
# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"

VERSION 1

"""
VERSION = "VERSION 1"
_BLANK = " \t\r\n"
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
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
    # other programs write this file, too: what is no UTF-8 is kept as it is
    text = file.read_bytes().decode("utf-8", "surrogateescape") if file.is_file() else HEAD
    catalogs = _catalogs(text)
    # with the parent catalog: Blender would add a missing one and consider the file changed
    missing = [
        (catalog, id)
        for catalog, id in ((path.partition("/")[0], PARENT), (path, own))
        if catalog not in catalogs
    ]
    if path not in catalogs:
        added = "".join(f"{id}:{catalog}:{catalog.replace('/', '-')}\n" for catalog, id in missing)
        lines = (line.strip() for line in text.split("\n"))
        if not any(line and not line.startswith("#") for line in lines):
            added = f"{VERSION}\n\n{added}"  # the first line that counts
        text = f"{HEAD}{added}" if text == HEAD else f"{text.rstrip(_BLANK)}\n{added}"
        with disk.replacing(file) as part:  # it has the user's own catalogs, too
            part.write_bytes(text.encode("utf-8", "surrogateescape"))
            if file.is_file():
                shutil.copymode(file, part)  # others who share the library can still read it
    return catalogs.get(path, own)


def _catalogs(text: str) -> dict[str, str]:
    """Return the UUIDs of all catalogs by path. Blender ignores lines without a valid UUID."""
    ids_by_path: dict[str, str] = {}
    for line in text.split("\n"):
        id, _, rest = line.strip().partition(":")
        if rest and _UUID.fullmatch(id.strip()):
            ids_by_path.setdefault(rest.partition(":")[0].strip("/ "), id.strip())
    return ids_by_path
