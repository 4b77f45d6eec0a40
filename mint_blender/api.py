# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interface, whose names `mint_blender` exports.

Each function blocks, and raises an exception with a sentence for the user. Notes are texts with a
`code` and `params` for programs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import wraps
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from .api_checks import Images, check_blender, check_request, output_file, request_of, where
from .api_running import (
    OnProgress,
    RunningJob,
    Watch,
    continue_job,
    delivered,
    job_with_limit,
    of_job,
    placed,
    placed_motions,
    recorded,
    start_job,
)
from .api_values import (
    CollisionName,
    EngineName,
    FormatName,
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
from .application import session
from .application.purchases import optimization
from .application.results import (
    asset_named,
    check_finished,
    check_places,
    job_or_asset,
    placeable_job,
    usable_model,
    what_to_export,
)
from .application.reviews import Preview, Review, preview_of
from .jobs.job import Job
from .jobs.job_values import Delivery, DeliveryResult
from .jobs.phases import Phase
from .jobs.service import NotPossible
from .message import MessageError, message_of
from .mint.generation_request import member
from .mint.motion_request import MotionRequest
from .mint.schema import Asset, Format, Kind, OptimizationLevel

if TYPE_CHECKING:
    import bpy

    from .files.export_options import Exported

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def with_arguments_of(
    other: Callable[Arguments, object],
) -> Callable[[Callable[..., Returned]], Callable[Arguments, Returned]]:
    """Return a decorator after which a function is seen with the arguments of another one."""

    def decorate(function: Callable[..., Returned]) -> Callable[Arguments, Returned]:
        @wraps(function)
        def call(*arguments: Arguments.args, **options: Arguments.kwargs) -> Returned:
            return function(*arguments, **options)

        returned = inspect.signature(function).return_annotation
        signature = inspect.signature(other).replace(return_annotation=returned)
        call.__signature__ = signature  # type: ignore[attr-defined]
        return call

    return decorate


def start(
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
) -> RunningJob:
    """Start to generate a model or a World, and return the job, which runs beside the script.

    The arguments and errors are those of `generate`; `review` is called while `wait` waits.
    """
    request = request_of(prompt, images, kind=kind, preset=preset, mode=mode, name=name, pose=pose)
    level = member(OptimizationLevel, "level", optimize) if optimize else None
    delivery = Delivery(splats=splats, **where(request.kind, height, location, collection))
    check_limit(max_credits)
    check_request(request, review, splats, optimize)
    with session.timeout(timeout), ExitStack() as opened:
        job_service = opened.enter_context(session.open_job_service())
        job, is_new = start_job(job_service, request, delivery, level, max_credits, request_id)
        watch = Watch(job_service, review, progress)
        return RunningJob(opened.pop_all(), watch, job, delivery, is_new=is_new)


@with_arguments_of(start)
def generate(*arguments: Any, **options: Any) -> PlacedResult:  # noqa: D417 - those of `start`
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
    check_blender("Without it, start(…).save(FILE.glb) saves a model. Nothing was started.")
    with start(*arguments, **options) as job:
        return job.wait()


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
        continue_job(job_service, stored_job, max_credits)
        return placed(job_service, Watch(job_service, review, progress).follow(stored_job.id))


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
        stored_job = job_with_limit(job_service, id_of(job), max_credits)
        check_places(stored_job)
        job_service.approve(stored_job.id)
        return placed(job_service, Watch(job_service, review, progress).follow(stored_job.id))


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
        stored_job = job_with_limit(job_service, id_of(job), max_credits)
        job_service.revise(stored_job.id, feedback)
        watch = Watch(job_service, None, progress)
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
        stored_job = job_with_limit(job_service, id_of(job), max_credits)
        check_places(stored_job)
        job_service.retry(stored_job.id)
        return placed(job_service, Watch(job_service, review, progress).follow(stored_job.id))


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
        return Result(**of_job(Watch(job_service, None, progress).follow(job.id)))


@overload
def optimize(
    model: JobReference | Asset,
    level: LevelName,
    path: None = None,
    *,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
) -> PlacedResult: ...


@overload
def optimize(
    model: JobReference | Asset,
    level: LevelName,
    path: str | PathLike[str],
    *,
    overwrite: bool = False,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
) -> Result: ...


def optimize(
    model: JobReference | Asset,
    level: LevelName,
    path: str | PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    max_credits: float | None = None,
    progress: OnProgress | None = None,
) -> Result:
    """Have Mint make a model with fewer polygons, and place it, or write it to a file.

    Mint does this once for a model. Afterwards it is free, and the level does not count. In the
    scene it takes the place of the model, which is kept, hidden.

    Args:
        model: As in `animate`.
        level: "light", "moderate" or "aggressive".
        path: A .blend or .glb file; None: into the scene. A .glb needs no Blender.
        overwrite: Replace a file that exists.
        max_credits: Nothing starts that would cost more.
        progress: As in `generate`.

    Raises:
        ValueError: An argument is wrong.
        NotPossible, TooExpensive: It is refused here; nothing was sent.
        GenerationStopped, Interrupted: It has failed.
        MintError, SceneImportError: As in `generate`.
    """
    wanted = member(OptimizationLevel, "level", level)
    check_limit(max_credits)
    file = None if path is None else output_file(Kind.MODEL, Path(path), overwrite=overwrite)
    if file is None:
        check_blender()
    delivery = Delivery(output=None if file is None else str(file), replaces=file is None)
    is_copied = file is not None and file.suffix.lower() == ".glb"
    with session.open_job_service(readable=frozenset() if is_copied else None) as job_service:
        asset = usable_model(job_service, model if isinstance(model, Asset) else id_of(model))
        purchase = optimization(asset, wanted, delivery)
        (job,) = purchase.start(job_service, max_credits, None)
        finished = Watch(job_service, None, progress).follow(job.id)
        if file is None:
            return placed(job_service, replace(finished, delivery=delivery), is_new=True)
        return delivered(job_service, finished, {}, file)


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
        return placed_motions(job_service, jobs, progress)


def cancel(job: JobReference) -> None:
    """Cancel a job, here and at Mint. Credits that were spent for a Preview do not come back.

    Raises:
        NotPossible: There is no such job, or it is over.
        GenerationStopped: It was not canceled: Mint cannot, or has not answered.
    """
    with session.open_job_service() as job_service:
        stored_job = job_service.job(id_of(job))
        job_service.cancel(stored_job.id)
        Watch(job_service).until(stored_job.id, Phase.CANCELED)


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
    from .delivery import write_files

    with session.open_journal() as journal:
        found = job if isinstance(job, Asset) else job_or_asset(journal, id_of(job))
        if isinstance(found, Job):
            check_places(found)
        places = where(found.kind, height, location, collection)
        overrides = {name: value for name, value in places.items() if value is not None}
        kept = None if path is None or overwrite else Path(path).absolute()
        if kept is not None and isinstance(found, Job) and write_files.has_written(found, kept):
            return recorded(journal, found, kept, DeliveryResult())
        file = None if path is None else output_file(found.kind, Path(path), overwrite=overwrite)
        if isinstance(found, Job):
            check_finished(found)
            if found.is_on_disk:
                return delivered(journal, found, overrides, file)
    with session.open_job_service() as job_service:
        wanted = placeable_job(job_service, found) if isinstance(found, Asset) else found
        return delivered(job_service, Watch(job_service).follow(wanted.id), overrides, file)


def export(
    result: PlacedResult | JobReference | Asset | PathLike[str],
    folder: str | PathLike[str],
    *,
    engine: EngineName,
    faces: int | None = None,
    lods: int = 0,
    collision: CollisionName = "none",
    texture: int | None = None,
    overwrite: bool = False,
) -> list[Exported]:
    """Export a model for a game engine, or in another format, by Blender itself. Free.

    Another Blender does it, so the scene does not change.

    Args:
        result: What is placed in this scene, a finished job, a model of the library, or a .blend.
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


@contextmanager
def _exportable(
    result: PlacedResult | JobReference | Asset | PathLike[str],
) -> Iterator[dict[str, Any]]:
    """Yield what names the models of a result. Raises as `what_to_export`, and ValueError."""
    from .delivery import engine_export

    if isinstance(result, PlacedResult):
        with engine_export.of_scene(result.root) as what:
            yield what
        return
    if isinstance(result, Asset):
        yield what_to_export(result.id)
    else:
        yield what_to_export(result if isinstance(result, PathLike) else id_of(result))
