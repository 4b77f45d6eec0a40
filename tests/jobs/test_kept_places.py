# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs keep their places on the list while the user is about to click on one."""

from __future__ import annotations

from dataclasses import replace

from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_groups import Group, JobGroups, group_jobs, keep

from .workflow_harness import a_job


def job(name: str, phase: Phase) -> Job:
    """Return a job with this id."""
    return replace(a_job(name), id=name, phase=phase)


def grouped(*jobs: Job) -> JobGroups:
    """Return the jobs in their groups."""
    return group_jobs(jobs, lambda job_id: False)


def order(groups: JobGroups) -> list[str]:
    """Return the ids of the jobs from the top of the list on."""
    return [job.id for part in groups.groups for job in part.shown]


ONE, TWO = job("one", Phase.REVIEW), job("two", Phase.REVIEW)
RUNNING, DONE = job("running", Phase.WORKING), job("done", Phase.PLACED)


def test_an_approved_job_stays_where_it_was() -> None:
    """The next Preview does not move under the pointer."""
    before = grouped(ONE, TWO, RUNNING, DONE)
    approved = grouped(replace(ONE, phase=Phase.WORKING), TWO, RUNNING, DONE)
    assert order(approved) == ["two", "one", "running", "done"]
    kept = keep(approved, before)
    assert order(kept) == ["one", "two", "running", "done"]
    assert kept.groups[0].shown[0].phase is Phase.WORKING
    assert kept.groups[0].group is Group.NEEDS_USER
    assert keep(approved, approved) is approved


def test_a_group_that_is_empty_now_keeps_its_place() -> None:
    """All its jobs have gone on."""
    before = grouped(ONE, RUNNING)
    after = grouped(replace(ONE, phase=Phase.PLACED), RUNNING)
    assert order(after) == ["running", "one"]
    assert order(keep(after, before)) == ["one", "running"]


def test_new_jobs_come_first_and_dismissed_ones_go() -> None:
    """The others keep their order."""
    before = grouped(RUNNING, DONE)
    new = job("new", Phase.WORKING)
    assert order(keep(grouped(new, replace(RUNNING, phase=Phase.PLACED), DONE), before)) == [
        "new",
        "running",
        "done",
    ]
    after = grouped(DONE)
    assert keep(after, before) is after
