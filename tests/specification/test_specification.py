# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol of paid requests holds within bounds, and each of its rules is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.paid_requests.record import PaidVerb, of_job
from mint_blender.jobs.paid_requests.send import PaidCall
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.schema import Kind

from .events import Ended, Event, Inserted
from .exploring import explore
from .histories import BROKEN
from .recorder import Recorder, _Send, recorded
from .rules import PROPERTIES, RULES
from .setups import LARGE, NAMES, SHOWN_IN, explore_setup
from .trace import check


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.thorough if name in LARGE else ()) for name in NAMES],
)
def test_all_is_well_in_every_state(name: str) -> None:
    """No state within small bounds is wrong, and an end can be reached from each."""
    exploration = explore_setup(name, is_small=True)
    assert exploration.error is None, str(exploration)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", NAMES)
def test_all_is_well_in_larger_bounds(name: str) -> None:
    """With a further attempt, fault or hour the same is true."""
    exploration = explore_setup(name)
    assert exploration.error is None, str(exploration)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, marks=pytest.mark.thorough if rule == "takeover" else ())
        for rule in RULES
    ],
)
def test_without_a_rule_something_goes_wrong(rule: str) -> None:
    """There is a way to a state that is wrong: the rule is needed, and the model would show it."""
    exploration = explore_setup(SHOWN_IN[rule], off=rule)
    assert exploration.steps, f"without {rule!r}, {RULES[rule]!r}: {exploration}"
    assert "\n    1. " in str(exploration)


class Walk:
    """A model of somebody who walks from 0 and may fall into a hole."""

    def __init__(self, wrong: int = 99, hole: int = 99) -> None:
        self.wrong, self.hole = wrong, hole

    def start(self) -> int:
        """Return the first place."""
        return 0

    def steps(self, w: int) -> Iterator[tuple[str, int]]:
        """Yield the next places."""
        if w < 5 and w != self.hole:
            yield "one step", w + 1
            yield "two steps", w + 2

    def error(self, w: int) -> str | None:
        """Return whether the place is wrong."""
        return "wrong" if w == self.wrong else None

    def is_end(self, w: int) -> bool:
        """Return whether the walk is over."""
        return w >= 5


@pytest.mark.parametrize(
    ("walk", "most", "error", "length"),
    [
        (Walk(wrong=3), 100, "wrong", 2),
        (Walk(hole=2), 100, "no end can be reached", 1),
        (Walk(), 3, "too many states", 0),
        (Walk(), 100, None, 0),
    ],
)
def test_the_shortest_way_to_an_error_is_found(
    walk: Walk, most: int, error: str | None, length: int
) -> None:
    """A state that is wrong, one without an end, and too many of them are told apart."""
    exploration = explore(walk, most)
    assert (exploration.error, len(exploration.steps)) == (error, length)


# -- what the recorder makes of a crash: a commit that was under way counts if the disk has it


CALL = PaidCall("key", PaidVerb.START, "", Kind.MODEL, {})


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


def test_a_commit_that_was_under_way_counts_if_it_is_on_disk(tmp_path: Path) -> None:
    """Nobody has returned from it, and the next process finds the row; or it is rolled back."""
    (event,) = crash_in_commit(tmp_path / "a", is_on_disk=True)
    assert isinstance(event, Inserted) and event.subject == of_job("a")
    assert crash_in_commit(tmp_path / "b", is_on_disk=False) == []


def test_who_dies_stores_no_answer() -> None:
    """An answer that arrived just before has to be asked for again."""
    recorder = Recorder(lambda: 0.0, lambda: "", lambda made: "", worlds_have_prompt=True)
    recorder._sends.append(_Send(CALL, "call 1"))
    recorder.crashed({})
    assert recorder.history() == [Ended("call 1")] and not recorder._sends


# -- histories of paid requests are checked: each mistake is noticed


NOT_SEEN = {
    **dict.fromkeys(("copy", "takeover"), "nobody copies a journal in the simulation"),
    "limit": "what a transaction sums up is not in the record: `simulation/limits.py` judges it",
    "known": "what a person is shown is not in the record: `simulation/books.py` judges it",
    "date": "a time does not say which clock it is of",
    "file": "the folder is not in the record",
    "scan": "what the lists show before the first row is not in the record",
}
"""The rules that a history cannot show, and why."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_noticed(name: str) -> None:
    """It breaks the rule, or the property, and what follows from it is told apart."""
    rule, events = BROKEN[name]
    violations = check(events)
    assert [each.rule for each in violations] == [rule], violations


def test_each_rule_has_a_broken_history() -> None:
    """Those that a history cannot show say why."""
    shown = {rule for rule, _ in BROKEN.values()}
    assert shown | set(NOT_SEEN) == set(RULES) | set(PROPERTIES)
    assert not shown & set(NOT_SEEN)


def test_a_violation_says_where_it_is() -> None:
    """It names the event, and they come in the order of the events."""
    events = [*BROKEN["an attempt is sent twice"][1], *BROKEN["a Preview that nobody has seen"][1]]
    violations = check(events)
    assert [(each.rule, each.index) for each in violations] == [("record", 3), ("preview", 5)]
    assert violations[0].key != violations[1].key
