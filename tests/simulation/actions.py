# SPDX-License-Identifier: GPL-3.0-or-later
"""The clicks of people, each of which is counted: more than that Mint must not be paid for."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

from mint_blender.jobs.job import Job, asset_of, is_unanswered
from mint_blender.jobs.job_values import ABOVE_OWN_LIMIT, Delivery, Hold
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService, NotPossible, TooExpensive
from mint_blender.jobs.storage.journal import JournalError
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import Format, Kind, Mode, OptimizationLevel, Preset

from .clicks import PaidClick
from .world import World

TRIES = 3
"""How often a person asks for a price before giving up."""


class Actions:
    """What a person can click in one process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self._prompts = 0

    def attempt(self, service: JobService, action: Callable[[JobService], Any]) -> None:
        """Do something that the service may refuse: that is no violation."""
        try:
            service.catch_up()
            action(service)
        except NotPossible as reason:
            self.world.note(f"not possible: {reason}")
        except JournalError as error:
            self.world.note(f"{error}")

    def something(self, service: JobService) -> Job | None:
        """Click something that is offered; return the job that it is about."""
        jobs = [job for job in service.jobs() if job.hold is None]
        chance = self.rng.random()
        if not jobs or chance < 0.25:
            started: Job | None = self._once_priced(service, self._start_something(service))
            return started
        if chance < 0.28:
            self._decide_about_queue(service, continues=chance < 0.27)
            return None
        if chance < 0.31:
            service.unfinished.resume_all()
            return None
        job = self.rng.choice(jobs[:12])
        self._click_on(service, job)
        return job

    def _decide_about_queue(self, service: JobService, *, continues: bool) -> None:
        service.unfinished.refresh_queue()
        if not continues:
            service.unfinished.discard_queue()
            return
        for job in service.unfinished.continue_queue():  # from now on it costs: perhaps today
            self._note_start(job, is_confirmed=False)

    def _click_on(self, service: JobService, job: Job) -> None:
        verbs = [verb.value for verb in JobView(job).verbs]
        verbs += ["use"] if job.candidates else []
        verbs += ["once_more"] if is_unanswered(job) else []
        offers = [verb for verb in verbs if verb not in {"cancel", "retry"} or self._rarely(0.3)]
        if job.phase is Phase.PAUSED:
            offers.append("resume")
        if job.phase is Phase.PLACED and self._rarely(0.3):
            offers += ["fetch_again", "convert", "dismiss"]
        if self.world.has_motions and job.phase is Phase.PLACED and not job.convert:
            offers += ["animate"]
        if job.phase in {Phase.FAILED, Phase.CANCELED} and self._rarely(0.3):
            offers.append("dismiss")
        if job.after is not None and self._rarely(0.1):
            offers.append("cancel")
        if job.phase not in {Phase.PLACED, Phase.CANCELED} and self._rarely(0.02):
            offers.append("dismiss")
        if not offers:
            return
        name = self.rng.choice(offers)
        self.world.books.note(self.world, job)  # a killed process may have written it, unnoted
        self.world.note(f"clicks {name} on {job.id} ({job.phase}) {job.request.prompt}")
        click: Callable[[JobService, Job], object] = getattr(self, name)
        self._once_priced(service, lambda: click(service, service.job(job.id)))

    def _once_priced(
        self, service: JobService, click: Callable[[], Any], tries: int = TRIES
    ) -> Any:
        """Click; if a limit needs prices that are not known, ask for them and click again."""
        try:
            return click()
        except TooExpensive as error:
            process = self.world.current
            if not error.missing_prices or not tries or process is None:
                raise
            for query in error.missing_prices:
                service.queries.ask(query)
            again = lambda _: self._once_priced(service, click, tries - 1)  # noqa: E731
            process.later(self.rng.uniform(1.0, 60.0), lambda: self.attempt(service, again))
            return None

    def _rarely(self, probability: float) -> bool:
        return self.rng.random() < probability

    # -- clicks

    def _start_something(self, service: JobService) -> Callable[[], Job]:
        """Return a click that starts a generation. Some people use the same words twice."""
        request = self.request()
        is_model = request.kind is Kind.MODEL
        optimize = OptimizationLevel.LIGHT if is_model and self._rarely(0.2) else None
        most = self.rng.choice([300.0, 850.0, 2000.0]) if self._rarely(0.1) else None
        motions = self._some_motions() if is_model and self._is_animated(0.2) else ()
        splats = self.rng.choice([None, "500k", "full_res"])
        delivery = (
            Delivery()
            if is_model
            else Delivery(splats=splats, collider=self.rng.choice(["AUTO", "AUTO", "NONE"]))
        )
        return lambda: self.start(service, request, delivery, optimize, most, motions)

    def start(
        self,
        service: JobService,
        request: GenerationRequest,
        delivery: Delivery,
        optimize: OptimizationLevel | None,
        most: float | None = None,
        motions: Sequence[MotionRequest] = (),
    ) -> Job:
        """Start a generation."""
        prompt, clicks = request.prompt, self.world.clicks
        self.world.note(f"starts {prompt} ({request.kind}, {request.mode})")
        pictures = tuple(map(self.world.pictures.hash_of, request.images))
        clicks.pictures.setdefault(prompt, set()).add(pictures)
        with ExitStack() as counted:
            for what, words in (
                ("starts", prompt),
                ("previews", prompt),
                *([("follow_ups", prompt)] if optimize else []),
                *(("follow_ups", f"{prompt}: {each.words}") for each in motions),
            ):
                counted.enter_context(self.counted(what, words))
            with self._limits(service, confirm=most is None) as is_confirmed:
                job = service.start(
                    request, delivery, optimize=optimize, motions=motions, max_credits=most
                )
        if motions:
            self._note_motions(service, job, is_confirmed=is_confirmed)
        if most is not None:
            clicks.own_limit[job.id] = most
        self._note_start(job, is_confirmed=is_confirmed)
        if self._rarely(0.3):
            self.world.pictures.change(self.rng, request.images)
        return job

    @contextmanager
    def _limits(self, service: JobService, *, confirm: bool = True) -> Iterator[bool]:
        """Click within the limits, or, at times, beyond them on purpose."""
        is_confirmed = confirm and self._rarely(0.05)
        with service.budget.without_limits() if is_confirmed else nullcontext():
            yield is_confirmed or service.budget.ignores_limits

    def _note_start(self, job: Job, *, is_confirmed: bool) -> None:
        if job.start_request is not None:
            accepted = job.start_request.credits, self.world.clock.true
            self.world.clicks.accepted.setdefault(job.start_request.key, accepted)
            self._note_paid(job.id, job.start_request.key, is_confirmed=is_confirmed)

    def note_price(self, service: JobService, stopped: Job) -> None:
        """Note that the person who has resumed a job that stopped has accepted its price."""
        is_risen = stopped.problem is not None and stopped.problem.code == ABOVE_OWN_LIMIT
        is_refused = stopped.phase is Phase.BILLING and stopped.operation is None
        if not (is_risen or is_refused):
            return
        # one that was refused for want of Credits shows today's price beside Resume
        job = service.job(stopped.id) if is_refused else stopped
        if job.start_request is not None:
            accepted = job.start_request.credits, self.world.clock.true
            self.world.clicks.accepted[job.start_request.key] = accepted

    def _note_paid(self, job_id: str, key: str, *, is_confirmed: bool) -> None:
        world = self.world
        machine = world.current.machine.name if world.current else ""
        click = PaidClick(job_id, machine, world.clock.wall(), is_confirmed)
        world.clicks.paid[key] = click
        if is_confirmed:
            world.clicks.confirmed.add(job_id)

    def request(self) -> GenerationRequest:
        """Return a request whose prompt tells all jobs of the same words apart from others."""
        if not self._prompts or self._rarely(0.9):
            self._prompts += 1
        words = f"prompt {self._prompts:04d}."
        if self.world.surprises.prompts_are_normalized:  # and this is what changes them
            words = f"A  cafe\u0301.\n{words}"
        return GenerationRequest(
            self.rng.choice([Kind.MODEL, Kind.MODEL, Kind.WORLD]),
            words,
            preset=self.rng.choice(list(Preset)),
            mode=self.rng.choice(
                [Mode.AUTO, Mode.REVIEW] if self.world.options.reviews else [Mode.AUTO]
            ),
            name=self.rng.choice([None, "Lamp"]),
            images=self.world.pictures.some(self.rng) if self._rarely(0.2) else (),
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
        if job.has_preview:
            url = job.previews[-1].url
        with self._limits(service) as is_confirmed:
            service.approve(job.id)
        decision = self._note_decision(service, job, Verb.APPROVE, is_confirmed=is_confirmed)
        if decision and url is not None:
            self.world.clicks.shown[decision] = url.partition(".webp")[0].rpartition("-")[2]

    def revise(self, service: JobService, job: Job) -> None:
        """Ask for another Preview."""
        with self.counted("previews", self._prompt_of(job)), self._limits(service) as is_confirmed:
            service.revise(job.id, "make it green")
        self._note_decision(service, job, Verb.REVISE, is_confirmed=is_confirmed)

    def retry(self, service: JobService, job: Job) -> None:
        """Pay for a new attempt."""
        prompt = self._prompt_of(job)
        request = job.start_request
        is_in_doubt = request is not None and request.may_be_started
        with ExitStack() as counted:
            # nobody has agreed to pay again for what may be started, and was not told so
            if not is_in_doubt or request.key in self.world.books.in_doubt:
                counted.enter_context(self.counted("starts", prompt))
                counted.enter_context(self.counted("previews", prompt))
            self._count_follow_ups(job)
            with self._limits(service) as is_confirmed:
                service.retry(job.id)
        self._note_start(service.job(job.id), is_confirmed=is_confirmed)

    def _note_decision(
        self, service: JobService, job: Job, verb: Verb, *, is_confirmed: bool
    ) -> str | None:
        """Note a decision that costs, if it is still there; return its key."""
        decision = service.job(job.id).decision
        if decision is None or decision.verb is not verb:
            return None
        self._note_paid(job.id, decision.key, is_confirmed=is_confirmed)
        return decision.key

    def _count_follow_ups(self, job: Job) -> None:
        words = f": {job.motion.words}" if job.motion else ""
        if job.optimize or job.convert or job.motion:
            self.world.clicks.add(self.world.clicks.follow_ups, self._prompt_of(job) + words)

    def _prompt_of(self, job: Job) -> str:
        """Return the prompt that Mint has got: it may show another form to a job for an asset."""
        made = self.world.mint.operations.resources.get(asset_of(job) or "")
        return made.prompt if made is not None else job.request.prompt

    def cancel(self, service: JobService, job: Job) -> None:
        """Cancel a job."""
        service.cancel(job.id)

    def resume(self, service: JobService, job: Job) -> None:
        """Resume a job."""
        with self._limits(service) as is_confirmed:
            service.resume(job.id)
        self.note_price(service, job)
        self._note_decision(service, job, Verb.RESUME, is_confirmed=is_confirmed)
        if is_confirmed:
            self.world.clicks.confirmed.add(job.id)

    def use(self, service: JobService, job: Job) -> None:
        """Use what Mint's list shows, if it is the person's own: there is a picture of it."""
        keys = {each.key for each in job.requests}
        operations = self.world.mint.operations.all.values()
        own = {each.resource.id for each in operations if each.resource and each.key in keys}
        chosen = [each.id for each in job.candidates if each.id in own]
        if chosen:
            service.use_candidate(job.id, chosen[0])

    def once_more(self, service: JobService, job: Job) -> None:
        """Let a request without an answer be sent once more."""
        service.send_once_more(job.id)

    def dismiss(self, service: JobService, job: Job) -> None:
        """Remove a job from the list."""
        service.dismiss(job.id)

    def fetch_again(self, service: JobService, job: Job) -> None:
        """Download the files again."""
        service.fetch_again(job.id)

    def _is_animated(self, probability: float) -> bool:
        return self.world.has_motions and self.world.motions.random() < probability

    def _some_motions(self) -> tuple[MotionRequest, ...]:
        chance = self.world.motions
        words = chance.sample(["walk", "run", "jump", "dance"], chance.choice([1, 1, 2, 3]))
        return tuple(MotionRequest(each, chance.choice([None, 1.8])) for each in words)

    def _note_motions(self, service: JobService, model: Job, *, is_confirmed: bool) -> None:
        """Note the motions that follow a generation, which was just committed."""
        made = [each for each in service.followers(model) if each.motion is not None]
        made.sort(key=lambda each: each.created_at)
        for each in made:
            self._note_motion_start(each, is_confirmed=is_confirmed)
        self.world.clicks.motion_orders.append(tuple(each.id for each in made))

    def _note_motion_start(self, job: Job, *, is_confirmed: bool) -> None:
        self._note_start(job, is_confirmed=is_confirmed)
        if job.max_credits is not None:
            self.world.clicks.own_limit[job.id] = job.max_credits

    def animate(self, service: JobService, job: Job) -> None:
        """Have a finished model animated; what the journal knows is paid again only if asked."""
        if job.asset is None or job.kind is not Kind.MODEL:
            return
        motions, prompt, clicks = self._some_motions(), self._prompt_of(job), self.world.clicks
        again = self._is_animated(0.2)
        most = self.world.motions.choice([200.0, 600.0, 1000.0]) if self._is_animated(0.2) else None
        self.world.note(f"animates {job.id}: {[each.words for each in motions]} {again=} {most=}")
        service.reread()
        before = {each.id for each in service.journal.motions_of(job.asset.id)}
        known = self._known_motions(service, job.asset.id)
        new = [f"{prompt}: {each.words}" for each in motions if again or each.words not in known]
        for words in new:
            clicks.add(clicks.follow_ups, words)
        try:
            with self._limits(service, confirm=most is None) as is_confirmed:
                made = service.animate(job.asset, motions, max_credits=most, pay_again=again)
        except NotPossible:
            for words in new:
                clicks.add(clicks.follow_ups, words, -1)
            raise
        # one that has failed while the price was asked for is ordered anew
        failed = known - self._known_motions(service, job.asset.id, before)
        made = [each for each in made if each.id not in before]
        for each in made:
            if not again and each.motion.words in failed:
                clicks.add(clicks.follow_ups, f"{prompt}: {each.motion.words}")
            self._note_motion_start(each, is_confirmed=is_confirmed)
        clicks.motion_orders.append(tuple(each.id for each in made))

    @staticmethod
    def _known_motions(
        service: JobService, asset_id: str, among: Container[str] | None = None
    ) -> set[str]:
        """Return the words of the motions, perhaps only `among` these jobs, not paid again."""
        over = {Phase.FAILED, Phase.CANCELED}
        return {
            each.motion.words
            for each in service.journal.motions_of(asset_id)
            if each.motion is not None
            and each.phase not in over
            and each.hold is not Hold.FOREIGN
            and (among is None or each.id in among)
        }

    def convert(self, service: JobService, job: Job) -> None:
        """Have a finished model converted."""
        if job.asset is None or job.kind is not Kind.MODEL:
            return
        formats = self.rng.sample([Format.FBX, Format.OBJ, Format.STL], 2)
        folder = self.world.folder.parent / "converted"
        with self.counted("follow_ups", self._prompt_of(job)), self._limits(service):
            service.convert(job.asset, formats, folder)
