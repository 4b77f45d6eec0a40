# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a job from start to finish: a generator that yields effects and is sent their results.

It uses no thread, socket or disk.

Every yield is a `Step`: the job as it is now, which is committed before the effect is performed. So
a workflow can be stopped anywhere (by a kill, a click, a restart) and run again from what the
journal knows: each part checks first whether it was done already. A call that finally failed comes
back as an exception at the yield. A workflow ends when it needs a user or is done.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...files.errors import FileError, LinkExpired
from ...files.urls import content_key, same_file
from ...message import Message, sentences
from ...mint import errors
from ...mint.retry import Polling
from ...mint.schema import Assets, Mode, Operation
from .. import notes
from ..budget import spending
from ..budget.spending import Expense, limit_error
from ..job import Job, asset_of, operation_of
from ..job_values import ABOVE_OWN_LIMIT, Cause, LocalFile, Problem, Role
from ..paid_requests.record import PaidRequest, PaidVerb, State
from ..paid_requests.send import PaidCall, Sent
from ..phases import BUSY, HAS_RESULT, Phase, Verb
from ..presentation import error_messages
from . import context, decisions, look
from .collect import collect, collect_motion
from .context import MAX_TRIES, Run, Steps, WorkflowConfig, preview_url
from .effects import (
    Fetch,
    OptionalFetch,
    Order,
    Poll,
    ReadAsset,
    ReadFirst,
    Step,
    TakeSlot,
    Upload,
)

Workflow = Generator[Step, Any, Job]


def run_workflow(job: Job, config: WorkflowConfig) -> Workflow:
    """Run a job from where it is until it waits for a user or is over; return it as it then is."""
    run = Run(job, config, missing_formats=job.convert)
    try:
        yield from _run_phases(run)
    except (errors.MintError, FileError) as error:
        _stop(run, error)
    return run.job


def _run_phases(run: Run) -> Steps:
    """Run every phase that the job reaches, beginning with the one it is in."""
    if run.job.decision is not None:
        yield from decisions.apply(run, run.job.decision)
    elif run.job.phase is Phase.PAUSED:
        _resume(run)
    if run.job.after is not None and run.job.phase is Phase.WAITING:
        yield from wait_for_first(run)
    is_new = run.job.source_asset_id is None or run.job.motion is not None
    if run.job.phase is Phase.WAITING and not is_new:
        yield from _check_existing_files(run)
    if run.job.phase in {Phase.WAITING, Phase.SENDING}:
        yield from _start(run)
    if run.job.phase is Phase.REVIEW:
        yield from _fetch_preview(run)
    while run.is_working:  # again if the Preview was decided elsewhere
        yield from _watch(run)
        if run.job.phase is Phase.REVIEW:
            yield from _fetch_preview(run)
    if run.job.phase is Phase.FETCHING:
        is_motion = run.job.motion is not None
        yield from (collect_motion if is_motion else collect)(run)


def _resume(run: Run) -> None:
    """Leave the pause. The operation is polled first, so nothing is done twice."""
    job = run.job
    request = run.job.start_request
    if job.operation is not None:
        phase = Phase.WORKING
    elif job.motion is not None and request is not None and request.is_answered:
        phase = Phase.SENDING
    elif job.source_asset_id is not None and (request is None or request.is_answered):
        phase = Phase.FETCHING
    else:
        phase = Phase.SENDING if request and request.may_be_started else Phase.WAITING
    run.job = replace(job.moved(phase, problem=None), candidates=())


def _stop(run: Run, error: errors.MintError | FileError) -> None:
    """Stop the job after a call that finally failed.

    Only what was never sent, or what Mint refused to start, has failed. Anything else may have
    been paid for: it is paused and can be resumed.
    """
    job = run.job
    request = run.job.start_request
    is_start = job.phase in {Phase.WAITING, Phase.SENDING} and job.operation is None
    is_refused = (
        request is not None
        and request.state in {State.REFUSED, State.OVER}
        and not request.is_left_in_doubt
    )
    is_unsent = request is None or request.state is State.CLEAN
    has_failed = is_start and (is_refused or (is_unsent and isinstance(error, FileError)))
    problem = error_messages.problem_of(error)
    if is_start and is_refused:
        said = sentences(problem.message, Message("Nothing was started or charged."))
        problem = replace(problem, message=said)
    run.job = job.moved(
        Phase.FAILED if has_failed else Phase.PAUSED,
        problem=problem,
        decision=None if has_failed else job.decision,
    )


_MAX_OPTIONAL_FETCHES = 2


def _watch(run: Run) -> Steps:
    """Poll until the operation needs a user or has ended, however long that takes."""
    is_new = run.has_new_operation
    polling = Polling(run.config.pace, rounds=0 if is_new else 1)
    after = polling.wait() if is_new else 0.0
    while run.job.phase is Phase.WORKING:
        operation_id = operation_of(run.job).id
        result = yield from run.poll(operation_id, after=after, is_new=is_new)
        is_new = False
        if look.is_foreign(run.job, result.operation):
            run.job = run.job.without_answer()
            run.pause(error_messages.NAMED_ELSEWHERE)
            return
        run.move_to(result.operation)
        before = run.job.decided_preview
        is_revised = before is not None and before.verb is Verb.REVISE
        if polling.is_slow and is_revised and context.is_late(run.job, result.operation):
            # Mint has shown an earlier Preview for half an hour: the user has to decide.
            run.job = replace(run.job, decided_preview=None)
            run.move_to(result.operation)
        if run.job.phase is Phase.WORKING:
            run.job = error_messages.with_long_wait(run.job, polling)
        yield from _try_preview(run)
        after = polling.wait(result.retry_after)


def _fetch_preview(run: Run) -> Steps:
    """Fetch the picture of this revision.

    A user can decide without it, so a failure is only a note.
    """
    url = preview_url(operation_of(run.job))
    shown = [file.url for file in run.job.previews]
    if run.job.has_preview and url is not None and not any(same_file(url, each) for each in shown):
        # made by a revision whose answer never arrived, or by a person at mint.gg
        run.job = replace(run.job, revision=run.job.revision + 1)
    if run.job.has_preview:
        return
    if url is None:
        _set_preview_note(run, "preview_missing")
    elif content_key(url) in map(content_key, shown):
        _set_preview_note(run, "preview_outdated")
    else:
        yield from _add_preview(run, Fetch(Role.PREVIEW, url, run.job.preview_name))


def _try_preview(run: Run) -> Steps:
    """Fetch the Preview of auto mode, while polling continues.

    If the link has expired, it is retried once: the next poll has a fresh one.
    """
    operation = operation_of(run.job)
    # Not in review mode: an operation that works on a revision still has the picture before it.
    url = preview_url(operation) if operation.mode is Mode.AUTO else None
    may_fetch = run.optional_fetch is None and run.optional_fetches < _MAX_OPTIONAL_FETCHES
    is_wanted = run.job.phase is Phase.WORKING and not run.job.has_preview
    if url is not None and is_wanted and may_fetch:
        run.optional_fetches += 1
        run.optional_fetch = OptionalFetch(Fetch(Role.PREVIEW, url, run.job.preview_name))
    if run.optional_fetch is not None:
        yield from _add_preview(run, run.optional_fetch)


def _add_preview(run: Run, fetch: Fetch | OptionalFetch) -> Steps:
    """Fetch a preview picture and add it to the job."""
    try:
        file: LocalFile | None = yield from (
            _fetch_with_fresh_link(run, fetch) if isinstance(fetch, Fetch) else run.perform(fetch)
        )
    except FileError as error:
        may_repeat = run.optional_fetches < _MAX_OPTIONAL_FETCHES
        is_expired = isinstance(fetch, OptionalFetch) and isinstance(error, LinkExpired)
        if not (is_expired and may_repeat):
            run.optional_fetches = _MAX_OPTIONAL_FETCHES
            _set_preview_note(run, "preview_unreachable", reason=error)
    else:
        if file is None:
            return
        run.job = replace(run.job.without_notes(*notes.PREVIEW_CODES), files=(*run.job.files, file))
    run.optional_fetch = None


def _fetch_with_fresh_link(run: Run, fetch: Fetch) -> Generator[Step, Any, LocalFile | None]:
    """Fetch the picture; if its link has expired, ask Mint for a fresh one, once.

    Return None if no Preview waits any more: somebody has decided elsewhere. The job
    continues from there.
    """
    try:
        return (yield from run.perform(fetch))
    except LinkExpired as expired:
        try:
            result = yield from run.perform(Poll(operation_of(run.job).id))
        except errors.MintError:
            raise expired from None  # no further try: the picture is optional
        run.move_to(result.operation)
        if run.job.phase is not Phase.REVIEW:
            return None
        fresh = preview_url(result.operation)
        if fresh is None:
            raise
        return (yield from run.perform(replace(fetch, url=fresh)))


def _set_preview_note(run: Run, code: str, **params: Any) -> None:
    """Replace the job's note about its preview picture."""
    job = run.job.without_notes(*notes.PREVIEW_CODES)
    run.job = job.with_note(notes.note(code, **params))


FIRST_INTERVAL, STOPPED_INTERVAL = 5.0, 60.0
"""Seconds between two looks at the job that has to succeed first, and while it has stopped."""


def wait_for_first(run: Run) -> Steps:
    """Wait for the job that has to succeed first. If it does not, nothing is sent at all."""
    after = 0.0
    while run.job.after is not None:
        first = yield from run.perform(ReadFirst(run.job.after, after=after))
        made = asset_of(first) if first is not None else None
        if first is None or (made is None and first.phase in HAS_RESULT):
            request = run.job.start_request
            if request is not None and request.may_be_started:  # by the original of this journal
                run.note("canceled_in_doubt")
            elif request is not None:
                yield from run.close(request)
                run.note("first_failed")
            run.job = run.job.moved(Phase.CANCELED, problem=None)
            return
        if first.phase in HAS_RESULT:
            asset = run.job.asset or first.asset
            run.job = replace(run.job, after=None, source_asset_id=made, asset=asset)
        after = FIRST_INTERVAL if first.phase in BUSY else STOPPED_INTERVAL


def _check_existing_files(run: Run) -> Steps:
    """Begin a job for an existing asset: what Mint has is only fetched.

    Formats that Mint has not made yet are converted first: a start like any other.
    """
    request = run.job.start_request
    if run.job.convert:
        asset = yield from run.perform(ReadAsset(run.job.kind, run.job.source_asset_id or ""))
        run.job = replace(run.job, asset=asset)
        files = asset.assets or Assets()
        run.missing_formats = tuple(
            format for format in run.job.convert if files.converted_url(format) is None
        )
    elif request is not None and request.verb is PaidVerb.RETRY and not request.is_answered:
        return
    if not (run.job.convert and run.missing_formats):
        if request is not None and request.is_open:
            yield from run.close(request)
        run.job = run.job.moved(Phase.FETCHING)


def _start(run: Run) -> Steps:
    """Upload the pictures, take a slot and send the start, until Mint has accepted it."""
    after = 0.0
    while run.job.phase in {Phase.WAITING, Phase.SENDING}:
        request = run.job.start_request
        if request is None or not request.is_open:
            yield from _continue_closed(run, request)
            return
        if not request.may_be_started:
            yield from _upload_pictures(run, request)
            if run.job.phase is Phase.WAITING:
                is_free = run.job.convert or run.job.motion
                kind = None if is_free else run.job.kind
                yield from run.perform(TakeSlot(kind, after=after))
                after = 0.0
            if not (yield from _is_price_accepted(run)):
                return
        yield from _send(run, request, after)
        after = run.config.pace.longest if run.job.problem is not None else 0.0


def _continue_closed(run: Run, request: PaidRequest | None) -> Steps:
    """Continue a job whose request was answered, or given up, before its record said so."""
    if request is not None and request.found_asset is not None:
        look.fetch_found(run, request.found_asset)
    elif request is not None and request.operation is not None:
        operation = request.answer or (yield from look.poll_made(run, request))
        if operation is not None:
            _accept(run, request, operation)
        else:  # others have named it, and it is not this job's
            run.pause(error_messages.NAMED_ELSEWHERE)
    elif request is not None and request.state in {State.DROPPED, State.OVER}:
        yield from look.find_started(run, request)
    else:
        run.job = run.job.moved(Phase.CANCELED, problem=None)


def _send(run: Run, request: PaidRequest, after: float) -> Steps:
    """Send the request, and move the job to the phase that follows.

    If its price is too old by then, the job stays in its phase, and the price is asked again.
    """
    problem = run.job.problem if after else None  # it says what is waited for
    run.job = run.job.moved(Phase.SENDING, problem=problem)
    sent = yield from run.pay(_call(run, request), after)
    if sent.operation is not None:
        _accept(run, request, sent.operation)
    elif sent.is_price_old:
        run.is_price_old = True
    elif sent.refusal is None:  # it must not be sent (again), or was given up meanwhile
        yield from _continue_unsent(run, sent.request or request)
    else:
        yield from _continue_refused(run, sent, sent.refusal)


def _accept(run: Run, request: PaidRequest, operation: Operation) -> None:
    """Continue with the operation that Mint has made for the request."""
    if request.verb is PaidVerb.RETRY:  # from now on this job makes the asset itself
        run.job = replace(run.job, source_asset_id=None, revision=run.job.revision + 1)
    run.apply_operation(operation)


def _continue_unsent(run: Run, request: PaidRequest) -> Steps:
    """Continue after a request that must not be sent (again), or was given up meanwhile."""
    if request.is_open:
        yield from look.find_started(run, request)
    elif request.is_outside and request.is_unsent:
        run.pause(error_messages.STARTED_ELSEWHERE)
    else:
        yield from _continue_closed(run, request)


def _continue_refused(run: Run, sent: Sent, error: errors.MintError) -> Steps:
    """Continue after a refusal. Only the record says whether it proves anything."""
    request = sent.request
    problem = error_messages.problem_of(error)
    if request is None or isinstance(error, errors.KeyRefused):
        raise error
    if isinstance(error, errors.TooManyActive):
        # Another program uses the account too: wait for a slot again, and say why.
        run.job = run.job.moved(Phase.WAITING, problem=problem)
    elif isinstance(error, errors.CreditsNeeded) and not request.may_be_started:
        run.job = run.job.moved(Phase.BILLING, problem=problem)
    elif request.is_refused_here and (order := _order_again(run, request, error)) is not None:
        if not request.is_outside:  # under another key, others could start the same
            run.job = run.job.with_request((yield from run.perform(order)))
        run.job = run.job.moved(Phase.WAITING, problem=None)
    elif request.state is State.REFUSED:
        raise error
    elif (  # it may be with the very same request: Mint does not say what it conflicts with
        type(error) is errors.Conflict
        and request.verb is PaidVerb.START
        and run.conflicts < MAX_TRIES
    ):
        run.conflicts += 1
        run.job = replace(run.job, problem=problem)
    else:
        yield from look.find_started(run, request, error)


def _call(run: Run, request: PaidRequest) -> PaidCall:
    job = run.job
    body = {}
    target = "" if request.verb is PaidVerb.START else job.source_asset_id or ""
    if request.body is not None and (request.may_be_started or request.attempts == 0):
        body = json.loads(request.body)
    elif request.verb is PaidVerb.CONVERT:
        body = {"targetFormats": [format.value for format in run.missing_formats]}
    elif request.verb is not PaidVerb.RETRY and job.motion is not None:
        body = job.motion.body()
    elif request.verb is not PaidVerb.RETRY:
        body = job.request.body(job.image_urls)
        body = _renamed(body) if run.is_renamed else body
    is_priced = not context.are_prices_old(run)
    priced_until = job.priced_at + spending.PRICE_LIFETIME if is_priced else None
    return PaidCall(request.key, request.verb, target, job.kind, body, priced_until=priced_until)


def _is_price_accepted(run: Run) -> Generator[Step, Any, bool]:
    """Return whether the job costs what a person has accepted; otherwise pause it.

    Checked before the start is sent for the first time. That is its own limit, or the price that
    was shown.
    """
    if run.job.max_credits is None:
        problem = yield from _rise_of_price(run)
        advice = Message("Nothing was sent. Resume it to accept that, or cancel it.")
    else:
        total = yield from context.expected_total(run)
        problem = limit_error([Expense(total, total, most=run.job.max_credits)])
        advice = Message("Nothing was sent. Resume it with a higher limit, or cancel it.")
    if problem is None:
        return True
    run.pause(Problem(Cause.CREDITS, sentences(problem, advice), code=ABOVE_OWN_LIMIT))
    return False


def _rise_of_price(run: Run) -> Generator[Step, Any, str | None]:
    """Ask for an old price again; return how much it has risen, or None if it has not."""
    before = run.job
    is_new = before.source_asset_id is None or before.motion is not None
    if not is_new or before.estimate is None or not context.are_prices_old(run):
        return None
    yield from context.ask_prices(run)
    accepted = spending.price_of(before)
    price = spending.price_of(run.job)
    if price <= accepted:
        return None
    return Message(
        "The price has risen from {accepted:,.0f} to {price:,.0f} Credits since this was ordered.",
        accepted=accepted,
        price=price,
    )


def _upload_pictures(run: Run, request: PaidRequest) -> Steps:
    """Upload each local picture once, under a key of its own."""
    if request.verb is not PaidVerb.START:
        return
    for number, source in enumerate(run.job.request.images):
        if number >= len(run.job.image_urls):
            is_local = not source.startswith("https://")
            upload = Upload(
                source,
                key=f"{request.key}-picture-{number + 1}",
                force=run.are_uploaded_again,
            )
            url = (yield from run.perform(upload)) if is_local else source
            run.job = replace(run.job, image_urls=(*run.job.image_urls, url))


def _order_again(run: Run, request: PaidRequest, error: errors.MintError) -> Order | None:
    """Return a refused start with what Mint complains about changed; None if it cannot be."""
    body = json.loads(request.body or "{}")
    if not isinstance(error, errors.InvalidRequest) or request.verb is not PaidVerb.START:
        return None
    if "name" in body and error.names("name"):
        run.is_renamed = True
        return Order(request.subject, request.verb, json.dumps(_renamed(body)))
    is_named = error.names("imageUrl") or error.names("sourceImages")
    has_local = any(not image.startswith("https://") for image in run.job.request.images)
    if is_named and has_local and not run.are_uploaded_again:
        # what an earlier job has uploaded may be gone
        run.are_uploaded_again = True
        run.job = replace(run.job, image_urls=())
        return Order(request.subject, request.verb)
    return None


def _renamed(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a start as the first version of the API wants it."""
    return {("displayName" if each == "name" else each): body[each] for each in body}
