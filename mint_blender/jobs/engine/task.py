# SPDX-License-Identifier: GPL-3.0-or-later
"""A workflow that is running: its job, the effect it waits for, and when that is due."""

from __future__ import annotations

from dataclasses import dataclass

from ...files.errors import FileError
from ...mint.retry import FailureStreak
from ..job import Job
from ..job_values import LocalFile
from ..workflow.effects import AnyEffect
from ..workflow.run import Workflow


@dataclass
class Task:
    """One run of a job's workflow, for the scheduler's thread only. A job has one at a time."""

    job: Job  # as last committed
    workflow: Workflow
    serial: int  # number of this run: the workflow starts again after each decision
    wake_number: int  # number of the last Wake
    failures: FailureStreak  # of the effect
    effect: AnyEffect | None = None
    due: float = 0.0
    has_retry_after: bool = False  # Mint, or the file host, has said when to try again
    call: int | None = None  # number of its call that is in flight
    # a decision arrived while a call was in flight whose answer must not be lost
    has_new_decision: bool = False
    # a file that arrived while the workflow was busy with something else
    optional_file: LocalFile | FileError | None = None
