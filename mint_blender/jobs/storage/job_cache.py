# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs in memory that a window reads many times a second: the open ones and the latest others.

What is changed here is committed first; `reread` brings what the worker or another process wrote.
All other jobs are read from the journal when somebody asks for them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from ...message import Message
from ...mint.account import Account
from ...mint.schema import Kind, Mode
from ..errors import NotPossible
from ..job import Job, is_never_sent
from ..job_values import ClickPrices, Decision
from ..notes import note
from ..phases import ENDED, HOLDS_SLOT, Phase, Verb
from .journal import Journal, Unreadable

versions = itertools.count(1)
"""Never the same twice, whichever service is open: whoever has seen one has seen that list."""
LATEST = 100
"""How many of the ended jobs are in memory, the newest ones. No code may need the others here."""


class JobCache:
    """The jobs on the list that are in memory: all that are open, and the latest ended ones."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._committed: set[str] | None = None  # the jobs that a commit has put or removed
        self._most = self._room = LATEST
        self._read_all()

    def _read_all(self) -> None:
        # Read before the jobs: what is written in between is then read twice instead of missed.
        self._serial = self._journal.serial()
        self._account = self._journal.look_up_account()
        ended = self._journal.ended_records(self._most + 1)
        self.has_older = len(ended) > self._most
        """Whether there are ended jobs on the list that are not in memory."""
        records = [*self._journal.open_records(), *ended[: self._most]]
        self._records: dict[str, Job | Unreadable] = {record.id: record for record in records}
        self._moves: dict[str, Moves] = {}  # of those that were asked for
        self._forget("usual")
        self._change()

    def _forget(self, *names: str) -> None:
        """Compute these properties again when they are asked for."""
        for name in names:
            vars(self).pop(name, None)

    def _change(self) -> None:
        self.version = next(versions)
        self._found: dict[str, Job] = {}  # read from the journal since the last change
        self._forget("_in_order", "unreadable", "paid_for_optimizing", "slots_taken")
        if len(self._records) > self._room:  # half of it is then free again
            ended = (job for job in self if job.phase in ENDED)
            for job in list(itertools.islice(ended, self._most, None)):
                del self._records[job.id]
                self._moves.pop(job.id, None)
                self.has_older = True
            self._forget("_in_order")
            self._room = len(self._records) + self._most

    def show_older(self) -> None:
        """Bring more of the ended jobs into memory, so that they can be listed."""
        self._most += LATEST
        self._read_all()

    # -- reading

    def __iter__(self) -> Iterator[Job]:
        """Iterate over the jobs in memory, newest first."""
        return (each for each in self._in_order if isinstance(each, Job))

    @cached_property
    def _in_order(self) -> list[Job | Unreadable]:
        return sorted(self._records.values(), key=lambda each: (-each.created_at, each.id))

    @cached_property
    def unreadable(self) -> list[Unreadable]:
        """The records that cannot be read, newest first."""
        return [each for each in self._in_order if isinstance(each, Unreadable)]

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None if it is not on the list."""
        known = self._records.get(job_id)
        job = known if isinstance(known, Job) else self._found.get(job_id)
        if job is None and (job := self._journal.listed_job(job_id)) is not None:
            if len(self._found) >= LATEST:
                self._found.clear()
            self._found[job_id] = job
        return job

    def find(self, prefix: str) -> Job:
        """Return a job by its id or a unique prefix of it.

        Raises:
            NotPossible: There is no such job, or several.
        """
        is_text = bool(prefix) and prefix.isprintable()  # anything else may be no valid Unicode
        if is_text and (job := self.get(prefix)):
            return job
        matches = self._journal.listed_jobs(prefix) if is_text else []
        if len(matches) != 1:
            raise NotPossible(
                Message('There is no job "{beginning}" in the journal.', beginning=prefix)
                if not matches
                else Message('More than one job begins with "{beginning}".', beginning=prefix)
            )
        return matches[0]

    def moves(self, job: Job) -> Moves:
        """Return when the job entered which phase, as of the last `reread`."""
        if job.id not in self._records:
            return self._journal.moves([job.id])[job.id]
        if job.id not in self._moves:
            self._moves.update(self._journal.moves([job.id]))
        return self._moves[job.id]

    @cached_property
    def usual(self) -> Mapping[Stage, float]:
        """How many seconds each stage has taken in the latest jobs."""
        self._moves.update(self._journal.moves(self._records.keys() - self._moves.keys()))
        return usual_seconds(self, self._moves)

    @cached_property
    def paid_for_optimizing(self) -> float | None:
        """The Credits that Mint took for the latest optimization, or None if there was none."""
        return self._journal.last_optimization()

    @cached_property
    def slots_taken(self) -> Counter[Kind]:
        """How many jobs of each kind are active at Mint, as far as this journal knows."""
        return Counter(job.kind for job in self if job.phase in HOLDS_SLOT and job.hold is None)

    # -- keeping up

    def reread(self) -> bool:
        """Read what the worker or another process wrote. Returns whether anything changed.

        Costs next to nothing when nothing was written.
        """
        if self._journal.look_up_account() != self._account:
            # whether a job belongs to the account may be known now
            self._read_all()
            return True
        return self._read_changes()

    def _read_changes(self, known: Collection[str] = ()) -> bool:
        serial, changes = self._journal.changes(self._serial, known)
        before = {job_id: self._records.get(job_id) for job_id in changes}
        if news := {id: job for id, job in changes.items() if job is None or job != before[id]}:
            self._put(news)
        self._serial = serial
        return any(before[job_id] != job for job_id, job in news.items())

    def set_account(self, account: Account) -> None:
        """Talk to another account from now on: each job may match it differently."""
        self._journal.set_account(account)
        self._read_all()

    # -- writing

    @contextmanager
    def single_commit(self) -> Iterator[None]:
        """Make all changes inside one commit, based on what has just been reread.

        What is put here is not read again. If the commit fails, nothing is changed here either.
        Inside another one it is a part of that.
        """
        if self._committed is not None:
            yield
            return
        before = self._records
        serial = self._serial
        self._committed = set()
        try:
            with self._journal.single_commit():
                self.reread()
                before = dict(self._records)
                serial = self._serial
                self._committed.clear()
                yield
                self._read_changes(known=self._committed)
        except BaseException:
            self._records = before
            self._serial = serial
            self._moves.clear()
            self._change()
            raise
        finally:
            self._committed = None

    def add(self, *jobs: Job) -> list[Job]:
        """Commit new jobs, all or none. Returns them as stored."""
        with self.single_commit():
            kept = self._journal.add(*jobs)
            self._put({job.id: job for job in kept})
        return kept

    def save(self, job: Job) -> None:
        """Commit a job that nothing drives."""
        with self.single_commit():
            self._put({job.id: self._journal.save(job)})

    def decide(
        self, job: Job, decision: Decision, prices: ClickPrices = (None, None)
    ) -> Job | None:
        """Return the job with this decision committed, or None if that is no longer possible.

        `prices` are those of the click: of what Mint makes, and of optimizing it. The list then
        shows what the job is now.
        """
        with self.single_commit():
            decided = self._journal.decide(job.id, decision, prices)
            if decided is not None:
                self._put({job.id: decided})
        return decided

    def cancel(self, job: Job) -> None:
        """Commit that a job is canceled for which nothing was sent. Nothing will be, either."""
        with self.single_commit():
            for request in job.requests:
                self._journal.paid_requests.cancel(request.key)
            if any(each.is_left_in_doubt for each in job.requests):  # it was started again
                job = job.with_note(note("canceled_in_doubt"))
            self.save(job.moved(Phase.CANCELED, problem=None))

    def dismiss(self, job_id: str) -> None:
        """Remove a job from the list. What it cost stays known."""
        with self.single_commit():
            self._journal.dismiss(job_id)
            self._put({job_id: None})

    def restore_dismissed(self, start: str) -> None:
        """Put dismissed jobs back on the list whose batch line begins like this."""
        self._put({job.id: job for job in self._journal.restore_dismissed(start)})

    def _put(self, records: Mapping[str, Job | Unreadable | None]) -> None:
        """Show these records, by id; None: it was dismissed."""
        for job_id, record in records.items():
            # nearly every poll changes a job, but not its phase
            if _phase(record) is not _phase(self._records.get(job_id)):
                self._moves.pop(job_id, None)
                self._forget("usual")
            if record is None:
                self._records.pop(job_id, None)
            else:
                self._records[job_id] = record
            if self._committed is not None:
                self._committed.add(job_id)
        self._change()


def _phase(job: Job | Unreadable | None) -> Phase | None:
    return job.phase if isinstance(job, Job) else None


JUST_NOW = 5.0  # seconds until another process drives a job that it has started
# The jobs that were started or resumed in this process: it is one session,
# however often a job service is opened in it.
_requested: set[str] = set()


def note_request(job_id: str) -> None:
    """Note that a person wants a job in this session."""
    _requested.add(job_id)


def holds_back(job: Job) -> bool:
    """Return whether the job waits: never sent, and not requested in this session."""
    return job.id not in _requested and is_never_sent(job)


Moves = Sequence[tuple[Phase, float]]

# Seconds from the start to the result, until there are jobs to measure: as measured in autumn 2026
# (Worlds 4 to 6 minutes, models about 4). How long a Preview takes is not known.
FIRST_GUESS: Mapping[str, float] = {Kind.WORLD.value: 300.0, Kind.MODEL.value: 240.0}
SAMPLES = 20  # the latest jobs show best how fast Mint is now


class Stage(NamedTuple):
    """A stage of the work at Mint: what is made, with which settings, and how it ends."""

    kind: str
    preset: str
    mode: str
    ends_in: Phase


class Outlook(NamedTuple):
    """How far the current stage is.

    `elapsed` are the seconds so far, `usual` the seconds that it usually takes (None: unknown).
    """

    elapsed: float
    usual: float | None

    @property
    def fraction(self) -> float | None:
        """0 to 0.97, since only Mint knows when it ends; None if unknown."""
        return None if not self.usual else min(0.97, self.elapsed / self.usual)

    @property
    def remaining(self) -> float | None:
        """Seconds left; None if unknown, or if it takes longer than usual."""
        return (
            None if self.usual is None or self.elapsed > self.usual else self.usual - self.elapsed
        )


def stage_of(job: Job, ends_in: Phase | None = None) -> Stage:
    """Return the stage that ends like this; without an end, the one that a job at Mint is in."""
    if ends_in is None:
        approved = job.decision is not None and job.decision.verb is Verb.APPROVE
        is_last = approved or len(job.previews) > job.revision or job.request.mode is Mode.AUTO
        ends_in = Phase.FETCHING if is_last else Phase.REVIEW
    return Stage(job.work, job.request.preset.value, job.request.mode.value, ends_in)


def usual_seconds(jobs: Iterable[Job], moves: Mapping[str, Moves]) -> dict[Stage, float]:
    """Return the median seconds of each stage over the latest jobs. `jobs` are newest first."""
    samples: dict[Stage, list[float]] = {}
    for job in jobs:
        for (phase, since), (ends_in, until) in pairwise(moves.get(job.id, ())):
            if phase is Phase.WORKING and ends_in in {Phase.REVIEW, Phase.FETCHING}:
                samples.setdefault(stage_of(job, ends_in), []).append(until - since)
    latest = {stage: sorted(found[:SAMPLES]) for stage, found in samples.items()}
    return {each: (of[len(of) // 2] + of[~(len(of) // 2)]) / 2 for each, of in latest.items()}


def outlook(job: Job, moves: Moves, usual: Mapping[Stage, float], *, now: float) -> Outlook:
    """Return how far a job at Mint is in its current stage. `now`: seconds since the epoch."""
    since = next((at for phase, at in reversed(moves) if phase is Phase.WORKING), job.created_at)
    stage = stage_of(job)
    guess = FIRST_GUESS.get(stage.kind) if stage.ends_in is Phase.FETCHING else None
    return Outlook(max(0.0, now - since), usual.get(stage, guess))
