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
from ...message import Message, sentences
from ...mint import errors
from ...mint.retry import Polling
from ...mint.schema import Assets, Format, Mode, Operation
from .. import notes
from ..budget.spending import Expense, limit_error
from ..job import Job, asset_of, operation_of
from ..job_values import ABOVE_OWN_LIMIT, Cause, LocalFile, Problem, Role
from ..paid_requests.record import PaidRequest, PaidVerb, State
from ..paid_requests.send import PaidCall, Sent
from ..phases import BUSY, HAS_RESULT, Phase
from ..presentation import error_messages
from . import context, look
from .collect import Collector
from .collect_motion import MotionCollector
from .context import MAX_TRIES, Steps, WorkflowConfig, WorkflowContext, WorkflowPart
from .decisions import DecisionHandler
from .effects import (
    Close,
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
    context = WorkflowContext(job, config)
    try:
        yield from _run_phases(context)
    except (errors.MintError, FileError) as error:
        _stop(context, error)
    return context.job


def _run_phases(context: WorkflowContext) -> Steps:
    """Run every phase that the job reaches, beginning with the one it is in."""
    if context.job.decision is not None:
        yield from DecisionHandler(context).apply(context.job.decision)
    elif context.job.phase is Phase.PAUSED:
        _resume(context)
    starter, watcher = Starter(context), Watcher(context)
    if context.job.after is not None and context.job.phase is Phase.WAITING:
        yield from starter.wait_for_first()
    is_new = context.job.source_asset_id is None or context.job.motion is not None
    if context.job.phase is Phase.WAITING and not is_new:
        yield from starter.check_existing_files()
    if context.job.phase in {Phase.WAITING, Phase.SENDING}:
        yield from starter.start()
    if context.job.phase is Phase.REVIEW:
        yield from watcher.fetch_preview()
    while context.is_working:  # again if the Preview was decided elsewhere
        yield from watcher.watch()
        if context.job.phase is Phase.REVIEW:
            yield from watcher.fetch_preview()
    if context.job.phase is Phase.FETCHING:
        is_motion = context.job.motion is not None
        yield from (MotionCollector if is_motion else Collector)(context).collect()


def _resume(context: WorkflowContext) -> None:
    """Leave the pause. The operation is polled first, so nothing is done twice."""
    job, request = context.job, context.job.start_request
    if job.operation is not None:
        phase = Phase.WORKING
    elif job.motion is not None and request is not None and request.is_answered:
        phase = Phase.SENDING
    elif job.source_asset_id is not None and (request is None or request.is_answered):
        phase = Phase.FETCHING
    else:
        phase = Phase.SENDING if request and request.may_be_started else Phase.WAITING
    context.job = replace(job.moved(phase, problem=None), candidates=())


def _stop(context: WorkflowContext, error: errors.MintError | FileError) -> None:
    """Stop the job after a call that finally failed.

    Only what was never sent, or what Mint refused to start, has failed. Anything else may have
    been paid for: it is paused and can be resumed.
    """
    job, request = context.job, context.job.start_request
    is_start = job.phase in {Phase.WAITING, Phase.SENDING} and job.operation is None
    is_refused = request is not None and request.state in {State.REFUSED, State.OVER}
    is_unsent = request is None or request.state is State.CLEAN
    has_failed = is_start and (is_refused or (is_unsent and isinstance(error, FileError)))
    problem = error_messages.problem_of(error)
    if is_start and is_refused:
        said = sentences(problem.message, Message("Nothing was started or charged."))
        problem = replace(problem, message=said)
    context.job = job.moved(
        Phase.FAILED if has_failed else Phase.PAUSED,
        problem=problem,
        decision=None if has_failed else job.decision,
    )


_MAX_OPTIONAL_FETCHES = 2


class Watcher(WorkflowPart):
    """Polls the job's operation, and fetches its preview."""

    def __init__(self, context: WorkflowContext) -> None:
        super().__init__(context)
        self._optional_fetch: OptionalFetch | None = None
        self._optional_fetches = 0

    def watch(self) -> Steps:
        """Poll until the operation needs a user or has ended, however long that takes."""
        is_new = self._context.has_new_operation
        polling = Polling(self._config.pace, rounds=0 if is_new else 1)
        after = polling.wait() if is_new else 0.0
        while self._job.phase is Phase.WORKING:
            operation_id = operation_of(self._job).id
            result = yield from self._context.poll(operation_id, after=after, is_new=is_new)
            is_new = False
            if look.is_foreign(self._job, result.operation):
                job = replace(self._job, operation=None)
                self._job = job.moved(Phase.PAUSED, problem=error_messages.NAMED_ELSEWHERE)
                return
            self._context.move_to(result.operation)
            if polling.is_slow and context.is_stuck(self._job, result.operation):
                # Mint has shown an earlier Preview for half an hour: the user has to decide.
                self._job = replace(self._job, decided_preview=None)
                self._context.move_to(result.operation)
            if self._job.phase is Phase.WORKING:
                self._job = error_messages.with_long_wait(self._job, polling)
            yield from self._try_preview()
            after = polling.wait(result.retry_after)

    def fetch_preview(self) -> Steps:
        """Fetch the picture of this revision.

        A user can decide without it, so a failure is only a note.
        """
        assets = operation_of(self._job).assets
        url = assets.preview_image_url if assets else None
        if self._job.has_preview and url is not None and context.is_another(self._job, url):
            # made by a revision whose answer never arrived, or by a person at mint.gg
            self._job = replace(self._job, revision=self._job.revision + 1)
        if self._job.has_preview:
            return
        if url is None:
            self._set_preview_note("preview_missing")
        elif context.is_earlier(self._job, url):
            self._set_preview_note("preview_outdated")
        else:
            yield from self._add_preview(Fetch(Role.PREVIEW, url, self._job.preview_name))

    def _try_preview(self) -> Steps:
        """Fetch the Preview of auto mode, while polling continues.

        If the link has expired, it is retried once: the next poll has a fresh one.
        """
        operation = operation_of(self._job)
        # Not in review mode: an operation that works on a revision still has the picture before it.
        is_auto = operation.assets is not None and operation.mode is Mode.AUTO
        url = operation.assets.preview_image_url if operation.assets and is_auto else None
        may_fetch = self._optional_fetch is None and self._optional_fetches < _MAX_OPTIONAL_FETCHES
        is_wanted = self._job.phase is Phase.WORKING and not self._job.has_preview
        if url is not None and is_wanted and may_fetch:
            self._optional_fetches += 1
            self._optional_fetch = OptionalFetch(Fetch(Role.PREVIEW, url, self._job.preview_name))
        if self._optional_fetch is not None:
            yield from self._add_preview(self._optional_fetch)

    def _add_preview(self, fetch: Fetch | OptionalFetch) -> Steps:
        """Fetch a preview picture and add it to the job."""
        try:
            file: LocalFile | None = yield from (
                self._fetch_with_fresh_link(fetch)
                if isinstance(fetch, Fetch)
                else self._perform(fetch)
            )
        except FileError as error:
            may_repeat = self._optional_fetches < _MAX_OPTIONAL_FETCHES
            is_expired = isinstance(fetch, OptionalFetch) and isinstance(error, LinkExpired)
            if not (is_expired and may_repeat):
                self._optional_fetches = _MAX_OPTIONAL_FETCHES
                self._set_preview_note("preview_unreachable", reason=error)
        else:
            if file is None:
                return
            self._job = replace(
                self._job.without_notes(*notes.PREVIEW_CODES), files=(*self._job.files, file)
            )
        self._optional_fetch = None

    def _fetch_with_fresh_link(self, fetch: Fetch) -> Generator[Step, Any, LocalFile | None]:
        """Fetch the picture; if its link has expired, ask Mint for a fresh one, once.

        Return None if no Preview waits any more: somebody has decided elsewhere. The job
        continues from there.
        """
        try:
            return (yield from self._perform(fetch))
        except LinkExpired as expired:
            try:
                result = yield from self._perform(Poll(operation_of(self._job).id))
            except errors.MintError:
                raise expired from None  # no further try: the picture is optional
            self._context.move_to(result.operation)
            if self._job.phase is not Phase.REVIEW:
                return None
            assets = result.operation.assets
            fresh = assets.preview_image_url if assets else None
            if fresh is None:
                raise
            return (yield from self._perform(replace(fetch, url=fresh)))

    def _set_preview_note(self, code: str, **params: Any) -> None:
        """Replace the job's note about its preview picture."""
        job = self._job.without_notes(*notes.PREVIEW_CODES)
        self._job = job.with_note(notes.note(code, **params))


FIRST_INTERVAL, STOPPED_INTERVAL = 5.0, 60.0
"""Seconds between two looks at the job that has to succeed first, and while it has stopped."""


class Starter(WorkflowPart):
    """Starts the job's operation: a generation, a new attempt, or a conversion."""

    def __init__(self, context: WorkflowContext) -> None:
        super().__init__(context)
        self._missing_formats: tuple[Format, ...] = context.job.convert
        self._are_uploaded_again = False
        self._is_renamed = False
        self._conflicts = 0

    def wait_for_first(self) -> Steps:
        """Wait for the job that has to succeed first. If it does not, nothing is sent at all."""
        after = 0.0
        while self._job.after is not None:
            first = yield from self._perform(ReadFirst(self._job.after, after=after))
            made = asset_of(first) if first is not None else None
            if first is None or (made is None and first.phase in HAS_RESULT):
                request = self._job.start_request
                if request is not None:
                    closed = yield from self._perform(Close(request.key))
                    self._job = self._job.with_request(closed)
                self._job = self._job.with_note(notes.note("first_failed"))
                self._job = self._job.moved(Phase.CANCELED, problem=None)
                return
            if first.phase in HAS_RESULT:
                asset = self._job.asset or first.asset
                self._job = replace(self._job, after=None, source_asset_id=made, asset=asset)
            after = FIRST_INTERVAL if first.phase in BUSY else STOPPED_INTERVAL

    def check_existing_files(self) -> Steps:
        """Begin a job for an existing asset: what Mint has is only fetched.

        Formats that Mint has not made yet are converted first: a start like any other.
        """
        request = self._job.start_request
        if self._job.convert:
            asset = yield from self._perform(
                ReadAsset(self._job.kind, self._job.source_asset_id or "")
            )
            self._job = replace(self._job, asset=asset)
            files = asset.assets or Assets()
            self._missing_formats = tuple(
                format for format in self._job.convert if files.converted_url(format) is None
            )
        elif request is not None and request.verb is PaidVerb.RETRY and not request.is_answered:
            return
        if not (self._job.convert and self._missing_formats):
            if request is not None and request.is_open:
                self._job = self._job.with_request((yield from self._perform(Close(request.key))))
            self._job = self._job.moved(Phase.FETCHING)

    def start(self) -> Steps:
        """Upload the pictures, take a slot and send the start, until Mint has accepted it."""
        after = 0.0
        while self._job.phase in {Phase.WAITING, Phase.SENDING}:
            request = self._job.start_request
            if request is None or not request.is_open:
                yield from self._continue_closed(request)
                return
            if not request.may_be_started:
                yield from self._upload_pictures(request)
                if self._job.phase is Phase.WAITING:
                    is_free = self._job.convert or self._job.motion
                    kind = None if is_free else self._job.kind
                    yield from self._perform(TakeSlot(kind, after=after))
                    after = 0.0
                if not (yield from self._is_within_own_limit()):
                    return
            yield from self._send(request, after)
            after = self._config.pace.longest if self._job.problem is not None else 0.0

    def _continue_closed(self, request: PaidRequest | None) -> Steps:
        """Continue a job whose request was answered, or given up, before its record said so."""
        if request is not None and request.found_asset is not None:
            look.fetch_found(self._context, request.found_asset)
        elif request is not None and request.operation is not None:
            yield from self._continue_answered(request)
        elif request is not None and request.state in {State.DROPPED, State.OVER}:
            yield from look.find_started(self._context, request)
        else:
            self._job = self._job.moved(Phase.CANCELED, problem=None)

    def _continue_answered(self, request: PaidRequest) -> Steps:
        """Continue with an operation, unless others have named it and it is not this job's."""
        operation = yield from look.poll_made(self._context, request)
        if operation is None:
            problem = error_messages.NAMED_ELSEWHERE
            self._job = self._job.moved(Phase.PAUSED, problem=problem)
        else:
            self._accept(request, operation)

    def _send(self, request: PaidRequest, after: float) -> Steps:
        """Send the request, and move the job to the phase that follows."""
        problem = self._job.problem if after else None  # it says what is waited for
        self._job = self._job.moved(Phase.SENDING, problem=problem)
        sent = yield from self._context.pay(self._call(request), after)
        if sent.operation is not None:
            self._accept(request, sent.operation)
        elif sent.refusal is None:
            yield from self._continue_unsent(sent.request or request)
        else:
            yield from self._continue_refused(sent, sent.refusal)

    def _accept(self, request: PaidRequest, operation: Operation) -> None:
        """Continue with the operation that Mint has made for the request."""
        if request.verb is PaidVerb.RETRY:  # from now on this job makes the asset itself
            self._job = replace(self._job, source_asset_id=None, revision=self._job.revision + 1)
        self._context.apply_operation(operation)

    def _continue_unsent(self, request: PaidRequest) -> Steps:
        """Continue after a request that must not be sent (again), or was given up meanwhile."""
        if request.is_open:
            yield from look.find_started(self._context, request)
        elif request.is_outside and request.is_unsent:
            problem = error_messages.STARTED_ELSEWHERE
            self._job = self._job.moved(Phase.PAUSED, problem=problem)
        else:
            yield from self._continue_closed(request)

    def _continue_refused(self, sent: Sent, error: errors.MintError) -> Steps:
        """Continue after a refusal. Only the record says whether it proves anything."""
        request, problem = sent.request, error_messages.problem_of(error)
        if request is None or isinstance(error, errors.KeyRefused):
            raise error
        if isinstance(error, errors.TooManyActive):
            # Another program uses the account too: wait for a slot again, and say why.
            self._job = self._job.moved(Phase.WAITING, problem=problem)
        elif isinstance(error, errors.CreditsNeeded) and not request.may_be_started:
            self._job = self._job.moved(Phase.BILLING, problem=problem)
        elif request.is_refused_here and (order := self._order_again(request, error)) is not None:
            if not request.is_outside:  # under another key, others could start the same
                self._job = self._job.with_request((yield from self._perform(order)))
            self._job = self._job.moved(Phase.WAITING, problem=None)
        elif request.state is State.REFUSED:
            raise error
        elif (  # it may be with the very same request: Mint does not say what it conflicts with
            type(error) is errors.Conflict
            and request.verb is PaidVerb.START
            and self._conflicts < MAX_TRIES
        ):
            self._conflicts += 1
            self._job = replace(self._job, problem=problem)
        else:
            yield from look.find_started(self._context, request, error)

    def _call(self, request: PaidRequest) -> PaidCall:
        job = self._job
        is_new = request.verb is PaidVerb.START
        target = "" if is_new else job.source_asset_id or ""
        return PaidCall(request.key, request.verb, target, job.kind, self._body(request))

    def _body(self, request: PaidRequest) -> dict[str, Any]:
        if request.body is not None and (request.may_be_started or request.attempts == 0):
            found: dict[str, Any] = json.loads(request.body)
            return found
        if request.verb is PaidVerb.CONVERT:
            return {"targetFormats": [format.value for format in self._missing_formats]}
        if request.verb is PaidVerb.RETRY:
            return {}
        if self._job.motion is not None:
            return self._job.motion.body()
        body = self._job.request.body(self._job.image_urls)
        return _renamed(body) if self._is_renamed else body

    def _is_within_own_limit(self) -> Generator[Step, Any, bool]:
        """Return whether the job still costs no more than its own limit; otherwise pause it.

        Checked before the start is sent for the first time.
        """
        if self._job.max_credits is None:
            return True
        total = yield from context.expected_total(self._context)
        error = limit_error([Expense(total, total, most=self._job.max_credits)])
        if error is None:
            return True
        message = Message(
            "{problem} Nothing was sent. Resume it with a higher limit, or cancel it.",
            problem=error,
        )
        problem = Problem(Cause.CREDITS, message, code=ABOVE_OWN_LIMIT)
        self._job = self._job.moved(Phase.PAUSED, problem=problem)
        return False

    def _upload_pictures(self, request: PaidRequest) -> Steps:
        """Upload each local picture once, under a key of its own."""
        if request.verb is not PaidVerb.START:
            return
        for number, source in enumerate(self._job.request.images):
            if number >= len(self._job.image_urls):
                is_local = not source.startswith("https://")
                upload = Upload(
                    source,
                    key=f"{request.key}-picture-{number + 1}",
                    force=self._are_uploaded_again,
                )
                url = (yield from self._perform(upload)) if is_local else source
                self._job = replace(self._job, image_urls=(*self._job.image_urls, url))

    def _order_again(self, request: PaidRequest, error: errors.MintError) -> Order | None:
        """Return a refused start with what Mint complains about changed; None if it cannot be."""
        body = json.loads(request.body or "{}")
        if not isinstance(error, errors.InvalidRequest) or request.verb is not PaidVerb.START:
            return None
        if "name" in body and error.names("name"):
            self._is_renamed = True
            return Order(request.subject, request.verb, json.dumps(_renamed(body)))
        is_named = error.names("imageUrl") or error.names("sourceImages")
        has_local = any(not each.startswith("https://") for each in self._job.request.images)
        if is_named and has_local and not self._are_uploaded_again:
            # what an earlier job has uploaded may be gone
            self._are_uploaded_again = True
            self._job = replace(self._job, image_urls=())
            return Order(request.subject, request.verb)
        return None


def _renamed(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a start as the first version of the API wants it."""
    return {("displayName" if each == "name" else each): body[each] for each in body}
