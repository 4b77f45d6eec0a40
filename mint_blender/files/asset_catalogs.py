# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogs “Mint/Models” and “Mint/Worlds” of an asset library: lines in its
`blender_assets.cats.txt`.

Knows nothing of `bpy`: a folder in, the catalog's UUID out.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

FILE = "blender_assets.cats.txt"
PART = ".mint-part"
"""The ending of a file of ours in a library's folder that is not whole yet: a later sync clears
away what a kill has left of it.
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
"""The same in every library, so that an asset keeps its catalog when its file is moved to another
one.
"""
PARENT = str(uuid.uuid5(uuid.NAMESPACE_URL, "Mint"))


def catalog_for(kind: str, folder: Path | None) -> str:
    """The UUID of the catalog for models or worlds; it is entered in the library's file when it is
    not there yet.

    A catalog of that path which the user has made is used as it is. Without a folder nothing is
    written. Raises OSError.
    """
    path = PATHS.get(kind, "Mint")
    own = IDS.get(path, PARENT)
    if folder is None:
        return own
    file = folder / FILE
    text = file.read_text(encoding="utf-8") if file.is_file() else HEAD
    known: dict[str, str] = {}
    for line in text.splitlines():
        there, _, rest = line.partition(":")
        if not line.startswith("#") and rest:
            known.setdefault(rest.partition(":")[0].strip("/ "), there.strip())
    # With the catalog above it: Blender would make up one that is missing, and take the file for
    # changed.
    missing = [
        (each, id)
        for each, id in ((path.partition("/")[0], PARENT), (path, own))
        if each not in known
    ]
    if path not in known:
        ours = "".join(f"{id}:{each}:{each.replace('/', '-')}\n" for each, id in missing)
        _write(file, f"{HEAD}{ours}" if text == HEAD else f"{text.rstrip()}\n{ours}")
    return known.get(path, own)


def _write(file: Path, text: str) -> None:
    """All of it or nothing: the user's own catalogs are in this file."""
    part = file.with_name(f".{uuid.uuid4().hex}{PART}")
    try:
        part.write_text(text, encoding="utf-8")
        if file.is_file():
            shutil.copymode(file, part)  # others who share the library can still read it
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
