# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interface, whose names `mint_blender` exports.

Each function blocks, and raises an exception with a sentence for the user. Notes are texts with a
`code` and `params` for programs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from .api_checks import (
    Images,
    check_blender,
    check_request,
    output_file,
    request_of,
    where,
)
from .api_values import (
    FormatName,
    GenerationStopped,
    Interrupted,
    JobReference,
    KindName,
    LevelName,
    ModeName,
    PlacedResult,
    PoseName,
    PresetName,
    Result,
    check_limit,
    id_of,
)
from .application import client_requests, session
from .application.results import (
    asset_named,
    check_finished,
    check_places,
    is_finished,
    job_or_asset,
    not_written,
    note_written,
    placeable_job,
    with_limit,
)
from .application.reviews import Preview, Review, follow, preview_of
from .jobs.engine.task import StillUnreachable
from .jobs.engine.thread_messages import Event, Progress
from .jobs.job import Job
from .jobs.job_values import ClientRequest, Delivery, DeliveryResult
from .jobs.phases import BUSY, HAS_RESULT, Phase
from .jobs.queries import prices_of
from .jobs.service import JobService, NotPossible
from .jobs.storage import import_marks
from .jobs.storage.journal import JournalError
from .message import MessageError, message_of
from .mint.generation_request import GenerationRequest, member
from .mint.motion_request import MotionRequest
from .mint.schema import Asset, Format, OptimizationLevel

if TYPE_CHECKING:
    import bpy

    from .files.export_options import Exported
    from .scene.place import PlacedResult as Placed

log = logging.getLogger(__name__)

OTHER_PROCESS_INTERVAL = 0.2
"""Seconds between two looks at a job that another process drives."""

OnProgress = Callable[[str, float | None, float | None], object]
"""Called with the phase, how much of it is done (0 to 1), and the seconds left, where known."""


def generate(
    prompt: str,
    *,
    kind: KindName = "model",
    preset: PresetName = "standard",
    mode: ModeName = "auto",
    name: str | None = None,
    images: Images = (),
    pose: PoseName | None = None,
    splats: str | None = None,
    optimize: LevelName | None = None,
    review: Review | None = None,
    max_credits: float | None = None,
    request_id: str | None = None,
    height: float | None = None,
    location: Sequence[float] | None = None,
    collection: str | bpy.types.Collection | None = None,
    progress: OnProgress | None = None,
    timeout: float | None = None,
) -> PlacedResult:
    """Generate a model or a World, and return it as placed in the current scene.

    Without `request_id` each call is a new generation, and is paid for, also if an earlier call of
    the same script was interrupted. With it, the same call is the same job, in whatever process: it
    continues where it stopped, and is not placed twice in a scene. What has failed stays failed.

    Args:
        prompt: What to generate; may be empty if there are images.
        kind: "model" or "world".
        preset: "fast", "standard" or "production".
        mode: "auto", or "review" to call `review` at each Preview.
        name: The name at Mint.
        images: Reference images: paths or https URLs, one or several.
        pose: "t_pose" or "a_pose", for models of characters.
        splats: The tier of a World's splats to import, such as "100k"; by default none.
        optimize: "light", "moderate" or "aggressive": a smaller model for more Credits.
        review: Returns `Approve()`, `Cancel()` or `Revise("what should change")`.
        max_credits: Nothing starts that would cost more.
        request_id: An id of your own for what you want, unique in your Mint account.
        height: The height of a model, in scene units.
        location: Where its floor is, exactly; by default the 3D cursor, beside what is there.
        collection: The collection for the result, or its name: made if missing.
        progress: Called with the phase, how much of it is done and the seconds left, if known.
        timeout: How many seconds Mint may be unreachable; None: 180. The job is kept.

    Raises:
        ValueError, NotPossible, TooExpensive: It is refused here; nothing was sent.
        GenerationStopped, Interrupted: The job failed, was canceled or interrupted.
        MintError, SceneImportError: A call to Mint, or the import of the result, has failed.
    """
    request = request_of(prompt, images, kind=kind, preset=preset, mode=mode, name=name, pose=pose)
    level = member(OptimizationLevel, "level", optimize) if optimize else None
    delivery = Delivery(splats=splats, **where(request.kind, height, location, collection))
    check_limit(max_credits)
    check_request(request, review, splats, optimize)
    with session.timeout(timeout), session.open_job_service() as job_service:
        job, is_new = _start(job_service, request, delivery, level, max_credits, request_id)
        job = replace(_Watch(job_service, review, progress).follow(job.id), delivery=delivery)
        return _placed(job_service, job, is_new=is_new)


def resume(
    job: JobReference,
    *,
    review: Review | None = None,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
    timeout: float | None = None,
) -> PlacedResult:
    """Continue a job where it stopped, and return it as placed in the current scene.

    Nothing is paid twice. What is in this scene already is not placed again.

    Args:
        job: The job.
        review: As in `generate`.
        max_credits: A new limit for the whole job.
        progress: As in `generate`.
        timeout: As in `generate`.

    Raises:
        NotPossible: There is no such job, or it cannot be continued here.
        Exception: As `generate`.
    """
    check_blender()
    with session.timeout(timeout), session.open_job_service() as job_service:
        stored_job = job_service.job(id_of(job))
        check_places(stored_job)
        _continue(job_service, stored_job, max_credits)
        return _placed(job_service, _Watch(job_service, review, progress).follow(stored_job.id))


def approve(
    job: JobReference,
    *,
    review: Review | None = None,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
) -> PlacedResult:
    """Approve the Preview that waits, which costs the rest of the price; return the placed result.

    The arguments and errors are those of `resume`.
    """
    check_blender()
    with session.open_job_service() as job_service:
        stored_job = _with_limit(job_service, id_of(job), max_credits)
        check_places(stored_job)
        job_service.approve(stored_job.id)
        return _placed(job_service, _Watch(job_service, review, progress).follow(stored_job.id))


def revise(
    job: JobReference,
    feedback: str,
    *,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
) -> Preview:
    """Order another Preview, with these changes, which costs Credits; return it when it is there.

    The arguments and errors are those of `resume`.
    """
    with session.open_job_service() as job_service:
        stored_job = _with_limit(job_service, id_of(job), max_credits)
        job_service.revise(stored_job.id, feedback)
        watch = _Watch(job_service, None, progress)
        return preview_of(watch.until(stored_job.id, Phase.REVIEW))


def retry(
    job: JobReference,
    *,
    review: Review | None = None,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
) -> PlacedResult:
    """Start a failed job again, which costs Credits again, and return the placed result.

    The arguments and errors are those of `resume`.
    """
    check_blender()
    with session.open_job_service() as job_service:
        stored_job = _with_limit(job_service, id_of(job), max_credits)
        check_places(stored_job)
        job_service.retry(stored_job.id)
        return _placed(job_service, _Watch(job_service, review, progress).follow(stored_job.id))


def convert(
    model: JobReference | Asset,
    formats: FormatName | Iterable[FormatName],
    folder: str | PathLike[str],
    *,
    progress: OnProgress | None = None,
) -> Result:
    """Have Mint save a model in other formats, and return the files. New formats cost Credits.

    Args:
        model: As in `animate`.
        formats: "fbx", "obj", "stl" or "usdz"; one or several.
        folder: Where the files are written. Existing files are never overwritten.
        progress: As in `generate`.

    Raises:
        ValueError: Mint has no such format.
        NotPossible: It cannot be converted; nothing was sent.
        GenerationStopped, Interrupted: The conversion has failed.
    """
    from .delivery import write_files

    words = [formats] if isinstance(formats, str) else formats
    wanted = [member(Format, "format", word) for word in words]
    target = Path(folder).absolute()
    if problem := write_files.folder_problem(target):
        raise NotPossible(problem)
    with session.open_job_service(readable=frozenset()) as job_service:
        asset = model if isinstance(model, Asset) else asset_named(job_service, id_of(model))
        job = job_service.convert(asset, wanted, target)
        return Result(**_of_job(_Watch(job_service, None, progress).follow(job.id)))


def animate(
    model: JobReference | Asset,
    motions: str | Iterable[str],
    *,
    height: float | None = None,
    in_place: bool = False,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
) -> PlacedResult:
    """Rig and animate a model, and return the character as placed in the current scene. Beta.

    Mint picks the closest motion of its catalog, for humanoids. Each is paid for, unless it was
    ordered before; the others only after the first has succeeded. The character takes the place of
    the model in the scene; one that is there gets more clips.

    Args:
        model: A finished model: its id at Mint, what `models` yields, or its job.
        motions: What it does, such as "walk in place"; one or several.
        height: Of the character, in meters; None leaves it to Mint.
        in_place: Take the way over the floor out of the clips.
        max_credits: Nothing starts if all motions together would cost more.
        progress: As in `generate`.

    Raises:
        NotPossible, TooExpensive: It is refused here; nothing was sent.
        GenerationStopped, Interrupted: A motion has failed. Those that came are placed.
        MintError, SceneImportError: As in `generate`.
    """
    check_blender()
    check_limit(max_credits)
    words = [motions] if isinstance(motions, str) else motions
    wanted = [MotionRequest(word, height, in_place) for word in words]
    with session.open_job_service() as job_service:
        asset = model if isinstance(model, Asset) else asset_named(job_service, id_of(model))
        jobs = job_service.animate(asset, wanted, Delivery(replaces=True), max_credits=max_credits)
        return _placed_motions(job_service, jobs, progress)


def cancel(job: JobReference) -> None:
    """Cancel a job, here and at Mint. Credits that were spent for a Preview do not come back.

    Raises:
        NotPossible: There is no such job, or it is over.
        GenerationStopped: It was not canceled: Mint cannot, or has not answered.
    """
    with session.open_job_service() as job_service:
        stored_job = job_service.job(id_of(job))
        job_service.cancel(stored_job.id)
        _Watch(job_service).until(stored_job.id, Phase.CANCELED)


@overload
def place(
    job: JobReference | Asset,
    path: None = None,
    *,
    height: float | None = None,
    location: Sequence[float] | None = None,
    collection: str | bpy.types.Collection | None = None,
) -> PlacedResult: ...


@overload
def place(
    job: JobReference | Asset,
    path: str | PathLike[str],
    *,
    height: float | None = None,
    overwrite: bool = False,
) -> Result: ...


def place(
    job: JobReference | Asset,
    path: str | PathLike[str] | None = None,
    *,
    height: float | None = None,
    location: Sequence[float] | None = None,
    collection: str | bpy.types.Collection | None = None,
    overwrite: bool = False,
) -> Result:
    """Place one more copy of a finished job in the current scene, or write it to a file. Free.

    A file is written by another Blender, so the scene does not change. Files of Mint that are gone
    are downloaded again.

    Args:
        job: The job; or a model or World: what `models` yields, its id, or its mint.gg address.
        path: A .blend or .glb file; None: into the scene.
        height: As in `generate`, as the next two; None: as the job says.
        location: The same.
        collection: The same.
        overwrite: Replace a file that exists.

    Raises:
        ValueError: An argument is wrong.
        NotPossible: The job is not finished, or the file cannot be written.
        SceneImportError: The result cannot be imported; its files are kept.
    """
    if path is None:
        check_blender()
    with session.open_journal() as journal:
        found = job if isinstance(job, Asset) else job_or_asset(journal, id_of(job))
        if isinstance(found, Job):
            check_places(found)
        places = where(found.kind, height, location, collection)
        overrides = {name: value for name, value in places.items() if value is not None}
        file = None if path is None else output_file(found.kind, Path(path), overwrite=overwrite)
        if isinstance(found, Job):
            check_finished(found)
            if found.is_on_disk:
                return _delivered(journal, found, overrides, file)
    with session.open_job_service() as job_service:
        wanted = placeable_job(job_service, found) if isinstance(found, Asset) else found
        return _delivered(job_service, _Watch(job_service).follow(wanted.id), overrides, file)


def export(
    result: PlacedResult | JobReference | PathLike[str],
    folder: str | PathLike[str],
    *,
    engine: str,
    faces: int | None = None,
    lods: int = 0,
    collision: str = "none",
    texture: int | None = None,
    overwrite: bool = False,
) -> list[Exported]:
    """Export a model for a game engine, or in another format, by Blender itself. Free.

    Another Blender does it, so the scene does not change.

    Args:
        result: What is placed in this scene, a finished job, or a .blend with models.
        folder: Where each model gets a file.
        engine: "unity", "unreal", "godot", "three" or "usd"; or "glb", "fbx", "obj", "stl".
        faces: The most triangles of a model.
        lods: How many levels of detail beside the model, each with half the faces.
        collision: "none", "hull" or "several" (hulls).
        texture: The most pixels of a side of a texture.
        overwrite: Replace files that exist.

    Raises:
        ValueError: An argument is wrong; nothing was written.
        NotPossible: It cannot be exported; a sentence says why.
    """
    from .delivery import engine_export
    from .files.export_options import ExportOptions

    options = ExportOptions(engine, faces, lods, collision, texture)
    options.check()
    check_blender()
    try:
        with _exportable(result) as what:
            order = engine_export.order_for(options, Path(folder), overwrite=overwrite, **what)
            return engine_export.export(order)
    except MessageError as error:
        raise NotPossible(message_of(error)) from error


# -- starting and continuing


def _start(
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
        _continue(job_service, job, max_credits)
    return job, is_new


def _continue(job_service: JobService, job: Job, max_credits: float | None) -> None:
    """Have a job run on, if it can without a decision. Raises NotPossible, TooExpensive."""
    if job_service.is_active(job.id) or job_service.is_driven_elsewhere(job):
        return
    job = _with_limit(job_service, job.id, max_credits)
    client_requests.send_held_back(job_service, job)
    is_interrupted = job.is_resumable or job.phase in {Phase.PAUSED, Phase.BILLING}
    if not job_service.is_active(job.id) and (is_interrupted or job.hold is not None):
        job_service.resume(job.id)


def _with_limit(job_service: JobService, job_id: str, max_credits: float | None) -> Job:
    """Return a job after setting its new limit, if there is one. Raises ValueError."""
    check_limit(max_credits)
    return with_limit(job_service, job_id, max_credits)


@dataclass(frozen=True)
class _Watch:
    """Waits for jobs, which another process may drive meanwhile. The rest is as in `generate`."""

    job_service: JobService
    review: Review | None = None
    progress: OnProgress | None = None

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
        """
        job_service = self.job_service

        def tell(event: Event) -> None:
            self._tell(job_id)

        try:
            job = follow(job_service, job_id, tell, self.review)
            while self._is_driven_elsewhere(job):
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


def _placed_motions(
    job_service: JobService, jobs: Sequence[Job], progress: OnProgress | None
) -> PlacedResult:
    """Return the character after placing all motions that came; one that did not is raised."""
    stopped = None
    placed = []
    for job in jobs:
        try:
            job = _Watch(job_service, None, progress).follow(job.id)
        except GenerationStopped as error:
            stopped = stopped or error
        else:
            placed.append(_placed(job_service, replace(job, delivery=Delivery(replaces=True))))
    if stopped is not None:
        raise stopped
    notes = dict.fromkeys(note for result in placed for note in result.notes)
    credits = sum(result.credits or 0.0 for result in placed)
    return replace(placed[0], credits=credits, notes=tuple(notes))


# -- placing


def _placed(job_service: JobService, job: Job, *, is_new: bool = False) -> PlacedResult:
    """Return a finished job as it is in the current scene, placed if it is not there."""
    from .scene import place as scene_place
    from .scene.animation import tracks

    there = None if is_new else scene_place.find(job_id=job.id)
    if job.motion and job.id in tracks.jobs():
        there = scene_place.find(asset_id=job.source_asset_id or "")
    return _place(job_service, job) if there is None else _in_scene(job, there, job.notes)


def _place(job_service: JobService, job: Job) -> PlacedResult:
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
        **_of_job(job),
        root=placed.root,
        collection=placed.collection,
        objects=placed.objects,
        notes=tuple(map(message_of, notes)),
    )


def _delivered(
    job_service: JobService, job: Job, overrides: dict[str, Any], file: Path | None
) -> Result:
    """Place a copy, or write a file. `overrides` count in place of the job's delivery."""
    if file is not None:
        overrides = {**overrides, "output": str(file), "render": None}
    job = replace(job, delivery=replace(job.delivery, replaces=False, **overrides))
    if file is None:
        return _place(job_service, job)
    from .delivery.background import BlenderPool, write_result

    with BlenderPool(1) as blenders:
        result = blenders.submit(write_result, job).result()
    if result.problem is not None:
        raise NotPossible(not_written(job, f"could not be written. {result.problem}"))
    note_written(job_service, job.id, file, result)
    job_result = Result(**_of_job(job), notes=result.notes)
    return replace(job_result, files={**job_result.files, "output": file})


@contextmanager
def _exportable(result: PlacedResult | JobReference | PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield what names the models of a result. Raises NotPossible, ValueError."""
    from .delivery import engine_export

    if isinstance(result, PlacedResult):
        with engine_export.of_scene(result.root) as what:
            yield what
        return
    if isinstance(result, PathLike) or (isinstance(result, str) and result.endswith(".blend")):
        yield engine_export.of_blend(Path(result))
        return
    with session.open_journal() as journal:
        job = journal.job(id_of(result))
        check_finished(job)
        motions = [other for other in journal.motions_of(job) if is_finished(other)]
    yield engine_export.of_job(job, motions)


def _of_job(job: Job) -> dict[str, Any]:
    files = {file.role.value: Path(file.path) for file in job.files}
    return {"job_id": job.id, "title": job.title, "credits": job.cost, "files": files}
