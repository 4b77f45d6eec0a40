# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a job at Mint: upload its pictures, wait for a free slot, send the start."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...mint import errors
from ...mint.schema import Assets, Format
from ..budget.spending import job_limit_error
from ..job_values import Problem
from ..phases import Phase
from ..presentation import error_messages
from . import credit_limit, unknown_outcome
from .context import Steps, WorkflowPart
from .effects import CheckLine, Convert, NoteLine, ReadAsset, Start, Step, TakeSlot, Upload

_NEW_UPLOAD = "-new-pictures"
"""Suffix of the idempotency key of a start whose pictures were uploaded a second time."""

# Nothing was started, but would be with another API key, or later.
_TURNED_AWAY = (errors.KeyMissing, errors.KeyRefused, errors.TooManyActive)


class Starter(WorkflowPart):
    """Starts the job's operation."""

    def check_existing_files(self) -> Steps:
        """Begin a job for an existing asset: what Mint has is only fetched.

        Formats that Mint has not made yet are converted first: a start like any other.
        """
        missing: list[Format] = []
        if self._job.convert:
            # an unsent body names the formats that were missing the last time
            self._job = replace(self._job, body=None)
            asset = yield from self._perform(
                ReadAsset(self._job.kind, self._job.source_asset_id or "")
            )
            self._job = replace(self._job, asset=asset)
            missing = [
                format
                for format in self._job.convert
                if (asset.assets or Assets()).converted_url(format) is None
            ]
        if missing:
            body = {"targetFormats": [format.value for format in missing]}
            self._job = replace(self._job, body=body)
        else:
            self._job = self._job.moved(Phase.FETCHING)

    def start(self) -> Steps:
        """Upload the pictures, take a slot and send the start, until Mint has accepted it."""
        after = 0.0
        while self._job.phase in {Phase.WAITING, Phase.SENDING}:
            if self._context.is_old(self._job.first_sent_at):
                yield from unknown_outcome.find_started(self._context)
                return
            if self._job.request.images and not (yield from self._may_be_started_here()):
                return
            yield from self._upload_pictures()
            if self._job.phase is Phase.WAITING:
                yield from self._perform(
                    TakeSlot(None if self._job.convert else self._job.kind, after=after)
                )
                self._job = self._job.moved(Phase.SENDING)
            if not (yield from self._may_be_started_here()):
                return
            if not (yield from self._is_within_own_limit()):
                return
            yield from self.send_start(notes_line=True)
            after = self._config.pace.longest if self._job.problem is not None else 0.0

    def send_start(self, *, notes_line: bool = False) -> Steps:
        """Send the start.

        The exact body is committed before it is sent, so that a repetition is the same request.
        With `notes_line`, the ledger of a batch line has to say first that it is sent. If that
        cannot be written, the job pauses and nothing is sent.
        """
        body = self._job.body or self._job.request.body(self._job.image_urls)
        before = self._job.first_sent_at
        first = self._context.now() if before is None else before
        self._job = self._job.moved(Phase.SENDING, body=body, problem=None, first_sent_at=first)
        if notes_line and self._job.delivery.line is not None:
            problem: Problem | None = yield from self._perform(NoteLine())
            if problem is not None:
                self._job = self._job.moved(Phase.PAUSED, problem=problem, first_sent_at=before)
                return
        try:
            operation = yield from self._context.pay(self._effect(body), first)
            self._context.apply_operation(operation)
        except errors.MintError as error:
            is_turned_away = isinstance(error, _TURNED_AWAY) and not error.follows_no_answer
            if error.proves_nothing_started or is_turned_away:
                self._job = replace(self._job, first_sent_at=before)
            if not self._recover(body, error):
                raise

    def _may_be_started_here(self) -> Generator[Step, Any, bool]:
        """Return whether a batch line was not started on another machine; otherwise pause it.

        Checked before the start is sent for the first time.
        """
        job = self._job
        if job.delivery.line is None or job.first_sent_at is not None:
            return True
        problem: Problem | None = yield from self._perform(CheckLine())
        if problem is None:
            return True
        self._job = self._job.moved(Phase.PAUSED, problem=problem)
        return False

    def _is_within_own_limit(self) -> Generator[Step, Any, bool]:
        """Return whether the job still costs no more than its own limit; otherwise pause it.

        Checked before the start is sent for the first time.
        """
        job = self._job
        if job.max_credits is None or job.first_sent_at is not None:
            return True
        total = yield from credit_limit.expected_total(self._context)
        limit_error = job_limit_error(total, job.max_credits)
        if limit_error is None:
            return True
        self._job = self._job.moved(Phase.PAUSED, problem=credit_limit.limit_problem(limit_error))
        return False

    def _upload_pictures(self) -> Steps:
        """Upload each local picture once, under a key of its own."""
        for number, source in enumerate(self._job.request.images):
            if number >= len(self._job.image_urls):
                is_local = not source.startswith("https://")
                upload = Upload(
                    source,
                    key=f"{self._job.key}-picture-{number + 1}",
                    force=self._job.key.endswith(_NEW_UPLOAD),
                )
                url = (yield from self._perform(upload)) if is_local else source
                self._job = replace(self._job, image_urls=(*self._job.image_urls, url))

    def _effect(self, body: dict[str, Any]) -> Start | Convert:
        if self._job.convert:
            return Convert(
                self._job.source_asset_id or "",
                tuple(Format(word) for word in body["targetFormats"]),
                key=self._job.key,
            )
        return Start(self._job.kind, body, key=self._job.key)

    def _recover(self, body: dict[str, Any], error: errors.MintError) -> bool:
        """Prepare the job's next step after an error; return False if there is none."""
        if isinstance(error, errors.TooManyActive):
            # Another program uses the account too: wait for a slot again, and say why.
            self._job = self._job.moved(Phase.WAITING, problem=error_messages.problem_of(error))
        elif isinstance(error, errors.CreditsNeeded):
            self._job = self._job.moved(Phase.BILLING, problem=error_messages.problem_of(error))
        elif isinstance(error, errors.InvalidRequest):
            return self._upload_again(error) or self._use_older_name_field(body, error)
        else:
            # Repeated for long enough: `start` searches for what it has started.
            return (
                not error.proves_nothing_started
                and not isinstance(error, _TURNED_AWAY)
                and self._context.is_old(self._job.first_sent_at)
            )
        return True

    def _upload_again(self, error: errors.InvalidRequest) -> bool:
        """Prepare to upload the pictures again, once, if Mint complains about them.

        What an earlier job has uploaded may be gone.
        """
        is_about_pictures = error.names("imageUrl") or error.names("sourceImages")
        is_local = any(not source.startswith("https://") for source in self._job.request.images)
        if not (is_about_pictures and is_local) or self._job.key.endswith(_NEW_UPLOAD):
            return False
        key = f"{self._job.key}{_NEW_UPLOAD}"
        self._job = self._job.moved(
            Phase.WAITING, problem=None, image_urls=(), body=None, key=key, first_sent_at=None
        )
        return True

    def _use_older_name_field(self, body: dict[str, Any], error: errors.InvalidRequest) -> bool:
        """Prepare to send the name as `displayName`, as the first version of the API called it.

        Done once, under another key, since the body is another.
        """
        if "name" not in body or not error.names("name"):
            return False
        older = {("displayName" if name == "name" else name): value for name, value in body.items()}
        self._job = replace(
            self._job, body=older, key=f"{self._job.key}-display-name", first_sent_at=None
        )
        return True
