# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's view of all jobs: start one, decide about one, catch up with what the worker
said.

Nothing here waits for the network. Whoever has a window calls `catch_up` from a timer; whoever has
none calls `watch`.
"""

from __future__ import annotations

import itertools
import logging
import math
import queue
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from ..mint.account import Account, Owner
from ..mint.generation_request import GenerationRequest, feedback_error
from ..mint.schema import Asset, Assets, Format, Kind, OptimizationLevel, Status
from . import presenter, reference_files, request_checks, stage_durations
from .budget import spending
from .budget.prices import Budget, NotPossible, OtherAccount, TooExpensive
from .engine.config import EngineConfig
from .engine.messages import (
    Crashed,
    Event,
    Idle,
    JobChanged,
    Progress,
    QueryAnswered,
    Recovered,
    RetryScheduled,
)
from .engine.outage import StillUnreachable
from .engine.pending import Pending
from .engine.worker import Worker
from .job import (
    BUSY,
    Cause,
    Decision,
    Hold,
    Job,
    Phase,
    Target,
    Trouble,
    Verb,
    asset_of,
    new_attempt,
    new_conversion,
    new_fetch,
    new_job,
    new_key,
)
from .queries import (
    Answer,
    KeyOwner,
    OptimizationPrice,
    Price,
    Query,
    prices_of,
    prices_of_click,
)
from .storage.accounts import AccountMatch, owner_from_elsewhere
from .storage.earlier_queue import EarlierQueue, Queue
from .storage.job_cache import JobCache
from .storage.journal import Journal, JournalError, Unreadable
from .storage.ownership import ProcessLock
from .workflow.sent_requests import is_unanswered

__all__ = ["JobService", "NotPossible", "OtherAccount", "TooExpensive"]

log = logging.getLogger(__name__)


class JobService:
    """All jobs of this user, and the worker behind them. For the main thread only."""

    def __init__(self, setup: EngineConfig, account: Account) -> None:
        self.home = setup.home
        self.worker = Worker(setup, account)
        self.is_online = True
        self.scheduled_retries: dict[str, RetryScheduled] = {}
        self.progress: dict[str, Progress] = {}
        self.account = account
        self._journal = Journal(setup.home)
        try:
            self._journal.set_account(account)
            self._process = ProcessLock(setup.home)
            self._cache = JobCache(self._journal)
        except BaseException:
            self._journal.close()
            raise
        # of the worker or another process, of which `catch_up` has not told yet
        self._has_changes = False
        self._active: Pending[str] = Pending()  # jobs that go on here
        self._earlier = EarlierQueue(self._journal, self._process, self._cache, self.is_active)
        self._driven: set[str] = set()  # those, and those that have gone on here before
        self._pending_queries: Pending[Query] = Pending()
        self.answers: dict[Query, QueryAnswered] = {}
        self.budget = Budget(self.answers, lambda: self._cache.paid_for_optimizing)
        # seconds without any answer until `hear` raises StillAway: for whoever blocks
        self.max_silence = math.inf
        # block until a price is known that a limit wants to know: for whoever has no window
        self.blocks_for_prices = False

    def close(self, timeout: float = 2.0) -> bool:
        """End the worker within `timeout` seconds; unfinished jobs go on at the next start.

        True when all has ended.
        """
        ended = self.worker.stop(timeout)
        try:
            self.catch_up()
        except JournalError as trouble:
            # nothing is lost: what was to be read stays where it is
            log.warning("At the end: %s", trouble)
        finally:
            self._journal.close()
            self._process.close()
        return ended

    # -- reading
    # ------------------------------------------------------------------------------------------------------  # noqa: E501

    def jobs(self) -> list[Job]:
        """Every job on the list, newest first."""
        return self._cache.newest_first()

    def unreadable(self) -> list[Unreadable]:
        """Jobs whose record is damaged, or was written by a newer version: kept as they are."""
        return self._cache.unreadable()

    def job(self, job_id: str) -> Job:
        """One job, by its id or the unmistakable beginning of it."""
        return self._cache.find(job_id)

    def is_active(self, job_id: str) -> bool:
        """Does something go on with it, in this process?"""
        return job_id in self._active

    def is_driven_here(self, job_id: str) -> bool:
        """Does it go on in this process, or has it?"""
        return job_id in self._driven

    @property
    def has_active_work(self) -> bool:
        """Does anything go on in this process?"""
        return bool(self._active or self._pending_queries)

    def outlook(self, job: Job) -> stage_durations.Outlook:
        """How far the job's present stage is, judged by how long it took before."""
        return stage_durations.outlook(
            job, self._cache.moves(job), self._cache.usual, now=time.time()
        )

    @property
    def version(self) -> int:
        """A number that changes with the list of jobs, and with what goes on here."""
        return self._cache.version + self._active.version

    @property
    def serial(self) -> int:
        """A number that changes when the worker, or another process, has written a job."""
        return self._cache.serial

    def phase_since(self, job: Job) -> float:
        """When it came to where it is now, in seconds since the epoch."""
        moves = self._cache.moves(job)
        return moves[-1][1] if moves else job.created_at

    def month(self) -> spending.Month:
        """What was begun on each of the last days, jobs that were dismissed included."""
        return spending.month(self._cache.spending_entries(), spending.date_of(time.time()))

    def spent_today(self) -> float:
        """Credits of what was begun today: paid, held back, or expected; also by other processes,
        until this moment.
        """
        self._reread()
        return spending.spent_on(self._cache.spending_entries(), spending.date_of(time.time()))

    def spent_without(self, jobs: Iterable[Job]) -> float:
        """As `spent_today`, without what these jobs are still expected to cost: for whoever adds
        that up himself.
        """
        return self.spent_today() - sum(
            max(0.0, self._cache.spent_for(job) - (job.cost or 0.0)) for job in jobs
        )

    @property
    def owner(self) -> Owner | None:
        """To whom a new job belongs: API and account; None without a key."""
        return self._journal.current_account.owner if self._journal.current_account else None

    def set_account(self, account: Account) -> None:
        """Talk to Mint with another key or base URL; what was said before, or is about to be, is no
        longer true.

        What goes on for the earlier account is let go; it stays in the journal.
        """
        self.answers.clear()
        self._pending_queries.clear()
        if account == self.account:
            return
        self.account = account
        self.worker.set_account(account)
        self._cache.set_account(account)
        self._has_changes = True
        self._resume_own()

    def identify_account(self) -> None:
        """Ask whose key it is, if jobs wait for nothing but that."""
        if (
            self.account.key
            and not self.is_pending(KeyOwner())
            and any(job.would_go_on for job in self._cache)
        ):
            self.ask(KeyOwner())

    def _resume_own(self) -> None:
        """Have the worker find out whose key it is, and go on with the jobs that turn out to be
        this account's.
        """
        wanted = [
            job
            for job in self.jobs()
            if self.account.key and job.would_go_on and not self._earlier.holds_back(job)
        ]
        for job in wanted:
            if not self.is_active(job.id):
                self.worker.wake(job.id, self._active.begin(job.id))
        if not wanted:
            self.identify_account()

    def allow_online(self, allowed: bool) -> None:
        """Whether anything may be sent; cheap to repeat."""
        if allowed is not self.is_online:
            self.is_online = allowed
            self.worker.allow_online(allowed)

    # -- asking
    # -------------------------------------------------------------------------------------------------------  # noqa: E501

    def ask(self, query: Query) -> None:
        """Ask Mint something that is no job; `answers` has the answer after a later `catch_up`."""
        self.worker.ask(query, self._pending_queries.begin(query))

    def cache_answer(self, query: Query, answer: Answer) -> None:
        """Take in an answer that was got in another way."""
        self.answers[query] = QueryAnswered(query, answer)

    def ask_and_wait(self, query: Query) -> None:
        """Ask, and block until there is an answer. For scripts, never for a window."""
        self.ask(query)
        while self.is_pending(query):
            self.next_event()

    def is_pending(self, query: Query) -> bool:
        """Is an answer on its way?"""
        return query in self._pending_queries

    def pending_queries(self) -> frozenset[Query]:
        """Every question whose answer is on its way."""
        return frozenset(self._pending_queries)

    # -- deciding
    # -----------------------------------------------------------------------------------------------------  # noqa: E501

    def start(
        self,
        request: GenerationRequest,
        target: Target = Target(),
        *,
        optimize: OptimizationLevel | None = None,
        max_credits: float | None = None,
    ) -> Job:
        """A new job: committed with its idempotency key before this returns, sent by the worker
        afterwards. May raise TooExpensive.

        `max_credits` is the most that it may cost in all, also when it is gone on with later and by
        another program.
        """
        if complaint := request_checks.complaint(request):
            raise NotPossible(complaint)
        if optimize is not None and request.kind is not Kind.MODEL:
            raise NotPossible("Optimizing is for models.")
        queries = prices_of(request, optimize)
        price, *extra = self._prices(queries, own_limit=max_credits)
        job = new_job(
            request,
            target,
            now=time.time(),
            optimize=optimize,
            estimate=price,
            optimize_estimate=extra[0] if extra else None,
        )
        return self._begin(replace(job, max_credits=max_credits), starts=[queries])[0]

    def start_all(self, wishes: Iterable[tuple[GenerationRequest, Target]]) -> list[Job]:
        """As `start`, for many at one click: committed at once, so that hundreds do not hold up the
        window.
        """
        wanted = list(wishes)
        if complaint := next(
            filter(None, (request_checks.complaint(request) for request, _ in wanted)), None
        ):
            raise NotPossible(complaint)
        starts = [[Price.of(request)] for request, _ in wanted]
        pairs = zip(wanted, self._prices(*starts), strict=True)
        jobs = [
            new_job(request, target, now=time.time(), estimate=estimate)
            for (request, target), estimate in pairs
        ]
        return self._begin(*jobs, starts=starts)

    def fetch(
        self, asset: Asset, target: Target = Target(), *, optimize: OptimizationLevel | None = None
    ) -> Job:
        """A job that brings what Mint has made already; optimized first if wanted, which costs
        Credits.
        """
        starts = [[OptimizationPrice(asset.id)]] if optimize else []
        (estimate,) = self._prices(*starts) or [None]
        return self._begin(
            new_fetch(asset, target, now=time.time(), optimize=optimize, estimate=estimate),
            starts=starts,
        )[0]

    def convert(self, asset: Asset, formats: Sequence[Format], folder: Path) -> Job:
        """A job that brings a model in other formats to a folder.

        Only what Mint has not made of it before costs Credits.

        The same wish once more, while it is not fulfilled, is gone on with: it is not paid for
        twice.
        """
        wanted = tuple(dict.fromkeys(formats))
        if asset.kind is not Kind.MODEL:
            raise NotPossible("Only models can be converted.")
        if not wanted:
            raise NotPossible("Choose at least one format.")
        for job in self._open_conversions(asset, wanted):
            if (job.convert, job.target.folder) == (wanted, str(folder)):
                self.resume(job.id)
                return self.job(job.id)
            raise NotPossible(
                f"{job.title} is being converted already ({presenter.state(job)}): wait for that,"
                " or go on with it."
            )
        is_paid = any((asset.assets or Assets()).converted_url(format) is None for format in wanted)
        job = new_conversion(asset, wanted, Target(folder=str(folder)), now=time.time())
        return self._begin(job, starts=[[None]] if is_paid else [])[0]

    def _open_conversions(self, asset: Asset, formats: Collection[Format]) -> list[Job]:
        """What was begun of that, and may still be paid for."""
        self._reread()  # another process may have begun it just now
        over = {Phase.PLACED, Phase.FAILED, Phase.CANCELED}
        return [
            job
            for job in self.jobs()
            if job.existing == asset.id
            and job.phase not in over
            and job.hold is None
            and not set(formats).isdisjoint(job.convert)
        ]

    def retry_asset(self, asset: Asset, target: Target = Target()) -> Job:
        """A new attempt at a model or world that failed at Mint, as a job: that which failed with
        it, where it is on the list.
        """
        if asset.status is None:  # nobody has looked yet: Mint refuses what has not failed
            asset = Asset.from_json(asset.kind, {**asset.raw, "status": Status.FAILED.value})
        if asset.status not in {Status.FAILED.value, Status.CANCELED.value}:
            raise NotPossible("It has not failed: there is nothing to retry.")
        ours = [
            job
            for job in self.jobs()
            if asset_of(job) == asset.id and not job.convert and job.hold is None
        ]
        if busy := next((job for job in ours if job.goes_on), None):
            raise NotPossible(f"{busy.title} is being worked on: wait until it rests.")
        if asking := next(
            (job for job in ours if job.phase in {Phase.REVIEW, Phase.BILLING}), None
        ):
            raise NotPossible(
                f"{asking.title} waits for you in the list of jobs ({presenter.state(asking)}):"
                " decide about it there."
            )
        job = next((job for job in ours if Verb.RETRY in presenter.verbs(job)), None)
        if job is None:
            (job,) = self._cache.add(new_attempt(asset, target, now=time.time()))
        self.retry(job.id)
        return self.job(job.id)

    def approve(self, job_id: str) -> None:
        """Accept the preview: the final, expensive stage begins. May raise TooExpensive."""
        self._decide(job_id, Verb.APPROVE)

    def revise(self, job_id: str, feedback: str) -> None:
        """Ask for another preview. May raise TooExpensive."""
        if complaint := feedback_error(feedback):
            raise NotPossible(complaint)
        self._decide(job_id, Verb.REVISE, feedback.strip())

    def cancel(self, job_id: str) -> None:
        """Stop it, at Mint too."""
        job = self.job(job_id)
        with self._cache.single_commit():
            if self._earlier.is_nobodys(job := self._cache.get(job.id) or job):
                self._cache.save(job.moved(Phase.CANCELED, trouble=None))
                return
        self._decide(job.id, Verb.CANCEL)

    def cancel_waiting(self) -> None:
        """Cancel every job in line: all of which nothing was sent yet."""
        with self._cache.single_commit():
            waiting = [
                job
                for job in self.jobs()
                if job.phase is Phase.WAITING and job.decision is None and job.hold is None
            ]
            nobodys = [job for job in waiting if self._earlier.is_nobodys(job)]
            for job in nobodys:
                self._cache.save(job.moved(Phase.CANCELED, trouble=None))
            others = [job for job in waiting if job not in nobodys]
            decided = [
                self._cache.decide(job, Decision(Verb.CANCEL, new_key(Verb.CANCEL.value)))
                for job in others
            ]
        for job in filter(None, decided):
            self._wake(job)

    def retry(self, job_id: str) -> None:
        """A new attempt at a failed job. Costs Credits again. May raise TooExpensive."""
        job = self.job(job_id)
        if job.phase is Phase.PAUSED and not is_unanswered(job):
            self._refuse(job, Verb.RETRY)  # it goes on: another attempt would be paid for beside it
        self._decide(job.id, Verb.RETRY)

    def set_limit(self, job_id: str, max_credits: float | None) -> None:
        """Another limit for one job: the most that it may cost in all; None: no limit of its own."""  # noqa: E501
        self._save(replace(self.job(job_id), max_credits=max_credits))

    def resume(self, job_id: str) -> None:
        """Go on: after Credits were bought, after a pause, or after a restart.

        Starts and pays nothing twice.
        """
        job = self.job(job_id)
        if job.phase is Phase.BILLING and job.decision is None:
            self._decide(job.id, Verb.RESUME)
        elif job.goes_on or (job.phase is Phase.PAUSED and job.hold is None):
            if not self.blocks_for_prices:
                self._ask_beyond_own_limit(job)
            self._wake(job)
        else:
            self._refuse(job, Verb.RESUME)

    def resume_all(self) -> list[Job]:
        """Go on with everything that was broken off by the end of a process; what waits for a
        person goes on waiting.

        What was never sent waits for `continue_queue`, unless it was asked for in this session.
        """
        self._resume_own()
        unfinished = [job for job in self.jobs() if job.goes_on and not self.is_active(job.id)]
        resumed = [
            job for job in unfinished if not self._earlier.holds_back(job) and self._wake(job)
        ]
        self._earlier.look()
        return resumed

    @property
    def queue(self) -> Queue:
        """The jobs of an earlier session that were never sent, and what they will cost, as of
        `resume_all` or `take_over`.
        """
        return self._earlier.now

    def refresh_queue(self) -> Queue:
        """The same as of now, by the journal; nothing goes on with it."""
        return self._earlier.look()

    def is_held_back(self, job_id: str) -> bool:
        """Is it one of those?"""
        return self._earlier.is_listed(job_id)

    def continue_queue(self) -> list[Job]:
        """Send what an earlier session has left in line. May raise TooExpensive."""
        self._reread()
        queue = self._earlier.look()
        self.budget.check_waiting(
            queue.jobs, self.spent_today() - sum(map(self._cache.spent_for, queue.jobs))
        )
        jobs = [job for job in queue.jobs if self._wake(job)]
        self._earlier.look()
        return jobs

    def discard_queue(self) -> None:
        """Cancel what an earlier session has left in line: nothing of it was sent, and nothing is."""  # noqa: E501
        with self._cache.single_commit():
            for job in self._earlier.look().jobs:
                self._cache.save(job.moved(Phase.CANCELED, trouble=None))
        self._earlier.look()

    @property
    def is_active_elsewhere(self) -> bool:
        """Is there a job in flight that another process drives, or drove until it died?"""
        return any(
            job.is_busy and not self.is_active(job.id) and not self._earlier.is_listed(job.id)
            for job in self._cache
        )

    def take_over(self) -> bool:
        """Drive what another process drove until it died. Returns whether there was anything."""
        before = self.queue
        left = [
            job
            for job in self.jobs()
            if job.is_busy and not self.is_active(job.id) and not self._earlier.holds_back(job)
        ]
        orphans = [job for job in left if self._wake(job)]
        has_queue_changed = self._earlier.look() is not before
        return bool(orphans) or has_queue_changed

    def fetch_again(self, job_id: str) -> None:
        """Bring the files of a finished job once more: they were cleared, or other ones are wanted.

        That never costs.
        """
        job = self.job(job_id)
        if job.phase not in {Phase.READY, Phase.PLACED} or job.convert:
            raise NotPossible(f"{job.title}: there are no files to fetch again.")
        if job.hold is not None:
            self._refuse(job)
        # An optimization that was not bought then is not bought now.
        is_optimized = job.optimization is not None or (
            job.asset and job.asset.assets and job.asset.assets.optimized_glb_url
        )
        self._save(
            job.moved(
                Phase.FETCHING, files=job.previews, optimize=job.optimize if is_optimized else None
            )
        )
        self._wake(job)

    def mark_placed(self, job_id: str, *notes: str, settled: Collection[str] = ()) -> None:
        """The result is in a scene or a file now; `settled` are earlier notes that are no longer
        true.
        """
        job = self.job(job_id)
        job = replace(job, notes=tuple(note for note in job.notes if note not in settled))
        for note in notes:
            job = job.noted(note)
        self._save(job.moved(Phase.PLACED, trouble=None))

    def mark_import_failed(
        self, job_id: str, sentence: str, *, code: str = "import_failed"
    ) -> None:
        """The result is here, but could not be brought into a scene: it waits, with the reason."""
        self._save(replace(self.job(job_id), trouble=Trouble(Cause.IMPORT, sentence, code=code)))

    def dismiss(self, job_id: str) -> None:
        """Take a job off the list; its files stay."""
        if lost := next((each for each in self.unreadable() if each.id == job_id), None):
            self._cache.dismiss(lost)
            return
        job = self.job(job_id)
        if job.phase in BUSY and (self.is_active(job.id) or self._is_driven_elsewhere(job)):
            raise NotPossible(f"{job.title} is not finished: cancel it first.")
        self._cache.dismiss(job)

    def dismiss_finished(self) -> None:
        """Take everything off the list that is placed, saved or canceled; what failed or can still
        be placed stays.
        """
        with self._cache.single_commit():
            for job in self.jobs():
                is_over = (
                    job.phase in {Phase.PLACED, Phase.CANCELED} and job.hold is not Hold.FOREIGN
                )
                if is_over and not self.is_active(job.id):
                    self._cache.dismiss(job)

    def batch_jobs(self, start: str) -> list[Job]:
        """The jobs of a batch, by how their line begins: those too that were dismissed since, which
        are on the list again.
        """
        self._cache.restore_dismissed(start)
        return [
            job
            for job in self.jobs()
            if job.target.line is not None and job.target.line.startswith(start)
        ]

    def adopt(self, job: Job, *, is_newer: bool) -> Job:
        """A job that the ledger of a folder tells of, in this journal from now on: with its id, its
        keys and its operations.

        `is_newer`: another journal has written that, so that it holds; else only its place is taken
        over, which may have been moved.
        """
        mine = self._journal.job(job.id)
        if mine is None:
            self._cache.add(replace(job, decision=None, owner=owner_from_elsewhere(job)))
        else:
            if mine.target.line:
                self._cache.restore_dismissed(mine.target.line)
            knows_more = (
                mine.operation is not None and job.operation is None and mine.key == job.key
            )
            job = job if is_newer and not knows_more else replace(mine, target=job.target)
            if job != mine and not self.is_active(job.id) and not self._is_driven_elsewhere(job):
                self._cache.save(job)
        if job.decision is not None and self.job(job.id).decision is None:
            self._cache.decide(job, job.decision)
        return self.job(job.id)

    def may_continue(self, job: Job) -> bool:
        """May this account go on with a job that a ledger tells of?

        Mint is asked whose key it is, if only that can tell: for scripts.
        """
        if self._standing(job) is AccountMatch.UNKNOWN and self.account.key:
            self.ask_and_wait(KeyOwner())
            self._reread()
        return self._standing(job) is AccountMatch.MINE

    def _standing(self, job: Job) -> AccountMatch:
        current_account = self._journal.look_up_account()
        return (
            current_account.match(owner_from_elsewhere(job))
            if current_account
            else AccountMatch.MINE
        )

    def set_delivery(self, job_id: str, target: Target) -> Job:
        """Another place for the result."""
        job = self.job(job_id)
        self._save(replace(job, target=target))
        return self.job(job.id)

    # -- hearing
    # ------------------------------------------------------------------------------------------------------  # noqa: E501

    def catch_up(self) -> bool:
        """Take in all that the worker said, and what other processes wrote.

        Returns whether anything changed.
        """
        while True:
            try:
                event = self.worker.events.get_nowait()
            except queue.Empty:
                self._reread()
                has_news, self._has_changes = self._has_changes, False
                return has_news
            self._apply(event)
            self._has_changes = True

    def _reread(self) -> None:
        """Take in what other processes wrote; `catch_up` tells of it."""
        self._has_changes |= self._cache.reread()

    def next_event(self) -> Event:
        """Block until the worker says something, and take it in.

        For scripts, never for a window. May raise StillAway.
        """
        while True:
            try:
                # Not for ever: a blocked get keeps Ctrl-C from being noticed on some platforms.
                event = self.worker.events.get(timeout=0.5)
            except queue.Empty:
                continue
            self._apply(event)
            if isinstance(event, RetryScheduled) and event.without_answer > self.max_silence:
                raise StillUnreachable(event.sentence)
            return event

    def watch(
        self, job_ids: Collection[str], tell: Callable[[Event], None] = lambda event: None
    ) -> None:
        """Block until nothing goes on with these jobs; `tell` hears of all news.

        For scripts, never for a window.
        """
        while any(self.is_active(job_id) for job_id in job_ids):
            tell(self.next_event())

    def _apply(self, event: Event) -> None:
        if isinstance(event, JobChanged):
            self._refresh(event.job.id)
        elif isinstance(event, Idle):
            self._active.end(event.job_id, event.number)
            self._refresh(event.job_id)
        elif isinstance(event, RetryScheduled):
            self.scheduled_retries[event.job_id] = event
        elif isinstance(event, Recovered):
            self.scheduled_retries.pop(event.job_id, None)
        elif isinstance(event, Progress):
            self.progress[event.job_id] = event
        elif isinstance(event, QueryAnswered) and self._pending_queries.end(
            event.query, event.number
        ):
            self.answers[event.query] = event
        elif isinstance(event, Crashed):
            self._active.clear()
            self._pending_queries.clear()

    def _refresh(self, job_id: str) -> None:
        self.scheduled_retries.pop(job_id, None)
        self.progress.pop(job_id, None)
        self._cache.reread()

    # -- writing
    # ------------------------------------------------------------------------------------------------------  # noqa: E501

    def _prices(
        self, *starts: Sequence[Query | None], own_limit: float | None = None
    ) -> list[float | None]:
        """What each part of these starts will cost, as far as that is known; asked for where a
        limit wants to know and one may wait.

        None instead of a question: Mint has no price for it.
        """
        queries = list(itertools.chain(*starts))
        if self.blocks_for_prices and (self.budget.limits or own_limit is not None):
            for query in dict.fromkeys(queries):
                if query is not None and self.budget.known(query) is None:
                    self.ask_and_wait(query)
        return [self.budget.price(query) if query is not None else None for query in queries]

    def _begin(self, *jobs: Job, starts: Sequence[Sequence[Query | None]]) -> list[Job]:
        """Commit new jobs if they are within the limits: in one transaction, so that of two at the
        same moment one counts the other.
        """
        try:
            with_copies = [reference_files.keep(self.home, job) for job in jobs]
            with self._cache.single_commit():
                if self.budget.limits and starts:
                    self.budget.check(starts, self.spent_today())
                for job, queries in zip(jobs, starts, strict=False):
                    self.budget.check_own(job, queries)
                kept = self._cache.add(*with_copies)
        except BaseException:
            for job in jobs:
                reference_files.drop(self.home, job.id)
            raise
        for job in kept:
            self._wake(job)
        return kept

    def _decide(self, job_id: str, verb: Verb, feedback: str | None = None) -> None:
        """Commit a click; one that costs is checked against the limits in the same transaction."""
        job = self.job(job_id)
        queries = prices_of_click(job, verb) if verb in presenter.verbs(job) else ()
        estimates = self._prices(queries, own_limit=job.max_credits)
        decision = Decision(verb, new_key(verb.value), feedback, time.time(), *estimates)
        with self._cache.single_commit():
            job = self._cache.get(job.id) or job
            if queries and (self.budget.limits or job.max_credits is not None):
                job = self._within_limits(job, decision, queries)
            decided = self._cache.decide(job, decision)
        if decided is None:
            self._refuse(self._cache.get(job.id) or job, verb)
        self._wake(decided)

    def _within_limits(self, job: Job, decision: Decision, queries: Sequence[Query | None]) -> Job:
        """The job, if this click keeps it within the limits; who goes beyond them knowingly lifts
        the job's own for good.
        """
        if self.budget.is_open and job.max_credits is not None:
            job = replace(job, max_credits=None)
            self._save(job)
        self.budget.check_click(
            job, decision, queries, self.spent_today() - self._cache.spent_for(job)
        )
        return job

    def _ask_beyond_own_limit(self, job: Job) -> None:
        """In a window a person can lift the limit that a job stopped at; elsewhere its story asks
        the price, and stops there again.
        """
        if (queries := prices_of_click(job, Verb.RESUME)) and not self._is_driven_elsewhere(job):
            decision = Decision(Verb.RESUME, job.key, None, time.time(), *self._prices(queries))
            self._within_limits(job, decision, queries)

    def _refuse(self, job: Job, verb: Verb | None = None) -> NoReturn:
        if job.hold is Hold.FOREIGN:
            raise OtherAccount(
                f"{job.title} belongs to another account. Use that account's API key and address to"
                " go on with it."
            )
        if job.hold is Hold.UNKNOWN:
            raise NotPossible(
                f"{job.title}: it is not known yet whose API key is in use. Check the key, then try"
                " again."
            )
        raise NotPossible(f"{job.title}: {verb} is not possible now ({presenter.state(job)}).")

    def _wake(self, job: Job) -> bool:
        """Have the job's story told here; False when another process does, which notices a decision
        by itself.
        """
        if job.hold is not None or self._is_driven_elsewhere(job):
            return False
        self._driven.add(job.id)
        self._earlier.ask_for(job.id)
        self.worker.wake(job.id, self._active.begin(job.id))
        return True

    def _is_driven_elsewhere(self, job: Job) -> bool:
        # This process's worker drives under a name of its own: what is active here is not
        # elsewhere.
        return not self.is_active(job.id) and self._journal.is_driven_elsewhere(
            job.id, self._process
        )

    def _save(self, job: Job) -> None:
        if self.is_active(job.id) or self._is_driven_elsewhere(job):
            raise NotPossible(f"{job.title} is being worked on: wait until it rests.")
        self._cache.save(job)
