# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorder makes of a crash: a commit that was under way counts if the disk has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.jobs.paid_requests.record import PaidVerb, of_job
from mint_blender.jobs.paid_requests.send import PaidCall
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.schema import Kind

from .events import Ended, Event, Inserted
from .recorder import Recorder, _Send, recorded

CALL = PaidCall("key", PaidVerb.START, "", Kind.MODEL, {})

pytestmark = pytest.mark.one_blender


def crash_in_commit(home: Path, *, is_on_disk: bool) -> list[Event]:
    """Return the events of an order whose process dies in the transaction, or just after it."""
    recorder = Recorder(lambda: 0.0, lambda: "", lambda made: "", worlds_have_prompt=True)
    with recorded(recorder):
        journal = Journal(home)
        with journal.paid_requests._db.transaction():
            row = journal.paid_requests.order(of_job("a"), PaidVerb.START, "a", now=1.0)
            recorder.crashed({row.key: row} if is_on_disk else {})
        journal.close()
    return recorder.history()


def test_what_is_on_disk_was_committed(tmp_path: Path) -> None:
    """Nobody has returned from the commit, and the next process finds the row."""
    (event,) = crash_in_commit(tmp_path, is_on_disk=True)
    assert isinstance(event, Inserted) and event.subject == of_job("a")


def test_what_is_not_on_disk_did_not_happen(tmp_path: Path) -> None:
    """The transaction is rolled back when the journal is opened."""
    assert crash_in_commit(tmp_path, is_on_disk=False) == []


def test_who_dies_stores_no_answer() -> None:
    """An answer that arrived just before has to be asked for again."""
    recorder = Recorder(lambda: 0.0, lambda: "", lambda made: "", worlds_have_prompt=True)
    recorder._sends.append(_Send(CALL, "call 1"))
    recorder.crashed({})
    assert recorder.history() == [Ended("call 1")] and not recorder._sends
