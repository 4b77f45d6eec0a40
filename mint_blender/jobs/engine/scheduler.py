# SPDX-License-Identifier: GPL-3.0-or-later
"""Perform the effects of all running workflows, by due time.

This is what the worker's thread does, without the thread: the clock comes from outside, so that
tests can set it. Each turn performs the most urgent effect. Calls and downloads are only sent from
here; their results come back as commands.
"""

from __future__ import annotations

import hashlib
import logging
import math
import queue
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from ...files import pictures
from ...files.errors import DiskError, FileError, InvalidPicture, Stopped
from ...message import Message
from ...mint.account import Account, Owner
from ...mint.errors import MintError, Unreachable
from ...mint.schema import Me
from ..batch_folder.line_files import LineFile
from ..job_values import LocalFile
from ..new_jobs import upload_complaint
from ..paid_requests.send import send
from ..presentation import error_messages
from ..queries import KeyOwner, Query, Thumbnail, answer
from ..storage.database import JournalError
from ..storage.journal import Journal
from ..transfers.downloads import Downloads
from ..workflow.effects import (
    Call,
    Effect,
    Fetch,
    JournalEffect,
    OptionalFetch,
    Pay,
    TakeSlot,
    Upload,
)
from .call_pool import CallPool, Lane, Work
from .config import EngineConfig
from .task import Task
from .thread_messages import (
    Ask,
    CallEnded,
    Command,
    DownloadEnded,
    Event,
    Idle,
    QueryAnswered,
    QueryEnded,
    Recovered,
    SetAccount,
    SetOnline,
    Wake,
)
from .workflow_runner import DECISION_CHECK_INTERVAL, WorkflowRunner

log = logging.getLogger(__name__)


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
        self._online = online
        self._inbox = inbox
        self._outbox = outbox
        self._calls = CallPool(config, account, inbox)
        self._downloads = Downloads(config, account, inbox, outbox)
        self._runner = WorkflowRunner(config, account, self._calls, outbox)
        self._retries = self._runner.retries
        self._identity = self._runner.identity
        self._uploads = Uploads(self._runner.journal)
        # those that are being answered, with the number of the `Ask`; by the number of the call
        self._queries: dict[int, tuple[Query, int]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no workflow runs and no answer is awaited."""
        return not self._runner.tasks and not self._queries and not self._identity.is_awaited

    def close(self, timeout: float = 1.5) -> None:
        """Stop everything within `timeout` seconds. Workflows start again from the journal."""
        self._downloads.stop()
        self._calls.close(timeout * 0.6)
        # before jobs are released: another process may then download the same files
        self._downloads.close(timeout * 0.4)
        try:
            self._apply_last_answers()
        finally:
            self._runner.close()

    def _apply_last_answers(self) -> None:
        """Apply the calls that were answered during `close`: they may name what was started."""
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
        """Carry out one command."""
        if isinstance(command, Wake):
            self._runner.wake(command.job_id, command.number)
        elif isinstance(command, DownloadEnded):
            self._on_download_ended(command)
        elif isinstance(command, SetAccount):
            self._set_account(command.account)
        elif isinstance(command, SetOnline):
            self._online = command.allowed
            self._retries.wake()
            self._identity.try_at_once()
        elif isinstance(command, Ask):
            self._ask(command.query, command.number)
        elif isinstance(command, CallEnded):
            self._on_call_ended(command)
        elif isinstance(command, QueryEnded):
            self._queries.pop(command.number, None)
            self._downloads.answered(command.number)

    def run_once(self) -> float | None:
        """Perform the most urgent effect, if one is due.

        Returns the seconds until the next one, or None when only a command can change anything.
        """
        self._downloads.close_idle(at_once=not self._online)
        if not self._online:
            return None
        self._runner.check_decisions()
        self._identity.run_once()
        tasks, now = self._runner.tasks, self._config.clock
        due, task = self._next()
        if task is not None and due <= now():
            self._perform(task)
            due, _ = self._next()
        if not tasks and not self._identity.is_awaited:
            return None
        if self._identity.is_awaited:
            due = min(due, self._identity.due)
        return max(0.0, min(due - now(), DECISION_CHECK_INTERVAL))

    def _next(self) -> tuple[float, Task | None]:
        """Return the next task and when it is due. During an outage, calls wait for a probe."""
        return self._runner.tasks.first(self._retries.outage.next_call)

    def _set_account(self, account: Account) -> None:
        """Use another key or base URL. Jobs of the earlier account stop and stay in the journal."""
        if account == self._runner.account:
            return
        self._runner.account = account
        self._calls.set_account(account)
        self._downloads.set_account(account)
        for task in self._runner.tasks:
            # a call that starts something is awaited: its answer names what was started
            if task.call is None or task.only_reads:
                self._runner.abandon(task)
        for job_id, number in self._identity.stop_waiting().items():
            self._outbox.put(Idle(job_id, number))
        self._runner.journal.set_account(account)
        self._retries.wake()

    # -- effects

    def _perform(self, task: Task) -> None:
        effect = task.effect
        if isinstance(effect, TakeSlot):
            if self._runner.slots.take(task, effect):
                self._runner.send(task, None)
        elif isinstance(effect, Fetch):
            self._wait(task)
            self._start_download(task, effect)
        elif isinstance(effect, OptionalFetch):  # continues at once, with the file if it is here
            arrived, task.optional_file = task.optional_file, None
            if arrived is None:
                self._start_download(task, effect.fetch, is_optional=True)
            self._apply_download(task, arrived)
        elif isinstance(effect, JournalEffect):
            self._runner.send(task, effect.apply(self._runner.journal, task.job))
        elif isinstance(effect, Pay):
            # all that is written around it is in `paid_requests.send`
            journal = self._runner.journal
            work = partial(
                send,
                journal=journal.path,
                call=effect.call,
                credential=journal.current_account.key_hash if journal.current_account else "",
                line=LineFile(task.job.delivery.line, task.job.owner),
            )
            self._send_call(task, effect, work)
        elif isinstance(effect, Upload):
            self._upload(task, effect)
        elif isinstance(effect, Call):
            self._send_call(task, effect, effect.make)

    def _wait(self, task: Task, due: float = math.inf) -> None:
        """Perform the task's effect at this time; without one, not before something happens."""
        self._runner.tasks.schedule(task, due)

    def _send_call(self, task: Task, effect: Effect[Any], work: Work) -> None:
        """Send one call to Mint. Its result comes back through the inbox."""
        lane = Lane.DECISION if effect.is_decision else Lane.CALL
        lane = Lane.UPLOAD if isinstance(effect, Upload) else lane
        self._wait(task)
        task.call = self._calls.send(
            task.job.id, task.serial, work, lane, changes=not effect.is_read
        )
        self._retries.outage.sent(task.call, self._config.clock())

    def _upload(self, task: Task, effect: Upload) -> None:
        """Upload a picture to Mint, unless it is there already or on its way."""
        try:
            data = read_picture(effect)
        except FileError as error:
            self._runner.throw(task, error)
            return
        except Exception as error:  # noqa: BLE001 - one job stops, not all
            self._runner.fail(task, error)
            return
        picture = self._uploads.picture(data)
        url = None if effect.force else self._uploads.url(picture)
        if url is not None:
            self._runner.send(task, url)
        elif self._uploads.wait_for(picture, task):
            self._wait(task)  # until the other upload ends: see _on_call_ended
        else:
            name, media_type = Path(effect.path).name, pictures.inspect(data).media_type
            self._send_call(
                task,
                effect,
                lambda client: client.upload_image(data, name, media_type, key=effect.key).url,
            )
            self._uploads.sent(task.call, picture)

    # -- results of calls

    def _on_call_ended(self, ended: CallEnded) -> None:
        """Apply the result of a call, unless a decision has made it obsolete."""
        if (asked := self._queries.pop(ended.number, None)) is not None:
            self._on_query_ended(*asked, ended)
            return
        self._retries.outage.ended(ended.number, self._config.clock())
        if self._calls.clock_offset is not None:
            self._runner.journal.note_clock_offset(self._calls.clock_offset)
        for waiting in self._uploads.end(ended):
            if isinstance(waiting.effect, Upload) and self._runner.tasks.is_running(waiting):
                self._wait(waiting, self._config.clock())
        if ended.error is None or (
            isinstance(ended.error, MintError) and not ended.error.retryable
        ):
            self._retries.mint_answered()
        self._identity.on_call_ended(ended)
        task = self._runner.tasks.get(ended.job_id)
        if task is None or task.serial != ended.serial or task.call != ended.number:
            return
        task.call = None
        is_own = ended.account == self._runner.account
        if ended.error is None or is_own:
            self._apply_call(task, ended)
        is_running = self._runner.tasks.is_running
        if not is_own and is_running(task) and not task.has_new_decision:
            self._runner.abandon(task)
        if task.has_new_decision and is_running(task):
            task.has_new_decision = False
            self._runner.wake(ended.job_id, task.wake_number)

    def _apply_call(self, task: Task, ended: CallEnded) -> None:
        """Continue the workflow with the result, or schedule a retry."""
        error = ended.error
        if error is None:
            if task.failures.count:
                self._outbox.put(Recovered(task.job.id))
            self._runner.send(task, ended.result)
        elif isinstance(error, JournalError):
            raise error  # of all jobs, not of this one
        elif not isinstance(error, MintError | FileError):
            self._runner.fail(task, error)
        elif not (isinstance(error, MintError) and self._retries.retry_call(task, error)):
            self._runner.throw(task, error)

    # -- queries

    def _ask(self, query: Query, number: int) -> None:
        """Answer a query soon, without retries: a person waits, and can ask again."""
        if not self._online:
            reason = str(Unreachable(Message("online access is off in Blender's preferences")))
            self._outbox.put(QueryAnswered(query, None, reason, number=number))
        elif isinstance(query, Thumbnail):
            call = self._downloads.ask(query, number, lambda: self._online)
            self._queries[call] = query, number
        else:
            self._queries[self._calls.ask(partial(answer, query=query))] = query, number

    def _on_query_ended(self, query: Query, number: int, ended: CallEnded) -> None:
        """Store what a query said about the account, then pass the answer on.

        In this order, since the main thread then reads from the journal whose key it is.
        """
        error, found = ended.error, ended.error or ended.result
        is_current = ended.account == self._runner.account
        if is_current and isinstance(query, KeyOwner) and isinstance(found, Me | MintError):
            self._identity.apply(found)
        if error is None:
            self._retries.mint_answered()
            answered = QueryAnswered(query, cast(Any, ended.result), number=number)
        elif isinstance(error, MintError):
            reason = error_messages.key_problem(error)
            answered = QueryAnswered(query, None, str(error), number=number, key_problem=reason)
        else:
            log.error("The query %s failed", query, exc_info=error)
            message = error_messages.internal(error).message
            answered = QueryAnswered(query, None, message, number=number)
        self._outbox.put(answered)

    # -- downloads

    def _apply_download(self, task: Task, outcome: LocalFile | FileError | None) -> None:
        if isinstance(outcome, FileError):
            self._runner.throw(task, outcome)
        else:
            self._runner.send(task, outcome)

    def _start_download(self, task: Task, effect: Fetch, *, is_optional: bool = False) -> None:
        """Start a download. Its result comes back through the inbox."""
        job_id, serial = task.job.id, task.serial

        def is_wanted() -> bool:
            now = self._runner.tasks.get(job_id)
            if not self._online or now is None or now.serial != serial:
                return False
            # an optional file is dropped once the workflow fetches another file
            return not isinstance(now.effect, Fetch) or now.effect == effect

        self._downloads.fetch(job_id, serial, effect, is_wanted, is_optional=is_optional)

    def _on_download_ended(self, fetched: DownloadEnded) -> None:
        """Apply a download: it may be awaited, optional, or no longer wanted."""
        self._downloads.ended(fetched)
        task = self._runner.tasks.get(fetched.job_id)
        if task is None:
            return
        outcome, is_same_run = fetched.outcome, task.serial == fetched.serial
        is_awaited = isinstance(task.effect, Fetch) and task.effect.name == fetched.name
        if is_awaited and (not is_same_run or isinstance(outcome, Stopped)):
            # an earlier run's download has ended, or we were offline: resume it now
            self._wait(task, self._config.clock())
        elif is_awaited and isinstance(outcome, FileError) and outcome.is_outage:
            self._retries.retry_download(task, outcome)
        elif is_awaited:
            self._retries.note_success()
            self._apply_download(task, outcome)
        elif is_same_run and not isinstance(outcome, Stopped):
            task.optional_file = outcome


MAX_AGE = 30 * 24 * 3600.0
"""Seconds for which a URL is reused. Mint calls it durable, but does not say for how long."""


class Picture(NamedTuple):
    """A picture, by a hash of its bytes, and the account it is uploaded for."""

    digest: str
    owner: Owner


class Uploads:
    """The pictures that are at Mint, or on their way. For the scheduler's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._in_flight: dict[int, Picture] = {}  # by the number of the call
        self._waiting: dict[Picture, list[Task]] = {}  # for each picture that is in flight

    def picture(self, data: bytes) -> Picture:
        """Identify these bytes for the current account."""
        current_account = self._journal.current_account
        return Picture(
            hashlib.sha256(data).hexdigest(),
            (current_account and current_account.owner) or Owner("", ""),
        )

    def url(self, picture: Picture) -> str | None:
        """Return the picture's URL at Mint, or None."""
        return self._journal.uploads.url(*picture, since=time.time() - MAX_AGE)

    def wait_for(self, picture: Picture, task: Task) -> bool:
        """Let the task wait if another job is uploading the same picture; return whether it is."""
        if picture not in self._waiting:
            return False
        self._waiting[picture].append(task)
        return True

    def sent(self, number: int | None, picture: Picture) -> None:
        """Note that this call uploads the picture."""
        self._in_flight[number or 0] = picture
        self._waiting[picture] = []

    def end(self, ended: CallEnded) -> list[Task]:
        """Note that a call has ended. Returns the tasks that have waited for its picture."""
        picture = self._in_flight.pop(ended.number, None)
        if picture is None:
            return []
        if isinstance(ended.result, str):
            self._journal.uploads.add(*picture, ended.result)
        return self._waiting.pop(picture)


def read_picture(effect: Upload) -> bytes:
    """Return the bytes of a local reference image.

    Raises:
        FileError: It is gone, or has a format or size that Mint does not accept.
    """
    path = Path(effect.path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DiskError(
            Message(
                "The reference image {name} cannot be read ({reason}). Choose it again.",
                name=path.name,
                reason=error.strerror,
            )
        ) from error
    if complaint := upload_complaint(path.name, len(data), pictures.inspect(data).format):
        raise InvalidPicture(complaint)
    return data
