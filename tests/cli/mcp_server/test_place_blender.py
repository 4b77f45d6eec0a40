# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool `place`: results for running Blenders, through the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.application import session
from mint_blender.cli.mcp_server import place
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import DeliveryResult, Placement
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.documents import OpenDocument

from ...jobs.open_file import open_file
from .agent import Agent
from .results import finished
from .test_decisions import state_of

ONE, TWO = "1" * 32, "2" * 32
PLACEMENT = Placement("Scene", ("Lamp", "Shade"), None, (0.0, 0.0, 0.0), (1.0, 2.0, 3.0))


@pytest.fixture(autouse=True)
def _many_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and wait for a Blender as long as a busy machine may need."""
    monkeypatch.setattr(place, "LONGEST_IN_BLENDER", 240.0)
    monkeypatch.setattr(place, "INTERVAL", 0.02)


@contextmanager
def awake(document: str, problem: str = "") -> Iterator[list[str]]:
    """Place what is sent to a document, as a Blender does at each beat; yield what was placed."""
    placed: list[str] = []
    is_over = threading.Event()

    def beat() -> None:
        with session.open_journal() as job_service:
            while not is_over.wait(0.05):
                job_service.catch_up()
                for job in job_service.jobs():
                    if _is_due(job, document):
                        with suppress(NotPossible):  # the other program is still writing it
                            _land(job_service, job, problem)
                            placed.append(job.id)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield placed
    finally:
        is_over.set()
        thread.join()


def _is_due(job: Job, document: str) -> bool:
    is_here = job.delivery.document == document
    return is_here and job.phase is Phase.READY and job.problem is None


def _land(job_service: JobService, job: Job, problem: str) -> None:
    if problem:
        job_service.mark_import_failed(job.id, problem)
    else:
        job_service.record_delivery(job.id, DeliveryResult(placement=PLACEMENT))


def test_a_running_blender_places_it(agent: Agent, home: Path) -> None:
    """The answer has the names and bounds that Blender has written into the journal."""
    job, spent = finished(agent)["job"], agent.service.credits()
    with open_file(home, ONE), awake(ONE) as landed:
        placed = agent.ask("place", job=job)
        assert (placed["status"], placed["objects"]) == ("placed", ["Lamp", "Shade"])
        assert (placed["low"], placed["high"]) == ([0, 0, 0], [1, 2, 3])
        assert agent.ask("place", job=job)["status"] == "placed"
        assert landed == [job], "the same call places it once"
        assert agent.ask("place", job=job, repeat=True)["status"] == "placed"
        assert landed == [job, job]
    assert agent.service.credits() == spent


def test_without_a_blender_it_says_so(
    agent: Agent, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And offers a file; a Blender that has ended is none. An idle one is woken by a person."""
    job = finished(agent)["job"]
    for _ in range(2):
        sentence = agent.refusal("place", job=job)
        assert "No running Blender" in sentence and "call place with path" in sentence
        with open_file(home, ONE):
            pass
    assert state_of(agent, job)["phase"] == "ready"
    with open_file(home, ONE):
        with monkeypatch.context() as patched:
            patched.setattr(place, "LONGEST_IN_BLENDER", 0.1)
            sent = agent.ask("place", job=job)
        assert sent["status"] == "sent" and "open the tab Mint" in sent["next"]
        with awake(ONE) as landed:
            assert agent.ask("place", job=job)["status"] == "placed"
            assert agent.ask("place", job=job)["status"] == "placed"
        assert landed == [job]


def test_two_blenders(agent: Agent, home: Path, tmp_path: Path) -> None:
    """The agent has to choose, by id, name or path. An asset of the library is fetched for free."""
    job = finished(agent)["job"]
    (resource,) = agent.service.resources()
    file = tmp_path / "scene.blend"
    with open_file(home, ONE), open_file(home, TWO, file), awake(TWO) as landed:
        running = agent.ask("account")["running_blenders"]
        assert running == ["11111111: a file that was never saved", f"22222222: {file}"]
        sentence = agent.refusal("place", job=job)
        assert "Several Blenders are running" in sentence
        assert all(name in sentence for name in running)
        for name in ("2222", "scene.blend", str(file)):
            placed = agent.ask("place", asset=resource.id, blender=name, repeat=True)
            assert placed["status"] == "placed"
        assert len(landed) == 3
        assert "is meant by that" in agent.refusal("place", job=job, blender="other.blend")


def test_a_line_of_a_batch_stays_with_its_batch(agent: Agent, home: Path) -> None:
    """A batch finds its files through the job's delivery, which is not changed."""
    job = finished(agent)["job"]
    with session.open_journal() as job_service:
        delivery = replace(job_service.job(job).delivery, line="batch 1")
        job_service.set_delivery(job, delivery)
        with open_file(home, ONE), awake(ONE) as landed:
            assert "belongs to a batch" in agent.refusal("place", job=job)
            assert landed == []
        job_service.catch_up()
        assert job_service.job(job).delivery == delivery


def test_a_failed_import_is_told_and_not_repeated(agent: Agent, home: Path) -> None:
    """It waits for a person; repeat=true tries it once more."""
    job = finished(agent)["job"]
    with open_file(home, ONE):
        with awake(ONE, problem="The importer failed."):
            assert "could not be placed: The importer failed." in agent.refusal("place", job=job)
        with awake(ONE) as landed:
            assert "use repeat=true" in agent.refusal("place", job=job)
            assert landed == []
            assert agent.ask("place", job=job, repeat=True)["status"] == "placed"
            assert landed == [job]


def test_a_blender_that_closes_meanwhile(agent: Agent, home: Path) -> None:
    """The agent does not wait for it."""
    job = finished(agent)["job"]
    with open_file(home, ONE) as opened:
        closing = threading.Timer(0.5, opened.kill)
        closing.start()
        assert "that Blender has closed the file" in agent.refusal("place", job=job)
        closing.join()
    assert state_of(agent, job)["phase"] == "ready"


def test_a_result_that_lands_meanwhile_is_not_sent_again(agent: Agent) -> None:
    """Blender places it after the other program has last read the journal."""
    job = finished(agent)["job"]
    document = OpenDocument(ONE, None)
    with session.open_journal() as blender, session.open_journal() as other:
        place.send(other, job, document, repeat=False)
        blender.catch_up()
        blender.record_delivery(job, DeliveryResult(placement=PLACEMENT))
        assert other.job(job).phase is Phase.READY, "it does not know yet"
        place.send(other, job, document, repeat=False)
        assert other.job(job).phase is Phase.PLACED
        blender.catch_up()
        assert blender.job(job).phase is Phase.PLACED
