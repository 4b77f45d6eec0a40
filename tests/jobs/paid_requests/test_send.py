# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of writes around a send, with a client that looks into the journal meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.paid_requests.record import (
    YOUNG_FOR,
    PaidRequest,
    PaidVerb,
    State,
    of_line,
    of_preview,
)
from mint_blender.jobs.paid_requests.send import Sent
from mint_blender.jobs.paid_requests.table import PaidRequests
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint import errors
from mint_blender.mint.errors import read_problem
from mint_blender.mint.schema import Mode, Operation

from ..workflow_harness import operation, problem
from .records import CREDENTIAL, NOW, a_record, sent
from .sender import PICTURES, STARTED, Sender


@pytest.fixture
def sender(home: Path) -> Iterator[Sender]:
    """Yield a sender for an empty journal."""
    journal = Journal(home)
    yield Sender(journal.paid_requests, journal.path)
    journal.close()


@pytest.mark.covers("C7-stored")
def test_the_attempt_is_committed_before_the_first_byte(sender: Sender) -> None:
    """With the body, Mint's time and the API key. The operation is stored after it.

    A crash after the line is taken leaves a line that is ours, and was not sent.
    """
    request = sender.insert(a_record(born=NOW - 60.0))
    outcome = sender.send(request)
    during = sender.client.seen
    assert (during.attempts, during.attempted, during.born) == (1, NOW, NOW)
    assert (during.body, during.credential) == ('{"prompt": "a lamp"}', CREDENTIAL)
    assert during.operation is None
    assert outcome == Sent(sender.records.get(request.key), STARTED)
    assert outcome.request.operation == "op_1"
    assert sender.client.calls == ["time", "take the line", "time", "start model"]
    assert (sender.line.operations, sender.line.states) == (["op_1"], [0])


@pytest.mark.parametrize("stored", [a_record(), sent(refusals=1)])
def test_nothing_is_started_at_an_old_price(sender: Sender, stored: PaidRequest) -> None:
    """A day may pass between the question for the price and the first attempt, by Mint's clock."""
    request = sender.insert(stored)
    outcome = sender.send(request, priced_until=NOW - 1.0)
    assert outcome == Sent(sender.records.get(request.key), is_price_old=True)
    assert sender.is_silent
    sender.send(request, priced_until=NOW + 600.0)
    assert not sender.is_silent


def test_an_attempt_in_doubt_is_repeated_at_any_price(sender: Sender) -> None:
    """Mint may have started it at the old one."""
    sender.send(sender.insert(sent()), priced_until=NOW - 1.0)
    assert not sender.is_silent


@pytest.mark.parametrize("is_replay", [False, True])
@pytest.mark.parametrize(
    "stored",
    [
        a_record(closed=State.CANCELED),
        sent(closed=State.DROPPED),
        sent(closed=State.OVER),
        sent(refusals=1, closed=State.REFUSED),
        sent(born=NOW - YOUNG_FOR),
        sent(credential="of another key"),
        a_record(journal="another file"),
        sent(operation="op_1"),
    ],
    ids=["canceled", "dropped", "over", "refused", "old", "another key", "a copy", "answered"],
)
def test_what_must_not_be_sent_is_not_sent(
    sender: Sender, stored: PaidRequest, is_replay: bool
) -> None:
    """Nothing is taken, begun or posted; the record says why. A replay never starts anything."""
    if is_replay and stored.is_answered:
        stored = a_record()
    request = sender.insert(stored)
    assert sender.send(request, is_replay=is_replay) == Sent(sender.records.get(request.key))
    assert sender.is_silent and sender.client.calls == ["time"]
    assert sender.send(a_record("job:none")) == Sent(None), "without a record there is no order"


@pytest.mark.parametrize("what", ["a cancel", "a sleep of a day"])
def test_what_happens_while_the_line_is_taken_comes_first(sender: Sender, what: str) -> None:
    """The row and the time are read once more before the attempt begins."""
    request = sender.insert(sent())
    take = sender.line.take

    def interrupted(*values: Any, **more: Any) -> bool:
        if what == "a cancel":
            sender.records.cancel(request.key)
        else:
            sender.client.now += 2 * YOUNG_FOR
        return take(*values, **more)

    sender.line.take = interrupted  # type: ignore[method-assign]
    outcome = sender.send(request)
    assert outcome == Sent(sender.records.get(request.key))
    assert outcome.request.state is (State.DROPPED if what == "a cancel" else State.IN_DOUBT)
    assert sender.is_silent


@pytest.mark.covers("C7-same-key")
def test_what_is_in_doubt_is_sent_with_the_body_that_was_sent(sender: Sender) -> None:
    """Another body under the same key would be refused."""
    request = sender.insert(sent())
    sender.send(request, body={"prompt": "another"})
    assert sender.client.bodies == [{"prompt": "a lamp", "name": "Lamp"}]


def answered(sender: Sender, request: PaidRequest, error: errors.MintError) -> PaidRequest:
    """Send a request that ends with an error, and return its record.

    What may be repeated at once is raised, except a full queue; the rest is returned.
    """
    sender.client.answer = error
    if error.retryable and not isinstance(error, errors.TooManyActive):
        with pytest.raises(type(error)):
            sender.send(request)
    else:
        assert sender.send(request).refusal is error
    return sender.records.get(request.key)


BLOCKED = errors.problem_error(read_problem(403, {"message": "Blocked by policy"}))
REFUSALS = [
    *((problem(status), State.REFUSED) for status in (400, 403, 404, 405, 413, 422)),
    (problem(401), State.CLEAN),
    (problem(402), State.CLEAN),
    (problem(429, "x"), State.CLEAN),
    (problem(429, "concurrency-limit-reached"), State.CLEAN),
    (errors.NotSent(), State.CLEAN),
]
"""After these, nothing was started: it is over, or open for another key, Credits or later."""
UNCLEAR = [
    (BLOCKED, State.IN_DOUBT),
    (errors.problem_error(read_problem(404, None)), State.IN_DOUBT),
    (problem(409, "idempotency-conflict"), State.IN_DOUBT),
    *((problem(status), State.IN_DOUBT) for status in (409, 500, 503, 524)),
    (errors.Unreachable("gone"), State.IN_DOUBT),
    (errors.InvalidResponse("it is a poem"), State.IN_DOUBT),
]
"""What gateways say, and what Mint says of something that may go on, prove nothing."""


@pytest.mark.parametrize(("error", "state"), REFUSALS + UNCLEAR, ids=str)
def test_what_an_error_proves(sender: Sender, error: errors.MintError, state: State) -> None:
    """Only a clear refusal of every attempt: after one without an answer, none proves anything.

    A cancel then says that Mint may have started it, and not that nothing was started.
    """
    is_refusal = state is not State.IN_DOUBT
    request = sender.insert(a_record())
    found = answered(sender, request, error)
    assert (found.state, found.attempts, found.refusals) == (state, 1, is_refusal)
    assert sender.line.operations == []
    second = sender.insert(a_record("job:second"))
    answered(sender, second, errors.Unreachable("gone"))
    found = answered(sender, second, error)
    assert (found.state, found.attempts, found.refusals) == (State.IN_DOUBT, 2, is_refusal)
    assert sender.records.cancel(second.key).state is State.DROPPED


def test_the_answer_to_a_dropped_request_is_stored(sender: Sender) -> None:
    """A person has canceled it while it was on its way. A refusal is counted: a look ends it."""
    request = sender.insert(a_record())
    sender.client.meanwhile = PaidRequests.cancel
    outcome = sender.send(request)
    assert outcome.operation is STARTED
    assert (outcome.request.closed, outcome.request.operation) == (State.DROPPED, "op_1")
    found = answered(sender, sender.insert(a_record("job:second")), problem(403))
    assert (found.state, found.refusals) == (State.DROPPED, 1)


# -- Previews


PREVIEW = of_preview("op_1", "p1")
ABOUT_PREVIEW: dict[str, Any] = {
    "target": "op_1",
    "seen": ("https://files.example/p1.webp",),
    "is_about_preview": True,
}


@pytest.mark.parametrize("verb", [PaidVerb.APPROVE, PaidVerb.REVISE])
def test_a_decision_polls_first(sender: Sender, verb: PaidVerb) -> None:
    """Mint waits with the Preview that was seen: a fresh link to it is no other one."""
    request = sender.insert(a_record(PREVIEW, verb=verb))
    assert sender.send(request, body={"feedback": "x"}, **ABOUT_PREVIEW).operation is STARTED
    word = f"{verb} model op_1"
    assert sender.client.calls == ["time", "poll op_1", "take the line", "time", word]
    assert sender.client.bodies == [{"feedback": "x"}]


@pytest.mark.parametrize(
    "shown",
    [
        operation("preview_ready", Mode.REVIEW, assets={"previewImageUrl": "https://f/p2.webp"}),
        operation("running", Mode.REVIEW, assets=PICTURES),
        operation("succeeded", Mode.REVIEW),
    ],
    ids=["another Preview", "works on it", "done"],
)
@pytest.mark.parametrize("verb", [PaidVerb.APPROVE, PaidVerb.REVISE])
def test_what_mint_does_not_wait_for_is_not_sent(
    sender: Sender, verb: PaidVerb, shown: Operation
) -> None:
    """It is shown instead, and the record stays as it was."""
    request = sender.insert(a_record(PREVIEW, verb=verb))
    sender.client.shown = shown
    outcome = sender.send(request, **ABOUT_PREVIEW)
    assert outcome == Sent(request, shown=shown)
    assert sender.is_silent and sender.records.get(request.key) == request


@pytest.mark.parametrize(
    ("verb", "status", "is_carried_out"),
    [
        (PaidVerb.REVISE, "running", True),
        (PaidVerb.REVISE, "preview_ready", True),
        (PaidVerb.REVISE, "canceled", False),
        (PaidVerb.APPROVE, "running", True),
        (PaidVerb.APPROVE, "succeeded", True),
        (PaidVerb.APPROVE, "preview_ready", False),
    ],
)
def test_a_decision_in_doubt_that_mint_has_carried_out(
    sender: Sender, verb: PaidVerb, status: str, is_carried_out: bool
) -> None:
    """The process was killed before the answer: that is what Mint shows, and nothing is sent."""
    request = sender.insert(sent(subject=PREVIEW, verb=verb))
    picture = {"previewImageUrl": "https://files.example/p2.webp"}
    sender.client.shown = shown = operation(status, Mode.REVIEW, assets=picture)
    outcome = sender.send(request, **ABOUT_PREVIEW)
    assert (outcome.operation, outcome.shown) == (
        (shown, None) if is_carried_out else (None, shown)
    )
    assert outcome.request.is_answered is is_carried_out
    assert sender.is_silent and sender.records.get(request.key) == outcome.request


def test_a_line_of_somebody_else_is_given_up(sender: Sender) -> None:
    """Nothing was sent here, but the other one may have started it."""
    request = sender.insert(a_record(of_line("batch", "tag")))
    sender.line.is_free = False
    outcome = sender.send(request)
    assert outcome.request.state is State.DROPPED
    assert outcome.request.attempts == 0 and sender.is_silent


# -- replays


def test_a_start_that_stopped_for_credits_is_replayed(sender: Sender) -> None:
    """While Mint remembers it: it is the same operation, which stays stored."""
    request = sender.insert(sent(operation="op_1"))
    for operation_, attempts in ((STARTED, 2), (None, 2)):
        outcome = sender.send(request, is_replay=True)
        assert outcome.operation is operation_
        assert (outcome.request.attempts, outcome.request.operation) == (attempts, "op_1")
        sender.client.now += YOUNG_FOR
