# SPDX-License-Identifier: GPL-3.0-or-later
"""The writers of the table, on a real journal file with two connections."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.database import JournalError
from mint_blender.jobs.paid_requests.record import (
    OPEN,
    YOUNG_FOR,
    IllegalTransition,
    PaidRequest,
    PaidVerb,
    State,
    key_of,
    of_job,
    of_line,
)
from mint_blender.jobs.paid_requests.table import PaidRequests, opened
from mint_blender.jobs.storage.journal import Journal

from .records import BODY, CREDENTIAL, IN_STATE, NOW, OTHERS_CAN_ORDER, a_record, sent


@pytest.fixture
def records(home: Path) -> Iterator[PaidRequests]:
    """Yield the records of an empty journal."""
    journal = Journal(home)
    yield journal.paid_requests
    journal.close()


@pytest.fixture
def other(records: PaidRequests, home: Path) -> Iterator[PaidRequests]:
    """Yield the same records over a connection of its own."""
    with opened(home / "journal.sqlite3") as found:
        yield found


def insert(records: PaidRequests, request: PaidRequest) -> str:
    """Insert a record of this journal file, and return its key."""
    records.insert(replace(request, journal=records.identity, is_copied=False))
    return request.key


def begin(records: PaidRequests, key: str, now: float = NOW) -> PaidRequest | None:
    """Begin an attempt."""
    return records.begin(key, now=now, credential=CREDENTIAL, body=BODY)


@pytest.mark.parametrize("state", State)
def test_another_connection_reads_what_was_inserted(
    records: PaidRequests, other: PaidRequests, state: State
) -> None:
    """Each member, as soon as it is committed. The state follows from the members alone."""
    key = insert(records, IN_STATE[state])
    found = other.get(key)
    assert found == records.get(key)
    assert found.state is state and not found.is_copied
    assert found.is_open is (state in OPEN)


LINE = OTHERS_CAN_ORDER.subject


def order_line(records: PaidRequests) -> PaidRequest:
    """Order the line once more, by another job and half a day later."""
    return records.order(LINE, PaidVerb.START, "job_2", now=NOW + YOUNG_FOR, credits=798.0)


@pytest.mark.parametrize("refusals", [0, 2])
def test_what_only_others_can_have_started_is_ordered_with_the_same_key(
    records: PaidRequests, other: PaidRequests, refusals: int
) -> None:
    """Another machine may have sent the line that was given up here: another key could pay twice."""
    first = insert(records, sent(refusals, refusals, subject=LINE, key=OTHERS_CAN_ORDER.key))
    records.cancel(first)
    again = order_line(other)
    assert (again.key, again.number, again.job) == (first, 1, "job_2")
    assert (again.state, again.born, again.credits) == (State.IN_DOUBT, NOW + YOUNG_FOR, 798.0)
    assert again == records.get(first) and again.body == BODY
    assert not records.of_jobs(["job_1"])


@pytest.mark.parametrize("changes", [{"attempts": 1}, {"operation": "op_1"}])
def test_what_this_journal_may_have_started_is_not_reopened(
    records: PaidRequests, changes: dict[str, Any]
) -> None:
    """Nobody is asked once more whether it was started: it gets another number."""
    line = replace(OTHERS_CAN_ORDER, closed=State.DROPPED, journal=records.identity)
    records.insert(replace(line, **changes))
    assert order_line(records).number == 2


def test_what_the_original_of_a_copy_may_have_started_keeps_its_key(records: PaidRequests) -> None:
    """It is looked for, from when it was ordered first on, and only then a person sends it."""
    line = replace(OTHERS_CAN_ORDER, closed=State.DROPPED, journal="the original")
    records.insert(replace(line, born=NOW - 3 * YOUNG_FOR))
    again = order_line(records)
    assert (again.number, again.state, again.is_copied) == (1, State.IN_DOUBT, True)
    assert again.born == NOW - 3 * YOUNG_FOR
    assert not again.may_be_sent(NOW, CREDENTIAL)


def test_an_order_gives_up_what_its_job_has_left_open(records: PaidRequests) -> None:
    """Not only the latest of the line, which another job may have ordered meanwhile; no other job's."""
    for number, job in enumerate("abc", start=1):
        key = key_of(LINE, PaidVerb.START, number)
        closed = State.DROPPED if job == "c" else None
        line = replace(sent(), subject=LINE, key=key, number=number, job=job, closed=closed)
        insert(records, line)
    records.order(LINE, PaidVerb.START, "a", now=NOW)
    assert [each.state for each in records.beginning_with(LINE)] == [
        State.OVER,
        State.IN_DOUBT,
        State.OVER,
        State.IN_DOUBT,
    ]


def test_the_same_record_is_not_inserted_twice(records: PaidRequests, other: PaidRequests) -> None:
    """The key is the primary key: the second writer learns that somebody has ordered it."""
    insert(records, a_record())
    with pytest.raises(Exception, match=r"(?i)unique|constraint|journal"):
        insert(other, a_record())
    assert len(other.of_jobs(["job_1"])["job_1"] or ()) == 1


@pytest.mark.parametrize(
    ("stored", "now", "expected"),
    [
        (a_record(born=NOW - 5), NOW, (1, NOW, "another", "{}")),
        (sent(), NOW + 60, None),
        (sent(credential="another"), NOW + 60, (2, NOW, "another", BODY)),
        (sent(refusals=1), NOW + YOUNG_FOR, (2, NOW + YOUNG_FOR, "another", "{}")),
        (OTHERS_CAN_ORDER, NOW + 60, (1, NOW, "another", "{}")),
        (replace(OTHERS_CAN_ORDER, born=NOW + YOUNG_FOR), NOW, (1, NOW, "another", "{}")),
    ],
    ids=["the first one", "another key", "in doubt", "refused", "others can order", "a fast clock"],
)
def test_an_attempt_counts_and_keeps_what_was_sent(
    records: PaidRequests,
    other: PaidRequests,
    stored: PaidRequest,
    now: float,
    expected: tuple[int, float, str, str] | None,
) -> None:
    """The first one that may be at Mint sets time, API key and body; they stay while in doubt.

    What others can order may have been sent since it was inserted, and nothing is younger than its
    first attempt: Mint would have forgotten the key by then.
    """
    begun = other.begin(insert(records, stored), now=now, credential="another", body="{}")
    if expected is None or begun is None:
        assert begun is expected
        return
    assert (begun.attempts, begun.born, begun.credential, begun.body) == expected
    assert begun.attempted == now and records.get(begun.key) == begun


def test_a_copy_of_the_file_begins_nothing_until_a_person_says_so(
    records: PaidRequests, home: Path, tmp_path: Path
) -> None:
    """Then it is sent while it is young, with its API key. From then on it is in doubt for good."""
    refused = insert(records, sent(attempts=2, refusals=1))
    unsent = insert(records, a_record(of_job("other")))
    copy = tmp_path / "copy.sqlite3"
    records._db.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(home / "journal.sqlite3", copy)
    with opened(copy) as copied:
        for key in (refused, unsent):
            found = copied.get(key)
            assert found.is_copied and found.state is State.IN_DOUBT
            assert begin(copied, key) is None
        taken = copied.take_over(refused)
        assert (taken.attempts, taken.is_copied) == (3, False)
        for at, credential in ((NOW + 60.0, "another"), (NOW + YOUNG_FOR, CREDENTIAL)):
            assert copied.begin(refused, now=at, credential=credential, body="{}") is None
        assert begin(copied, refused, NOW + 60.0).body == BODY
        assert copied.refuse(refused, is_final=True).state is State.IN_DOUBT
        assert copied.take_over(unsent).state is State.IN_DOUBT
        assert {copied.cancel(key).state for key in (refused, unsent)} == {State.DROPPED}


@pytest.mark.parametrize(
    "unsent", [*map(IN_STATE.get, (State.CLEAN, State.REFUSED, State.CANCELED)), OTHERS_CAN_ORDER]
)
def test_what_was_not_sent_is_not_refused(records: PaidRequests, unsent: PaidRequest) -> None:
    """That is a bug of ours: it raises, and the row stays as it is."""
    key = insert(records, unsent)
    before = records.get(key)
    with pytest.raises((IllegalTransition, JournalError)):
        records.refuse(key, is_final=True)
    assert records.get(key) == before


CLOSERS: dict[str, Callable[[PaidRequests, str], PaidRequest | None]] = {
    "cancel": PaidRequests.cancel,
    "look": PaidRequests.look,
    "give up": PaidRequests.give_up,
}


AFTERWARDS = {
    ("cancel", State.CLEAN): State.CANCELED,
    ("cancel", State.IN_DOUBT): State.DROPPED,
    ("look", State.DROPPED): State.OVER,
    ("give up", State.CLEAN): State.OVER,
    ("give up", State.IN_DOUBT): State.OVER,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", CLOSERS)
def test_a_request_is_closed_once(
    records: PaidRequests, other: PaidRequests, name: str, state: State
) -> None:
    """Only from the states in which that means something; otherwise the row stays."""
    key = insert(records, IN_STATE[state])
    closed = CLOSERS[name](records, key)
    assert closed == other.get(key)
    assert closed.state is AFTERWARDS.get((name, state), state)


def test_unknown_keys_change_nothing(records: PaidRequests) -> None:
    """Of a journal that was replaced meanwhile, for example."""
    assert records.get("none") is None
    assert begin(records, "none") is None
    assert records.answer("none", "op_1") is None
    assert records.refuse("none", is_final=True) is None
    assert all(close(records, "none") is None for close in CLOSERS.values())
    assert records.take_over("none") is None


def test_the_records_of_many_jobs_are_read_together(records: PaidRequests) -> None:
    """In the order of insertion; those that begin alike are found too."""
    for number in range(3):
        records.order(f"line:batch:{number}", PaidVerb.START, f"job{number % 2}", now=NOW)
    found = records.of_jobs(["job0", "job1", "none"])
    assert [each.subject for each in found["job0"] or ()] == ["line:batch:0", "line:batch:2"]
    assert set(found) == {"job0", "job1"}
    assert len(records.beginning_with("line:batch:")) == 3
    assert records.beginning_with("line:batch2:") == ()


# -- what a record says


def test_the_key_is_the_same_for_the_same_order() -> None:
    """On every machine, and after every restart. Each part of the order counts.

    A file name on Linux need not be text.
    """
    line = of_line("batch", "tag")
    key = key_of(line, PaidVerb.START, 1)
    assert key == "mint-blender-bf1009b3967185089dcd571aa8e7358d3b7188a0"
    others = {
        key_of(of_line("batch", "tag2"), PaidVerb.START, 1),
        key_of(of_line("batch2", "tag"), PaidVerb.START, 1),
        key_of(of_line("batch", "\udc80"), PaidVerb.START, 1),
        key_of(of_job("tag"), PaidVerb.START, 1),
        key_of(line, PaidVerb.RETRY, 1),
        key_of(line, PaidVerb.START, 2),
    }
    assert len(others | {key}) == 7 and all(each.isascii() for each in others)


def test_what_was_found_is_an_asset_and_no_operation() -> None:
    """It cannot be polled."""
    assert sent(operation="asset:res_1").found_asset == "res_1"
    assert sent(operation="op_1").found_asset is None
    assert sent().found_asset is None
