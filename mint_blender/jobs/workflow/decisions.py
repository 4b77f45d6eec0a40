# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a story that is a click: what a person decided is sent under its own key until Mint
has answered.

Told like `story`: yields steps, knows no disk and no network.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from ...mint import errors
from ...mint.polling import PollIntervals
from ...mint.schema import Operation
from .. import notes
from ..job import Job, has_failed_at_mint, operation_of
from ..job_values import Decision
from ..phases import Phase, Verb
from ..presentation import error_messages
from . import stale_previews, unknown_outcome
from .effects import Act, Effect, Poll, ReadAsset, Step

Answer = TypeVar("Answer")
Steps = Generator[Step, Any, None]


class Runner(Protocol):
    """What is needed of the story."""

    job: Job

    def ask(self, want: Effect[Answer]) -> Generator[Step, Any, Answer]: ...

    def is_old(self, since: float | None) -> bool: ...

    def send_start(self) -> Steps: ...

    def apply_operation(self, operation: Operation) -> None: ...


class Deciding:
    """Carries out a decision, and leads the job to where that has brought it."""

    def __init__(self, runner: Runner, pace: PollIntervals) -> None:
        self._runner = runner
        self._pace = pace

    @property
    def _job(self) -> Job:
        return self._runner.job

    @_job.setter
    def _job(self, job: Job) -> None:
        self._runner.job = job

    def carry_out(self, decision: Decision) -> Steps:
        """A click: sent under its own key until Mint has answered."""
        self._job = self._job.expecting(decision)
        if self._job.phase in _TOO_LATE:
            said = (
                self._job
                if self._job.phase is Phase.CANCELED
                else self._job.noted(notes.note("too_late", verb=decision.verb))
            )
            self._job = replace(said, decision=None)
        elif decision.verb is Verb.CANCEL:
            if (yield from self._nothing_to_cancel()):
                self._job = replace(self._job, decision=None)
            else:
                yield from self._act(decision)
        elif self._runner.is_old(decision.at):
            yield from self._ask_again(decision)
        elif self._starts_again(decision):
            self._start_again(decision)
        else:
            yield from self._act(decision)

    def _nothing_to_cancel(self) -> Generator[Step, Any, bool]:
        """Nothing runs at Mint, or no longer.

        A start whose answer was lost is repeated first: its key finds what it started.

        What was never sent is not sent now. What was sent long ago is looked for: its key may be
        forgotten, and start it once more.
        """
        was_adopted = self._job.source_asset_id is not None and not self._job.convert
        if self._job.operation is None and self._job.first_sent_at is not None and not was_adopted:
            if self._runner.is_old(self._job.first_sent_at):
                yield from unknown_outcome.find_started(self._runner)
            else:
                self._job = self._job.moved(Phase.SENDING)
                yield from self._runner.send_start()
                if self._job.phase is Phase.WAITING and self._job.first_sent_at is not None:
                    # No free place says nothing of the first try, and the next one may start what
                    # is to be canceled.
                    yield from unknown_outcome.find_started(self._runner)
        if self._job.phase is Phase.FETCHING:
            self._job = self._job.noted(notes.note("too_late", verb=Verb.CANCEL))
        elif self._job.operation is None:
            self._job = self._job.moved(Phase.CANCELED, problem=None)
        return self._job.phase not in {Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED}

    def _ask_again(self, decision: Decision) -> Steps:
        """A click of long ago, perhaps carried out and perhaps not: what there is now is shown, and
        nothing is paid for.
        """
        retried = self._failed_resource if decision.verb is Verb.RETRY else None
        if retried is not None:
            yield from unknown_outcome.find_retried(self._runner, retried)
            return
        self._job = replace(self._job.noted(notes.note("decide_again")), decision=None)
        if self._job.operation is not None:
            yield from self._look_anew()

    def _starts_again(self, decision: Decision) -> bool:
        """Retry and resume begin anew where Mint has no resource yet that could be retried or
        resumed.
        """
        if decision.verb is Verb.RETRY:
            return self._failed_resource is None
        return decision.verb is Verb.RESUME and (
            self._job.operation is None or self._job.operation.resource is None
        )

    @property
    def _failed_resource(self) -> str | None:
        """The id of the model or world that Mint can make a new attempt at.

        A conversion is none: its model is well.
        """
        job = self._job
        if job.convert:
            return None
        if job.source_asset_id is not None:
            return job.source_asset_id if has_failed_at_mint(job) else None
        return job.operation.resource.id if job.operation and job.operation.resource else None

    def _start_again(self, decision: Decision) -> None:
        """A retry is a new wish and gets the new click's key; a resume repeats the very same start,
        which cannot be charged twice.
        """
        if decision.verb is Verb.RETRY:
            self._job = replace(
                self._job.without_operation(),
                body=None,
                key=decision.key,
                first_sent_at=None,
                optimize_sent_at=None,
            )
            self._job = self._job.moved(Phase.WAITING, decision=None, problem=None)
        else:
            # The stopped operation is forgotten, not lost: the start's key finds it again.
            self._job = self._job.moved(Phase.SENDING, decision=None, problem=None, operation=None)

    def _act(self, decision: Decision) -> Steps:
        """Send the decision.

        What is not possible (any more) is said, and the operation looked at anew.
        """
        retried = self._failed_resource if decision.verb is Verb.RETRY else None
        try:
            answer = yield from (
                self._retry(decision, retried) if retried else self._send(self._action(decision))
            )
        except errors.ProblemError as error:
            is_unclear = (
                error.retryable
                or isinstance(error, errors.KeyRefused)
                or (retried and type(error) is errors.Conflict)
            )
            if is_unclear and decision.verb is not Verb.CANCEL and self._runner.is_old(decision.at):
                yield from self._ask_again(decision)
            elif is_unclear:
                raise
            else:
                yield from self._take_refusal(decision, error)
            return
        if answer is not None:
            self._take_answer(decision, answer, retried)

    def _take_answer(self, decision: Decision, answer: Operation, retried: str | None) -> None:
        another_preview = decision.verb in {Verb.REVISE, Verb.RETRY}
        # What is made anew is this job's own from now on.
        source_asset_id = None if retried else self._job.source_asset_id
        if decision.verb in {Verb.APPROVE, Verb.REVISE}:
            self._job = replace(
                self._job, decided_preview=stale_previews.decided(self._job, decision.verb)
            )
        self._job = replace(
            self._job,
            decision=None,
            revision=self._job.revision + another_preview,
            source_asset_id=source_asset_id,
        )
        self._runner.apply_operation(answer)

    def _take_refusal(self, decision: Decision, error: errors.ProblemError) -> Steps:
        """Mint will not do it: say so, and look where the job is."""
        if self._job.convert and decision.verb is Verb.RESUME:
            # The model is no proof that its conversion was begun: then Mint wants the start once
            # more, whose key finds it.
            self._start_again(decision)
            return
        job = replace(self._job, decision=None)
        self._job = job.noted(
            error_messages.cannot_cancel(job)
            if isinstance(error, errors.CannotCancel)
            else str(error)
        )
        yield from self._look_anew()

    def _look_anew(self) -> Steps:
        """Where is it now?

        What was made without an operation of ours only the model or world itself can tell.
        """
        if self._job.operation is not None:
            self._runner.apply_operation(
                (yield from self._runner.ask(Poll(self._job.operation.id))).operation
            )
        else:
            self._job = self._job.moved(Phase.FETCHING, problem=None)

    def _action(self, decision: Decision, target: str | None = None) -> Act:
        until = (
            None
            if decision.at is None or decision.verb is Verb.CANCEL
            else decision.at + unknown_outcome.REPEATED_FOR
        )
        return Act(decision, self._job.kind, target or operation_of(self._job).id, until=until)

    def _send(self, act: Act) -> Generator[Step, Any, Operation]:
        """An action that starts something waits for a free place at Mint, as a start does."""
        while True:
            try:
                return (yield from self._runner.ask(act))
            except errors.TooManyActive as error:
                self._job = replace(self._job, problem=error_messages.of(error))
                act = replace(act, after=self._pace.longest)

    def _retry(
        self, decision: Decision, resource_id: str
    ) -> Generator[Step, Any, Operation | None]:
        """A new attempt.

        A conflict does not say with what: with somebody's attempt, which is then fetched, or with
        this very call, which Mint is still working on.
        """
        act = self._action(decision, resource_id)
        for _ in range(unknown_outcome.TRIES):
            try:
                return (yield from self._send(act))
            except errors.Conflict as error:
                if type(error) is not errors.Conflict:
                    raise
                conflict = error
            asset = yield from self._runner.ask(ReadAsset(self._job.kind, resource_id))
            if asset.status not in unknown_outcome.FAILED:
                unknown_outcome.adopt_retried(self._runner, asset, str(conflict))
                return None
            self._job = replace(self._job, problem=error_messages.of(conflict))
            act = replace(act, after=self._pace.longest)
        raise conflict


_TOO_LATE = frozenset({Phase.FETCHING, Phase.READY, Phase.PLACED, Phase.CANCELED})
