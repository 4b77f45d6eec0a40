# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of writes around a send, with a client that looks into the journal meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.paid_requests.record import (
    YOUNG_FOR,
    PaidRequest,
    PaidVerb,
    State,
    of_asset,
    of_line,
    of_operation,
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


def test_the_attempt_is_committed_before_the_first_byte(sender: Sender) -> None:
    """With the body, Mint's time and the API key. The operation is stored after it."""
    request = sender.insert(a_record(born=NOW - 60.0))
    outcome = sender.send(request)
    during = sender.client.seen
    assert (during.attempts, during.attempted, during.born) == (1, NOW, NOW)
    assert (during.body, during.credential) == ('{"prompt": "a lamp"}', CREDENTIAL)
    assert during.operation is None
    assert outcome == Sent(sender.records.get(request.key), STARTED)
    assert outcome.request.operation == "op_1"
    assert sender.client.calls == ["time", "take the line", "time", "start model"]
    assert sender.line.operations == ["op_1"]


@pytest.mark.parametrize(
    "request_",
    [
        replace(a_record(), closed=State.CANCELED),
        sent(closed=State.DROPPED),
        sent(closed=State.OVER),
        sent(refusals=1, closed=State.REFUSED),
        sent(born=NOW - YOUNG_FOR),
        sent(credential="of another key"),
        sent(operation="op_1"),
    ],
    ids=["canceled", "dropped", "over", "refused", "old", "another key", "answered"],
)
def test_what_must_not_be_sent_is_not_sent(sender: Sender, request_: PaidRequest) -> None:
    """Nothing is taken, begun or posted; the record says why."""
    request = sender.insert(request_)
    assert sender.send(request) == Sent(request)
    assert sender.is_silent and sender.client.calls == ["time"]


def test_a_copy_sends_nothing(sender: Sender) -> None:
    """What the original has sent since is not known."""
    request = replace(a_record(), journal="another file")
    sender.records.insert(request)
    outcome = sender.send(request)
    assert outcome.request.is_copied
    assert sender.is_silent


def test_an_unknown_record_sends_nothing(sender: Sender) -> None:
    """Without a record there is no order."""
    assert sender.send(a_record()) == Sent(None)
    assert sender.is_silent


def test_a_cancel_while_the_line_is_taken_comes_first(sender: Sender) -> None:
    """The row is read again when the attempt begins."""
    request = sender.insert(a_record())
    take = sender.line.take

    def cancel(*values: Any, **more: Any) -> bool:
        sender.records.cancel(request.key)
        return take(*values, **more)

    sender.line.take = cancel  # type: ignore[method-assign]
    outcome = sender.send(request)
    assert outcome.request.state is State.CANCELED
    assert sender.is_silent


def test_sleeping_between_check_and_attempt_sends_nothing(sender: Sender) -> None:
    """The time is read once more before the attempt begins."""
    request = sender.insert(sent())
    take = sender.line.take

    def sleep(*values: Any, **more: Any) -> bool:
        sender.client.now += 2 * YOUNG_FOR
        return take(*values, **more)

    sender.line.take = sleep  # type: ignore[method-assign]
    assert sender.send(request) == Sent(request)
    assert sender.is_silent


def test_what_is_in_doubt_is_sent_with_the_body_that_was_sent(sender: Sender) -> None:
    """Another body under the same key would be refused."""
    request = sender.insert(sent())
    sender.send(request, body={"prompt": "another"})
    assert sender.client.bodies == [{"prompt": "a lamp", "name": "Lamp"}]


# -- refusals


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422])
def test_a_clear_refusal_is_the_end(sender: Sender, status: int) -> None:
    """Nothing was started."""
    request = sender.insert(a_record())
    sender.client.answer = error = problem(status)
    outcome = sender.send(request)
    assert outcome.refusal is error
    assert outcome.request.state is State.REFUSED
    assert sender.line.operations == []


@pytest.mark.parametrize(("status", "slug"), [(401, None), (402, None), (429, "x"), (429, "c")])
def test_a_refusal_for_now_leaves_it_open(sender: Sender, status: int, slug: str | None) -> None:
    """With another key, with Credits, or later, the same request is accepted."""
    request = sender.insert(a_record())
    slug = "concurrency-limit-reached" if slug == "c" else slug
    sender.client.answer = error = problem(status, slug)
    if isinstance(error, errors.TooManyRequests) and not isinstance(error, errors.TooManyActive):
        with pytest.raises(errors.TooManyRequests):
            sender.send(request)
    else:
        assert sender.send(request).refusal is error
    found = sender.records.get(request.key)
    assert (found.state, found.attempts, found.refusals) == (State.CLEAN, 1, 1)


UNCLEAR = {
    "gateway's JSON 403": errors.problem_error(read_problem(403, {"message": "Blocked by policy"})),
    "gateway's page 404": errors.problem_error(read_problem(404, None)),
    "conflict": problem(409),
    "idempotency conflict": problem(409, "idempotency-conflict"),
    "500": problem(500),
    "503": problem(503),
    "524": problem(524),
    "no answer": errors.Unreachable("gone"),
    "no sense": errors.InvalidResponse("it is a poem"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_no_clear_refusal_proves_nothing(sender: Sender, name: str) -> None:
    """The request stays in doubt. What may be repeated at once is raised."""
    request = sender.insert(a_record())
    sender.client.answer = error = UNCLEAR[name]
    if error.retryable:
        with pytest.raises(type(error)):
            sender.send(request)
    else:
        assert sender.send(request).refusal is error
    found = sender.records.get(request.key)
    assert (found.state, found.attempts, found.refusals) == (State.IN_DOUBT, 1, 0)


def test_what_was_not_sent_counts_as_refused(sender: Sender) -> None:
    """The connection was lost before the first byte: it is sent again over another one."""
    request = sender.insert(a_record())
    sender.client.answer = errors.NotSent()
    with pytest.raises(errors.NotSent):
        sender.send(request)
    found = sender.records.get(request.key)
    assert (found.state, found.attempts, found.refusals) == (State.CLEAN, 1, 1)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 422])
def test_a_refusal_after_no_answer_proves_nothing(sender: Sender, status: int) -> None:
    """The first attempt may have started something: it is neither over nor clean."""
    request = sender.insert(a_record())
    sender.client.answer = errors.Unreachable("gone")
    with pytest.raises(errors.Unreachable):
        sender.send(request)
    sender.client.answer = problem(status)
    outcome = sender.send(request)
    assert (outcome.request.state, outcome.request.refusals) == (State.IN_DOUBT, 1)


def test_no_answer_then_conflict_then_a_full_queue_is_in_doubt(sender: Sender) -> None:
    """A cancel then says that Mint may have started it, and not that nothing was started."""
    request = sender.insert(a_record())
    for answer in (errors.Unreachable("gone"), problem(409), problem(429, "x")):
        sender.client.answer = answer
        if answer.retryable:
            with pytest.raises(errors.MintError):
                sender.send(request)
        else:
            sender.send(request)
    canceled = sender.records.cancel(request.key)
    assert canceled.state is State.DROPPED


# -- answers that come late


def test_the_answer_to_a_dropped_request_is_stored(sender: Sender) -> None:
    """A person has canceled it while it was on its way."""
    request = sender.insert(a_record())
    sender.client.meanwhile = PaidRequests.cancel
    outcome = sender.send(request)
    assert (outcome.request.closed, outcome.request.operation) == (State.DROPPED, "op_1")
    assert outcome.operation is STARTED


def test_a_refusal_of_a_dropped_request_is_counted(sender: Sender) -> None:
    """It stays dropped: a look ends it."""
    request = sender.insert(a_record())
    sender.client.meanwhile = PaidRequests.cancel
    sender.client.answer = problem(403)
    outcome = sender.send(request)
    assert (outcome.request.state, outcome.request.refusals) == (State.DROPPED, 1)


# -- Previews


@pytest.mark.parametrize("verb", [PaidVerb.APPROVE, PaidVerb.REVISE])
def test_a_decision_polls_first(sender: Sender, verb: PaidVerb) -> None:
    """Mint waits with the Preview that was seen: a fresh link to it is no other one."""
    request = sender.insert(a_record(of_preview("op_1", "p1"), verb=verb))
    seen = ("https://files.example/p1.webp",)
    more = {"target": "op_1", "seen": seen, "is_about_preview": True, "body": {"feedback": "x"}}
    assert sender.send(request, **more).operation is STARTED
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
    request = sender.insert(a_record(of_preview("op_1", "p1"), verb=verb))
    sender.client.shown = shown
    seen = ("https://files.example/p1.webp",)
    outcome = sender.send(request, target="op_1", seen=seen, is_about_preview=True)
    assert outcome == Sent(request, shown=shown)
    assert sender.is_silent and sender.records.get(request.key) == request


# -- lines


def test_the_line_is_taken_before_the_attempt(sender: Sender) -> None:
    """A crash between the two leaves a line that is ours, and was not sent."""
    request = sender.insert(a_record(of_line("batch", "tag")))
    sender.send(request)
    assert sender.line.states == [0]


def test_a_line_of_somebody_else_is_given_up(sender: Sender) -> None:
    """Nothing was sent here, but the other one may have started it."""
    request = sender.insert(a_record(of_line("batch", "tag")))
    sender.line.is_free = False
    outcome = sender.send(request)
    assert outcome.request.state is State.DROPPED
    assert outcome.request.attempts == 0 and sender.is_silent


# -- replays, and the other verbs


def test_a_start_that_stopped_for_credits_is_replayed(sender: Sender) -> None:
    """While Mint remembers it: it is the same operation, which stays stored."""
    request = sender.insert(sent(operation="op_1"))
    outcome = sender.send(request, is_replay=True)
    assert outcome.operation is STARTED
    assert outcome.request.attempts == 2
    sender.client.now += YOUNG_FOR
    again = sender.send(request, is_replay=True)
    assert again.operation is None
    assert again.request.operation == "op_1"


def test_what_was_not_answered_is_no_replay(sender: Sender) -> None:
    """A replay never starts anything."""
    assert sender.send(sender.insert(a_record()), is_replay=True).operation is None
    assert sender.is_silent


@pytest.mark.parametrize(
    ("verb", "subject", "body"),
    [
        (PaidVerb.RESUME, of_operation("op_1"), {}),
        (PaidVerb.RETRY, of_asset("id"), {}),
        (PaidVerb.OPTIMIZE, of_asset("id"), {"optimizationLevel": "light"}),
        (PaidVerb.CONVERT, of_asset("id"), {"targetFormats": ["fbx"]}),
        (PaidVerb.ANIMATE, of_asset("id"), {"motionPrompt": "walk"}),
    ],
)
def test_each_verb_is_sent_about_its_target(
    sender: Sender, verb: PaidVerb, subject: str, body: dict[str, Any]
) -> None:
    """With its body."""
    request = sender.insert(a_record(subject, verb=verb))
    assert sender.send(request, target="id", body=body).operation is STARTED
    assert (sender.client.calls[-1], sender.client.bodies) == (f"{verb} model id", [body])
