# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mint_blender.jobs.budget import spending
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.presentation.job_groups import group_jobs
from mint_blender.jobs.storage import serialization

from .job_strategies import decisions, jobs, json_values
from .workflow_harness import a_job, working


@given(jobs)
def test_every_job_comes_back_as_it_was(job: Job) -> None:
    """Whatever Mint said and whatever a person typed: nothing of a job is lost or changed by a
    restart.
    """
    assert serialization.load(serialization.dump(job), job.decision, job.phase) == job


@given(jobs)
def test_what_mint_said_is_kept_word_for_word(job: Job) -> None:
    """The operation's own JSON comes back too, members that we do not know included."""
    again = serialization.load(serialization.dump(job), job.decision, job.phase)
    if job.operation is not None:
        assert again.operation is not None
        assert again.operation.raw == job.operation.raw


@given(decisions)
def test_every_decision_comes_back(decision: Decision) -> None:
    """A click is kept with its key and its text; no click is None."""
    assert serialization.load_decision(serialization.dump_decision(decision)) == decision
    assert serialization.load_decision(None) is None


def test_members_of_a_later_version_are_ignored() -> None:
    """A journal that a newer add-on of the same format wrote can be read: what it added is passed
    over.
    """
    record = json.loads(serialization.dump(working()))
    record["mood"] = "good"
    record["delivery"]["planet"] = "Mars"
    record["request"]["smell"] = "rose"
    assert serialization.load(json.dumps(record), None, Phase.WORKING) == working_like(record)


def test_members_that_an_earlier_version_did_not_write_have_defaults() -> None:
    """The members that every version has are enough."""
    job = a_job()
    record = json.loads(serialization.dump(job))
    short = {name: record[name] for name in ("id", "request", "key", "created_at")}
    assert serialization.load(json.dumps(short), None, Phase.WAITING) == job


def working_like(record: dict[str, object]) -> Job:
    """The job of that record without what was added to it."""
    known = {name: value for name, value in record.items() if name != "mood"}
    return serialization.load(json.dumps(known), None, Phase.WORKING)


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield way
    for name, inner in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from _places(inner, (*way, name))


@settings(max_examples=400)
@given(jobs, st.data())
def test_a_damaged_record_is_refused_or_harmless(job: Job, data: st.DataObject) -> None:
    """Whatever stands in a place of a record: either it is refused as a whole, or all that looks at
    a job can live with it.
    """
    record = json.loads(serialization.dump(job))
    way = data.draw(st.sampled_from([way for way in _places(record) if way and "raw" not in way]))
    *path, last = way
    place = record
    for name in path:
        place = place[name]
    place[last] = data.draw(
        json_values | st.sampled_from(["", "dreaming", 1e999, -1, [], {}, [None], {"a": 1}])
    )
    try:
        found = serialization.load(json.dumps(record), job.decision, job.phase)
    except Exception:
        return
    presenter.state(found), presenter.verbs(found), presenter.cost(found), presenter.report(found)
    assert isinstance(found.title, str)
    assert isinstance(spending.committed(found), float | int)
    spending.entry(found, [], 0.0)
    group_jobs([found], lambda job_id: False)
    assert serialization.load(serialization.dump(found), found.decision, found.phase) == found


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"id": 1}', '"text"'])
def test_what_is_no_record_is_refused(text: str) -> None:
    """Half a record, none, or something else."""
    with pytest.raises(Exception):  # noqa: B017 - whatever is wrong with it
        serialization.load(text, None, Phase.WAITING)
