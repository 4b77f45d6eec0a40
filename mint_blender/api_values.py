# SPDX-License-Identifier: GPL-3.0-or-later
"""What the functions for scripts return and raise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .jobs.engine.task import StillUnreachable
from .jobs.job import Job
from .jobs.job_values import Cause, Problem
from .jobs.presentation.job_view import JobView
from .message import Message, message_of

if TYPE_CHECKING:
    import bpy

UNREACHABLE = "unreachable"
"""`GenerationStopped.code` when Mint could not be reached for too long."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a job has made.

    Attributes:
        job_id: The id of the job.
        title: What it is called.
        credits: What it has cost; None if Mint has not said.
        files: The path of each file, by what it is for, such as "model" or "picture"; "output" is
            the one that was written.
        notes: Sentences about the result, which have a `code` and `params`.
    """

    job_id: str
    title: str
    credits: float | None
    files: dict[str, Path]
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlacedResult(Result):
    """A result in a scene. Do not keep its objects over an undo or the loading of a file.

    Attributes:
        root: The object above all others: move, rotate or scale this one.
        collection: The collection of the result.
        objects: All objects.
    """

    root: bpy.types.Object
    collection: bpy.types.Collection | None
    objects: tuple[bpy.types.Object, ...]


class GenerationStopped(RuntimeError):
    """The job ended without a result; what was paid for can be resumed.

    Attributes:
        job_id: The id of the job.
        phase: Where it stopped, such as "paused", "failed" or "canceled".
        cause: What kind of problem it is, as `cause` on the command line; None without a problem.
        code: What went wrong, as a word for programs; None if there is no such word.
        params: The values in the problem's text, by name.
        notes: What else is known about the job: texts that have a `code` and `params`, too.
    """

    def __init__(self, job: Job, error: StillUnreachable | None = None) -> None:
        super().__init__(f"{job.title}: {error or JobView(job).state} (job {job.id})")
        problem = Problem(Cause.UNREACHABLE, str(error), UNREACHABLE) if error else job.problem
        self.job_id = job.id
        self.phase = job.phase.value
        self.cause = problem.cause.value if problem else None
        self.code = problem.code if problem else None
        self.params = dict(message_of(problem.message).params) if problem else {}
        self.notes = tuple(message_of(note) for note in job.notes)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C was pressed while a job was running. The job is kept.

    Attributes:
        job_id: The id of the job.
    """

    def __init__(self, job: Job) -> None:
        request = job.client_request
        repeat = f', or generate(…, request_id="{request.id}")' if request else ""
        super().__init__(
            f"{job.title} was interrupted, and nothing is lost. To continue it at no extra cost:"
            f' mint_blender.resume("{job.id}"){repeat}.'
        )
        self.job_id = job.id
