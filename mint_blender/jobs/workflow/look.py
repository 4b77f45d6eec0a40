# SPDX-License-Identifier: GPL-3.0-or-later
"""Look for what a paid request in doubt has made, before anybody pays for it again.

Mint's lists are read when nothing of it can be on its way any more. What they show is adopted only
if it is the only candidate of the only request that it can belong to. Otherwise a person decides.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import Any

from ...files.errors import FileError
from ...mint import errors
from ...mint.schema import Asset, Assets, Kind, Operation
from .. import notes
from ..job import Job
from ..job_values import Candidate, ClaimedAssets, Role
from ..paid_requests.record import (
    CLOCK_DIFFERENCE,
    OTHER_CLOCK_DIFFERENCE,
    SETTLED_AFTER,
    PaidRequest,
    PaidVerb,
    State,
)
from ..phases import Phase, Verb
from ..presentation import error_messages
from .context import Run, Steps
from .effects import Adopt, Fetch, ReadAsset, ReadClaimedAssets, ReadClock, ReadPage, Step

REPEAT_INTERVAL = 60.0
"""Seconds between two looks while another operation may be what the list shows."""
MAX_PAGES = 100
MAX_CANDIDATES = 8


def find_started(run: Run, request: PaidRequest, refusal: errors.MintError | None = None) -> Steps:
    """Adopt what a request in doubt has made; if that is not clear, a person decides.

    Nothing is started or paid. `refusal` is Mint's answer to the last attempt.

    Raises:
        MintError: The refusal, if Mint has refused every attempt and shows nothing.
    """
    yield from settle(run, request, refusal)
    if request.verb is PaidVerb.ANIMATE:  # Mint lists no motions
        yield from _tell(run, request, [], refusal)
        return
    if request.verb is not PaidVerb.START:
        yield from _look_at_asset(run, request, refusal)
        return
    found, is_alone, is_complete = yield from _candidates(run, request)
    is_certain = is_alone and is_complete and len(found) == 1
    is_certain = is_certain and created_at(found[0]) <= _until(request)
    if is_certain and (yield from _adopt(run, request, found[0])):
        return
    yield from _tell(run, request, found, refusal, is_complete=is_complete)


def fetch_found(run: Run, asset_id: str, asset: Asset | None = None) -> None:
    """Fetch an asset that was found in Mint's list in place of an answer."""
    job = replace(
        run.job,
        operation=None,
        candidates=(),
        source_asset_id=asset_id,
        asset=asset or run.job.asset,
    )
    if job.decision is not None and job.decision.verb is Verb.CANCEL:
        job = replace(job, decision=None).with_note(notes.note("too_late", verb=Verb.CANCEL))
    if job.phase is Phase.FAILED:
        job = job.moved(Phase.PAUSED)
    run.job = job.moved(Phase.FETCHING, problem=None).with_note(notes.note("start_found"))


def is_unclear(request: PaidRequest, refusal: errors.MintError | None) -> bool:
    """Return whether an attempt may have started something, apart from what Mint refused now.

    A conflict is no clear refusal, but Mint has answered that attempt. A conflict of keys is not
    even that: nothing else has our key, so somebody on the way said it, and a second copy of the
    request may still arrive.
    """
    is_conflict = (
        isinstance(refusal, errors.Conflict)
        and not isinstance(refusal, errors.IdempotencyConflict)
        and refusal.problem.has_details
    )
    return request.is_copied or request.attempts - request.refusals > int(is_conflict)


def settle(run: Run, request: PaidRequest, refusal: errors.MintError | None) -> Steps:
    """Wait until no attempt can be on its way any more, and say so.

    `refusal` is Mint's answer to the last attempt.
    """
    now = yield from run.perform(ReadClock())
    left = 0.0
    if request.is_copied:
        left = SETTLED_AFTER  # nobody knows when the original has sent it
    elif request.is_outside and request.is_unsent and not request.is_open:
        left = SETTLED_AFTER  # another machine has just said that it sends it
    elif is_unclear(request, refusal):
        left = request.attempted + SETTLED_AFTER - now
    if left > 0.0:
        run.job = replace(run.job, problem=error_messages.looking(left))
        yield from run.perform(ReadClock(after=left))
        run.job = replace(run.job, problem=None)


def _look_at_asset(run: Run, request: PaidRequest, refusal: errors.MintError | None) -> Steps:
    """Look at the Model or World itself, which a retry or a conversion has changed."""
    job = run.job
    asset = yield from run.perform(ReadAsset(job.kind, job.source_asset_id or ""))
    run.job = replace(job, asset=asset)
    files = asset.assets or Assets()
    is_done = (
        all(files.converted_url(format) is not None for format in job.convert)
        if request.verb is PaidVerb.CONVERT
        else not asset.has_failed
    )
    if not is_done or not (yield from _adopt(run, request, asset)):
        yield from _tell(run, request, [], refusal)


def _adopt(run: Run, request: PaidRequest, asset: Asset) -> Generator[Step, Any, bool]:
    """Store that a request has made this asset, and fetch it; False if that is not certain."""
    adopted = yield from run.perform(Adopt(request.key, asset.id))
    if adopted is None:
        return False
    run.job = run.job.with_request(adopted)
    fetch_found(run, asset.id, asset)
    return True


def _tell(
    run: Run,
    request: PaidRequest,
    found: list[Asset],
    refusal: errors.MintError | None,
    *,
    is_complete: bool = True,
) -> Steps:
    """Let a person decide what becomes of a request of which nothing certain was found.

    A list that could not be read in full does not show that nothing was made.
    """
    job = run.job
    is_refused = is_complete and not is_unclear(request, refusal)
    if refusal is not None and is_refused and not found and request.is_open:
        yield from run.close(request)
        raise refusal
    if request.state is State.DROPPED and is_complete:
        yield from run.close(request)
        job = run.job
    is_canceled = job.decision is not None and job.decision.verb is Verb.CANCEL
    if is_canceled and not found:
        job = replace(job, decision=None).with_note(notes.note("canceled_in_doubt"))
        run.job = job.moved(Phase.CANCELED, problem=None)
        return
    job = replace(job, decision=None) if is_canceled else job
    run.job, candidates = job, []
    for number, asset in enumerate(found[:MAX_CANDIDATES], start=1):
        picture = yield from _picture(run, asset, f"candidate-{number}")
        candidates.append(Candidate(asset.id, asset.name, created_at(asset), picture))
    job = replace(run.job, candidates=tuple(candidates))
    run.job = job.moved(Phase.PAUSED, problem=error_messages.unanswered(job, is_complete))


def _picture(run: Run, asset: Asset, name: str) -> Generator[Step, Any, str | None]:
    """Fetch the picture of a candidate, which a person recognizes; None without one."""
    url = asset.assets.picture_url if asset.assets else None
    if url is None:
        return None
    try:
        file = yield from run.perform(Fetch(Role.PICTURE, url, name))
    except FileError:
        return None
    return file.path


def _candidates(
    run: Run, request: PaidRequest
) -> Generator[Step, Any, tuple[list[Asset], bool, bool]]:
    """Return the assets that a start may have made, and whether no other start may have made them.

    Also whether the list could be read in full. While another operation may be one of them, it is
    read again.
    """
    after, body = 0.0, _body(run.job, request)
    while True:
        # another machine has sent it, whose clock nobody knows
        is_of_others = request.is_outside and request.attempts == 0
        since = request.born - (OTHER_CLOCK_DIFFERENCE if is_of_others else CLOCK_DIFFERENCE)
        free, claimed, is_complete = yield from _search(run, body, since, after=after)
        if not _may_have_made(free, claimed.unnamed):
            break
        run.note("same_prompt")
        after = REPEAT_INTERVAL
    run.job = run.job.without_notes("same_prompt")
    return free, not _may_have_made(free, claimed.unanswered), is_complete


def _until(request: PaidRequest) -> float:
    """Return the latest time at which an attempt may have made something; newer is not ours.

    Infinite for attempts of another machine, or of the original of a copy: nobody knows them here.
    """
    if request.attempts == 0 or request.is_copied:
        return math.inf
    return request.attempted + SETTLED_AFTER + CLOCK_DIFFERENCE


def find_made(run: Run, since: float) -> Generator[Step, Any, Asset | None]:
    """Return the only asset of the job's kind, name and prompt that Mint began after `since`.

    For an operation whose answer does not name its asset. `since` is Mint's time.
    """
    request = run.job.start_request
    body = _body(run.job, request)
    free, _, is_complete = yield from _search(run, body, since - CLOCK_DIFFERENCE)
    return free[0] if is_complete and len(free) == 1 else None


def _body(job: Job, request: PaidRequest | None) -> dict[str, Any]:
    """Return what was sent, or would have been sent, for a start."""
    sent: dict[str, Any] = json.loads(request.body) if request and request.body else {}
    return sent if "prompt" in sent else job.request.body(job.image_urls)


def _search(
    run: Run, body: dict[str, Any], since: float, *, after: float = 0.0
) -> Generator[Step, Any, tuple[list[Asset], ClaimedAssets, bool]]:
    """Return the assets since then that look like what this body makes, oldest first.

    Without those that other jobs are about, which are returned beside them. Also whether every
    entry of the list could be read.
    """
    found: dict[str, Asset] = {}
    is_complete = True
    cursor, read = None, set[str | None]()
    while cursor not in read and len(read) < MAX_PAGES:
        read.add(cursor)
        page = yield from run.perform(ReadPage(run.job.kind, cursor, after=after))
        after = 0.0
        is_complete = is_complete and not page.left_out
        recent = [each for each in page.data if created_at(each) >= since]
        found |= {each.id: each for each in recent if matches(each, body)}
        cursor = page.next_cursor
        # a list is roughly in order of time: a page without anything recent is the last one
        if cursor is None or (page.data and not recent):
            break
    claimed = yield from run.perform(ReadClaimedAssets())
    free = [asset for asset in found.values() if asset.id not in claimed.ids]
    return sorted(free, key=created_at), claimed, is_complete


def created_at(asset: Asset) -> float:
    """Return when Mint made an asset, in seconds since the epoch; 0 if it does not say."""
    return asset.created_at.timestamp() if asset.created_at is not None else 0.0


def matches(asset: Asset, body: dict[str, Any]) -> bool:
    """Return whether an asset may be what this body makes. Mint lists no prompts of Worlds."""
    name = body.get("name") or body.get("displayName")
    has_name = asset.name is None or name is None or _normalized(asset.name) == _normalized(name)
    is_unnamed = asset.name is None or name is None
    if asset.prompt is None:
        return has_name and not is_unnamed and asset.kind is Kind.WORLD
    return has_name and _normalized(asset.prompt) == _normalized(body.get("prompt"))


def poll_made(run: Run, request: PaidRequest) -> Generator[Step, Any, Operation | None]:
    """Poll what a start has made whose answer this job has not seen.

    None: only others have named that operation, and it is not this job's.
    """
    if run.job.phase is Phase.WAITING:  # another machine has sent it, or a click came first
        run.job = run.job.moved(Phase.SENDING)
    is_hearsay = _is_hearsay(request)
    try:
        result = yield from run.poll(request.operation or "", is_new=True)
    except errors.NotFound:
        if not is_hearsay:
            raise
        return None
    operation: Operation = result.operation
    return operation if not is_hearsay or _fits(run.job, operation) else None


def is_foreign(job: Job, operation: Operation) -> bool:
    """Return whether only others have named an operation, and it cannot be the one of this job."""
    request = job.start_request
    return request is not None and _is_hearsay(request) and not _fits(job, operation)


def _is_hearsay(request: PaidRequest) -> bool:
    return request.is_outside and request.attempts == 0


def _fits(job: Job, operation: Operation) -> bool:
    """Return whether an operation that others have named may be the one of this job."""
    kinds = {kind for kind in Kind if operation.type.startswith(f"{kind}_")}
    prompt = operation.prompt
    return kinds <= {job.kind} and (
        prompt is None or _normalized(prompt) == _normalized(_body(job, None)["prompt"])
    )


def _may_have_made(assets: Iterable[Asset], bodies: Iterable[str]) -> bool:
    """Return whether one of the assets may be what one of these bodies makes."""
    sent = [body for body in map(json.loads, bodies) if isinstance(body, dict)]
    return any(matches(asset, body) for asset in assets for body in sent)


def _normalized(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFKC", text or "").split()).casefold()
