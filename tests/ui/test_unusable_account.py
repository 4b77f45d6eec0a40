# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on does and shows while its key, its address or its journal is of no use."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import mint_blender  # noqa: E402 - needs bpy
from mint_blender import addon_settings  # noqa: E402
from mint_blender.jobs.engine.thread_messages import QueryAnswered  # noqa: E402
from mint_blender.jobs.queries import KeyOwner  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.ui import heartbeat, panel, session  # noqa: E402
from mint_blender.ui.account import preferences as account_preferences  # noqa: E402

from .drawings import calls_of, in_class  # noqa: E402


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Return add-on preferences with a key, as those of an installed add-on."""
    stored = SimpleNamespace(
        api_key="sk-stored",
        base_url="",
        confirmed_origins="https://one.example",
        limit_each=0,
        limit_day=0,
        log_level="WARNING",
    )
    for module in (addon_settings, account_preferences):
        monkeypatch.setattr(module, "preferences", lambda: stored)
    monkeypatch.delenv("MINT_API_KEY", raising=False)
    monkeypatch.setenv("MINT_API_BASE_URL", "https://two.example/v1")
    mint_blender.register()
    yield stored
    mint_blender.unregister()


@pytest.mark.covers("S-key-address")
def test_the_key_is_withheld_until_the_address_is_confirmed(stored: SimpleNamespace) -> None:
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
    size = SimpleNamespace(width=300, height=900)
    known = {"region": size, "active_object": None}
    context = SimpleNamespace(window_manager=bpy.context.window_manager, **known)
    calls = calls_of(in_class(panel.MINT_PT_main.draw), context, is_open=False)
    return [call[1] for call in calls if call[0] == "panel" or "mint.browse_library" in call]


def test_a_refused_key_shows_no_library(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tab says what to do about the key, and shows nothing that needs one."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    assert sections() == ["mint_references", "mint_options", "mint.browse_library"]
    refused = QueryAnswered(KeyOwner(), None, error="no", key_problem="The key was revoked.")
    job_service.queries.answers[KeyOwner()] = refused
    assert sections() == []
