# SPDX-License-Identifier: GPL-3.0-or-later
"""The clicks of people, each of which is counted: more than that Mint must not be paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Format, Kind, Mode, OptimizationLevel, Preset

from .world import World


class Actions:
    """What a person can click in one process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self._prompts = 0

    def something(self, service: JobService) -> Job | None:
        """Click something that is offered; return the job that it is about."""
        jobs = [job for job in service.jobs() if job.hold is None]
        chance = self.rng.random()
        if not jobs or chance < 0.25:
            return self.start(service)
        if chance < 0.28:
            service.unfinished.refresh_queue()
            unfinished = service.unfinished
            (unfinished.continue_queue if chance < 0.27 else unfinished.discard_queue)()
            return None
        if chance < 0.31:
            service.unfinished.resume_all()
            return None
        job = self.rng.choice(jobs[:12])
        self._click_on(service, job)
        return job

    def _click_on(self, service: JobService, job: Job) -> None:
        verbs = [verb.value for verb in presenter.verbs(job)]
        offers = [verb for verb in verbs if verb not in {"cancel", "retry"} or self._rarely(0.3)]
        if job.phase is Phase.PAUSED:
            offers.append("resume")
        if job.phase is Phase.PLACED and self._rarely(0.3):
            offers += ["fetch_again", "convert", "dismiss"]
        if job.phase in {Phase.FAILED, Phase.CANCELED} and self._rarely(0.3):
            offers.append("dismiss")
        if job.phase not in {Phase.PLACED, Phase.CANCELED} and self._rarely(0.02):
            offers.append("dismiss")
        if not offers:
            return
        name = self.rng.choice(offers)
        self.world.note(f"clicks {name} on {job.id} ({job.phase}) {job.request.prompt}")
        click: Callable[[JobService, Job], object] = getattr(self, name)
        click(service, job)

    def _rarely(self, probability: float) -> bool:
        return self.rng.random() < probability

    # -- clicks

    def start(self, service: JobService) -> Job | None:
        """Start a generation. Some people use the same words twice."""
        request = self.request()
        is_model = request.kind is Kind.MODEL
        optimize = OptimizationLevel.LIGHT if is_model and self._rarely(0.2) else None
        most = self.rng.choice([300.0, 850.0, 2000.0]) if self._rarely(0.1) else None
        self.world.note(f"starts {request.prompt} ({request.kind}, {request.mode})")
        prompt = request.prompt
        with self.counted("starts", prompt), self.counted("previews", prompt):
            if optimize:
                self.world.clicks.add(self.world.clicks.follow_ups, prompt)
            if most is not None:
                self.know_price(service, request, optimize)
            job = service.start(request, Delivery(), optimize=optimize, max_credits=most)
        if most is not None:
            self.world.clicks.own_limit[job.id] = most
        return job

    def know_price(
        self, service: JobService, request: GenerationRequest, optimize: OptimizationLevel | None
    ) -> None:
        """Ask for the price, and wait for the answer, as the command line does."""
        service.blocks_for_prices = True

    def request(self) -> GenerationRequest:
        """Return a request whose prompt tells all jobs of the same words apart from others."""
        if not self._prompts or self._rarely(0.9):
            self._prompts += 1
        return GenerationRequest(
            self.rng.choice([Kind.MODEL, Kind.MODEL, Kind.WORLD]),
            f"prompt {self._prompts:04d}.",
            preset=self.rng.choice(list(Preset)),
            mode=self.rng.choice(
                [Mode.AUTO, Mode.REVIEW] if self.world.options.reviews else [Mode.AUTO]
            ),
            name=self.rng.choice([None, "Lamp"]),
        )

    @contextmanager
    def counted(self, what: str, prompt: str) -> Iterator[None]:
        """Count a click before it is made; not if it was refused: then nothing was committed."""
        counts: dict[str, int] = getattr(self.world.clicks, what)
        self.world.clicks.add(counts, prompt)
        try:
            yield
        except NotPossible:
            self.world.clicks.add(counts, prompt, -1)
            raise

    def approve(self, service: JobService, job: Job) -> None:
        """Approve the Preview that is shown."""
        assets = job.operation.assets if job.operation else None
        url = assets.preview_image_url if assets else None
        service.approve(job.id)
        decision = service.job(job.id).decision
        if decision is not None and decision.verb is Verb.APPROVE and url is not None:
            picture = url.partition(".webp")[0].rpartition("-")[2]
            self.world.clicks.shown[decision.key] = picture

    def revise(self, service: JobService, job: Job) -> None:
        """Ask for another Preview."""
        with self.counted("previews", job.request.prompt):
            service.revise(job.id, "make it green")

    def retry(self, service: JobService, job: Job) -> None:
        """Pay for a new attempt."""
        prompt = job.request.prompt
        with self.counted("starts", prompt), self.counted("previews", prompt):
            self._count_follow_ups(job)
            service.retry(job.id)

    def _count_follow_ups(self, job: Job) -> None:
        if job.optimize or job.convert:
            self.world.clicks.add(self.world.clicks.follow_ups, job.request.prompt)

    def cancel(self, service: JobService, job: Job) -> None:
        """Cancel a job."""
        service.cancel(job.id)

    def resume(self, service: JobService, job: Job) -> None:
        """Resume a job."""
        service.resume(job.id)

    def dismiss(self, service: JobService, job: Job) -> None:
        """Remove a job from the list."""
        service.dismiss(job.id)

    def fetch_again(self, service: JobService, job: Job) -> None:
        """Download the files again."""
        service.fetch_again(job.id)

    def convert(self, service: JobService, job: Job) -> None:
        """Have a finished model converted."""
        if job.asset is None or job.kind is not Kind.MODEL:
            return
        formats = self.rng.sample([Format.FBX, Format.OBJ, Format.STL], 2)
        with self.counted("follow_ups", job.request.prompt):
            service.convert(job.asset, formats, self.world.folder.parent / "converted")
