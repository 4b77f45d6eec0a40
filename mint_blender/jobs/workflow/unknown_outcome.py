# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out what became of a paid call that Mint never answered, before anybody pays for it again.

Mint's lists are searched for what it may have made.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...mint.schema import Asset, Assets, Status
from .. import notes
from ..job import Job
from ..phases import Phase
from ..presentation import error_messages
from .context import Steps, WorkflowContext
from .effects import ReadAsset, ReadClaimedAssets, ReadPage, Step

CLOCK_DIFFERENCE = 120.0
"""Seconds by which this computer's clock may be ahead of Mint's."""

REPEAT_INTERVAL = 60.0
"""Seconds between two searches while another job with the same prompt is in progress."""

MAX_PAGES = 100

FAILED = frozenset({Status.FAILED.value, Status.CANCELED.value})


def find_started(context: WorkflowContext) -> Steps:
    """Adopt what a start without an answer has made; if nothing is found, a user decides.

    Nothing is started or paid.
    """
    job = context.job
    if job.convert:
        yield from _find_converted(context)
        return
    found = yield from find_made(context, job.first_sent_at or job.created_at)
    job = context.job
    if found is None:
        context.job = job.moved(Phase.PAUSED, problem=error_messages.unanswered(job))
    else:
        context.job = job.moved(
            Phase.FETCHING, source_asset_id=found.id, asset=found, problem=None
        ).with_note(notes.note("start_found"))


def _find_converted(context: WorkflowContext) -> Steps:
    """Adopt a conversion without an answer: the model itself tells which formats it has."""
    job = context.job
    asset = yield from context.perform(ReadAsset(job.kind, job.source_asset_id or ""))
    files = asset.assets or Assets()
    if all(files.converted_url(format) is not None for format in job.convert):
        context.job = job.moved(Phase.FETCHING, asset=asset, problem=None)
    else:
        context.job = job.moved(Phase.PAUSED, asset=asset, problem=error_messages.unanswered(job))


def find_retried(context: WorkflowContext, asset_id: str) -> Steps:
    """Adopt what a retry without an answer has made; if the asset is still failed, a user decides.

    Args:
        context: The run of the job's workflow.
        asset_id: The Model or World that had failed.
    """
    asset = yield from context.perform(ReadAsset(context.job.kind, asset_id))
    if asset.status in FAILED:
        context.job = _still_failed(replace(context.job, decision=None, asset=asset)).with_note(
            notes.note("decide_again")
        )
    else:
        adopt_retried(context, asset)


def adopt_retried(context: WorkflowContext, asset: Asset, note: str | None = None) -> None:
    """Fetch an asset of which a new attempt is in progress already, or done."""
    job = replace(
        context.job.without_operation(), decision=None, source_asset_id=asset.id, asset=asset
    )
    context.job = job.moved(Phase.FETCHING, problem=None).with_note(
        note or notes.note("retry_found")
    )


def _still_failed(job: Job) -> Job:
    if job.phase is Phase.FAILED:
        return job
    operation = job.operation
    problem = (
        error_messages.failed_work(operation)
        if operation is not None and operation.status is Status.FAILED
        else error_messages.not_made(job)
    )
    return job.moved(Phase.FAILED, problem=problem)


def find_made(context: WorkflowContext, since: float) -> Generator[Step, Any, Asset | None]:
    """Return the first asset of the job's kind and prompt that Mint began after `since`.

    While an operation of another job with this prompt is in progress, nobody knows which asset will
    be its, and the search is repeated.

    Args:
        context: The run of the job's workflow.
        since: Seconds since the epoch, by this computer's clock.

    Returns:
        The asset, or None. It belongs to no other job.
    """
    body = context.job.body or context.job.request.body(context.job.image_urls)
    prompt, since = body["prompt"], since - CLOCK_DIFFERENCE
    found = yield from _search(context, prompt, since)
    while found:
        # Last, and with nothing between it and the next step: two jobs of one prompt must not adopt
        # the same asset.
        claimed = yield from context.perform(ReadClaimedAssets())
        if _normalized(prompt) not in map(_normalized, claimed.unnamed_prompts):
            context.job = context.job.without_notes("same_prompt")
            name = body.get("name") or body.get("displayName")
            free = [asset for asset in reversed(found) if asset.id not in claimed.ids]
            return min(
                free, key=lambda asset: name is not None and asset.name != name, default=None
            )
        context.job = context.job.with_note(notes.note("same_prompt"))
        found = yield from _search(context, prompt, since, after=REPEAT_INTERVAL)
    return None


def _search(
    context: WorkflowContext, prompt: str, since: float, *, after: float = 0.0
) -> Generator[Step, Any, list[Asset]]:
    """Return the assets with this prompt that are no older than `since`, newest first."""
    found: list[Asset] = []
    cursor, read = None, set[str | None]()
    while cursor not in read and len(read) < MAX_PAGES:
        read.add(cursor)
        page = yield from context.perform(ReadPage(context.job.kind, cursor, after))
        after = 0.0
        dated = [
            (asset, asset.created_at.timestamp())
            for asset in page.data
            if asset.created_at is not None
        ]
        found += [
            asset
            for asset, at in dated
            if at >= since and _normalized(asset.prompt) == _normalized(prompt)
        ]
        cursor = page.next_cursor
        if cursor is None or any(at < since for _, at in dated):
            break
    return found


def _normalized(prompt: str | None) -> str:
    return " ".join((prompt or "").split())
