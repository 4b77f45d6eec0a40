# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy Diagnostics, the level of the log, and the crash log on a card, in Blender."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("registered")]

from mint_blender.delivery import blender_runtime  # noqa: E402
from mint_blender.ui import registration, session  # noqa: E402
from mint_blender.ui.account import preferences  # noqa: E402

KEY = "mint_secret_0123456789"


@pytest.fixture
def copied() -> SimpleNamespace:
    """Let the operator copy to where a test can look: without a window there is no clipboard."""
    return SimpleNamespace(window_manager=SimpleNamespace(clipboard=""))


def test_the_report_names_versions_and_no_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch, copied: SimpleNamespace
) -> None:
    """The versions of the add-on and of Blender, and where the key comes from."""
    monkeypatch.setenv("MINT_API_KEY", KEY)
    said: list[str] = []
    operator = SimpleNamespace(report=lambda kind, text: said.append(text))
    assert preferences.MINT_OT_copy_diagnostics.execute(operator, copied) == {"FINISHED"}
    text = copied.window_manager.clipboard
    assert said == ["Diagnostics copied to the clipboard."]
    assert f"Blender {bpy.app.version_string}" in text and "Mint for Blender 0.1.0" in text
    assert "the environment variable MINT_API_KEY" in text and KEY not in text
    assert not (home / "journal.sqlite3").exists()
    assert bpy.ops.mint.copy_diagnostics() == {"FINISHED"}


def test_versions_name_the_module() -> None:
    """`bpy` in Python is another program than Blender."""
    assert "the bpy module" in blender_runtime.blender_version()
    assert blender_runtime.is_supported()


@pytest.mark.parametrize(("level", "written"), [("WARNING", 1), ("INFO", 2), ("DEBUG", 3)])
def test_the_level_of_the_log(
    home: Path, monkeypatch: pytest.MonkeyPatch, level: str, written: int
) -> None:
    """The preference takes effect at once, and is undone when the add-on is disabled."""
    monkeypatch.setattr(
        "mint_blender.ui.account.preferences.settings", lambda: SimpleNamespace(log_level=level)
    )
    preferences.apply_log_level()
    logger = logging.getLogger("mint_blender.test")
    logger.warning("one")
    logger.info("two")
    logger.debug("three")
    assert len((home / "mint.log").read_text().splitlines()) == written
    preferences.stop_log()
    assert logging.getLogger("mint_blender").level == logging.NOTSET
    preferences._start_log()


def test_a_mistake_before_the_first_use_is_logged(home: Path) -> None:
    """`logging` is not imported when the add-on is enabled, but its first entry is in the file."""
    registration.unregister()
    registration.register()
    assert not logging.getLogger("mint_blender").handlers
    session.logger("mint_blender.test").error("one")
    session.logger("mint_blender.test").error("two")
    assert len((home / "mint.log").read_text().splitlines()) == 2
    assert len(logging.getLogger("mint_blender").handlers) == 1


def test_where_blender_writes_its_crash_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the folder of this session, named after the file; the module writes none."""
    assert blender_runtime.crash_log() == ""
    app = SimpleNamespace(binary_path="/opt/blender", tempdir="/tmp/blender_a1b2c3/")
    for file, name in (
        ("", "blender.crash.txt"),
        ("/work/my.scene.v2.blend", "my.scene.v2.crash.txt"),
    ):
        fake = SimpleNamespace(app=app, data=SimpleNamespace(filepath=file))
        monkeypatch.setitem(sys.modules, "bpy", fake)
        assert blender_runtime.crash_log() == str(Path("/tmp", name))
    monkeypatch.undo()
