# SPDX-License-Identifier: GPL-3.0-or-later
"""Start jobs and decide about them: what the window and the command line call.

Nothing here waits for the network, unless it says so.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..message import Message
from ..mint.account import Account
from ..mint.generation_request import GenerationRequest, feedback_error
from ..mint.motion_request import MotionRequest
from ..mint.schema import Asset, Assets, Format, Kind, OptimizationLevel, Status
from . import new_jobs
from .budget.prices import Budget
from .budget.totals import SpendingTotals
from .engine.config import EngineConfig
from .engine.job_runner import JobRunner, UnfinishedJobs
from .engine.thread_messages import SetAccount
from .errors import NotPossible, OtherAccount, TooExpensive
from .job import Job, asset_of, may_be_started
from .job_values import ClickPrices, Decision, Delivery, Hold
from .new_jobs import new_attempt, new_conversion, new_fetch, new_job, new_motions, request_for
from .paid_requests.record import PaidVerb, State, formats_of, of_asset, of_conversion, of_job
from .phases import BUSY, HAS_RESULT, Phase, Verb
from .presentation import action_checks
from .presentation.job_view import JobView, view_of
from .queries import (
    AnimationPrice,
    OptimizationPrice,
    PriceQuery,
    orders_of_retry,
    prices_of,
    prices_of_click,
    request_to_repeat,
)

__all__ = ["JobService", "NotPossible", "OtherAccount", "TooExpensive"]

log = logging.getLogger(__name__)


class JobService(JobRunner):
    """Starts jobs, and commits what a person decides about them. For the main thread only.

    Inherited from `JobRunner`: the list of jobs, the worker and its events. `queries` asks for
    prices, the balance and the library; `budget` checks limits; `spending` adds up Credits;
    `unfinished` resumes what an earlier session left.
    """

    def __init__(self, config: EngineConfig, account: Account) -> None:
        super().__init__(config, account)
        self.spending = SpendingTotals(self.journal)
        self.budget = Budget(
            self.queries.answers, lambda: self.cache.paid_for_optimizing, self.spending.today
        )
        self.unfinished = UnfinishedJobs(self, self.budget)
        self.ask_price: Callable[[PriceQuery], object] | None = None
        """Without a window: stores the answer of Mint to a query, and blocks until it is there."""

    def set_account(self, account: Account) -> None:
        """Talk to Mint with another key or base URL, and resume the jobs of that account.

        Jobs of the earlier account stop; they stay in the journal.
        """
        self.queries.answers.clear()  # another account may get different ones
        self.queries.cancel_pending()
        if account != self.account:
            self.account = account
            self.worker.send(SetAccount(account))
            self.cache.set_account(account)
            self._has_changes = True
            self.unfinished.resume_own()

    def view(self, job: Job, made_for: str = "") -> JobView:
        """Return a job as people see it. `made_for` is the other file that its result was made for.

        Whoever shows a job reads this.
        """
        if job.phase is not Phase.WAITING:
            return view_of(job, False, False, made_for)
        is_held_back = self.unfinished.is_held_back(job.id)
        is_slot_free = self.cache.slots_taken[job.kind] < self.slots[job.kind]
        return view_of(job, is_slot_free, is_held_back)

    # -- starting

    def start(
        self,
        request: GenerationRequest,
        delivery: Delivery = Delivery(),
        *,
        optimize: OptimizationLevel | None = None,
        motions: Sequence[MotionRequest] = (),
        max_credits: float | None = None,
        subject: str | None = None,
    ) -> Job:
        """Return a new job, committed with its paid request. The worker sends it afterwards.

        Args:
            request: What to generate.
            delivery: Where the result goes.
            optimize: Optimize the model before it is fetched.
            motions: Animate the model afterwards: jobs of their own, which wait for this one.
            max_credits: The most that it may cost in all, also when another program resumes it.
            subject: What was ordered, if others can order the same.

        Raises:
            NotPossible: Mint would refuse it.
            TooExpensive: It would cost more than a limit.
        """
        if complaint := new_jobs.complaint(request):
            raise NotPossible(complaint)
        if optimize is not None and request.kind is not Kind.MODEL:
            raise NotPossible(Message("Only models can be optimized."))
        queries = prices_of(request, optimize)
        price, *extra = self._prices(queries, own_limit=max_credits)
        records = self.journal.paid_requests
        job = new_job(
            request,
            delivery,
            now=time.time(),
            optimize=optimize,
            estimate=price,
            optimize_estimate=extra[0] if extra else None,
            subject=subject,
            number=records.next_number(subject, PaidVerb.START) if subject else 1,
        )
        of_each = AnimationPrice()
        animating = None
        if motions:
            new_jobs.check_motions(request.kind, motions)
            (animating,) = self._prices([of_each], own_limit=max_credits)
            delivery = replace(delivery, group=delivery.group or job.id)
            job = replace(job, delivery=delivery)
        followers = new_motions(
            None,
            request,
            motions,
            replace(delivery, replaces=True),
            now=job.created_at,
            after=job.id,
            estimate=animating,
        )
        starts: list[Sequence[PriceQuery]] = [queries, *[[of_each]] * len(followers)]
        return self._begin([job, *followers], starts, max_credits)[0]

    def fetch(
        self,
        asset: Asset,
        delivery: Delivery = Delivery(),
        *,
        optimize: OptimizationLevel | None = None,
        max_credits: float | None = None,
    ) -> Job:
        """Return a job that fetches an existing asset. Optimizing it first costs Credits.

        `max_credits` is the most that this may cost. Raises TooExpensive.
        """
        starts = [[OptimizationPrice(asset.id)]] if optimize else []
        (estimate,) = self._prices(*starts, own_limit=max_credits) or [None]
        job = new_fetch(asset, delivery, now=time.time(), optimize=optimize, estimate=estimate)
        return self._begin([job], starts, max_credits)[0]

    def animate(
        self,
        asset: Asset,
        motions: Sequence[MotionRequest],
        delivery: Delivery = Delivery(),
        *,
        max_credits: float | None = None,
        pay_again: bool = False,
    ) -> list[Job]:
        """Return the jobs of these motions of a model, in their order; each is paid for itself.

        The first new one goes alone, and the others only after it has succeeded. A motion with the
        same words that this journal has ordered before is returned as it is, and not paid again.

        Args:
            asset: The model.
            motions: What it does.
            delivery: Where the results go.
            max_credits: The most that all of them may cost together.
            pay_again: Order also what was ordered before, which costs Credits again.

        Raises:
            NotPossible: Mint would refuse it.
            TooExpensive: It would cost more than a limit.
        """
        new_jobs.check_motions(asset.kind, motions)
        delivery = replace(delivery, motions=tuple(each.words for each in motions))
        price = AnimationPrice(asset.id)
        wanted, _ = self._not_ordered(asset.id, motions, pay_again)
        (estimate,) = self._prices([price], own_limit=max_credits) if wanted else [None]
        with self.cache.single_commit():  # another process may have ordered one just now
            wanted, known = self._not_ordered(asset.id, motions, pay_again)
            for job in known:
                self.journal.restore(job.id)
            new = new_motions(
                asset, request_for(asset), wanted, delivery, now=time.time(), estimate=estimate
            )
            if new and len(motions) > 1 and not delivery.group:
                group = replace(delivery, group=new[0].id)
                new = [replace(job, delivery=group) for job in new]
            kept = self._add(new, [[price]] * len(new), max_credits)
        for job in kept:
            self.wake(job)
        self.reread()
        ordered = [self.job(job.id) for job in (*kept, *known)]
        return [next(job for job in ordered if motion.is_like(job.motion)) for motion in motions]

    def paid_motions(self, asset_id: str) -> list[Job]:
        """Return the motions of a model that were ordered and have not failed, newest first.

        Dismissed ones too: their clips need not be paid again.
        """
        over = {Phase.FAILED, Phase.CANCELED}
        return [
            job
            for job in self.journal.motions_of(asset_id)
            if job.phase not in over and job.hold is not Hold.FOREIGN
        ]

    def motions_of(self, job: Job) -> list[Job | None]:
        """Return the motions whose clips are written with a job, as its delivery names them.

        One that is finished counts before a newer one that is not; None: it was never ordered.
        """
        ordered = [
            other
            for other in self.journal.motions_of(asset_of(job) or "")
            if other.hold is not Hold.FOREIGN
        ]
        ordered.sort(key=lambda other: (other.id != job.id, other.phase not in HAS_RESULT))
        return [
            next((other for other in ordered if motion.is_like(other.motion)), None)
            for motion in map(MotionRequest, job.delivery.motions)
        ]

    def followers(self, job: Job) -> list[Job]:
        """Return the jobs that wait for the success of this one, directly or not."""
        followers: list[Job] = []
        for other in self.jobs() if job.phase is not Phase.PLACED else ():
            if other.after == job.id:
                followers += [other, *self.followers(other)]
        return followers

    def _not_ordered(
        self, asset_id: str, motions: Sequence[MotionRequest], pay_again: bool
    ) -> tuple[list[MotionRequest], list[Job]]:
        """Return the motions to order, each once, and the jobs that have ordered others before."""
        before = [] if pay_again else self.paid_motions(asset_id)
        return new_jobs.not_ordered(motions, before)

    def convert(self, asset: Asset, formats: Sequence[Format], folder: Path) -> Job:
        """Return a job that brings a model to a folder in other formats.

        Only formats that Mint has not made before cost Credits. An unfinished job with the same
        formats and folder is resumed instead, so nothing is paid twice.
        """
        wanted = tuple(dict.fromkeys(formats))
        if asset.kind is not Kind.MODEL:
            raise NotPossible(Message("Only models can be converted."))
        if not wanted:
            raise NotPossible(Message("Choose at least one format."))
        is_paid = any((asset.assets or Assets()).converted_url(format) is None for format in wanted)
        self.reread()  # another process may have started one just now
        with self.cache.single_commit():
            about = self.journal.jobs_of_asset(asset.id)
            for job in action_checks.open_conversions(about, asset, wanted):
                if (job.convert, job.delivery.folder) == (wanted, str(folder)):
                    break
                raise NotPossible(
                    Message(
                        "{title} is already being converted ({state}). Wait until it is done, or"
                        " resume it.",
                        title=job.title,
                        state=self.view(job).state,
                    )
                )
            else:
                requests = self.journal.paid_requests
                subject = of_conversion(asset.id, wanted)
                for earlier in requests.beginning_with(f"{of_asset(asset.id)}:"):
                    if not formats_of(earlier).isdisjoint(wanted):
                        now = self.journal.mint_now()
                        action_checks.check_earlier_conversion(asset, earlier, now)
                before = requests.latest(subject, PaidVerb.CONVERT)  # its job has ended
                number = requests.next_number(subject, PaidVerb.CONVERT)
                if before is not None and number > before.number:
                    self.journal.close_request(before.key)
                target = Delivery(folder=str(folder))
                job = new_conversion(asset, wanted, target, now=time.time(), number=number)
                (job,) = self._add([job], [[None]] if is_paid else [])
        self.resume(job.id)
        return self.job(job.id)

    def retry_asset(self, asset: Asset, delivery: Delivery = Delivery()) -> Job:
        """Return the job of a new attempt at an asset that failed at Mint.

        This is the job that failed with it, if that is still on the list. Raises NotPossible,
        TooExpensive.
        """
        if asset.status is None:  # unknown: Mint itself refuses what has not failed
            asset = Asset.from_json(asset.kind, {**asset.raw, "status": Status.FAILED.value})
        ours = [
            job
            for job in self.journal.jobs_of_asset(asset.id)
            if not (job.convert or job.motion) and job.hold is None
        ]
        action_checks.check_asset_retry(asset, ours)
        job = next((job for job in ours if Verb.RETRY in self.view(job).verbs), None)
        if job is None:
            (job,) = self.cache.add(new_attempt(asset, delivery, now=time.time()))
        self.retry(job.id)
        return self.job(job.id)

    def approve(self, job_id: str, *, seen: Job | None = None) -> None:
        """Accept the Preview, which starts the expensive stage. Raises TooExpensive.

        `seen` is the job as the person has seen it; None: as it is on the list.
        """
        self._decide(seen or self.job(job_id), Verb.APPROVE)

    def revise(self, job_id: str, feedback: str, *, seen: Job | None = None) -> None:
        """Request another Preview. Raises TooExpensive. `seen` is as in `approve`."""
        if complaint := feedback_error(feedback):
            raise NotPossible(complaint)
        self._decide(seen or self.job(job_id), Verb.REVISE, feedback.strip())

    def cancel(self, job_id: str) -> None:
        """Cancel a job, at Mint too."""
        job = self.job(job_id)
        with self.cache.single_commit():
            if self.unfinished.is_unclaimed(job := self.cache.get(job.id) or job):
                self.cache.cancel(job)
                return
        self._decide(job, Verb.CANCEL)

    def cancel_waiting(self, only: Collection[str] | None = None) -> None:
        """Cancel every queued job: those that nothing was sent for yet.

        `only` are the ids of the jobs to look at; None: all.
        """
        with self.cache.single_commit():
            waiting = [
                job
                for job in self.jobs()
                if job.phase is Phase.WAITING
                and job.decision is None
                and job.hold is None
                and (only is None or job.id in only)
            ]
            unclaimed = [job for job in waiting if self.unfinished.is_unclaimed(job)]
            for job in unclaimed:
                self.cache.cancel(job)
            others = [job for job in waiting if job not in unclaimed]
            decided = [self.cache.decide(job, Decision(Verb.CANCEL)) for job in others]
        for job in filter(None, decided):
            self.wake(job)

    def retry(self, job_id: str) -> None:
        """Start a failed job, or one that Mint may have started, again. Costs Credits again.

        Raises:
            NotPossible: It has not failed, and a person was not told what became of it.
            TooExpensive: It would cost more than a limit.
        """
        job = self.job(job_id)
        queries = prices_of_click(job, Verb.RETRY) if Verb.RETRY in self.view(job).verbs else ()
        self._prices(queries, own_limit=job.max_credits)
        with self.cache.single_commit():
            job = self.cache.get(job.id) or job
            if Verb.RETRY not in self.view(job).verbs:
                raise action_checks.refusal(job, Verb.RETRY)
            self.check_idle(job)
            job = self._within_limits(job, Verb.RETRY, queries)
            prices = self.budget.click_prices(job, Verb.RETRY, queries)
            self._order_again(job, prices, self.budget.asked_at(queries))
        self.wake(self.job(job.id))

    def _order_again(self, job: Job, prices: ClickPrices, asked_at: float | None) -> None:
        """Commit that a job is started again, unless that was ordered and is not clear yet.

        What Mint has made is only fetched again.
        """
        generation, optimization = prices
        made_of = job.failed_asset_id or job.source_asset_id
        for order in orders_of_retry(job):
            if request_to_repeat(job, order) is not None:
                continue
            before = job.paid_request(order)
            subject = before.subject if before else of_job(job.id)
            if order is PaidVerb.RETRY and made_of is not None:
                subject = of_asset(made_of)
            latest = self.journal.paid_requests.latest(subject, order)
            is_unclear = latest is not None and (latest.is_open or latest.state is State.DROPPED)
            if latest is not None and latest.job != job.id and is_unclear:
                raise action_checks.in_progress(job)  # another job has ordered the same
            credits = optimization if order is PaidVerb.OPTIMIZE else generation
            job = job.with_request(self.journal.order(job, subject, order, credits=credits))
        self.cache.save(
            job.with_prices(*prices, asked_at=asked_at).moved(
                Phase.WAITING, problem=None, candidates=(), source_asset_id=made_of
            )
        )

    def use_candidate(self, job_id: str, asset_id: str) -> None:
        """Use an asset in Mint's list as the result of a job that Mint may have started. Free.

        Raises:
            NotPossible: It is not among the candidates, or belongs to another job.
        """
        with self.cache.single_commit():
            job = self.job(job_id)
            request = job.start_request
            is_shown = asset_id in {candidate.id for candidate in job.candidates}
            is_offered = is_shown and job.phase is Phase.PAUSED
            self.check_idle(job)
            if not (request and is_offered) or (
                self.journal.adopt(job, request.key, asset_id) is None
            ):
                raise NotPossible(
                    Message("This result cannot be used for {title}.", title=job.title)
                )
            self.cache.save(
                job.moved(Phase.FETCHING, source_asset_id=asset_id, candidates=(), problem=None)
            )
        self.wake(self.job(job_id))

    def send_once_more(self, job_id: str) -> None:
        """Send the request of a job again that Mint may have started.

        While Mint remembers it, that is free of a second price: Mint returns what it has started.
        After that nothing is sent.
        """
        job = self.job(job_id)
        request = job.start_request
        if request is None or not self.view(job).may_be_sent_once_more:
            raise action_checks.refusal(job, Verb.RESUME)
        if request.is_copied:
            self.journal.paid_requests.take_over(request.key)
            self.reread()
        self.wake(self.job(job_id))

    def set_limit(self, job_id: str, max_credits: float | None) -> None:
        """Set the most that one job may cost in all; None removes its limit."""
        self.update(job_id, lambda job: replace(job, max_credits=max_credits))

    def resume(self, job_id: str) -> None:
        """Resume after Credits were bought, after a pause, or after a restart.

        Pays nothing twice.
        """
        job = self.job(job_id)
        if job.phase is Phase.BILLING and job.decision is None and job.operation is not None:
            self._decide(job, Verb.RESUME)
        elif job.phase is Phase.BILLING and job.decision is None:
            self._send_again(job)
        elif job.is_resumable or (job.phase is Phase.PAUSED and job.hold is None):
            queries = prices_of_click(job, Verb.RESUME)
            if queries and not self.is_driven_elsewhere(job):
                self._prices(queries, own_limit=job.max_credits)
                self._within_limits(job, Verb.RESUME, queries)
            self.wake(job)
        else:
            raise action_checks.refusal(job, Verb.RESUME)

    def _send_again(self, job: Job) -> None:
        """Send a start again that Mint has refused for want of Credits."""
        queries = prices_of_click(job, Verb.RESUME)
        self._prices(queries, own_limit=job.max_credits)
        with self.cache.single_commit():
            job = self.cache.get(job.id) or job
            self.check_idle(job)
            job = self._within_limits(job, Verb.RESUME, queries)
            prices = self.budget.click_prices(job, Verb.RESUME, queries)
            priced = job.with_prices(*prices, asked_at=self.budget.asked_at(queries))
            self.cache.save(priced.moved(Phase.SENDING, problem=None))
        self.wake(self.job(job.id))

    def look_again(self, job_id: str) -> None:
        """Ask Mint for a Preview once more: it may have been decided about elsewhere. Free."""
        job = self.job(job_id)
        if job.phase is Phase.REVIEW and job.decision is None and job.hold is None:
            with suppress(NotPossible):  # another process is working on it
                self.save(job.moved(Phase.WORKING))
                self.wake(self.job(job_id))

    def fetch_again(self, job_id: str) -> None:
        """Fetch the files of a finished job again: they were deleted, or others are wanted.

        Free.
        """
        job = self.job(job_id)
        if job.phase not in HAS_RESULT or job.convert:
            raise NotPossible(Message("{title} has no files to download again.", title=job.title))
        if job.hold is not None:
            raise action_checks.refusal(job)
        # An optimization that was not bought before is not bought now.
        is_optimized = job.optimization is not None or (
            job.asset and job.asset.assets and job.asset.assets.optimized_glb_url
        )
        self.save(
            job.moved(
                Phase.FETCHING, files=job.previews, optimize=job.optimize if is_optimized else None
            )
        )
        self.wake(job)

    def dismiss(self, job_id: str) -> None:
        """Remove a job from the list. Its files stay.

        Raises:
            NotPossible: It is in progress, or nobody knows yet whether Mint has started it.
        """
        if lost := next((each for each in self.cache.unreadable if each.id == job_id), None):
            self.cache.dismiss(lost.id)
            return
        job = self.job(job_id)
        if job.phase in BUSY and (self.is_active(job.id) or self.is_driven_elsewhere(job)):
            raise NotPossible(Message("{title} is not finished. Cancel it first.", title=job.title))
        if may_be_started(job) and job.hold is not Hold.FOREIGN:
            raise NotPossible(
                Message(
                    "{title} was sent, and Mint has not answered yet. It may cost Credits. Resume"
                    " or cancel it first.",
                    title=job.title,
                )
            )
        self.cache.dismiss(job.id)

    def dismiss_finished(
        self, only: Collection[str] | None = None, *, failed: bool = False
    ) -> None:
        """Remove all jobs that are placed, saved or canceled; what can still be used stays.

        `only` are the ids of the jobs to look at; None: all. With `failed`, what Mint refused or
        could not make is removed too.
        """
        with self.cache.single_commit():
            for job_id in self.finished(only, failed=failed):
                self.cache.dismiss(job_id)

    def finished(
        self, only: Collection[str] | None = None, *, failed: bool = False
    ) -> dict[str, Phase]:
        """Return the phases of the jobs that `dismiss_finished` removes, by id."""
        lost = {each.id for each in self.cache.unreadable}
        return {
            job_id: phase
            for job_id, phase in self.journal.ended_ids().items()
            if job_id not in lost
            and (failed or phase is not Phase.FAILED)
            and not self.is_active(job_id)
            and (only is None or job_id in only)
        }

    def set_delivery(self, job_id: str, delivery: Delivery) -> Job:
        """Set another place for the result."""
        return self.update(job_id, lambda job: replace(job, delivery=delivery))

    def _prices(
        self, *starts: Sequence[PriceQuery | None], own_limit: float | None = None
    ) -> list[float | None]:
        """Return the price of each query in Credits, or None if it is unknown.

        A query of None stands for something that Mint returns no price for. Mint is asked only if a
        limit depends on it.
        """
        queries = list(itertools.chain(*starts))
        if self.budget.limits or own_limit is not None:
            self.ask_unknown_prices(queries)
        return [self.budget.price(query) if query is not None else None for query in queries]

    def ask_unknown_prices(self, queries: Iterable[PriceQuery | None]) -> None:
        """Ask Mint for the prices that are not known; with a window, who draws them asks.

        Raises:
            MintError: Mint cannot be asked, where a command has to say so.
        """
        for query in dict.fromkeys(queries):
            if self.ask_price is not None and query and self.budget.known(query) is None:
                self.ask_price(query)

    def _begin(
        self,
        jobs: Sequence[Job],
        starts: Sequence[Sequence[PriceQuery | None]],
        most: float | None = None,
    ) -> list[Job]:
        """Commit new jobs, as `_add` does, and let them run."""
        added = self._add(jobs, starts, most)
        for job in added:
            self.wake(job)
        return added

    def _add(
        self,
        jobs: Sequence[Job],
        starts: Sequence[Sequence[PriceQuery | None]],
        most: float | None = None,
    ) -> list[Job]:
        """Commit new jobs with these prices, if they are within the limits.

        In one transaction, so that of two jobs started at the same moment, one counts the other.
        `most` is what they may cost together; each job has its part of it as its own limit.
        """
        if most is not None and len(jobs) > 1:
            all_of_it = self.budget.of_start([each for start in starts for each in start], most)
            # the limit of one generation is checked for each of them
            is_known = all_of_it.total is not None
            self.budget.check([replace(all_of_it, generation=0.0 if is_known else None)])
        if most is not None:
            prices = [self.budget.total(start) or 0.0 for start in starts[1:]]
            limits = [most - sum(prices), *prices]
            jobs = [
                replace(job, max_credits=limit) for job, limit in zip(jobs, limits, strict=False)
            ]
        try:
            with_copies = [new_jobs.keep(self.home, job) for job in jobs]
            with self.cache.single_commit():
                pairs = zip(jobs, starts, strict=False)
                expenses = [self.budget.of_start(each, job.max_credits) for job, each in pairs]
                self.budget.check(expenses)
                for place, start in enumerate(starts):
                    job = with_copies[place]
                    asked_at = self.budget.asked_at(start)
                    with_copies[place] = job.with_prices(None, None, asked_at=asked_at)
                return self.cache.add(*with_copies)
        except BaseException:
            for job in jobs:
                new_jobs.drop(self.home, job.id)
            raise

    def _decide(self, seen: Job, verb: Verb, feedback: str | None = None) -> None:
        """Commit a decision. If it costs Credits, the limits are checked in the same commit."""
        job = self.job(seen.id)
        queries = prices_of_click(job, verb) if verb in self.view(job).verbs else ()
        self._prices(queries, own_limit=job.max_credits)
        with self.cache.single_commit():
            job = self.cache.get(job.id) or job
            action_checks.check_preview(seen, job, verb)
            job = self._within_limits(job, verb, queries)
            prices = self.budget.click_prices(job, verb, queries)
            decided = self.cache.decide(job, Decision(verb, "", feedback), prices)
        if decided is None:
            raise action_checks.refusal(self.cache.get(job.id) or job, verb)
        self.wake(decided)

    def _within_limits(self, job: Job, verb: Verb, queries: Sequence[PriceQuery | None]) -> Job:
        """Return the job if this decision, with these prices, keeps it within the limits.

        Going beyond the limits on purpose removes the job's own limit for good. Raises
        TooExpensive.
        """
        if not queries:
            return job
        if self.budget.ignores_limits and job.max_credits is not None:
            job = self.update(job.id, lambda job: replace(job, max_credits=None))
        self.budget.check([self.budget.of_click(job, verb, queries)], job)
        return job
