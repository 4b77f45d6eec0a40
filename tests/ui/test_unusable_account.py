# SPDX-License-Identifier: GPL-3.0-or-later
"""While the key, the address or the journal is of no use; and what is reported to support."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import mint_blender
from mint_blender.delivery import blender_runtime
from mint_blender.jobs.job_values import Cause, Problem
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.queries import Balance, KeyOwner, QueryAnswered
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import import_marks
from mint_blender.message import Message
from mint_blender.mint.schema import Usage
from mint_blender.ui import heartbeat, panel, registration, session
from mint_blender.ui.account import preferences as preferences

from .drawings import calls_of, in_class, sidebar
from .sample_jobs import a_job


@pytest.fixture
def stored(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the preferences of the registered add-on, with a key and a confirmed address."""
    entry = bpy.context.preferences.addons.new()
    entry.module = "mint_blender"
    monkeypatch.delenv("MINT_API_KEY", raising=False)
    monkeypatch.setenv("MINT_API_BASE_URL", "https://two.example/v1")
    mint_blender.register()
    entry.preferences.api_key = "sk-stored"
    entry.preferences.confirmed_origins = "https://one.example"
    yield entry.preferences
    mint_blender.unregister()


@pytest.mark.covers("S-key-address")
def test_the_key_is_withheld_until_the_address_is_confirmed(stored: Any) -> None:
    """One click confirms one server; another server needs another click."""
    assert (session.account().key, session.account().withheld_from) == ("", "https://two.example")
    assert bpy.ops.mint.confirm_address() == {"FINISHED"}
    assert stored.confirmed_origins == "https://one.example https://two.example"
    assert (session.account().key, session.account().withheld_from) == ("sk-stored", "")
    assert bpy.ops.mint.confirm_address() == {"CANCELLED"}, "there is nothing to confirm any more"


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Register the add-on with noise in place of its journal."""
    path = tmp_path / "home" / "journal.sqlite3"
    path.parent.mkdir()
    path.write_bytes(os.urandom(8192))
    account = {"MINT_API_KEY": "key", "MINT_API_BASE_URL": "http://127.0.0.1:9/v1"}
    for name, value in (account | {"MINT_BLENDER_HOME": str(path.parent)}).items():
        monkeypatch.setenv(name, value)
    mint_blender.register()
    yield path
    mint_blender.unregister()


def test_the_add_on_starts_with_a_broken_journal(broken: Path) -> None:
    """Panel and operators give a sentence; it works again once the file is gone."""
    noise = broken.read_bytes()
    while heartbeat._resume() is not None:  # it is being loaded
        time.sleep(0.01)
    sentence = session.journal_error()
    assert sentence is not None
    assert sentence.startswith(f"The job journal {broken} cannot be read or written")
    with pytest.raises(RuntimeError, match=r"It is damaged or not a journal\. Do not delete it"):
        bpy.ops.mint.generate(prompt="a lamp")
    assert broken.read_bytes() == noise
    broken.unlink()
    assert session.service().jobs() == []
    assert session.journal_error() is None


def sections() -> list[str]:
    """Return the names of the sections of the panel, and the library's button."""
    calls = calls_of(in_class(panel.MINT_PT_main.draw), sidebar(), is_open=False)
    return [call[1] for call in calls if call[0] == "panel" or "mint.browse_library" in call]


def test_a_refused_key_shows_no_library(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tab says what to do about the key, and shows nothing that needs one."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    assert sections() == ["mint_options"], "a library of which nothing is known is in the menu Add"
    usage = Usage.from_json({"apiUsage": {"models": 1}})
    job_service.queries.answers[Balance()] = QueryAnswered(Balance(), usage)
    assert sections() == ["mint_options", "mint.browse_library"]
    refused = QueryAnswered(KeyOwner(), None, error="no", key_problem="The key was revoked.")
    job_service.queries.answers[KeyOwner()] = refused
    assert sections() == []


KEY = "mint_secret_0123456789"


@pytest.fixture
def copied() -> Any:
    """Let the operator copy to where a test can look: without a window there is no clipboard."""
    return SimpleNamespace(window_manager=SimpleNamespace(clipboard=""))


def test_the_report_names_versions_and_no_secret(
    registered: None, home: Path, monkeypatch: pytest.MonkeyPatch, copied: Any
) -> None:
    """The versions of the add-on and of Blender, and where the key comes from."""
    monkeypatch.setenv("MINT_API_KEY", KEY)
    said: list[str] = []
    operator: Any = SimpleNamespace(report=lambda kind, text: said.append(text))
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
    registered: None, home: Path, monkeypatch: pytest.MonkeyPatch, level: str, written: int
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


def test_a_mistake_before_the_first_use_is_logged(registered: None, home: Path) -> None:
    """`logging` is not imported when the add-on is enabled, but its first entry is in the file."""
    registration.unregister()
    registration.register()
    assert not logging.getLogger("mint_blender").handlers
    session.logger("mint_blender.test").error("one")
    session.logger("mint_blender.test").error("two")
    assert len((home / "mint.log").read_text().splitlines()) == 2
    assert len(logging.getLogger("mint_blender").handlers) == 1


def test_the_report_of_a_job_says_that_blender_crashed() -> None:
    """The button of the row needs the path of the crash log."""
    message = Message("{crashed} {crash_log}", crashed="Crashed.", crash_log="/tmp/a.crash.txt")
    problem = Problem(Cause.IMPORT, message, code=import_marks.CRASHED_CODE)
    job = a_job(Phase.READY, problem=problem)
    assert JobView(job).crash_log == "/tmp/a.crash.txt"
    assert JobView(a_job(Phase.READY)).crash_log == ""
    assert "Crashed." in JobView(job).report()


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
