# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interface: `generate`, `usage`, `models`, `worlds` and `job_records`.

Each function blocks, and raises an exception with a sentence for the user. Notes are texts with a
`code` and `params` for programs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from .cli import session
from .cli.results import Review, follow
from .jobs.engine.task import StillUnreachable
from .jobs.job import Job
from .jobs.job_values import Cause, Delivery, DeliveryResult, Problem
from .jobs.phases import Phase
from .jobs.presentation.job_view import JobView
from .jobs.service import JobService, NotPossible, TooExpensive
from .jobs.storage import import_marks
from .jobs.storage.journal import JournalError
from .message import message_of
from .mint.generation_request import GenerationRequest
from .mint.schema import Asset, Kind, Mode, OptimizationLevel, Usage

__all__ = [
    "GenerationStopped",
    "TooExpensive",
    "generate",
    "job_records",
    "models",
    "usage",
    "worlds",
]

log = logging.getLogger(__name__)

UNREACHABLE = "unreachable"
"""`GenerationStopped.code` when Mint could not be reached for too long."""

if TYPE_CHECKING:
    from .scene.place import PlacedResult


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


def generate(
    prompt: str,
    *,
    kind: str = "model",
    preset: str = "standard",
    mode: str = "auto",
    name: str | None = None,
    images: Iterable[str | PathLike[str]] = (),
    pose: str | None = None,
    splats: str | None = None,
    optimize: str | None = None,
    review: Review | None = None,
    max_credits: float | None = None,
) -> PlacedResult:
    """Generate a model or a World, and return it as placed in the current scene, with `notes`.

    Args:
        prompt: What to generate; may be empty if there are images.
        kind: "model" or "world".
        preset: "fast", "standard" or "production".
        mode: "auto", or "review" to call `review` at each Preview.
        name: The name at Mint.
        images: Reference images: paths or https URLs.
        pose: "t_pose" or "a_pose", for models of characters.
        splats: The tier of a World's splats to import, such as "100k"; by default none.
        optimize: "light", "moderate" or "aggressive": a smaller model for more Credits.
        review: Returns "approve", "cancel", or what should change.
        max_credits: Nothing starts that would cost more.

    Raises:
        GenerationStopped: The job failed, was canceled, or cannot continue.
        MintError: Mint refused a call or cannot be reached.
        TooExpensive: It would exceed `max_credits` or a limit of the preferences.
        ValueError: Mint would refuse the request.
    """
    request = GenerationRequest.parse(
        kind=kind, prompt=prompt, preset=preset, mode=mode, name=name, images=images, pose=pose
    )
    return _generate(request, splats, optimize, review, max_credits)


def _generate(
    request: GenerationRequest,
    splats: str | None,
    optimize: str | None,
    review: Review | None,
    max_credits: float | None,
) -> PlacedResult:
    level = OptimizationLevel(optimize) if optimize else None
    _check(request, level, review)
    with session.open_job_service() as job_service:
        job = job_service.start(
            request, Delivery(splats=splats), optimize=level, max_credits=max_credits
        )
        return _place(job_service, _follow(job_service, job.id, review))


def usage() -> Usage:
    """Return the current Credits, subscription and totals.

    Raises:
        MintError: Mint refused the call or cannot be reached.
    """
    with session.open_client() as client:
        return session.call_mint(client.usage)


def models() -> Iterator[Asset]:
    """Yield every model of this API project, newest first.

    Raises:
        MintError: Mint refused a call or cannot be reached.
    """
    yield from _assets(Kind.MODEL)


def worlds() -> Iterator[Asset]:
    """Yield every World of this API project, newest first.

    Raises:
        MintError: Mint refused a call or cannot be reached.
    """
    yield from _assets(Kind.WORLD)


def job_records() -> Iterator[dict[str, Any]]:
    """Yield every job on the list, newest first, as `jobs --json` prints it.

    Reads only the journal: it asks Mint nothing, and jobs that run in this Blender keep running.

    Raises:
        JournalError: The journal cannot be opened or read.
    """
    from .jobs.storage.journal_reader import JournalReader

    with closing(JournalReader(session.home())) as journal:
        journal.set_account(session.account())
        yield from (JobView(job).to_json() for job in journal.records() if isinstance(job, Job))


def _follow(job_service: JobService, job_id: str, review: Review | None) -> Job:
    """Return the job once its files are here.

    Raises:
        GenerationStopped: It stopped before that.
    """
    try:
        job = follow(job_service, job_id, lambda news: None, review)
    except StillUnreachable as error:
        raise GenerationStopped(job_service.job(job_id), error) from error
    if job.phase is not Phase.READY:
        raise GenerationStopped(job)
    return job


def _place(job_service: JobService, job: Job) -> PlacedResult:
    from .delivery import blender_runtime, import_job

    with import_marks.importing(job_service.home, job.id, blender_runtime.crash_log()):
        placed = import_job.place(job)
    try:
        job_service.record_delivery(job.id, DeliveryResult(placed.notes))
    # Not raised: the result is in the scene, and a script that sees an error may pay for it again.
    except JournalError as error:
        log.warning("Job %s was placed, which could not be recorded: %s", job.id, error)
    return replace(placed, notes=tuple(message_of(note) for note in placed.notes))


def _assets(kind: Kind) -> Iterator[Asset]:
    with session.open_client() as client:
        yield from session.assets(client, kind)


def _check(
    request: GenerationRequest, level: OptimizationLevel | None, review: Review | None
) -> None:
    """Check a request before anything is sent.

    Raises:
        ValueError: The arguments do not fit together, or Mint would refuse them.
    """
    if level is not None and request.kind is not Kind.MODEL:
        raise ValueError("Only models can be optimized.")
    if request.mode is Mode.REVIEW and review is None:
        raise ValueError(
            'mode "review" needs a function review(preview) that returns "approve", "cancel", or'
            " what should change."
        )
    try:
        session.check_request(request)
    except NotPossible as error:
        raise ValueError(str(error)) from error
