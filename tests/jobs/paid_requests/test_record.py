# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says: its state, what may happen next, and whether it may be sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.jobs.paid_requests.record import (
    OPEN,
    TRANSITIONS,
    Event,
    IllegalTransition,
    PaidVerb,
    State,
    key_of,
    of_job,
    of_line,
)

from .records import IN_STATE, sent


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
