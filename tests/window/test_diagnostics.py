# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy Diagnostics by mouse and keyboard, and the crash log of a real crash."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

CLIPBOARD = "bpy.context.window_manager.clipboard"
CRASH_AT_IMPORT = """
import os, signal
bpy.context.preferences.filepaths.temporary_directory = folder
def crash(*arguments, **options):
    os.kill(os.getpid(), signal.SIGSEGV)
part('delivery.import_job').place = crash
"""


@pytest.mark.thorough
def test_a_crash_during_an_import_names_the_crash_log(
    open_blender: Callable[..., BlenderWindow], service: Service, tmp_path: Path
) -> None:
    """Blender's own log of the crash is noticed at the next start; the menu opens it."""
    (tmp_path / "temp").mkdir()
    first = open_blender()
    first.ask(CRASH_AT_IMPORT, folder=str(tmp_path / "temp"))
    first.call("mint.generate", prompt="a lamp", preset="FAST", mode="AUTO")
    assert first.process.wait(60) == -signal.SIGSEGV
    log = tmp_path / "temp" / "blender.crash.txt"
    assert "# backtrace" in log.read_text(errors="replace")
    second = open_blender()
    second.open_sidebar()
    second.wait("jobs() and jobs()[0]['trouble']")
    assert second.jobs()[0]["trouble"].endswith(f"Blender's crash log: {log}")
    second.set_sidebar_width(240)
    second.until_it_shows(lambda: second.click("mint.job_menu"))
    second.key("ctrl+c")  # over an entry, Blender copies its command
    copied = second.ask(CLIPBOARD)
    assert "wm.path_open" in copied and log.name in copied
