# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of words: what people were told about their money, against Mint's books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause
from mint_blender.jobs.paid_requests.record import PaidRequest, State
from mint_blender.jobs.phases import Phase

from ..mint_model.records import BUSY, DONE, Operation

if TYPE_CHECKING:
    from .world import World

SENTENCES = ("othing was started", "othing was sent")
OPEN_SENTENCES = ("may have started",)
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


def sentence(job: Job) -> str | None:
    """Return in which words a job says that nothing was started; None if it does not say so."""
    text = job.problem.message if job.problem is not None else ""
    code = job.problem.code if job.problem is not None else ""
    said = " ".join((text, *job.notes))
    if any(each in said for each in OPEN_SENTENCES) or code == "started_elsewhere":
        return None
    if any(each in text for each in SENTENCES):
        return text
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

    told = {request.key for job in jobs for request in job.requests if is_told(job, request)}
    ever = set().union(*world.books.named.values())
    at_the_end = {name for job in jobs for name in names(job)}
    for each in (each for each in operations if each.key not in told):
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


def is_told(job: Job, request: PaidRequest) -> bool:
    """Return whether a person was told that Mint may have started it, and has given it up."""
    is_given_up = request.state is State.OVER
    if request.state is State.DROPPED:  # only the library of another API key could be read
        is_given_up = job.has_note("canceled_in_doubt")
    return is_given_up and request.attempts > request.refusals


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
