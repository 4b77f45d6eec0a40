# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files: their bytes, and their JSON with the values in it replaced."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from mint_blender.files.errors import InvalidGlb
from mint_blender.files.glb import header, normalize

from ...files.build_glb import box, pack
from ...files.rich_glb import RICH, RICH_BYTES
from ..checks import guarded_folder, refusing
from ..target import MEGABYTE, Target


def try_file(data: bytes) -> None:
    """Inspect a file; prepare it for Blender if it is accepted."""
    with guarded_folder() as folder:
        path = folder / "lamp.glb"
        path.write_bytes(data)
        if _accepts(header.inspect, path):
            _prepare(path)
        _accepts(header.check_container, path)
        assert [each.name for each in folder.iterdir()] == ["lamp.glb"]


def try_document(data: bytes) -> None:
    """Inspect a file with this JSON, and the binary data of a valid one."""
    try_file(pack(data, RICH_BYTES))


def _accepts(inspect: Callable[[Path], object], path: Path) -> bool:
    with refusing(InvalidGlb):
        inspect(path)
        return True
    return False


def _prepare(path: Path) -> None:
    """Do what happens to an accepted file before Blender's importer reads it."""
    found = header.inspect(path)
    assert found.triangles >= 0 and found.vertices >= 0
    with normalize.normalized_copy(path) as copy:
        header.inspect(copy)
    with refusing(InvalidGlb):
        normalize.check_face_counts(path)


TARGETS = (
    Target(
        "glb_files",
        try_file,
        (
            box(),
            box(requires=["KHR_draco_mesh_compression"]),
            pack(RICH, RICH_BYTES),
            pack({"asset": {"version": "2.0"}}, None),
            b"<html>gone</html>",
        ),
        memory=32 * MEGABYTE,
    ),
    Target(
        "glb_documents",
        try_document,
        (
            json.dumps(RICH).encode(),
            json.dumps(RICH | {"asset": {"version": "2.1", "minVersion": "2.0"}}).encode(),
            json.dumps(RICH | {"extensionsUsed": []}).encode(),
        ),
        is_json=True,
        memory=32 * MEGABYTE,
    ),
)
