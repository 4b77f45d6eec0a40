# SPDX-License-Identifier: GPL-3.0-or-later
"""What was begun, and never answered: looked for in Mint's lists before anybody pays for it again.

Told like `story`: yields steps, knows no disk and no network.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from ...mint.schema import Asset, Assets, Status
from .. import notes
from ..job import Job
from ..phases import Phase
from ..presentation import error_messages
from .effects import Effect, ReadAsset, ReadPage, ReadTaken, Step

Answer = TypeVar("Answer")
Steps = Generator[Step, Any, None]

# seconds for which a call that is paid for is repeated by itself, under its key
REPEATED_FOR = 12 * 3600.0
CLOCKS_DIFFER = 120.0  # seconds by which this computer's clock may be ahead of Mint's
MOST_PAGES = 100
TRIES = 5  # until a conflict that says nothing of its reason is put before a person
FAILED = frozenset({Status.FAILED.value, Status.CANCELED.value})


class Runner(Protocol):
    """What is needed of the story: its job, and asking."""

    job: Job

    def ask(self, want: Effect[Answer]) -> Generator[Step, Any, Answer]: ...


def find_started(runner: Runner) -> Steps:
    """Take on what a start without an answer has made; where there is nothing, a person decides.

    Nothing is started or paid.
    """
    job = runner.job
    if job.convert:
        yield from _find_converted(runner)
        return
    found = yield from find_made(runner, job.first_sent_at or job.created_at)
    job = runner.job
    if found is None:
        runner.job = job.moved(Phase.PAUSED, problem=error_messages.unanswered(job))
    else:
        runner.job = job.moved(
            Phase.FETCHING, source_asset_id=found.id, asset=found, problem=None
        ).noted(notes.note("start_found"))


def _find_converted(runner: Runner) -> Steps:
    """The model itself says which formats it has."""
    job = runner.job
    asset = yield from runner.ask(ReadAsset(job.kind, job.source_asset_id or ""))
    files = asset.assets or Assets()
    if all(files.converted_url(format) is not None for format in job.convert):
        runner.job = job.moved(Phase.FETCHING, asset=asset, problem=None)
    else:
        runner.job = job.moved(Phase.PAUSED, asset=asset, problem=error_messages.unanswered(job))


def find_retried(runner: Runner, resource_id: str) -> Steps:
    """Take on what a retry without an answer has made of a model or world that had failed; if it is
    still failed, a person decides.
    """
    asset = yield from runner.ask(ReadAsset(runner.job.kind, resource_id))
    if asset.status in FAILED:
        runner.job = _still_failed(replace(runner.job, decision=None, asset=asset)).noted(
            notes.note("decide_again")
        )
    else:
        adopt_retried(runner, asset)


def adopt_retried(runner: Runner, asset: Asset, note: str | None = None) -> None:
    """A new attempt is under way already, or done: that one is fetched."""
    job = replace(
        runner.job.without_operation(), decision=None, source_asset_id=asset.id, asset=asset
    )
    runner.job = job.moved(Phase.FETCHING, problem=None).noted(note or notes.note("retry_found"))


def _still_failed(job: Job) -> Job:
    if job.phase is Phase.FAILED:
        return job
    operation = job.operation
    trouble = (
        error_messages.failed_work(operation)
        if operation is not None and operation.status is Status.FAILED
        else error_messages.not_made(job)
    )
    return job.moved(Phase.FAILED, problem=trouble)


def find_made(runner: Runner, since: float) -> Generator[Step, Any, Asset | None]:
    """The first thing of the job's kind and prompt that Mint began after that moment, and that
    belongs to no other job.
    """
    job = runner.job
    body = job.body or job.request.body(job.image_urls)
    found: list[Asset] = []
    cursor, seen = None, set[str | None]()
    while cursor not in seen and len(seen) < MOST_PAGES:
        seen.add(cursor)
        page = yield from runner.ask(ReadPage(job.kind, cursor))
        dated = [
            (asset, asset.created_at.timestamp())
            for asset in page.data
            if asset.created_at is not None
        ]
        found += [
            asset
            for asset, at in dated
            if at >= since - CLOCKS_DIFFER and _said(asset.prompt) == _said(body["prompt"])
        ]
        cursor = page.next_cursor
        if cursor is None or any(at < since - CLOCKS_DIFFER for _, at in dated):
            break
    if not found:
        return None
    # Last, and with nothing between it and the next step: two jobs of one prompt must not take on
    # the same thing.
    taken = yield from runner.ask(ReadTaken())
    name = body.get("name") or body.get("displayName")
    free = [asset for asset in reversed(found) if asset.id not in taken]
    return min(free, key=lambda asset: name is not None and asset.name != name, default=None)


def _said(prompt: str | None) -> str:
    return " ".join((prompt or "").split())
