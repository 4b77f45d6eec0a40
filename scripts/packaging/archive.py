# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension archive: what is in it, and how it is written.

`blender --command extension build` expects `__init__.py` beside the manifest. Here the package is
in a folder of its own, so the archive is written here: the manifest and the contents of
`mint_blender/` at its root. The same files give the same bytes on any machine.
"""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path
from types import ModuleType

from . import zip_writer
from .errors import PackageError

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mint_blender"
SKIPPED_FOLDERS = ("__pycache__", "mcp_server")
"""The second one needs the package mcp, which Blender does not have."""
SKIPPED_SUFFIXES = (".pyc", ".pyo", ".blend1", ".po", ".pot", "py.typed")
TRANSLATIONS = "ui/translations"


def manifest() -> str:
    """Return the text of `blender_manifest.toml`."""
    return (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")


def version() -> str:
    """Return the version in the manifest.

    Raises:
        PackageError: pyproject.toml has another version.
    """
    here = str(tomllib.loads(manifest())["version"])
    there = str(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    )
    if here != there:
        raise PackageError(
            f"blender_manifest.toml says version {here} and pyproject.toml says {there}. Make them"
            " the same."
        )
    return here


def contents() -> dict[str, bytes]:
    """Return the bytes of each file of the archive, by its name there."""
    files = {
        "blender_manifest.toml": manifest().encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
    }
    for path in PACKAGE.rglob("*"):
        inner = path.relative_to(PACKAGE)
        hidden = any(part.startswith(".") or part in SKIPPED_FOLDERS for part in inner.parts)
        if path.is_file() and not hidden and not path.name.endswith(SKIPPED_SUFFIXES):
            files[inner.as_posix()] = path.read_bytes()
    return files | translations()


def translations() -> dict[str, bytes]:
    """Return the translations as the add-on reads them fastest: a JSON file for each language."""
    tables = _without_blender(PACKAGE / TRANSLATIONS / "tables.py")
    return {
        f"{TRANSLATIONS}/{path.stem}.json": json.dumps(
            tables.read_po(path.read_text(encoding="utf-8")), ensure_ascii=False, sort_keys=True
        ).encode()
        for path in tables.SOURCES.glob("*.po")
    }


def _without_blender(path: Path) -> ModuleType:
    """Load one module by itself: importing it through its package would need `bpy`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(folder: Path, *, compressed: bool = True) -> Path:
    """Write the archive and return its path.

    Args:
        folder: Where to write it; the name says its version.
        compressed: Whether it is compressed, which needs the package deflate.
    """
    target = folder / f"mint_blender-{version()}.zip"
    zip_writer.write(target, contents(), compressed=compressed)
    return target
