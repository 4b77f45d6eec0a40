# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's archive in Windows' Blender, in folders with spaces and other letters."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts.packaging import archive

from ..cli.installed_extension import clean_environment
from ..harness.processes import captured

pytestmark = [pytest.mark.windows, pytest.mark.blender]

INSTALL = """
import json, sys, bpy
words = {"repo": "user_default", "enable_on_install": True}
installed = bpy.ops.extensions.package_install_files(filepath=sys.argv[1], **words)
from bl_ext.user_default import mint_blender
panel = bpy.types.MINT_PT_main.__module__
print("SEEN", json.dumps([sorted(installed), mint_blender.__file__, panel]))
"""


def test_it_is_installed_and_enabled(tmp_path: Path) -> None:
    """Blender's own installer takes the archive from such a folder, into such a profile."""
    profile = tmp_path / "profil d'été"
    built = archive.build(tmp_path / "new files – März", compressed=False)
    words = [sys.executable, "-X", "utf8", "-c", INSTALL, str(built)]
    ran = captured(words, env=clean_environment(profile), cwd=tmp_path, encoding="utf-8")
    seen = [line for line in ran.stdout.splitlines() if line.startswith("SEEN ")]
    assert ran.returncode == 0 and seen, ran.stdout + ran.stderr
    installed, file, panel = json.loads(seen[0].removeprefix("SEEN "))
    assert installed == ["FINISHED"]
    place = profile / "extensions" / "user_default" / "mint_blender"
    assert Path(file) == place / "__init__.py"
    assert panel == "bl_ext.user_default.mint_blender.ui.panel"
