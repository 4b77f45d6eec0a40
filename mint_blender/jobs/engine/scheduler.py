# SPDX-License-Identifier: GPL-3.0-or-later
"""Run workflows step by step, by due time: commit the job, perform the effect, apply its result.

This is what the worker's thread does, without the thread: the clock comes from outside, so that
tests can set it. Each turn performs the most urgent effect. Calls and downloads are only sent from
here; their results come back as commands.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import queue
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeGuard, cast

from ...files.download import Downloader
from ...files.download_folder import DownloadFolder
from ...files.errors import FileError, Stopped
from ...message import Message
from ...mint import errors
from ...mint.account import Account, Owner
from ...mint.retry import FailureStreak
from ...mint.schema import Kind, Me
from ..batch_folder.line_files import LineFile
from ..database import JournalError
from ..job import Job, asset_of
from ..job_values import LocalFile
from ..paid_requests.send import send
from ..phases import HOLDS_SLOT, Phase
from ..presentation import error_messages
from ..queries import KeyOwner, Query, QueryAnswered, Thumbnail, answer
from ..storage.job_locks import ProcessLock
from ..storage.journal import Journal
from ..transfers import fetch_file
from ..transfers.upload import upload
from ..workflow.effects import (
    Call,
    Effect,
    Fetch,
    JournalEffect,
    Lane,
    OptionalFetch,
    Pay,
    TakeSlot,
    Upload,
)
from ..workflow.run import run_workflow
from . import threads
from .config import EngineConfig
from .task import Outage, Task, Tasks
from .thread_messages import (
    Ask,
    Command,
    Ended,
    Event,
    Idle,
    JobChanged,
    Progress,
    RetryScheduled,
    SetAccount,
    SetOnline,
    Wake,
)
from .threads import Threads

log = logging.getLogger(__name__)

DECISION_CHECK_INTERVAL = 2.0
"""Seconds until a decision that another process has committed is noticed, at most."""
SLOT_CHECK_INTERVAL = 5.0
"""Seconds until the first in line checks again whether another process has freed a slot."""


class Scheduler:
    """Receives commands, and performs what the running workflows wait for.

    One thread at a time may use it: its journal is not shared.
    """

    def __init__(
        self,
        config: EngineConfig,
        account: Account,
        inbox: queue.SimpleQueue[Command],
        outbox: queue.SimpleQueue[Event],
        *,
        online: bool = True,
    ) -> None:
        self._config = config
        self._now = config.clock
        self._account = account
        self._online = online
        self._inbox = inbox
        self._outbox = outbox
        self._journal = Journal(config.home)
        self._journal.set_account(account)
        self._process = ProcessLock(config.home)
        self._threads = Threads(config, account, inbox)
        self._tasks = Tasks()
        self._outage = Outage(config.retries)
        self._success_at = -math.inf  # when anything succeeded for the last time
        # what to do with the result of something that is in flight, by its number
        self._continuations: dict[int, Callable[[Ended], None]] = {}
        self._queries: set[int] = set()  # numbers of those that are being answered
        self._fetching: set[tuple[str, str]] = set()  # files of jobs, still wanted or not
        # Who waits for a slot of a kind: a heap, in order of creation. A place is lost when the
        # task waits for another effect. Its number is never used twice, so nothing after it is
        # compared.
        self._lines = defaultdict[Kind, list[tuple[float, str, int, Task, TakeSlot]]](list)
        self._places = itertools.count()
        # jobs that wait until Mint says whose key it is, with the number of the last Wake of each
        self._unidentified: dict[str, int] = {}
        self._identity_failures = FailureStreak(config.retries)
        self._identity_due = 0.0
        self._identity_call: int | None = None
        self._revision = self._journal.revision()
        self._next_decision_check = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether no workflow runs and no answer is awaited."""
        return not (self._tasks or self._queries or self._unidentified)

    def close(self, timeout: float = 1.5) -> None:
        """Stop everything within `timeout` seconds. Workflows start again from the journal."""
        # before jobs are released: another process may then download the same files
        self._threads.close(timeout)
        try:
            # apply what was answered meanwhile: it may name what was started
            for _ in range(self._inbox.qsize()):
                command = self._inbox.get()
                if isinstance(command, Ended):
                    self.receive(command)
                else:
                    self._inbox.put(command)
        finally:
            try:
                if self._tasks:
                    with self._journal.single_commit():  # thousands may be waiting for a slot
                        for task in list(self._tasks.values()):
                            self._drop(task)
            finally:
                self._journal.close()
                self._process.close()

    def receive(self, command: Command) -> None:
        """Carry out one command."""
        if isinstance(command, Wake):
            self._wake(command.job_id, command.number)
        elif isinstance(command, Ended):
            # nobody awaits what an earlier scheduler has sent
            if continuation := self._continuations.pop(command.number, None):
                continuation(command)
        elif isinstance(command, SetAccount):
            self._set_account(command.account)
        elif isinstance(command, SetOnline):
            self._online = command.allowed
            self._retry_at_once()
            self._identity_due = 0.0
        elif isinstance(command, Ask):
            self._ask(command.query, command.number)

    def run_once(self) -> float | None:
        """Perform the most urgent effect, if one is due.

        Returns the seconds until the next one, or None when only a command can change anything.
        """
        self._threads.close_idle(at_once=not self._online)
        if not self._online:
            return None
        self._check_decisions()
        is_unasked = self._unidentified and self._identity_call is None
        if is_unasked and self._identity_due <= self._now():
            number = self._threads.call(lambda client: client.me(), Lane.DECISION)
            self._identity_call = number
            self._continuations[number] = self._on_identity
        # during an outage, calls wait for a probe
        due, task = self._tasks.first(self._outage.next_call)
        if task is not None and due <= self._now():
            self._perform(task)
            due, _ = self._tasks.first(self._outage.next_call)
        if not self._tasks and not self._unidentified:
            return None
        if self._unidentified and self._identity_call is None:
            due = min(due, self._identity_due)
        return max(0.0, min(due - self._now(), DECISION_CHECK_INTERVAL))

    def _set_account(self, account: Account) -> None:
        """Use another key or base URL. Jobs of the earlier account stop and stay in the journal."""
        if account == self._account:
            return
        self._account = account
        self._threads.set_account(account)
        for task in list(self._tasks.values()):
            if task.is_interruptible:
                self._abandon(task)
        self._identity_call = None
        for job_id, number in self._take_unidentified():
            self._outbox.put(Idle(job_id, number))
        self._journal.set_account(account)
        self._retry_at_once()

    # -- workflows

    def _wake(self, job_id: str, number: int, *, refusal: errors.MintError | None = None) -> None:
        """Run a job's workflow from what the journal knows.

        A workflow that is running continues, unless there is a new decision. Nothing runs before it
        is known whose key is in use; `refusal` is the reason why that will not be known.
        """
        current = self._journal.current_account
        is_identified = current is None or current.is_identified
        if self._account.key and not refusal and not is_identified:
            self._unidentified[job_id] = number
            return
        job = self._journal.claim(job_id, self._process)
        if job is None:
            self._outbox.put(Idle(job_id, number))
            return
        running = self._tasks.get(job_id)
        if running is not None and job.decision == running.job.decision:
            running.wake_number = number
            return
        if running is not None and not running.is_interruptible:
            # The answer may name what was started. The decision takes effect right after it.
            running.wake_number = number
            running.has_new_decision = True
            return
        if running is not None:
            self._stop(running)
        workflow = run_workflow(job, self._config.workflow_config)
        task = self._tasks[job_id] = Task(
            job, workflow, number, FailureStreak(self._config.retries)
        )
        self._advance(task, None)
        if refusal is not None and self._tasks.is_running(task):
            self._advance(task, refusal)

    def _check_decisions(self) -> None:
        """Apply decisions that other processes have committed for jobs that run here."""
        if not self._tasks or self._now() < self._next_decision_check:
            return
        self._next_decision_check = self._now() + DECISION_CHECK_INTERVAL
        revision = self._journal.revision()
        if revision != self._revision:
            self._revision = revision
            for job_id in self._journal.pending_decisions(self._process):
                if (task := self._tasks.get(job_id)) is not None:
                    self._wake(job_id, task.wake_number)

    def _advance(self, task: Task, outcome: object) -> None:
        """Continue a workflow with the outcome of its effect: a result, or an error."""
        try:
            step = (
                task.workflow.throw(outcome)
                if isinstance(outcome, Exception)
                else task.workflow.send(outcome)
            )
        except StopIteration as end:
            self._end(task, end.value)
        except Exception as error:  # noqa: BLE001 - one job stops, not all
            self._fail(task, error)
        else:
            self._commit(task, step.job)
            self._await(task, step.effect)

    def _await(self, task: Task, effect: Effect[Any]) -> None:
        before, task.effect = task.effect, effect
        log.debug("Job %s: next %s", task.job.id, type(effect).__name__)
        task.failures.reset()
        due = self._now() + effect.after
        if isinstance(effect, TakeSlot) and effect.kind is not None:
            task.not_before = due
            line = self._lines[effect.kind]
            place = (task.job.created_at, task.job.id, next(self._places), task, effect)
            heapq.heappush(line, place)
            due = due if self._first_in_line(effect.kind) is task else math.inf
        self._tasks.schedule(task, due)
        if isinstance(before, TakeSlot):  # another one may be the first now
            self._wake_first_in_line(before.kind)

    def _fail(self, task: Task, error: Exception) -> None:
        """Pause one job after a bug in our own code. Nothing of the job is lost."""
        log.error("The workflow of job %s failed", task.job.id, exc_info=error)
        problem = error_messages.internal(error)
        self._end(task, replace(task.job, phase=Phase.PAUSED, problem=problem))

    def _abandon(self, task: Task) -> None:
        """Stop a workflow where it is, and report the job as idle."""
        self._drop(task)
        self._outbox.put(Idle(task.job.id, task.wake_number))

    def _end(self, task: Task, job: Job) -> None:
        self._commit(task, job)
        self._drop(task)
        if task.has_new_decision:
            self._wake(job.id, task.wake_number)
        else:
            self._outbox.put(Idle(job.id, task.wake_number))

    def _drop(self, task: Task) -> None:
        self._stop(task)
        self._journal.release(task.job.id, self._process)

    def _stop(self, task: Task) -> None:
        task.workflow.close()
        self._tasks.remove(task)
        if isinstance(task.effect, TakeSlot):
            self._wake_first_in_line(task.effect.kind)

    def _commit(self, task: Task, job: Job) -> None:
        """Commit the job before anything else happens, then report it."""
        before, task.job = task.job, job
        if job == before:
            return
        self._journal.save(job, answered=before.decision if job.decision is None else None)
        self._outbox.put(JobChanged(job.id))
        if before.phase in HOLDS_SLOT and job.phase not in HOLDS_SLOT:
            self._wake_first_in_line(job.kind)

    # -- effects

    def _perform(self, task: Task) -> None:
        effect = task.effect
        current = self._journal.current_account
        if isinstance(effect, TakeSlot):
            self._take_slot(task, effect)
        elif isinstance(effect, Fetch):
            self._tasks.schedule(task)
            self._start_download(task, effect)
        elif isinstance(effect, OptionalFetch):  # continues at once, with the file if it is here
            arrived, task.optional_file = task.optional_file, None
            if arrived is None:
                self._start_download(task, effect.fetch, is_optional=True)
            self._advance(task, arrived)
        elif isinstance(effect, JournalEffect):
            self._advance(task, effect.apply(self._journal, task.job))
        elif isinstance(effect, Upload):
            owner = (current and current.owner) or Owner("", "")
            path = self._journal.path
            self._call(task, partial(upload, effect=effect, journal=path, owner=owner))
        elif isinstance(effect, Pay):
            # all that is written around it is in `paid_requests.send`
            work = partial(
                send,
                journal=self._journal.path,
                call=effect.call,
                credential=current.key_hash if current else "",
                line=LineFile(task.job.delivery.line, task.job.owner),
            )
            self._call(task, work)
        elif isinstance(effect, Call):
            self._call(task, effect.make)

    def _call(self, task: Task, work: threads.Call) -> None:
        """Send one call to Mint."""
        effect = cast(Effect[Any], task.effect)
        self._tasks.schedule(task)
        task.is_calling = True
        lane = effect.lane or Lane.CALL
        number = self._threads.call(work, lane, changes=not effect.is_read)
        self._outage.sent(self._now())
        self._continuations[number] = partial(self._on_call_ended, task, self._account)

    def _on_call_ended(self, task: Task, account: Account, ended: Ended) -> None:
        """Apply the result of a call, unless a decision has made it obsolete."""
        self._note_call(ended)
        if not self._tasks.is_running(task):
            return
        task.is_calling = False
        is_own = account == self._account
        if is_own or not isinstance(ended.outcome, Exception):
            self._apply(task, ended.outcome)
        if self._tasks.is_running(task) and task.has_new_decision:
            task.has_new_decision = False
            self._wake(task.job.id, task.wake_number)
        elif self._tasks.is_running(task) and not is_own:
            self._abandon(task)

    def _apply(self, task: Task, outcome: object) -> None:
        """Continue the workflow with the outcome of its effect, or schedule a retry."""
        if isinstance(outcome, JournalError):
            raise outcome  # of all jobs, not of this one
        if _may_be_retried(outcome):
            self._retry(task, outcome)
        elif isinstance(outcome, Exception) and not isinstance(
            outcome, errors.MintError | FileError
        ):
            self._fail(task, outcome)
        else:
            if task.failures.count and not isinstance(outcome, Exception):
                self._outbox.put(JobChanged(task.job.id))
            self._advance(task, outcome)

    def _note_call(self, ended: Ended) -> None:
        """Note what the end of a call says about Mint."""
        if self._threads.clock_offset is not None:
            self._journal.note_clock_offset(self._threads.clock_offset)
        error = ended.outcome if isinstance(ended.outcome, Exception) else None
        if error is None or (isinstance(error, errors.MintError) and not error.retryable):
            self._mint_answered()

    # -- slots: first come, first served. Only the first in line looks for one.

    def _take_slot(self, task: Task, effect: TakeSlot) -> None:
        """Take a slot if the task is the first in line and there is one."""
        kind = effect.kind
        if kind is not None and self._first_in_line(kind) is not task:
            self._tasks.schedule(task)
            return
        most = self._config.slots[kind] if kind else 0
        if self._journal.take_slot(task.job.id, kind, most, self._process):
            self._advance(task, None)
        else:
            self._tasks.schedule(task, self._now() + SLOT_CHECK_INTERVAL)

    def _wake_first_in_line(self, kind: Kind | None) -> None:
        """Let the first in line try now, or as soon as it may if Mint has just refused it."""
        if kind is not None and (first := self._first_in_line(kind)) is not None:
            self._tasks.schedule(first, max(first.not_before, self._now()))

    def _first_in_line(self, kind: Kind) -> Task | None:
        line = self._lines[kind]
        while line:
            *_, task, effect = line[0]
            if self._tasks.is_running(task) and task.effect is effect:
                return task
            heapq.heappop(line)
        return None

    # -- retries

    def _retry(self, task: Task, error: errors.MintError | FileError) -> None:
        """Schedule another attempt at a call, or at a download, which resumes: it is paid for."""
        retry_after: float | None = getattr(error, "retry_after", None)
        now = self._now()
        chance = self._config.chance()
        wait = task.failures.fail(now, chance, retry_after)
        if isinstance(error, errors.MintError):
            self._outage.failed(task.job.id, now, chance, retry_after)
            wait = max(wait, self._outage.next_call - now)
        task.has_retry_after = retry_after is not None
        self._tasks.schedule(task, self._now() + wait)
        self._report_retry(task.job.id, error, wait, task.failures)

    def _report_retry(
        self, job_id: str, error: errors.MintError | FileError, wait: float, failures: FailureStreak
    ) -> None:
        """Report that something a job needs has failed, and is tried again in `wait` seconds."""
        without_answer = self._now() - max(failures.since, self._success_at)
        # a wait that Mint asked for does not count
        if getattr(error, "retry_after", None) is None:
            without_answer += wait
        self._outbox.put(RetryScheduled(job_id, str(error), wait, without_answer))

    def _mint_answered(self) -> None:
        """Note that Mint has answered. After an outage, no other job waits any longer."""
        self._success_at = self._now()
        if self._outage.answered():
            self._retry_at_once()

    def _retry_at_once(self) -> None:
        """Try again at once what has failed, except where a time to retry was given."""
        self._outage.answered()
        for task in self._tasks.values():
            is_waiting = task.due != math.inf and not task.is_calling
            if task.failures.count and is_waiting and not task.has_retry_after:
                self._tasks.schedule(task, self._now())

    # -- whose key it is

    def _on_identity(self, ended: Ended) -> None:
        """Apply the answer; without one, ask again later, or wake the jobs with the refusal."""
        self._note_call(ended)
        if ended.number != self._identity_call:
            return
        self._identity_call = None
        if self._apply_identity(ended.outcome):
            return
        error = ended.outcome
        error = error if isinstance(error, errors.MintError) else errors.MintError(str(error))
        if error.retryable:
            chance = self._config.chance()
            wait = self._identity_failures.fail(self._now(), chance, error.retry_after)
            self._identity_due = self._now() + wait
            for job_id in self._unidentified:
                self._report_retry(job_id, error, wait, self._identity_failures)
            return
        if isinstance(error, errors.KeyRefused | errors.KeyMissing):
            self._journal.release_unsent_jobs()
        for job_id, number in self._take_unidentified():
            self._wake(job_id, number, refusal=error)

    def _apply_identity(self, outcome: object) -> bool:
        """Store whose key it is and wake the waiting jobs, if Mint has answered that."""
        if isinstance(outcome, Me):
            user_id = outcome.user_id or None  # None if Mint does not say
        elif isinstance(outcome, errors.NotFound | errors.NotSupported | errors.Forbidden):
            user_id = None
        else:
            return False
        self._journal.resolve_account(user_id)
        for job_id, number in self._take_unidentified():
            self._wake(job_id, number)
        return True

    def _take_unidentified(self) -> list[tuple[str, int]]:
        waiting = list(self._unidentified.items())
        self._unidentified.clear()
        self._identity_due = 0.0
        self._identity_failures.reset()
        return waiting

    # -- queries

    def _ask(self, query: Query, number: int) -> None:
        """Answer a query soon, without retries: a person waits, and can ask again."""
        if not self._online:
            reason = str(
                errors.Unreachable(Message("online access is off in Blender's preferences"))
            )
            self._outbox.put(QueryAnswered(query, None, reason, number=number))
            return
        if isinstance(query, Thumbnail):
            sent = self._threads.download(
                partial(
                    fetch_file.thumbnail,
                    query.url,
                    self._config.home,
                    stop=lambda: self._threads.is_closing or not self._online,
                ),
                Lane.PICTURE,
            )
        else:
            sent = self._threads.call(partial(answer, query=query), Lane.DECISION)
        self._queries.add(sent)
        self._continuations[sent] = partial(self._on_query_ended, query, number, self._account)

    def _on_query_ended(self, query: Query, number: int, account: Account, ended: Ended) -> None:
        """Store what a query said about the account, then pass the answer on.

        In this order, since the main thread then reads from the journal whose key it is.
        """
        self._queries.discard(ended.number)
        outcome = ended.outcome
        reason = None
        if account == self._account and isinstance(query, KeyOwner):
            self._apply_identity(outcome)
        if not isinstance(outcome, Exception):
            if not isinstance(query, Thumbnail):
                self._mint_answered()
            self._outbox.put(QueryAnswered(query, cast(Any, outcome), number=number))
            return
        if isinstance(outcome, errors.MintError):
            reason = error_messages.key_problem(outcome)
        elif not isinstance(outcome, FileError):
            log.error("The query %s failed", query, exc_info=outcome)
            outcome = FileError(error_messages.internal(outcome).message)
        self._outbox.put(
            QueryAnswered(query, None, str(outcome), number=number, key_problem=reason)
        )

    # -- files

    def _start_download(self, task: Task, fetch: Fetch, *, is_optional: bool = False) -> None:
        """Start a download. Its result comes back through the inbox."""
        job_id = task.job.id
        asset_id = asset_of(task.job)
        file = (job_id, fetch.name)
        if file in self._fetching:
            # it is running, or an unwanted download of the file has not ended yet
            return
        self._fetching.add(file)

        def is_unwanted() -> bool:
            effect = task.effect
            if self._threads.is_closing or not self._online or not self._tasks.is_running(task):
                return True
            # an optional file is dropped once the workflow fetches another file
            return isinstance(effect, Fetch) and effect != fetch

        def report(done: int, total: int | None) -> None:
            self._outbox.put(Progress(job_id, fetch.role, done, total))

        def work(downloader: Downloader) -> LocalFile:
            folder = DownloadFolder(self._config.home).job_folder(job_id, asset_id)
            file = fetch_file.fetch(
                fetch, folder, downloader=downloader, stop=is_unwanted, progress=report
            )
            log.debug("Job %s: downloaded %s", job_id, fetch.role)
            return file

        lane = Lane.PICTURE if is_optional else fetch.lane
        number = self._threads.download(work, lane, first=lane is Lane.PICTURE)
        self._continuations[number] = partial(self._on_download_ended, task, fetch)

    def _on_download_ended(self, run: Task, fetch: Fetch, ended: Ended) -> None:
        """Apply a download: it may be awaited, optional, or no longer wanted."""
        job_id = run.job.id
        outcome = ended.outcome
        self._fetching.discard((job_id, fetch.name))
        task = self._tasks.get(job_id)
        if task is None:
            return
        if isinstance(outcome, Exception) and not isinstance(outcome, FileError):
            log.error("A download for job %s failed", job_id, exc_info=outcome)
            outcome = FileError(error_messages.internal(outcome).message)
        is_awaited = isinstance(task.effect, Fetch) and task.effect.name == fetch.name
        if is_awaited and (task is not run or isinstance(outcome, Stopped)):
            # an earlier run's download has ended, or we were offline: resume it now
            self._tasks.schedule(task, self._now())
        elif is_awaited:
            if not _may_be_retried(outcome):
                self._success_at = self._now()
            self._apply(task, outcome)
        elif task is run and not isinstance(outcome, Stopped):
            task.optional_file = cast(LocalFile | FileError, outcome)


def _may_be_retried(outcome: object) -> TypeGuard[errors.MintError | FileError]:
    if isinstance(outcome, errors.MintError):
        # the workflow itself waits for a slot when too many generations are active
        return outcome.retryable and not isinstance(outcome, errors.TooManyActive)
    return isinstance(outcome, FileError) and outcome.is_outage
