# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension archive in Debian's Blender, and `blender --online-mode --command mint`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.packaging import archive

from ..mint_service.runner import ThreadService
from . import command_runner
from .command_runner import LAMP, CommandResult
from .installed_extension import MINT, install, run

pytestmark = pytest.mark.debian

Blender = Callable[..., CommandResult]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Blender profile with the extension installed from the archive and enabled."""
    folder = tmp_path_factory.mktemp("profile")
    install(archive.build(folder / "dist", compressed=False), folder / "resources")
    return folder / "resources"


@pytest.fixture
def resources(installed: Path, tmp_path: Path) -> Path:
    """Return a copy of that profile for one test."""
    copy = tmp_path / "resources"
    shutil.copytree(installed, copy)
    return copy


@pytest.fixture
def blender(service: ThreadService, resources: Path, home: Path, tmp_path: Path) -> Blender:
    """Return a function that runs Blender with the extension and a key: `blender("--online-mode", …)`."""
    return lambda *arguments, **changes: run(
        service, resources, home, tmp_path, *arguments, **changes
    )


@pytest.mark.feature("blender --command mint")
@pytest.mark.feature("export as .blend and .glb")
def test_from_the_prompt_to_the_blend(
    blender: Blender, service: ThreadService, tmp_path: Path
) -> None:
    """A .blend is generated inside Debian's Blender; standard output has only our results."""
    ran = blender("--command", "mint", *LAMP)
    assert ran.status == 5
    assert "--online-mode" in ran.error_text and "Allow Online Access" in ran.error_text
    assert not service.log()
    ran = blender(*MINT, *LAMP, "--json", "-o", "lamp.blend")
    assert ran.status == 0, ran.err
    assert ran.result["phase"] == "placed"
    assert (tmp_path / "lamp.blend").stat().st_size > 1000
    look = "import bpy; print('SEEN', [each.type for each in bpy.context.scene.objects], [key for key in bpy.data.objects[0].keys()])"
    seen = blender("--background", str(tmp_path / "lamp.blend"), "--python-expr", look)
    assert "MESH" in seen.out and "mint_job_id" in seen.out


def test_blender_exits_with_the_status(blender: Blender, tmp_path: Path) -> None:
    """Blender exits with the status of the command and prints its sentence."""
    ran = blender(*MINT, *LAMP, "-o", "lamp.glb")
    assert ran.status == 0, ran.err
    assert (tmp_path / "lamp.glb").read_bytes()[:4] == b"glTF"
    assert "a lamp: Saved" in ran.out and "a lamp: Downloading" in ran.err
    ran = blender(*MINT, *LAMP, "--mode", "review")
    assert ran.status == 6, ran.err
    assert "blender --online-mode --command mint approve" in ran.error_text
    ran = blender(*MINT, *LAMP, "-o", "/dev/null/lamp.blend")
    assert ran.status == 7 and "Nothing was started." in ran.error_text, ran.err


@pytest.mark.thorough
def test_the_key_in_the_preferences_is_found(blender: Blender, service: ThreadService) -> None:
    """Key and base URL of the preferences are used; the environment overrides them."""
    enter = (
        "import bpy; stored = bpy.context.preferences.addons['bl_ext.user_default.mint_blender'].preferences; "
        f"stored.api_key = {service.key!r}; stored.base_url = {service.api!r}; bpy.ops.wm.save_userpref()"
    )
    assert blender("--background", "--python-expr", enter).status == 0
    nothing = {"MINT_API_KEY": "", "MINT_API_BASE_URL": ""}
    ran = blender(*MINT, "check", **nothing)
    assert ran.status == 0, ran.err
    assert "accepts the key from the preferences" in ran.out
    ran = blender(*MINT, "check", MINT_API_KEY="mint_wrong", MINT_API_BASE_URL="")
    assert ran.status == 3


@pytest.mark.covers("R-one-home")
def test_blender_and_pip_share_one_journal(
    blender: Blender, service: ThreadService, tmp_path: Path
) -> None:
    """Without MINT_BLENDER_HOME, extension and pip package use the same folder."""
    where = {"MINT_BLENDER_HOME": "", "XDG_DATA_HOME": str(tmp_path / "data")}
    assert blender(*MINT, *LAMP, "--mode", "review", **where).status == 6
    home = tmp_path / "data" / "mint-blender"
    assert (home / "journal.sqlite3").is_file()
    assert list((home / "downloads").rglob("preview-1*"))
    (job,) = command_runner.run(service, home, "jobs", "--json", **where).records
    assert job["phase"] == "review"


@pytest.mark.feature("scripts with generate()")
def test_a_script_in_blender(blender: Blender) -> None:
    """A script can import the Python interface under the extension's name."""
    script = (
        "from bl_ext.user_default import mint_blender; "
        "placed = mint_blender.generate('a small ceramic lamp', preset='fast'); "
        "print('PLACED', len(placed.objects), mint_blender.usage().credits.total_available)"
    )
    ran = blender(
        "--online-mode", "--background", "--python-exit-code", "9", "--python-expr", script
    )
    assert ran.status == 0, ran.err
    assert "PLACED" in ran.out


@pytest.mark.feature("the original file instead of one that Blender cannot read")
def test_the_original_is_used_without_draco(blender: Blender, tmp_path: Path) -> None:
    """Debian's Blender has no decoder: the original is imported, and what is missing is said."""
    look = (
        "import bpy; (root,) = [each for each in bpy.data.objects if 'mint_job_id' in each]; "
        "print('SEEN', root['mint_file_used'], len(root.data.polygons) > 0, root['mint_file_reason'])"
    )
    words = ("generate", "--prompt", "a lamp [already-optimized]", "--preset", "fast")
    ran = blender(*MINT, *words, "-o", "lamp.blend")
    assert ran.status == 0, ran.err
    said, told = "Using the original file instead of the optimized one", " ".join(ran.out.split())
    assert said in told and "Draco" in told
    seen = blender("--background", str(tmp_path / "lamp.blend"), "--python-expr", look).out
    assert f"SEEN original True {said}" in seen
