# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the extension archive `dist/mint_blender-<version>.zip` and validate it.

    python3 scripts/package.py                 the add-on
    python3 scripts/package.py --with-draco    with DracoPy, for a Blender without a Draco decoder

`blender --command extension build` expects `__init__.py` beside the manifest. Here the package is
in a folder of its own, so this script writes the archive itself: the manifest and the contents of
`mint_blender/` at its root. The same files give the same bytes on any machine. They are stored
without compression, since compressed bytes differ between versions of zlib.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "mint_blender"
SKIPPED_FOLDERS = ("__pycache__", "mcp_server")
"""The second one needs the package mcp, which Blender does not have."""
SKIPPED_SUFFIXES = (".pyc", ".pyo", ".blend1", ".po", ".pot")
TRANSLATIONS = "ui/translations"
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold
MODE = 0o100644 << 16  # a plain file, readable by everybody

WHEEL_PYTHONS = ("3.11", "3.13")
"""The Python of Blender 4.2 to 5.0, and of 5.1 and later."""
WHEEL_PLATFORMS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux2014_x86_64"),
    "macos-arm64": ("macosx_11_0_arm64",),
    "macos-x64": ("macosx_10_9_x86_64", "macosx_10_13_x86_64", "macosx_11_0_x86_64"),
    "windows-x64": ("win_amd64",),
}
"""The names that pip has for each of Blender's platforms."""


class PackageError(Exception):
    """The archive cannot be written; the text says why."""


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


def contents(wheels: Iterable[Path] = ()) -> dict[str, bytes]:
    """Return the bytes of each file of the archive, by its name there."""
    wheels = sorted(wheels)
    files = {
        "blender_manifest.toml": with_wheels(manifest(), wheels).encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
    }
    for path in PACKAGE.rglob("*"):
        inner = path.relative_to(PACKAGE)
        hidden = any(part.startswith(".") or part in SKIPPED_FOLDERS for part in inner.parts)
        if path.is_file() and not hidden and not path.name.endswith(SKIPPED_SUFFIXES):
            files[inner.as_posix()] = path.read_bytes()
    files |= translations()
    files |= {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels}
    return files


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


def with_wheels(text: str, wheels: Iterable[Path]) -> str:
    """Return the manifest with a list of wheels.

    It goes before the first table, since what follows a table's head belongs to that table.
    """
    names = "".join(f'    "./wheels/{wheel.name}",\n' for wheel in wheels)
    if not names:
        return text
    head, bracket, tail = text.partition("\n[")
    return f"{head}\nwheels = [\n{names}]\n{bracket}{tail}"


def write(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip whose bytes depend on the files alone: sorted, one date, one mode, stored."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3  # Unix, on Windows too: the mode below is one
            entry.external_attr = MODE
            archive.writestr(entry, files[name])
    unfinished.replace(target)


def build(target_folder: Path, *, wheels: Iterable[Path] = ()) -> Path:
    """Write the archive into a folder and return its path."""
    wheels = list(wheels)
    target = target_folder / f"mint_blender-{version()}{'-draco' if wheels else ''}.zip"
    write(target, contents(wheels))
    return target


def draco_version() -> str:
    """Return the version of DracoPy that the tests use."""
    found = re.search(
        r"^dracopy==(\S+)",
        (ROOT / "requirements" / "bpy-4.5.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    if not found:
        raise PackageError("requirements/bpy-4.5.txt does not pin DracoPy.")
    return found[1]


def draco_wheels(folder: Path) -> list[Path]:
    """Download the DracoPy wheels of Blender's platforms and Pythons, about 31 MB in all."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for python in WHEEL_PYTHONS:
        for platform, names in WHEEL_PLATFORMS.items():
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--implementation=cp",
            ]
            command += [
                f"--python-version={python}",
                f"--abi=cp{python.replace('.', '')}",
                f"--dest={folder}",
            ]
            command += [f"--platform={name}" for name in names]
            done = subprocess.run(
                [*command, f"DracoPy=={draco_version()}"],
                capture_output=True,
                text=True,
                check=False,
            )
            print(
                f"DracoPy {draco_version()}, {platform}, Python {python}:"
                f" {'ok' if done.returncode == 0 else 'there is none'}"
            )
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise PackageError(
            f"No DracoPy wheel could be downloaded. pip said:\n{done.stderr.strip()}"
        )
    return wheels


def find_validator() -> Path | None:
    """Return the path of Blender's validator beside this Python's `bpy` module, or None.

    It is a script that needs no running Blender.
    """
    found = importlib.util.find_spec("bpy")
    if found is None or found.origin is None:
        return None
    scripts = sorted(
        Path(found.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    )
    return scripts[0] if scripts else None


def validate(archive: Path, validator: Path) -> None:
    """Raise PackageError with the validator's output if it refuses the archive."""
    tags = validator.parents[3] / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    command = [sys.executable, str(validator), "validate", str(archive)]
    command += [f"--valid-tags={tags}"] if tags.is_file() else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackageError(
            f"Blender's validator refuses {archive.name}:\n{done.stdout}{done.stderr}".rstrip()
        )


def main(words: list[str] | None = None) -> int:
    """Write the archive, print its path, and validate it if a validator is installed."""
    parser = argparse.ArgumentParser(
        prog="package.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--with-draco",
        action="store_true",
        help="bundle the DracoPy wheels of every platform (31 MB)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=ROOT / "dist",
        metavar="FOLDER",
        help="where to write it (default: dist)",
    )
    arguments = parser.parse_args(words)
    try:
        wheels = draco_wheels(ROOT / "build" / "wheels") if arguments.with_draco else []
        archive = build(arguments.output, wheels=wheels)
        print(f"{archive} ({archive.stat().st_size / 1024:.0f} KiB)")
        validator = find_validator()
        if validator:
            validate(archive, validator)
            print("Blender's validator accepts it.")
        else:
            print(
                "Not validated, since this Python has no bpy. To validate it: blender --command"
                " extension validate FILE"
            )
    except PackageError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
