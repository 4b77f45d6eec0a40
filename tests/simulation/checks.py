# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: Mint's ledger against what was clicked, and the journal against Mint's ledger."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mint_blender.jobs import notes
from mint_blender.jobs.job import Job, asset_of
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.paid_requests.table_check import check_table
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.schema import Kind

from ..mint_model.records import DONE, Operation
from . import books, limits
from .mint_files import content
from .people import ENDED
from .process import Machine
from .world import Violation, World

if TYPE_CHECKING:
    from .people import People


def check(world: World, people: People) -> None:
    """Raise Violation for the first rule that was broken."""
    operations = list(world.mint.operations.all.values())
    _check_paid_once(world, operations)
    _check_pictures(world, operations)
    everywhere: list[Job] = []
    for machine in world.machines:
        jobs, listed = _read(machine)
        everywhere += jobs
        for request in (each for job in jobs for each in job.requests):
            world.clicks.ordered.setdefault(request.key, (request.job, request.born))
        _check_table(jobs)
        _check_nothing_is_stuck(world, jobs, listed)
        _check_own_ends(world, jobs)
        _check_files(world, jobs)
    books.check(world, everywhere)
    limits.check(world)
    _check_secrets(world)


def _read(machine: Machine) -> tuple[list[Job], set[str]]:
    """Return all jobs of a machine's journal, and the ids of those that are on the list."""
    with closing(Journal(machine.home)) as journal:
        records = list(journal._read(""))
        jobs = [each for each in records if isinstance(each, Job)]
        listed = {job.id for job in journal.jobs()}
    if len(jobs) != len(records):
        raise Violation("a job cannot be read")
    return jobs, listed


def _check_table(jobs: list[Job]) -> None:
    """`doctor` finds nothing wrong with the records of paid requests."""
    for fault in check_table([request for job in jobs for request in job.requests]):
        raise Violation(f"the rule {fault.rule!r}: {fault.what} ({fault.key})", fault.key[-4:])


def _check_paid_once(world: World, operations: list[Operation]) -> None:
    """No more operations, Previews or follow-ups than were clicked; a final stage once."""
    clicks = world.clicks
    made = Counter(each.prompt for each in operations if each.is_generation)
    # a copy of a journal that does not know of a failed one, which cost nothing, orders it again
    is_free = {"failed"} if world.books.restored else set()
    others = (each for each in operations if not each.is_generation and each.status not in is_free)
    extra = Counter(map(_follow_up, others))
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
    _check_first_alone(world, operations)


def _follow_up(each: Operation) -> str:
    return each.prompt if each.motion is None else f"{each.prompt}: {each.motion}"


def _check_first_alone(world: World, operations: list[Operation]) -> None:
    """Of several motions, the first one has succeeded before another one was started."""
    made = {each.key: each for each in operations if each.motion is not None}
    by_job: dict[str, list[Operation]] = {}
    for key, click in world.clicks.paid.items():
        if key in made:
            by_job.setdefault(click.job, []).append(made[key])
    for first, *others in filter(None, world.clicks.motion_orders):
        has_succeeded = any(each.status in DONE for each in by_job.get(first, ()))
        if not has_succeeded and (early := [each for each in others if each in by_job]):
            raise Violation(f"{early[0]} was sent before {first} has succeeded", first, *early)


def _words(prompt: str, operations: list[Operation]) -> list[str]:
    found = [each for each in operations if each.prompt == prompt]
    ids = [each.id for each in found]
    return [prompt, *ids, *(each.resource.id for each in found if each.resource is not None)]


def _check_nothing_is_stuck(world: World, jobs: list[Job], listed: set[str]) -> None:
    for job in jobs:
        code = job.problem.code if job.problem is not None else ""
        is_over = code == "no_file" and not _wanted(world, job)
        is_over = is_over or (code == "started_elsewhere" and _was_started(world, job))
        is_over = is_over or books.is_held_for_good(job) or _waits_for_first_key(world, job)
        if is_over or _waits_for_another_account(job, jobs):
            continue
        if job.id in listed and (job.phase not in ENDED or job.decision is not None):
            raise Violation(
                f"the job {job.id} is stuck in {job.phase}: {job.problem} {job.decision} {job.owner}",
                job.id,
                job.request.prompt,
                job.operation.id if job.operation else job.id,
                job.source_asset_id or job.id,
            )


def _was_started(world: World, job: Job) -> bool:
    """Return whether Mint works on a batch line, or has; its job is on another machine."""
    prompts = {each.prompt for each in world.mint.operations.all.values()}
    return job.operation is None and job.request.prompt in prompts


def _waits_for_first_key(world: World, job: Job) -> bool:
    """Return whether only the same start with the same API key would resume it.

    It stopped for Credits before it had an asset. At the end each user has one key of several, or a
    new one.
    """
    mine = world.mint.operations.all.get(job.operation.id) if job.operation else None
    if mine is None or mine.resource is not None:
        return False
    has_others = len(mine.project.keys) > 1 or mine.project.user in world.without_first_keys
    return mine.status == "billing_required" and has_others


def _waits_for_another_account(job: Job, jobs: list[Job]) -> bool:
    """Return whether somebody has resumed the job that has to succeed first with another account.

    At the end each account has its turn only once, so this may have come first.
    """
    return any(
        each.owner != job.owner or _waits_for_another_account(each, jobs)
        for each in jobs
        if each.id == job.after
    )


def _check_own_ends(world: World, jobs: list[Job]) -> None:
    """What has failed or was canceled here has no result at Mint that nobody mentions."""
    for job in jobs:
        mine = world.mint.operations.all.get(job.operation.id) if job.operation else None
        if mine is None:
            continue
        if job.phase is Phase.FAILED and mine.status in DONE:
            raise Violation(f"{job.id} failed, but Mint has its result", job.id, mine.id)
        # a retry that was canceled may have been ordered again since: the first one is left then
        if job.phase is Phase.CANCELED and mine.status not in {"canceled", "failed"}:
            raise Violation(f"{job.id} is canceled, at Mint {mine.status}", job.id, mine.id)


def _check_pictures(world: World, operations: list[Operation]) -> None:
    """Mint got the reference pictures as they were at a click."""
    for each in operations:
        chosen = world.clicks.pictures.get(each.prompt, {()})
        is_start = each.is_generation and each.key in world.clicks.paid
        if is_start and each.attempt == 1 and each.pictures not in chosen:
            raise Violation(f"other pictures than at the click: {each.prompt}", each.prompt)


def _check_files(world: World, jobs: list[Job]) -> None:
    """A finished job has every file that Mint has made and it was to fetch, byte by byte."""
    for job in jobs:
        if job.phase not in {Phase.READY, Phase.PLACED}:
            continue
        # a file that is there is taken for this one: it may be of what was forgotten
        for file in job.files if job.id not in world.books.restored else ():
            path = Path(file.path)
            if not path.is_file() or path.read_bytes() != content(urlsplit(file.url).path):
                raise Violation(f"{path.name} of {job.id} is not what Mint has made", job.id)
        missing = _wanted(world, job) - {file.role for file in job.files}
        missing = {role for role in missing if not notes.explains(job, role)}
        missing -= {Role.CHARACTER} if job.has_note("clip_unreadable") else set()
        if missing and job.delivery.line is None:  # a batch on another machine may have them
            raise Violation(f"{job.id} lacks {', '.join(missing)}", job.id, job.request.prompt)


def _wanted(world: World, job: Job) -> set[Role]:
    """Return which files the job has to have."""
    made = world.mint.operations.resources.get(asset_of(job) or "")
    if made is None or job.convert:
        return set()
    if job.motion:
        return {Role.CHARACTER, Role.CLIP}
    if job.kind is Kind.MODEL:
        return {Role.MODEL}
    assets = made.assets or {}
    is_wanted = {
        Role.COLLIDER: job.delivery.collider != "NONE",
        Role.PANORAMA: assets.get("panoUrl") is not None,
        Role.SPLATS: job.delivery.splats is not None and bool(assets.get("spzUrls")),
    }
    return {role for role, wanted in is_wanted.items() if wanted}


def _check_secrets(world: World) -> None:
    """No file holds an API key."""
    keys = [key.encode() for key in world.network.key_hosts]
    for path in world.base.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if any(key in data for key in keys):
                raise Violation(f"{path.name} holds an API key")
