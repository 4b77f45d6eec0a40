# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something cannot be done with a job, or an asset, now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ...files.urls import same_file
from ...message import Message
from ...mint.schema import Asset, Format
from ..errors import NotPossible, OtherAccount
from ..job import Job
from ..job_values import Hold
from ..paid_requests.record import SETTLED_AFTER, PaidRequest
from ..phases import Phase, Verb
from .job_view import JobView


def refusal(job: Job, verb: Verb | None = None) -> NotPossible:
    """Return the reason why a decision about a job is not possible now."""
    if job.hold is Hold.FOREIGN:
        return OtherAccount(
            Message(
                "{title} belongs to another account. Use that account's API key and address to"
                " continue it.",
                title=job.title,
            )
        )
    if job.hold is Hold.UNKNOWN:
        return NotPossible(
            Message(
                "{title}: Mint has not confirmed yet whose API key this is. Check the key, then"
                " try again.",
                title=job.title,
            )
        )
    return NotPossible(
        Message(
            "{title}: {verb} is not possible now ({state}).",
            title=job.title,
            verb=verb,
            state=JobView(job).state,
        )
    )


def in_progress(job: Job) -> NotPossible:
    """Return the reason why nothing else can be done while a job runs."""
    return NotPossible(
        Message(
            "{title} is still in progress. Wait until it stops, then try again.", title=job.title
        )
    )


def check_preview(seen: Job, job: Job, verb: Verb) -> None:
    """Raise NotPossible if a decision about a Preview would be one about a newer Preview.

    `seen` is the job as the person has seen it. Another process may have revised it since.
    """
    is_about_preview = verb in {Verb.APPROVE, Verb.REVISE} and job.phase is Phase.REVIEW
    if is_about_preview and _has_other_preview(seen, job):
        raise NotPossible(
            Message(
                "{title}: There is a newer Preview than the one that you have seen, so nothing was"
                " sent. Look at it, then decide again.",
                title=job.title,
            )
        )


def _has_other_preview(seen: Job, job: Job) -> bool:
    if job.revision != seen.revision:
        return True
    have_both = seen.has_preview and job.has_preview
    return have_both and not same_file(seen.previews[-1].url, job.previews[-1].url)


def check_asset_retry(asset: Asset, jobs: Sequence[Job]) -> None:
    """Raise NotPossible unless the asset has failed, and no job for it runs or waits for a person.

    `jobs` are the ones about this asset.
    """
    if not asset.has_failed:
        raise NotPossible(Message("This has not failed, so there is nothing to retry."))
    if busy := next((job for job in jobs if job.is_resumable), None):
        raise in_progress(busy)
    if asking := next((job for job in jobs if job.phase in {Phase.REVIEW, Phase.BILLING}), None):
        raise NotPossible(
            Message(
                "{title} is waiting for you in the job list ({state}). Decide there.",
                title=asking.title,
                state=JobView(asking).state,
            )
        )


def check_earlier_conversion(asset: Asset, before: PaidRequest, now: float) -> None:
    """Raise NotPossible while Mint may still carry out an earlier conversion that was given up.

    Afterwards the asset, which is read first, shows what that has made.
    """
    if before.may_be_started and now - before.attempted < SETTLED_AFTER:
        raise NotPossible(
            Message(
                "Mint may still carry out the earlier conversion of {title}. Try again in"
                " {minutes} minutes: what it has made is free then.",
                title=asset.name or asset.id,
                minutes=round(SETTLED_AFTER / 60),
            )
        )


def open_conversions(jobs: Iterable[Job], asset: Asset, formats: Collection[Format]) -> list[Job]:
    """Return the unfinished conversions of an asset to one of these formats."""
    over = {Phase.PLACED, Phase.FAILED, Phase.CANCELED}
    return [
        job
        for job in jobs
        if job.source_asset_id == asset.id
        and job.phase not in over
        and job.hold is None
        and not set(formats).isdisjoint(job.convert)
    ]
