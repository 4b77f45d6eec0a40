# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions about a Preview whose process was killed before Mint's answer was in the job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.errors import DownloadFailed
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, LocalFile, Role
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.phases import Verb
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Mode

from .engine_harness import KEY, EngineHarness
from .workflow_harness import FILES, GLB, asset, job_in_review, operation


class NoDownloader(Downloader):
    """A downloader without a network."""

    def fetch(self, url: str, target: Path, **more: object) -> Path:
        raise DownloadFailed("There is no network.")


@pytest.fixture
def reviewing(home: Path) -> Iterator[EngineHarness]:
    """Yield an engine for jobs whose files cannot be downloaded."""
    engine = EngineHarness(home, downloader=lambda local: NoDownloader())
    yield engine
    engine.close()


def in_review(engine: EngineHarness, verb: Verb) -> Job:
    """Return a job with a Preview, about which a person has just decided."""
    picture = LocalFile(Role.PREVIEW, "/home/p1.webp", f"{FILES}p1.webp")
    job = replace(job_in_review(), files=(picture,))
    engine.journal.add(job)
    feedback = "greener" if verb is Verb.REVISE else None
    assert engine.journal.decide(job.id, Decision(verb, "", feedback))
    return engine.job(job)


def at_mint(status: str, picture: str) -> Any:
    """Return the operation of that job as Mint shows it."""
    return operation(status, Mode.REVIEW, assets={"previewImageUrl": f"{FILES}{picture}.webp"})


@pytest.mark.parametrize(
    ("verb", "status", "is_carried_out"),
    [
        (Verb.REVISE, "running", True),
        (Verb.REVISE, "preview_ready", True),
        (Verb.REVISE, "canceled", False),
        (Verb.APPROVE, "running", True),
        (Verb.APPROVE, "succeeded", True),
        (Verb.APPROVE, "preview_ready", False),
    ],
)
def test_a_decision_without_an_answer_that_mint_has_carried_out(
    reviewing: EngineHarness, verb: Verb, status: str, is_carried_out: bool
) -> None:
    """The process is killed before the answer; the next one sees what has become of it."""
    engine, job = reviewing, in_review(reviewing, verb)
    key = job.requests[-1].key
    records = engine.journal.paid_requests
    assert records.begin(key, now=time.time(), credential=hash_of(engine), body="{}") is not None
    engine.mint.says = lambda what, which: (
        asset(glbUrl=GLB) if what == "asset" else at_mint(status, "p2")
    )
    engine.scheduler.receive(Wake(job.id))
    engine.run()
    after, request = engine.job(job), records.get(key)
    assert after.decision is None and request is not None
    assert (request.operation == "op_1") is is_carried_out
    assert after.has_note("newer_preview") is (verb is Verb.APPROVE and status == "preview_ready")
    assert after.revision == int(is_carried_out and verb is Verb.REVISE)
    assert engine.mint.times("approve") == engine.mint.times("revise") == []


def hash_of(engine: EngineHarness) -> str:
    """Return the hash of the API key of an engine."""
    engine.journal.set_account(Account(KEY))
    account = engine.journal.current_account
    assert account is not None
    return account.key_hash


def test_a_revision_that_is_clicked_again_after_a_crash(reviewing: EngineHarness) -> None:
    """Mint's answer was stored, but not in the job: the same click orders nothing more."""
    engine, job = reviewing, in_review(reviewing, Verb.REVISE)
    engine.journal.paid_requests.answer(job.requests[-1].key, "op_1")
    assert engine.job(job).decision is None
    assert engine.journal.decide(job.id, Decision(Verb.REVISE, "", "greener"))
    engine.mint.says = lambda what, which: at_mint("preview_ready", "p2")
    engine.scheduler.receive(Wake(job.id))
    engine.run()
    after = engine.job(job)
    assert (after.revision, after.decision) == (1, None)
    assert after.requests[-1].closed is State.OVER
    assert not after.has_note("newer_preview")
    assert engine.mint.times("revise") == []
