# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal that cannot be used: the add-on starts, and says why no jobs are listed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import mint_blender  # noqa: E402 - needs bpy
from mint_blender.ui import heartbeat, session  # noqa: E402


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
