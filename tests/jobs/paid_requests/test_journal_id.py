# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file a journal is: the original, a copy, or an earlier state in the original's place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mint_blender.files import disk
from mint_blender.jobs.database import JournalError
from mint_blender.jobs.paid_requests import journal_id
from mint_blender.jobs.paid_requests.journal_id import attempts_file
from mint_blender.jobs.paid_requests.table import opened
from mint_blender.jobs.storage.journal import Journal

from .records import CREDENTIAL, NOW, a_record

pytestmark = pytest.mark.windows


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the file of a journal with a request that was never sent."""
    with closing(Journal(tmp_path / "home")) as made:
        made.paid_requests.insert(a_record(journal=made.paid_requests.identity))
        return made.path


def name(journal: Path) -> str:
    """Return the id of a journal, as the next process sees it."""
    with opened(journal) as records:
        return records.identity


def send(journal: Path) -> None:
    """Begin an attempt, as `send` does."""
    with opened(journal) as records:
        assert records.begin(a_record().key, now=NOW, credential=CREDENTIAL, body="{}")
        records.note_attempts()


def put_back(journal: Path, backup: bytes) -> None:
    """Write an earlier content into the same file, which stays the same one on the disk."""
    for suffix in ("-wal", "-shm"):
        journal.with_name(journal.name + suffix).unlink(missing_ok=True)
    journal.write_bytes(backup)


def test_every_process_gives_it_the_same_id(journal: Path) -> None:
    """Also after attempts: what is clean, or young, is sent by the next one."""
    before = name(journal)
    send(journal)
    assert name(journal) == name(journal) == before


def test_two_processes_that_open_a_new_one_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes between two steps of the first. Otherwise one would be a copy for the other."""
    read, turns = journal_id._read, iter(["the first"])
    seen: list[str] = []

    def let_the_other_in(path: Path) -> int | None:
        counted = read(path)
        if next(turns, None):
            with closing(Journal(tmp_path / "home")) as other:
                seen.append(other.paid_requests.identity)
        return counted

    monkeypatch.setattr(journal_id, "_read", let_the_other_in)
    with closing(Journal(tmp_path / "home")) as opened_first:
        assert seen == [opened_first.paid_requests.identity]


def test_an_earlier_state_in_its_place_is_a_copy(journal: Path) -> None:
    """What was sent since is unknown there: nothing of it is sent before a look and a person."""
    before, backup = name(journal), journal.read_bytes()
    send(journal)
    put_back(journal, backup)
    with opened(journal) as records:
        assert records.identity != before
        assert records.get(a_record().key).is_copied
        assert records.begin(a_record().key, now=NOW, credential=CREDENTIAL, body="{}") is None
    assert name(journal) != before, "for good"


def test_the_same_state_put_back_is_no_copy(journal: Path) -> None:
    """Nothing was sent since the backup was made."""
    send(journal)
    before, backup = name(journal), journal.read_bytes()
    put_back(journal, backup)
    assert name(journal) == before


@pytest.mark.parametrize(
    "damage", [Path.unlink, lambda file: file.write_bytes(b"many")], ids=["removed", "damaged"]
)
def test_without_the_number_of_attempts_it_counts_as_a_copy(
    journal: Path, damage: Callable[[Path], object]
) -> None:
    """Nobody knows then whether an earlier state was put back."""
    before = name(journal)
    damage(attempts_file(journal))
    after = name(journal)
    assert after != before and name(journal) == after


def test_a_copied_home_is_a_copy(journal: Path) -> None:
    """Although the number of attempts was copied with it. The original stays what it is."""
    before = name(journal)
    clone = Path(shutil.copytree(journal.parent, journal.parent.with_name("clone")))
    assert name(clone / journal.name) != before == name(journal)


def test_another_number_of_the_device_is_no_copy(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some systems give their devices other numbers when the computer is started."""
    before, real = name(journal), Path.stat

    def renumbered(self: Path, **more: bool) -> os.stat_result:
        found = list(real(self, **more))
        found[2] += 1
        return os.stat_result(found)

    monkeypatch.setattr(Path, "stat", renumbered)
    assert name(journal) == before


def test_nothing_is_sent_if_the_number_cannot_be_written(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, for example. The error names the journal."""

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "replace", full)
    with pytest.raises(JournalError, match=r"journal\.sqlite3"):
        send(journal)
