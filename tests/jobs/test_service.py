# SPDX-License-Identifier: GPL-3.0-or-later
"""The job service: starting and finding jobs, allowed decisions, and two processes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.diagnostics import checks
from mint_blender.jobs.engine.task import StillUnreachable
from mint_blender.jobs.job import asset_of
from mint_blender.jobs.job_values import UNANSWERED, Cause, Delivery, DeliveryResult, Problem, Role
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal
from mint_blender.message import Message
from mint_blender.mint.account import Account, Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Format, Kind, Mode

from .fast_config import fast_config
from .service_helpers import LAMP, ended, put, refused, until
from .workflow_harness import FILES, a_job, asset, sent, working

# -- deciding


POSSIBLE = {
    Phase.WAITING: {Verb.CANCEL},
    Phase.SENDING: {Verb.CANCEL},
    Phase.WORKING: {Verb.CANCEL},
    Phase.REVIEW: {Verb.APPROVE, Verb.REVISE, Verb.CANCEL},
    Phase.BILLING: {Verb.RESUME, Verb.CANCEL},
    Phase.FETCHING: set[Verb](),
    Phase.READY: set[Verb](),
    Phase.PLACED: set[Verb](),
    Phase.PAUSED: {Verb.RESUME, Verb.CANCEL},
    Phase.FAILED: {Verb.RETRY},
    Phase.CANCELED: set[Verb](),
}


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_allows_its_decisions(offline: JobService, phase: Phase) -> None:
    """Every other decision is refused with a message, and changes nothing."""
    (job,) = offline.cache.add(replace(working(), phase=phase))
    clicks: dict[Verb, Callable[[], None]] = {
        Verb.APPROVE: lambda: offline.approve(job.id),
        Verb.REVISE: lambda: offline.revise(job.id, "greener"),
        Verb.RETRY: lambda: offline.retry(job.id),
        Verb.CANCEL: lambda: offline.cancel(job.id),
        Verb.RESUME: lambda: offline.resume(job.id),
    }
    assert set(JobView(job).verbs) == POSSIBLE[phase]
    if phase in {Phase.FETCHING, Phase.WAITING, Phase.SENDING, Phase.WORKING}:
        clicks.pop(Verb.RESUME)()
    for verb in set(clicks) - POSSIBLE[phase]:
        said = f"a lamp: {verb} is not possible now ({JobView(job).state})."
        assert refused(clicks[verb]) == said
        assert offline.job(job.id) == job


def test_a_revision_needs_text(offline: JobService) -> None:
    """An empty or too long text is refused before it is stored."""
    (job,) = offline.cache.add(replace(working(Mode.REVIEW), phase=Phase.REVIEW))
    for text, said in (
        ("  ", "Describe what to change."),
        ("x" * 2001, "The feedback has 2001 characters; Mint accepts at most 2000."),
    ):
        assert refused(lambda text=text: offline.revise(job.id, text)) == said
    assert offline.job(job.id).decision is None


def test_only_a_cancel_is_accepted_while_a_decision_is_pending(offline: JobService) -> None:
    """The card says what is pending."""
    (job,) = offline.cache.add(replace(working(Mode.REVIEW), phase=Phase.REVIEW))
    offline.approve(job.id)
    assert JobView(offline.job(job.id)).state == "Approving"
    assert JobView(offline.job(job.id)).verbs == (Verb.CANCEL,)
    said = "a lamp: approve is not possible now (Approving)."
    assert refused(lambda: offline.approve(job.id)) == said
    offline.cancel(job.id)
    assert JobView(offline.job(job.id)).state == "Canceling"


NOWHERE = "http://127.0.0.1:9/v1"


def test_an_unanswered_decision_is_sent_again(home: Path) -> None:
    """A blocking caller gives up; the decision is kept and repeated with its key."""
    (job_id,) = put(home, replace(working(Mode.REVIEW), phase=Phase.REVIEW))
    decisions = []
    for click in ("approve", "resume"):
        with closing(JobService(fast_config(home), Account("key", NOWHERE))) as job_service:
            job_service.unreachable_timeout = 0.05
            getattr(job_service, click)(job_id)
            with pytest.raises(StillUnreachable, match=r"Stopped waiting\. Started jobs are kept"):
                job_service.watch([job_id])
            assert job_service.is_active(job_id)
            assert job_service.job(job_id).phase is Phase.REVIEW
            decisions.append(job_service.job(job_id).decision)
    assert decisions[0] == decisions[1] is not None


def test_a_decision_at_the_end_of_a_run_is_followed(job_service: JobService) -> None:
    """The job counts as active until the run of that decision ends."""
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp", mode=Mode.REVIEW))
    # it rests at the preview, and nothing of it has been heard yet
    until(lambda: not job_service.worker.is_running)
    with closing(Journal(job_service.home)) as journal:
        assert journal.jobs()[0].phase is Phase.REVIEW
    job_service.approve(job.id)
    assert ended(job_service, job).phase is Phase.READY


# -- the rest of a job's life


@pytest.mark.covers("R-again")
def test_a_job_is_placed_fetched_again_and_dismissed(job_service: JobService) -> None:
    """Deleted files are downloaded again, and dismissing keeps the files."""
    job = job_service.start(LAMP)
    assert ended(job_service, job).phase is Phase.READY
    job_service.record_delivery(job.id, DeliveryResult((Message("It stands at the cursor."),)))
    placed = job_service.job(job.id)
    assert (placed.phase, placed.notes) == (Phase.PLACED, ("It stands at the cursor.",))
    shutil.rmtree(job_service.home / "downloads")
    job_service.fetch_again(job.id)
    model = ended(job_service, job).file(Role.MODEL)
    assert Path(model.path).is_file()
    job_service.dismiss(job.id)
    assert job_service.jobs() == []
    assert Path(model.path).is_file()
    assert refused(lambda: job_service.job(job.id)) == f'There is no job "{job.id}" in the journal.'


@pytest.mark.covers("R-again")
def test_a_file_of_another_asset_is_not_taken(job_service: JobService) -> None:
    """It lies there if a person uses another result after an earlier journal was put back."""
    lamp = ended(job_service, job_service.start(LAMP))
    request = GenerationRequest(Kind.MODEL, "a yellow crate")
    crate = ended(job_service, job_service.start(request))
    made = asset_of(crate)
    job_service.save(lamp.moved(Phase.FETCHING, source_asset_id=made, asset=crate.asset, files=()))
    job_service.wake(job_service.job(lamp.id))
    model = ended(job_service, lamp).file(Role.MODEL)
    assert model.sha256 == crate.file(Role.MODEL).sha256 != lamp.file(Role.MODEL).sha256


def test_a_job_without_result_cannot_be_fetched_again(offline: JobService) -> None:
    """There is nothing to download."""
    (job,) = offline.cache.add(working())
    said = "a lamp has no files to download again."
    assert refused(lambda: offline.fetch_again(job.id)) == said


def test_an_active_job_cannot_be_dismissed(offline: JobService) -> None:
    """It would continue and cost Credits without being shown."""
    job = offline.start(LAMP)
    said = "a lamp is not finished. Cancel it first."
    assert refused(lambda: offline.dismiss(job.id)) == said
    said = "a lamp is still in progress. Wait until it stops, then try again."
    assert refused(lambda: offline.set_delivery(job.id, Delivery())) == said


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.SENDING, Phase.PAUSED])
def test_a_start_without_an_answer_cannot_be_dismissed(offline: JobService, phase: Phase) -> None:
    """Mint may have started it: nobody would know what was paid for."""
    open_one, searched, foreign = (
        replace(sent(a_job(), time.time()), phase=phase) for _ in range(3)
    )
    problem = Problem(Cause.UNREACHABLE, "Nothing was found.", UNANSWERED)
    searched = replace(searched, phase=Phase.PAUSED, problem=problem)
    foreign = replace(foreign, owner=Owner("https://elsewhere.example", "user:1"))
    others = (searched, foreign, replace(a_job(), phase=phase))
    offline.cache.add(open_one, *others)
    offline.journal.paid_requests.note_look(searched.requests[0].key)
    offline.reread()
    assert refused(lambda: offline.dismiss(open_one.id)) == (
        "a lamp was sent, and Mint has not answered yet. It may cost Credits. Resume or cancel"
        " it first."
    )
    for job in others:
        offline.dismiss(job.id)
    assert [job.id for job in offline.jobs()] == [open_one.id]


@pytest.mark.parametrize("is_canceled", [False, True])
def test_dismissing_ends_a_request(home: Path, offline: JobService, is_canceled: bool) -> None:
    """The next conversion of the model is another order, with a key of its own.

    If the job is being canceled, the worker has dropped the request already.
    """
    model = asset(glbUrl=f"{FILES}a.glb")
    job = new_conversion(model, (Format.FBX,), Delivery(folder="/out"), now=time.time())
    told = Problem(Cause.UNREACHABLE, "Nothing was found.", UNANSWERED)
    offline.cache.add(replace(sent(job, time.time()), phase=Phase.PAUSED, problem=told))
    requests = offline.journal.paid_requests
    requests.note_look(job.requests[0].key)
    offline.reread()
    if is_canceled:
        requests.cancel(job.requests[0].key)
    offline.dismiss(job.id)
    assert requests.get(job.requests[0].key).state is State.OVER
    again = offline.convert(model, [Format.FBX], Path("/out"))
    assert again.id != job.id and again.requests[0].number == 2
    assert checks.read_journal(home).wrong_jobs == ()


# -- starting


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (GenerationRequest(Kind.MODEL, "   "), "The prompt is empty. Describe what to generate."),
        (
            GenerationRequest(Kind.MODEL, "x", images=("/none.png",)),
            "The reference image /none.png cannot be read: ",  # and why, as each system says it
        ),
    ],
)
def test_an_invalid_request_is_refused(
    offline: JobService, request_: GenerationRequest, sentence: str
) -> None:
    """Nothing is stored or sent for a request that cannot succeed."""
    assert refused(lambda: offline.start(request_)).startswith(sentence)
    assert offline.jobs() == []
