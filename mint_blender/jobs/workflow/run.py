# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a job from start to finish: a generator that yields effects and is sent their results.

It uses no thread, socket or disk.

Every yield is a `Step`: the job as it is now, which is committed before the effect is performed. So
a workflow can be stopped anywhere (by a kill, a click, a restart) and run again from what the
journal knows: each part asks "was this done?" first. A call that finally failed comes back as an
exception at the yield. A workflow ends when it needs a person or is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ...files.errors import FileError, LinkExpired
from ...mint import errors
from ...mint.polling import Polling, PollIntervals
from ...mint.schema import Assets, Format, Mode, Operation, Status
from .. import notes
from ..budget.spending import objection_of_job
from ..job import Job, operation_of
from ..job_values import LocalFile, Role
from ..phases import Phase
from ..presentation import error_messages
from . import job_limit, stale_previews, unknown_outcome
from .collect import Collector
from .decisions import Deciding
from .effects import (
    Convert,
    Effect,
    Fetch,
    Optimize,
    OptionalFetch,
    Poll,
    ReadAsset,
    Start,
    Step,
    TakeSlot,
    Upload,
)

Answer = TypeVar("Answer")
Workflow = Generator[Step, Any, Job]
Steps = Generator[Step, Any, None]
_MOST_GLANCES = 2


@dataclass(frozen=True)
class WorkflowConfig:
    """What a story has to know of its surroundings: the rhythm, the glTF extensions that this
    Blender reads, and the date.
    """

    pace: PollIntervals = PollIntervals()
    readable: frozenset[str] = field(default_factory=frozenset)
    now: Callable[[], float] = time.time  # seconds since the epoch


def follow(job: Job, terms: WorkflowConfig) -> Workflow:
    """Tell the job's story from where it is until it rests; returns the job as it then is."""
    story = _WorkflowRun(job, terms)
    try:
        yield from story.tell()
    except (errors.MintError, FileError) as error:
        story.rest(error)
    return story.job


class _WorkflowRun:
    """The teller: holds the job as it is now, so that an error leaves it where it was."""

    def __init__(self, job: Job, terms: WorkflowConfig) -> None:
        self.job = job
        self._terms = terms
        self._glance_at: OptionalFetch | None = (
            None  # the picture that is on its way beside the polls
        )
        self._glances = 0
        self._just_heard = False  # Mint has just answered: wait before the first poll

    def ask(self, want: Effect[Answer]) -> Generator[Step, Any, Answer]:
        """Want something, with the job as it is now; returns the answer."""
        answer: Answer = yield Step(self.job, want)  # type: ignore[arg-type]  # AnyEffect is the closed list of Effect
        return answer

    def tell(self) -> Steps:
        """The whole story."""
        if self.job.decision is not None:
            yield from Deciding(self, self._terms.pace).carry_out(self.job.decision)
        elif self.job.phase is Phase.PAUSED:
            self._pick_up()
        if self.job.source_asset_id is not None and self.job.phase is Phase.WAITING:
            yield from self._see_what_is_there()
        if self.job.phase in {Phase.WAITING, Phase.SENDING}:
            yield from self._begin()
        if self.job.phase is Phase.WORKING:
            yield from self._watch()
        if self.job.phase is Phase.REVIEW:
            yield from self._fetch_preview()
        if self.job.phase is Phase.FETCHING:
            yield from Collector(self, self._terms.readable, self._terms.pace).collect()

    # -- what is paid for
    # -----------------------------------------------------------------------------------------------  # noqa: E501

    def now(self) -> float:
        """The date, in seconds since the epoch."""
        return self._terms.now()

    def is_old(self, since: float | None) -> bool:
        """Was it sent so long ago that it is no longer repeated by itself?

        Mint may have forgotten its key.
        """
        return since is not None and self.now() - since >= unknown_outcome.REPEATED_FOR

    def pay(
        self, want: Start | Convert | Optimize, since: float
    ) -> Generator[Step, Any, Operation]:
        """A call that is paid for: under the same key until Mint has said clearly what has become
        of it.
        """
        want = replace(want, until=since + unknown_outcome.REPEATED_FOR)
        for tries_left in reversed(range(unknown_outcome.TRIES)):
            try:
                return (yield from self.ask(want))
            except errors.Conflict as error:
                # What it conflicts with is not said: it may be the very same call, which Mint is
                # still working on.
                if type(error) is not errors.Conflict or not tries_left:
                    raise
                self.job = replace(self.job, problem=error_messages.of(error))
                want = replace(want, after=self._terms.pace.longest)
        raise AssertionError("The last try returns or raises.")

    # -- the beginning
    # ------------------------------------------------------------------------------------------------  # noqa: E501

    def _see_what_is_there(self) -> Steps:
        """What Mint has is only fetched.

        Formats that it does not have yet are to be made first: that is a start like any other.
        """
        missing: list[Format] = []
        if self.job.convert:
            # what was lacking the last time, and has not been asked for
            self.job = replace(self.job, body=None)
            asset = yield from self.ask(ReadAsset(self.job.kind, self.job.source_asset_id or ""))
            self.job = replace(self.job, asset=asset)
            missing = [
                format
                for format in self.job.convert
                if (asset.assets or Assets()).converted_url(format) is None
            ]
        if missing:
            self.job = replace(
                self.job, body={"targetFormats": [format.value for format in missing]}
            )
        else:
            self.job = self.job.moved(Phase.FETCHING)

    def _begin(self) -> Steps:
        """Pictures first, then a free slot, then the start."""
        after = 0.0
        while self.job.phase in {Phase.WAITING, Phase.SENDING}:
            if self.is_old(self.job.first_sent_at):
                yield from unknown_outcome.find_started(self)
                return
            yield from self._upload_pictures()
            if self.job.phase is Phase.WAITING:
                yield from self.ask(
                    TakeSlot(None if self.job.convert else self.job.kind, after=after)
                )
                self.job = self.job.moved(Phase.SENDING)
            if not (yield from self._is_within_its_limit()):
                return
            yield from self.send_start()
            after = self._terms.pace.longest if self.job.problem is not None else 0.0

    def _is_within_its_limit(self) -> Generator[Step, Any, bool]:
        """Before the start is sent for the first time: does the job still cost no more than its own
        limit? Else it is paused.
        """
        job = self.job
        if job.max_credits is None or job.first_sent_at is not None:
            return True
        total = yield from job_limit.expected(self, self._terms.now())
        if (sentence := objection_of_job(total, job.max_credits)) is None:
            return True
        self.job = self.job.moved(Phase.PAUSED, problem=job_limit.exceeded(sentence))
        return False

    def _upload_pictures(self) -> Steps:
        """Each local picture once: what is uploaded is remembered, and every picture has a key of
        its own.
        """
        for number, source in enumerate(self.job.request.images):
            if number >= len(self.job.image_urls):
                local = not source.startswith("https://")
                want = Upload(
                    source,
                    key=f"{self.job.key}-picture-{number + 1}",
                    anew=self.job.key.endswith(_ANEW),
                )
                url = (yield from self.ask(want)) if local else source
                self.job = replace(self.job, image_urls=(*self.job.image_urls, url))

    def send_start(self) -> Steps:
        """The exact body is kept before it is sent, so that a repetition is the same request."""
        body = self.job.body or self.job.request.body(self.job.image_urls)
        before = self.job.first_sent_at
        first = self.now() if before is None else before
        self.job = self.job.moved(Phase.SENDING, body=body, problem=None, first_sent_at=first)
        try:
            operation = yield from self.pay(self._start(body), first)
            self.apply_operation(operation)
        except errors.MintError as error:
            is_turned_away = isinstance(error, _TURNED_AWAY) and not error.follows_no_answer
            if error.proves_nothing_started or is_turned_away:
                self.job = replace(self.job, first_sent_at=before)
            if not self._take_refusal(body, error):
                raise

    def _take_refusal(self, body: dict[str, Any], error: errors.MintError) -> bool:
        """Go on where an answer to the start leads, if it leads anywhere."""
        if isinstance(error, errors.TooManyActive):
            # Somebody else uses the account too: back in line here, and say why.
            self.job = self.job.moved(Phase.WAITING, problem=error_messages.of(error))
        elif isinstance(error, errors.CreditsNeeded):
            self.job = self.job.moved(Phase.BILLING, problem=error_messages.of(error))
        elif isinstance(error, errors.InvalidRequest):
            return self._upload_again(error) or self._use_the_older_name_field(body, error)
        else:
            # Repeated for long enough: `_begin` looks for what has become of it.
            return (
                not error.proves_nothing_started
                and not isinstance(error, _TURNED_AWAY)
                and self.is_old(self.job.first_sent_at)
            )
        return True

    def _upload_again(self, error: errors.InvalidRequest) -> bool:
        """What lay at Mint from an earlier job may be gone: when it complains about the pictures,
        they are brought there anew, once.
        """
        is_about_pictures = error.names("imageUrl") or error.names("sourceImages")
        is_local = any(not source.startswith("https://") for source in self.job.request.images)
        if not (is_about_pictures and is_local) or self.job.key.endswith(_ANEW):
            return False
        key = f"{self.job.key}{_ANEW}"
        self.job = self.job.moved(
            Phase.WAITING, problem=None, image_urls=(), body=None, key=key, first_sent_at=None
        )
        return True

    def _start(self, body: dict[str, Any]) -> Start | Convert:
        """The call that is paid for."""
        if self.job.convert:
            return Convert(
                self.job.source_asset_id or "",
                tuple(Format(word) for word in body["targetFormats"]),
                key=self.job.key,
            )
        return Start(self.job.kind, body, key=self.job.key)

    def _use_the_older_name_field(self, body: dict[str, Any], error: errors.InvalidRequest) -> bool:
        """The first version of the API called the name `displayName`: tried once, under another
        key, as the body is another.
        """
        if "name" not in body or not error.names("name"):
            return False
        older = {("displayName" if name == "name" else name): value for name, value in body.items()}
        self.job = replace(
            self.job, body=older, key=f"{self.job.key}-display-name", first_sent_at=None
        )
        return True

    # -- the middle
    # ---------------------------------------------------------------------------------------------------  # noqa: E501

    def _watch(self) -> Steps:
        """Poll until the operation needs somebody or has ended, however long that takes."""
        polling = Polling(self._terms.pace, rounds=0 if self._just_heard else 1)
        after = polling.wait() if self._just_heard else 0.0
        while self.job.phase is Phase.WORKING:
            seen = yield from self.ask(Poll(operation_of(self.job).id, after=after))
            self._move_to(seen.operation)
            if polling.is_long and stale_previews.is_stuck(self.job, seen.operation):
                # Nothing but an earlier Preview for half an hour: a person has to look at it.
                self.job = replace(self.job, decided_preview=None)
                self._move_to(seen.operation)
            if self.job.phase is Phase.WORKING:
                self.job = error_messages.when_long(self.job, polling)
            yield from self._glance()
            after = polling.wait(seen.retry_after)

    def _glance(self) -> Steps:
        """In auto mode a preview passes by: its picture is worth a try, beside the polls, which do
        not wait for it.

        Once more where the link has expired: the next poll has a fresh one.
        """
        assets = operation_of(self.job).assets
        # Not in review: an operation that works on a revision still shows the picture of the one
        # before.
        url = (
            assets.preview_image_url
            if assets is not None and operation_of(self.job).mode is Mode.AUTO
            else None
        )
        is_free = self._glance_at is None and self._glances < _MOST_GLANCES
        if (
            url is not None
            and self.job.phase is Phase.WORKING
            and is_free
            and not self.job.has_preview
        ):
            self._glances += 1
            self._glance_at = OptionalFetch(Fetch(Role.PREVIEW, url, self.job.preview_name))
        if self._glance_at is not None:
            yield from self._take_in_preview(self._glance_at)

    def _fetch_preview(self) -> Steps:
        """The picture of this revision.

        Without it a person can still decide, so its trouble is a note and no more.
        """
        assets = operation_of(self.job).assets
        if self.job.has_preview:
            return
        if assets is None or assets.preview_image_url is None:
            self.job = self.job.without_notes(*notes.PREVIEW_CODES).noted(
                notes.note("preview_missing")
            )
            return
        if stale_previews.is_earlier(self.job, assets.preview_image_url):
            self.job = self.job.without_notes(*notes.PREVIEW_CODES).noted(
                notes.note("preview_outdated")
            )
            return
        yield from self._take_in_preview(
            Fetch(Role.PREVIEW, assets.preview_image_url, self.job.preview_name)
        )

    def _from_fresh_link(self, want: Fetch) -> Generator[Step, Any, LocalFile]:
        """Fetch the picture; when its address has expired, ask Mint for a fresh one, once."""
        try:
            return (yield from self.ask(want))
        except LinkExpired as expired:
            try:
                seen = yield from self.ask(Poll(operation_of(self.job).id))
            except errors.MintError:
                raise expired from None  # it is only a picture
            fresh = seen.operation.assets.preview_image_url if seen.operation.assets else None
            if fresh is None:
                raise
            return (yield from self.ask(replace(want, url=fresh)))

    def _take_in_preview(self, want: Fetch | OptionalFetch) -> Steps:
        try:
            kept: LocalFile | None = yield from (
                self._from_fresh_link(want) if isinstance(want, Fetch) else self.ask(want)
            )
        except FileError as error:
            if (
                isinstance(want, OptionalFetch)
                and isinstance(error, LinkExpired)
                and self._glances < _MOST_GLANCES
            ):
                self._glance_at = None
                return
            self._glances = _MOST_GLANCES
            self.job = self.job.without_notes(*notes.PREVIEW_CODES).noted(
                notes.note("preview_unreachable", reason=error)
            )
        else:
            if kept is None:
                return
            self.job = replace(
                self.job.without_notes(*notes.PREVIEW_CODES), files=(*self.job.files, kept)
            )
        self._glance_at = None

    # -- where it leads
    # -----------------------------------------------------------------------------------------------  # noqa: E501

    def apply_operation(self, operation: Operation) -> None:
        """Mint has just answered with this."""
        self._just_heard = True
        self._move_to(operation)

    def _move_to(self, operation: Operation) -> None:
        """Move to where the operation is.

        A retry is another operation, and what the one before has cost is added up.
        """
        operation = operation.with_mode(self.job.request.mode)
        if self.job.operation is not None and self.job.operation.id != operation.id:
            self.job = self.job.without_operation()
        if operation.is_busy or stale_previews.is_late(self.job, operation):
            phase, trouble = Phase.WORKING, None
        elif operation.awaits_review:
            phase, trouble = Phase.REVIEW, None
        elif operation.awaits_payment:
            phase, trouble = Phase.BILLING, error_messages.billing(operation)
        elif operation.succeeded:
            phase, trouble = Phase.FETCHING, None
        elif operation.status is Status.CANCELED:
            phase, trouble = Phase.CANCELED, None
        else:
            phase, trouble = Phase.FAILED, error_messages.failed_work(operation)
        self.job = self.job.moved(phase, operation=operation, problem=trouble)

    def _pick_up(self) -> None:
        """Go on after a pause; the operation is asked first, so nothing is done twice."""
        if self.job.operation is not None:
            self.job = self.job.moved(Phase.WORKING, problem=None)
        elif self.job.source_asset_id is not None and not self.job.convert:
            self.job = self.job.moved(Phase.FETCHING, problem=None)
        else:
            self.job = self.job.moved(
                Phase.SENDING if self.job.body else Phase.WAITING, problem=None
            )

    def rest(self, error: errors.MintError | FileError) -> None:
        """A call finally failed.

        Over is only what Mint refused to start; all else may have been paid for, and can be picked
        up.
        """
        unstarted = self.job.phase in {Phase.WAITING, Phase.SENDING} and self.job.operation is None
        over = unstarted and (isinstance(error, FileError) or error.proves_nothing_started)
        decision = None if over else self.job.decision
        self.job = self.job.moved(
            Phase.FAILED if over else Phase.PAUSED,
            problem=error_messages.of(error),
            decision=decision,
        )


_ANEW = "-pictures-anew"
# Nothing was started, but it would be with another key, or later.
_TURNED_AWAY = (errors.KeyMissing, errors.KeyRefused, errors.TooManyActive)
