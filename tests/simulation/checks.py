# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: Mint's ledger against what was clicked, and the journal against Mint's ledger."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.journal_reader import JournalReader

from .mint_operations import BUSY, DONE, Operation
from .people import ENDED
from .world import Violation, World

if TYPE_CHECKING:
    from .people import People


def check(world: World, people: People) -> None:
    """Raise Violation for the first rule that was broken."""
    with closing(JournalReader(world.home)) as journal:
        records = list(journal._read(""))
        jobs = [each for each in records if isinstance(each, Job)]
        listed = {job.id for job in journal.jobs()}
    if len(jobs) != len(records):
        raise Violation("a job cannot be read")
    operations = list(world.mint.operations.all.values())
    _check_paid_once(world, operations)
    _check_nothing_is_stuck(world, jobs, listed)
    _check_nothing_is_lost(jobs, operations)
    _check_own_ends(world, jobs)
    _check_own_limits(world, jobs)
    _check_secrets(world)


def _check_paid_once(world: World, operations: list[Operation]) -> None:
    """No more operations, Previews or follow-ups than were clicked; a final stage once."""
    clicks = world.clicks
    made = Counter(each.prompt for each in operations if each.is_generation)
    extra = Counter(each.prompt for each in operations if not each.is_generation)
    stages = Counter((c.operation.prompt, c.stage) for c in world.mint.operations.ledger)
    for prompt, count in made.items():
        if count > clicks.starts.get(prompt, 0):
            raise Violation(
                f"{count} operations for {clicks.starts.get(prompt, 0)} clicks: {prompt}",
                *_words(prompt, operations),
            )
        previews = stages[prompt, "preview"]
        if previews > clicks.previews.get(prompt, 0):
            raise Violation(f"{previews} Previews paid: {prompt}", *_words(prompt, operations))
        if stages[prompt, "final"] > made[prompt]:
            raise Violation(f"a final stage was paid twice: {prompt}", *_words(prompt, operations))
    for prompt, count in extra.items():
        if count > clicks.follow_ups.get(prompt, 0):
            raise Violation(f"{count} follow-ups: {prompt}", *_words(prompt, operations))


def _words(prompt: str, operations: list[Operation]) -> list[str]:
    found = [each for each in operations if each.prompt == prompt]
    ids = [each.id for each in found]
    return [prompt, *ids, *(each.resource.id for each in found if each.resource is not None)]


def _check_nothing_is_stuck(world: World, jobs: list[Job], listed: set[str]) -> None:
    for job in jobs:
        if _is_held_for_good(job):
            continue
        if job.id in listed and (job.phase not in ENDED or job.decision is not None):
            raise Violation(
                f"the job {job.id} is stuck in {job.phase}: {job.problem} {job.decision} {job.owner}",
                job.id,
                job.request.prompt,
                job.operation.id if job.operation else job.id,
                job.source_asset_id or job.id,
            )


def _is_held_for_good(job: Job) -> bool:
    """Return whether it waits for a key that is gone, and that Mint never said whose it was.

    Nothing was sent for it, and only a person can say that the next key is of the same account.
    """
    has_lost_key = job.owner is not None and job.owner.account.startswith("key:")
    return has_lost_key and job.first_sent_at is None and not job.operations


def _check_nothing_is_lost(jobs: list[Job], operations: list[Operation]) -> None:
    """Some job knows each operation that was paid for, or what it has made."""
    known = {each.id for job in jobs for each in job.operations}
    known |= {job.source_asset_id for job in jobs if job.source_asset_id}
    known |= {job.asset.id for job in jobs if job.asset}
    known |= {job.operation.resource.id for job in jobs if job.operation and job.operation.resource}
    for each in operations:
        is_paid = each.paid > 0 and each.status in DONE | BUSY | {"preview_ready"}
        resource = each.resource.id if each.resource else ""
        if each.is_generation and is_paid and each.id not in known and resource not in known:
            raise Violation(
                f"nobody knows the operation {each.id}, which {each.paid:.0f} Credits paid for:"
                f" {each.prompt}",
                each.prompt,
                each.id,
            )


def _check_own_ends(world: World, jobs: list[Job]) -> None:
    """What has failed or was canceled here has no result at Mint that nobody mentions."""
    for job in jobs:
        mine = world.mint.operations.all.get(job.operation.id) if job.operation else None
        if mine is None:
            continue
        if job.phase is Phase.FAILED and mine.status in DONE:
            raise Violation(f"{job.id} failed, but Mint has its result", job.id, mine.id)
        if job.phase is Phase.CANCELED and mine.status != "canceled":
            raise Violation(f"{job.id} is canceled, at Mint {mine.status}", job.id, mine.id)


def _check_own_limits(world: World, jobs: list[Job]) -> None:
    """No job costs more than its own limit."""
    for job in jobs:
        most = world.clicks.own_limit.get(job.id)
        if most is None or job.max_credits is None:
            continue
        mine = world.mint.operations.all
        spent = sum(mine[each.id].paid for each in job.operations if each.id in mine)
        if spent + job.paid_before > most:
            raise Violation(f"{job.id} cost {spent} of {most} Credits", job.id)


def _check_secrets(world: World) -> None:
    """No file holds an API key."""
    keys = [key.encode() for key in world.network.key_hosts]
    for path in world.home.parent.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if any(key in data for key in keys):
                raise Violation(f"{path.name} holds an API key")
