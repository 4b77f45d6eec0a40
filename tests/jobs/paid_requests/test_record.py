# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says: its state, what may happen next, and whether it may be sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.jobs.paid_requests.record import (
    OPEN,
    TRANSITIONS,
    YOUNG_FOR,
    Event,
    IllegalTransition,
    PaidRequest,
    PaidVerb,
    State,
    key_of,
    of_asset,
    of_job,
    of_line,
)

from .records import CREDENTIAL, IN_STATE, NOW, OTHERS_CAN_ORDER, a_record, sent


@pytest.mark.parametrize("state", State)
def test_each_state_is_recognized(state: State) -> None:
    """It follows from the members alone."""
    assert IN_STATE[state].state is state
    assert IN_STATE[state].is_open is (state in OPEN)


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_only_what_the_table_allows_happens(state: State, event: Event) -> None:
    """Anything else raises, and changes nothing."""
    request = IN_STATE[state]
    before = replace(request)
    if (state, event) in TRANSITIONS:
        assert request.after(event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition, match=str(event)):
            request.after(event)
    assert request == before


@pytest.mark.parametrize("state", State)
def test_an_operation_is_always_stored(state: State) -> None:
    """Also for what was dropped: otherwise it runs, and nobody knows it."""
    assert TRANSITIONS[state, Event.ANSWER] is State.ANSWERED


def test_nothing_that_is_closed_is_sent_again() -> None:
    """Only what Mint has answered is replayed, which starts nothing."""
    closed = {State.REFUSED, State.CANCELED, State.DROPPED, State.OVER}
    assert not any((state, Event.ATTEMPT) in TRANSITIONS for state in closed)


def test_nothing_in_doubt_becomes_canceled_or_refused() -> None:
    """Both say that nothing was started."""
    after = {to for (state, _), to in TRANSITIONS.items() if state is State.IN_DOUBT}
    assert not after & {State.CANCELED, State.REFUSED, State.CLEAN}


@pytest.mark.parametrize(
    ("request_", "state"),
    [
        (a_record(), State.CLEAN),
        (sent(attempts=2, refusals=2), State.CLEAN),
        (sent(attempts=2, refusals=1), State.IN_DOUBT),
        (a_record(is_copied=True), State.IN_DOUBT),
        (sent(attempts=1, refusals=1, is_copied=True), State.IN_DOUBT),
        (OTHERS_CAN_ORDER, State.IN_DOUBT),
        (a_record(of_asset("res_1")), State.IN_DOUBT),
    ],
    ids=["new", "refused", "lost and refused", "copy", "refused in a copy", "line", "asset"],
)
def test_clean_is_only_what_is_certain(request_: PaidRequest, state: State) -> None:
    """Every attempt was refused, in this journal file, and nobody else can order the same."""
    assert request_.state is state


@pytest.mark.parametrize("age", [0.0, YOUNG_FOR - 1.0, YOUNG_FOR, 10 * YOUNG_FOR])
@pytest.mark.parametrize("credential", [CREDENTIAL, "of another key", ""])
def test_what_is_in_doubt_is_sent_while_mint_remembers_it(age: float, credential: str) -> None:
    """For 12 hours, with the API key that it was sent with."""
    is_remembered = age < YOUNG_FOR and credential == CREDENTIAL
    for request in (sent(), sent(attempts=3, refusals=2), sent(operation="op_1")):
        assert request.may_be_sent(NOW + age, credential) is is_remembered


@pytest.mark.parametrize("age", [0.0, YOUNG_FOR, 1000 * YOUNG_FOR])
def test_what_is_clean_is_sent_at_any_time(age: float) -> None:
    """With any API key: nothing of it is at Mint."""
    for request in (a_record(), sent(attempts=2, refusals=2)):
        assert request.may_be_sent(NOW + age, "of another key")


def test_what_others_can_order_is_sent_while_it_is_young() -> None:
    """After that, another machine can have sent it under a key that Mint has forgotten."""
    assert OTHERS_CAN_ORDER.may_be_sent(NOW + YOUNG_FOR - 1.0, CREDENTIAL)
    assert not OTHERS_CAN_ORDER.may_be_sent(NOW + YOUNG_FOR, CREDENTIAL)


@pytest.mark.parametrize("state", State)
def test_a_copy_sends_nothing(state: State) -> None:
    """Nobody knows what the original has sent since."""
    request = replace(IN_STATE[state], is_copied=True)
    assert not request.may_be_sent(NOW, CREDENTIAL)


@pytest.mark.parametrize("state", sorted(set(State) - OPEN - {State.ANSWERED}))
def test_what_is_closed_is_not_sent(state: State) -> None:
    """However young it is."""
    assert not IN_STATE[state].may_be_sent(NOW, CREDENTIAL)


def test_the_key_is_the_same_for_the_same_order() -> None:
    """On every machine, and after every restart. Each part of the order counts."""
    line = of_line("batch", "tag")
    key = key_of(line, PaidVerb.START, 1)
    assert key == "mint-blender-bf1009b3967185089dcd571aa8e7358d3b7188a0"
    assert key == key_of(of_line("batch", "tag"), PaidVerb.START, 1)
    others = {
        key_of(of_line("batch", "tag2"), PaidVerb.START, 1),
        key_of(of_line("batch2", "tag"), PaidVerb.START, 1),
        key_of(of_job("tag"), PaidVerb.START, 1),
        key_of(line, PaidVerb.RETRY, 1),
        key_of(line, PaidVerb.START, 2),
    }
    assert len(others | {key}) == 6


def test_the_key_of_a_surrogate_is_a_key() -> None:
    """A file name on Linux need not be text."""
    assert key_of(of_line("batch", "\udc80"), PaidVerb.START, 1).isascii()


def test_what_was_found_is_an_asset_and_no_operation() -> None:
    """It cannot be polled."""
    assert sent(operation="asset:res_1").found_asset == "res_1"
    assert sent(operation="op_1").found_asset is None
    assert sent().found_asset is None
