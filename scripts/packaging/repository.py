# SPDX-License-Identifier: GPL-3.0-or-later
"""A static extension repository: a folder that any web server can offer to Blender.

    DIR/index.html              what people see
    DIR/index.json              the repository: one archive for all systems
    DIR/mint_blender-….zip
    DIR/draco/index.json        the same add-on with DracoPy: an archive for each system
    DIR/draco/mint_blender-….zip
    DIR/SHA256SUMS

Both have the same id and version, and in one repository an archive for all systems and one for a
single system exclude each other. So those with Draco are a repository of their own.

Archives of earlier versions stay, since a Blender may still have an index that names them. So do
their lines in SHA256SUMS.
"""

from __future__ import annotations

import html
import json
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlencode

from . import archive, blender_tool, checksums, draco_wheels, zip_writer
from .errors import PackageError

DRACO = "draco"
PAGE = Path(__file__).with_name("repository_page.html")


def needed_tool(*, compressed: bool) -> list[str]:
    """Return how to call Blender's command for extensions.

    Args:
        compressed: Whether the archives are to be compressed.

    Raises:
        PackageError: There is no Blender, or this Python cannot compress archives.
    """
    tool = blender_tool.find_tool()
    if tool is None:
        raise PackageError(
            "Blender writes the index of a repository. Install Blender, or run this with a Python"
            " that has bpy: python3 scripts/dev.py env prints one."
        )
    if compressed:
        zip_writer.check_compression()
    return tool


def write(folder: Path, wheels: Iterable[Path], *, compressed: bool = True) -> None:
    """Write the repository of this version into a folder, the files that name others last.

    Args:
        folder: It may have the repository of an earlier version.
        wheels: The wheels of DracoPy.
        compressed: Whether the archives are compressed, which needs the package deflate.

    Raises:
        PackageError: Something needed is missing, Blender refuses an archive, or the folder has
            this version with other contents. The repository in the folder is as it was.
    """
    tool = needed_tool(compressed=compressed)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        new = Path(unfinished)
        archive.build(new, compressed=compressed)
        for platform in draco_wheels.PLATFORMS:
            if fitting := draco_wheels.for_platform(wheels, platform):
                archive.build(
                    new / DRACO, wheels=fitting, platforms=[platform], compressed=compressed
                )
        if not (new / DRACO).is_dir():
            raise PackageError("None of the wheels fits one of Blender's platforms.")
        for part in (new, new / DRACO):
            _index(part, tool)
        (new / "index.html").write_text(page(new), encoding="utf-8")
        checksums.write(new, _earlier_checksums(folder))
        _publish(new, folder)


def _earlier_checksums(folder: Path) -> dict[str, str]:
    """Return the checksums of the archives in a folder.

    What is already listed stays as it is, so that a file that was damaged later is noticed.
    """
    listed = checksums.read(folder)
    found = {
        path.relative_to(folder).as_posix(): path
        for part in (folder, folder / DRACO)
        for path in part.glob("*.zip")
    }
    return {name: listed.get(name) or checksums.sha256(path) for name, path in found.items()}


def _index(folder: Path, tool: list[str]) -> None:
    """Let Blender check the archives and write their index, in a fixed order."""
    for path in sorted(folder.glob("*.zip")):
        blender_tool.validate(path, tool)
    blender_tool.write_index(folder, tool)
    index = listing(folder)
    index["data"].sort(key=lambda entry: entry["archive_url"])
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _publish(new: Path, folder: Path) -> None:
    """Move the new files into the folder.

    An archive that somebody may have already stays as it is: Blender compares it with a checksum.
    """
    files = [path for path in new.rglob("*") if path.is_file()]
    for path in files:
        there = folder / path.relative_to(new)
        same = not there.exists() or checksums.sha256(there) == checksums.sha256(path)
        if path.suffix == ".zip" and not same:
            raise PackageError(
                f"{there} exists and has other contents. Somebody may have installed it: raise the"
                " version in blender_manifest.toml and pyproject.toml, or delete the file."
            )
    for path in sorted(files, key=lambda path: path.suffix != ".zip"):
        there = folder / path.relative_to(new)
        there.parent.mkdir(exist_ok=True)
        path.replace(there)


def listing(folder: Path) -> dict[str, Any]:
    """Return the index of a repository."""
    index: dict[str, Any] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return index


def page(folder: Path) -> str:
    """Return the page of a repository, with links that Blender takes when they are dropped."""
    manifest = tomllib.loads(archive.manifest())
    (universal,) = listing(folder)["data"]
    rows = [
        f'<tr><td>{", ".join(entry["platforms"])}</td><td><a class="install"'
        f' href="{install_link(entry, DRACO)}">Mint for Blender with Draco</a></td>'
        f"<td>{_size(entry)}</td></tr>\n"
        for entry in listing(folder / DRACO)["data"]
    ]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        version=html.escape(manifest["version"]),
        tagline=html.escape(manifest["tagline"]),
        blender_min=html.escape(manifest["blender_version_min"]),
        link=install_link(universal, "."),
        size=_size(universal),
        draco="".join(rows),
    )


def install_link(entry: dict[str, Any], folder: str) -> str:
    """Return the link to an archive, relative to the page, as Blender's own pages write it.

    What follows the question mark is for Blender: its repository, and what it needs.
    """
    query = {"repository": "./index.json", "blender_version_min": entry["blender_version_min"]}
    for name in ("platforms", "python_versions"):
        if entry.get(name):
            query[name] = ",".join(entry[name])
    address = f"{folder}/{entry['archive_url'].removeprefix('./')}"
    return html.escape(f"{address}?{urlencode(query)}")


def _size(entry: dict[str, Any]) -> str:
    return f"{entry['archive_size'] / 1_000_000:.1f} MB"
