# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's view of all jobs: start one, decide about one, catch up with what the worker said.

Nothing here waits for the network. Whoever has a window calls `catch_up` from a timer; whoever has none calls `watch`.
"""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable, Collection
from dataclasses import replace

from ..mint.account import Account
from ..mint.generation import GenerationRequest, feedback_complaint
from ..mint.schema import Asset, OptimizationLevel
from . import card, checks, history
from .driver import Driver
from .job import BUSY, Cause, Decision, Job, Phase, Target, Trouble, Verb, new_fetch, new_job, new_key
from .journal import Journal
from .messages import Answered, Crashed, Hitch, JobChanged, News, Progress, Rested
from .questions import Question
from .setup import Setup
from .worker import Worker


class NotPossible(Exception):
    """The user asked for something that makes no sense (now): the sentence says why."""


class Board:
    """All jobs of this user, and the worker behind them. For the main thread only."""

    def __init__(self, setup: Setup, account: Account) -> None:
        self.home = setup.home
        self.worker = Worker(setup, account)
        self.is_online = True
        self.hitches: dict[str, Hitch] = {}
        self.progress: dict[str, Progress] = {}
        self._journal = Journal(setup.home)
        self._driver = Driver(setup.home)
        self._revision, self._serial = self._journal.revision(), self._journal.changes(0)[0]
        self._jobs = {job.id: job for job in self._journal.jobs()}
        self._active: dict[str, int] = {}  # the number of the last look at each job that goes on here
        self._looks = itertools.count(1)
        self._asked: set[Question] = set()
        self.answers: dict[Question, Answered] = {}
        self._reread_history()

    def close(self, timeout: float = 2.0) -> bool:
        """End the worker within `timeout` seconds; unfinished jobs go on at the next start. True when all has ended."""
        ended = self.worker.stop(timeout)
        self.catch_up()
        self._journal.close()
        self._driver.close()
        return ended

    # -- reading ------------------------------------------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """Every job on the list, newest first."""
        return sorted(self._jobs.values(), key=lambda job: (-job.created_at, job.id))

    def job(self, job_id: str) -> Job:
        """One job, by its id or the unmistakable beginning of it."""
        matches = [job for id, job in self._jobs.items() if id.startswith(job_id)] if job_id else []
        if len(matches) != 1:
            raise NotPossible(
                f'There is no job "{job_id}" in the journal.' if not matches else f'More than one job begins with "{job_id}".'
            )
        return matches[0]

    def is_active(self, job_id: str) -> bool:
        """Does something go on with it, in this process?"""
        return job_id in self._active

    @property
    def is_active_at_all(self) -> bool:
        """Does anything go on in this process?"""
        return bool(self._active or self._asked)

    def outlook(self, job: Job) -> history.Outlook:
        """How far the job's present stage is, judged by how long it took before."""
        return history.outlook(job, self._moves.get(job.id, ()), self._usual, now=time.time())

    def use(self, account: Account) -> None:
        """Talk to Mint with another key or base URL; what was said before is no longer true."""
        self.answers.clear()
        self.worker.use(account)

    def allow_online(self, allowed: bool) -> None:
        """Whether anything may be sent; cheap to repeat."""
        if allowed is not self.is_online:
            self.is_online = allowed
            self.worker.allow_online(allowed)

    # -- asking -------------------------------------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Ask Mint something that is no job; `answers` has the answer after a later `catch_up`."""
        self._asked.add(question)
        self.worker.ask(question)

    def is_asked(self, question: Question) -> bool:
        """Is an answer on its way?"""
        return question in self._asked

    def asked(self) -> frozenset[Question]:
        """Every question whose answer is on its way."""
        return frozenset(self._asked)

    # -- deciding -----------------------------------------------------------------------------------------------------

    def start(self, request: GenerationRequest, target: Target = Target(), *, optimize: OptimizationLevel | None = None) -> Job:
        """A new job: committed with its idempotency key before this returns, sent by the worker afterwards."""
        if complaint := checks.complaint(request):
            raise NotPossible(complaint)
        return self._begin(new_job(request, target, now=time.time(), optimize=optimize))

    def fetch(self, asset: Asset, target: Target = Target(), *, optimize: OptimizationLevel | None = None) -> Job:
        """A job that brings what Mint has made already; optimised first if wanted, which costs Credits."""
        return self._begin(new_fetch(asset, target, now=time.time(), optimize=optimize))

    def approve(self, job_id: str) -> None:
        """Accept the preview: the final, expensive stage begins."""
        self._decide(job_id, Verb.APPROVE)

    def revise(self, job_id: str, feedback: str) -> None:
        """Ask for another preview."""
        if complaint := feedback_complaint(feedback):
            raise NotPossible(complaint)
        self._decide(job_id, Verb.REVISE, feedback.strip())

    def cancel(self, job_id: str) -> None:
        """Stop it, at Mint too."""
        self._decide(job_id, Verb.CANCEL)

    def retry(self, job_id: str) -> None:
        """A new attempt at a failed job. Costs Credits again."""
        self._decide(job_id, Verb.RETRY)

    def resume(self, job_id: str) -> None:
        """Go on: after Credits were bought, after watching stopped, or after a restart. Starts and pays nothing twice."""
        job = self.job(job_id)
        if job.phase is Phase.BILLING and job.decision is None:
            self._decide(job.id, Verb.RESUME)
        elif job.goes_on or job.phase is Phase.PAUSED:
            self._look(job)
        else:
            self._refuse(job, Verb.RESUME)

    def resume_all(self) -> list[Job]:
        """Go on with everything that was broken off by the end of a process; what waits for a person goes on waiting."""
        return [job for job in self.jobs() if job.goes_on and not self.is_active(job.id) and self._look(job)]

    @property
    def is_active_elsewhere(self) -> bool:
        """Is there a job in flight that another process drives, or drove until it died?"""
        return any(job.phase in BUSY and not self.is_active(job.id) for job in self._jobs.values())

    def take_over(self) -> bool:
        """Drive what another process drove until it died. Returns whether there was anything."""
        orphans = [job for job in self.jobs() if job.phase in BUSY and not self.is_active(job.id) and self._look(job)]
        return bool(orphans)

    def fetch_again(self, job_id: str) -> None:
        """Bring the files of a finished job once more: they were cleared, or other ones are wanted."""
        job = self.job(job_id)
        if job.phase not in {Phase.READY, Phase.PLACED}:
            raise NotPossible(f"{job.title}: there are no files to fetch again.")
        self._save(job.moved(Phase.FETCHING, files=job.previews))
        self._look(job)

    def placed(self, job_id: str, *notes: str, settled: Collection[str] = ()) -> None:
        """The result is in a scene or a file now; `settled` are earlier notes that are no longer true."""
        job = self.job(job_id)
        job = replace(job, notes=tuple(note for note in job.notes if note not in settled))
        for note in notes:
            job = job.noted(note)
        self._save(job.moved(Phase.PLACED, trouble=None))

    def could_not_place(self, job_id: str, sentence: str) -> None:
        """The result is here, but could not be brought into a scene: it waits, with the reason."""
        self._save(replace(self.job(job_id), trouble=Trouble(Cause.FILE, sentence, code="import_failed")))

    def dismiss(self, job_id: str) -> None:
        """Take a job off the list; its files stay."""
        job = self.job(job_id)
        if job.phase in BUSY and (self.is_active(job.id) or self._is_driven_elsewhere(job)):
            raise NotPossible(f"{job.title} is not finished: cancel it first.")
        self._journal.dismiss(job.id)
        del self._jobs[job.id]

    def lines(self, start: str) -> list[Job]:
        """The jobs of a batch, by how their line begins: those too that were dismissed since, which are on the list again."""
        self._jobs.update({job.id: job for job in self._journal.take_back(start)})
        return [job for job in self.jobs() if job.target.line is not None and job.target.line.startswith(start)]

    def retarget(self, job_id: str, target: Target) -> Job:
        """Another place for the result."""
        job = self.job(job_id)
        self._save(replace(job, target=target))
        return self._jobs[job.id]

    # -- hearing ------------------------------------------------------------------------------------------------------

    def catch_up(self) -> bool:
        """Take in all that the worker said, and what other processes wrote. Returns whether anything changed."""
        changed = False
        while True:
            try:
                news = self.worker.news.get_nowait()
            except queue.Empty:
                return self._reread() or changed
            self._take_in(news)
            changed = True

    def hear(self) -> News:
        """Block until the worker says something, and take it in. For scripts, never for a window."""
        while True:
            try:
                # Not for ever: a blocked get keeps Ctrl-C from being noticed on some platforms.
                news = self.worker.news.get(timeout=0.5)
            except queue.Empty:
                continue
            self._take_in(news)
            return news

    def watch(self, job_ids: Collection[str], tell: Callable[[News], None] = lambda news: None) -> None:
        """Block until nothing goes on with these jobs; `tell` hears of all news. For scripts, never for a window."""
        while any(self.is_active(job_id) for job_id in job_ids):
            tell(self.hear())

    def _take_in(self, news: News) -> None:
        if isinstance(news, JobChanged):
            self._forget_passing(news.job.id)
            self._reread()
        elif isinstance(news, Rested):
            if self._active.get(news.job_id) == news.number:
                del self._active[news.job_id]
            self._forget_passing(news.job_id)
            self._reread()
        elif isinstance(news, Hitch):
            self.hitches[news.job_id] = news
        elif isinstance(news, Progress):
            self.progress[news.job_id] = news
        elif isinstance(news, Answered):
            self._asked.discard(news.question)
            self.answers[news.question] = news
        elif isinstance(news, Crashed):
            self._active.clear()
            self._asked.clear()

    def _forget_passing(self, job_id: str) -> None:
        self.hitches.pop(job_id, None)
        self.progress.pop(job_id, None)

    def _reread_history(self) -> None:
        jobs = self.jobs()
        self._moves = self._journal.moves([job.id for job in jobs])
        self._usual = history.usual_seconds(jobs, self._moves)

    def _reread(self) -> bool:
        """Take over what the worker or another process has written. Costs next to nothing when nobody has."""
        revision = self._journal.revision()
        if revision == self._revision:
            return False
        self._revision = revision
        self._serial, changes = self._journal.changes(self._serial)
        before = {job_id: self._jobs.get(job_id) for job_id in changes}
        for job_id, job in changes.items():
            if job is None:
                self._jobs.pop(job_id, None)
            else:
                self._jobs[job_id] = job
        if any(_phase(before[job_id]) is not _phase(job) for job_id, job in changes.items()):
            self._reread_history()
        return any(before[job_id] != job for job_id, job in changes.items())

    # -- writing ------------------------------------------------------------------------------------------------------

    def _begin(self, job: Job) -> Job:
        self._journal.add(job)
        self._jobs[job.id] = job
        self._look(job)
        return job

    def _decide(self, job_id: str, verb: Verb, feedback: str | None = None) -> None:
        job = self.job(job_id)
        decision = Decision(verb, new_key(verb.value), feedback)
        if not self._journal.decide(job.id, decision):
            self._reread()
            self._refuse(self._jobs.get(job.id, job), verb)
        job = self._jobs[job.id] = replace(job, decision=decision)
        self._look(job)

    def _refuse(self, job: Job, verb: Verb) -> None:
        raise NotPossible(f"{job.title}: {verb.value} is not possible now ({card.state(job)}).")

    def _look(self, job: Job) -> bool:
        """Have the job's story told here; False when another process does, which notices a decision by itself."""
        if self._is_driven_elsewhere(job):
            return False
        self._active[job.id] = next(self._looks)
        self.worker.look(job.id, self._active[job.id])
        return True

    def _is_driven_elsewhere(self, job: Job) -> bool:
        # This process's worker drives under a name of its own: what is active here is not elsewhere.
        return not self.is_active(job.id) and self._journal.driven_elsewhere(job.id, self._driver)

    def _save(self, job: Job) -> None:
        if self.is_active(job.id) or self._is_driven_elsewhere(job):
            raise NotPossible(f"{job.title} is being worked on: wait until it rests.")
        self._journal.save(job)
        self._jobs[job.id] = job


def _phase(job: Job | None) -> Phase | None:
    return job.phase if job else None
