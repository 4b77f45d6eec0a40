# SPDX-License-Identifier: GPL-3.0-or-later
"""A Preview that another process has replaced meanwhile is not decided about unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Verb
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account

from .fast_config import fast_config
from .workflow_harness import FILES, in_review

DECISIONS: dict[Verb, Callable[[JobService, str, Job | None], None]] = {
    Verb.APPROVE: lambda service, job_id, seen: service.approve(job_id, seen=seen),
    Verb.REVISE: lambda service, job_id, seen: service.revise(job_id, "greener", seen=seen),
}


@pytest.fixture
def service(home: Path) -> Iterator[JobService]:
    """Yield a service that sends nothing, since it has no key."""
    with closing(JobService(fast_config(home), Account("", "https://api.mint.gg/v1"))) as service:
        yield service


def replaced(job: Job) -> Job:
    """Return the job as another process leaves it after a revision."""
    (first,) = job.previews
    path = Path(first.path).with_stem("preview-2")
    second = replace(first, path=str(path), url=f"{FILES}p2.webp")
    return replace(job, revision=1, files=(*job.files, second))


def store(home: Path, job: Job, *, is_new: bool = False) -> None:
    """Let another process store a job."""
    with closing(Journal(home)) as journal:
        journal.add(job) if is_new else journal.save(job)


@pytest.mark.parametrize("verb", DECISIONS)
@pytest.mark.parametrize("is_listed", [False, True], ids=["not read yet", "read"])
def test_a_newer_preview_is_looked_at_first(
    home: Path, service: JobService, verb: Verb, *, is_listed: bool
) -> None:
    """Whether this process has read of it already or not."""
    job = in_review().job
    store(home, job, is_new=True)
    service.catch_up()
    seen = service.job(job.id)
    store(home, replaced(job))
    if is_listed:
        service.catch_up()
    with pytest.raises(NotPossible, match="newer Preview"):
        DECISIONS[verb](service, job.id, seen)
    assert service.job(job.id).decision is None
    assert service.job(job.id).previews == replaced(job).previews


@pytest.mark.parametrize("verb", DECISIONS)
def test_what_the_list_shows_is_what_was_seen(home: Path, service: JobService, verb: Verb) -> None:
    """Unless told otherwise: so it is for a person who clicks in a window."""
    job = in_review().job
    store(home, job, is_new=True)
    service.catch_up()
    store(home, replaced(job))
    with pytest.raises(NotPossible, match="newer Preview"):
        DECISIONS[verb](service, job.id, None)
    assert service.job(job.id).decision is None


def test_a_fresh_link_is_no_newer_preview(home: Path, service: JobService) -> None:
    """Another process has downloaded the same picture again."""
    job = in_review().job
    store(home, job, is_new=True)
    service.catch_up()
    (picture,) = job.previews
    fresh = replace(picture, url=f"{picture.url}?expires=2")
    store(home, replace(job, files=(fresh,)))
    service.approve(job.id)
    decision = service.job(job.id).decision
    assert decision is not None and decision.verb is Verb.APPROVE
