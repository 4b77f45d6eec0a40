# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive with DracoPy wheels, in Debian's Blender, which has no Draco decoder.

The wheels come from PyPI.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.packaging import archive as extension_archive
from scripts.packaging import draco_wheels
from scripts.packaging.errors import PackageError

from ..mint_service.runner import ThreadService
from .command_runner import CommandResult
from .installed_extension import MINT, install, run

pytestmark = pytest.mark.debian

UNREACHABLE = (
    "connection",
    "timed out",
    "name resolution",
    "temporary failure",
    "unreachable",
    "proxy",
)
LOOK = (
    "import bpy; (root,) = [each for each in bpy.data.objects if 'mint_job_id' in each]; "
    "print('SEEN', root['mint_file_used'], len(root.data.polygons) > 0, sorted(image.file_format for image in bpy.data.images if image.packed_file)); "
    "print('WHY', root['mint_file_reason'])"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the archive with the wheels of every platform."""
    folder = tmp_path_factory.mktemp("draco")
    try:
        return extension_archive.build(
            folder / "dist", wheels=draco_wheels.download(folder / "wheels"), compressed=False
        )
    except PackageError as problem:
        if any(word in str(problem).lower() for word in UNREACHABLE):
            pytest.skip("needs PyPI, from which pip takes the wheels of DracoPy")
        raise


@pytest.fixture(scope="module")
def with_draco(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a profile with that archive installed."""
    resources = tmp_path_factory.mktemp("with") / "resources"
    install(archive, resources)
    return resources


@pytest.fixture(scope="module")
def without_draco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a profile with the archive without wheels."""
    folder = tmp_path_factory.mktemp("without")
    install(extension_archive.build(folder / "dist", compressed=False), folder / "resources")
    return folder / "resources"


@pytest.fixture
def blender(service: ThreadService, home: Path, tmp_path: Path) -> Callable[..., CommandResult]:
    """Return a function that runs Blender: `blender(with_draco, "--command", …)`."""
    return lambda resources, *arguments: run(service, resources, home, tmp_path, *arguments)


def told(ran: CommandResult) -> str:
    """Return standard output as one line."""
    return " ".join(ran.out.split())


def test_the_archive_has_a_wheel_for_each_platform(archive: Path) -> None:
    """The archive and its manifest have a wheel for each platform and Python of Blender."""
    with zipfile.ZipFile(archive) as opened:
        wheels = tomllib.loads(opened.read("blender_manifest.toml").decode())["wheels"]
        assert {name for name in opened.namelist() if name.endswith(".whl")} == {
            each.removeprefix("./") for each in wheels
        }
    for python in draco_wheels.PYTHONS:
        tag = f"cp{python.replace('.', '')}"
        for platform in ("manylinux", "macosx_11_0_arm64", "x86_64.whl", "win_amd64"):
            assert [each for each in wheels if f"-{tag}-" in each and platform in each], (
                f"no wheel for {platform}, Python {python}"
            )


def test_the_wheel_of_this_python_decodes(archive: Path, tmp_path: Path) -> None:
    """The wheel for this Python can be imported from the archive and decodes."""
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    with zipfile.ZipFile(archive) as opened:
        (name,) = [each for each in opened.namelist() if f"-{tag}-manylinux" in each]
        opened.extract(name, tmp_path)
    with zipfile.ZipFile(tmp_path / name) as wheel:
        wheel.extractall(tmp_path / "site")
    look = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import DracoPy, numpy; "
        "data = DracoPy.encode(numpy.eye(3, dtype='f4'), numpy.array([[0, 1, 2]])); print(DracoPy.__file__, len(DracoPy.decode(data).points))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == [done.stdout.split()[0], "3"] and done.stdout.startswith(
        str(tmp_path / "site")
    )


def test_blender_installs_the_fitting_wheel(
    with_draco: Path, blender: Callable[..., CommandResult]
) -> None:
    """Blender installs the wheel that fits and can import it."""
    ran = blender(
        with_draco,
        "--background",
        "--python-expr",
        "import sys, DracoPy; print('FROM', sys.version_info[:2], DracoPy.__file__)",
    )
    (told,) = [line for line in ran.out.splitlines() if line.startswith("FROM")]
    assert str(with_draco / "extensions" / ".local") in told
    assert len(list((with_draco / "extensions" / ".local").rglob("DracoPy*.dist-info"))) <= 1


@pytest.mark.parametrize("word", ["already-optimized", "draco-original"])
@pytest.mark.feature("Draco, decoded by DracoPy")
def test_an_optimized_model_is_imported(
    word: str, with_draco: Path, blender: Callable[..., CommandResult], tmp_path: Path
) -> None:
    """A model with Draco and WebP is imported with faces and texture, and its root says how."""
    ran = blender(
        with_draco,
        *MINT,
        "generate",
        "--prompt",
        f"a lamp [{word}]",
        "--preset",
        "fast",
        "-o",
        "lamp.blend",
    )
    assert ran.status == 0, ran.err
    seen = blender(
        with_draco, "--background", str(tmp_path / "lamp.blend"), "--python-expr", LOOK
    ).out
    which = "optimized" if word == "already-optimized" else "original"
    assert f"SEEN {which} True ['WEBP']" in seen
    if which == "optimized":
        assert "DracoPy decoded it" in seen and "DracoPy decoded it" in told(ran)


@pytest.mark.feature("the original file instead of one that Blender cannot read")
def test_without_it_the_original_is_used_and_reported(
    without_draco: Path, blender: Callable[..., CommandResult], tmp_path: Path
) -> None:
    """Without DracoPy the original file is imported, and a sentence names what is missing."""
    ran = blender(
        without_draco,
        *MINT,
        "generate",
        "--prompt",
        "a lamp [already-optimized]",
        "--preset",
        "fast",
        "-o",
        "lamp.blend",
    )
    assert ran.status == 0, ran.err
    assert "Using the original file instead of the optimized one" in told(ran) and "Draco" in told(
        ran
    )
    seen = blender(
        without_draco, "--background", str(tmp_path / "lamp.blend"), "--python-expr", LOOK
    ).out
    assert (
        "SEEN original True" in seen
        and "Using the original file instead of the optimized one" in seen
    )


def test_without_it_an_unreadable_file_is_reported(
    without_draco: Path, blender: Callable[..., CommandResult]
) -> None:
    """If there is only an unreadable file: status 7, what is missing, and what to do."""
    ran = blender(
        without_draco,
        *MINT,
        "generate",
        "--prompt",
        "a lamp [draco-original]",
        "--preset",
        "fast",
        "-o",
        "lamp.blend",
    )
    assert ran.status == 7
    assert (
        "lacks a decoder for Draco-compressed meshes" in ran.error_text
        and "DracoPy" in ran.error_text
    )
