# SPDX-License-Identifier: GPL-3.0-or-later
"""The feedback that the user is writing about each Preview.

There is one text field for each job. It is mirrored in the window manager, because a field needs a
property.
"""

from typing import TYPE_CHECKING

import bpy

from ...jobs.phases import Phase
from ...mint.limits import MAX_FEEDBACK_LENGTH
from .. import heartbeat, session, text_fields

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


class MintDraft(bpy.types.PropertyGroup):
    """The unsent feedback on one job's Preview. `name` is the job's id."""

    feedback: bpy.props.StringProperty(
        name="Change",
        description="What to change in the next Preview",
        maxlen=MAX_FEEDBACK_LENGTH,
        options={"SKIP_SAVE"},
    )
    shown: bpy.props.IntProperty(
        name="Preview",
        description="Number of the Preview to compare with. 0 is the one before the newest",
        min=0,
        options={"SKIP_SAVE"},
    )


def of(job_id: str) -> MintDraft | None:
    """Return the draft of a job; None before the first heartbeat has made it."""
    return bpy.context.window_manager.mint_drafts.get(job_id)


def compared(job: "Job") -> tuple[int, int]:
    """Return the numbers of the Previews to show: one to compare with, and the newest.

    They count from 1. 0 means none: there is nothing to compare with, or the picture of the one
    that would be approved is missing.
    """
    draft, newest = of(job.id), len(job.previews) if job.has_preview else 0
    earlier = len(job.previews) - (1 if newest else 0)
    chosen = draft.shown if draft is not None else 0
    return min(chosen or earlier, earlier), newest


class _State:
    is_behind: bool = False
    """Whether the drafts are to be updated once the user is not typing into one of them."""


def is_behind(service: "JobService") -> bool:
    """Return whether the drafts still have to be updated."""
    return session.state(_State).is_behind


def catch_up(service: "JobService") -> None:
    """Update the drafts from the jobs, now or as soon as the user is not typing."""
    state = session.state(_State)
    # the second question is the expensive one, and drafts rarely come or go
    state.is_behind = _is_incomplete(service) and text_fields.is_edited()
    if state.is_behind:
        heartbeat.ensure()
    else:
        _follow(service)


def catch_up_later(service: "JobService") -> bool:
    """Update the drafts if that is due and the user is not typing. Changes no job."""
    state = session.state(_State)
    if state.is_behind and not text_fields.is_edited():
        state.is_behind = False
        _follow(service)
    return False


def _is_incomplete(service: "JobService") -> bool:
    return set(bpy.context.window_manager.mint_drafts.keys()) != _waiting(service)


def _waiting(service: "JobService") -> set[str]:
    return {job.id for job in service.jobs() if job.phase is Phase.REVIEW}


def _follow(service: "JobService") -> None:
    """Keep one draft for each job that waits for a decision, and none for others."""
    drafts = bpy.context.window_manager.mint_drafts
    waiting = _waiting(service)
    for index in reversed(range(len(drafts))):
        if drafts[index].name not in waiting:
            drafts.remove(index)
    for job_id in waiting - set(drafts.keys()):
        drafts.add().name = job_id
