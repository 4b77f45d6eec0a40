# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer that comes after its scheduler was closed is not taken for one of the next scheduler."""

from __future__ import annotations

import threading
from pathlib import Path

from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.scheduler import Scheduler
from mint_blender.jobs.engine.thread_messages import CallEnded, SetAccount, Wake
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Me

from .engine_harness import EngineHarness
from .workflow_harness import a_job


class SlowIdentities:
    """Says whose key it is, each time only when the test opens the next gate."""

    def __init__(self, *users: str) -> None:
        self.gates = {user: threading.Event() for user in users}
        self._users = iter(users)
        self._asked = {user: threading.Event() for user in users}

    def me(self) -> Me:
        """Wait, and answer."""
        user = next(self._users)
        self._asked[user].set()
        assert self.gates[user].wait(20)
        return Me(user, None, None, ())

    def wait_until_asked(self, user: str) -> None:
        """Wait until the question is on its way that gets this answer."""
        assert self._asked[user].wait(20)

    def open(self, engine: EngineHarness, user: str) -> None:
        """Let an answer arrive, and the scheduler receive it."""
        self.gates[user].set()
        answer = engine.inbox.get(timeout=20)
        assert isinstance(answer, CallEnded)
        engine.scheduler.receive(answer)


def test_whose_key_it_is_is_not_taken_from_a_late_answer(home: Path) -> None:
    """A key that replaces another one does not become a key of the earlier account."""
    engine, slow = EngineHarness(home, executor=Pool), SlowIdentities("earlier", "present")
    engine.mint.me = slow.me  # type: ignore[method-assign]
    job, account = a_job(), Account("another-key")
    engine.add(job)
    engine.run()
    slow.wait_until_asked("earlier")
    engine.scheduler.receive(SetAccount(account))
    engine.scheduler.close(0.1)  # nothing is left to do
    engine.scheduler = Scheduler(engine.setup, account, engine.inbox, engine.outbox)
    engine.scheduler.receive(Wake(job.id))
    engine.run()
    slow.wait_until_asked("present")
    engine.journal.set_account(account)
    owners = []
    for user in slow.gates:
        slow.open(engine, user)
        current = engine.journal.look_up_account()
        assert current is not None
        assert current.owner is not None
        owners.append(current.owner.account if current.is_identified else None)
    engine.close()
    assert owners == [None, "user:present"]
