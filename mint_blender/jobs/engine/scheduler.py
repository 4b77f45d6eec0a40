# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells all stories by due time: what the one thread does, without the thread.

The clock comes from outside, so tests turn it by hand.

Each turn takes the most urgent job one step further: commit first, then fulfill what its story
wants. Calls and downloads are only sent from here; what comes back arrives as a command. The
journal is used here only.
"""

from __future__ import annotations

import itertools
import logging
import math
import queue
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ...files.errors import FileError, Stopped
from ...mint.account import Account
from ...mint.errors import MintError, Unreachable
from ...mint.schema import Kind
from .. import error_messages
from ..job import HOLDS_SLOT, Job, Kept, Phase
from ..queries import Query, RemoteGlbHeader, Thumbnail
from ..storage.journal import Journal
from ..storage.ownership import ProcessLock
from ..transfers.downloads import Downloads
from ..transfers.uploads import Uploads
from ..workflow.effects import READS, Act, Fetch, Glance, ReadTaken, Step, TakeSlot, Upload
from ..workflow.run import follow
from . import dispatch
from .call_pool import CallPool, Lane, Work
from .config import EngineConfig
from .identity_check import IdentityCheck
from .messages import (
    Ask,
    CallEnded,
    Command,
    Event,
    Fetched,
    Idle,
    JobChanged,
    QueryAnswered,
    QueryEnded,
    Recovered,
    SetAccount,
    SetOnline,
    Wake,
)
from .retries import RetryTimer
from .task import Task

log = logging.getLogger(__name__)

# One count for all schedulers of a process: a late answer to a story of an earlier scheduler must
# not be taken for one of this scheduler's.
_serials = itertools.count(1)

DECISION_CHECK_INTERVAL = 2.0  # seconds until a click of another process is noticed, at most
# seconds until a waiting job looks again whether another process has given up a slot
SLOT_CHECK_INTERVAL = 5.0


class Scheduler:
    """All stories that this process tells.

    One thread at a time may use it: its journal is not shared.
    """

    def __init__(
        self,
        setup: EngineConfig,
        account: Account,
        inbox: queue.SimpleQueue[Command],
        outbox: queue.SimpleQueue[Event],
        *,
        online: bool = True,
    ) -> None:
        self._setup = setup
        self._account = account
        self._online = online
        self._inbox = inbox
        self._outbox = outbox
        self._journal = Journal(setup.home)
        self._journal.set_account(account)
        self._process = ProcessLock(setup.home)
        self._calls = CallPool(setup, account, inbox)
        self._downloads = Downloads(setup, account, inbox, outbox)
        self._tasks: dict[str, Task] = {}
        self._retries = RetryTimer(setup, self._tasks, outbox)
        self._identity_check = IdentityCheck(
            setup, self._journal, self._calls, self._retries, self._wake
        )
        self._questions: set[int] = set()  # numbers of those that are being answered
        self._uploads = Uploads(self._journal)
        self._revision = self._journal.revision()
        self._next_decision_check = 0.0

    @property
    def is_idle(self) -> bool:
        """No story is being told, and nobody is out for an answer."""
        return not self._tasks and not self._questions and not self._identity_check.waiting

    def close(self, timeout: float = 1.5) -> None:
        """Break off all stories, within a bound. They are told again from the journal."""
        self._downloads.stop()
        self._calls.close(timeout * 0.6)
        # before jobs are let go: another process may download the same files then
        self._downloads.close(timeout * 0.4)
        try:
            self._apply_last_answers()
            for task in list(self._tasks.values()):
                self._drop(task)
        finally:
            self._journal.close()
            self._process.close()

    def _apply_last_answers(self) -> None:
        """What was answered while this scheduler was being closed: an operation's name is worth
        more than a repetition.
        """
        others: list[Command] = []
        while not self._inbox.empty():
            command = self._inbox.get()
            if isinstance(command, CallEnded):
                self._on_call_ended(command)
            else:
                others.append(command)
        for command in others:
            self._inbox.put(command)

    def receive(self, command: Command) -> None:
        """Take in one command."""
        if isinstance(command, Wake):
            self._wake(command.job_id, command.number)
        elif isinstance(command, Fetched):
            self._on_download_ended(command)
        elif isinstance(command, SetAccount):
            self._use(command.account)
        elif isinstance(command, SetOnline):
            self._online = command.allowed
            self._retries.wake()
            self._identity_check.try_at_once()
        elif isinstance(command, Ask):
            self._ask(command.query, command.number)
        elif isinstance(command, CallEnded):
            self._on_call_ended(command)
        elif isinstance(command, QueryEnded):
            self._on_query_ended(command)

    def _on_query_ended(self, ended: QueryEnded) -> None:
        """A question has its answer.

        The main thread hears of it afterwards: it reads then whose key it is.
        """
        self._questions.discard(ended.number)
        if ended.account == self._account and ended.said is not None:
            self._identity_check.hear(ended.said, asked=False)
        if ended.reached:
            self._retries.mint_answered()
        if ended.answered is not None:
            self._outbox.put(ended.answered)

    def run_once(self) -> float | None:
        """Fulfill the most urgent effect, if one is due.

        Returns the seconds until the next one; None: only a message can bring news.
        """
        if not self._online:
            return None
        self._check_decisions_elsewhere()
        self._identity_check.run_once()
        task = min(self._tasks.values(), key=self._urgency, default=None)
        if task is not None and self._due(task) <= self._setup.clock():
            self._perform(task)
        due = [self._due(task) for task in self._tasks.values()]
        if self._identity_check.waiting:
            due.append(self._identity_check.due)
        return (
            max(0.0, min(min(due) - self._setup.clock(), DECISION_CHECK_INTERVAL)) if due else None
        )

    def _due(self, task: Task) -> float:
        """When its want may be fulfilled.

        While Mint cannot be reached calls wait for each other.
        """
        return (
            task.due
            if isinstance(task.effect, TakeSlot | Fetch | Glance | ReadTaken)
            else max(task.due, self._retries.outage.next_call)
        )

    def _urgency(self, task: Task) -> tuple[float, bool, float]:
        """The next one first; of several, what a person has decided, then what has waited for the
        longest time.
        """
        return self._due(task), not isinstance(task.effect, Act), task.due

    # -- whose key
    # ----------------------------------------------------------------------------------------------------  # noqa: E501

    def _use(self, account: Account) -> None:
        """Another key or address: what goes on for the earlier one is let go.

        It stays in the journal, under its owner.
        """
        if account == self._account:
            return
        self._account = account
        self._calls.set_account(account)
        self._downloads.set_account(account)
        for task in list(self._tasks.values()):
            # else its answer may name what was started: see _take_in_call
            if task.call is None or isinstance(task.effect, READS):
                self._abandon(task)
        for job_id, number in self._identity_check.take_waiting().items():
            self._outbox.put(Idle(job_id, number))
        self._journal.set_account(account)
        self._retries.wake()

    def _abandon(self, task: Task) -> None:
        self._drop(task)
        self._outbox.put(Idle(task.job.id, task.wake_number))

    # -- stories
    # ------------------------------------------------------------------------------------------------------  # noqa: E501

    def _wake(self, job_id: str, number: int, *, refusal: MintError | None = None) -> None:
        """Tell a job's story from what the journal knows.

        A story that is being told goes on, unless there is a new decision.

        Nothing is told before it is known whose key is in use; `refusal` is why that will not be.
        """
        if self._account.key and not refusal and self._identity_check.is_needed():
            self._identity_check.wait_for(job_id, number)
            return
        job = self._journal.claim(job_id, self._process)
        if job is None:
            self._outbox.put(Idle(job_id, number))
            return
        known = self._tasks.get(job_id)
        if known is not None and job.decision == known.job.decision:
            known.wake_number = number
            return
        if known is not None and known.call is not None and not isinstance(known.effect, READS):
            # Its answer may name what was started. The click has its turn then, at once.
            known.wake_number, known.has_new_decision = number, True
            return
        if known is not None:
            known.workflow.close()
        task = Task(job, follow(job, self._setup.terms), next(_serials), number)
        self._tasks[job_id] = task
        self._advance(task, lambda: next(task.workflow))
        if refusal is not None and job_id in self._tasks:
            self._advance(task, partial(task.workflow.throw, refusal))

    def _check_decisions_elsewhere(self) -> None:
        """Another process may have decided about a job that this one drives: its click is in the
        journal.
        """
        now = self._setup.clock()
        if not self._tasks or now < self._next_decision_check:
            return
        self._next_decision_check = now + DECISION_CHECK_INTERVAL
        revision = self._journal.revision()
        if revision != self._revision:
            self._revision = revision
            for job_id in self._journal.decided(self._process):
                if job_id in self._tasks:
                    self._wake(job_id, self._tasks[job_id].wake_number)

    def _drop(self, task: Task) -> None:
        """Break a story off where it is."""
        task.workflow.close()
        self._forget(task)

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.job.id, None)
        self._journal.release(task.job.id, self._process)

    def _advance(self, task: Task, move: Callable[[], Step]) -> None:
        """One step of a story: `move` hands it the answer (or the error) that it waited for."""
        try:
            step = move()
        except StopIteration as end:
            self._end(task, end.value)
        except Exception as mistake:  # noqa: BLE001 - one job stops, not all
            self._give_up(task, mistake)
        else:
            self._commit(task, step.job)
            task.effect, task.failures = step.want, 0
            task.due = self._setup.clock() + step.want.after

    def _give_up(self, task: Task, mistake: Exception) -> None:
        """A mistake of ours concerns one job only, and loses nothing of it."""
        log.error("The story of job %s broke", task.job.id, exc_info=mistake)
        task.workflow.close()
        self._end(
            task, replace(task.job, phase=Phase.PAUSED, trouble=error_messages.internal(mistake))
        )

    def _end(self, task: Task, job: Job) -> None:
        self._commit(task, job)
        self._forget(task)
        if task.has_new_decision:
            self._wake(job.id, task.wake_number)
        else:
            self._outbox.put(Idle(job.id, task.wake_number))

    def _commit(self, task: Task, job: Job) -> None:
        """Into the journal before anything else happens; then the main thread hears of it."""
        before, task.job = task.job, job
        if job == before:
            return
        self._journal.save(job, answered=before.decision if job.decision is None else None)
        self._outbox.put(JobChanged(job))
        # canceled, say: who stood behind it is the first now
        gave_way = before.phase is Phase.WAITING and job.phase is not Phase.WAITING
        if gave_way or (before.phase in HOLDS_SLOT and job.phase not in HOLDS_SLOT):
            self._call_next_in_line(job.kind)

    # -- wants
    # --------------------------------------------------------------------------------------------------------  # noqa: E501

    def _perform(self, task: Task) -> None:
        effect = task.effect
        if isinstance(effect, TakeSlot):
            self._take_slot(task, effect)
        elif isinstance(effect, Fetch):
            task.due = math.inf
            self._start_download(task, effect)
        elif isinstance(effect, Glance):
            self._fetch_optional(task, effect)
        elif isinstance(effect, ReadTaken):
            self._advance(task, partial(task.workflow.send, self._journal.assets(but=task.job.id)))
        elif effect is not None:
            self._call(task, effect)

    def _take_slot(self, task: Task, effect: TakeSlot) -> None:
        """First come, first served: only the head of the line asks."""
        is_first = effect.kind is None or task is self._first_in_line(effect.kind)
        most = self._setup.slots[effect.kind] if effect.kind else 0
        if is_first and self._journal.take_slot(task.job.id, effect.kind, most, self._process):
            self._advance(task, lambda: task.workflow.send(None))
            if effect.kind is not None:
                self._call_next_in_line(effect.kind)
        else:
            task.due = self._setup.clock() + SLOT_CHECK_INTERVAL

    def _call_next_in_line(self, kind: Kind) -> None:
        """A slot may be free: the job that waits for the longest time asks at once (unless Mint has
        just turned it away).
        """
        first = self._first_in_line(kind)
        if first is not None and first.effect is not None and not first.effect.after:
            first.due = self._setup.clock()

    def _first_in_line(self, kind: Kind) -> Task | None:
        line = [
            task
            for task in self._tasks.values()
            if isinstance(task.effect, TakeSlot) and task.effect.kind is kind
        ]
        return min(line, key=lambda task: (task.job.created_at, task.job.id), default=None)

    # -- calls to Mint
    # ------------------------------------------------------------------------------------------------  # noqa: E501

    def _call(self, task: Task, effect: dispatch.Call | Upload) -> None:
        """Send one call; its end comes back through the inbox."""
        if isinstance(effect, Upload):
            self._upload(task, effect)
        else:
            lane = Lane.DECISION if isinstance(effect, Act) else Lane.CALL
            self._send(
                task,
                lambda client: dispatch.make(client, effect),
                lane,
                changes=not isinstance(effect, READS),
            )

    def _send(self, task: Task, work: Work, lane: Lane, *, changes: bool) -> None:
        task.due = math.inf
        task.call = self._calls.send(task.job.id, task.serial, work, lane, changes=changes)
        self._retries.outage.sent(task.call, self._setup.clock())

    def _upload(self, task: Task, effect: Upload) -> None:
        """Bring a picture to Mint, unless it lies there already or is on its way."""
        try:
            data = dispatch.read(effect)
        except FileError as trouble:
            self._advance(task, partial(task.workflow.throw, trouble))
            return
        except Exception as mistake:  # noqa: BLE001 - one job stops, not all
            self._give_up(task, mistake)
            return
        picture = self._uploads.picture(data)
        url = None if effect.anew else self._uploads.address(picture)
        if url is not None:
            self._advance(task, partial(task.workflow.send, url))
        elif self._uploads.is_in_flight(picture):
            task.due = math.inf  # until that one is here: see _take_in_call
        else:
            self._send(
                task,
                lambda client: dispatch.upload(client, effect, data),
                Lane.UPLOAD,
                changes=True,
            )
            self._uploads.sent(task.call, picture)

    def _on_call_ended(self, ended: CallEnded) -> None:
        """A call has come back.

        Nobody waits for the answer to a look that a click has made a thing of the past.
        """
        self._retries.outage.ended(ended.number, self._setup.clock())
        if self._uploads.take_in(ended):
            for other in self._tasks.values():
                if (
                    isinstance(other.effect, Upload)
                    and other.call is None
                    and other.due == math.inf
                ):
                    other.due = self._setup.clock()
        if ended.error is None or (
            isinstance(ended.error, MintError) and not ended.error.retryable
        ):
            self._retries.mint_answered()
        self._identity_check.take_in(ended)
        task = self._tasks.get(ended.job_id)
        if task is None or task.serial != ended.serial or task.call != ended.number:
            return
        task.call = None
        if ended.error is None or ended.account == self._account:
            self._apply_call(task, ended)
        if (
            ended.account != self._account
            and self._tasks.get(ended.job_id) is task
            and not task.has_new_decision
        ):
            self._abandon(task)
        if task.has_new_decision and self._tasks.get(ended.job_id) is task:
            task.has_new_decision = False
            self._wake(ended.job_id, task.wake_number)

    def _apply_call(self, task: Task, ended: CallEnded) -> None:
        """Give a story what came back.

        What failed and may be repeated is due again later, and the story does not hear of it.
        """
        error = ended.error
        if error is None:
            if task.failures:
                self._outbox.put(Recovered(task.job.id))
            self._advance(task, lambda: task.workflow.send(ended.found))
        elif not isinstance(error, MintError | FileError):
            self._give_up(task, error)
        elif not (isinstance(error, MintError) and self._retries.later(task, error)):
            if isinstance(error, MintError):
                error.follows_no_answer = task.failures > 0
            self._advance(task, partial(task.workflow.throw, error))

    def _ask(self, query: Query, number: int) -> None:
        """Answer well or badly, but soon: a person waits, and can ask again."""
        if not self._online:
            complaint = str(Unreachable("online access is off in Blender's preferences"))
            self._outbox.put(QueryAnswered(query, None, complaint, number=number))
        elif isinstance(query, Thumbnail | RemoteGlbHeader):
            self._questions.add(self._downloads.ask(query, number, lambda: self._online))
        else:
            self._questions.add(self._calls.ask(query, number))

    # -- downloads
    # ----------------------------------------------------------------------------------------------------  # noqa: E501

    def _fetch_optional(self, task: Task, effect: Glance) -> None:
        """What has come by now, or nothing: the story goes on at once."""
        came, task.optional_file = task.optional_file, None
        if came is None:
            self._start_download(task, effect.fetch, in_passing=True)
        self._return_file(task, came)

    def _return_file(self, task: Task, outcome: Kept | FileError | None) -> None:
        """Hand a story its file, or the reason why there is none."""
        if isinstance(outcome, FileError):
            self._advance(task, lambda: task.workflow.throw(outcome))
        else:
            self._advance(task, lambda: task.workflow.send(outcome))

    def _start_download(self, task: Task, effect: Fetch, *, in_passing: bool = False) -> None:
        """Have a file brought; the answer comes back through the inbox."""
        job_id, serial = task.job.id, task.serial

        def is_wanted() -> bool:
            now = self._tasks.get(job_id)
            if not self._online or now is None or now.serial != serial:
                return False
            # else a glance that took until the results were there
            return not isinstance(now.effect, Fetch) or now.effect == effect

        self._downloads.fetch(job_id, serial, effect, is_wanted, in_passing=in_passing)

    def _on_download_ended(self, fetched: Fetched) -> None:
        """A download has ended.

        Its file may be awaited, may come in passing, or may be nobody's any more.
        """
        self._downloads.ended(fetched)
        task = self._tasks.get(fetched.job_id)
        if task is None:
            return
        outcome, is_same_run = fetched.outcome, task.serial == fetched.serial
        is_awaited = isinstance(task.effect, Fetch) and task.effect.name == fetched.name
        if is_awaited and (not is_same_run or isinstance(outcome, Stopped)):
            # an earlier telling let go of the file, or we were offline: it goes on where it was
            task.due = self._setup.clock()
        elif is_awaited and isinstance(outcome, FileError) and outcome.is_outage:
            # The file is paid for, and its host comes back: what has arrived is kept, and it goes
            # on by itself.
            self._retries.download_later(task, outcome)
        elif is_awaited:
            self._retries.note_success()
            self._return_file(task, outcome)
        elif is_same_run and not isinstance(outcome, Stopped):
            task.optional_file = outcome
