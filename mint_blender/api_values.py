# SPDX-License-Identifier: GPL-3.0-or-later
"""What the functions for scripts take, return and raise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from .jobs.engine.task import StillUnreachable
from .jobs.job import Job
from .jobs.job_values import Cause, Problem
from .jobs.presentation.job_view import JobView
from .message import Message, message_of

if TYPE_CHECKING:
    import bpy

UNREACHABLE = "unreachable"
"""`GenerationStopped.code` when Mint could not be reached for too long."""


KindName = Literal["model", "world"]
PresetName = Literal["fast", "standard", "production"]
ModeName = Literal["auto", "review"]
PoseName = Literal["t_pose", "a_pose"]
LevelName = Literal["light", "moderate", "aggressive"]
FormatName = Literal["fbx", "obj", "stl", "usdz"]
EngineName = Literal["unity", "unreal", "godot", "three", "usd", "glb", "fbx", "obj", "stl"]
CollisionName = Literal["none", "hull", "several"]


class HasJob(Protocol):
    """Anything of a job: a result, a Preview, or an error."""

    @property
    def job_id(self) -> str:
        """The id of the job."""


JobReference = str | HasJob
"""A job: its id or the beginning of it, or what knows it, as a result and what `jobs` yields do."""


def id_of(job: JobReference) -> str:
    """Return the id of a job. Raises ValueError for what is none."""
    job_id = getattr(job, "job_id", job)
    if not isinstance(job_id, str):
        problem = f"{job!r:.200} is not a job"
        raise ValueError(f"{problem}. Name it by its id, or by what has a job_id.")  # noqa: TRY004
    return job_id


def check_limit(max_credits: float | None) -> None:
    """Raise ValueError for what limits nothing: no price is above a limit that is not a number."""
    if max_credits is not None and (not is_number(max_credits) or math.isnan(max_credits)):
        raise ValueError(f"max_credits is a number, not {max_credits!r}.")


def is_number(value: object) -> bool:
    """Return whether an argument is a number; cells of a table are texts."""
    return isinstance(value, Real)


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

    @property
    def bounds(self) -> tuple[tuple[float, float, float], tuple[float, float, float]] | None:
        """The lowest and the highest corner of its meshes, as they stand in the scene now.

        In scene units; None without a mesh, as for a World of splats alone. `root.dimensions` is
        0, 0, 0: the root is an empty.
        """
        from .scene.bounds import bounds

        return bounds(self.objects)


@dataclass(frozen=True, kw_only=True)
class JobInfo:
    """A job on the list, as `jobs` yields it.

    Attributes:
        job_id: The id of the job.
        title: What it is called.
        kind: "model" or "world".
        prompt: What was asked for.
        preset: As in `generate`.
        mode: As in `generate`.
        phase: Where it is: a word for programs, such as "working", "review", "ready", "failed".
        state: The same for people, with the reason why it has stopped.
        created_at: When it was ordered.
        credits: What it has cost so far; None if Mint has not said.
        expected_credits: The same with what is still expected; None if that is not known.
        previews: How many Previews it has had; the newest is in `files`.
        files: The path of each file of Mint that is here, by what it is for.
        output: The file that was written; None if there is none.
        mint_url: Its page at mint.gg, or None.
        is_mine: Whether it belongs to this account; None if that is not known.
        notes: Sentences about the result, which have a `code` and `params`.
    """

    job_id: str
    title: str
    kind: str
    prompt: str
    preset: str
    mode: str
    phase: str
    state: str
    created_at: datetime
    credits: float | None
    expected_credits: float | None
    previews: int
    files: dict[str, Path]
    output: Path | None
    mint_url: str | None
    is_mine: bool | None
    notes: tuple[Message, ...]

    @classmethod
    def of(cls, job: Job) -> JobInfo:
        """Return what there is to know about a job."""
        shown = JobView(job).to_json()
        same = ("kind", "prompt", "preset", "mode", "phase", "state", "credits", "previews")
        return cls(
            job_id=job.id,
            title=job.title,
            created_at=datetime.fromtimestamp(job.created_at).astimezone(),
            expected_credits=shown["expected_credits"],
            files={role: Path(path) for role, path in shown["files"].items()},
            output=Path(shown["output"]) if shown["output"] else None,
            mint_url=shown["mint_url"],
            is_mine=shown["mine"],
            notes=tuple(map(message_of, job.notes)),
            **{name: shown[name] for name in same},
        )


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
