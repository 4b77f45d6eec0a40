# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect the results of a job: choose and fetch its files, and note what is missing.

A fetched file is never fetched again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from ...files import file_choice
from ...files.download_folder import safe_name
from ...files.errors import FileError, InvalidFile, LinkExpired, TooLarge
from ...files.urls import same_file
from ...message import Message
from ...mint import errors
from ...mint.retry import Polling
from ...mint.schema import Assets, Format, Kind, OptimizationLevel, Status
from .. import notes, rejected_files
from ..budget.spending import Expense, at_prices, limit_error
from ..job import Job, is_being_made
from ..job_values import Cause, LocalFile, Problem, Role
from ..paid_requests.record import PaidRequest, PaidVerb, of_asset
from ..paid_requests.send import PaidCall
from ..phases import Phase
from ..presentation import error_messages
from ..queries import OptimizationPrice
from . import context, look
from .context import Steps, WorkflowContext, WorkflowPart
from .effects import Adopt, Close, Fetch, Order, Poll, ReadAsset, Step

UrlOf = Callable[[Assets], str | None]


class Collector(WorkflowPart):
    """Fetches the files of a finished operation."""

    def __init__(self, context: WorkflowContext) -> None:
        super().__init__(context)
        self._readable = context.config.readable
        self._result = ResultReader(context)
        self._unusable: FileError | None = None

    def collect(self) -> Steps:
        """Read the result, fetch the files that are needed, and note what is missing.

        The job ends in READY, or in PAUSED if there is no file at all.
        """
        yield from self._result.find_asset()
        yield from self._result.read_asset()
        if self._job.convert:
            yield from self._fetch_converted()
            return
        if self._job.source_asset_id is not None:
            yield from self._result.wait_until_made()
            if self._job.phase is not Phase.FETCHING:
                return
        if self._job.kind is Kind.MODEL:
            if self._job.file(Role.MODEL) is None:
                self._job = self._job.without_notes(*notes.MODEL_FILE_CODES)
            yield from Optimizer(self._context, self._result).optimize()
            yield from self._fetch_model()
        else:
            yield from self._fetch_world()
        yield from self._fetch_part(Role.PICTURE, lambda assets: assets.picture_url, "picture")
        self._finish()

    def _finish(self) -> None:
        roles = (Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS)
        if any(self._job.file(role) for role in roles):
            self._note_unused_parts()
            self._job = self._job.moved(Phase.READY, problem=None)
        elif self._unusable is not None:
            raise self._unusable
        else:
            self._job = self._job.moved(
                Phase.PAUSED,
                problem=error_messages.no_file(
                    Message("Mint has finished, but the result contains no file.")
                ),
            )

    def _note_unused_parts(self) -> None:
        """Add a note about a partial success if every part that is used here was fetched."""
        operation = self._job.operation
        self._job = self._job.without_notes("unused_parts_missing")
        if (
            operation is not None
            and operation.status is Status.PARTIALLY_SUCCEEDED
            and not any(notes.explains(self._job, part) for part in notes.PARTS)
        ):
            self._job = self._job.with_note(notes.note("unused_parts_missing"))

    # -- models

    def _fetch_model(self) -> Steps:
        """Fetch the optimized GLB if this Blender reads it or need not open it, else the original.

        Only the file itself says what it requires. If that is more than expected, the original is
        fetched too.
        """
        file = self._job.file(Role.MODEL)
        if file is None:
            file = yield from self._fetch_chosen_model()
        lacking = self._unreadable_extensions(file) if file is not None else ()
        original = self._result.assets.glb_url
        if file is None or not lacking or original is None or same_file(file.url, original):
            return
        reason = file_choice.explain_missing(lacking)
        note = Message("The original file is used. {reason}", reason=reason)
        yield from self._fetch(Role.MODEL, lambda assets: assets.glb_url, "model", note=note)

    def _fetch_chosen_model(self) -> Generator[Step, Any, LocalFile | None]:
        assets = self._result.assets
        chosen = file_choice.choose_model(
            optimized_url=assets.optimized_glb_url,
            original_url=assets.glb_url,
            readable=accepted_extensions(self._job, self._readable),
        )
        if chosen is None:
            return None
        is_optimized = chosen.which == "optimized"
        url_of: UrlOf = (
            (lambda assets: assets.optimized_glb_url)
            if is_optimized
            else (lambda assets: assets.glb_url)
        )
        name = "model-optimized" if is_optimized else "model"
        return (yield from self._fetch(Role.MODEL, url_of, name, note=chosen.reason))

    def _unreadable_extensions(self, file: LocalFile) -> tuple[str, ...]:
        """Return the glTF extensions that a file requires and this Blender cannot read."""
        is_opened = self._readable and not self._job.is_only_copied
        return tuple(sorted(set(file.needs) - self._readable)) if is_opened else ()

    # -- other formats

    def _fetch_converted(self) -> Steps:
        """Fetch each converted file to the user's folder, which ends the job."""
        for format in self._job.convert:
            if self._job.file(Role(format)) is None:
                yield from self._fetch_format(format)
        if any(self._job.file(Role(format)) for format in self._job.convert):
            self._job = self._job.moved(Phase.PLACED, problem=None)
        else:
            problem = error_messages.no_file(
                Message(
                    "Mint has finished the conversion, but the result contains no converted file."
                )
            )
            self._job = self._job.moved(Phase.PAUSED, problem=problem)

    def _fetch_format(self, format: Format) -> Steps:
        code = f"{format}_missing"
        self._job = self._job.without_notes(code)
        if self._result.assets.converted_url(format) is None:
            self._job = self._job.with_note(notes.note(code, format=format.upper()))
            return
        save_as = PurePath(
            self._job.delivery.folder or "", safe_name(self._job.title, fallback="model")
        )
        yield from self._fetch(
            Role(format), lambda assets: assets.converted_url(format), format, save_as=str(save_as)
        )

    # -- Worlds

    def _fetch_world(self) -> Steps:
        """Fetch the requested parts: panorama, collider, the splats of one tier.

        A part that Mint has not made is a note, not an error.
        """
        if self._job.delivery.collider != "NONE":
            yield from self._fetch_part(
                Role.COLLIDER, lambda assets: assets.collider_mesh_url, "collider"
            )
        yield from self._fetch_part(Role.PANORAMA, lambda assets: assets.pano_url, "panorama")
        tier = self._job.delivery.splats
        if tier is not None:
            # Named after its tier: another one, requested later, is another file.
            name = f"splats-{re.sub(r'[^A-Za-z0-9_]+', '-', tier)}"
            yield from self._fetch_part(
                Role.SPLATS, lambda assets: _splats_url(assets, tier), "splats", name
            )

    # -- single files

    def _fetch_part(self, role: Role, url_of: UrlOf, part: str, name: str = "") -> Steps:
        """Fetch a part that may be missing, damaged or unreachable.

        That stops neither the other parts nor, if it is the small picture, the job.
        """
        self._job = self._job.without_notes(*notes.part_codes(part))
        if self._job.file(role) is not None:
            return
        if url_of(self._result.assets) is None:
            self._job = self._job.with_note(notes.part_missing(self._job.kind, part))
            return
        try:
            yield from self._fetch(role, url_of, name or str(role))
        except FileError as error:
            if role is Role.PICTURE:
                self._job = self._job.with_note(
                    notes.note("picture_unreachable", part=notes.PARTS[part], reason=error)
                )
            elif isinstance(error, InvalidFile | TooLarge | LinkExpired):
                # Another fetch would give the same file, and the other parts are paid for and
                # usable.
                self._unusable = error
                self._job = self._job.with_note(notes.part_left_out(part, error))
            else:
                raise

    def _fetch(
        self,
        role: Role,
        url_of: UrlOf,
        name: str,
        note: str | None = None,
        save_as: str | None = None,
    ) -> Generator[Step, Any, LocalFile]:
        """Fetch one file; if its link has expired, read a fresh one, once."""
        url = url_of(self._result.assets)
        if url is None:
            raise AssertionError("Only a file with a link is fetched.")
        fetch = Fetch(
            role, url, name, note, save_as, only_copied=role is Role.MODEL and self._job.is_copied
        )
        try:
            file = yield from self._fetch_checked(fetch)
        except LinkExpired:
            yield from self._result.read_asset()
            fresh = url_of(self._result.assets) or url
            file = yield from self._fetch_checked(replace(fetch, url=fresh))
        self._job = replace(rejected_files.forget(self._job, role), files=(*self._job.files, file))
        return file


def _splats_url(assets: Assets, tier: str) -> str | None:
    chosen = file_choice.choose_splats(assets.spz_urls, tier)
    return chosen[1] if chosen else None


FOREIGN_OPTIMIZATION_PATIENCE = 4
"""An optimization of another program may take this many times the usual 30 minutes."""


def accepted_extensions(job: Job, readable: frozenset[str]) -> frozenset[str]:
    """Return the glTF extensions that the job's model file may require.

    A requested optimization is accepted where nothing here opens the file: without Blender, or when
    it is only copied.
    """
    is_unopened = not readable or job.is_only_copied
    return readable | file_choice.OPTIMIZED_NEEDS if job.optimize and is_unopened else readable


class Optimizer(WorkflowPart):
    """Has the job's model optimized at Mint."""

    def __init__(self, context: WorkflowContext, result: ResultReader) -> None:
        super().__init__(context)
        self._result = result

    def optimize(self) -> Steps:
        """Have the model optimized, if that was requested and is not done yet."""
        asset_id, level = self._result.asset_id(), self._job.optimize
        if level is None or asset_id is None:
            return
        if self._result.assets.optimized_glb_url is not None:
            yield from self._end_request(asset_id)
            return
        lacking = file_choice.OPTIMIZED_NEEDS - accepted_extensions(
            self._job, self._config.readable
        )
        if lacking:
            # Nothing is paid for a file that could not be opened here.
            self._add_note("optimizing_is_useless", reason=file_choice.explain_missing(lacking))
        else:
            yield from self._optimize(asset_id, level)

    def _optimize(self, asset_id: str, level: OptimizationLevel) -> Steps:
        if self._job.optimization is None:
            request = self._job.paid_request(PaidVerb.OPTIMIZE)
            if request is not None and not request.is_open:
                yield from self._continue_answered(request)
            elif request is not None or (yield from self._is_within_own_limit(asset_id)):
                yield from self._start(asset_id, level)
        yield from self._watch()

    def _continue_answered(self, request: PaidRequest) -> Steps:
        """Continue with what a request has made that was answered before the job said so."""
        if request.operation is not None and request.found_asset is None:
            result = yield from self._perform(Poll(request.operation))
            self._job = replace(self._job, optimization=result.operation)

    def _start(self, asset_id: str, level: OptimizationLevel) -> Steps:
        """Order the optimization and send it. Without one, the original file is used."""
        request = self._job.paid_request(PaidVerb.OPTIMIZE)
        body = {"optimizationLevel": level.value}
        if request is None:
            order = Order(of_asset(asset_id), PaidVerb.OPTIMIZE, json.dumps(body))
            request = yield from self._perform(order)
            self._job = self._job.with_request(request)
        call = PaidCall(request.key, PaidVerb.OPTIMIZE, asset_id, Kind.MODEL, body)
        sent = yield from self._context.pay_when_free(call)
        if sent.operation is not None:
            self._job = replace(self._job, optimization=sent.operation, problem=None)
        elif isinstance(sent.refusal, errors.KeyRefused):
            raise sent.refusal
        else:
            # a conflict is about this attempt alone: earlier ones may have started it
            refused_now = int(isinstance(sent.refusal, errors.Conflict))
            request = self._job.paid_request(PaidVerb.OPTIMIZE) or request
            yield from look.settle(self._context, request, sent.refusal)
            if isinstance(sent.refusal, errors.OptimizationInProgress):
                yield from self._wait_for_file(asset_id)
            else:
                yield from self._look_at_file(request, sent.refusal, refused_now)
            yield from self._end_request(asset_id, refused_now)

    def _look_at_file(
        self, request: PaidRequest, refusal: errors.MintError | None, refused_now: int
    ) -> Steps:
        """See whether the model is optimized all the same; otherwise use the original file."""
        yield from self._result.read_asset()
        if self._result.assets.optimized_glb_url is None:
            if refusal is None or request.attempts - request.refusals > refused_now:
                self._add_note("optimizing_unanswered")
            else:
                self._add_note("not_optimized", reason=refusal)

    def _end_request(self, asset_id: str, refused_now: int = 0) -> Steps:
        """Store what became of a request without an answer, as the model shows it if it was read.

        Somebody else may have optimized the model; but a limit that counts too much is better than
        one that counts too little.
        """
        request = self._job.paid_request(PaidVerb.OPTIMIZE)
        if request is None or not request.is_open or self._job.has_note("details_unreadable"):
            return
        is_sent = request.attempts - request.refusals > refused_now or request.is_copied
        if is_sent and self._result.assets.optimized_glb_url is not None:
            adopted = yield from self._perform(Adopt(request.key, asset_id))
        else:
            adopted = yield from self._perform(Close(request.key))
        self._job = self._job.with_request(adopted)

    def _is_within_own_limit(self, asset_id: str) -> Generator[Step, Any, bool]:
        """Return whether the optimization fits the job's own limit; otherwise add a note."""
        if self._job.max_credits is None:
            return True
        price = yield from context.current_price(self._context, OptimizationPrice(asset_id))
        price = self._job.optimize_estimate if price is None else price
        # of a model that existed before, the estimate is that of the optimization itself
        is_existing = self._job.source_asset_id is not None
        generation = 0.0 if is_existing else self._job.estimate or 0.0
        total = None if price is None else at_prices(self._job, generation, price)
        error = limit_error([Expense(total, total, most=self._job.max_credits)])
        if error is not None:
            self._add_note("not_optimized", reason=error)
        return error is None

    def _watch(self) -> Steps:
        """Poll the optimization until it has ended or needs Credits."""
        polling = Polling(self._config.pace)
        while (operation := self._job.optimization) is not None and operation.is_busy:
            result = yield from self._perform(Poll(operation.id, after=polling.wait()))
            self._job = error_messages.with_long_wait(
                replace(self._job, optimization=result.operation, problem=None), polling
            )
        self._job = replace(self._job, problem=None)
        if operation is not None and operation.succeeded:
            yield from self._result.read_asset()
        elif operation is not None:
            problem = (
                error_messages.billing(operation)
                if operation.awaits_payment
                else error_messages.failed_work(operation)
            )
            self._add_note("not_optimized", reason=problem.message)

    def _wait_for_file(self, asset_id: str) -> Steps:
        """Wait for an optimization that another program has started.

        The model shows when the file is there, but not when the optimization has failed. So this
        wait has an end, unlike that for an operation of our own.
        """
        polling = Polling(self._config.pace)
        end = FOREIGN_OPTIMIZATION_PATIENCE * self._config.pace.slow_after
        while self._result.assets.optimized_glb_url is None and polling.waited < end:
            asset = yield from self._perform(
                ReadAsset(Kind.MODEL, asset_id, after=polling.wait() / 2)
            )
            self._job = error_messages.with_long_wait(
                replace(self._job, asset=asset, problem=None), polling
            )
        self._job = replace(self._job, problem=None)
        if self._result.assets.optimized_glb_url is None:
            self._add_note("still_optimizing")

    def _add_note(self, code: str, **params: Any) -> None:
        self._job = self._job.with_note(notes.note(code, **params))


# A fresh asset can be incomplete for some seconds after its operation succeeded (contract, 13.16).
SETTLING_TRIES = 3
SETTLING_WAIT = 3.0  # seconds
AWAITS_PERSON = frozenset({Status.PREVIEW_READY.value, Status.BILLING_REQUIRED.value})


class ResultReader(WorkflowPart):
    """Finds and reads the asset that a job is about."""

    @property
    def assets(self) -> Assets:
        """The files of the asset, else of the operation: whichever has a result."""
        job = self._job
        sources = [
            job.asset.assets if job.asset else None,
            job.operation.assets if job.operation else None,
        ]
        known = [assets for assets in sources if assets is not None]
        return next(
            (assets for assets in known if assets.has_result), known[0] if known else Assets()
        )

    def asset_id(self) -> str | None:
        """Return the id of the Model or World, as Mint reports it or as it was found."""
        job = self._job
        made = job.operation.resource if job.operation else None
        return (
            job.source_asset_id
            or (made.id if made else None)
            or (job.asset.id if job.asset else None)
        )

    def find_asset(self) -> Steps:
        """Find out what the job has made, if Mint does not report it.

        The operation is polled again for some seconds, then Mint's list is searched.
        """
        operation = self._job.operation
        is_enough = self.assets.has_result and self._job.optimize is None
        if operation is None or self.asset_id() is not None or is_enough:
            return
        for _ in range(SETTLING_TRIES):
            result = yield from self._perform(Poll(operation.id, after=SETTLING_WAIT))
            if result.operation.succeeded:
                self._job = replace(
                    self._job, operation=result.operation.with_mode(self._job.request.mode)
                )
            if self.asset_id() is not None:
                return
        request = self._job.start_request
        born = request.born if request is not None else self._job.created_at
        since = operation.created_at.timestamp() if operation.created_at else born
        if found := (yield from look.find_made(self._context, since)):
            self._job = replace(self._job, asset=found)

    def read_asset(self) -> Steps:
        """Read the asset, which knows more than the operation.

        It is read again while it settles. If it cannot be read, the operation's files are used.
        """
        asset_id = self.asset_id()
        if asset_id is None:
            return
        self._job = self._job.without_notes("details_unreadable")
        for attempt in range(SETTLING_TRIES):
            try:
                # Of the job's own kind, whatever Mint calls it: no other was requested.
                asset = yield from self._perform(
                    ReadAsset(self._job.kind, asset_id, after=SETTLING_WAIT if attempt else 0.0)
                )
            except (errors.NotFound, errors.Forbidden) as error:
                if self._job.source_asset_id is not None:
                    raise
                self._job = self._job.with_note(notes.note("details_unreadable", reason=error))
                return
            self._job, files = replace(self._job, asset=asset), asset.assets or Assets()
            if files.has_result and all(map(files.converted_url, self._job.convert)):
                return

    def wait_until_made(self) -> Steps:
        """Wait while another job or program generates the asset.

        Its operation is not known here, so the Model or World itself is polled. One that has waited
        for a person for half an hour pauses the job: it can only be approved or paid at Mint.
        """
        polling, was_made = Polling(self._config.pace), not is_being_made(self._job)
        while is_being_made(self._job):
            asset = yield from self._perform(
                ReadAsset(self._job.kind, self._job.source_asset_id or "", after=polling.wait())
            )
            self._job = error_messages.with_long_wait(
                replace(self._job, asset=asset, problem=None), polling
            )
            if polling.is_slow and asset.status in AWAITS_PERSON:
                problem = error_messages.awaits_person(self._job)
                self._job = self._job.moved(Phase.PAUSED, problem=problem)
                return
        self._job = replace(self._job, problem=None)
        status = self._job.asset.status if self._job.asset else None
        finished = {Status.SUCCEEDED.value, Status.PARTIALLY_SUCCEEDED.value}
        if not was_made and status in finished and not self.assets.has_result:
            yield from self.read_asset()  # its files may follow some seconds later
        if status in {Status.FAILED.value, Status.CANCELED.value} and not self.assets.has_result:
            message = Message(
                "Mint did not finish this {kind} ({status}).", kind=self._job.kind, status=status
            )
            self._job = self._job.moved(Phase.FAILED, problem=Problem(Cause.WORK, message))
