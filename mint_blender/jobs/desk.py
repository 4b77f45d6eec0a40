# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells all stories by due time: what the one thread does, without the thread. The clock comes from outside, so tests turn it by hand.

Each turn takes the most urgent job one step further: commit first, then fulfil what its story wants.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from ..files.download import Downloader
from ..files.errors import FileTrouble, Stopped
from ..files.store import Store
from ..mint.account import Account, Owner
from ..mint.accounting import Me
from ..mint.client import Client
from ..mint.errors import KeyMissing, KeyRefused, MintError, TooManyActive, Unreachable
from ..mint.schema import Kind
from . import calls, errands, fetching, identity, troubles
from .driver import Driver
from .identity import Identity
from .job import HOLDS_SLOT, Job, Kept, Phase
from .journal import Journal
from .messages import Answered, Ask, Command, ErrandDone, Fetched, Hitch, JobChanged, Look, News, Online, Progress, Rested, Use
from .pool import Pool
from .questions import FileFacts, Question, Thumbnail, WhoseKey, answer
from .setup import Setup
from .story import Story, follow
from .wants import AnyWant, Fetch, Glance, ReadTaken, Step, TakeSlot, Upload

log = logging.getLogger(__name__)

# One count for all desks of a process: a late answer to a story of an earlier desk must not be taken for one of this desk's.
_serials = itertools.count(1)

OVERHEAR_EVERY = 2.0  # seconds until a click of another process is noticed, at most
UPLOAD_LASTS = 30 * 24 * 3600.0  # seconds; Mint calls the address durable, but says not for how long
LINE_WAIT = 5.0  # seconds until a waiting job looks again whether another process has given up a slot


@dataclass
class _Task:
    """A story being told: the job as last committed, what it wants next, and when."""

    job: Job
    story: Story
    serial: int  # number of this telling: a job is told anew after each click
    look: int  # number of the last Look at it
    want: AnyWant | None = None
    due: float = 0.0
    failures: int = 0
    failing_since: float = 0.0
    glimpse: Kept | FileTrouble | None = None  # a file that came while the story was busy with something else


class Desk:
    """All stories that this process tells. One thread at a time may use it: its journal and its connection are not shared."""

    def __init__(
        self, setup: Setup, account: Account, inbox: queue.SimpleQueue[Command], outbox: queue.SimpleQueue[News], *, online: bool = True
    ) -> None:
        self._setup = setup
        self._account = account
        self._online = online
        self._inbox = inbox
        self._outbox = outbox
        self._journal = Journal(setup.home)
        self._journal.act_for(account)
        self._driver = Driver(setup.home)
        self._pool = Pool(setup.downloads)
        self._client: Client | None = None
        self._tasks: dict[str, _Task] = {}
        self._identity = Identity(setup.retries)
        self._downloads: set[tuple[str, str]] = set()  # files of jobs that are being downloaded, wanted or not
        self._errands: set[int] = set()  # questions to the file host that are being answered
        self._errand_downloader: Downloader | None = None  # one for all of them: many small files from one host
        self._revision = self._journal.revision()
        self._overhear_at = 0.0
        self._halted = threading.Event()

    @property
    def is_idle(self) -> bool:
        """No story is being told, and nobody is out for an answer."""
        return not self._tasks and not self._errands and not self._identity.waiting

    def close(self, timeout: float = 1.0) -> None:
        """Break off all stories, within a bound. They are told again from the journal."""
        self._halted.set()
        self._pool.close(timeout)  # first: once a job is let go, another process may download the same files
        try:
            for task in list(self._tasks.values()):
                self._drop(task)
        finally:
            self._hang_up()
            if self._errand_downloader is not None:
                self._errand_downloader.close()
            self._journal.close()
            self._driver.close()

    def receive(self, command: Command) -> None:
        """Take in one command."""
        if isinstance(command, Look):
            self._look(command.job_id, command.number)
        elif isinstance(command, Fetched):
            self._take_in(command)
        elif isinstance(command, Use):
            self._use(command.account)
        elif isinstance(command, Online):
            self._online = command.allowed
        elif isinstance(command, Ask):
            self._ask(command.question, command.number)
        elif isinstance(command, ErrandDone):
            self._errands.discard(command.serial)

    def turn(self) -> float | None:
        """Fulfil the most urgent want, if one is due. Returns the seconds until the next one; None: only a message can bring news."""
        if not self._online:
            return None
        self._overhear()
        if self._identity.waiting and self._identity.due <= self._setup.clock():
            self._identify()
        task = min(self._tasks.values(), key=lambda task: task.due, default=None)
        if task is not None and task.due <= self._setup.clock():
            self._fulfil(task)
        due = [task.due for task in self._tasks.values()] + ([self._identity.due] if self._identity.waiting else [])
        return max(0.0, min(min(due) - self._setup.clock(), OVERHEAR_EVERY)) if due else None

    # -- whose key ----------------------------------------------------------------------------------------------------

    def _use(self, account: Account) -> None:
        """Another key or address: what goes on for the earlier one is let go. It stays in the journal, under its owner."""
        if account == self._account:
            return
        for task in list(self._tasks.values()):
            self._drop(task)
            self._outbox.put(Rested(task.job.id, task.look))
        for job_id, number in self._identity.take_waiting().items():
            self._outbox.put(Rested(job_id, number))
        self._account = account
        self._errand_downloader = None  # where it may reach depends on the API; those who use it still keep it
        self._hang_up()
        self._journal.act_for(account)

    def _identify(self) -> None:
        """Ask Mint whose key it is, before anything else is sent with it."""
        try:
            me = self._connected().me()
        except MintError as error:
            self._hear_whose_key(error)
        else:
            self._hear_whose_key(me)

    def _hear_whose_key(self, said: Me | MintError) -> None:
        """Mint has said it, does not say it, refuses the key, or could not be reached: then it is asked again."""
        known = identity.user_of(said)
        if known is not identity.NOT_SAID:
            self._journal.settle(known)
            for job_id, number in self._identity.take_waiting().items():
                self._look(job_id, number)
        elif isinstance(said, MintError) and (wait := self._identity.wait(said, self._setup.clock(), self._setup.chance())) is not None:
            for job_id in self._identity.waiting:
                self._outbox.put(Hitch(job_id, str(said), wait))
        elif isinstance(said, MintError):
            if isinstance(said, KeyRefused | KeyMissing):
                self._journal.disown()
            for job_id, number in self._identity.take_waiting().items():
                self._look(job_id, number, refusal=said)

    # -- stories ------------------------------------------------------------------------------------------------------

    def _look(self, job_id: str, number: int, *, refusal: MintError | None = None) -> None:
        """Tell a job's story from what the journal knows. A story that is being told goes on, unless there is a new decision.

        Nothing is told before it is known whose key is in use; `refusal` is why that will not be."""
        if self._account.key and not refusal and self._journal.present and not self._journal.present.is_settled:
            self._identity.wait_for(job_id, number)
            return
        job = self._journal.claim(job_id, self._driver)
        if job is None:
            self._outbox.put(Rested(job_id, number))
            return
        known = self._tasks.get(job_id)
        if known is not None and job.decision == known.job.decision:
            known.look = number
            return
        if known is not None:
            known.story.close()
        task = _Task(job, follow(job, self._setup.terms), next(_serials), number)
        self._tasks[job_id] = task
        self._tell(task, lambda: next(task.story))
        if refusal is not None and job_id in self._tasks:
            self._tell(task, partial(task.story.throw, refusal))

    def _overhear(self) -> None:
        """Another process may have decided about a job that this one drives: its click is in the journal."""
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

    def _drop(self, task: _Task) -> None:
        """Break a story off where it is."""
        task.story.close()
        self._forget(task)

    def _forget(self, task: _Task) -> None:
        self._tasks.pop(task.job.id, None)
        self._journal.release(task.job.id, self._driver)

    def _tell(self, task: _Task, move: Callable[[], Step]) -> None:
        """One step of a story: `move` hands it the answer (or the error) that it waited for."""
        try:
            step = move()
        except StopIteration as end:
            self._end(task, end.value)
        except Exception as mistake:
            self._give_up(task, mistake)
        else:
            self._commit(task, step.job)
            task.want, task.failures = step.want, 0
            task.due = self._setup.clock() + step.want.after

    def _give_up(self, task: _Task, mistake: Exception) -> None:
        """A mistake of ours concerns one job only, and loses nothing of it."""
        log.error("The story of job %s broke", task.job.id, exc_info=mistake)
        task.story.close()
        self._end(task, replace(task.job, phase=Phase.PAUSED, trouble=troubles.internal(mistake)))

    def _end(self, task: _Task, job: Job) -> None:
        self._commit(task, job)
        self._forget(task)
        self._outbox.put(Rested(job.id, task.look))

    def _commit(self, task: _Task, job: Job) -> None:
        """Into the journal before anything else happens; then the main thread hears of it."""
        before, task.job = task.job, job
        if job == before:
            return
        self._journal.save(job, settled=before.decision if job.decision is None else None)
        self._outbox.put(JobChanged(job))
        gave_way = before.phase is Phase.WAITING and job.phase is not Phase.WAITING  # cancelled, say: who stood behind it is the first now
        if gave_way or (before.phase in HOLDS_SLOT and job.phase not in HOLDS_SLOT):
            self._call_next_in_line(job.kind)

    # -- wants --------------------------------------------------------------------------------------------------------

    def _fulfil(self, task: _Task) -> None:
        want = task.want
        if isinstance(want, TakeSlot):
            self._take_slot(task, want)
        elif isinstance(want, Fetch):
            task.due = math.inf
            self._send_for(task, want)
        elif isinstance(want, Glance):
            self._glance(task, want)
        elif isinstance(want, ReadTaken):
            taken = self._journal.assets(but=task.job.id)
            self._tell(task, lambda: task.story.send(taken))
        elif want is not None:
            self._call(task, want)

    def _take_slot(self, task: _Task, want: TakeSlot) -> None:
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
        """A slot may be free: the job that waits for the longest time asks at once (unless Mint has just turned it away)."""
        first = self._first_in_line(kind)
        if first is not None and first.want is not None and not first.want.after:
            first.due = self._setup.clock()

    def _first_in_line(self, kind: Kind) -> _Task | None:
        line = [task for task in self._tasks.values() if isinstance(task.want, TakeSlot) and task.want.kind is kind]
        return min(line, key=lambda task: (task.job.created_at, task.job.id), default=None)

    def _call(self, task: _Task, want: calls.Call | Upload) -> None:
        """One exchange with Mint. What failed and may be repeated is due again later; the story hears only of the end of patience."""
        try:
            found = self._upload(want) if isinstance(want, Upload) else calls.make(self._connected(), want)
        except (MintError, FileTrouble) as error:
            if isinstance(error, FileTrouble) or not self._repeat_later(task, error):
                self._tell(task, partial(task.story.throw, error))
        except Exception as mistake:
            self._give_up(task, mistake)
        else:
            self._tell(task, lambda: task.story.send(found))

    def _upload(self, want: Upload) -> str:
        """The same bytes are sent to the same Mint once: where they lie is remembered for as long as one may rely on it."""
        data = calls.read(want)
        digest = hashlib.sha256(data).hexdigest()
        owner = (self._journal.present and self._journal.present.owner) or Owner("", "")
        url = None if want.anew else self._journal.uploaded(digest, owner, since=time.time() - UPLOAD_LASTS)
        if url is None:
            url = calls.upload(self._connected(), want, data)
            self._journal.note_upload(digest, owner, url)
        return url

    def _repeat_later(self, task: _Task, error: MintError) -> bool:
        now = self._setup.clock()
        task.failures += 1
        if task.failures == 1:
            task.failing_since = now
        wait = self._setup.retries.wait(task.failures, self._setup.chance(), error.retry_after)
        in_time = self._setup.retries.may_repeat(task.failures, now - task.failing_since + wait)
        if (until := getattr(task.want, "until", None)) is not None:
            if self._setup.terms.now() >= until:
                return False  # unanswered for so long that it is no longer repeated by itself: the story knows what to do then
            wait = min(wait, until - self._setup.terms.now())
        # Too many active generations: that is a matter of standing in line, which the story knows how to do.
        if not error.retryable or isinstance(error, TooManyActive) or not in_time:
            return False
        task.due = now + wait
        self._outbox.put(Hitch(task.job.id, str(error), wait))
        return True

    def _ask(self, question: Question, number: int) -> None:
        """Answer at once, well or badly: a person waits, and can ask again."""
        try:
            if not self._online:
                raise Unreachable("online access is off in Blender's preferences")
            if isinstance(question, Thumbnail | FileFacts):
                self._send_out(question, number)
            else:
                found = answer(self._connected(), question)
                if isinstance(found, Me):
                    self._hear_whose_key(found)
                self._outbox.put(Answered(question, found, number=number))
        except MintError as error:
            if isinstance(question, WhoseKey) and identity.user_of(error) is None:
                self._hear_whose_key(error)
            self._outbox.put(Answered(question, None, str(error), number=number))
        except Exception as mistake:
            log.exception("The question %s broke", question)
            self._outbox.put(Answered(question, None, troubles.internal(mistake).sentence, number=number))

    def _connected(self) -> Client:
        if self._client is None:
            self._client = self._setup.connect(self._account)
        return self._client

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # -- downloads ----------------------------------------------------------------------------------------------------

    def _glance(self, task: _Task, want: Glance) -> None:
        """What has come by now, or nothing: the story goes on at once."""
        came, task.glimpse = task.glimpse, None
        if came is None:
            self._send_for(task, want.fetch)
        self._answer(task, came)

    def _answer(self, task: _Task, outcome: Kept | FileTrouble | None) -> None:
        """Hand a story its file, or the reason why there is none."""
        if isinstance(outcome, FileTrouble):
            self._tell(task, lambda: task.story.throw(outcome))
        else:
            self._tell(task, lambda: task.story.send(outcome))

    def _send_for(self, task: _Task, want: Fetch) -> None:
        """Hand a download to the pool; the answer comes back through the inbox."""
        job_id, serial = task.job.id, task.serial
        if (job_id, want.name) in self._downloads:
            return  # it is under way, or one that nobody wants any more is still letting go of the same file: see _take_in
        self._downloads.add((job_id, want.name))

        def unwanted() -> bool:
            now = self._tasks.get(job_id)
            if self._halted.is_set() or not self._online or now is None or now.serial != serial:
                return True
            return isinstance(now.want, Fetch) and now.want != want  # a glance that took until the results were there

        def report(done: int, total: int | None) -> None:
            self._outbox.put(Progress(job_id, want.role, done, total))

        local_files = self._account.is_local

        def work() -> None:
            try:
                folder = Store(self._setup.home).job_folder(job_id)
                with self._setup.downloader(local_files) as downloader:
                    outcome = fetching.fetch(want, folder, downloader=downloader, stop=unwanted, progress=report)
                self._inbox.put(Fetched(job_id, serial, want.name, outcome))
            except FileTrouble as trouble:
                self._inbox.put(Fetched(job_id, serial, want.name, trouble))
            except Exception as mistake:
                log.exception("The download of %s for job %s broke", want.role, job_id)
                self._inbox.put(Fetched(job_id, serial, want.name, FileTrouble(troubles.internal(mistake).sentence)))

        self._pool.submit(work)

    def _send_out(self, question: Thumbnail | FileFacts, number: int) -> None:
        """Hand a question to the pool: a file host may be slow, and several pictures are wanted at a time."""
        serial = next(_serials)
        self._errands.add(serial)
        if self._errand_downloader is None:
            self._errand_downloader = self._setup.downloader(self._account.is_local)
        downloader, local_files = self._errand_downloader, self._account.is_local

        def unwanted() -> bool:
            return self._halted.is_set() or not self._online

        def work() -> None:
            answered = errands.run(question, self._setup.home, downloader, unwanted, local_files=local_files)
            self._outbox.put(replace(answered, number=number))
            self._inbox.put(ErrandDone(serial))

        self._pool.submit(work)

    def _take_in(self, fetched: Fetched) -> None:
        """A download has ended. Its file may be awaited, may come in passing, or may be nobody's any more."""
        self._downloads.discard((fetched.job_id, fetched.name))
        task = self._tasks.get(fetched.job_id)
        if task is None:
            return
        outcome, is_same_telling = fetched.outcome, task.serial == fetched.serial
        awaited = isinstance(task.want, Fetch) and task.want.name == fetched.name
        if awaited and (not is_same_telling or isinstance(outcome, Stopped)):
            task.due = self._setup.clock()  # an earlier telling let go of the file, or we were offline: it goes on where it was
        elif awaited:
            self._answer(task, outcome)
        elif is_same_telling and not isinstance(outcome, Stopped):
            task.glimpse = outcome
