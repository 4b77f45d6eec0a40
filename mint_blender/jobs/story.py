# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of a job, from top to bottom: it yields what it wants and is sent the answer. No thread, socket or disk in here.

Every yield is a `Step`: the job as it is now, which is committed before the want is fulfilled. So a story can be broken off
anywhere (a kill, a click, a restart) and told again from what the journal knows: each part asks "was this done?" first.
A call that finally failed comes back as an exception at the yield. A story ends when nothing goes on by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..files.errors import FileTrouble
from ..mint import errors
from ..mint.pacing import Pace, Polling
from ..mint.schema import Assets, Format, Mode, Operation, Status
from . import own_limit, part_notes, troubles
from .harvest import Harvest
from .job import Decision, Job, Kept, Phase, Role, Verb, has_failed_at_mint
from .spending import objection_of_job
from .wants import Act, Convert, Fetch, Glance, Poll, ReadAsset, Start, Step, TakeSlot, Upload, Want

Answer = TypeVar("Answer")
Story = Generator[Step, Any, Job]
Telling = Generator[Step, Any, None]


@dataclass(frozen=True)
class Terms:
    """What a story has to know of its surroundings: the rhythm, the glTF extensions that this Blender reads, and the date."""

    pace: Pace = Pace()
    readable: frozenset[str] = field(default_factory=frozenset)
    now: Callable[[], float] = time.time  # seconds since the epoch


def follow(job: Job, terms: Terms) -> Story:
    """Tell the job's story from where it is until it rests; returns the job as it then is."""
    story = _Story(job, terms)
    try:
        yield from story.tell()
    except (errors.MintError, FileTrouble) as error:
        story.rest(error)
    return story.job


class _Story:
    """The teller: holds the job as it is now, so that an error leaves it where it was."""

    def __init__(self, job: Job, terms: Terms) -> None:
        self.job = job
        self._terms = terms
        self._glance_at: Glance | None = None  # the picture that is on its way beside the polls
        self._glanced = False
        self._just_heard = False  # Mint has just answered: wait before the first poll

    def ask(self, want: Want[Answer]) -> Generator[Step, Any, Answer]:
        """Want something, with the job as it is now; returns the answer."""
        answer: Answer = yield Step(self.job, want)  # type: ignore[arg-type]  # AnyWant is the closed list of Want
        return answer

    def tell(self) -> Telling:
        """The whole story."""
        if self.job.decision is not None:
            yield from self._carry_out(self.job.decision)
        elif self.job.phase is Phase.PAUSED:
            self._pick_up()
        if self.job.existing is not None and self.job.phase is Phase.WAITING:
            yield from self._see_what_is_there()
        if self.job.phase in {Phase.WAITING, Phase.SENDING}:
            yield from self._begin()
        if self.job.phase is Phase.WORKING:
            yield from self._watch()
        if self.job.phase is Phase.REVIEW:
            yield from self._fetch_preview()
        if self.job.phase is Phase.FETCHING:
            yield from Harvest(self, self._terms.readable, self._terms.pace).gather()

    # -- the beginning ------------------------------------------------------------------------------------------------

    def _see_what_is_there(self) -> Telling:
        """What Mint has is only fetched. Formats that it does not have yet are to be made first: that is a start like any other."""
        missing: list[Format] = []
        if self.job.convert:
            self.job = replace(self.job, body=None)  # what was lacking the last time, and has not been asked for
            asset = yield from self.ask(ReadAsset(self.job.kind, self.job.existing or ""))
            self.job = replace(self.job, asset=asset)
            missing = [format for format in self.job.convert if (asset.assets or Assets()).converted_url(format) is None]
        if missing:
            self.job = replace(self.job, body={"targetFormats": [format.value for format in missing]})
        else:
            self.job = self.job.moved(Phase.FETCHING)

    def _begin(self) -> Telling:
        """Pictures first, then a free slot, then the start."""
        after = 0.0
        while self.job.phase in {Phase.WAITING, Phase.SENDING}:
            yield from self._upload_pictures()
            if self.job.phase is Phase.WAITING:
                yield from self.ask(TakeSlot(None if self.job.convert else self.job.kind, after=after))
                self.job = self.job.moved(Phase.SENDING)
            if not (yield from self._is_within_its_limit()):
                return
            yield from self._send_start()
            after = self._terms.pace.longest if self.job.trouble is not None else 0.0

    def _is_within_its_limit(self) -> Generator[Step, Any, bool]:
        """Before the start is sent for the first time: does the job still cost no more than its own limit? Else it is paused."""
        job = self.job
        if job.max_credits is None or job.first_sent_at is not None:
            return True
        total = yield from own_limit.expected(self, self._terms.now())
        if (sentence := objection_of_job(total, job.max_credits)) is None:
            return True
        self.job = self.job.moved(Phase.PAUSED, trouble=own_limit.exceeded(sentence))
        return False

    def _upload_pictures(self) -> Telling:
        """Each local picture once: what is uploaded is remembered, and every picture has a key of its own."""
        for number, source in enumerate(self.job.request.images):
            if number >= len(self.job.image_urls):
                local = not source.startswith("https://")
                want = Upload(source, key=f"{self.job.key}-picture-{number + 1}", anew=self.job.key.endswith(_ANEW))
                url = (yield from self.ask(want)) if local else source
                self.job = replace(self.job, image_urls=(*self.job.image_urls, url))

    def _send_start(self) -> Telling:
        """The exact body is kept before it is sent, so that a repetition is the same request."""
        body = self.job.body or self.job.request.body(self.job.image_urls)
        first = self._terms.now() if self.job.first_sent_at is None else self.job.first_sent_at
        self.job = self.job.moved(Phase.SENDING, body=body, trouble=None, first_sent_at=first)
        try:
            operation = yield from self.ask(self._start(body))
            self._hear(operation)
        except errors.TooManyActive as error:
            # Somebody else uses the account too: back in line here, and say why.
            self.job = self.job.moved(Phase.WAITING, trouble=troubles.of(error))
        except errors.CreditsNeeded as error:
            self.job = self.job.moved(Phase.BILLING, trouble=troubles.of(error))
        except errors.InvalidRequest as error:
            if not self._upload_again(error):
                self._use_the_older_name_field(body, error)

    def _upload_again(self, error: errors.InvalidRequest) -> bool:
        """What lay at Mint from an earlier job may be gone: when it complains about the pictures, they are brought there anew, once."""
        is_about_pictures = error.names("imageUrl") or error.names("sourceImages")
        is_local = any(not source.startswith("https://") for source in self.job.request.images)
        if not (is_about_pictures and is_local) or self.job.key.endswith(_ANEW):
            return False
        self.job = self.job.moved(Phase.WAITING, trouble=None, image_urls=(), body=None, key=f"{self.job.key}{_ANEW}")
        return True

    def _start(self, body: dict[str, Any]) -> Start | Convert:
        """The call that is paid for."""
        if self.job.convert:
            return Convert(self.job.existing or "", tuple(Format(word) for word in body["targetFormats"]), key=self.job.key)
        return Start(self.job.kind, body, key=self.job.key)

    def _use_the_older_name_field(self, body: dict[str, Any], error: errors.InvalidRequest) -> None:
        """The first version of the API called the name `displayName`: tried once, under another key, as the body is another."""
        if "name" not in body or not error.names("name"):
            raise error
        older = {("displayName" if name == "name" else name): value for name, value in body.items()}
        self.job = replace(self.job, body=older, key=f"{self.job.key}-display-name")

    # -- the middle ---------------------------------------------------------------------------------------------------

    def _watch(self) -> Telling:
        """Poll until the operation needs somebody or has ended, however long that takes."""
        polling = Polling(self._terms.pace, rounds=0 if self._just_heard else 1)
        after = polling.wait() if self._just_heard else 0.0
        while self.job.phase is Phase.WORKING:
            seen = yield from self.ask(Poll(self._operation.id, after=after))
            self._move_to(seen.operation)
            if self.job.phase is Phase.WORKING:
                self.job = troubles.when_long(self.job, polling)
            yield from self._glance()
            after = polling.wait(seen.retry_after)

    def _glance(self) -> Telling:
        """In auto mode a preview passes by: its picture is worth one try, beside the polls, which do not wait for it."""
        assets = self._operation.assets
        # Not in review: an operation that works on a revision still shows the picture of the one before.
        url = assets.preview_image_url if assets is not None and self._operation.mode is Mode.AUTO else None
        if url is not None and self.job.phase is Phase.WORKING and not self._glanced and not self.job.has_preview:
            self._glanced = True
            self._glance_at = Glance(Fetch(Role.PREVIEW, url, self.job.preview_name))
        if self._glance_at is not None:
            yield from self._take_in_preview(self._glance_at)

    def _fetch_preview(self) -> Telling:
        """The picture of this revision. Without it a person can still decide, so its trouble is a note and no more."""
        assets = self._operation.assets
        if self.job.has_preview:
            return
        if assets is None or assets.preview_image_url is None:
            self.job = part_notes.without_preview(self.job).noted("Mint sent no preview picture: look at it at mint.gg before you approve.")
            return
        yield from self._take_in_preview(Fetch(Role.PREVIEW, assets.preview_image_url, self.job.preview_name))

    def _take_in_preview(self, want: Fetch | Glance) -> Telling:
        try:
            kept: Kept | None = yield from self.ask(want)
        except FileTrouble as error:
            self.job = part_notes.without_preview(self.job).noted(f"The preview picture could not be fetched. {error}")
        else:
            if kept is None:
                return
            self.job = replace(part_notes.without_preview(self.job), files=(*self.job.files, kept))
        self._glance_at = None

    # -- what a person decides ----------------------------------------------------------------------------------------

    def _carry_out(self, decision: Decision) -> Telling:
        """A click: sent under its own key until Mint has answered."""
        self.job = self.job.expecting(decision)
        if self.job.phase in _TOO_LATE:
            said = self.job if self.job.phase is Phase.CANCELED else self.job.noted(_too_late(decision.verb))
            self.job = replace(said, decision=None)
        elif decision.verb is Verb.CANCEL and (yield from self._nothing_to_cancel()):
            self.job = replace(self.job, decision=None)
        elif self._starts_again(decision):
            self._start_again(decision)
        else:
            yield from self._act(decision)

    def _nothing_to_cancel(self) -> Generator[Step, Any, bool]:
        """Nothing runs at Mint, or no longer. A start whose answer was lost is repeated first: its key finds what it started."""
        if self.job.phase is Phase.PAUSED and self.job.operation is None and self.job.body is not None:
            self.job = self.job.moved(Phase.SENDING)
        if self.job.phase is Phase.SENDING:
            yield from self._send_start()
        if self.job.operation is None:
            self.job = self.job.moved(Phase.CANCELED, trouble=None)
        return self.job.phase not in {Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED}

    def _starts_again(self, decision: Decision) -> bool:
        """Retry and resume begin anew where Mint has no resource yet that could be retried or resumed."""
        if decision.verb is Verb.RETRY:
            return self._failed_resource is None
        return decision.verb is Verb.RESUME and (self.job.operation is None or self.job.operation.resource is None)

    @property
    def _failed_resource(self) -> str | None:
        """The id of the model or world that Mint can make a new attempt at. A conversion is none: its model is well."""
        job = self.job
        if job.convert:
            return None
        if job.existing is not None:
            return job.existing if has_failed_at_mint(job) else None
        return job.operation.resource.id if job.operation and job.operation.resource else None

    def _start_again(self, decision: Decision) -> None:
        """A retry is a new wish and gets the new click's key; a resume repeats the very same start, which cannot be charged twice."""
        if decision.verb is Verb.RETRY:
            self.job = self.job.forgetting().moved(Phase.WAITING, decision=None, trouble=None, key=decision.key, body=None)
        else:
            # The stopped operation is forgotten, not lost: the start's key finds it again.
            self.job = self.job.moved(Phase.SENDING, decision=None, trouble=None, operation=None)

    def _act(self, decision: Decision) -> Telling:
        """Send the decision. What is not possible (any more) is said, and the operation looked at anew."""
        retried = self._failed_resource if decision.verb is Verb.RETRY else None
        try:
            answer = yield from self._send(Act(decision, self.job.kind, retried or self._operation.id))
        except errors.ProblemError as error:
            if error.retryable or isinstance(error, errors.KeyRefused):
                raise
            if self.job.convert and decision.verb is Verb.RESUME:
                # The model is no proof that its conversion was begun: then Mint wants the start once more, whose key finds it.
                self._start_again(decision)
                return
            self.job = replace(self.job.noted(str(error)), decision=None)
            yield from self._look_anew()
            return
        another_preview = decision.verb in {Verb.REVISE, Verb.RETRY}
        # What is made anew is this job's own from now on.
        existing = None if retried else self.job.existing
        self.job = replace(self.job, decision=None, revision=self.job.revision + another_preview, existing=existing)
        self._hear(answer)

    def _look_anew(self) -> Telling:
        """Where is it now? What was made without an operation of ours only the model or world itself can tell."""
        if self.job.operation is not None:
            self._hear((yield from self.ask(Poll(self.job.operation.id))).operation)
        else:
            self.job = self.job.moved(Phase.FETCHING, trouble=None)

    def _send(self, act: Act) -> Generator[Step, Any, Operation]:
        """An action that starts something waits for a free place at Mint, as a start does."""
        while True:
            try:
                return (yield from self.ask(act))
            except errors.TooManyActive as error:
                self.job = replace(self.job, trouble=troubles.of(error))
                act = replace(act, after=self._terms.pace.longest)

    # -- where it leads -----------------------------------------------------------------------------------------------

    @property
    def _operation(self) -> Operation:
        if self.job.operation is None:
            raise AssertionError(f"A job in phase {self.job.phase} has an operation.")
        return self.job.operation

    def _hear(self, operation: Operation) -> None:
        self._just_heard = True
        self._move_to(operation)

    def _move_to(self, operation: Operation) -> None:
        """Move to where the operation is. A retry is another operation, and what the one before has cost is added up."""
        if self.job.operation is not None and self.job.operation.id != operation.id:
            self.job = self.job.forgetting()
        if operation.is_busy:
            phase, trouble = Phase.WORKING, None
        elif operation.awaits_review:
            phase, trouble = Phase.REVIEW, None
        elif operation.awaits_payment:
            phase, trouble = Phase.BILLING, troubles.billing(operation)
        elif operation.succeeded:
            phase, trouble = Phase.FETCHING, None
        elif operation.status is Status.CANCELED:
            phase, trouble = Phase.CANCELED, None
        else:
            phase, trouble = Phase.FAILED, troubles.failed_work(operation)
        self.job = self.job.moved(phase, operation=operation, trouble=trouble)

    def _pick_up(self) -> None:
        """Go on after a pause; the operation is asked first, so nothing is done twice."""
        if self.job.operation is not None:
            self.job = self.job.moved(Phase.WORKING, trouble=None)
        else:
            self.job = self.job.moved(Phase.SENDING if self.job.body else Phase.WAITING, trouble=None)

    def rest(self, error: errors.MintError | FileTrouble) -> None:
        """A call finally failed. Over is only what Mint refused to start; all else may have been paid for, and can be picked up."""
        unstarted = self.job.phase in {Phase.WAITING, Phase.SENDING}
        refused = isinstance(error, errors.ProblemError) and not error.retryable and not isinstance(error, errors.KeyRefused)
        over = unstarted and (refused or isinstance(error, FileTrouble))
        decision = None if over else self.job.decision
        self.job = self.job.moved(Phase.FAILED if over else Phase.PAUSED, trouble=troubles.of(error), decision=decision)


_ANEW = "-pictures-anew"
_TOO_LATE = frozenset({Phase.FETCHING, Phase.READY, Phase.PLACED, Phase.CANCELED})


def _too_late(verb: Verb) -> str:
    return f"It was finished before Mint could be told to {verb}."
