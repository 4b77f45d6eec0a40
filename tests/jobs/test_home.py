# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of journal and downloads: one per user."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.jobs.storage.home import home_folder

USER = Path.home()


@pytest.mark.covers("R-one-home")
@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, Path("/data/mint-blender")),
        ("linux", {}, USER / ".local" / "share" / "mint-blender"),
        ("linux", {"XDG_DATA_HOME": "here"}, USER / ".local" / "share" / "mint-blender"),
        (
            "darwin",
            {"XDG_DATA_HOME": "/data"},
            USER / "Library" / "Application Support" / "mint-blender",
        ),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/mint-blender")),
        ("win32", {}, USER / "AppData" / "Local" / "mint-blender"),
        ("linux", {"MINT_BLENDER_HOME": "/mine", "XDG_DATA_HOME": "/data"}, Path("/mine")),
    ],
)
def test_one_folder_per_user(platform: str, environ: dict[str, str], folder: Path) -> None:
    """The platform's data folder is used, unless the user set another one."""
    assert home_folder(environ, platform=platform) == folder
