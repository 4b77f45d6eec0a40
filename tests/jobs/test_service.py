# SPDX-License-Identifier: GPL-3.0-or-later
"""The job service: allowed decisions, placing, resuming, and two processes on one journal."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.diagnostics import journal_check
from mint_blender.jobs.engine.task import StillUnreachable
from mint_blender.jobs.engine.workflow_runner import DECISION_CHECK_INTERVAL
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

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .other_process import OtherProcess
from .service_helpers import LAMP, put, refused, until
from .workflow_harness import FILES, a_job, asset, operation, sent, working


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a fast service."""
    with running_service(speed=1000, credits=1e9, cancel="everywhere") as running:
        yield running


# -- deciding
# --------------------------------------------------------------------------------------------------------------------


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
def test_each_phase_allows_its_decisions(home: Path, phase: Phase) -> None:
    """Every other decision is refused with a message, and changes nothing."""
    put(home, replace(working(), phase=phase))
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    job = job_service.jobs()[0]
    clicks: dict[Verb, Callable[[], None]] = {
        Verb.APPROVE: lambda: job_service.approve(job.id),
        Verb.REVISE: lambda: job_service.revise(job.id, "greener"),
        Verb.RETRY: lambda: job_service.retry(job.id),
        Verb.CANCEL: lambda: job_service.cancel(job.id),
    }
    assert set(JobView(job).verbs) == POSSIBLE[phase]
    for verb in set(clicks) - POSSIBLE[phase]:
        assert (
            refused(clicks[verb]) == f"a lamp: {verb} is not possible now ({JobView(job).state})."
        )
        assert job_service.job(job.id) == job
    if phase in {Phase.FETCHING, Phase.WAITING, Phase.SENDING, Phase.WORKING}:
        job_service.resume(job.id)
    elif Verb.RESUME not in POSSIBLE[phase]:
        assert (
            refused(lambda: job_service.resume(job.id))
            == f"a lamp: resume is not possible now ({JobView(job).state})."
        )
    assert job_service.close(20)


def test_a_revision_needs_text(home: Path) -> None:
    """An empty or too long text is refused before it is stored."""
    put(home, replace(working(Mode.REVIEW), phase=Phase.REVIEW))
    job_service = JobService(fast_config(home), Account("key"))
    job = job_service.jobs()[0]
    assert refused(lambda: job_service.revise(job.id, "  ")) == "Describe what to change."
    assert (
        refused(lambda: job_service.revise(job.id, "x" * 2001))
        == "The feedback has 2001 characters; Mint accepts at most 2000."
    )
    assert job_service.job(job.id).decision is None
    job_service.close()


def test_only_a_cancel_is_accepted_while_a_decision_is_pending(home: Path) -> None:
    """The card says what is pending."""
    put(home, replace(working(Mode.REVIEW), phase=Phase.REVIEW))
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    job_id = job_service.jobs()[0].id
    job_service.approve(job_id)
    assert JobView(job_service.job(job_id)).state == "Approving"
    assert JobView(job_service.job(job_id)).verbs == (Verb.CANCEL,)
    assert (
        refused(lambda: job_service.approve(job_id))
        == "a lamp: approve is not possible now (Approving)."
    )
    job_service.cancel(job_id)
    assert JobView(job_service.job(job_id)).state == "Canceling"
    assert job_service.close(20)


def test_an_unanswered_decision_is_sent_again(home: Path) -> None:
    """A blocking caller gives up; the decision is kept and repeated with its key."""
    put(home, replace(working(Mode.REVIEW), phase=Phase.REVIEW))
    clicked = None
    for _ in range(2):
        job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
        job_service.unreachable_timeout = 0.05
        job_id = job_service.jobs()[0].id
        if clicked is None:
            job_service.approve(job_id)
            clicked = job_service.job(job_id).decision
        else:
            job_service.resume(job_id)
        with pytest.raises(
            StillUnreachable,
            match=r"refused the connection\. Stopped waiting\. Started jobs are kept",
        ):
            job_service.watch([job_id])
        assert job_service.is_active(job_id)
        assert (job_service.job(job_id).phase, job_service.job(job_id).decision) == (
            Phase.REVIEW,
            clicked,
        )
        assert job_service.close(20)
    assert clicked is not None


def test_a_decision_at_the_end_of_a_run_is_followed(job_service: JobService) -> None:
    """The job counts as active until the run of that decision ends."""
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp", mode=Mode.REVIEW))
    # it rests at the preview, and nothing of it has been heard yet
    until(lambda: not job_service.worker.is_running)
    journal = Journal(job_service.home)
    assert journal.jobs()[0].phase is Phase.REVIEW
    journal.close()
    job_service.approve(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY


# -- the rest of a job's life
# --------------------------------------------------------------------------------------------------------


@pytest.mark.covers("R-again")
def test_a_job_is_placed_fetched_again_and_dismissed(job_service: JobService) -> None:
    """Deleted files are downloaded again, and dismissing keeps the files."""
    job = job_service.start(LAMP)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    job_service.record_delivery(job.id, DeliveryResult((Message("It stands at the cursor."),)))
    placed = job_service.job(job.id)
    assert (placed.phase, placed.notes) == (Phase.PLACED, ("It stands at the cursor.",))
    shutil.rmtree(job_service.home / "downloads")
    job_service.fetch_again(job.id)
    job_service.watch([job.id])
    model = job_service.job(job.id).file(Role.MODEL)
    assert model is not None
    assert Path(model.path).is_file()
    job_service.dismiss(job.id)
    assert job_service.jobs() == []
    assert Path(model.path).is_file()
    assert refused(lambda: job_service.job(job.id)) == f'There is no job "{job.id}" in the journal.'


def test_a_job_without_result_cannot_be_fetched_again(home: Path) -> None:
    """There is nothing to download."""
    put(home, working())
    job_service = JobService(fast_config(home), Account("key"))
    job = job_service.jobs()[0]
    assert (
        refused(lambda: job_service.fetch_again(job.id)) == "a lamp has no files to download again."
    )
    job_service.close()


def test_an_active_job_cannot_be_dismissed(offline_job_service: JobService) -> None:
    """It would continue and cost Credits without being shown."""
    job = offline_job_service.start(LAMP)
    assert (
        refused(lambda: offline_job_service.dismiss(job.id))
        == "a lamp is not finished. Cancel it first."
    )
    assert (
        refused(lambda: offline_job_service.set_delivery(job.id, Delivery()))
        == "a lamp is still in progress. Wait until it stops, then try again."
    )


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.SENDING, Phase.PAUSED])
def test_a_start_without_an_answer_cannot_be_dismissed(home: Path, phase: Phase) -> None:
    """Mint may have started it: nobody would know what was paid for."""
    open_one, searched, foreign = (
        replace(sent(a_job(), time.time()), phase=phase) for _ in range(3)
    )
    problem = Problem(Cause.UNREACHABLE, "Nothing was found.", UNANSWERED)
    searched = replace(searched, phase=Phase.PAUSED, problem=problem)
    foreign = replace(foreign, owner=Owner("https://elsewhere.example", "user:1"))
    never_sent = replace(a_job(), phase=phase)
    put(home, open_one, searched, foreign, never_sent)
    with closing(JobService(fast_config(home), Account("key"))) as job_service:
        assert refused(lambda: job_service.dismiss(open_one.id)) == (
            "a lamp was sent, and Mint has not answered yet. It may cost Credits. Resume or cancel"
            " it first."
        )
        for job in (searched, foreign, never_sent):
            job_service.dismiss(job.id)
        assert [job.id for job in job_service.jobs()] == [open_one.id]


def test_dismissing_ends_what_a_person_was_told_about(home: Path) -> None:
    """The next conversion of the model is another order, with a key of its own."""
    model = asset(glbUrl=f"{FILES}a.glb")
    job = new_conversion(model, (Format.FBX,), Delivery(folder="/out"), now=time.time())
    told = Problem(Cause.UNREACHABLE, "Nothing was found.", UNANSWERED)
    put(home, replace(sent(job, time.time()), phase=Phase.PAUSED, problem=told))
    with closing(JobService(fast_config(home), Account("key"))) as job_service:
        job_service.allow_online(False)
        job_service.dismiss(job.id)
        again = job_service.convert(model, [Format.FBX], Path("/out"))
        first = job_service.journal.paid_requests.get(job.requests[0].key)
        assert first is not None and first.state is State.OVER
        assert again.id != job.id and again.requests[0].number == 2
    content = journal_check.read(home)
    assert content is not None and content.wrong_jobs == ()


def test_resume_all_continues_interrupted_jobs(home: Path, service: ThreadService) -> None:
    """Active jobs, unanswered decisions and missing Previews continue.

    Jobs that wait for a decision do not.
    """
    preview = {"assets": {"previewImageUrl": f"{FILES}p.webp"}}
    jobs = {
        "waiting, never sent": a_job(),
        "sending": replace(sent(a_job(), time.time()), phase=Phase.SENDING),
        "no preview yet": replace(
            working(Mode.REVIEW),
            phase=Phase.REVIEW,
            operation=operation("preview_ready", Mode.REVIEW, **preview),
        ),
        "no preview ever": replace(working(Mode.REVIEW), phase=Phase.REVIEW),
        "paused": replace(working(), phase=Phase.PAUSED),
        "failed": replace(working(), phase=Phase.FAILED),
        "ready": replace(working(), phase=Phase.READY),
    }
    put(home, *jobs.values())
    job_service = JobService(fast_config(home), account(service))
    job_service.allow_online(False)
    names = {job.id: name for name, job in jobs.items()}
    assert {names[job.id] for job in job_service.unfinished.resume_all()} == {
        "sending",
        "no preview yet",
    }
    assert job_service.unfinished.resume_all() == [], "they go on already"
    assert job_service.close(20)


# -- two processes
# ---------------------------------------------------------------------------------------------------------------------


def test_a_job_is_taken_over_when_its_process_dies(
    home: Path, job_service: JobService, service: ThreadService
) -> None:
    """The job of a living process is left alone; after its end it continues, started once."""
    with OtherProcess(home) as other:
        other.ask("open_job_service", service.api, service.key)
        theirs = other.ask("start", "theirs [stuck]")
        mine = job_service.start(GenerationRequest(Kind.MODEL, "mine [stuck]"))
        until(lambda: len(service.operations()) == 2)
        until(
            lambda: (
                job_service.catch_up()
                and theirs in {job.id for job in job_service.jobs()}
                and job_service.job(theirs).phase is Phase.WORKING
            )
        )
        assert job_service.unfinished.resume_all() == []
        assert other.ask("resume_all") == []
        assert not job_service.is_active(theirs)
        assert other.ask("is_active", theirs)
        assert (
            refused(lambda: job_service.dismiss(theirs))
            == "theirs [stuck] is not finished. Cancel it first."
        )
        assert job_service.unfinished.are_elsewhere
        assert not job_service.unfinished.take_over(), "it lives"
        other.end(signal.SIGKILL)
        assert job_service.unfinished.take_over()
        assert job_service.is_active(theirs)
        assert not job_service.unfinished.are_elsewhere
        job_service.cancel(theirs)
        job_service.cancel(mine.id)
        job_service.watch([theirs, mine.id])
        assert {job_service.job(theirs).phase, job_service.job(mine.id).phase} == {Phase.CANCELED}
        assert len(service.operations()) == 2


def test_a_decision_on_a_job_of_another_process(
    home: Path, job_service: JobService, service: ThreadService
) -> None:
    """The other process carries it out within two seconds, and only it contacts Mint."""
    with OtherProcess(home) as other:
        other.ask("open_job_service", service.api, service.key)
        theirs = other.ask("start", "theirs [stuck]")
        until(
            lambda: (
                job_service.catch_up()
                and job_service.jobs() != []
                and job_service.job(theirs).phase is Phase.WORKING
            )
        )
        began = time.monotonic()
        job_service.cancel(theirs)
        assert not job_service.is_active(theirs)
        assert JobView(job_service.job(theirs)).state == "Canceling"
        until(lambda: job_service.catch_up() and job_service.job(theirs).phase is Phase.CANCELED)
        assert time.monotonic() - began < 2 * DECISION_CHECK_INTERVAL
        assert service.operations()[0].status == "canceled"
        assert ours_made_no_connection(service)


def test_catching_up_with_another_process(home: Path, job_service: JobService) -> None:
    """Jobs that another process adds and dismisses are found, and no change is reported as none."""
    assert not job_service.catch_up()
    with OtherProcess(home) as other:
        added = other.ask("add", 3)
        assert job_service.catch_up()
        assert sorted(job.id for job in job_service.jobs()) == sorted(added)
        assert not job_service.catch_up()
        other.ask("dismiss", added[0])
        assert job_service.catch_up()
        assert sorted(job.id for job in job_service.jobs()) == sorted(added[1:])
        assert not job_service.catch_up()


def test_only_the_first_of_two_decisions_counts(
    home: Path, job_service: JobService, service: ThreadService
) -> None:
    """The second process reads that the Preview was already decided."""
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp", mode=Mode.REVIEW))
    job_service.watch([job.id])
    with OtherProcess(home) as other:
        other.ask("open_job_service", service.api, service.key)
        job_service.allow_online(False)
        job_service.approve(job.id)
        assert (
            other.ask("click", "approve", job.id)
            == "a lamp: approve is not possible now (Approving)."
        )
        job_service.allow_online(True)
        job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    assert len(service.requests("POST", "*:approve")) == 1


def ours_made_no_connection(service: ThreadService) -> bool:
    """Return whether only the other process contacted Mint."""
    return service.connections() == 1
