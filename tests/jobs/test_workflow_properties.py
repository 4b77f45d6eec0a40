# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the workflow under any order of answers, errors, decisions and kills.

Hypothesis drives the workflow, a fake Mint, and a fake journal that is read back at every step.
"""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mint_blender.files.errors import DownloadFailed, LinkExpired
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import ClaimedAssets, Role
from mint_blender.jobs.paid_requests import record
from mint_blender.jobs.paid_requests.record import FOUND, PaidVerb
from mint_blender.jobs.paid_requests.send import PaidCall, Sent
from mint_blender.jobs.phases import VERBS, Phase, Verb, may_decide
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Fetch,
    OptionalFetch,
    Pay,
    ReadClaimedAssets,
    TakeSlot,
)
from mint_blender.mint.errors import MintError
from mint_blender.mint.schema import Kind, Mode, Operation

from .workflow_fake_mint import ERRORS, LATE, OPEN, RESTS, ROLES, FakeMint
from .workflow_harness import WorkflowHarness, a_job, decided, kept, retried


class Death(Enum):
    """When a process dies around a call."""

    NONE, BEFORE_THE_ANSWER, AFTER_THE_ANSWER = range(3)


def stored(job: Job) -> Job:
    """Return the job as another process reads it."""
    read = serialization.load(serialization.dump(job), job.phase)
    return replace(read, requests=job.requests, decision=job.decision)


def without_answered(job: Job) -> Job:
    """Return the job without a decision whose record is not open any more, as it is read."""
    is_open = {each.key: each.is_open for each in job.requests}
    key = job.decision.key if job.decision else ""
    return replace(job, decision=job.decision if is_open.get(key, True) else None)


class JobMachine(RuleBasedStateMachine):
    """One job's life."""

    @initialize(
        mode=st.sampled_from(Mode),
        kind=st.sampled_from(Kind),
        alpha=st.booleans(),
        name=st.sampled_from([None, "Lamp"]),
        picture=st.booleans(),
    )
    def click_generate(
        self, mode: Mode, kind: Kind, alpha: bool, name: str | None, picture: bool
    ) -> None:
        """Create a job in the journal."""
        self.mint = FakeMint(mode, kind, alpha)
        self.book = a_job(
            mode=mode, kind=kind, name=name, images=("/tmp/a.png",) if picture else ()
        )
        self.run: WorkflowHarness | None = None
        self.clicks = 1  # that may begin an operation
        self.now = LATE

    # -- this side
    # ---------------------------------------------------------------------------------------------------------------

    def _begin_run(self) -> None:
        """Tell from what the journal knows, which is all that a new process has."""
        self.run = WorkflowHarness(stored(self.book), WorkflowConfig(now=lambda: self.now))
        self._commit()

    def _commit(self) -> None:
        """As the scheduler does: the record as it is; a decision goes only when it was answered."""
        assert self.run is not None
        self.book = self.run.job
        assert stored(self.book) == self.book
        if self.run.rests:
            self.run = None

    def _go_on(self, answer: Any = None, error: Exception | None = None) -> None:
        assert self.run is not None
        if error is not None:
            self.run.fail(error)
        else:
            self.run.answer(answer)
        self._commit()

    @precondition(
        lambda self: (
            self.run is None and (self.book.is_resumable or self.book.phase is Phase.PAUSED)
        )
    )
    @rule()
    def resume(self) -> None:
        """Somebody starts the program, or says resume."""
        self._begin_run()

    @precondition(lambda self: self.run is not None)
    @rule()
    def answered(self) -> None:
        """What is wanted is answered as it should be."""
        assert self.run is not None
        effect = self.run.effect
        if isinstance(effect, TakeSlot):
            self.book = replace(self.book, phase=Phase.SENDING)
            self._go_on()
        elif isinstance(effect, Fetch):
            self._go_on(kept(effect))
        elif isinstance(effect, ReadClaimedAssets):
            self._go_on(ClaimedAssets(frozenset()))
        elif isinstance(effect, OptionalFetch):
            self._go_on(kept(effect.fetch))
        else:
            try:
                answer = self.mint.ask(effect)
            except MintError as error:
                self._go_on(error=error)
            else:
                self._go_on(answer)

    @precondition(
        lambda self: (
            self.run is not None
            and not isinstance(
                self.run.effect, TakeSlot | Fetch | OptionalFetch | ReadClaimedAssets
            )
        )
    )
    @rule(error=st.sampled_from(sorted(ERRORS)))
    def refused(self, error: str) -> None:
        """The call finally failed, and Mint did nothing."""
        self._go_on(error=ERRORS[error])

    @precondition(
        lambda self: (
            self.run is not None
            and not isinstance(
                self.run.effect, TakeSlot | Fetch | OptionalFetch | ReadClaimedAssets
            )
        )
    )
    @rule(death=st.sampled_from(Death))
    def answer_lost(self, death: Death) -> None:
        """Mint acted; its answer never came, or the process died before the job was committed."""
        assert self.run is not None
        effect, answer = self.run.effect, None
        try:
            answer = self.mint.ask(effect)
        except MintError:
            pass
        if death is Death.NONE:
            self._go_on(error=ERRORS["network"])
            return
        if isinstance(effect, Pay) and not isinstance(answer, Sent):
            is_stored = death is Death.AFTER_THE_ANSWER and isinstance(answer, Operation)
            made = {"operation": answer.id} if is_stored and isinstance(answer, Operation) else {}
            self.book = without_answered(
                self.book.with_request(self.run.attempt(effect.call, **made))
            )
        self.run = None

    @rule()
    def a_day_passes(self) -> None:
        """Mint forgets the keys, so nothing that was sent may be repeated any more."""
        self.now += 24 * 3600.0
        self.mint.now = self.now
        self.mint.forget_keys()
        if self.run is not None and isinstance(self.run.effect, Pay):
            unsent = self.run.unsent(self.run.effect)  # it has waited that long before it was sent
            if unsent is not None:
                self._go_on(unsent)

    @precondition(lambda self: self.run is not None and isinstance(self.run.effect, OptionalFetch))
    @rule()
    def not_yet(self) -> None:
        """A picture in passing is still on its way."""
        self._go_on(None)

    @precondition(
        lambda self: self.run is not None and isinstance(self.run.effect, Fetch | OptionalFetch)
    )
    @rule(expired=st.booleans())
    def download_fails(self, expired: bool) -> None:
        """A file does not come."""
        self._go_on(error=LinkExpired("It is gone.") if expired else DownloadFailed("It broke."))

    @precondition(lambda self: self.run is not None and isinstance(self.run.effect, TakeSlot))
    @rule()
    def killed_in_the_line(self) -> None:
        """The place is taken in the journal, and then the process dies."""
        self.book = replace(self.book, phase=Phase.SENDING)
        self.run = None

    @precondition(lambda self: self.run is not None)
    @rule()
    def killed(self) -> None:
        """Between the commit and whatever was wanted."""
        self.run = None

    @rule(verb=st.sampled_from(Verb))
    def click(self, verb: Verb) -> None:
        """Decide, where a decision is allowed, and run the workflow with it.

        A paused job is resumed without a decision: see `resume`.
        """
        pending = self.book.decision.verb if self.book.decision else None
        offered = may_decide(verb, self.book.phase, pending) and verb in JobView(self.book).verbs
        if not offered or (verb is Verb.RESUME and self.book.phase is Phase.PAUSED):
            return
        self.clicks += verb is Verb.RETRY
        if verb is Verb.RETRY:
            self.book = retried(self.book, now=self.now)
        elif verb is Verb.RESUME and self.book.operation is None:
            self.book = self.book.moved(Phase.SENDING, problem=None)
        else:
            feedback = "greener" if verb is Verb.REVISE else None
            self.book = decided(self.book, verb, feedback, now=self.now)
        self.run = None

    @precondition(lambda self: is_unanswered(self.book) and self.book.candidates)
    @rule()
    def use_candidate(self) -> None:
        """Use what Mint's list shows."""
        request, asset_id = self.book.start_request, self.book.candidates[0].id
        assert request is not None
        job = self.book.with_request(replace(request, operation=f"{FOUND}{asset_id}"))
        self.book = job.moved(Phase.FETCHING, source_asset_id=asset_id, candidates=(), problem=None)
        self.run = None

    # -- the other side
    # ------------------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(work.status in OPEN for work in self.mint.works.values()))
    @rule(
        to=st.sampled_from(
            [
                "running",
                "enchanting",
                "preview_ready",
                "billing_required",
                "succeeded",
                "partially_succeeded",
                "failed",
                "canceled",
            ]
        )
    )
    def mint_moves(self, to: str) -> None:
        """The operations under way move, as far as Mint lets them."""
        for work in self.mint.works.values():
            waits = work.status == "billing_required" or (
                work.status == "preview_ready" and self.mint.mode is Mode.REVIEW
            )
            if work.status in OPEN and (not waits or to == "canceled"):
                self.mint.move(work, to)

    # -- promises
    # --------------------------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_started_twice(self) -> None:
        """There is one operation per start and retry, and each key had one effect."""
        assert len(self.mint.works) <= self.clicks
        assert all(count == 1 for count in self.mint.effects.values())

    @invariant()
    def success_is_complete(self) -> None:
        """Ready means that every file is here, or that its absence is said."""
        if self.book.phase is Phase.READY:
            here = {one.role for one in self.book.files} - {Role.PREVIEW}
            assert here == ROLES[self.mint.kind] or (
                here == ROLES[self.mint.kind] - {Role.PICTURE} and self.book.notes
            )

    @invariant()
    def previews_are_told_apart(self) -> None:
        """No picture is kept twice."""
        urls = [one.url for one in self.book.previews]
        assert len(urls) == len(set(urls))

    @invariant()
    def every_stopped_job_can_continue(self) -> None:
        """A stopped job continues when resumed, offers a decision, or is over."""
        if self.run is None and not self.book.is_resumable:
            assert VERBS.get(self.book.phase) or self.book.phase in RESTS, self.book.phase

    def teardown(self) -> None:
        """From here, wherever that is, a user who goes on gets to an end."""
        if not hasattr(self, "book"):
            return
        for _ in range(100):
            if self.book.source_asset_id is not None:
                self.mint.decide_elsewhere()  # its operation is not known here
            if self.run is not None:
                self.mint.finish()
                self.answered()
            elif is_unanswered(self.book) and self.book.candidates:
                self.use_candidate()
            elif is_unanswered(self.book) and self.book.decision is None:
                self.click(Verb.RETRY)
            elif self.book.is_resumable or self.book.phase is Phase.PAUSED:
                self._begin_run()
            elif self.book.phase is Phase.REVIEW:
                self.click(Verb.APPROVE)
            elif self.book.phase is Phase.BILLING:
                self.click(Verb.RESUME)
            else:
                break
        assert self.book.phase in RESTS, self.book
        self.nothing_is_started_twice()
        self.success_is_complete()


def test_the_fake_mint_charges_once_for_a_key() -> None:
    """The measure itself: the same start twice is one operation, another key is another one."""
    mint = FakeMint(Mode.AUTO, Kind.MODEL, False)
    start = PaidCall("key", PaidVerb.START, "", Kind.MODEL, a_job().request.body(()))
    mint.ask(Pay(start))
    mint.ask(Pay(start))
    assert len(mint.works) == 1
    mint.ask(Pay(replace(start, key="another")))
    assert len(mint.works) == 2


def test_a_start_under_a_forgotten_key_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure itself: a request that may always be repeated is carried out twice."""
    monkeypatch.setattr(record, "YOUNG_FOR", math.inf)
    machine = JobMachine()
    machine.click_generate(Mode.AUTO, Kind.MODEL, False, None, False)
    machine.resume()
    machine.answered()
    machine.answer_lost(Death.NONE)
    machine.a_day_passes()
    machine.resume()
    machine.answered()
    with pytest.raises(AssertionError):
        machine.nothing_is_started_twice()


TestJobMachine = JobMachine.TestCase
TestJobMachine.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
