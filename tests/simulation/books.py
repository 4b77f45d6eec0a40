# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of words: what people were told about their money, against Mint's books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import Cause
from mint_blender.jobs.phases import Phase

from ..mint_model.records import BUSY, DONE, Operation

if TYPE_CHECKING:
    from .world import World

SENTENCES = ("othing was started", "othing was sent")
OPEN_SENTENCES = ("may have started",)
Requests = dict[str, tuple[str, str | None]]
"""The job and the end of each request of a journal, by its key."""
NEVER_PAID = frozenset({"failed", "canceled"})


@dataclass(frozen=True)
class Told:
    """A person was told at a time that nothing was started with these idempotency keys.

    `known` are the operations and assets that the job had named by then: it is not about them.
    """

    job: str
    text: str
    at: float
    keys: frozenset[str]
    known: frozenset[str]
    is_final: bool


@dataclass
class Books:
    """What jobs have said and named, and when the request was sent that made an operation."""

    told: dict[tuple[str, frozenset[str], bool], Told] = field(default_factory=dict)
    named: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    sent_at: dict[str, float] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    """The keys of which people were told that Mint may have started something."""
    restored: set[str] = field(default_factory=set)
    """The jobs that the copy of a journal has brought back to where they were."""
    forgotten: set[str] = field(default_factory=set)
    """The keys of requests that were only in a journal which a copy has replaced."""
    unknown: set[str] = field(default_factory=set)
    """The operations that Mint had made with these keys before the journal was replaced."""

    def note(self, world: World, job: Job) -> None:
        """Note what a job says now. A sentence that is said again counts from the first time on."""
        named = self.named[job.id]
        named.update(names(job))
        text = sentence(job)
        if text is not None:
            is_final = job.phase in {Phase.FAILED, Phase.CANCELED}
            keys = frozenset(_keys(world, job))
            told = Told(job.id, text, world.clock.now, keys, frozenset(named), is_final)
            self.told.setdefault((job.id, keys, is_final), told)
        if says_doubt(job):
            self.in_doubt.update(each.key for each in job.requests if each.has_unclear_attempt)

    def restore(self, world: World, since: float, before: Requests, after: Requests) -> None:
        """Forget what a journal has said, of which a copy of that time has taken the place.

        What is open in the copy has to be told again.
        """
        _check_sentences(world, list(world.mint.operations.all.values()))
        jobs = {job for job, _ in before.values()}
        self.told = {
            place: each
            for place, each in self.told.items()
            if each.at < since or each.job not in jobs
        }
        given_up = {key for key, (_, closed) in after.items() if closed is not None}
        self.in_doubt -= {*before, *after} - given_up
        self.restored.update(job for job, _ in after.values())
        # the line of a batch keeps its key when another job orders it
        lost = {key for key, (job, _) in before.items() if key not in after or after[key][0] != job}
        self.forgotten |= lost
        made = world.mint.operations.all.values()
        self.unknown |= {each.id for each in made if each.key in lost}
        for key in lost:  # who orders it again sees the price of then
            world.clicks.accepted.pop(key, None)


def says_doubt(job: Job) -> bool:
    """Return whether a job says that Mint may have started something."""
    code = job.problem.code if job.problem is not None else ""
    return is_unanswered(job) or code == "other_key" or job.has_note("canceled_in_doubt")


def sentence(job: Job) -> str | None:
    """Return in which words a job says that nothing was started; None if it does not say so."""
    text = job.problem.message if job.problem is not None else ""
    code = job.problem.code if job.problem is not None else ""
    said = " ".join((text, *job.notes))
    if any(each in said for each in OPEN_SENTENCES) or code == "started_elsewhere":
        return None
    if any(each in text for each in SENTENCES):
        return text
    if job.has_note("first_failed"):
        return "not sent"
    is_refused = job.problem is not None and job.problem.cause is Cause.REFUSED
    if job.phase is Phase.FAILED and is_refused:
        return text
    if job.phase is Phase.CANCELED and not any(names(job)):
        return "canceled"
    return None


def names(job: Job) -> Iterable[str]:
    """Yield the ids of the operations and assets that a job names."""
    for operation in job.operations:
        yield operation.id
        if operation.resource is not None:
            yield operation.resource.id
    if job.source_asset_id:
        yield job.source_asset_id
    if job.asset is not None:
        yield job.asset.id
    for candidate in job.candidates:  # a person was shown it
        yield candidate.id


def _keys(world: World, job: Job) -> set[str]:
    """Return the idempotency keys of all requests of a job so far.

    Another machine may start the line of a batch under a key that was never sent from here.
    """
    if not job.requests:
        return {key for key, click in world.clicks.paid.items() if click.job == job.id}
    return {each.key for each in job.requests if each.attempts or not each.is_outside}


def check(world: World, jobs: list[Job]) -> None:
    """Raise Violation for a false sentence, a lost operation, or one that a job has no right to."""
    for job in jobs:
        world.books.note(world, job)
    operations = list(world.mint.operations.all.values())
    _check_sentences(world, operations)
    _check_lost(world, jobs, operations)
    _check_own(world, jobs)


def _check_sentences(world: World, operations: list[Operation]) -> None:
    """What was said to have started nothing has started nothing, then or later.

    Who is told so and resumes the job sends it again: only an end of the job is said for good.
    """
    from .world import Violation

    by_key: dict[str, list[Operation]] = defaultdict(list)
    for each in operations:
        by_key[each.key].append(each)
    for told in world.books.told.values():
        for each in (each for key in told.keys for each in by_key[key]):
            resource = each.resource.id if each.resource is not None else ""
            is_known = each.id in told.known or resource in told.known
            is_later = world.books.sent_at.get(each.id, 0.0) > told.at
            is_later = is_later and not (told.is_final and _is_of(world, told, each.key))
            if not (is_known or is_later):
                raise Violation(
                    f"a false sentence: {told.job} says {told.text!r}, and Mint has {each.id}"
                    f" ({each.status})",
                    told.job,
                    each.id,
                    each.prompt,
                    each.key[-4:],
                )


def _is_of(world: World, told: Told, key: str) -> bool:
    """Return whether a key still belongs to the job that has said so.

    A line that has started nothing here is ordered again by another job, with the same key.
    """
    click = world.clicks.paid.get(key)
    return click is None or click.job == told.job


def _check_lost(world: World, jobs: list[Job], operations: list[Operation]) -> None:
    """Some job has named each operation that may cost something, or what it has made.

    A generation that was paid for is still named at the end.
    """
    from .world import Violation

    known = {each.key for job in jobs for each in job.requests if each.attempts}
    told = world.books.in_doubt | (world.books.forgotten - known)
    told.update(each.key for job in filter(is_held_for_good, jobs) for each in job.requests)
    ever = set().union(*world.books.named.values())
    at_the_end = {name for job in jobs for name in names(job)}
    for each in operations:
        if each.key in told or each.id in world.books.unknown:
            continue
        is_paid = each.paid > 0 and each.status in DONE | BUSY | {"preview_ready"}
        named = at_the_end if each.is_generation and is_paid else ever
        resource = each.resource.id if each.resource is not None else ""
        if each.status not in NEVER_PAID and each.id not in named and resource not in named:
            raise Violation(
                f"nobody knows the operation {each.id} ({each.type}, {each.status}), for which"
                f" {each.paid:.0f} Credits were paid: {each.prompt}",
                each.prompt,
                each.id,
                each.key[-4:],
            )


def is_held_for_good(job: Job) -> bool:
    """Return whether it waits for a key that is gone, and that Mint never said whose it was.

    Nothing was sent for it, and only a person can say that the next key is of the same account.
    """
    has_lost_key = job.owner is not None and job.owner.account.startswith("key:")
    return has_lost_key and not any(each.attempts for each in job.requests) and not job.operations


def _check_own(world: World, jobs: list[Job]) -> None:
    """No job names the operation of another request."""
    from .world import Violation

    for job in jobs:
        if not any(request.attempts for request in job.requests):
            continue  # the folder of a batch says so, and nothing follows from it
        mine = world.mint.operations.all.get(job.operation.id) if job.operation else None
        if mine is not None and mine.is_generation and mine.prompt != job.request.prompt:
            raise Violation(
                f"a foreign operation: {job.id} names {mine.id} of {mine.prompt}", job.id, mine.id
            )
