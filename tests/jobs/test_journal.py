# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal keeps jobs across restarts, and concurrent writers lose no change."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mint_blender.jobs import database
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, State, of_asset
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.message import Message
from mint_blender.mint.schema import Kind

from .job_strategies import jobs, records
from .other_process import ON_A_NETWORK, OtherProcess
from .paid_requests.records import NOW
from .workflow_harness import a_job, job_in_review

APPROVE, CANCEL = Decision(Verb.APPROVE), Decision(Verb.CANCEL)
REVISE = Decision(Verb.REVISE, feedback="Greener.")


@pytest.fixture(params=["here", "network"])
def journal(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Journal]:
    """Yield a journal in an empty home, on a local disk or a network folder."""
    if request.param == "network":
        monkeypatch.setattr(database, "is_local", lambda folder: False)
        monkeypatch.setenv(ON_A_NETWORK, "1")
    journal = Journal(home)
    yield journal
    journal.close()


def in_journal(journal: Journal, job: Job) -> Job:
    """Add a job to the journal, and return it as it is stored."""
    return journal.add(job)[0]


# -- keeping


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(job=jobs, requests=st.lists(records, max_size=3))
def test_jobs_are_found_by_another_journal(
    tmp_path: Path, job: Job, requests: list[PaidRequest]
) -> None:
    """A job is the same when another journal opens the file, with its paid requests.

    Nothing that Mint sent or a user typed is lost or changed, unknown members included.
    """
    one = Journal(tmp_path)
    job_id = f"{len(one.jobs()):012x}"
    numbered = [
        replace(each, key=f"{job_id}-{number}", job=job_id, number=int(job_id, 16) * 10 + number)
        for number, each in enumerate(requests, start=1)
    ]
    program = replace(job.client_request, id=job_id) if job.client_request else None
    job = replace(job, id=job_id, client_request=program, requests=tuple(numbered))
    added = one.add(job)[0]
    assert [replace(each, journal="", born=0.0) for each in added.requests] == [
        replace(each, journal="", born=0.0) for each in numbered
    ]
    one.close()
    with closing(Journal(tmp_path)) as other:
        found = other.job(job_id)
    assert [each.is_copied for each in found.requests] == [
        each.journal == "another" for each in numbered
    ]
    if job.operation is not None:
        assert found.operation.raw == job.operation.raw
    read = [replace(each, is_copied=False) for each in found.requests]
    assert replace(found, requests=tuple(read), decision=None) == added


# -- decisions


def pending(journal: Journal, job: Job) -> Verb | None:
    """Return what a person has decided about a job, and Mint has not confirmed."""
    decision = journal.job(job.id).decision
    return decision.verb if decision else None


def test_only_its_own_answer_removes_a_decision(journal: Journal, home: Path) -> None:
    """Neither the record of a worker that does not know it, nor the answer to an earlier one does."""
    job = in_journal(journal, job_in_review())
    with closing(Journal(home)) as clicks:
        assert clicks.decide(job.id, REVISE, (40.0, None))
    journal.save(replace(job, notes=(Message("Something else."),)))
    first = journal.job(job.id).decision
    request = journal.job(job.id).paid_request(PaidVerb.REVISE)
    assert (first, request.credits) == (replace(REVISE, key=request.key), 40.0)
    assert journal.job(job.id).notes == ("Something else.",)
    journal.decide(job.id, CANCEL)
    journal.save(job, answered=first)
    assert pending(journal, job) is Verb.CANCEL
    journal.save(job, answered=CANCEL)
    assert pending(journal, job) is None
    journal.save(replace(job, phase=Phase.FETCHING))
    assert not journal.decide(job.id, APPROVE), "the list may be outdated, the journal is not"
    assert not journal.decide("nobody", APPROVE)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (APPROVE, APPROVE, Verb.APPROVE),
        (REVISE, APPROVE, Verb.REVISE),
        (REVISE, replace(REVISE, feedback="Redder."), Verb.REVISE),
        (APPROVE, CANCEL, Verb.CANCEL),
        (CANCEL, APPROVE, Verb.CANCEL),
        (CANCEL, CANCEL, Verb.CANCEL),
    ],
)
def test_a_second_decision_is_refused(
    journal: Journal, first: Decision, second: Decision, kept: Verb
) -> None:
    """Until the first decision is answered, only a cancel can replace it."""
    job = in_journal(journal, job_in_review())
    assert journal.decide(job.id, first)
    requests = journal.job(job.id).requests
    is_replaced = (first, second) == (APPROVE, CANCEL)
    assert (journal.decide(job.id, second) is not None) is is_replaced
    assert pending(journal, job) is kept
    after = journal.job(job.id).requests
    assert after == requests or (is_replaced and len(after) == len(requests))


@pytest.mark.parametrize(
    ("is_sent", "verb", "state"),
    [
        (False, PaidVerb.START, State.CANCELED),
        (True, PaidVerb.START, State.DROPPED),
        (False, PaidVerb.RETRY, State.DROPPED),
    ],
)
def test_a_cancel_gives_up_what_was_ordered(
    journal: Journal, is_sent: bool, verb: PaidVerb, state: State
) -> None:
    """In the commit of the click; what may be at Mint, or ordered elsewhere, stays in doubt."""
    job = in_journal(journal, a_job())
    request = job.requests[0]
    if verb is PaidVerb.RETRY:
        request = journal.order(job, of_asset("res_1"), verb)
    if is_sent:
        assert journal.paid_requests.begin(request.key, now=NOW, credential="k", body="{}")
    assert journal.decide(job.id, CANCEL)
    after = journal.paid_requests.get(request.key)
    assert after.state is state
    assert journal.paid_requests.begin(request.key, now=NOW, credential="k", body="{}") is None


def test_a_stale_save_erases_no_attempt(journal: Journal, home: Path) -> None:
    """It knows nothing of the slot, the attempt, the time, the body and the answer; they have a row."""
    stale = in_journal(journal, a_job())
    key = stale.requests[0].key
    with closing(Journal(home)) as worker:
        process = ProcessLock(home)
        assert worker.take_slot(stale.id, Kind.MODEL, 10, process)
        process.close()
        assert worker.paid_requests.begin(key, now=NOW, credential="k", body='{"prompt": 1}')
    journal.save(replace(stale, notes=(Message("Something else."),)))
    request = journal.job(stale.id).start_request
    assert (request.state, request.attempts) == (State.IN_DOUBT, 1)
    assert (request.born, request.attempted) == (NOW, NOW)
    assert (request.body, request.credential) == ('{"prompt": 1}', "k")
    assert journal.decide(stale.id, CANCEL)
    assert journal.job(stale.id).requests[0].state is State.DROPPED, "never silently"
    journal.paid_requests.answer(key, "op_1")
    journal.save(stale)
    assert journal.job(stale.id).requests[0].operation == "op_1"


# -- changes


def test_each_change_is_reported_once(journal: Journal, home: Path) -> None:
    """Each reader gets new, changed and dismissed jobs once; each phase is recorded once, in order.

    A dismissed job is not listed but can still be read.
    """
    with closing(Journal(home)) as reader:
        first, second = journal.add(a_job(), a_job())
        since, changed = reader.changes(0)
        assert changed == {first.id: first, second.id: second}
        assert reader.changes(since) == (since, {})
        moved = replace(first, phase=Phase.WORKING)
        for phase in (Phase.SENDING, Phase.WORKING, Phase.WORKING):
            journal.save(replace(first, phase=phase))
        journal.dismiss(second.id)
        newer, changed = reader.changes(since)
        assert changed == {first.id: moved, second.id: None}
        assert reader.changes(newer)[1] == {}
        assert (reader.jobs(), reader.job(second.id)) == ([moved], second)
        phases, times = zip(*reader.moves([first.id])[first.id], strict=True)
    assert phases == (Phase.WAITING, Phase.SENDING, Phase.WORKING)
    assert list(times) == sorted(times)


# -- slots


@pytest.mark.covers("C18-ten")
def test_slots_and_claims_hold_until_their_process_ends(journal: Journal, home: Path) -> None:
    """Jobs of living processes take slots, each kind has its own, and nobody else drives them."""
    mine, before = ProcessLock(home), journal.revision()
    with OtherProcess(home) as other:
        (added,) = other.ask("add", 1)
        assert journal.revision() != before
        assert [job.id for job in journal.jobs()] == [added]
        theirs, ours, world = journal.add(a_job(), a_job(), a_job(kind=Kind.WORLD))
        assert other.ask("claim", theirs.id)
        assert journal.is_driven_elsewhere(theirs.id, mine)
        assert journal.claim(theirs.id, mine) is None
        assert other.ask("take_slot", theirs.id, 1)
        assert not journal.take_slot(ours.id, Kind.MODEL, 1, mine)
        assert journal.job(ours.id).phase is Phase.WAITING
        assert journal.take_slot(world.id, Kind.WORLD, 1, mine)
        journal.release(theirs.id, mine)
        assert journal.claim(theirs.id, mine) is None, "only its own process releases it"
        other.kill()
        assert journal.take_slot(ours.id, Kind.MODEL, 1, mine)
        assert journal.job(ours.id).phase is Phase.SENDING
        assert not journal.is_driven_elsewhere(theirs.id, mine)
        assert journal.claim(theirs.id, mine) is not None
        journal.release(theirs.id, mine)
        with closing(ProcessLock(home)) as another:
            assert journal.claim(theirs.id, another) is not None
    mine.close()


def test_the_last_slot_is_given_once(journal: Journal, home: Path) -> None:
    """Two processes request the last slot at the same time, and only one gets it."""
    mine = ProcessLock(home)
    with OtherProcess(home) as other:
        for _ in range(10):
            theirs, ours = journal.add(a_job(), a_job())
            assert journal.claim(ours.id, mine)
            assert other.ask("claim", theirs.id)
            other.tell("take_slot", theirs.id, 1)
            got = journal.take_slot(ours.id, Kind.MODEL, 1, mine)
            assert [got, other.receive()].count(True) == 1
            for job in (theirs, ours):
                journal.save(replace(job, phase=Phase.CANCELED))
    mine.close()


# -- the file of the journal: several writers, what is no journal, and folders on a network


def test_several_processes_write_at_once(home: Path) -> None:
    """Processes that open a new home together all write, and nothing is lost."""
    with OtherProcess(home) as one, OtherProcess(home) as other, closing(Journal(home)) as mine:
        for process in (one, other):
            process.tell("add", 30)
        added = [mine.add(a_job())[0].id for _ in range(30)]
        added += one.receive() + other.receive()
        assert sorted(job.id for job in mine.jobs()) == sorted(added)
        assert sorted(mine.changes(0)[1]) == sorted(added)


def test_no_write_ahead_log_on_a_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network folder a rollback journal is used, with one more sync.

    A journal from a local disk is converted, but not while another program has it open.
    """
    local = Journal(home)
    assert local._db.row("PRAGMA journal_mode") == ("wal",)
    monkeypatch.setattr(database, "is_local", lambda folder: False)
    with pytest.raises(JournalError, match="Quit all other Blenders"):
        Journal(home)
    local.close()
    with closing(Journal(home)) as shared:
        assert shared._db.row("PRAGMA journal_mode") == ("delete",)
        assert shared._db.row("PRAGMA synchronous") == (3,)
    assert not list(home.glob("journal.sqlite3-*"))


# -- the job cache matches the journal, also after it could not be read or written


@contextmanager
def no_commit(job_service: JobService, home: Path) -> Iterator[None]:
    """Make every change of a job fail when it is committed.

    A deferred foreign key is violated, which SQLite notices at the commit.
    """
    job_service.journal._db.connection.execute("PRAGMA foreign_keys = ON")
    deferred = "REFERENCES creditors (id) DEFERRABLE INITIALLY DEFERRED"
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.executescript(
            f"""CREATE TABLE debts (to_whom INTEGER {deferred});
            CREATE TABLE creditors (id INTEGER PRIMARY KEY);
            CREATE TRIGGER owe AFTER UPDATE ON jobs BEGIN INSERT INTO debts VALUES (1); END"""
        )
        yield
        database.execute("DROP TRIGGER owe")


@pytest.mark.parametrize(
    ("phase", "act"),
    [(Phase.WAITING, JobService.cancel_waiting), (Phase.PLACED, JobService.dismiss_finished)],
)
def test_a_failed_commit_changes_no_job(
    offline: JobService, home: Path, phase: Phase, act: Callable[[JobService], None]
) -> None:
    """When the disk is full, all jobs stay as they were and the click can be repeated."""
    offline.cache.add(*(replace(a_job(), phase=phase) for _ in range(3)))
    before = offline.jobs()
    said = "cannot be read or written"
    with no_commit(offline, home), pytest.raises(JournalError, match=said):
        act(offline)
    assert offline.jobs() == offline.journal.jobs() == before
    act(offline)
    assert offline.jobs() == offline.journal.jobs() != before


def test_a_failed_read_is_repeated(
    offline: JobService, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change is found later when the journal was locked, with the phases that were entered."""
    (job,) = offline.cache.add(replace(a_job(), phase=Phase.PLACED))

    def locked(since: int, known: object) -> None:
        raise JournalError("The job journal cannot be read or written (database is locked).")

    with closing(Journal(home)) as other:
        other.save(replace(job, phase=Phase.FETCHING))
        with monkeypatch.context() as patch:
            patch.setattr(offline.journal, "changes", locked)
            with pytest.raises(JournalError, match="locked"):
                offline.catch_up()
        assert offline.catch_up()
        assert offline.jobs() == other.jobs() == [replace(job, phase=Phase.FETCHING)]
        assert [phase for phase, _ in offline.cache.moves(job)][-1] is Phase.FETCHING
        other.save(job)
        offline.catch_up()
        other.save(replace(job, phase=Phase.FETCHING))
        offline.dismiss_finished()
        assert offline.jobs() == other.jobs() == [replace(job, phase=Phase.FETCHING)]


# -- A job as JSON and back


def test_other_members_are_ignored_and_missing_ones_have_defaults() -> None:
    """A journal of the same format with additional members, or with fewer, can be read."""
    job = replace(a_job(), requests=())
    record = json.loads(serialization.dump(job))
    more = {**record, "mood": "good", "delivery": {**record["delivery"], "planet": "Mars"}}
    fewer = {name: record[name] for name in ("id", "request", "created_at")}
    for stored in (more, fewer):
        assert serialization.load(json.dumps(stored), Phase.WAITING) == job


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"id": 1}', '"text"'])
def test_other_values_are_refused(text: str) -> None:
    """An incomplete record, an empty one and other JSON are refused."""
    with pytest.raises(Exception):  # noqa: B017 - whatever is wrong with it
        serialization.load(text, Phase.WAITING)
