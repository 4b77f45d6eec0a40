# SPDX-License-Identifier: GPL-3.0-or-later
"""Error responses and their messages, and when a failed call is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from mint_blender.mint import errors
from mint_blender.mint.errors import (
    FieldError,
    MintError,
    Problem,
    Unreachable,
    problem_error,
    read_problem,
)
from mint_blender.mint.retry import Polling, PollIntervals, RetryPolicy, call_with_retries

from ..files.downloading import Time

REFUSED = (
    errors.InvalidRequest,
    *("Mint does not accept this request", "Change the request and try again."),
)
TROUBLE = (
    errors.ServiceError,
    *("Mint is temporarily unavailable", "Nothing is lost. Trying again automatically."),
)
ROWS: list[tuple[int, str | None, type[MintError], str, str]] = [
    (400, "invalid-request", *REFUSED),
    (422, "validation", *REFUSED),
    (413, None, *REFUSED),
    (401, "unauthorized", errors.KeyRefused, "Mint does not accept the API key", "Check it in the add-on's preferences or in MINT_API_KEY, or create a new one at platform.mint.gg."),
    (402, "insufficient-credits", errors.CreditsNeeded, "Mint needs more Credits for this", "Buy Credits at platform.mint.gg/billing, then resume."),
    (403, "downloads-disabled", errors.DownloadsDisabled, "Downloads are turned off for this result at Mint", "Turn them on at mint.gg, or open the result there."),
    (403, None, errors.Forbidden, "This API key does not have permission for this", "Ask hello@mint.gg whether the key has access to the beta and to this project."),
    (404, "not-found", errors.NotFound, "Mint cannot find this in the API project of this key", "It may have been deleted, or the key belongs to another project."),
    (405, None, errors.NotSupported, "Mint does not offer this action", "It may be possible at mint.gg."),
    (409, "idempotency-conflict", errors.IdempotencyConflict, "Mint knows this request with other content", "Look in your library for what it has made."),
    (409, "model-already-optimized", errors.AlreadyOptimized, "The model is already optimized", "Use its optimized file."),
    (409, "model-optimization-in-progress", errors.OptimizationInProgress, "The model is already being optimized", "Wait until it is done."),
    (409, "invalid-operation-state", errors.Conflict, "This is not possible in the current state", "Check the job: its state may have changed."),
    (429, "rate-limited", errors.TooManyRequests, "Too many requests to Mint", "Trying again after a pause."),
    (429, "concurrency-limit-reached", errors.TooManyActive, "The account's limit of active generations at Mint is reached", "This one starts when another one finishes."),
    (500, None, *TROUBLE),
    (502, None, *TROUBLE),
    (503, "service-unavailable", *TROUBLE),
    (504, None, *TROUBLE),
    (418, "teapot", errors.ProblemError, "Mint returned an unexpected status", "Trying again automatically. If this keeps happening, email hello@mint.gg with the request ID."),
]  # fmt: skip
RETRYABLE = {418, 429, 500, 502, 503, 504}


@pytest.mark.parametrize(("status", "slug", "kind", "what", "advice"), ROWS)
def test_each_problem_has_its_class_and_message(status, slug, kind, what, advice):
    """The message has our explanation, then Mint's own text, and what to do."""
    type_ = f"https://api.mint.gg/problems/{slug or 'any'}"
    body = {"type": type_, "status": status, "detail": "It says so."}
    error = problem_error(read_problem(status, body), request_id="req_7")
    assert type(error) is kind
    assert str(error) == f"{what}: It says so. {advice} (Request ID: req_7)"
    assert error.retryable is (status in RETRYABLE)


@pytest.mark.parametrize(
    "type_",
    [
        "idempotency-conflict",
        "/problems/idempotency-conflict",
        "https://mint.gg/p/idempotency-conflict/",
        "https://api.mint.gg/problems/idempotency-conflict",
        "//mint.gg/idempotency-conflict",
        "/problems/idempotency-conflict?v=1#top",
    ],
)
def test_the_slug_is_the_last_segment_of_the_type(type_):
    """Mint names its problems by an address of its own, or by a bare word."""
    error = problem_error(read_problem(409, {"type": type_, "title": "Used"}))
    assert isinstance(error, errors.IdempotencyConflict)


def test_the_status_decides_over_a_contradicting_slug():
    """A 500 whose type is a conflict is still retried."""
    error = problem_error(read_problem(500, {"type": "idempotency-conflict"}))
    assert type(error) is errors.ServiceError


@pytest.mark.parametrize(
    "type_",
    [
        *("about:blank", "https://tools.ietf.org/html/rfc9110#section-15.5.1"),
        *("https://gateway.example/problems/not-found", "https://mint.gg.example/not-found"),
        *("urn:problem:not-found", "//[", "Not Found", "https:", "", None, 404),
    ],
)
def test_a_document_of_a_gateway_is_not_the_word_of_mint(type_):
    """Behind it, the request may have been carried out: it is repeated with its key."""
    error = problem_error(read_problem(404, {"type": type_, "title": "Not Found"}))
    assert type(error) is errors.UnclearRefusal


@pytest.mark.covers("C20-order")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {
                "detail": "d",
                "title": "t",
                "errors": [{"path": "/prompt", "message": "is too long"}],
            },
            "prompt: is too long",
        ),
        ({"detail": "d", "errors": [{"message": "m"}]}, "m"),
        ({"detail": "d", "title": "t", "errors": []}, "d"),
        ({"detail": "", "title": "t"}, "t"),
        ({"title": 5, "detail": None}, None),
        ({"errors": ["first", "second"]}, "first"),
        (
            {"errors": [None, 3, {}, {"path": ["images", 0], "message": "is no picture"}]},
            "images/0: is no picture",
        ),
        ({"errors": {"prompt": "x"}, "detail": "d"}, "d"),
        ({"errors": [{"code": "too_long"}]}, "too_long"),
        (
            {"error": "invalid_token", "error_description": "The token is worn out"},
            "The token is worn out",
        ),
        ({"error": "invalid_token"}, "invalid_token"),
        ({"error": {"code": "teapot", "message": "Short and stout"}}, "Short and stout"),
        ({"message": "Forbidden"}, "Forbidden"),
        ({"detail": "two\nlines\t\x1b[31mred"}, "two lines [31mred"),
        ([], None),
        ("text", None),
        (None, None),
    ],
)
def test_the_text_of_a_problem(body, said):
    """The first field error is used, else the detail, else the title."""
    assert read_problem(401, body).explanation == said


@pytest.mark.covers("S-key-repeated")
def test_a_repeated_key_is_removed_from_messages():
    """A server that repeats the key does not get it onto the screen."""
    body = {
        "type": "https://x/sk-1",
        "title": "sk-1",
        "detail": "Bad key sk-1.",
        "instance": "/keys/sk-1",
        "error": "sk-1",
        "errors": [
            {"path": "/sk-1", "code": "sk-1", "message": "sk-1 is wrong"},
            "sk-1",
            {"path": ["sk-1"], "message": "m"},
        ],
    }
    problem = read_problem(401, body, secret="sk-1")
    assert "sk-1" not in repr(problem)
    assert problem.errors[0] == FieldError("(key) is wrong", "/(key)")


@pytest.mark.parametrize(
    ("problem", "named"),
    [
        (Problem(400, errors=(FieldError("x", path="/name"),)), True),
        (Problem(400, errors=(FieldError("Unrecognized key: 'name'"),)), True),
        (Problem(400, detail="Unknown field name."), True),
        (Problem(400, detail="Unknown field displayName."), False),
        (Problem(400, errors=(FieldError("x", path="/prompt"),)), False),
        (Problem(400), False),
    ],
)
def test_the_rejected_field_is_recognized(problem, named):
    """A caller can then send `name` as `displayName` to a server that only knows the older name."""
    error = problem_error(problem)
    assert isinstance(error, errors.InvalidRequest)
    assert error.names("name") is named


# -- tests of waiting: the intervals between polls and retries, and retrying within limits


@pytest.mark.covers("C14-rhythm")
def test_poll_intervals_follow_the_contract():
    """The interval starts at 2 s, grows by a factor of 1.6, and is at most 15 s."""
    waits = [round(1000 * PollIntervals().wait(number)) for number in range(8)]
    assert waits == [2000, 3200, 5120, 8192, 13107, 15000, 15000, 15000]


def test_after_half_an_hour_polls_are_a_minute_apart():
    """Polling continues as long as the job does, whatever wait Mint requests then."""
    polling = Polling(PollIntervals())
    waits = []
    while not polling.is_slow:
        waits.append(polling.wait())
    assert waits[:3] == [2.0, 3.2, pytest.approx(5.12)]
    assert 30 * 60 <= sum(waits) < 30 * 60 + 15
    assert [polling.wait(asked) for asked in (None, 0.0, 5.0)] == [60.0, 60.0, 60.0]


@pytest.mark.covers("C14-retry-after")
@pytest.mark.parametrize(("wanted", "kept"), [(0, 1), (0.2, 1), (7, 7), (60, 15), (-1, 1)])
def test_retry_after_replaces_the_poll_interval(wanted, kept):
    """The requested wait is limited to 1 s to 15 s."""
    assert PollIntervals().wait(4, retry_after=wanted) == kept


def test_a_wait_has_jitter():
    """By chance it is shorter, by half at most."""
    assert [RetryPolicy().wait(attempt, 0.0) for attempt in range(1, 4)] == [0.5, 1, 2]


@pytest.mark.covers("C14-retry-after")
@pytest.mark.parametrize(
    ("wanted", "kept"), [(0, 1), (0.01, 1), (300, 300), (900, 900), (3600, 900)]
)
def test_retry_after_replaces_the_retry_wait(wanted, kept):
    """The requested wait is limited to 1 s to 15 minutes."""
    assert RetryPolicy().wait(3, 0.5, wanted) == kept


# -- tests of retrying failed calls within limits, with a fake clock


class Call:
    """A call that fails with these errors in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def run(call: Call, time: Time, **more: Any) -> str:
    return call_with_retries(
        call, clock=lambda: time.now, sleep=time.sleep, chance=lambda: 1.0, **more
    )


def refusal(status: int, retry_after: float | None = None) -> MintError:
    return problem_error(Problem(status), retry_after=retry_after)


TEMPORARY = [Unreachable("no answer"), *map(refusal, (429, 500, 502, 503, 504))]
PERMANENT = [
    *map(refusal, (400, 401, 402, 403, 404, 405, 409, 413, 422)),
    KeyError("a bug of ours"),
]


@pytest.mark.parametrize(
    ("errors", "slept"),
    [
        ([], []),
        *(([error] * 3, [1, 2, 4]) for error in TEMPORARY),
        ([refusal(429, retry_after=17), refusal(503, retry_after=0)], [17, 1]),
    ],
)
def test_temporary_errors_are_retried(errors, slept):
    """With growing waits, or the requested one without jitter, which is at least 1 s."""
    time, call = Time(), Call(*errors)
    assert (run(call, time), call.made, time.pauses) == ("done", len(errors) + 1, slept)


@pytest.mark.parametrize("error", PERMANENT)
def test_permanent_errors_are_not_retried(error):
    """A rejected call would be rejected again."""
    time, call = Time(), Call(error)
    with pytest.raises(type(error)) as raised:
        run(call, time)
    assert (raised.value, call.made, time.pauses) == (error, 1, [])


@pytest.mark.covers("R-three-minutes")
def test_a_call_is_retried_for_three_minutes():
    """However short the waits are. The last one is shortened, then the last error is raised."""
    errors = [Unreachable(f"try {number}") for number in range(1, 20)]
    time, call = Time(), Call(*errors)
    with pytest.raises(Unreachable, match="try 9"):
        run(call, time)
    assert (call.made, time.pauses) == (9, [1, 2, 4, 8, 16, 32, 60, 57])


def test_the_total_time_is_limited():
    """A wait that would end after the time limit is not started."""
    time, call = Time(), Call(*(refusal(503, retry_after=100) for _ in range(9)))
    with pytest.raises(MintError):
        run(call, time)
    assert (call.made, time.pauses) == (2, [100])


def test_waits_are_reported():
    """A caller can show why nothing happens for a while."""
    reported: list[tuple[str, float]] = []
    run(
        Call(Unreachable("the cable is out")),
        Time(),
        on_wait=lambda error, wait: reported.append((str(error), wait)),
    )
    assert reported == [("Mint cannot be reached: the cable is out.", 1.0)]
