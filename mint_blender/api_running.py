# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of scripts: started, followed to their end, and placed or written to a file."""

from __future__ import annotations

import contextvars
import logging
import math
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .api_checks import check_blender, output_file
from .api_values import GenerationStopped, Interrupted, PlacedResult, Result, check_limit
from .application import client_requests
from .application.results import not_written, note_written, with_limit
from .application.reviews import Review, follow
from .jobs.engine.task import StillUnreachable
from .jobs.engine.thread_messages import Event, Progress
from .jobs.job import Job
from .jobs.job_values import ClientRequest, Delivery, DeliveryResult
from .jobs.phases import BUSY, HAS_RESULT, Phase
from .jobs.queries import prices_of
from .jobs.service import JobService, NotPossible
from .jobs.storage import import_marks
from .jobs.storage.journal import JournalError
from .message import message_of
from .mint.generation_request import GenerationRequest
from .mint.schema import OptimizationLevel

if TYPE_CHECKING:
    from os import PathLike

    from .scene.place import PlacedResult as Placed

log = logging.getLogger(__name__)

OTHER_PROCESS_INTERVAL = 0.2
"""Seconds between two looks at a job that another process drives."""

OnProgress = Callable[[str, float | None, float | None], object]
"""Called with the phase, how much of it is done (0 to 1), and the seconds left, where known."""


class RunningJob:
    """A job that runs while the script does something else. For the thread that has started it.

    With a `with` statement, the script stops working on it at the end of the block. The job is
    kept, and `resume` continues it.

    Attributes:
        job_id: The id of the job.
        title: What it is called.
    """

    def __init__(
        self, opened: ExitStack, watch: Watch, job: Job, delivery: Delivery, *, is_new: bool
    ) -> None:
        self.job_id = job.id
        self.title = job.title
        self._job = job
        self._watch = watch
        self._delivery = delivery
        self._is_new = is_new
        self._placed: PlacedResult | None = None
        self._context = contextvars.copy_context()  # the account and the timeout of its client
        self._close = weakref.finalize(self, opened.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def phase(self) -> str:
        """Where it is, such as "working", "review", "ready" or "failed"."""
        return self._now().phase.value

    @property
    def cost(self) -> float | None:
        """What it has cost so far, in Credits; None if Mint has not said."""
        return self._now().cost

    def wait(self, timeout: float | None = None) -> PlacedResult:
        """Return the result as placed in the current scene, once it is done.

        Args:
            timeout: How many seconds to wait; None: to its end.

        Raises:
            TimeoutError: It is not done yet, and continues: `wait` again.
            NotPossible: There is no Blender here; use `save`.
            Exception: As `generate`.
        """
        if self._placed is None:
            check_blender("To save a file instead, call save().")
            self._placed = self._context.run(self._place, timeout)
        return self._placed

    def save(
        self, path: str | PathLike[str], *, overwrite: bool = False, timeout: float | None = None
    ) -> Result:
        """Write a .blend, or a .glb, once it is done. A model as .glb needs no Blender.

        Args:
            path: The file.
            overwrite: Replace a file that exists.
            timeout: As in `wait`.

        Raises:
            Exception: As `wait` and `place`.
        """
        file = output_file(self._job.kind, Path(path), overwrite=overwrite)
        return self._context.run(self._save, file, timeout)

    def cancel(self) -> None:
        """Cancel it, here and at Mint. Credits that were spent for a Preview do not come back.

        Raises:
            NotPossible: It is over.
            GenerationStopped: It was not canceled: Mint cannot, or has not answered.
        """
        self._watch.job_service.cancel(self.job_id)
        self._context.run(self._watch.until, self.job_id, Phase.CANCELED)

    def _place(self, timeout: float | None) -> PlacedResult:
        return placed(self._watch.job_service, self._finished(timeout), is_new=self._is_new)

    def _save(self, file: Path, timeout: float | None) -> Result:
        return delivered(self._watch.job_service, self._finished(timeout), {}, file)

    def _finished(self, timeout: float | None) -> Job:
        watch = self._watch if timeout is None else self._watch.within(timeout)
        return replace(watch.follow(self.job_id), delivery=self._delivery)

    def _now(self) -> Job:
        """Return the job as it is; after the end of its `with` block, as it was then."""
        if self._close.alive:
            self._watch.job_service.catch_up()
            self._job = self._watch.job_service.job(self.job_id)
        return self._job


def start_job(
    job_service: JobService,
    request: GenerationRequest,
    delivery: Delivery,
    level: OptimizationLevel | None,
    max_credits: float | None,
    request_id: str | None,
) -> tuple[Job, bool]:
    """Return the job of a call, which runs on if it is not new, and whether it is."""

    def start(subject: str | None = None) -> Job:
        return job_service.start(
            request, delivery, optimize=level, max_credits=max_credits, subject=subject
        )

    if request_id is None:
        return start(), True
    if not isinstance(request_id, str) or not request_id.strip():
        raise ValueError(f"request_id is a text that is not empty, not {request_id!r}.")
    wanted = ClientRequest(request_id, client_requests.content_of(request, level), "")
    if client_requests.find(job_service, wanted) is None and (
        job_service.budget.limits or max_credits is not None
    ):
        job_service.ask_unknown_prices(prices_of(request, level))  # not inside the commit
    job, is_new = client_requests.start_once(job_service, wanted, start)
    if not is_new:
        continue_job(job_service, job, max_credits)
    return job, is_new


def continue_job(job_service: JobService, job: Job, max_credits: float | None) -> None:
    """Have a job run on, if it can without a decision. Raises NotPossible, TooExpensive."""
    if job_service.is_active(job.id) or job_service.is_driven_elsewhere(job):
        return
    job = job_with_limit(job_service, job.id, max_credits)
    client_requests.send_held_back(job_service, job)
    is_interrupted = job.is_resumable or job.phase in {Phase.PAUSED, Phase.BILLING}
    if not job_service.is_active(job.id) and (is_interrupted or job.hold is not None):
        job_service.resume(job.id)


def job_with_limit(job_service: JobService, job_id: str, max_credits: float | None) -> Job:
    """Return a job after setting its new limit, if there is one. Raises ValueError."""
    check_limit(max_credits)
    return with_limit(job_service, job_id, max_credits)


@dataclass(frozen=True)
class Watch:
    """Waits for jobs, which another process may drive meanwhile. The rest is as in `generate`."""

    job_service: JobService
    review: Review | None = None
    progress: OnProgress | None = None
    deadline: float = math.inf

    def within(self, seconds: float) -> Watch:
        """Return a watch that raises TimeoutError after so many seconds."""
        return replace(self, deadline=time.monotonic() + seconds)

    def follow(self, job_id: str) -> Job:
        """Return a job once its files are here, and are still there. Raises as `until`."""
        job = self.job_service.job(job_id)
        if job.phase in HAS_RESULT and job.is_on_disk:
            return job
        if job.phase in HAS_RESULT:
            self.job_service.fetch_again(job_id)
        return self.until(job_id, Phase.READY)

    def until(self, job_id: str, phase: Phase) -> Job:
        """Return a job that has stopped in a phase.

        Raises:
            GenerationStopped: It stopped in another phase.
            Interrupted: Ctrl-C was pressed.
            TimeoutError: The deadline is over.
        """
        job_service = self.job_service

        def tell(event: Event) -> None:
            self._check_time(job_id)
            self._tell(job_id)

        try:
            job = follow(job_service, job_id, tell, self.review)
            while self._is_driven_elsewhere(job):
                self._check_time(job_id)
                time.sleep(OTHER_PROCESS_INTERVAL)
                job_service.catch_up()
                job = job_service.job(job_id)
                if not self._is_driven_elsewhere(job):
                    if job.is_resumable:
                        job_service.wake(job)
                    job = follow(job_service, job_id, tell, self.review)
        except StillUnreachable as error:
            raise GenerationStopped(job_service.job(job_id), error) from error
        except KeyboardInterrupt:
            raise Interrupted(job_service.job(job_id)) from None
        if job.phase is not phase and not (phase is Phase.READY and job.phase is Phase.PLACED):
            raise GenerationStopped(job)
        return job

    def _is_driven_elsewhere(self, job: Job) -> bool:
        is_open = job.phase in BUSY or job.decision is not None
        return is_open and job.hold is None and self.job_service.is_driven_elsewhere(job)

    def _check_time(self, job_id: str) -> None:
        if time.monotonic() > self.deadline:
            raise TimeoutError(f"The job {job_id} is not done yet. It continues: wait again.")

    def _tell(self, job_id: str) -> None:
        """Tell a script how far a job is: something has happened."""
        job = self.job_service.cache.get(job_id)
        if self.progress is None or job is None:
            return
        fraction = remaining = None
        download = self.job_service.progress.get(job_id)
        if job.phase is Phase.WORKING:
            outlook = self.job_service.outlook(job)
            fraction = outlook.fraction
            remaining = outlook.remaining
        elif isinstance(download, Progress) and download.total:
            fraction = min(1.0, download.done / download.total)
        self.progress(job.phase.value, fraction, remaining)


def placed_motions(
    job_service: JobService, jobs: Sequence[Job], progress: OnProgress | None
) -> PlacedResult:
    """Return the character after placing all motions that came; one that did not is raised."""
    stopped = None
    results = []
    for job in jobs:
        try:
            job = Watch(job_service, None, progress).follow(job.id)
        except GenerationStopped as error:
            stopped = stopped or error
        else:
            results.append(placed(job_service, replace(job, delivery=Delivery(replaces=True))))
    if stopped is not None:
        raise stopped
    notes = dict.fromkeys(note for result in results for note in result.notes)
    known = [result.credits for result in results if result.credits is not None]
    credits = sum(known) if len(known) == len(results) else None
    return replace(results[0], credits=credits, notes=tuple(notes))


# -- placing


def placed(job_service: JobService, job: Job, *, is_new: bool = False) -> PlacedResult:
    """Return a finished job as it is in the current scene, placed if it is not there."""
    from .scene import place as scene_place
    from .scene.animation import tracks

    there = None if is_new else scene_place.find(job_id=job.id)
    if job.motion and job.id in tracks.jobs():
        there = scene_place.find(asset_id=job.source_asset_id or "")
    return place_job(job_service, job) if there is None else _in_scene(job, there, job.notes)


def place_job(job_service: JobService, job: Job) -> PlacedResult:
    """Return a finished job after placing it in the current scene once more."""
    from .delivery import blender_runtime, import_job

    job_service.worker.wait_for_end()
    with import_marks.importing(job_service.home, job.id, blender_runtime.crash_log()):
        placed = import_job.place(job)
    try:
        job_service.record_delivery(job.id, DeliveryResult(placed.notes))
    # Not raised: the result is in the scene, and a script that sees an error may pay for it again.
    except (JournalError, NotPossible) as error:
        log.warning("Job %s was placed, which could not be recorded: %s", job.id, error)
    return _in_scene(job, placed, placed.notes)


def _in_scene(job: Job, placed: Placed, notes: Iterable[str]) -> PlacedResult:
    return PlacedResult(
        **of_job(job),
        root=placed.root,
        collection=placed.collection,
        objects=placed.objects,
        notes=tuple(map(message_of, notes)),
    )


def delivered(
    job_service: JobService, job: Job, overrides: dict[str, Any], file: Path | None
) -> Result:
    """Place a copy, or write a file. `overrides` count in place of the job's delivery."""
    if file is not None:
        overrides = {**overrides, "output": str(file), "render": None}
    job = replace(job, delivery=replace(job.delivery, replaces=False, **overrides))
    if file is None:
        return place_job(job_service, job)
    from .delivery.background import BlenderPool, write_result

    with BlenderPool(1) as blenders:
        result = blenders.submit(write_result, job).result()
    if result.problem is not None:
        raise NotPossible(not_written(job, f"could not be written. {result.problem}"))
    return recorded(job_service, job, file, result)


def recorded(job_service: JobService, job: Job, file: Path, result: DeliveryResult) -> Result:
    """Return the result of a job that is in a file now, once that is stored."""
    note_written(job_service, job.id, file, result)
    job_result = Result(**of_job(job), notes=result.notes)
    return replace(job_result, files={**job_result.files, "output": file})


def of_job(job: Job) -> dict[str, Any]:
    """Return the members of a `Result` that are the same wherever it went."""
    files = {file.role.value: Path(file.path) for file in job.files}
    return {"job_id": job.id, "title": job.title, "credits": job.cost, "files": files}
