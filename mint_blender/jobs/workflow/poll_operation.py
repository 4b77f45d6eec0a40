# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch a job's operation at Mint, and fetch its preview pictures."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ...files.errors import FileError, LinkExpired
from ...mint import errors
from ...mint.polling import Polling
from ...mint.schema import Mode
from .. import notes
from ..job import operation_of
from ..job_values import LocalFile, Role
from ..phases import Phase
from ..presentation import error_messages
from . import stale_previews
from .context import Steps, WorkflowContext, WorkflowPart
from .effects import Fetch, OptionalFetch, Poll, Step

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
            self._context.move_to(result.operation)
            if polling.is_slow and stale_previews.is_stuck(self._job, result.operation):
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
        if self._job.has_preview and url is not None and stale_previews.is_another(self._job, url):
            # made by a revision whose answer never arrived, or by a person at mint.gg
            self._job = replace(self._job, revision=self._job.revision + 1)
        if self._job.has_preview:
            return
        if url is None:
            self._set_preview_note("preview_missing")
        elif stale_previews.is_earlier(self._job, url):
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
