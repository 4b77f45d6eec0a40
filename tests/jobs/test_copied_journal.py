# SPDX-License-Identifier: GPL-3.0-or-later
"""A restored backup, or a cloned home, sends nothing before a look and a person."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests import table
from mint_blender.jobs.paid_requests.record import PaidVerb, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.storage.journal_reader import journal_file
from mint_blender.mint.schema import Asset, Kind, Mode, Page

from .engine_harness import EngineHarness
from .workflow_harness import a_job, job_in_review, operation, problem, sent

NOW = time.time()
"""Mint's time when the backup was made."""
DAY = 24 * 3600.0


def cloned(home: Path) -> Path:
    """Return a copy of the home, as on another computer."""
    return Path(shutil.copytree(home, home.with_name("clone")))


def restored(home: Path) -> Path:
    """Put a backup of the journal back under its name."""
    path = journal_file(home)
    backup = path.with_name("backup")
    shutil.copy2(path, backup)
    backup.replace(path)
    return home


COPIES = pytest.mark.parametrize("copied", [cloned, restored])
Copied = Callable[[Path], Path]


def stored(home: Path, *jobs: Job) -> list[Job]:
    """Store jobs in the original; return them as they are stored."""
    with closing(Journal(home)) as journal:
        return journal.add(*jobs)


@pytest.fixture
def started() -> Iterator[Callable[..., EngineHarness]]:
    """Open a home, with a Mint that lists these assets, and let all its jobs run."""
    engines: list[EngineHarness] = []

    def start(home: Path, *assets: Asset, at: float = NOW) -> EngineHarness:
        engine = EngineHarness(home)
        engines.append(engine)
        engine.mint.time = lambda: at + engine.clock.now - 1000.0

        def says(what: str, which: str) -> Any:
            if what == "page":
                return Page(assets, None)
            if what == "poll":
                return operation("preview_ready", Mode.REVIEW, id=which)
            return problem(404) if what == "asset" else operation("running", id="op_new")

        engine.mint.says = says
        for job in engine.journal.jobs():
            engine.scheduler.receive(Wake(job.id))
        return engine

    yield start
    for engine in engines:
        with suppress(Exception):
            engine.close()


def paid(engine: EngineHarness) -> list[str]:
    """Return the calls that may have cost Credits."""
    return [what for _, what, _ in engine.mint.asked if what in set(PaidVerb)]


def a_model(id: str, prompt: str = "a lamp") -> Asset:
    """Return a model that Mint lists since the backup was made."""
    made = datetime.fromtimestamp(NOW + 60.0, UTC).isoformat()
    return Asset.from_json(
        Kind.MODEL, {"id": id, "status": "running", "prompt": prompt, "createdAt": made}
    )


@COPIES
@pytest.mark.parametrize("days", [0.0, 1.0])
def test_what_was_never_sent_is_looked_for(
    home: Path, started: Callable[..., EngineHarness], copied: Copied, days: float
) -> None:
    """The original may have sent it since. A day later Mint has forgotten the key."""
    (job,) = stored(home, a_job())
    engine = started(copied(home), at=NOW + days * DAY)
    engine.run(1200.0)
    found = engine.job(job)
    assert paid(engine) == [] and is_unanswered(found)
    assert engine.mint.times("page", "model"), "it was looked for"
    request = found.start_request
    assert request is not None and request.state is State.IN_DOUBT


@COPIES
def test_the_original_goes_on_and_its_copy_finds_what_it_has_made(
    home: Path, started: Callable[..., EngineHarness], copied: Copied
) -> None:
    """The only candidate of the only request is adopted."""
    (job,) = stored(home, a_job())
    engine = started(copied(home), a_model("res_9"))
    engine.run(1200.0)
    request = engine.job(job).start_request
    assert request is not None and request.found_asset == "res_9"
    assert paid(engine) == []


@COPIES
def test_two_unsent_jobs_of_a_copy_do_not_take_one_result(
    home: Path, started: Callable[..., EngineHarness], copied: Copied
) -> None:
    """The original may have sent either of them: a person chooses."""
    jobs = stored(home, a_job(), a_job())
    engine = started(copied(home), a_model("res_9"))
    engine.run(1200.0)
    for job in jobs:
        found = engine.job(job)
        assert is_unanswered(found) and found.source_asset_id is None
        assert [each.id for each in found.candidates] == ["res_9"]
    assert paid(engine) == []


@COPIES
def test_a_decision_of_a_copy_is_not_sent(
    home: Path, started: Callable[..., EngineHarness], copied: Copied
) -> None:
    """What Mint shows now is shown, and a person decides again."""
    (job,) = stored(home, job_in_review())
    with closing(Journal(home)) as journal:
        assert journal.decide(job.id, Decision(Verb.APPROVE))
    engine = started(copied(home))
    engine.run(1200.0)
    assert paid(engine) == []
    assert engine.job(job).decision is None


@COPIES
def test_a_person_may_have_a_young_request_sent_once_more(
    home: Path, started: Callable[..., EngineHarness], copied: Copied
) -> None:
    """It is taken over; the copy never calls it clean again."""
    (job,) = stored(home, sent(a_job(), NOW, credential="k"))
    home = copied(home)
    with table.opened(journal_file(home)) as records:
        key = job.requests[0].key
        assert records.begin(key, now=NOW + 60.0, credential="k", body="{}") is None
        taken = records.take_over(key)
        assert taken is not None and (taken.attempts, taken.is_copied) == (2, False)
        for at, credential in ((NOW + 60.0, "another"), (NOW + DAY, "k")):
            assert records.begin(key, now=at, credential=credential, body="{}") is None
        begun = records.begin(key, now=NOW + 60.0, credential="k", body="{}")
        assert begun is not None and begun.body == job.requests[0].body
        refused = records.refuse(key, is_final=True)
        assert refused is not None and refused.state is State.IN_DOUBT
        canceled = records.cancel(key)
        assert canceled is not None and canceled.state is State.DROPPED


@COPIES
def test_a_cancel_in_a_copy_is_not_silent(home: Path, copied: Copied) -> None:
    """A backup from before the send must not say that nothing was started."""
    (job,) = stored(home, a_job())
    with closing(Journal(copied(home))) as journal:
        assert journal.decide(job.id, Decision(Verb.CANCEL))
        found = journal.job(job.id)
    assert found is not None and found.requests[0].state is State.DROPPED
    assert found.requests[0].may_be_started


def test_the_original_is_not_changed_by_its_clone(
    home: Path, started: Callable[..., EngineHarness]
) -> None:
    """It sends its own jobs, under their own keys."""
    (job,) = stored(home, a_job())
    cloned(home)
    engine = started(home)
    engine.run(60.0)
    assert paid(engine) == ["start"]
    request = engine.job(job).start_request
    assert request is not None and request.operation == "op_new"


def test_the_next_process_of_the_same_file_sends_again(
    home: Path, started: Callable[..., EngineHarness]
) -> None:
    """After a crash or a kill, while the request is young: Mint answers with what it has."""
    lost = sent(a_job(), NOW)
    (job,) = stored(home, replace(lost, phase=Phase.SENDING))
    with closing(Journal(home)) as journal:
        found = journal.job(job.id)
    assert found is not None and not found.requests[0].is_copied
    request = found.requests[0]
    assert request.may_be_sent(NOW + 11 * 3600.0, request.credential)
    assert not request.may_be_sent(NOW + 13 * 3600.0, request.credential)
