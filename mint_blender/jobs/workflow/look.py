# SPDX-License-Identifier: GPL-3.0-or-later
"""Look for what a paid request in doubt has made, before anybody pays for it again.

Mint's lists are read when nothing of it can be on its way any more. Nothing is adopted because it
looks alike: a person sees what was made since, and decides.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

from ...files.errors import FileError
from ...mint import errors
from ...mint.schema import Asset, Assets, Kind, Operation, Page
from .. import notes
from ..job import Job
from ..job_values import Candidate, Role
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
from .effects import (
    Adopt,
    Fetch,
    NoteLook,
    ReadAsset,
    ReadClock,
    ReadOtherAssets,
    ReadPage,
    Step,
)

MAX_PAGES = 100
MAX_CANDIDATES = 8


def find_started(run: Run, request: PaidRequest, refusal: errors.MintError | None = None) -> Steps:
    """Look for what a request in doubt has made, and let a person decide what becomes of it.

    Nothing is started or paid. `refusal` is Mint's answer to the last attempt.

    Raises:
        MintError: The refusal, if Mint has refused every attempt and shows nothing.
    """
    yield from settle(run, request)
    found: list[Asset] = []
    is_complete = True
    if request.verb is PaidVerb.START:
        found, is_complete = yield from _made_since(run, request)
    elif request.verb is PaidVerb.ANIMATE:
        pass  # Mint lists no motions
    elif (yield from _is_found_at_asset(run, request)):
        return
    yield from _tell(run, request, found, refusal, is_complete=is_complete)


def fetch_found(run: Run, asset_id: str, asset: Asset | None = None) -> None:
    """Fetch an asset that was found in Mint's list in place of an answer."""
    job = replace(
        run.job,
        candidates=(),
        source_asset_id=asset_id,
        asset=asset or run.job.asset,
    )
    if job.decision is not None and job.decision.verb is Verb.CANCEL:
        job = replace(job, decision=None).with_note(notes.note("too_late", verb=Verb.CANCEL))
    if job.phase is Phase.FAILED:
        job = job.moved(Phase.PAUSED)
    run.job = job.moved(Phase.FETCHING, problem=None).with_note(notes.note("start_found"))


def settle(run: Run, request: PaidRequest) -> Steps:
    """Wait until no attempt can be on its way any more, and say so."""
    now = yield from run.perform(ReadClock())
    left = 0.0
    if request.is_copied:
        left = SETTLED_AFTER  # nobody knows when the original has sent it
    elif request.is_outside and request.is_unsent and not request.is_open:
        left = SETTLED_AFTER  # another machine has just said that it sends it
    elif request.has_unclear_attempt:
        left = request.attempted + SETTLED_AFTER - now
    if left > 0.0:
        run.job = replace(run.job, problem=error_messages.looking(left))
        yield from run.perform(ReadClock(after=left))
        run.job = replace(run.job, problem=None)


def _is_found_at_asset(run: Run, request: PaidRequest) -> Generator[Step, Any, bool]:
    """Return whether the Model or World itself shows what a retry or a conversion has made.

    It is fetched then.
    """
    job = run.job
    asset = yield from run.perform(ReadAsset(job.kind, job.source_asset_id or ""))
    run.job = replace(job, asset=asset)
    files = asset.assets or Assets()
    is_done = (
        all(files.converted_url(format) is not None for format in job.convert)
        if request.verb is PaidVerb.CONVERT
        else not asset.has_failed
    )
    adopted = (yield from run.perform(Adopt(request.key, asset.id))) if is_done else None
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
    """Let a person decide what becomes of a request of which nothing certain is known.

    A list that could not be read in full, or that another API key has read, does not show that
    nothing was made.
    """
    body = _body(run.job, request)
    alike = {asset.id for asset in found if matches(asset, body)}
    is_refused = is_complete and not request.has_unclear_attempt
    if refusal is not None and is_refused and not alike and request.is_open:
        yield from run.close(request)
        raise refusal
    looked = yield from run.perform(NoteLook(request.key))
    run.job = run.job.with_request(looked)
    if request.state is State.DROPPED and is_complete and looked is not None:
        yield from run.close(request)
    decision = run.job.decision
    if decision is not None and decision.verb is Verb.CANCEL:
        shown = {candidate.id for candidate in run.job.candidates}
        run.job = replace(run.job, decision=None)
        if alike <= shown:  # a person knows what the list shows, and gives it up
            run.note("canceled_in_doubt")
            run.job = run.job.moved(Phase.CANCELED, problem=None, candidates=())
            return
    candidates = []
    for number, asset in enumerate(found[:MAX_CANDIDATES], start=1):
        picture = yield from _picture(run, asset, f"candidate-{number}")
        looks_alike = asset.id in alike
        candidates.append(Candidate(asset.id, asset.name, created_at(asset), picture, looks_alike))
    run.job = replace(run.job, candidates=tuple(candidates))
    if looked is None:
        run.pause(error_messages.other_key(run.job))
    else:
        run.pause(error_messages.unanswered(run.job, is_complete))


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


def _made_since(run: Run, request: PaidRequest) -> Generator[Step, Any, tuple[list[Asset], bool]]:
    """Return what Mint has made since a start was sent, and whether the list was read in full.

    Of the job's kind, without what other jobs are about. What has its prompt comes first.
    """
    # another machine has sent it, whose clock nobody knows
    is_of_others = request.is_outside and request.attempts == 0
    born = min(request.born, (yield from run.perform(ReadClock())))  # by a clock that was ahead
    since = born - (OTHER_CLOCK_DIFFERENCE if is_of_others else CLOCK_DIFFERENCE)
    made = MadeSince(since)
    while not made.is_over:
        made.add((yield from run.perform(ReadPage(run.job.kind, made.cursor))))
    others = yield from run.perform(ReadOtherAssets())
    free = [asset for asset in made.assets.values() if asset.id not in others]
    body = _body(run.job, request)
    free.sort(key=lambda asset: (not matches(asset, body), created_at(asset)))
    return free, made.is_complete


def _body(job: Job, request: PaidRequest | None) -> dict[str, Any]:
    """Return what was sent, or would have been sent, for a start."""
    sent: dict[str, Any] = json.loads(request.body) if request and request.body else {}
    return sent if "prompt" in sent else job.request.body(job.image_urls)


@dataclass
class MadeSince:
    """What Mint's list shows since a time, page by page.

    Attributes:
        since: That time, in seconds since the epoch.
        assets: The assets by id, as they are listed.
        cursor: That of the next page to read; None for the first.
        is_over: Whether no page is left to read.
        is_complete: Whether every entry could be read, and the list has an end.
    """

    since: float
    assets: dict[str, Asset] = field(default_factory=dict)
    cursor: str | None = None
    is_over: bool = False
    is_complete: bool = True
    _read: set[str | None] = field(default_factory=set)

    def add(self, page: Page) -> None:
        """Add the page that was read with the cursor."""
        recent = {asset.id: asset for asset in page.data if created_at(asset) >= self.since}
        self.assets |= recent
        self._read.add(self.cursor)
        self.cursor = page.next_cursor
        # a list is roughly in order of time: a page without anything recent is the last one
        has_end = self.cursor is None or bool(page.data and not recent)
        is_endless = self.cursor in self._read or len(self._read) >= MAX_PAGES
        self.is_over = has_end or is_endless
        self.is_complete = self.is_complete and not page.left_out and (has_end or not is_endless)


def created_at(asset: Asset) -> float:
    """Return when Mint made an asset, in seconds since the epoch; 0 if it does not say."""
    return asset.created_at.timestamp() if asset.created_at is not None else 0.0


def matches(asset: Asset, body: dict[str, Any]) -> bool:
    """Return whether an asset looks like what this body makes. Mint lists no prompts of Worlds."""
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


def _normalized(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFKC", text or "").split()).casefold()
