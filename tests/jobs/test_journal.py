# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: what is in it survives, and several writers do not lose each other's words."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from mint_blender.files import filesystem_type
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage import sqlite_journal_mode
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
    """A journal in an empty home: on this machine, or in a folder on a network."""
    if request.param == "network":
        monkeypatch.setattr(filesystem_type, "is_local", lambda folder: False)
        monkeypatch.setenv(ON_A_NETWORK, "1")
    journal = Journal(home)
    yield journal
    journal.close()


def in_journal(journal: Journal, job: Job) -> Job:
    """The job, written."""
    journal.add(job)
    return job


def found(journal: Journal, job: Job) -> Job:
    """The job as it stands in the journal."""
    read = journal.job(job.id)
    assert read is not None
    return read


# -- keeping
# -------------------------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(job=jobs)
def test_every_job_is_found_again(tmp_path: Path, job: Job) -> None:
    """What was added is found by another journal on the same file, as it was."""
    one = Journal(tmp_path)
    job = replace(job, id=f"{len(one.jobs()):012x}", decision=None)
    one.add(job)
    one.close()
    other = Journal(tmp_path)
    assert other.job(job.id) == job
    other.close()


def test_jobs_come_newest_first_and_without_the_dismissed(journal: Journal) -> None:
    """The list is in the order of the clicks; a dismissed job is off it, and still known."""
    old, new, gone = (
        in_journal(journal, replace(a_job(), created_at=at)) for at in (1.0, 3.0, 2.0)
    )
    journal.dismiss(gone.id)
    assert [job.id for job in journal.jobs()] == [new.id, old.id]
    assert found(journal, gone) == gone


def test_the_history_of_a_job(journal: Journal) -> None:
    """When it came into which phase is noted once for each move, in order."""
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


def test_a_click_is_not_lost_when_the_worker_saves_meanwhile(journal: Journal, home: Path) -> None:
    """The worker's record does not know of the click yet; saving it leaves the click where it is."""
    job = in_journal(journal, replace(working(), phase=Phase.REVIEW))
    clicks = Journal(home)
    assert clicks.decide(job.id, APPROVE)
    journal.save(replace(job, notes=("Something else.",)))
    assert found(journal, job).decision == APPROVE
    assert found(journal, job).notes == ("Something else.",)
    clicks.close()


def test_only_the_answer_to_a_click_removes_it(journal: Journal) -> None:
    """A click that took the place of another is still there when the other one has been answered."""
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
def test_one_click_at_a_time(
    journal: Journal, first: Decision, second: Decision, kept: Decision
) -> None:
    """A second click before the first is answered is refused; only a cancel takes its place."""
    job = in_journal(journal, replace(working(), phase=Phase.REVIEW))
    assert journal.decide(job.id, first)
    assert journal.decide(job.id, second) is (kept is second)
    assert found(journal, job).decision == kept


def test_a_cancel_does_not_take_the_place_of_a_retry(journal: Journal) -> None:
    """A retry may have begun an operation that only its answer names: it is answered first."""
    job = in_journal(journal, replace(working(), phase=Phase.FAILED))
    assert journal.decide(job.id, RETRY)
    journal.save(replace(job, phase=Phase.PAUSED))
    assert not journal.decide(job.id, CANCEL)


def test_a_click_on_a_job_that_has_moved_on_is_refused(journal: Journal) -> None:
    """The list may be a moment old; the journal is not."""
    job = in_journal(journal, replace(working(), phase=Phase.FETCHING))
    assert not journal.decide(job.id, APPROVE)
    assert not journal.decide("nobody", APPROVE)
    assert found(journal, job).decision is None


# -- changes
# -------------------------------------------------------------------------------------------------------------------


def test_changes_are_what_is_new(journal: Journal, home: Path) -> None:
    """Each change is told once to each reader: jobs that are new or other than before, and those
    that were dismissed.
    """
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


def test_the_revision_tells_whether_looking_is_worth_while(journal: Journal, home: Path) -> None:
    """It changes when somebody else writes, and only then."""
    reader = Journal(home)
    before = reader.revision()
    assert reader.revision() == before
    in_journal(journal, a_job())
    assert reader.revision() != before
    reader.close()


# -- slots
# ---------------------------------------------------------------------------------------------------------------------


def test_slots_are_counted_across_processes(journal: Journal, home: Path) -> None:
    """Another process's running jobs take places too, for as long as it lives; each kind has its
    own.
    """
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


def test_a_free_place_is_given_once(journal: Journal, home: Path) -> None:
    """Two processes ask for the last place at the same time, again and again: never do both get it."""
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


def test_one_driver_at_a_time_and_another_when_it_dies(journal: Journal, home: Path) -> None:
    """A job that a living process drives is not driven here; after its SIGKILL it is."""
    mine, job = ProcessLock(home), in_journal(journal, a_job())
    with OtherProcess(home) as other:
        assert other.ask("claim", job.id)
        assert journal.is_driven_elsewhere(job.id, mine)
        assert journal.claim(job.id, mine) is None
        other.end(signal.SIGKILL)
        assert not journal.is_driven_elsewhere(job.id, mine)
        assert journal.claim(job.id, mine) == job
    mine.close()


def test_a_released_job_is_anybodys(journal: Journal, home: Path) -> None:
    """Letting go of a job gives it free at once, and only the one who drives it can."""
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
    """Opened at the same moment in a new home, and all writing: nobody is turned away and nothing
    is lost.
    """
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


def test_a_newer_journal_is_refused_in_words_and_left_alone(home: Path) -> None:
    """An older add-on does not touch what a newer one wrote."""
    Journal(home).close()
    database = sqlite3.connect(home / "journal.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = (home / "journal.sqlite3").read_bytes()
    with pytest.raises(
        JournalError, match=r"was written by a newer version of this add-on: update the add-on\.$"
    ):
        Journal(home)
    assert (home / "journal.sqlite3").read_bytes() == before


def test_a_home_that_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    """The sentence names the place, and the variable that chooses another."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        JournalError, match=r"journal\.sqlite3 cannot be opened .* MINT_BLENDER_HOME\.$"
    ):
        Journal(tmp_path / "file" / "home")


def test_a_file_that_is_no_journal_is_refused_in_words(home: Path) -> None:
    """Something else lies where the journal should be."""
    home.mkdir()
    (home / "journal.sqlite3").write_text("I am a poem. " * 100)
    with pytest.raises(JournalError, match=r"cannot be read or written \(file is not a database\)"):
        Journal(home)


def test_a_failed_write_is_told_in_words_and_changes_nothing(journal: Journal, home: Path) -> None:
    """What cannot be committed raises a sentence, and the journal can be used afterwards."""
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
    """How SQLite keeps the file, as another connection is told."""
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


def test_no_write_ahead_log_on_a_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be damaged there: a rollback journal is used, with a sync more; a journal from this
    machine is changed over.
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


def test_what_sqlite_did_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not set the mode that was wanted, the one that it has set decides how often it
    syncs.
    """
    shared = sqlite3.connect(":memory:")  # knows no log
    monkeypatch.setattr(filesystem_type, "is_local", lambda folder: True)
    assert sqlite_journal_mode.choose(shared, home) == "memory"
    assert shared.execute("PRAGMA synchronous").fetchone() == (3,)
    shared.close()


def test_a_log_that_another_program_keeps_on_a_network(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written into it: a sentence says what to do."""
    local = Journal(home)
    local.add(a_job())
    monkeypatch.setattr(filesystem_type, "is_local", lambda folder: False)
    with pytest.raises(JournalError, match="Quit all other Blenders"):
        Journal(home)
    local.close()
    Journal(home).close()


def test_a_change_elsewhere_is_noticed(journal: Journal, home: Path) -> None:
    """In either mode another process's commit changes the revision, and nothing else does."""
    before = journal.revision()
    assert journal.revision() == before
    with OtherProcess(home) as other:
        (added,) = other.ask("add", 1)
    assert journal.revision() != before
    assert [job.id for job in journal.jobs()] == [added]
