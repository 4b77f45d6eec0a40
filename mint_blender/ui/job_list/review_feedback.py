# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user is about to say about each Preview: one text field a job, mirrored in the window
manager because fields need a property.
"""

from __future__ import annotations

import bpy

from ...jobs.job import Phase
from ...jobs.service import JobService
from ...mint.generation_request import MAX_FEEDBACK_LENGTH


class MintDraft(bpy.types.PropertyGroup):
    """The unsent feedback on one job's Preview. `name` is the job's id."""

    feedback: bpy.props.StringProperty(
        name="Change",
        description="What should be different in the next Preview",
        maxlen=MAX_FEEDBACK_LENGTH,
        options={"SKIP_SAVE"},
    )
    shown: bpy.props.IntProperty(
        name="Preview",
        description="Which of the previews is shown; 0: the newest",
        min=0,
        options={"SKIP_SAVE"},
    )


def of(job_id: str) -> MintDraft | None:
    """The draft of a job; None before the first heartbeat has made it."""
    return bpy.context.window_manager.mint_drafts.get(job_id)


def catch_up(board: JobService) -> None:
    """One draft for each job that waits for a decision, and none for others."""
    drafts = bpy.context.window_manager.mint_drafts
    waiting = {job.id for job in board.jobs() if job.phase is Phase.REVIEW}
    for index in reversed(range(len(drafts))):
        if drafts[index].name not in waiting:
            drafts.remove(index)
    for job_id in waiting - set(drafts.keys()):
        drafts.add().name = job_id
