# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.cli.output.terminal import Terminal
from mint_blender.cli.results import stop_text
from mint_blender.jobs.job_values import UNANSWERED, Cause, Delivery, Problem
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Format, Kind

from .fast_config import fast_config
from .workflow_harness import a_job, sent

WAITING = "Waiting for a free slot"
REFUSED = Problem(Cause.REFUSED, "Too many active generations.")


def test_a_job_waits_for_a_slot_only_when_there_is_none() -> None:
    """With a free slot it is about to be sent, unless Mint has just refused it."""
    job = a_job()
    assert JobView(job).state == WAITING
    assert JobView(job, is_slot_free=True).state == "Starting"
    assert JobView(replace(job, problem=REFUSED), is_slot_free=True).state == WAITING


def test_fetching_and_converting_need_no_slot() -> None:
    """Nothing is generated for them."""
    job = replace(a_job(), source_asset_id="model_1")
    assert JobView(job).state == "Starting"
    assert JobView(replace(job, convert=(Format.OBJ,))).state == "Starting"


def test_pictures_are_uploaded_before_a_slot_is_taken() -> None:
    """Pictures on the web are not uploaded."""
    request = GenerationRequest(Kind.MODEL, "a lamp", images=("a.png", "https://a.example/b.png"))
    job = replace(a_job(), request=request)
    assert JobView(job).state == "Uploading pictures"
    assert JobView(replace(job, image_urls=("https://mint.example/a",))).state == WAITING


def test_the_queue_of_an_earlier_session_was_not_sent() -> None:
    """It waits for the user, whether or not there is a slot."""
    assert JobView(a_job(), is_held_back=True).state == "Queued earlier, not sent"


@pytest.mark.parametrize(
    ("delivery", "word"),
    [
        (Delivery(), "In scene"),
        (Delivery(output="lamp.glb"), "Saved"),
        (Delivery(render="lamp.png"), "Saved"),
    ],
)
def test_a_finished_job_says_where_its_result_is(delivery: Delivery, word: str) -> None:
    """A file is not in a scene."""
    job = replace(a_job(), phase=Phase.PLACED, delivery=delivery)
    assert JobView(job).state == word


def test_the_slots_of_each_kind_are_counted(home: Path) -> None:
    """Models and Worlds have slots of their own; queued jobs and Previews take none."""
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    for phase in (Phase.WORKING, Phase.SENDING, Phase.WAITING, Phase.REVIEW):
        job_service.cache.add(*(replace(a_job(), phase=phase) for _ in range(5)))
    assert not job_service.is_slot_free(Kind.MODEL)
    assert job_service.is_slot_free(Kind.WORLD)
    working = next(job for job in job_service.jobs() if job.phase is Phase.WORKING)
    job_service.cache.save(working.moved(Phase.REVIEW))
    assert job_service.is_slot_free(Kind.MODEL)
    assert job_service.close(5)


def test_only_what_was_sent_is_offered_to_be_sent_once_more() -> None:
    """In a copy of a journal, the original may have sent what was never sent from here."""
    unanswered = Problem(Cause.UNREACHABLE, "Mint may have started this.", UNANSWERED)
    job = replace(a_job(), phase=Phase.PAUSED, problem=unanswered)
    terminal = Terminal("mint-blender", as_json=False)
    for seen, is_offered in ((job, False), (sent(job, 100.0), True), (sent(a_job(), 100.0), False)):
        assert JobView(seen).may_be_sent_once_more is is_offered
        assert ("--once-more" in stop_text(seen, terminal)) is is_offered
