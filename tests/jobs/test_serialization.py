# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage import serialization

from .job_strategies import jobs
from .workflow_harness import a_job, decided, job_in_review, working


@given(jobs)
def test_a_job_survives_serialization(job: Job) -> None:
    """Nothing that Mint sent or a user typed is lost or changed."""
    assert serialization.load(serialization.dump(job), job.phase) == job


def test_what_may_cost_credits_is_no_part_of_the_record() -> None:
    """It has rows of its own: a stale record must not erase it."""
    job = decided(job_in_review(), Verb.APPROVE)
    assert job.requests and job.decision is not None
    record = json.loads(serialization.dump(job))
    assert not {"requests", "decision", "key", "body"} & set(record)
    stored = serialization.load(json.dumps(record), job.phase)
    assert stored == replace(job, requests=(), decision=None)


@given(jobs)
def test_the_operation_is_stored_as_received(job: Job) -> None:
    """Unknown members of the operation's JSON are kept."""
    again = serialization.load(serialization.dump(job), job.phase)
    if job.operation is not None:
        assert again.operation.raw == job.operation.raw


def test_members_of_a_later_version_are_ignored() -> None:
    """A journal of the same format with additional members can be read."""
    record = json.loads(serialization.dump(working()))
    record["mood"] = "good"
    record["delivery"]["planet"] = "Mars"
    record["request"]["smell"] = "rose"
    assert serialization.load(json.dumps(record), Phase.WORKING) == working_like(record)


def test_members_that_an_earlier_version_did_not_write_have_defaults() -> None:
    """The members of the first version are enough."""
    job = a_job()
    record = json.loads(serialization.dump(job))
    short = {name: record[name] for name in ("id", "request", "created_at")}
    assert serialization.load(json.dumps(short), Phase.WAITING) == replace(job, requests=())


def working_like(record: dict[str, object]) -> Job:
    """Return the job of that record without the added members."""
    known = {name: value for name, value in record.items() if name != "mood"}
    return serialization.load(json.dumps(known), Phase.WORKING)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"id": 1}', '"text"'])
def test_other_values_are_refused(text: str) -> None:
    """An incomplete record, an empty one and other JSON are refused."""
    with pytest.raises(Exception):  # noqa: B017 - whatever is wrong with it
        serialization.load(text, Phase.WAITING)
