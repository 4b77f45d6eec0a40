# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewrite a valid but unusual GLB for an importer that is stricter than the specification.

Blender's importer refuses trailing bytes, every version but "2.0", and a required extension that is
not listed as used. Without a Draco decoder it also refuses compressed data that are optional. The
file itself is not changed; `header.inspect` must have accepted it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import disk
from . import draco

HEADER = 12
CHUNK_HEADER = 8


@contextlib.contextmanager
def normalized_copy(path: Path) -> Iterator[Path]:
    """Yield the path of a normalized copy, removed afterwards; the file if it needs none."""
    with path.open("rb") as source:
        claimed, size = struct.unpack("<II", source.read(HEADER + 4)[8:])
        source.seek(HEADER + CHUNK_HEADER)
        text = source.read(size)
        document = json.loads(text)
        is_changed = _normalize(document)
        if not is_changed and claimed == os.fstat(source.fileno()).st_size:
            yield path
            return
        handle, name = tempfile.mkstemp(
            prefix=f"{path.stem[:40]}.", suffix=".plain.glb", dir=path.parent
        )
        try:
            with os.fdopen(handle, "wb") as copy:
                if is_changed:
                    text = json.dumps(document).encode()
                    text += b" " * (-len(text) % 4)
                rest = claimed - HEADER - CHUNK_HEADER - size
                copy.write(
                    struct.pack("<4sII", b"glTF", 2, HEADER + CHUNK_HEADER + len(text) + rest)
                )
                copy.write(struct.pack("<I4s", len(text), b"JSON") + text)
                shutil.copyfileobj(source, copy)
                copy.truncate(HEADER + CHUNK_HEADER + len(text) + rest)
            yield Path(name)
        finally:
            disk.try_to_remove(Path(name))


def _normalize(document: dict[str, Any]) -> bool:
    """Change what a strict importer would refuse; return whether anything was changed."""
    asset, used = document["asset"], document.get("extensionsUsed", [])
    required = document.get("extensionsRequired", [])
    missing = [name for name in required if name not in used]
    is_plain = draco.EXTENSION not in required and _use_plain_data(document)
    if asset["version"] == "2.0" and not missing and not is_plain:
        return False
    asset["version"] = "2.0"
    asset.pop("minVersion", None)
    if missing:
        document["extensionsUsed"] = [*used, *dict.fromkeys(missing)]
    return True


def _use_plain_data(document: dict[str, Any]) -> bool:
    """Drop compressed data where there is uncompressed data, too; return whether there was any."""
    is_changed = False
    for primitive in list(draco.compressed_primitives(document)):
        used = [*primitive.get("attributes", {}).values()]
        used += [primitive["indices"]] if "indices" in primitive else []
        if used and all("bufferView" in document["accessors"][int(each)] for each in used):
            del primitive["extensions"][draco.EXTENSION]
            is_changed = True
    return is_changed
