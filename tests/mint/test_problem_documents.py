# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that map an error response to an error class and a message, as the contract lists them."""

from __future__ import annotations

import pytest

from mint_blender.mint import errors
from mint_blender.mint.errors import FieldError, Problem, problem_error, read_problem

REFUSED = "Mint does not accept this request: It says so. Change the request and try again."
TROUBLE = (
    "Mint is temporarily unavailable: It says so. Nothing is lost. Trying again automatically."
)
ROWS: dict[tuple[int, str | None], tuple[type[errors.MintError], str]] = {
    (400, "invalid-request"): (errors.InvalidRequest, REFUSED),
    (422, "validation"): (errors.InvalidRequest, REFUSED),
    (413, None): (errors.InvalidRequest, REFUSED),
    (401, "unauthorized"): (
        errors.KeyRefused,
        "Mint does not accept the API key: It says so. Check it in the add-on's preferences or in MINT_API_KEY, or create a new one at platform.mint.gg.",
    ),
    (402, "insufficient-credits"): (
        errors.CreditsNeeded,
        "Mint needs more Credits for this: It says so. Buy Credits at platform.mint.gg/billing, then resume.",
    ),
    (403, "downloads-disabled"): (
        errors.DownloadsDisabled,
        "Downloads are turned off for this result at Mint: It says so. Turn them on at mint.gg, or open the result there.",
    ),
    (403, None): (
        errors.Forbidden,
        "This API key does not have permission for this: It says so. Ask hello@mint.gg whether the key has access to the beta and to this project.",
    ),
    (404, "not-found"): (
        errors.NotFound,
        "Mint cannot find this in the API project of this key: It says so. It may have been deleted, or the key belongs to another project.",
    ),
    (405, None): (
        errors.NotSupported,
        "Mint does not offer this action: It says so. It may be possible at mint.gg.",
    ),
    (409, "idempotency-conflict"): (
        errors.IdempotencyConflict,
        "Mint knows this request with other content: It says so. Look in your library for what it has made.",
    ),
    (409, "model-already-optimized"): (
        errors.AlreadyOptimized,
        "The model is already optimized: It says so. Use its optimized file.",
    ),
    (409, "model-optimization-in-progress"): (
        errors.OptimizationInProgress,
        "The model is already being optimized: It says so. Wait until it is done.",
    ),
    (409, "invalid-operation-state"): (
        errors.Conflict,
        "This is not possible in the current state: It says so. Check the job: its state may have changed.",
    ),
    (429, "rate-limited"): (
        errors.TooManyRequests,
        "Too many requests to Mint: It says so. Trying again after a pause.",
    ),
    (429, "concurrency-limit-reached"): (
        errors.TooManyActive,
        "The account's limit of active generations at Mint is reached: It says so. This one starts when another one finishes.",
    ),
    (500, None): (errors.ServiceError, TROUBLE),
    (502, None): (errors.ServiceError, TROUBLE),
    (503, "service-unavailable"): (errors.ServiceError, TROUBLE),
    (504, None): (errors.ServiceError, TROUBLE),
    (418, "teapot"): (
        errors.ProblemError,
        "Mint returned an unexpected status: It says so. Trying again automatically. If this keeps happening, email hello@mint.gg with the request ID.",
    ),
}
RETRYABLE = {418, 429, 500, 502, 503, 504}


@pytest.mark.parametrize(("status", "slug"), ROWS)
def test_each_problem_has_its_class_and_message(status, slug):
    """The message has Mint's own text, then our explanation and what to do."""
    body = {
        "type": f"https://api.mint.gg/problems/{slug}" if slug else "about:blank",
        "status": status,
        "detail": "It says so.",
    }
    error = problem_error(read_problem(status, body), request_id="req_7")
    kind, sentence = ROWS[status, slug]
    assert (type(error), str(error)) == (kind, f"{sentence} (Request ID: req_7)")
    assert error.retryable is (status in RETRYABLE)


@pytest.mark.parametrize(
    "type_",
    [
        "idempotency-conflict",
        "/problems/idempotency-conflict",
        "https://x.example/p/idempotency-conflict/",
        "urn/idempotency-conflict?v=1#top",
    ],
)
def test_the_slug_is_the_last_segment_of_the_type(type_):
    """A bare word and a URI of any host name the same problem."""
    error = problem_error(read_problem(409, {"type": type_, "title": "Used"}))
    assert isinstance(error, errors.IdempotencyConflict)


def test_the_status_decides_over_a_contradicting_slug():
    """A 500 whose type is a conflict is still retried."""
    error = problem_error(read_problem(500, {"type": "idempotency-conflict"}))
    assert type(error) is errors.ServiceError


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
    """The first field error is used, else the detail, else the title.

    OAuth errors and other bodies are read as far as possible.
    """
    assert read_problem(401, body).explanation == said


def test_without_a_text_the_status_makes_the_message():
    """An HTML page and an empty body still lead to a message."""
    assert "HTTP status 502" in str(problem_error(read_problem(502, None)))


def test_long_texts_are_truncated():
    """A page of text must not fill the panel."""
    assert len(read_problem(400, {"detail": "x" * 10_000}).explanation or "") < 600


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


def test_client_side_errors_have_complete_messages():
    """Each message says what happened and what to do, also without an error response."""
    assert "MINT_API_KEY" in str(errors.KeyMissing())
    assert "was not sent" in str(errors.KeyUnusable())
    assert isinstance(errors.KeyUnusable(), errors.KeyMissing)
    said = "Mint cannot be reached: the cable is out."
    assert str(errors.Unreachable("the cable is out")) == said
    assert errors.Unreachable("").retryable
    assert "Check the base URL" in str(errors.InvalidResponse("it is a poem"))
    assert errors.InvalidResponse("").retryable, "Mint may have acted on the request all the same"
