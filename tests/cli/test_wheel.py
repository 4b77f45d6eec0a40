# SPDX-License-Identifier: GPL-3.0-or-later
"""The pip package on a machine without Blender."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from pathlib import Path

import pytest

from ..harness.processes import captured
from ..mint_service.runner import ThreadService
from .command_runner import LAMP, ROOT, CommandResult, environment

NEEDED = ("requests", "urllib3", "idna", "certifi", "charset-normalizer", "numpy", "zstandard", "rich", "markdown-it-py", "mdurl", "pygments")  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder with our unpacked wheel and links to its dependencies."""
    folder = tmp_path / "site"
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    captured([*build, str(folder / "dist")], cwd=ROOT, check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder)
    for name in NEEDED:
        distribution = importlib.metadata.distribution(name)
        for top in {
            file.parts[0]
            for file in distribution.files or ()
            if file.parts[0] not in ("..", "__pycache__")
        }:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def mint(service: ThreadService, home: Path, site: Path, *arguments: str) -> CommandResult:
    """Run the program `mint-blender` with only `site` and the standard library."""
    script = "import sys; sys.argv[0] = 'mint-blender'; from mint_blender.cli import main; sys.exit(main())"
    told = environment(service, home, PYTHONPATH=str(site))
    done = captured([sys.executable, "-S", "-c", script, *arguments], env=told, cwd=home.parent)
    return CommandResult(done.returncode, done.stdout, done.stderr).check_no_leaks(service)


@pytest.mark.skipif(
    bool(sys.flags.ignore_environment),
    reason="does not apply: this Python chooses its folders itself",
)
@pytest.mark.slow
def test_the_package_without_blender(service: ThreadService, home: Path, site: Path) -> None:
    """Writing Mint's .glb needs no Blender; a .blend does, and names the package before a start."""
    ran = mint(service, home, site, *LAMP, "-o", "lamp.glb")
    assert ran.status == 0, ran.err
    assert (home.parent / "lamp.glb").read_bytes()[:4] == b"glTF"
    ran = mint(service, home, site, *LAMP, "-o", "lamp.blend")
    assert ran.status == 7 and "pip install bpy" in ran.error_text
    assert len(service.operations()) == 1
    assert mint(service, home, site, "--help").out.startswith("usage: mint-blender ")
