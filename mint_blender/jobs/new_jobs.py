# SPDX-License-Identifier: GPL-3.0-or-later
"""Make new jobs: generate, fetch, convert or retry an asset, or repeat the request of a job."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..files import disk, pictures
from ..files.download_folder import DownloadFolder, safe_name
from ..files.errors import DiskError, InvalidPicture
from ..message import Message
from ..mint.generation_request import GenerationRequest
from ..mint.limits import MAX_IMAGE_BYTES
from ..mint.motion_request import MotionRequest
from ..mint.schema import Asset, Format, Kind, Mode, OptimizationLevel
from .errors import NotPossible
from .job import Job, asset_of
from .job_values import Cause, Delivery, Problem
from .paid_requests.record import PaidRequest, PaidVerb, new_request, of_conversion, of_job
from .phases import Phase


def new_job(
    request: GenerationRequest,
    delivery: Delivery,
    *,
    now: float,
    optimize: OptimizationLevel | None = None,
    estimate: float | None = None,
    optimize_estimate: float | None = None,
    subject: str | None = None,
    number: int = 1,
    job_id: str | None = None,
) -> Job:
    """Return the job of a new generation, with its paid requests. Estimates are in Credits.

    `subject` is what was ordered, if others can order the same, and `number` how often it was.
    """
    job_id = job_id or _new_id()
    start = new_request(subject or of_job(job_id), PaidVerb.START, job_id, now=now, number=number)
    requests = [replace(start, credits=estimate)]
    if optimize is not None:
        requests.append(new_optimization(job_id, now=now, credits=optimize_estimate))
    return Job(
        job_id,
        request,
        now,
        delivery,
        optimize=optimize,
        requests=tuple(requests),
    )


def new_optimization(job_id: str, *, now: float, credits: float | None) -> PaidRequest:
    """Return the record of an optimization of the model that a job makes, or fetches."""
    request = new_request(of_job(job_id), PaidVerb.OPTIMIZE, job_id, now=now)
    return replace(request, credits=credits)


def new_fetch(
    asset: Asset,
    delivery: Delivery,
    *,
    now: float,
    optimize: OptimizationLevel | None = None,
    estimate: float | None = None,
) -> Job:
    """Return a job that fetches an existing asset, optimized first if `optimize` is set."""
    job_id = _new_id()
    requests: tuple[PaidRequest, ...] = ()
    if optimize is not None:
        requests = (new_optimization(job_id, now=now, credits=estimate),)
    return Job(
        job_id,
        request_for(asset),
        now,
        delivery,
        source_asset_id=asset.id,
        asset=asset,
        optimize=optimize,
        requests=requests,
    )


def new_conversion(
    asset: Asset, formats: tuple[Format, ...], delivery: Delivery, *, now: float, number: int = 1
) -> Job:
    """Return a job that saves a model in other formats to the folder of its delivery.

    `number` is how many conversions of this model to them were ordered, this one included.
    """
    job_id = _new_id()
    subject = of_conversion(asset.id, formats)
    return Job(
        job_id,
        request_for(asset),
        now,
        delivery,
        source_asset_id=asset.id,
        asset=asset,
        convert=formats,
        requests=(new_request(subject, PaidVerb.CONVERT, job_id, now=now, number=number),),
    )


def new_motions(
    asset: Asset | None,
    request: GenerationRequest,
    motions: Iterable[MotionRequest],
    delivery: Delivery,
    *,
    now: float,
    after: str | None = None,
    estimate: float | None = None,
) -> list[Job]:
    """Return the jobs of motions of a model, each with its paid request.

    The first one waits for the job `after`, if there is one, and all others for the first: what
    cannot be rigged is paid once at most. Without an asset, `after` generates the model.
    """
    made: list[Job] = []
    for number, motion in enumerate(motions, start=0 if asset else 1):
        job_id = _new_id()
        start = new_request(of_job(job_id), PaidVerb.ANIMATE, job_id, now=now)
        made.append(
            Job(
                job_id,
                replace(request, mode=Mode.AUTO, images=(), image_names=()),
                now + number * APART,
                delivery,
                source_asset_id=asset.id if asset else None,
                asset=asset,
                motion=motion,
                after=made[0].id if made else after,
                requests=(replace(start, body=json.dumps(motion.body()), credits=estimate),),
            )
        )
    return made


APART = 1e-4
"""Seconds between the jobs of one order, which keep their order on the list.

The clock alone may not tell them apart: Windows' ticks every 15 ms in Python 3.11 and 3.12.
"""


def not_ordered(
    motions: Iterable[MotionRequest], before: Sequence[Job]
) -> tuple[list[MotionRequest], list[Job]]:
    """Return the motions to pay for, each once, and the jobs of `before` that have the others."""
    wanted: list[MotionRequest] = []
    known: list[Job] = []
    for motion in motions:
        job = next((job for job in before if motion.is_like(job.motion)), None)
        if job is not None:
            known.append(job)
        elif not any(map(motion.is_like, wanted)):
            wanted.append(motion)
    return wanted, known


def check_motions(kind: Kind, motions: Sequence[MotionRequest]) -> None:
    """Raise NotPossible if something else than a model is to move, or nothing is said how."""
    if kind is not Kind.MODEL:
        raise NotPossible(Message("Only models can be animated."))
    if not motions:
        raise NotPossible(Message("Choose at least one motion."))
    if complaint := next(filter(None, (motion.validation_error() for motion in motions)), None):
        raise NotPossible(complaint)


def new_attempt(asset: Asset, delivery: Delivery, *, now: float) -> Job:
    """Return a failed job, which can be retried, for an asset that failed at Mint."""
    failed = Problem(
        Cause.WORK,
        Message(
            "Mint did not finish this {kind} ({status}).", kind=asset.kind, status=asset.status
        ),
    )
    return replace(new_fetch(asset, delivery, now=now), phase=Phase.FAILED, problem=failed)


def request_for(asset: Asset) -> GenerationRequest:
    """Return the request of an asset, as far as Mint returns it."""
    return GenerationRequest(asset.kind, asset.prompt or "", name=asset.own_name)


def _new_id() -> str:
    return uuid.uuid4().hex[:12]


# -- the request that something was generated from: to generate it again, or something like it


@dataclass(frozen=True)
class RequestTemplate:
    """A request with its delivery and optimization."""

    request: GenerationRequest
    delivery: Delivery = Delivery()
    optimize: OptimizationLevel | None = None
    is_complete: bool = True
    """Whether all settings are known, not only what Mint returns with a result."""
    motions: tuple[str, ...] = ()
    """The words of the motions that were ordered together with it."""

    def with_prompt(self, prompt: str) -> RequestTemplate:
        """Return a copy with another prompt; an empty one changes nothing."""
        return replace(
            self, request=replace(self.request, prompt=prompt.strip() or self.request.prompt)
        )

    @property
    def gone(self) -> tuple[str, ...]:
        """Return the local pictures that are no longer on disk. Reads the disk."""
        return tuple(
            image
            for image in self.request.images
            if "://" not in image and not Path(image).is_file()
        )


def template_of_job(job: Job, jobs: Collection[Job] = ()) -> RequestTemplate:
    """Return the request of a job, or of what it downloaded."""
    if job.source_asset_id is None:
        # without what belongs to one run: files, batch line, earlier results
        names = ("output", "render", "folder", "line", "original", "group")
        delivery = replace(job.delivery, **dict.fromkeys(names), replaces=False)  # type: ignore[arg-type]
        motions = _ordered_with(job, jobs)
        return RequestTemplate(job.request, delivery, job.optimize, motions=motions)
    return (
        template_of_asset(job.asset, jobs)
        if job.asset is not None
        else RequestTemplate(job.request, is_complete=False)
    )


def template_of_asset(asset: Asset, jobs: Collection[Job]) -> RequestTemplate:
    """Return the request of a Model or World.

    It comes from the job that made it, if that is among these, else from what Mint returns.
    """
    made = next(
        (job for job in jobs if job.source_asset_id is None and asset_of(job) == asset.id), None
    )
    return (
        template_of_job(made, jobs)
        if made is not None
        else RequestTemplate(request_for(asset), is_complete=False)
    )


def _ordered_with(job: Job, jobs: Collection[Job]) -> tuple[str, ...]:
    """Return the words of the motions that were ordered with a generation, in that order."""
    group = job.delivery.group
    found = [each for each in jobs if group and each.delivery.group == group]
    found.sort(key=lambda each: each.created_at)
    return tuple(each.motion.words for each in found if each.motion)


# -- reference images

UPLOADABLE = frozenset({"png", "jpeg", "webp"})
"""Formats that Mint accepts as a reference image."""


def complaint(request: GenerationRequest) -> str | None:
    """Return a message about the first thing that Mint would refuse, or None.

    Reads the headers of local pictures.
    """
    return (
        request.validation_error()
        or _encoding_complaint(request)
        or next(filter(None, map(picture_complaint, request.images)), None)
    )


def picture_complaint(image: str) -> str | None:
    """Return why Mint would refuse this reference image, or None.

    Local pictures are read; https addresses are left to Mint.
    """
    if image.startswith("https://"):
        return None
    if "://" in image:
        return Message(
            "A reference image must be a file or an https:// address, not {image}.", image=image
        )
    path = Path(image)
    try:
        size = path.stat().st_size
        found = pictures.inspect(path)
        pictures.check_complete(path, found)
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        return Message(
            "The reference image {name} cannot be read: {reason}.",
            name=image,
            reason=getattr(error, "strerror", None) or Message("not a valid name"),
        )
    except InvalidPicture as error:
        return Message("The reference image cannot be used. {reason}", reason=error)
    return upload_complaint(image, size, found.format)


def upload_complaint(name: str, size: int, format: str) -> Message | None:
    """Return why Mint would refuse a picture of this size and format, or None."""
    if size > MAX_IMAGE_BYTES:
        return Message(
            "The reference image {name} is {size:.1f} MB; Mint accepts at most 5 MB."
            " Scale it down first.",
            name=name,
            size=size / 1024 / 1024,
        )
    if format not in UPLOADABLE:
        return Message(
            "The reference image {name} is {format}; Mint accepts PNG, JPEG and WebP."
            " Convert it first.",
            name=name,
            format=format.upper(),
        )
    return None


def _encoding_complaint(request: GenerationRequest) -> str | None:
    """Return a message if a text is not valid Unicode: from a shell without UTF-8, for example."""
    try:
        f"{request.prompt}{request.name}".encode()
    except UnicodeEncodeError:
        return Message(
            "The prompt or the name contains invalid characters. Use a terminal with UTF-8, or "
            "a batch file."
        )
    return None


def read_picture(path: Path) -> bytes:
    """Return the bytes of a local reference image.

    Raises:
        FileError: It is gone, or has a format or size that Mint does not accept.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DiskError(
            Message(
                "The reference image {name} cannot be read ({reason}). Choose it again.",
                name=path.name,
                reason=error.strerror,
            )
        ) from error
    if complaint := upload_complaint(path.name, len(data), pictures.inspect(data).format):
        raise InvalidPicture(complaint)
    return data


def keep(home: Path, job: Job) -> Job:
    """Copy the local pictures of a job, and return the job with the copies.

    Raises:
        NotPossible: A picture cannot be read or is not accepted. No copy is left.
    """
    if all("://" in image for image in job.request.images):
        return job
    try:
        images = tuple(
            _copy(home, job, number, image)
            for number, image in enumerate(job.request.images, start=1)
        )
    except BaseException:
        drop(home, job.id)
        raise
    return replace(job, request=replace(job.request, images=images))


def drop(home: Path, job_id: str) -> None:
    """Delete the copies of a job that was not started."""
    folder = DownloadFolder(home).reference_folder(job_id)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def _copy(home: Path, job: Job, number: int, image: str) -> str:
    if "://" in image:
        return image
    source = Path(image)
    target = (
        DownloadFolder(home).reference_folder(job.id) / str(number) / _name(job, number, source)
    )
    try:
        disk.make_folder(target.parent)
        if not (_is_ours(source, home) and _linked(source, target)):
            disk.copy_private(source, target)
        _sync_folders(target, home)
    except OSError as error:
        raise NotPossible(
            Message(
                "The reference image {name} cannot be copied: {reason}.",
                name=image,
                reason=error.strerror or error,
            )
        ) from error
    # it may have changed since it was checked
    if complaint := picture_complaint(str(target)):
        raise NotPossible(complaint)
    return str(target)


def _sync_folders(target: Path, home: Path) -> None:
    """Write the name of a copy to disk, and those of its new folders: the job relies on it."""
    for folder in target.parents:
        disk.sync_folder(folder)
        if folder == home:
            return


def _name(job: Job, number: int, source: Path) -> str:
    """Return the name that the user gave a picture, with the ending of the file."""
    shown = dict(enumerate(job.request.image_names, start=1)).get(number) or source.name
    return safe_name(f"{shown.removesuffix(source.suffix)}{source.suffix}", fallback="picture")


def _is_ours(source: Path, home: Path) -> bool:
    """Return whether a picture is a copy of ours, which never changes and can be linked."""
    return home.resolve() in source.resolve().parents


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links, or two of them
        return False
    return True
