# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal keeps jobs across restarts, and concurrent writers lose no change."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage import filesystem_type
from mint_blender.jobs.storage.database import choose_mode
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.mint.schema import Kind

from .job_strategies import jobs
from .other_process import ON_A_NETWORK, OtherProcess
from .workflow_harness import a_job, working

APPROVE, REVISE, CANCEL, RETRY = (
    Decision(verb, f"key-{verb}") for verb in (Verb.APPROVE, Verb.REVISE, Verb.CANCEL, Verb.RETRY)
)


@pytest.fixture(params=["here", "network"])
def journal(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Journal]:
    """Yield a journal in an empty home, on a local disk or a network folder."""
    if request.param == "network":
        monkeypatch.setattr(filesystem_type, "is_local", lambda folder: False)
        monkeypatch.setenv(ON_A_NETWORK, "1")
    journal = Journal(home)
    yield journal
    journal.close()


def in_journal(journal: Journal, job: Job) -> Job:
    """Add a job to the journal and return it."""
    journal.add(job)
    return job


def found(journal: Journal, job: Job) -> Job:
    """Return the job as the journal has it."""
    read = journal.job(job.id)
    assert read is not None
    return read


# -- keeping
# -------------------------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(job=jobs)
def test_jobs_are_found_by_another_journal(tmp_path: Path, job: Job) -> None:
    """A job is the same when another journal opens the file."""
    one = Journal(tmp_path)
    job = replace(job, id=f"{len(one.jobs()):012x}", decision=None)
    one.add(job)
    one.close()
    other = Journal(tmp_path)
    assert other.job(job.id) == job
    other.close()


def test_jobs_are_listed_newest_first_without_dismissed_ones(journal: Journal) -> None:
    """A dismissed job is not listed but can still be read."""
    old, new, gone = (
        in_journal(journal, replace(a_job(), created_at=at)) for at in (1.0, 3.0, 2.0)
    )
    journal.dismiss(gone.id)
    assert [job.id for job in journal.jobs()] == [new.id, old.id]
    assert found(journal, gone) == gone


def test_the_history_of_a_job(journal: Journal) -> None:
    """Each change of phase is recorded once with its time, in order."""
    job = in_journal(journal, a_job())
    for phase in (Phase.SENDING, Phase.WORKING, Phase.WORKING, Phase.FETCHING):
        journal.save(replace(job, phase=phase))
    moves = journal.moves([job.id])[job.id]
    assert [phase for phase, _ in moves] == [
        Phase.WAITING,
        Phase.SENDING,
        Phase.WORKING,
        Phase.FETCHING,
    ]
    assert [at for _, at in moves] == sorted(at for _, at in moves)


# -- decisions
# -----------------------------------------------------------------------------------------------------------------


def test_saving_a_job_keeps_a_new_decision(journal: Journal, home: Path) -> None:
    """The worker's record does not overwrite a decision that it does not know."""
    job = in_journal(journal, replace(working(), phase=Phase.REVIEW))
    clicks = Journal(home)
    assert clicks.decide(job.id, APPROVE)
    journal.save(replace(job, notes=("Something else.",)))
    assert found(journal, job).decision == APPROVE
    assert found(journal, job).notes == ("Something else.",)
    clicks.close()


def test_only_its_own_answer_removes_a_decision(journal: Journal) -> None:
    """A decision that replaced another one stays when the first one is answered."""
    job = in_journal(journal, replace(working(), phase=Phase.REVIEW))
    journal.decide(job.id, APPROVE)
    journal.decide(job.id, CANCEL)
    journal.save(job, answered=APPROVE)
    assert found(journal, job).decision == CANCEL
    journal.save(job, answered=CANCEL)
    assert found(journal, job).decision is None


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (APPROVE, replace(APPROVE, key="again"), APPROVE),
        (REVISE, APPROVE, REVISE),
        (REVISE, replace(REVISE, key="again"), REVISE),
        (APPROVE, CANCEL, CANCEL),
        (CANCEL, APPROVE, CANCEL),
        (CANCEL, replace(CANCEL, key="again"), CANCEL),
    ],
)
def test_a_second_decision_is_refused(
    journal: Journal, first: Decision, second: Decision, kept: Decision
) -> None:
    """Until the first decision is answered, only a cancel can replace it."""
    job = in_journal(journal, replace(working(), phase=Phase.REVIEW))
    assert journal.decide(job.id, first)
    assert journal.decide(job.id, second) is (kept is second)
    assert found(journal, job).decision == kept


def test_a_cancel_does_not_replace_a_retry(journal: Journal) -> None:
    """The response to a retry may name a new operation, so it is awaited first."""
    job = in_journal(journal, replace(working(), phase=Phase.FAILED))
    assert journal.decide(job.id, RETRY)
    journal.save(replace(job, phase=Phase.PAUSED))
    assert not journal.decide(job.id, CANCEL)


def test_a_decision_on_an_outdated_job_is_refused(journal: Journal) -> None:
    """The list may be outdated, the journal is not."""
    job = in_journal(journal, replace(working(), phase=Phase.FETCHING))
    assert not journal.decide(job.id, APPROVE)
    assert not journal.decide("nobody", APPROVE)
    assert found(journal, job).decision is None


# -- changes
# -------------------------------------------------------------------------------------------------------------------


def test_each_change_is_reported_once(journal: Journal, home: Path) -> None:
    """Each reader gets new, changed and dismissed jobs once."""
    reader = Journal(home)
    first, second = in_journal(journal, a_job()), in_journal(journal, a_job())
    since, changed = reader.changes(0)
    assert changed == {first.id: first, second.id: second}
    assert reader.changes(since) == (since, {})
    moved = replace(first, phase=Phase.SENDING)
    journal.save(moved)
    journal.dismiss(second.id)
    newer, changed = reader.changes(since)
    assert changed == {first.id: moved, second.id: None}
    assert reader.changes(newer)[1] == {}
    reader.close()


def test_the_revision_changes_only_with_writes_of_others(journal: Journal, home: Path) -> None:
    """It changes when another connection writes, and only then."""
    reader = Journal(home)
    before = reader.revision()
    assert reader.revision() == before
    in_journal(journal, a_job())
    assert reader.revision() != before
    reader.close()


# -- slots
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("C18-ten")
def test_slots_are_counted_across_processes(journal: Journal, home: Path) -> None:
    """Jobs of living processes take slots, and each kind has its own."""
    mine = ProcessLock(home)
    theirs, ours, world = (
        in_journal(journal, a_job()),
        in_journal(journal, a_job()),
        in_journal(journal, a_job(kind=Kind.WORLD)),
    )
    with OtherProcess(home) as other:
        assert other.ask("claim", theirs.id)
        assert other.ask("take_slot", theirs.id, 1)
        assert not journal.take_slot(ours.id, Kind.MODEL, 1, mine)
        assert found(journal, ours).phase is Phase.WAITING
        assert journal.take_slot(world.id, Kind.WORLD, 1, mine)
        other.end(signal.SIGKILL)
        assert journal.take_slot(ours.id, Kind.MODEL, 1, mine)
        assert found(journal, ours).phase is Phase.SENDING
    mine.close()


def test_the_last_slot_is_given_once(journal: Journal, home: Path) -> None:
    """Two processes request the last slot at the same time, and only one gets it."""
    mine = ProcessLock(home)
    with OtherProcess(home) as other:
        for _ in range(20):
            theirs, ours = in_journal(journal, a_job()), in_journal(journal, a_job())
            assert journal.claim(ours.id, mine)
            assert other.ask("claim", theirs.id)
            other.tell("take_slot", theirs.id, 1)
            got = journal.take_slot(ours.id, Kind.MODEL, 1, mine)
            assert [got, other.receive()].count(True) == 1
            for job in (theirs, ours):
                journal.save(replace(job, phase=Phase.CANCELED))
    mine.close()


# -- drivers
# -------------------------------------------------------------------------------------------------------------------


def test_a_job_is_claimed_by_one_living_process(journal: Journal, home: Path) -> None:
    """Another process can claim the job only after SIGKILL of the first."""
    mine, job = ProcessLock(home), in_journal(journal, a_job())
    with OtherProcess(home) as other:
        assert other.ask("claim", job.id)
        assert journal.is_driven_elsewhere(job.id, mine)
        assert journal.claim(job.id, mine) is None
        other.end(signal.SIGKILL)
        assert not journal.is_driven_elsewhere(job.id, mine)
        assert journal.claim(job.id, mine) == job
    mine.close()


def test_a_released_job_can_be_claimed(journal: Journal, home: Path) -> None:
    """Only the process that holds a job can release it."""
    mine, other, job = ProcessLock(home), ProcessLock(home), in_journal(journal, a_job())
    assert journal.claim(job.id, mine)
    journal.release(job.id, other)
    assert journal.claim(job.id, other) is None
    journal.release(job.id, mine)
    assert journal.claim(job.id, other) == job
    mine.close()
    other.close()


# -- several writers, and trouble
# ------------------------------------------------------------------------------------------------


def test_several_processes_write_at_once(home: Path) -> None:
    """Processes that open a new home together all write, and nothing is lost."""
    others = [OtherProcess(home) for _ in range(3)]
    try:
        for other in others:
            other.tell("add", 30)
        mine = Journal(home)
        added = [in_journal(mine, a_job()).id for _ in range(30)]
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


def test_a_failed_write_is_reported_and_changes_nothing(journal: Journal, home: Path) -> None:
    """The journal can be used after a commit failed."""
    job = in_journal(journal, a_job())
    database = sqlite3.connect(home / "journal.sqlite3")
    database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON changes BEGIN SELECT raise(ABORT, 'disk is full'); END"
    )
    with pytest.raises(
        JournalError,
        match=r"cannot be read or written \(disk is full\)\. Check the folder and the free space on its disk",
    ):
        journal.save(replace(job, phase=Phase.SENDING))
    assert found(journal, job).phase is Phase.WAITING
    database.execute("DROP TRIGGER full")
    database.close()
    journal.save(replace(job, phase=Phase.SENDING))
    assert found(journal, job).phase is Phase.SENDING


# -- on a network
# --------------------------------------------------------------------------------------------------------------


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
    monkeypatch.setattr(filesystem_type, "is_local", lambda folder: False)
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
    monkeypatch.setattr(filesystem_type, "is_local", lambda folder: True)
    assert choose_mode(shared, home) == "memory"
    assert shared.execute("PRAGMA synchronous").fetchone() == (3,)
    shared.close()


def test_a_network_journal_held_in_wal_mode_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and the message says what to do."""
    local = Journal(home)
    local.add(a_job())
    monkeypatch.setattr(filesystem_type, "is_local", lambda folder: False)
    with pytest.raises(JournalError, match="Quit all other Blenders"):
        Journal(home)
    local.close()
    Journal(home).close()


def test_a_commit_of_another_process_changes_the_revision(journal: Journal, home: Path) -> None:
    """This holds in both journal modes."""
    before = journal.revision()
    assert journal.revision() == before
    with OtherProcess(home) as other:
        (added,) = other.ask("add", 1)
    assert journal.revision() != before
    assert [job.id for job in journal.jobs()] == [added]
