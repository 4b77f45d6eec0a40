# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's side of the engine: the worker, its events, and the jobs as last committed.

The worker is one thread that runs the scheduler while something is in flight. For the threading
rules, see the package. The thread is a daemon: Blender must be able to quit at any moment, and all
state is in the journal.
"""

from __future__ import annotations

import itertools
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ...files import disk
from ...mint.account import Account
from ..budget import spending
from ..budget.prices import Budget
from ..errors import NotPossible
from ..job import Job, is_never_sent
from ..job_values import Cause, DeliveryResult, Problem
from ..phases import NEEDS_PERSON, Phase
from ..presentation import action_checks, error_messages
from ..queries import Answer, KeyOwner, Query, QueryAnswered
from ..storage import import_marks, job_cache
from ..storage.job_cache import JobCache, holds_back
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal, JournalError
from . import thread_messages as messages
from .config import EngineConfig
from .task import StillUnreachable

if TYPE_CHECKING:
    from .scheduler import Scheduler

log = logging.getLogger(__name__)


class Worker:
    """Starts and stops the worker thread, for the main thread. Only `stop` blocks."""

    def __init__(self, config: EngineConfig, account: Account) -> None:
        self.events: queue.SimpleQueue[messages.Event] = queue.SimpleQueue()
        self._config = config
        self._account = account
        self._online = True
        self._inbox: queue.SimpleQueue[messages.Command] = queue.SimpleQueue()
        self._lock = threading.Lock()  # guards whether a thread exists that will read the inbox
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread exists."""
        return self._thread is not None

    def send(self, command: messages.Command) -> None:
        """Queue a command. One that asks for work starts the thread if there is none."""
        with self._lock:
            if isinstance(command, messages.SetAccount):
                self._account = command.account
            elif isinstance(command, messages.SetOnline):
                self._online = command.allowed
            is_work = isinstance(command, messages.Wake | messages.Ask)
            if is_work or self._thread is not None:
                self._inbox.put(command)
            if is_work and self._thread is None:
                self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="mint-worker", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Tell the thread to end and wait at most `timeout` seconds.

        Returns whether it has ended.
        """
        with self._lock:
            thread = self._thread
            if thread is None:
                return True
            self._inbox.put(messages.Stop())
        thread.join(timeout)
        return not thread.is_alive()

    def wait_for_end(self, timeout: float = 0.2) -> None:
        """Wait at most `timeout` seconds for the thread to end by itself, as it does at rest.

        Call it before an import on the main thread: with Python 3.11, that can crash Blender while
        a thread of ours runs. While other jobs run, the thread does not end.
        """
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    # -- on the thread

    def _run(self) -> None:
        while True:
            self._serve()
            # Only now that the scheduler is closed may another one open: two would take each other
            # for two processes.
            with self._lock:
                left = self._drain_inbox()
                if not left:
                    self._thread = None
                    return
                for command in left:
                    self._inbox.put(command)

    def _serve(self) -> None:
        """Run one scheduler, from opening to closing."""
        try:
            # it imports the network: here, not when the add-on is enabled
            from .scheduler import Scheduler

            scheduler = Scheduler(
                self._config, self._account, self._inbox, self.events, online=self._online
            )
            try:
                while self._step(scheduler):
                    pass
            finally:
                scheduler.close()
        except Exception as error:
            log.exception("The worker ended")
            self._drain_inbox()
            self.events.put(
                messages.Crashed(
                    str(error)
                    if isinstance(error, JournalError)
                    else error_messages.internal(error).message
                )
            )

    def _drain_inbox(self) -> list[messages.Command]:
        """Empty the inbox, and return the commands that still have to be carried out.

        After a Stop nothing has to, until more work comes: jobs resume at the next start.
        """
        left: list[messages.Command] = []
        while not self._inbox.empty():
            command = self._inbox.get()
            if isinstance(command, messages.Stop):
                left.clear()
            elif isinstance(command, messages.Wake | messages.Ask):
                left.append(command)
        return left

    def _step(self, scheduler: Scheduler) -> bool:
        """Carry out one command or one effect. Returns False when the thread can end."""
        wait = scheduler.run_once()
        if scheduler.is_idle and self._inbox.empty():
            return False
        try:
            command = self._inbox.get(timeout=wait)
        except queue.Empty:
            return True
        if isinstance(command, messages.Stop):
            return False
        scheduler.receive(command)
        return True


class JobRunner:
    """Runs the workflows of jobs on the worker, and follows what it reports.

    For the main thread only. With a window, call `catch_up` from a timer; without one, block in
    `watch` or `next_event`.
    """

    def __init__(self, config: EngineConfig, account: Account) -> None:
        self.home = config.home
        self.worker = Worker(config, account)
        self.is_online = True
        self.scheduled_retries: dict[str, messages.RetryScheduled] = {}
        self.progress: dict[str, messages.Progress] = {}
        self.account = account
        self.slots = config.slots
        self.journal = Journal(config.home)
        try:
            self.journal.set_account(account)
            self.process = ProcessLock(config.home)
            self.cache = JobCache(self.journal)
        except BaseException:
            self.journal.close()
            raise
        self.queries = QueryCache(self.worker)
        self.unreachable_timeout = math.inf
        """Seconds without any answer until `next_event` raises StillUnreachable."""
        self._has_changes = False  # not yet reported by `catch_up`
        # jobs whose workflows run here, with the number of the last Wake of each
        self._active: dict[str, int] = {}
        self._wake_numbers = itertools.count(1)
        self._active_version = 0
        self._driven: set[str] = set()  # those, and the ones that have run here before

    def close(self, timeout: float = 2.0) -> bool:
        """End the worker within `timeout` seconds; unfinished jobs resume at the next start.

        Returns whether everything has ended.
        """
        ended = self.worker.stop(timeout)
        try:
            self.catch_up()
        except JournalError as error:
            # nothing is lost: it is in the journal and read at the next start
            log.warning("At the end: %s", error)
        finally:
            self.journal.close()
            self.process.close()
        return ended

    # -- the jobs

    def jobs(self) -> list[Job]:
        """Return the jobs in memory, newest first: all open ones, and the latest ended ones."""
        return list(self.cache)

    def job(self, job_id: str) -> Job:
        """Return a job by its id or a unique prefix of it.

        Raises:
            NotPossible: There is no such job, or several.
        """
        return self.cache.find(job_id)

    def outlook(self, job: Job) -> job_cache.Outlook:
        """Estimate how far the job's current stage is, from the durations of earlier jobs."""
        return job_cache.outlook(job, self.cache.moves(job), self.cache.usual, now=time.time())

    def phase_since(self, job: Job) -> float:
        """Return when the job entered its phase, in seconds since the epoch."""
        moves = self.cache.moves(job)
        return moves[-1][1] if moves else job.created_at

    @property
    def version(self) -> int:
        """A number that changes with the list of jobs and with what runs here."""
        return max(self.cache.version, self._active_version)

    def _note_activity(self) -> None:
        """Note that other workflows run here now."""
        self._active_version = next(job_cache.versions)

    def save(self, job: Job) -> None:
        """Commit a job that nothing is running for.

        Raises:
            NotPossible: The job is in progress.
            JournalError: The journal cannot be written.
        """
        with self.cache.single_commit():
            self.check_idle(job)
            self.cache.save(job)

    def update(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        """Commit a change of a job that nothing is running for, as it is at that moment.

        Raises:
            NotPossible: The job is in progress, or does not exist.
            JournalError: The journal cannot be written.
        """
        with self.cache.single_commit():
            job = self.job(job_id)
            self.check_idle(job)
            self.cache.save(change(job))
        return self.job(job.id)

    def check_idle(self, job: Job) -> None:
        """Raise NotPossible if a workflow runs for a job, here or in another process."""
        if self.is_active(job.id) or self.is_driven_elsewhere(job):
            raise action_checks.in_progress(job)

    def record_delivery(self, job_id: str, result: DeliveryResult) -> None:
        """Store that a result is in a scene or a file, or why it is not."""
        if result.problem is not None:
            self.mark_import_failed(job_id, result.problem)
            return

        def place(job: Job) -> Job:
            job = job.without_notes(*result.resolved_codes)
            for note in result.notes:
                job = job.with_note(note)
            return job.moved(
                Phase.PLACED, problem=None, placement=result.placement or job.placement
            )

        self.update(job_id, place)

    def mark_import_failed(self, job_id: str, message: str, *, code: str = "import_failed") -> None:
        """Store why a result could not be imported. The job waits for a person."""
        problem = Problem(Cause.IMPORT, message, code=code)
        self.update(job_id, lambda job: replace(job, problem=problem))

    def note_crashes(self) -> None:
        """Pause each job whose last import never ended, until a person decides. Never raises."""
        for path, mark in import_marks.left_behind(self.home):
            job = self.cache.get(str(mark.get("job", "")))
            message = import_marks.message_of_crash(mark)
            try:
                if job is not None:
                    self.mark_import_failed(job.id, message, code=import_marks.CRASHED_CODE)
            except (JournalError, NotPossible):
                log.warning("It could not be noted that the import of job %s crashed", mark["job"])
                continue  # retried at the next start
            disk.try_to_remove(path)

    # -- what runs, and where

    def wake(self, job: Job) -> bool:
        """Run the job's workflow here.

        Returns False when another process drives the job (it notices a decision by itself), or
        when it belongs to another account.
        """
        if job.hold is not None or self.is_driven_elsewhere(job):
            return False
        self._driven.add(job.id)
        job_cache.note_request(job.id)
        self.wake_own(job)
        return True

    def wake_own(self, job: Job) -> None:
        """Run a job's workflow as soon as Mint has confirmed that it belongs to this account."""
        self._note_activity()
        self._active[job.id] = next(self._wake_numbers)
        self.worker.send(messages.Wake(job.id, self._active[job.id]))

    def is_active(self, job_id: str) -> bool:
        """Return whether a workflow runs for this job, in this process."""
        return job_id in self._active

    def is_driven_here(self, job_id: str) -> bool:
        """Return whether this process runs, or has run, the job's workflow."""
        return job_id in self._driven

    def is_driven_elsewhere(self, job: Job) -> bool:
        """Return whether another living process drives the job."""
        # The worker has a lock of its own, so a job that is active here has to be left out.
        return not self.is_active(job.id) and self.journal.is_driven_elsewhere(job.id, self.process)

    @property
    def has_active_work(self) -> bool:
        """Whether a workflow runs or a query is pending, in this process."""
        return bool(self._active or self.queries.pending())

    # -- account and connection

    def allow_online(self, allowed: bool) -> None:
        """Set whether anything may be sent. Cheap to repeat."""
        if allowed is not self.is_online:
            self.is_online = allowed
            self.worker.send(messages.SetOnline(allowed))

    # -- events

    def catch_up(self, *, others: bool = True) -> bool:
        """Apply all events of the worker and read what other processes wrote.

        Without `others`, the journal is read only if the worker has sent something. Returns whether
        anything changed.
        """
        while True:
            try:
                event = self.worker.events.get_nowait()
            except queue.Empty:
                break
            self._apply(event)
            self._has_changes = True
        if others or self._has_changes:
            self.reread()
        has_changes, self._has_changes = self._has_changes, False
        return has_changes

    def reread(self) -> None:
        """Read what other processes wrote; the next `catch_up` reports it."""
        self._has_changes |= self.cache.reread()

    def notify(self) -> None:
        """Make `next_event` return, from any thread."""
        self.worker.events.put(messages.Notified())

    def next_event(self) -> messages.Event:
        """Block until the worker sends an event, and apply it. For scripts, never for a window.

        Half a second without an event counts as one, so that who shows times can go on.

        Raises:
            StillUnreachable: Nothing was answered for `unreachable_timeout` seconds.
        """
        try:
            # With a timeout: a blocked get hides Ctrl-C on some platforms.
            event = self.worker.events.get(timeout=0.5)
        except queue.Empty:
            event = messages.Notified()
        self._apply(event)
        self.reread()
        if (
            isinstance(event, messages.RetryScheduled)
            and event.without_answer > self.unreachable_timeout
        ):
            raise StillUnreachable(event.message)
        return event

    def watch(
        self,
        job_ids: Collection[str],
        on_event: Callable[[messages.Event], None] = lambda event: None,
    ) -> None:
        """Block until no workflow runs for these jobs. For scripts, never for a window.

        One that waits for a job that has stopped before its success is not waited for.

        Raises:
            StillUnreachable: As `next_event`.
        """
        while any(self.is_active(job_id) and not self.is_stuck(job_id) for job_id in job_ids):
            on_event(self.next_event())

    def is_stuck(self, job_id: str) -> bool:
        """Return whether a job waits for another one that goes on only when somebody decides."""
        job = self.cache.get(job_id)
        first = self.cache.get(job.after) if job is not None and job.after is not None else None
        if first is None:
            return False
        return self.is_stuck(first.id) if self.is_active(first.id) else first.phase in NEEDS_PERSON

    def ask_and_wait(self, query: Query) -> None:
        """Send a query and block until it is answered. For scripts, never for a window."""
        self.queries.ask(query)
        while self.queries.is_pending(query):
            self.next_event()

    def _apply(self, event: messages.Event) -> None:
        """Apply an event; the caller then reads from the journal what it is about."""
        if isinstance(event, messages.JobChanged):
            self._forget_attempts(event.job_id)
        elif isinstance(event, messages.Idle):
            if self._active.get(event.job_id) == event.number:  # otherwise it was woken again
                self._note_activity()
                del self._active[event.job_id]
            self._forget_attempts(event.job_id)
        elif isinstance(event, messages.RetryScheduled):
            self.scheduled_retries[event.job_id] = event
        elif isinstance(event, messages.Progress):
            self.progress[event.job_id] = event
        elif isinstance(event, QueryAnswered):
            self.queries.receive(event)
        elif isinstance(event, messages.Crashed):
            self._note_activity()
            self._active.clear()
            self.queries.cancel_pending()

    def _forget_attempts(self, job_id: str) -> None:
        self.scheduled_retries.pop(job_id, None)
        self.progress.pop(job_id, None)


class QueryCache:
    """Sends queries through the worker and keeps their answers. For the main thread only."""

    def __init__(self, worker: Worker) -> None:
        self.answers: dict[Query, QueryAnswered] = {}
        """The latest answer, or the reason why there is none."""
        self._worker = worker
        self._pending: dict[Query, int] = {}  # with the number of the last Ask
        self._numbers = itertools.count(1)

    def ask(self, query: Query) -> None:
        """Send a query; `answers` has its answer after a later `catch_up`."""
        self._pending[query] = next(self._numbers)
        self._worker.send(messages.Ask(query, self._pending[query]))

    def cache_answer(self, query: Query, answer: Answer) -> None:
        """Store an answer that was obtained in another way."""
        self.answers[query] = QueryAnswered(query, answer)

    def is_pending(self, query: Query) -> bool:
        """Return whether an answer is on its way."""
        return query in self._pending

    def pending(self) -> frozenset[Query]:
        """Return every query whose answer is on its way."""
        return frozenset(self._pending)

    def receive(self, event: QueryAnswered) -> None:
        """Store an answer, unless the same query was sent again since."""
        if self._pending.get(event.query) == event.number:
            del self._pending[event.query]
            self.answers[event.query] = event

    def cancel_pending(self) -> None:
        """Expect no more answers: the worker has crashed, or they may be those of others."""
        self._pending.clear()


class UnfinishedJobs:
    """The jobs that nothing runs for, although they are not over.

    Jobs that were sent resume by themselves. Jobs that were never sent form a queue that waits for
    a person: resuming them costs Credits.
    """

    def __init__(self, runner: JobRunner, budget: Budget) -> None:
        self._runner = runner
        self._budget = budget
        self.queue: tuple[Job, ...] = ()
        """The jobs of an earlier session that were never sent, oldest first.

        As of the last `resume_all`, `take_over` or `refresh_queue`.
        """
        self.queue_credits = 0.0
        """Their expected cost, as far as it is known."""
        self._queued: frozenset[str] = frozenset()  # their ids
        # what `are_elsewhere` has returned, and for which jobs
        self._elsewhere: tuple[int, tuple[Job, ...], bool] = (-1, (), False)

    def resume_all(self) -> list[Job]:
        """Resume every job that the end of a process interrupted, and return them.

        What waits for a person keeps waiting; what was never sent waits for `continue_queue`,
        unless it was started in this session.
        """
        self.resume_own()
        runner = self._runner
        idle = [job for job in runner.jobs() if job.is_resumable and not runner.is_active(job.id)]
        resumed = [job for job in idle if not holds_back(job) and runner.wake(job)]
        self.refresh_queue()
        return resumed

    def resume_own(self) -> None:
        """Have the worker identify the account, and resume the jobs that belong to it."""
        runner = self._runner
        wanted = [
            job
            for job in runner.jobs()
            if runner.account.key and job.awaits_identity and not holds_back(job)
        ]
        for job in wanted:
            if not runner.is_active(job.id):
                runner.wake_own(job)
        if not wanted:
            self.identify_account()

    def identify_account(self) -> None:
        """Ask whose key is in use, if jobs wait for nothing but that."""
        runner = self._runner
        if (
            runner.account.key
            and not runner.queries.is_pending(KeyOwner())
            and any(job.awaits_identity for job in runner.cache)
        ):
            runner.queries.ask(KeyOwner())

    # -- the queue of an earlier session

    def refresh_queue(self) -> tuple[Job, ...]:
        """Return the queue as it is now. Resumes nothing.

        Without the jobs that a living process has in its own queue, and those of another account.
        """
        runner = self._runner
        before = time.time() - job_cache.JUST_NOW
        held = (job for job in runner.cache if holds_back(job) and job.created_at < before)
        found = [job for job in held if not runner.is_active(job.id) and job.hold is None]
        driven = runner.journal.driven(runner.process) if found else frozenset()
        jobs = sorted(
            (job for job in found if job.id not in driven),
            key=lambda job: (job.created_at, job.id),
        )
        if tuple(jobs) != self.queue:
            self.queue = tuple(jobs)
            self.queue_credits = sum(map(spending.committed, jobs))
            self._queued = frozenset(job.id for job in jobs)
        return self.queue

    def is_held_back(self, job_id: str) -> bool:
        """Return whether a job is in the queue."""
        return job_id in self._queued

    def is_unclaimed(self, job: Job) -> bool:
        """Return whether nothing was sent for this job, and no living process is about to send it.

        It can then be canceled at once, without telling Mint or a process.
        """
        runner = self._runner
        is_free = job.hold is None and is_never_sent(job)
        return is_free and job.id not in runner.journal.driven(runner.process)

    def continue_queue(self) -> list[Job]:
        """Send the queued jobs, and return them. Raises TooExpensive."""
        self._runner.reread()
        queued = self.refresh_queue()
        self._budget.check(list(map(self._budget.of_queued, queued)), *queued)
        sent = [job for job in queued if self._runner.wake(job)]
        self.refresh_queue()
        return sent

    def discard_queue(self) -> None:
        """Cancel the queued jobs. Nothing was sent for them, and nothing will be."""
        cache = self._runner.cache
        with cache.single_commit():
            for job in self.refresh_queue():
                cache.cancel(job)
        self.refresh_queue()

    # -- jobs of other processes

    @property
    def are_elsewhere(self) -> bool:
        """Whether another process drives a job that is in flight, or drove one until it died.

        The jobs are looked at only when they have changed.
        """
        version, queue, known = self._elsewhere
        if version != self._runner.version or queue is not self.queue:
            known = any(
                job.is_busy and not self._runner.is_active(job.id) and not self.is_held_back(job.id)
                for job in self._runner.cache
            )
            self._elsewhere = (self._runner.version, self.queue, known)
        return known

    def take_over(self) -> bool:
        """Drive the jobs whose process has died. Returns whether there were any."""
        runner = self._runner
        before = self.queue
        left = [
            job
            for job in runner.jobs()
            if job.is_busy and not runner.is_active(job.id) and not holds_back(job)
        ]
        driven = runner.journal.driven(runner.process) if left else frozenset()
        orphans = [job for job in left if job.id not in driven and runner.wake(job)]
        has_queue_changed = self.refresh_queue() is not before
        return bool(orphans) or has_queue_changed
