# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of another account, keys for another address, and an unusable journal."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from mint_blender.cli import session
from mint_blender.jobs.budget.spending import Limits

from ..mint_service.runner import ThreadService, running_service
from .command_runner import RunMint


@pytest.mark.covers("S-key-address")
def test_an_address_of_the_environment_does_not_get_a_stored_key(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored key is not sent to another address: status 3, and no request."""
    monkeypatch.delenv("MINT_API_KEY")
    stored = SimpleNamespace(
        stored_account=lambda: (service.key, ""),
        confirmed_origins=frozenset,
        may_go_online=lambda: True,
        limits=Limits,
    )
    monkeypatch.setattr(session, "_preferences", lambda: stored)
    for command in (["check"], ["generate", "--prompt", "a lamp"], ["models"], ["resume"]):
        ran = mint(*command)
        assert ran.status == 3
        assert (
            f"MINT_API_BASE_URL points to {service.api.removesuffix('/v1')}, so your stored API key was not sent."
            in ran.err
        )
    assert service.log() == []
    stored.confirmed_origins = lambda: frozenset({service.api.removesuffix("/v1")})
    assert mint("check").status == 0


def test_jobs_name_their_account(
    mint: RunMint, home: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jobs --json` has API, account and `mine`; the text says what to do."""
    (result,) = [
        each
        for each in mint("generate", "--prompt", "a lamp", "--mode", "review", "--json").records
        if each["event"] == "result"
    ]
    assert (result["mine"], result["api"]) == (True, service.api.removesuffix("/v1"))
    assert result["account"].startswith("user:")
    with running_service(speed=2000) as other:
        monkeypatch.setenv("MINT_API_KEY", other.key)
        monkeypatch.setenv("MINT_API_BASE_URL", other.api)
        (listed,) = mint("jobs", "--json").records
        assert (listed["mine"], listed["state"]) == (False, "Belongs to another account")
        assert "a lamp: Belongs to another account" in mint("jobs").out
        for command in ("approve", "cancel", "resume"):
            ran = mint(command, listed["job"])
            assert ran.status == 3
            assert "belongs to another account. Use that account's API key and address" in ran.err
        assert "No jobs were interrupted" in mint("resume").err
        with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
            database.execute("UPDATE jobs SET phase = 'working'")
        assert (
            "1 unfinished job belongs to another account. Use that account's key and address to continue it."
            in mint("resume").err
        )
        with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
            database.execute("UPDATE jobs SET phase = 'review'")
        assert mint("usage", "--json").records[0]["journal"]["generations"] == 0
        assert not other.requests("POST")
    monkeypatch.delenv("MINT_API_KEY")
    monkeypatch.setenv("MINT_API_BASE_URL", service.api)
    (listed,) = mint("jobs", "--json").records
    assert (listed["mine"], listed["phase"]) == (None, "review"), "without a key nobody can say"


@pytest.mark.covers("R-unreadable")
def test_an_unreadable_record_is_listed_and_kept(mint: RunMint, home: Path) -> None:
    """Other jobs work, and an unreadable record is not changed by dismissing it."""
    mint("generate", "--prompt", "a lamp")
    mint("generate", "--prompt", "a chair")
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
        (damaged,) = database.execute("SELECT id FROM jobs ORDER BY created_at").fetchone()
        database.execute(
            "UPDATE jobs SET record = '{\"half', phase = 'dreaming' WHERE id = ?", (damaged,)
        )
    listed = mint("jobs", "--json").records
    assert [each["event"] for each in listed] == ["job", "unreadable"]
    assert f"{damaged}  This job cannot be read" in mint("jobs").out
    assert mint("resume").status == 0
    assert mint("generate", "--prompt", "a vase").status == 0
    assert mint("dismiss", damaged).status == 0
    assert [each["event"] for each in mint("jobs", "--json").records] == ["job", "job"]
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        row = database.execute(
            "SELECT record, phase, dismissed FROM jobs WHERE id = ?", (damaged,)
        ).fetchone()
    assert row == ('{"half', "dreaming", 1)


def _noise(home: Path) -> None:
    home.mkdir()
    (home / "journal.sqlite3").write_bytes(os.urandom(8192))


def _file_instead_of_a_folder(home: Path) -> None:
    home.write_text("not a folder")


def _newer(home: Path) -> None:
    home.mkdir()
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("break_it", [_noise, _file_instead_of_a_folder, _newer])
@pytest.mark.parametrize(
    "command",
    [["jobs"], ["resume"], ["generate", "--prompt", "a lamp"]],
    ids=lambda command: command[0],
)
def test_an_unusable_journal_is_reported(
    mint: RunMint, service: ThreadService, home: Path, break_it, command
) -> None:
    """The error names the file and what to do, and nothing is sent."""
    break_it(home)
    ran = mint(*command)
    assert ran.status == 1
    assert "journal" in ran.err
    assert "MINT_BLENDER_HOME" in ran.err or "Update the add-on" in ran.err
    assert "Traceback" not in ran.err
    assert not service.requests("POST")
