# SPDX-License-Identifier: GPL-3.0-or-later
"""Asset libraries: the list of catalogs, which Blender and other add-ons write, and our manifest."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from mint_blender.delivery.asset_library import manifest
from mint_blender.files import asset_catalogs

from ..checks import guarded_folder
from ..target import Target


def try_catalogs(data: bytes) -> None:
    """Find or add both catalogs; nothing else in the file changes."""
    with guarded_folder() as folder:
        file = folder / asset_catalogs.FILE
        file.write_bytes(data)
        for kind, path in asset_catalogs.PATHS.items():
            try:
                found = asset_catalogs.catalog_for(kind, folder)
            except OSError:
                assert file.read_bytes() == data, "a file that cannot be read was changed"
                continue
            assert str(uuid.UUID(found)) == found.lower()
            _check_catalogs(file, data, path, found)
        assert {each.name for each in folder.iterdir()} <= {asset_catalogs.FILE}


def _check_catalogs(file: Path, before: bytes, path: str, found: str) -> None:
    """Check that Blender finds the catalog, and that all earlier lines are there."""
    after = [line.strip() for line in file.read_bytes().replace(b"\r", b"\n").split(b"\n")]
    fields = [line.split(b":") for line in after if line.count(b":")]
    assert any(
        each[0].strip() == found.encode() and each[1].strip(b"/ ") == path.encode()
        for each in fields
    ), after
    assert next(line for line in after if line and not line.startswith(b"#"))
    for line in before.replace(b"\r", b"\n").split(b"\n"):
        assert line.strip() in after, f"the line {line!r} is gone"


def try_manifest(data: bytes) -> None:
    """Read a manifest, continue a sync with it, and place a file for each asset that it knows."""
    with guarded_folder() as folder:
        library, finished = folder / "library", folder / "new.blend"
        library.mkdir()
        (library / "lamp.blend").write_bytes(b"BLENDER")
        finished.write_bytes(b"BLENDER2")
        (library / manifest.FILE_NAME).write_bytes(data)
        _sync(library, finished)
        assert {each.name for each in folder.iterdir()} == {"library", "new.blend"}
        assert all(each.is_file() for each in library.rglob("*"))


def _sync(library: Path, finished: Path) -> None:
    known = manifest.Manifest(library)
    known.recover()
    for number, asset in enumerate(("m1", "m2", *list(known._entries)[:3])):
        name = known.name(asset, f"fresh-{number}.blend")
        known.is_up_to_date(asset, "v1")
        if known.conflict(asset, name) is None:
            known.place(asset, name, "v2", finished)
            assert known.is_up_to_date(asset, "v2")
    assert manifest.Manifest(library)._entries == known._entries


def _entry(asset: str, **more: object) -> bytes:
    entry = {"asset": asset, "file": f"{asset}.blend", "version": "v1", "digest": "d"} | more
    return json.dumps(entry).encode()


CATALOG = "11111111-2222-3333-4444-555555555555"
TARGETS = (
    Target(
        "asset_catalogs",
        try_catalogs,
        (
            f"VERSION 1\n\n{CATALOG}:Furniture/Lamps:Furniture-Lamps\n".encode(),
            f"VERSION 1\n\n{CATALOG}:Mint/Models:Mint-Models\n".encode(),
            asset_catalogs.HEAD.encode(),
            f"VERSION 1\r\n{CATALOG}: /Mint/Worlds/ :x\r\nnot-an-id:Mint/Models:y".encode(),
            "VERSION 1\n# \u2028\n".encode(),
        ),
    ),
    Target(
        "library_manifest",
        try_manifest,
        (
            _entry("lamp") + b"\n" + _entry("m1", placed=False, earlier_digest="e"),
            _entry("m1", file="../x.blend") + b"\n" + _entry("m2", file="lamp.blend"),
            _entry("m1", file="a\0b.blend"),
        ),
    ),
    Target(
        "manifest_entries",
        try_manifest,
        (_entry("lamp"), _entry("m1", placed=False, earlier_version="v0", earlier_digest="e")),
        is_json=True,
    ),
)
