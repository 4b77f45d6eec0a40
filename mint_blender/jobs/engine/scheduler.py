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
from ..queries import FileFacts, Question, Thumbnail
from ..storage.journal import Journal
from ..storage.ownership import Driver
from ..transfers.downloads import Downloads
from ..transfers.uploads import Uploads
from ..workflow.effects import READS, Act, Fetch, Glance, ReadTaken, Step, TakeSlot, Upload
from ..workflow.run import follow
from . import dispatch
from .call_pool import CallPool, Lane, Work
from .config import EngineConfig
from .identity_check import IdentityCheck
from .messages import (
    Answered,
    Ask,
    CallEnded,
    Command,
    Fetched,
    Idle,
    JobChanged,
    News,
    QuestionEnded,
    Recovered,
    SetAccount,
    SetOnline,
    Wake,
)
from .retries import Repeating
from .task import Task

log = logging.getLogger(__name__)

# One count for all schedulers of a process: a late answer to a story of an earlier scheduler must
# not be taken for one of this scheduler's.
_serials = itertools.count(1)

OVERHEAR_EVERY = 2.0  # seconds until a click of another process is noticed, at most
# seconds until a waiting job looks again whether another process has given up a slot
LINE_WAIT = 5.0


class Scheduler:
    """All stories that this process tells.

    One thread at a time may use it: its journal is not shared.
    """

    def __init__(
        self,
        setup: EngineConfig,
        account: Account,
        inbox: queue.SimpleQueue[Command],
        outbox: queue.SimpleQueue[News],
        *,
        online: bool = True,
    ) -> None:
        self._setup = setup
        self._account = account
        self._online = online
        self._inbox = inbox
        self._outbox = outbox
        self._journal = Journal(setup.home)
        self._journal.act_for(account)
        self._driver = Driver(setup.home)
        self._calls = CallPool(setup, account, inbox)
        self._downloads = Downloads(setup, account, inbox, outbox)
        self._tasks: dict[str, Task] = {}
        self._repeating = Repeating(setup, self._tasks, outbox)
        self._introduction = IdentityCheck(
            setup, self._journal, self._calls, self._repeating, self._look
        )
        self._questions: set[int] = set()  # numbers of those that are being answered
        self._uploads = Uploads(self._journal)
        self._revision = self._journal.revision()
        self._overhear_at = 0.0

    @property
    def is_idle(self) -> bool:
        """No story is being told, and nobody is out for an answer."""
        return not self._tasks and not self._questions and not self._introduction.waiting

    def close(self, timeout: float = 1.5) -> None:
        """Break off all stories, within a bound. They are told again from the journal."""
        self._downloads.stop()
        self._calls.close(timeout * 0.6)
        # before jobs are let go: another process may download the same files then
        self._downloads.close(timeout * 0.4)
        try:
            self._take_in_last_answers()
            for task in list(self._tasks.values()):
                self._drop(task)
        finally:
            self._journal.close()
            self._driver.close()

    def _take_in_last_answers(self) -> None:
        """What was answered while this scheduler was being closed: an operation's name is worth
        more than a repetition.
        """
        others: list[Command] = []
        while not self._inbox.empty():
            command = self._inbox.get()
            if isinstance(command, CallEnded):
                self._take_in_call(command)
            else:
                others.append(command)
        for command in others:
            self._inbox.put(command)

    def receive(self, command: Command) -> None:
        """Take in one command."""
        if isinstance(command, Wake):
            self._look(command.job_id, command.number)
        elif isinstance(command, Fetched):
            self._take_in(command)
        elif isinstance(command, SetAccount):
            self._use(command.account)
        elif isinstance(command, SetOnline):
            self._online = command.allowed
            self._repeating.wake()
            self._introduction.try_at_once()
        elif isinstance(command, Ask):
            self._ask(command.question, command.number)
        elif isinstance(command, CallEnded):
            self._take_in_call(command)
        elif isinstance(command, QuestionEnded):
            self._take_in_answer(command)

    def _take_in_answer(self, ended: QuestionEnded) -> None:
        """A question has its answer.

        The main thread hears of it afterwards: it reads then whose key it is.
        """
        self._questions.discard(ended.number)
        if ended.account == self._account and ended.said is not None:
            self._introduction.hear(ended.said, asked=False)
        if ended.reached:
            self._repeating.mint_answered()
        if ended.answered is not None:
            self._outbox.put(ended.answered)

    def turn(self) -> float | None:
        """Fulfill the most urgent want, if one is due.

        Returns the seconds until the next one; None: only a message can bring news.
        """
        if not self._online:
            return None
        self._overhear()
        self._introduction.turn()
        task = min(self._tasks.values(), key=self._urgency, default=None)
        if task is not None and self._due(task) <= self._setup.clock():
            self._fulfill(task)
        due = [self._due(task) for task in self._tasks.values()]
        if self._introduction.waiting:
            due.append(self._introduction.due)
        return max(0.0, min(min(due) - self._setup.clock(), OVERHEAR_EVERY)) if due else None

    def _due(self, task: Task) -> float:
        """When its want may be fulfilled.

        While Mint cannot be reached calls wait for each other.
        """
        return (
            task.due
            if isinstance(task.want, TakeSlot | Fetch | Glance | ReadTaken)
            else max(task.due, self._repeating.outage.next_call)
        )

    def _urgency(self, task: Task) -> tuple[float, bool, float]:
        """The next one first; of several, what a person has decided, then what has waited for the
        longest time.
        """
        return self._due(task), not isinstance(task.want, Act), task.due

    # -- whose key
    # ----------------------------------------------------------------------------------------------------  # noqa: E501

    def _use(self, account: Account) -> None:
        """Another key or address: what goes on for the earlier one is let go.

        It stays in the journal, under its owner.
        """
        if account == self._account:
            return
        self._account = account
        self._calls.use(account)
        self._downloads.use(account)
        for task in list(self._tasks.values()):
            # else its answer may name what was started: see _take_in_call
            if task.call is None or isinstance(task.want, READS):
                self._let_go(task)
        for job_id, number in self._introduction.take_waiting().items():
            self._outbox.put(Idle(job_id, number))
        self._journal.act_for(account)
        self._repeating.wake()

    def _let_go(self, task: Task) -> None:
        self._drop(task)
        self._outbox.put(Idle(task.job.id, task.look))

    # -- stories
    # ------------------------------------------------------------------------------------------------------  # noqa: E501

    def _look(self, job_id: str, number: int, *, refusal: MintError | None = None) -> None:
        """Tell a job's story from what the journal knows.

        A story that is being told goes on, unless there is a new decision.

        Nothing is told before it is known whose key is in use; `refusal` is why that will not be.
        """
        if self._account.key and not refusal and self._introduction.is_needed():
            self._introduction.wait_for(job_id, number)
            return
        job = self._journal.claim(job_id, self._driver)
        if job is None:
            self._outbox.put(Idle(job_id, number))
            return
        known = self._tasks.get(job_id)
        if known is not None and job.decision == known.job.decision:
            known.look = number
            return
        if known is not None and known.call is not None and not isinstance(known.want, READS):
            # Its answer may name what was started. The click has its turn then, at once.
            known.look, known.is_decided_anew = number, True
            return
        if known is not None:
            known.story.close()
        task = Task(job, follow(job, self._setup.terms), next(_serials), number)
        self._tasks[job_id] = task
        self._tell(task, lambda: next(task.story))
        if refusal is not None and job_id in self._tasks:
            self._tell(task, partial(task.story.throw, refusal))

    def _overhear(self) -> None:
        """Another process may have decided about a job that this one drives: its click is in the
        journal.
        """
        now = self._setup.clock()
        if not self._tasks or now < self._overhear_at:
            return
        self._overhear_at = now + OVERHEAR_EVERY
        revision = self._journal.revision()
        if revision != self._revision:
            self._revision = revision
            for job_id in self._journal.decided(self._driver):
                if job_id in self._tasks:
                    self._look(job_id, self._tasks[job_id].look)

    def _drop(self, task: Task) -> None:
        """Break a story off where it is."""
        task.story.close()
        self._forget(task)

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.job.id, None)
        self._journal.release(task.job.id, self._driver)

    def _tell(self, task: Task, move: Callable[[], Step]) -> None:
        """One step of a story: `move` hands it the answer (or the error) that it waited for."""
        try:
            step = move()
        except StopIteration as end:
            self._end(task, end.value)
        except Exception as mistake:  # noqa: BLE001 - one job stops, not all
            self._give_up(task, mistake)
        else:
            self._commit(task, step.job)
            task.want, task.failures = step.want, 0
            task.due = self._setup.clock() + step.want.after

    def _give_up(self, task: Task, mistake: Exception) -> None:
        """A mistake of ours concerns one job only, and loses nothing of it."""
        log.error("The story of job %s broke", task.job.id, exc_info=mistake)
        task.story.close()
        self._end(
            task, replace(task.job, phase=Phase.PAUSED, trouble=error_messages.internal(mistake))
        )

    def _end(self, task: Task, job: Job) -> None:
        self._commit(task, job)
        self._forget(task)
        if task.is_decided_anew:
            self._look(job.id, task.look)
        else:
            self._outbox.put(Idle(job.id, task.look))

    def _commit(self, task: Task, job: Job) -> None:
        """Into the journal before anything else happens; then the main thread hears of it."""
        before, task.job = task.job, job
        if job == before:
            return
        self._journal.save(job, settled=before.decision if job.decision is None else None)
        self._outbox.put(JobChanged(job))
        # canceled, say: who stood behind it is the first now
        gave_way = before.phase is Phase.WAITING and job.phase is not Phase.WAITING
        if gave_way or (before.phase in HOLDS_SLOT and job.phase not in HOLDS_SLOT):
            self._call_next_in_line(job.kind)

    # -- wants
    # --------------------------------------------------------------------------------------------------------  # noqa: E501

    def _fulfill(self, task: Task) -> None:
        want = task.want
        if isinstance(want, TakeSlot):
            self._take_slot(task, want)
        elif isinstance(want, Fetch):
            task.due = math.inf
            self._send_for(task, want)
        elif isinstance(want, Glance):
            self._glance(task, want)
        elif isinstance(want, ReadTaken):
            self._tell(task, partial(task.story.send, self._journal.assets(but=task.job.id)))
        elif want is not None:
            self._call(task, want)

    def _take_slot(self, task: Task, want: TakeSlot) -> None:
        """First come, first served: only the head of the line asks."""
        is_first = want.kind is None or task is self._first_in_line(want.kind)
        most = self._setup.slots[want.kind] if want.kind else 0
        if is_first and self._journal.take_slot(task.job.id, want.kind, most, self._driver):
            self._tell(task, lambda: task.story.send(None))
            if want.kind is not None:
                self._call_next_in_line(want.kind)
        else:
            task.due = self._setup.clock() + LINE_WAIT

    def _call_next_in_line(self, kind: Kind) -> None:
        """A slot may be free: the job that waits for the longest time asks at once (unless Mint has
        just turned it away).
        """
        first = self._first_in_line(kind)
        if first is not None and first.want is not None and not first.want.after:
            first.due = self._setup.clock()

    def _first_in_line(self, kind: Kind) -> Task | None:
        line = [
            task
            for task in self._tasks.values()
            if isinstance(task.want, TakeSlot) and task.want.kind is kind
        ]
        return min(line, key=lambda task: (task.job.created_at, task.job.id), default=None)

    # -- calls to Mint
    # ------------------------------------------------------------------------------------------------  # noqa: E501

    def _call(self, task: Task, want: dispatch.Call | Upload) -> None:
        """Send one call; its end comes back through the inbox."""
        if isinstance(want, Upload):
            self._upload(task, want)
        else:
            lane = Lane.DECISION if isinstance(want, Act) else Lane.CALL
            self._send(
                task,
                lambda client: dispatch.make(client, want),
                lane,
                changes=not isinstance(want, READS),
            )

    def _send(self, task: Task, work: Work, lane: Lane, *, changes: bool) -> None:
        task.due = math.inf
        task.call = self._calls.send(task.job.id, task.serial, work, lane, changes=changes)
        self._repeating.outage.sent(task.call, self._setup.clock())

    def _upload(self, task: Task, want: Upload) -> None:
        """Bring a picture to Mint, unless it lies there already or is on its way."""
        try:
            data = dispatch.read(want)
        except FileError as trouble:
            self._tell(task, partial(task.story.throw, trouble))
            return
        except Exception as mistake:  # noqa: BLE001 - one job stops, not all
            self._give_up(task, mistake)
            return
        picture = self._uploads.picture(data)
        url = None if want.anew else self._uploads.address(picture)
        if url is not None:
            self._tell(task, partial(task.story.send, url))
        elif self._uploads.is_in_flight(picture):
            task.due = math.inf  # until that one is here: see _take_in_call
        else:
            self._send(
                task, lambda client: dispatch.upload(client, want, data), Lane.UPLOAD, changes=True
            )
            self._uploads.sent(task.call, picture)

    def _take_in_call(self, ended: CallEnded) -> None:
        """A call has come back.

        Nobody waits for the answer to a look that a click has made a thing of the past.
        """
        self._repeating.outage.ended(ended.number, self._setup.clock())
        if self._uploads.take_in(ended):
            for other in self._tasks.values():
                if isinstance(other.want, Upload) and other.call is None and other.due == math.inf:
                    other.due = self._setup.clock()
        if ended.error is None or (
            isinstance(ended.error, MintError) and not ended.error.retryable
        ):
            self._repeating.mint_answered()
        self._introduction.take_in(ended)
        task = self._tasks.get(ended.job_id)
        if task is None or task.serial != ended.serial or task.call != ended.number:
            return
        task.call = None
        if ended.error is None or ended.account == self._account:
            self._pass_on(task, ended)
        if (
            ended.account != self._account
            and self._tasks.get(ended.job_id) is task
            and not task.is_decided_anew
        ):
            self._let_go(task)
        if task.is_decided_anew and self._tasks.get(ended.job_id) is task:
            task.is_decided_anew = False
            self._look(ended.job_id, task.look)

    def _pass_on(self, task: Task, ended: CallEnded) -> None:
        """Give a story what came back.

        What failed and may be repeated is due again later, and the story does not hear of it.
        """
        error = ended.error
        if error is None:
            if task.failures:
                self._outbox.put(Recovered(task.job.id))
            self._tell(task, lambda: task.story.send(ended.found))
        elif not isinstance(error, MintError | FileError):
            self._give_up(task, error)
        elif not (isinstance(error, MintError) and self._repeating.later(task, error)):
            if isinstance(error, MintError):
                error.follows_no_answer = task.failures > 0
            self._tell(task, partial(task.story.throw, error))

    def _ask(self, question: Question, number: int) -> None:
        """Answer well or badly, but soon: a person waits, and can ask again."""
        if not self._online:
            complaint = str(Unreachable("online access is off in Blender's preferences"))
            self._outbox.put(Answered(question, None, complaint, number=number))
        elif isinstance(question, Thumbnail | FileFacts):
            self._questions.add(self._downloads.ask(question, number, lambda: self._online))
        else:
            self._questions.add(self._calls.ask(question, number))

    # -- downloads
    # ----------------------------------------------------------------------------------------------------  # noqa: E501

    def _glance(self, task: Task, want: Glance) -> None:
        """What has come by now, or nothing: the story goes on at once."""
        came, task.glimpse = task.glimpse, None
        if came is None:
            self._send_for(task, want.fetch, in_passing=True)
        self._answer(task, came)

    def _answer(self, task: Task, outcome: Kept | FileError | None) -> None:
        """Hand a story its file, or the reason why there is none."""
        if isinstance(outcome, FileError):
            self._tell(task, lambda: task.story.throw(outcome))
        else:
            self._tell(task, lambda: task.story.send(outcome))

    def _send_for(self, task: Task, want: Fetch, *, in_passing: bool = False) -> None:
        """Have a file brought; the answer comes back through the inbox."""
        job_id, serial = task.job.id, task.serial

        def is_wanted() -> bool:
            now = self._tasks.get(job_id)
            if not self._online or now is None or now.serial != serial:
                return False
            # else a glance that took until the results were there
            return not isinstance(now.want, Fetch) or now.want == want

        self._downloads.fetch(job_id, serial, want, is_wanted, in_passing=in_passing)

    def _take_in(self, fetched: Fetched) -> None:
        """A download has ended.

        Its file may be awaited, may come in passing, or may be nobody's any more.
        """
        self._downloads.ended(fetched)
        task = self._tasks.get(fetched.job_id)
        if task is None:
            return
        outcome, is_same_telling = fetched.outcome, task.serial == fetched.serial
        awaited = isinstance(task.want, Fetch) and task.want.name == fetched.name
        if awaited and (not is_same_telling or isinstance(outcome, Stopped)):
            # an earlier telling let go of the file, or we were offline: it goes on where it was
            task.due = self._setup.clock()
        elif awaited and isinstance(outcome, FileError) and outcome.is_outage:
            # The file is paid for, and its host comes back: what has arrived is kept, and it goes
            # on by itself.
            self._repeating.download_later(task, outcome)
        elif awaited:
            self._repeating.note_success()
            self._answer(task, outcome)
        elif is_same_telling and not isinstance(outcome, Stopped):
            task.glimpse = outcome
