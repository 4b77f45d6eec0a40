# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the journal: several writers, what is no journal, and folders on a network."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mint_blender.jobs.storage import database
from mint_blender.jobs.storage.database import choose_mode
from mint_blender.jobs.storage.journal import Journal, JournalError

from .other_process import OtherProcess
from .workflow_harness import a_job


def test_several_processes_write_at_once(home: Path) -> None:
    """Processes that open a new home together all write, and nothing is lost."""
    others = [OtherProcess(home) for _ in range(3)]
    try:
        for other in others:
            other.tell("add", 30)
        mine = Journal(home)
        added = [mine.add(a_job())[0].id for _ in range(30)]
        for other in others:
            added += other.receive()
        assert sorted(job.id for job in mine.jobs()) == sorted(added)
        assert sorted(mine.changes(0)[1]) == sorted(added)
        mine.close()
    finally:
        for other in others:
            other.end(signal.SIGKILL)


def test_a_newer_journal_is_refused_and_not_changed(home: Path) -> None:
    """An older version does not touch a newer journal."""
    Journal(home).close()
    database = sqlite3.connect(home / "journal.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = (home / "journal.sqlite3").read_bytes()
    with pytest.raises(
        JournalError, match=r"was written by a newer version of this add-on. Update the add-on\.$"
    ):
        Journal(home)
    assert (home / "journal.sqlite3").read_bytes() == before


def test_an_unusable_home_is_reported(tmp_path: Path) -> None:
    """The message names the folder and the variable that chooses another one."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        JournalError, match=r"journal\.sqlite3 cannot be opened .* MINT_BLENDER_HOME\.$"
    ):
        Journal(tmp_path / "file" / "home")


def test_a_file_that_is_no_journal_is_reported(home: Path) -> None:
    """The file is not a SQLite database."""
    home.mkdir()
    (home / "journal.sqlite3").write_text("I am a poem. " * 100)
    with pytest.raises(JournalError, match=r"cannot be read or written \(file is not a database\)"):
        Journal(home)


def mode_of(home: Path) -> str:
    """Return the journal mode as another connection reads it."""
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


def test_no_write_ahead_log_on_a_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network folder a rollback journal is used, with one more sync.

    A journal from a local disk is converted.
    """
    local = Journal(home)
    assert (local._db.mode, mode_of(home)) == ("wal", "wal")
    local.close()
    monkeypatch.setattr(database, "is_local", lambda folder: False)
    shared = Journal(home)
    assert (shared._db.mode, mode_of(home)) == ("delete", "delete")
    assert shared._db.row("PRAGMA synchronous") == (3,)
    shared.close()
    assert not list(home.glob("journal.sqlite3-*"))


def test_the_actual_journal_mode_decides_the_syncs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If SQLite does not set the requested mode, its actual mode is used."""
    shared = sqlite3.connect(":memory:")  # knows no log
    monkeypatch.setattr(database, "is_local", lambda folder: True)
    assert choose_mode(shared, home) == "memory"
    assert shared.execute("PRAGMA synchronous").fetchone() == (3,)
    shared.close()


def test_a_network_journal_held_in_wal_mode_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and the message says what to do."""
    local = Journal(home)
    local.add(a_job())
    monkeypatch.setattr(database, "is_local", lambda folder: False)
    with pytest.raises(JournalError, match="Quit all other Blenders"):
        Journal(home)
    local.close()
    Journal(home).close()
