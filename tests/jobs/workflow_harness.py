# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a story by hand: answers in, steps out.

Every move from one step to the next is checked against the table.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from mint_blender.jobs.job import MOVES, Decision, Job, Kept, Phase, Role, Target, Verb, new_job
from mint_blender.jobs.storage import records
from mint_blender.jobs.workflow.effects import AnyWant, Fetch, Start, Step, TakeSlot
from mint_blender.jobs.workflow.run import Terms, follow
from mint_blender.mint import errors
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Mode, Operation, PollResult

W = TypeVar("W")
FILES = "https://files.example/"
GLB, PREVIEW, THUMB = f"{FILES}a.glb", f"{FILES}p.webp", f"{FILES}t.webp"
_clicks = itertools.count(1000)


class WorkflowHarness:
    """Holds one telling of a job's story.

    `want` is what it waits for; None when the story rests.
    """

    def __init__(self, job: Job, terms: Terms = Terms()) -> None:
        self.job = job
        self.want: AnyWant | None = None
        self.phases = [job.phase]
        self._story = follow(job, terms)
        self._go(lambda: next(self._story))

    def answer(self, answer: Any = None) -> WorkflowHarness:
        """Send the answer to what is wanted."""
        self._go(lambda: self._story.send(answer))
        return self

    def fail(self, error: Exception) -> WorkflowHarness:
        """The call finally failed."""
        self._go(lambda: self._story.throw(error))
        return self

    def expect(self, kind: type[W]) -> W:
        """What the story wants now, which must be of this kind."""
        assert isinstance(self.want, kind), f"the story wants {self.want}, phase {self.job.phase}"
        return self.want

    @property
    def rests(self) -> bool:
        """Nothing goes on by itself."""
        return self.want is None

    def again(self, terms: Terms = Terms()) -> WorkflowHarness:
        """The same job after a restart: told again from what the journal kept."""
        return WorkflowHarness(
            records.load(records.dump(self.job), self.job.decision, self.job.phase), terms
        )

    def _go(self, move: Callable[[], Step]) -> None:
        try:
            step = move()
            job, self.want = step.job, step.want
        except StopIteration as end:
            job, self.want = end.value, None
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
    target: Target = Target(),
    **more: Any,
) -> Job:
    """A fresh job, a second after the one before."""
    return new_job(
        GenerationRequest(kind, prompt, mode=mode, **more), target, now=float(next(_clicks))
    )


def decided(job: Job, verb: Verb, feedback: str | None = None) -> Job:
    """The job after a click."""
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
    """An operation as Mint would tell it."""
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
    """A polled operation."""
    return PollResult(operation(status, mode, **more), retry_after)


def asset(kind: Kind = Kind.MODEL, **files: Any) -> Asset:
    """A model or world with these members of `assets`."""
    return Asset.from_json(kind, {"id": "res_1", "status": "succeeded", "assets": files})


def kept(want: Any, **more: Any) -> Kept:
    """The answer to a Fetch: what it asked for is on disk."""
    suffix = ".webp" if want.role in {Role.PREVIEW, Role.PICTURE, Role.PANORAMA} else ".glb"
    return Kept(want.role, f"/home/{want.name}{suffix}", want.url, note=want.note, **more)


def problem(
    status: int, slug: str | None = None, detail: str = "because", *, field: str | None = None
) -> errors.ProblemError:
    """The error behind an HTTP status."""
    run = (errors.FieldError("is not a known field", f"/{field}"),) if field else ()
    return errors.problem_error(
        errors.Problem(status, slug, detail=detail, errors=run), request_id="req_1"
    )


def working(mode: Mode = Mode.AUTO, **more: Any) -> Job:
    """A job that is running at Mint."""
    return replace(
        a_job(mode=mode, **more),
        phase=Phase.WORKING,
        operation=operation("running", mode),
        body={"prompt": "a lamp"},
    )


def started(job: Job) -> WorkflowHarness:
    """A job that Mint has just taken in."""
    run = WorkflowHarness(job)
    run.expect(TakeSlot)
    run.answer().expect(Start)
    return run.answer(operation("queued", job.request.mode, resource=None))


def in_review(revision: int = 1, job: Job | None = None) -> WorkflowHarness:
    """A job whose first preview is here."""
    run = started(job or a_job(mode=Mode.REVIEW))
    run.answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p{revision}.webp"})
    )
    return run.answer(kept(run.expect(Fetch)))


def fetch_all(run: WorkflowHarness) -> WorkflowHarness:
    """Answer every download until the story rests."""
    while not run.rests:
        run.answer(kept(run.expect(Fetch)))
    return run
