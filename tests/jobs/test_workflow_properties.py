# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the workflow under any order of answers, errors, decisions and kills.

Hypothesis drives the workflow, a fake Mint, and a fake journal that is read back at every step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mint_blender.files.errors import DownloadFailed, LinkExpired
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import ClaimedAssets, Decision, Role
from mint_blender.jobs.phases import VERBS, Phase, Verb, may_decide
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Fetch,
    OptionalFetch,
    ReadClaimedAssets,
    Start,
    TakeSlot,
)
from mint_blender.mint.errors import MintError
from mint_blender.mint.schema import Kind, Mode

from .workflow_fake_mint import ERRORS, LATE, OPEN, RESTS, ROLES, FakeMint
from .workflow_harness import WorkflowHarness, a_job, kept


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
        self.numbers = 0
        self.now = LATE

    # -- this side
    # ---------------------------------------------------------------------------------------------------------------

    def _begin_run(self) -> None:
        """Tell from what the journal knows, which is all that a new process has."""
        self.run = WorkflowHarness(
            serialization.load(serialization.dump(self.book), self.book.decision, self.book.phase),
            WorkflowConfig(now=lambda: self.now),
        )
        self._commit()

    def _commit(self) -> None:
        """As the scheduler does: the record as it is; a decision goes only when it was answered."""
        assert self.run is not None
        self.book = self.run.job
        assert (
            serialization.load(serialization.dump(self.book), self.book.decision, self.book.phase)
            == self.book
        )
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
    @rule(killed=st.booleans())
    def answer_lost(self, killed: bool) -> None:
        """Mint acted; its answer never came, or the process died before it was committed."""
        assert self.run is not None
        try:
            self.mint.ask(self.run.effect)
        except MintError:
            pass
        if killed:
            self.run = None
        else:
            self._go_on(error=ERRORS["network"])

    @rule()
    def a_day_passes(self) -> None:
        """Nothing that was sent is repeated by itself any more."""
        self.now += 24 * 3600.0

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
        offered = may_decide(verb, self.book.phase, pending) and verb in presenter.verbs(self.book)
        if not offered or (verb is Verb.RESUME and self.book.phase is Phase.PAUSED):
            return
        self.numbers += 1
        self.clicks += verb is Verb.RETRY
        self.book = replace(
            self.book,
            decision=Decision(
                verb, f"click-{self.numbers}", "greener" if verb is Verb.REVISE else None, self.now
            ),
        )
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
            if self.run is not None:
                self.mint.finish()
                self.answered()
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
    job: Job = a_job()
    start = Start(Kind.MODEL, job.request.body(()), key=job.key)
    mint.ask(start)
    mint.ask(start)
    assert len(mint.works) == 1
    mint.ask(replace(start, key="another"))
    assert len(mint.works) == 2


TestJobMachine = JobMachine.TestCase
TestJobMachine.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
