# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that sequences are about, and the actions that sequences are made of."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mint_blender.delivery import write_files
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, DeliveryResult, Role
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.documents import Documents
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Format, Kind, Mode, OptimizationLevel, Preset

from ..mint_model.records import Operation, Resource
from ..simulation import actions as people
from ..simulation.mint_operations import files

if TYPE_CHECKING:
    from .computer import Computer

POLL = 3600.0
"""Seconds that a person waits at most until a job stops."""


@dataclass(frozen=True)
class Workload:
    """What people start, and what Mint makes of it.

    Attributes:
        life: Actions from the start of a job to its end.
        pace: Seconds from one click to the next: 0 is before anything was sent.
        credits: What the account has at first.
        fails: Whether the first attempt fails at Mint.
    """

    life: tuple[str, ...] = ("start", "poll", "open file")
    kind: Kind = Kind.MODEL
    mode: Mode = Mode.AUTO
    pace: float = 1.0
    credits: float = 1e6
    fails: bool = False
    optimize: OptimizationLevel | None = None
    has_picture: bool = False
    converts: bool = False


WORKLOADS = {
    "model with review": Workload(
        ("start", "poll", "revise", "poll", "approve", "poll", "open file"), mode=Mode.REVIEW
    ),
    "model with review, fast clicks": Workload(
        ("start", "cancel", "start", "poll", "approve", "restart", "poll"),
        mode=Mode.REVIEW,
        pace=0.0,
    ),
    "optimized model": Workload(optimize=OptimizationLevel.LIGHT),
    "model after a picture": Workload(("start", "poll"), has_picture=True, pace=0.0),
    "world": Workload(kind=Kind.WORLD),
    "few Credits": Workload(
        ("start", "poll", "approve", "pay", "poll"), mode=Mode.REVIEW, credits=200.0
    ),
    "no Credits": Workload(("start", "poll", "pay", "poll"), credits=0.0, pace=0.0),
    "model that fails": Workload(("start", "poll", "retry", "poll"), fails=True),
    "conversion": Workload(("start", "poll"), converts=True),
}


class Actions:
    """What can be done on one computer. Each action returns whether it was offered."""

    def __init__(self, computer: Computer, workload: Workload, picture: bytes) -> None:
        self._computer = computer
        self._world = computer.world
        self._person = people.Actions(computer.world)
        self._workload = workload
        self._starts = 0
        self._picture = computer.root / "lamp.png"
        self._model: Resource | None = None
        if workload.has_picture:
            self._picture.write_bytes(picture)
        if workload.converts:
            self._model = self._finished_model()

    def do(self, name: str) -> bool:
        """Do something, and let a moment pass."""
        is_offered = bool(ACTIONS[name](self))
        if is_offered and name not in {"poll", "restart"}:
            self._world.run(self._workload.pace)
        return is_offered

    def _click(self, click: Callable[[JobService], object]) -> bool:
        done: list[bool] = []

        def act(service: JobService) -> None:
            service.catch_up()
            with suppress(NotPossible):
                done.append(click(service) is not False)

        self._computer.use(act)
        return any(done)

    # -- actions

    def start(self) -> bool:
        """Start a job: at most two in a sequence."""
        self._starts += 1
        prompt = f"prompt {self._starts:04d}."
        if self._model is not None:
            return self._click(lambda service: self._convert(service))
        if self._workload.fails:
            self._world.mint.operations._outcome = self._fails_once  # type: ignore[method-assign]
        return self._click(lambda service: self._start(service, prompt))

    def _start(self, service: JobService, prompt: str) -> None:
        workload = self._workload
        request = GenerationRequest(
            workload.kind,
            prompt,
            preset=Preset.FAST,
            mode=workload.mode,
            images=(str(self._picture),) if workload.has_picture else (),
        )
        self._person.start(service, request, Delivery(), workload.optimize)

    def _convert(self, service: JobService) -> None:
        assert self._model is not None
        clicks = self._world.clicks
        clicks.add(clicks.follow_ups, self._model.prompt)
        asset = Asset.from_json(Kind.MODEL, {"id": self._model.id, "name": "Lamp"})
        service.convert(asset, [Format.FBX, Format.STL], self._computer.root / "saved")

    def _fails_once(self, operation: Operation) -> str:
        same = [e for e in self._world.mint.operations.all.values() if e.prompt == operation.prompt]
        return "failed" if len(same) == 1 else "succeeded"

    def poll(self) -> bool:
        """Wait until every job stops: it waits for a person, or is over."""

        def is_active(service: JobService) -> bool:
            service.catch_up()
            return any(service.is_active(job.id) for job in service.jobs())

        if not self._click(is_active):
            return False
        service = self._computer.service
        self._world.run(POLL, until=lambda: not is_active(service))
        return True

    def approve(self) -> bool:
        """Approve a Preview."""
        return self._decide(Verb.APPROVE, self._person.approve)

    def revise(self) -> bool:
        """Ask for another Preview."""
        return self._decide(Verb.REVISE, self._person.revise)

    def pay(self) -> bool:
        """Buy Credits, and resume."""
        self._world.mint.projects[0].balance += 10000.0
        return self._decide(Verb.RESUME, self._person.resume)

    def cancel(self) -> bool:
        """Cancel a job."""
        return self._decide(Verb.CANCEL, self._person.cancel)

    def retry(self) -> bool:
        """Pay for another attempt."""
        return self._decide(Verb.RETRY, self._person.retry)

    def _decide(self, verb: Verb, decide: Callable[[JobService, Job], None]) -> bool:
        def click(service: JobService) -> bool:
            job = next((each for each in service.jobs() if verb in JobView(each).verbs), None)
            if job is not None:
                decide(service, job)
            return job is not None

        return self._click(click)

    def open_file(self) -> bool:
        """Open a .blend: results that are ready are placed in it, and models are exported."""

        def open_file(service: JobService) -> None:
            documents = Documents(service.home)
            documents.forget_all_but(set())
            blend = self._computer.root / "scene.blend"
            documents.take_over(blend)
            documents.show_open(uuid.uuid4().hex, blend)
            for job in [each for each in service.jobs() if each.phase is Phase.READY]:
                if model := job.file(Role.MODEL):
                    write_files.copy_file(Path(model.path), exported_file(self._computer.root, job))
                service.record_delivery(job.id, DeliveryResult())
            documents.release()

        return self._starts > 0 and self._click(open_file)

    def restart(self) -> bool:
        """Quit in an orderly way, and start again."""
        if not self._starts:
            return False
        self._computer.quit()
        self._computer.start()
        return True

    def _finished_model(self) -> Resource:
        """Return a model that Mint has finished long ago."""
        mint, project = self._world.mint.operations, self._world.mint.projects[0]
        now = self._world.clock.true
        model = Resource(mint.new_id(), "model", project, "prompt 0000.", "Lamp", now)
        model.previews.append(f"assets/{model.id[:8]}-preview-webp-fedcba9876543210.webp")
        mint.resources[model.id] = model
        made = Operation(
            mint.new_id(), "model_generation", project, "auto", model.prompt, "fast", "earlier", now
        )
        made.status, made.stage, made.ended, made.resource = "succeeded", "final", now, model
        made.assets, model.operation = files(model, "0123456789abcdef"), made
        mint.mirror(made)
        mint.all[made.id] = made
        self._world.books.in_doubt.add(made.key)  # no job of this journal has to know it
        clicks = self._world.clicks
        for counts in (clicks.starts, clicks.previews):
            clicks.add(counts, model.prompt)
        return model


ACTIONS: dict[str, Callable[[Actions], bool]] = {
    "start": Actions.start,
    "poll": Actions.poll,
    "approve": Actions.approve,
    "revise": Actions.revise,
    "pay": Actions.pay,
    "cancel": Actions.cancel,
    "retry": Actions.retry,
    "open file": Actions.open_file,
    "restart": Actions.restart,
}


def exported_file(root: Path, job: Job) -> Path:
    """Return where the model of a job is exported to."""
    return root / f"{job.id}.glb"
