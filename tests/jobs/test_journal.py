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
from hypothesis import strategies as st

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, State, of_asset
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage import database
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.mint.schema import Kind

from .job_strategies import jobs, records
from .other_process import ON_A_NETWORK, OtherProcess
from .workflow_harness import a_job, job_in_review, working

APPROVE, CANCEL = Decision(Verb.APPROVE), Decision(Verb.CANCEL)
REVISE = Decision(Verb.REVISE, feedback="Greener.", estimate=40.0)
NOW = 1_795_912_469.0
"""Mint's time."""


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


def found(journal: Journal, job: Job) -> Job:
    """Return the job as the journal has it."""
    read = journal.job(job.id)
    assert read is not None
    return read


# -- keeping
# -------------------------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(job=jobs, requests=st.lists(records, max_size=3))
def test_jobs_are_found_by_another_journal(
    tmp_path: Path, job: Job, requests: list[PaidRequest]
) -> None:
    """A job is the same when another journal opens the file, with its paid requests."""
    one = Journal(tmp_path)
    job_id = f"{len(one.jobs()):012x}"
    numbered = [
        replace(each, key=f"{job_id}-{number}", job=job_id, number=int(job_id, 16) * 10 + number)
        for number, each in enumerate(requests)
    ]
    program = replace(job.client_request, id=job_id) if job.client_request else None
    job = replace(job, id=job_id, client_request=program, requests=tuple(numbered))
    added = one.add(job)[0]
    added = replace(added, requests=tuple(replace(each, cost=None) for each in added.requests))
    assert [each.is_copied for each in added.requests] == [False] * len(requests)
    assert [replace(each, journal="", born=0.0) for each in added.requests] == [
        replace(each, journal="", born=0.0, cost=None) for each in numbered
    ]
    one.close()
    with closing(Journal(tmp_path)) as other:
        found = other.job(job_id)
    assert found is not None
    assert [each.journal for each in found.requests] == [each.journal for each in added.requests]
    assert [each.is_copied for each in found.requests] == [
        each.journal == "another" for each in numbered
    ]
    read = [replace(each, is_copied=False, cost=None) for each in found.requests]
    assert replace(found, requests=tuple(read), decision=None) == added


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


def pending(journal: Journal, job: Job) -> Verb | None:
    """Return what a person has decided about a job, and Mint has not confirmed."""
    decision = found(journal, job).decision
    return decision.verb if decision else None


def test_a_decision_is_its_record(journal: Journal) -> None:
    """Its text and price are kept with the key under which it is sent."""
    job = in_journal(journal, job_in_review())
    assert journal.decide(job.id, REVISE)
    request = found(journal, job).paid_request(PaidVerb.REVISE)
    assert request is not None and request.credits == 40.0
    assert found(journal, job).decision == replace(REVISE, key=request.key)


def test_saving_a_job_keeps_a_new_decision(journal: Journal, home: Path) -> None:
    """The worker's record does not overwrite a decision that it does not know."""
    job = in_journal(journal, job_in_review())
    clicks = Journal(home)
    assert clicks.decide(job.id, APPROVE)
    journal.save(replace(job, notes=("Something else.",)))
    assert pending(journal, job) is Verb.APPROVE
    assert found(journal, job).notes == ("Something else.",)
    clicks.close()


def test_only_its_own_answer_removes_a_decision(journal: Journal) -> None:
    """A decision that replaced another one stays when the first one is answered."""
    job = in_journal(journal, job_in_review())
    journal.decide(job.id, APPROVE)
    first = found(journal, job).decision
    journal.decide(job.id, CANCEL)
    journal.save(job, answered=first)
    assert pending(journal, job) is Verb.CANCEL
    journal.save(job, answered=CANCEL)
    assert pending(journal, job) is None


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
    requests = found(journal, job).requests
    is_replaced = (first, second) == (APPROVE, CANCEL)
    assert (journal.decide(job.id, second) is not None) is is_replaced
    assert pending(journal, job) is kept
    after = found(journal, job).requests
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
    assert after is not None and after.state is state
    assert journal.paid_requests.begin(request.key, now=NOW, credential="k", body="{}") is None


def test_a_stale_save_erases_no_attempt(journal: Journal, home: Path) -> None:
    """It knows nothing of the slot, the attempt, the time and the body; they have a row."""
    stale = in_journal(journal, a_job())
    key = stale.requests[0].key
    with closing(Journal(home)) as worker:
        process = ProcessLock(home)
        assert worker.take_slot(stale.id, Kind.MODEL, 10, process)
        process.close()
        assert worker.paid_requests.begin(key, now=NOW, credential="k", body='{"prompt": 1}')
    journal.save(replace(stale, notes=("Something else.",)))
    request = found(journal, stale).start_request
    assert request is not None and request.state is State.IN_DOUBT
    assert (request.attempts, request.born, request.attempted) == (1, NOW, NOW)
    assert (request.body, request.credential) == ('{"prompt": 1}', "k")
    assert journal.decide(stale.id, CANCEL)
    assert found(journal, stale).requests[0].state is State.DROPPED, "never silently"


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


# -- trouble, and other processes
# ------------------------------------------------------------------------------------------------


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


def test_a_commit_of_another_process_changes_the_revision(journal: Journal, home: Path) -> None:
    """This holds in both journal modes."""
    before = journal.revision()
    assert journal.revision() == before
    with OtherProcess(home) as other:
        (added,) = other.ask("add", 1)
    assert journal.revision() != before
    assert [job.id for job in journal.jobs()] == [added]
