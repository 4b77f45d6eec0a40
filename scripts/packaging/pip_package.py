# SPDX-License-Identifier: GPL-3.0-or-later
"""The package for pip: the source distribution, and the wheel that is built from it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from .archive import ROOT
from .errors import PackageError


def build(folder: Path) -> tuple[Path, Path]:
    """Write the source distribution and the wheel, and return their paths.

    The wheel is built from the unpacked source distribution, as pip does where there is no wheel:
    so it has all that is needed.

    Raises:
        PackageError: One of them cannot be built; the text has the output of hatchling.
    """
    sdist = _hatchling("sdist", ROOT, folder)
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(sdist) as opened:
            opened.extractall(unpacked, filter="data")
        wheel = _hatchling("wheel", Path(unpacked) / sdist.name.removesuffix(".tar.gz"), folder)
    return sdist, wheel


def _hatchling(target: str, source: Path, folder: Path) -> Path:
    """Build one target, and return the path of what was written."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target]
    command += ["--directory", str(folder.resolve())]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackageError(f"hatchling cannot build the {target}:\n{done.stdout}{done.stderr}")
    suffix = {"sdist": "*.tar.gz", "wheel": "*.whl"}[target]
    return max(folder.glob(f"mint_blender-{suffix}"), key=lambda path: path.stat().st_mtime_ns)


def metadata(wheel: Path) -> bytes:
    """Return the metadata of a wheel: its headers, and the README below them."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        return opened.read(name)
