# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a workflow by hand: answers in, effects out.

Every move from one phase to the next is checked against the table of phases.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import (
    PAID_VERBS,
    Decision,
    Delivery,
    LocalFile,
    Role,
)
from mint_blender.jobs.new_jobs import new_conversion, new_fetch, new_job, new_optimization
from mint_blender.jobs.paid_requests.record import (
    FOUND,
    YOUNG_FOR,
    Event,
    PaidRequest,
    PaidVerb,
    State,
    new_request,
    of_asset,
    of_job,
    of_line,
    of_operation,
    of_preview,
)
from mint_blender.jobs.paid_requests.send import PaidCall, Sent, is_clear
from mint_blender.jobs.phases import MOVES, Phase, Verb
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Adopt,
    Close,
    Effect,
    Fetch,
    NoteLook,
    Order,
    Pay,
    ReadClock,
    ReadOtherAssets,
    Step,
    TakeSlot,
)
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
OTHERS = frozenset({"taken"})
"""The assets of other jobs."""
_clicks = itertools.count(1000)
CLICK = 1_000_000.0
"""The time of a click: 1970-01-12T13:46:40Z."""
AT_CLICK = WorkflowConfig(now=lambda: CLICK)
LATER = WorkflowConfig(now=lambda: CLICK + YOUNG_FOR)
"""When Mint may have forgotten what was sent at the click."""
READS = WorkflowConfig(readable=OPTIMIZED_NEEDS)
"""Of a Blender that reads optimized files."""
LOST = errors.Unreachable("the connection broke")
KEY = "key-hash"


@dataclass(frozen=True)
class PaidEffect:
    """A paid request that a workflow wants to send. The subclasses say of which kind."""

    verbs: ClassVar[frozenset[PaidVerb]] = frozenset(PaidVerb)
    key: str
    verb: PaidVerb
    target: str
    body: Mapping[str, Any]
    after: float


class Start(PaidEffect):
    """A generation."""

    verbs = frozenset({PaidVerb.START})


class Convert(PaidEffect):
    """A conversion."""

    verbs = frozenset({PaidVerb.CONVERT})


class Optimize(PaidEffect):
    """An optimization."""

    verbs = frozenset({PaidVerb.OPTIMIZE})


class Retry(PaidEffect):
    """A new attempt at an asset that has failed."""

    verbs = frozenset({PaidVerb.RETRY})


class SendDecision(PaidEffect):
    """A decision that costs Credits."""

    verbs = frozenset({PaidVerb.APPROVE, PaidVerb.REVISE, PaidVerb.RESUME})


class WorkflowHarness:
    """One run of a job's workflow, with its paid requests in memory.

    `effect` is the one that it waits for, or None when the workflow has ended. What the engine
    answers from the journal and the clock is answered here.
    """

    def __init__(self, job: Job, workflow_config: WorkflowConfig = WorkflowConfig()) -> None:
        self.job = job
        self.effect: Effect[Any] | None = None
        self.waited = 0.0  # seconds until Mint's time was read
        self._config = workflow_config
        self._workflow = run_workflow(job, workflow_config)
        self._advance(lambda: next(self._workflow))

    def answer(self, answer: Any = None) -> WorkflowHarness:
        """Continue with the answer to the effect."""
        if isinstance(self.effect, Pay) and isinstance(answer, Operation):
            request = self.attempt(self.effect.call, operation=answer.id, answer=answer)
            answer = Sent(request, answer)
        self._advance(lambda: self._workflow.send(answer))
        return self

    def fail(self, error: Exception) -> WorkflowHarness:
        """Continue with the error that the effect ended with."""
        is_before = isinstance(error, errors.KeyMissing) or not isinstance(error, errors.MintError)
        if not isinstance(self.effect, Pay) or is_before:
            self._advance(lambda: self._workflow.throw(error))
            return self
        assert isinstance(error, errors.MintError)
        request = self.attempt(self.effect.call)
        if is_clear(error):
            request = replace(request, refusals=request.refusals + 1)
            is_final = not isinstance(
                error, errors.KeyRefused | errors.CreditsNeeded | errors.TooManyRequests
            )
            if is_final and request.state is State.CLEAN:
                request = replace(request, closed=State.REFUSED)
        if error.retryable and not isinstance(error, errors.TooManyActive):
            # the engine repeats it: here its process ends, and the next one reads the record
            self._advance(lambda: self._workflow.throw(error))
            self.job = self.job.with_request(request)
        else:
            self._advance(lambda: self._workflow.send(Sent(request, refusal=error)))
        return self

    def expect(self, kind: type[W]) -> W:
        """Return the effect that the workflow waits for, which must be of this kind."""
        effect = self.effect
        text = f"the workflow waits for {effect}, phase {self.job.phase}"
        if issubclass(kind, PaidEffect):
            assert isinstance(effect, Pay) and effect.call.verb in kind.verbs, text
            call = effect.call
            return kind(call.key, call.verb, call.target, call.body, effect.after)
        assert isinstance(effect, kind), text
        return effect

    @property
    def rests(self) -> bool:
        """Whether the workflow has ended."""
        return self.effect is None

    def again(self, workflow_config: WorkflowConfig = WorkflowConfig()) -> WorkflowHarness:
        """Return a new run of the same job after a restart, from what the journal stores."""
        stored = serialization.load(serialization.dump(self.job), self.job.phase)
        return WorkflowHarness(
            replace(stored, requests=self.job.requests, decision=self.job.decision), workflow_config
        )

    def attempt(self, call: PaidCall, **changes: Any) -> PaidRequest:
        """Return the record of a paid request after another attempt."""
        request = self._record(call.key)
        if request.attempts == request.refusals:
            changes |= {"credential": KEY, "body": json.dumps(call.body)}
            now = self._config.now()
            changes["born"] = min(request.born, now) if request.is_outside else now
        now = self._config.now()
        return replace(request, attempts=request.attempts + 1, attempted=now, **changes)

    def _record(self, key: str) -> PaidRequest:
        return next(each for each in self.job.requests if each.key == key)

    def _advance(self, move: Callable[[], Step]) -> None:
        self._take(move)
        while self.effect is not None and (said := self._said(self.effect)) is not None:
            answer = said[0]
            self._take(lambda answer=answer: self._workflow.send(answer))  # type: ignore[misc]

    def _said(self, effect: Effect[Any]) -> tuple[Any] | None:
        """Return what the journal or the clock says, or None if a test has to."""
        if isinstance(effect, ReadClock):
            self.waited += effect.after
            return (self._config.now() + effect.after,)
        if isinstance(effect, Adopt):
            made = f"{FOUND}{effect.asset_id}"
            return (replace(self._record(effect.key), operation=made, answer=None),)
        if isinstance(effect, ReadOtherAssets):
            return (OTHERS,)
        if isinstance(effect, NoteLook):
            looked_for = replace(self._record(effect.key), is_looked_for=True)
            return (looked_for if looked_for.credential in {"", KEY} else None,)
        if isinstance(effect, Close):
            return (replace(self._record(effect.key), closed=State.OVER),)
        if isinstance(effect, Order):
            before = [each for each in self.job.requests if each.subject == effect.subject]
            number = 1 + sum(each.verb is effect.verb for each in before)
            request = new_request(
                effect.subject, effect.verb, self.job.id, now=self._config.now(), number=number
            )
            return (replace(request, body=effect.body),)
        unsent = self.unsent(effect) if isinstance(effect, Pay) else None
        return None if unsent is None else (unsent,)

    def unsent(self, effect: Pay) -> Sent | None:
        """Return what the sender says of a paid request that must not be sent now."""
        request = self._record(effect.call.key)
        is_expected = request.is_answered is effect.call.is_replay
        may_be_sent = is_expected and request.may_be_sent(self._config.now(), KEY)
        return None if may_be_sent else Sent(request)

    def _take(self, move: Callable[[], Step]) -> None:
        try:
            step = move()
            job, self.effect = step.job, step.effect
        except StopIteration as end:
            job, self.effect = end.value, None
        assert job.phase is self.job.phase or job.phase in MOVES[self.job.phase], (
            f"{self.job.phase} -> {job.phase}"
        )
        self.job = job


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


def a_conversion(model: Asset = FINISHED_MODEL, *, now: float | None = None) -> Job:
    """Return a new job that converts a model to FBX, ordered at this time, or just now."""
    now = time.time() if now is None else now
    return new_conversion(model, (Format.FBX,), Delivery(folder="/out"), now=now)


def an_optimization(*, now: float = 1.0) -> Job:
    """Return a new job that optimizes a finished model and downloads it."""
    return new_fetch(FINISHED_MODEL, Delivery(), now=now, optimize=OptimizationLevel.LIGHT)


def with_optimization(job: Job, level: OptimizationLevel = OptimizationLevel.LIGHT) -> Job:
    """Return a job whose model is optimized, with the request for that."""
    order = new_optimization(job.id, now=job.created_at, credits=None)
    return replace(job, optimize=level, requests=(*job.requests, order))


def a_line(line: str = "/results#tag", *, tag: str = "tag", **more: Any) -> Job:
    """Return the job of a line of a batch, whose folder several machines may see."""
    job = a_job(delivery=Delivery(line=line), **more)
    request = new_request(of_line("batch", tag), PaidVerb.START, job.id, now=time.time())
    return replace(job, requests=(request,))


def decided(job: Job, verb: Verb, feedback: str | None = None, *, now: float | None = None) -> Job:
    """Return the job with a decision, which was made at this time, or just now."""
    now = time.time() if now is None else now
    if verb is Verb.CANCEL:
        given_up = tuple(
            replace(each, closed=each.after(Event.CANCEL)) if each.is_open else each
            for each in job.requests
        )
        return replace(job, requests=given_up, decision=Decision(verb))
    made = job.operation.id if job.operation else ""
    subject = of_operation(made) if verb is Verb.RESUME else of_preview(made, str(job.revision))
    number = 1 + sum(each.subject == subject for each in job.requests)
    request = new_request(subject, PAID_VERBS[verb], job.id, now=now, number=number)
    decision = Decision(verb, request.key, feedback)
    return replace(job, requests=(*job.requests, request), decision=decision)


def over(job: Job, phase: Phase) -> Job:
    """Return a job that has ended in this phase: what was still to be sent is canceled."""
    requests = (
        replace(request, closed=State.CANCELED) if request.is_still_to_be_sent else request
        for request in job.requests
    )
    return replace(job, phase=phase, requests=tuple(requests))


def retried(job: Job, *, now: float | None = None) -> Job:
    """Return a job after a click on Retry, as the job service commits it."""
    now = time.time() if now is None else now
    asset_id, before = job.failed_asset_id, job.start_request
    verb = PaidVerb.CONVERT if job.convert else PaidVerb.RETRY if asset_id else PaidVerb.START
    made_of = job.source_asset_id if job.convert else asset_id
    subject = of_asset(made_of) if made_of else before.subject if before else of_job(job.id)
    closed = tuple(
        replace(each, closed=State.OVER) if each.is_open else each for each in job.requests
    )
    number = 1 + sum((each.subject, each.verb) == (subject, verb) for each in closed)
    ordered = [new_request(subject, verb, job.id, now=now, number=number)]
    if job.optimize is not None:
        number = 1 + sum(each.verb is PaidVerb.OPTIMIZE for each in closed)
        order = new_request(of_job(job.id), PaidVerb.OPTIMIZE, job.id, now=now, number=number)
        ordered.append(order)
    job = replace(job, requests=(*closed, *ordered), candidates=())
    return job.moved(Phase.WAITING, problem=None, source_asset_id=made_of)


def sent(job: Job, at: float, **changes: Any) -> Job:
    """Return the job as it is after its start was sent at this time, and not answered."""
    request = job.start_request
    assert request is not None
    body = json.dumps(job.request.body(job.image_urls))
    known: dict[str, Any] = {
        "attempts": 1,
        "born": at,
        "attempted": at,
        "credential": KEY,
        "body": body,
    }
    return job.with_request(replace(request, **known | changes))


def accepted(job: Job, operation_id: str = "op_1", at: float = 0.0) -> Job:
    """Return the job as it is after Mint has named the operation of its start."""
    return sent(job, at, operation=operation_id)


def with_operation(
    job: Job, made: Operation | None = None, *, optimization: Operation | None = None
) -> Job:
    """Return the job as it is after Mint has answered its start, and its optimization, so."""
    if made is not None and job.start_request is None:
        start = new_request(of_job(job.id), PaidVerb.START, job.id, now=job.created_at)
        job = replace(job, requests=(start, *job.requests))
    start_request = job.start_request
    if made is None:
        job = job.without_answer()
    elif start_request is not None:
        job = job.with_request(replace(start_request, operation=made.id, answer=made))
    if optimization is not None:
        order = new_request(of_job(job.id), PaidVerb.OPTIMIZE, job.id, now=job.created_at)
        known = job.paid_request(PaidVerb.OPTIMIZE) or replace(order, attempts=1)
        job = job.with_request(replace(known, operation=optimization.id, answer=optimization))
    return job


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


def shown(
    picture: str | None = PREVIEW, at: str | None = None, mode: Mode = Mode.REVIEW, **more: Any
) -> PollResult:
    """Return a polled operation with a Preview, as of this time."""
    assets = {"previewImageUrl": picture}
    return seen("preview_ready", mode, assets=assets, updatedAt=at, **more)


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
    job = accepted(a_job(mode=mode, **more))
    return with_operation(replace(job, phase=Phase.WORKING), operation("running", mode))


def job_in_review() -> Job:
    """Return a job whose Preview is about to be downloaded."""
    run = operation("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"})
    return with_operation(replace(working(Mode.REVIEW), phase=Phase.REVIEW), run)


def started(job: Job) -> WorkflowHarness:
    """Run a job until Mint has accepted it."""
    run = WorkflowHarness(job)
    run.expect(TakeSlot)
    run.answer().expect(Start)
    return run.answer(operation("queued", job.request.mode, resource=None))


def in_review(revision: int = 1, job: Job | None = None) -> WorkflowHarness:
    """Run a job until its first Preview is here."""
    run = started(job or a_job(mode=Mode.REVIEW))
    run.answer(shown(f"{FILES}p{revision}.webp"))
    return run.answer(kept(run.expect(Fetch)))


def fetch_all(run: WorkflowHarness) -> WorkflowHarness:
    """Answer every download until the workflow ends."""
    while not run.rests:
        run.answer(kept(run.expect(Fetch)))
    return run


PAID: dict[str, Callable[[], WorkflowHarness]] = {
    "start": lambda: WorkflowHarness(a_job()).answer(),
    "retry": lambda: WorkflowHarness(
        retried(with_operation(replace(working(), phase=Phase.FAILED), operation("failed")))
    ).answer(),
    "approve": lambda: WorkflowHarness(decided(in_review().job, Verb.APPROVE)),
    "revise": lambda: WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener")),
    "resume": lambda: WorkflowHarness(
        decided(replace(working(), phase=Phase.BILLING), Verb.RESUME)
    ),
}
"""Jobs of which a paid request is sent next."""
