# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive of `scripts/package.py --with-draco`, whose wheels come from PyPI, in Debian's
Blender, which has no Draco decoder.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import package

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
    """The archive with the wheels of every platform."""
    folder = tmp_path_factory.mktemp("draco")
    try:
        return package.build(folder / "dist", wheels=package.draco_wheels(folder / "wheels"))
    except package.PackageError as problem:
        if any(word in str(problem).lower() for word in UNREACHABLE):
            pytest.skip("needs PyPI, from which pip takes the wheels of DracoPy")
        raise


@pytest.fixture(scope="module")
def with_draco(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile in which that archive is installed."""
    resources = tmp_path_factory.mktemp("with") / "resources"
    install(archive, resources)
    return resources


@pytest.fixture(scope="module")
def without_draco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile with the plain archive."""
    folder = tmp_path_factory.mktemp("without")
    install(package.build(folder / "dist"), folder / "resources")
    return folder / "resources"


@pytest.fixture
def blender(service: ThreadService, home: Path, tmp_path: Path) -> Callable[..., CommandResult]:
    """Runs Blender with one of the profiles: `blender(with_draco, "--command", …)`."""
    return lambda resources, *arguments: run(service, resources, home, tmp_path, *arguments)


def told(ran: CommandResult) -> str:
    """Standard output as one line."""
    return " ".join(ran.out.split())


def test_it_brings_the_wheels_of_every_platform_and_python(archive: Path) -> None:
    """Eight wheels, one for each platform and Python that Blender has, all in the manifest's list."""
    with zipfile.ZipFile(archive) as opened:
        wheels = tomllib.loads(opened.read("blender_manifest.toml").decode())["wheels"]
        assert {name for name in opened.namelist() if name.endswith(".whl")} == {
            each.removeprefix("./") for each in wheels
        }
    for python in package.WHEEL_PYTHONS:
        tag = f"cp{python.replace('.', '')}"
        for platform in ("manylinux", "macosx_11_0_arm64", "x86_64.whl", "win_amd64"):
            assert [each for each in wheels if f"-{tag}-" in each and platform in each], (
                f"no wheel for {platform}, Python {python}"
            )


def test_the_wheel_of_this_python_decodes(archive: Path, tmp_path: Path) -> None:
    """The wheel for the Python that runs this test, taken out of the archive, is the one that is
    imported, and reads what it has written.
    """
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


def test_blender_takes_the_wheel_of_its_own_python(
    with_draco: Path, blender: Callable[..., CommandResult]
) -> None:
    """Of the eight wheels Blender unpacks the one that fits, and imports it."""
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
def test_an_optimized_model_arrives(
    word: str, with_draco: Path, blender: Callable[..., CommandResult], tmp_path: Path
) -> None:
    """A model that requires Draco and WebP is in the .blend, with faces and its WebP texture, and
    its root tells how it was read.
    """
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


def test_without_it_the_original_is_used_and_reported(
    without_draco: Path, blender: Callable[..., CommandResult], tmp_path: Path
) -> None:
    """The plain archive in the same Blender: the model arrives all the same, from the original
    file, and the sentence names what is lacking.
    """
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
    """Where Mint has nothing else: exit status 7, what this Blender lacks, and what to do."""
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
