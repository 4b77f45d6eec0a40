# SPDX-License-Identifier: GPL-3.0-or-later
"""A static extension repository: a folder that any web server can offer to Blender.

    DIR/index.html              what people see
    DIR/index.json              the repository: one archive for all systems
    DIR/mint_blender-….zip
    DIR/SHA256SUMS

Archives of earlier versions stay, since a Blender may still have an index that names them. So do
their lines in SHA256SUMS.
"""

from __future__ import annotations

import html
import json
import tempfile
import tomllib
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlencode

from . import archive, blender_tool, checksums, zip_writer
from .errors import PackageError

PAGE = Path(__file__).with_name("repository_page.html")


def write(folder: Path, *, compressed: bool = True) -> None:
    """Write the repository of this version into a folder, the files that name others last.

    Args:
        folder: It may have the repository of an earlier version.
        compressed: Whether the archive is compressed, which needs the package deflate.

    Raises:
        PackageError: Something needed is missing, Blender refuses the archive, or the folder has
            this version with other contents. The repository in the folder is as it was.
    """
    tool = blender_tool.find_tool()
    if tool is None:
        raise PackageError(
            "Blender writes the index of a repository. Install Blender, or run this with a Python"
            " that has bpy: python3 scripts/dev.py env prints one."
        )
    if compressed:
        zip_writer.check_compression()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        new = Path(unfinished)
        blender_tool.validate(archive.build(new, compressed=compressed), tool)
        blender_tool.write_index(new, tool)
        (new / "index.html").write_text(page(new), encoding="utf-8")
        checksums.write(new, _earlier_checksums(folder))
        _publish(new, folder)


def _earlier_checksums(folder: Path) -> dict[str, str]:
    """Return the checksums of the archives in a folder.

    What is already listed stays as it is, so that a file that was damaged later is noticed.
    """
    listed = checksums.read(folder)
    return {
        path.name: listed.get(path.name) or checksums.sha256(path) for path in folder.glob("*.zip")
    }


def _publish(new: Path, folder: Path) -> None:
    """Move the new files into the folder.

    An archive that somebody may have already stays as it is: Blender compares it with a checksum.
    """
    files = list(new.iterdir())
    for path in files:
        there = folder / path.name
        same = not there.exists() or checksums.sha256(there) == checksums.sha256(path)
        if path.suffix == ".zip" and not same:
            raise PackageError(
                f"{there} exists and has other contents. Somebody may have installed it: raise the"
                " version in blender_manifest.toml and pyproject.toml, or delete the file."
            )
    for path in sorted(files, key=lambda path: path.suffix != ".zip"):
        path.replace(folder / path.name)


def listing(folder: Path) -> dict[str, Any]:
    """Return the index of a repository."""
    index: dict[str, Any] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return index


def page(folder: Path) -> str:
    """Return the page of a repository, with links that Blender takes when they are dropped."""
    manifest = tomllib.loads(archive.manifest())
    (entry,) = listing(folder)["data"]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        version=html.escape(manifest["version"]),
        tagline=html.escape(manifest["tagline"]),
        blender_min=html.escape(manifest["blender_version_min"]),
        link=install_link(entry),
        size=f"{entry['archive_size'] / 1_000_000:.1f} MB",
    )


def install_link(entry: dict[str, Any]) -> str:
    """Return the link to an archive, relative to the page, as Blender's own pages write it.

    What follows the question mark is for Blender: its repository, and what it needs.
    """
    query = {"repository": "./index.json", "blender_version_min": entry["blender_version_min"]}
    address = f"./{entry['archive_url'].removeprefix('./')}"
    return html.escape(f"{address}?{urlencode(query)}")
