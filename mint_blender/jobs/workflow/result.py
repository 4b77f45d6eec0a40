# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the result at Mint: which Model or World a job has made, and the links to its files."""

from __future__ import annotations

from dataclasses import replace

from ...message import Message
from ...mint import errors
from ...mint.polling import Polling
from ...mint.schema import Asset, Assets, Status
from .. import notes
from ..job import is_being_made
from ..job_values import Cause, Problem
from ..phases import Phase
from ..presentation import error_messages
from . import look
from .context import Steps, WorkflowPart
from .effects import Poll, ReadAsset

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
            self._job = replace(self._job, asset=asset)
            if self._has_settled(asset):
                return

    def _has_settled(self, asset: Asset) -> bool:
        """Return whether the asset has every file that the job needs."""
        assets = asset.assets
        return (
            assets is not None
            and assets.has_result
            and all(assets.converted_url(format) for format in self._job.convert)
        )

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
        if not was_made and status == Status.SUCCEEDED.value and not self.assets.has_result:
            yield from self.read_asset()  # its files may follow some seconds later
        if status in {Status.FAILED.value, Status.CANCELED.value} and not self.assets.has_result:
            message = Message(
                "Mint did not finish this {kind} ({status}).", kind=self._job.kind, status=status
            )
            self._job = self._job.moved(Phase.FAILED, problem=Problem(Cause.WORK, message))
