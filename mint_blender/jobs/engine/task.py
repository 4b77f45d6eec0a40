# SPDX-License-Identifier: GPL-3.0-or-later
"""A story being told: the job as last committed, what it wants next, when, and what is in flight
for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...files.errors import FileError
from ..job import Job, Kept
from ..workflow.effects import AnyWant
from ..workflow.run import Story


@dataclass
class Task:
    """One telling, for the scheduler's thread only. A job has one at a time."""

    job: Job
    workflow: Story
    serial: int  # number of this telling: a job is told anew after each click
    wake_number: int  # number of the last Look at it
    effect: AnyWant | None = None
    due: float = 0.0
    failures: int = 0
    failing_since: float = 0.0
    has_retry_after: bool = False  # Mint, or the file host, has said when to try again
    call: int | None = None  # number of its call that is in flight
    # a click came while a call was in flight whose answer must not be lost
    has_new_decision: bool = False
    # a file that came while the story was busy with something else
    optional_file: Kept | FileError | None = None
