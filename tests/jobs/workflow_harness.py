# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a workflow by hand: answers in, effects out.

Every move from one phase to the next is checked against the table of phases.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_conversion, new_fetch, new_job
from mint_blender.jobs.phases import MOVES, Phase, Verb
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import AnyEffect, Fetch, Start, Step, TakeSlot
from mint_blender.jobs.workflow.run import run_workflow
from mint_blender.mint import errors
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import (
    Asset,
    Format,
    Kind,
    Mode,
    Operation,
    OptimizationLevel,
    PollResult,
)

W = TypeVar("W")
FILES = "https://files.example/"
GLB, PREVIEW, THUMB = f"{FILES}a.glb", f"{FILES}p.webp", f"{FILES}t.webp"
FINISHED_MODEL = Asset.from_json(
    Kind.MODEL, {"id": "res_1", "status": "succeeded", "assets": {"glbUrl": GLB}}
)
_clicks = itertools.count(1000)


class WorkflowHarness:
    """One run of a job's workflow.

    `effect` is the one that it waits for, or None when the workflow has ended.
    """

    def __init__(self, job: Job, workflow_config: WorkflowConfig = WorkflowConfig()) -> None:
        self.job = job
        self.effect: AnyEffect | None = None
        self.phases = [job.phase]
        self._workflow = run_workflow(job, workflow_config)
        self._advance(lambda: next(self._workflow))

    def answer(self, answer: Any = None) -> WorkflowHarness:
        """Continue with the answer to the effect."""
        self._advance(lambda: self._workflow.send(answer))
        return self

    def fail(self, error: Exception) -> WorkflowHarness:
        """Continue with the error that the effect ended with."""
        self._advance(lambda: self._workflow.throw(error))
        return self

    def expect(self, kind: type[W]) -> W:
        """Return the effect that the workflow waits for, which must be of this kind."""
        assert isinstance(self.effect, kind), (
            f"the workflow waits for {self.effect}, phase {self.job.phase}"
        )
        return self.effect

    @property
    def rests(self) -> bool:
        """Whether the workflow has ended."""
        return self.effect is None

    def again(self, workflow_config: WorkflowConfig = WorkflowConfig()) -> WorkflowHarness:
        """Return a new run of the same job after a restart, from what the journal stores."""
        return WorkflowHarness(
            serialization.load(serialization.dump(self.job), self.job.decision, self.job.phase),
            workflow_config,
        )

    def _advance(self, move: Callable[[], Step]) -> None:
        try:
            step = move()
            job, self.effect = step.job, step.effect
        except StopIteration as end:
            job, self.effect = end.value, None
        assert job.phase is self.job.phase or job.phase in MOVES[self.job.phase], (
            f"{self.job.phase} -> {job.phase}"
        )
        self.job = job
        self.phases.append(job.phase)


def a_job(
    prompt: str = "a lamp",
    *,
    kind: Kind = Kind.MODEL,
    mode: Mode = Mode.AUTO,
    delivery: Delivery = Delivery(),
    **more: Any,
) -> Job:
    """Return a new job, a second after the one before."""
    return new_job(
        GenerationRequest(kind, prompt, mode=mode, **more), delivery, now=float(next(_clicks))
    )


def a_conversion(model: Asset = FINISHED_MODEL, *, now: float = 1.0) -> Job:
    """Return a new job that converts a model to FBX."""
    return new_conversion(model, (Format.FBX,), Delivery(folder="/out"), now=now)


def an_optimization(*, now: float = 1.0) -> Job:
    """Return a new job that optimizes a finished model and downloads it."""
    return new_fetch(FINISHED_MODEL, Delivery(), now=now, optimize=OptimizationLevel.LIGHT)


def decided(job: Job, verb: Verb, feedback: str | None = None) -> Job:
    """Return the job with a decision."""
    return replace(job, decision=Decision(verb, f"click-{verb}", feedback))


def operation(
    status: str,
    mode: Mode = Mode.AUTO,
    *,
    id: str = "op_1",
    resource: str | None = "res_1",
    kind: Kind = Kind.MODEL,
    **more: Any,
) -> Operation:
    """Return an operation as Mint would send it."""
    return Operation.from_json(
        {
            "id": id,
            "type": f"{kind}_generation",
            "generationMode": mode.value,
            "status": status,
            "resource": {"type": kind.value, "id": resource} if resource else None,
            **more,
        }
    )


def seen(
    status: str, mode: Mode = Mode.AUTO, *, retry_after: float | None = None, **more: Any
) -> PollResult:
    """Return a polled operation."""
    return PollResult(operation(status, mode, **more), retry_after)


def asset(kind: Kind = Kind.MODEL, **files: Any) -> Asset:
    """Return a model or world with these members of `assets`."""
    return Asset.from_json(kind, {"id": "res_1", "status": "succeeded", "assets": files})


def kept(effect: Any, **more: Any) -> LocalFile:
    """Return the answer to a Fetch: the file is on disk."""
    suffix = ".webp" if effect.role in {Role.PREVIEW, Role.PICTURE, Role.PANORAMA} else ".glb"
    return LocalFile(
        effect.role, f"/home/{effect.name}{suffix}", effect.url, note=effect.note, **more
    )


def problem(
    status: int, slug: str | None = None, detail: str = "because", *, field: str | None = None
) -> errors.ProblemError:
    """Return the error for an HTTP status."""
    run = (errors.FieldError("is not a known field", f"/{field}"),) if field else ()
    return errors.problem_error(
        errors.Problem(status, slug, detail=detail, errors=run), request_id="req_1"
    )


def working(mode: Mode = Mode.AUTO, **more: Any) -> Job:
    """Return a job that is running at Mint."""
    return replace(
        a_job(mode=mode, **more),
        phase=Phase.WORKING,
        operation=operation("running", mode),
        body={"prompt": "a lamp"},
    )


def job_in_review() -> Job:
    """Return a job whose Preview is about to be downloaded."""
    run = operation("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"})
    return replace(working(Mode.REVIEW), phase=Phase.REVIEW, operation=run)


def started(job: Job) -> WorkflowHarness:
    """Run a job until Mint has accepted it."""
    run = WorkflowHarness(job)
    run.expect(TakeSlot)
    run.answer().expect(Start)
    return run.answer(operation("queued", job.request.mode, resource=None))


def in_review(revision: int = 1, job: Job | None = None) -> WorkflowHarness:
    """Run a job until its first Preview is here."""
    run = started(job or a_job(mode=Mode.REVIEW))
    run.answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p{revision}.webp"})
    )
    return run.answer(kept(run.expect(Fetch)))


def fetch_all(run: WorkflowHarness) -> WorkflowHarness:
    """Answer every download until the workflow ends."""
    while not run.rests:
        run.answer(kept(run.expect(Fetch)))
    return run
