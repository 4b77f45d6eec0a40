# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the list of responses that prove that Mint has started nothing.

After any other response the same request is sent again, or a person decides.
"""

from __future__ import annotations

import json

import pytest

from mint_blender.jobs.paid_requests.send import is_clear
from mint_blender.mint import errors
from mint_blender.mint.account import Account
from mint_blender.mint.client import connect
from mint_blender.mint.errors import MintError, problem_error, read_problem
from mint_blender.mint.schema import Kind

from ..mint.raw_server import answer, raw_server

PROOFS = {400, 401, 402, 403, 404, 405, 413, 422, 429}
PROBLEM = {
    "type": "https://api.mint.gg/problems/something",
    "title": "It is so",
    "detail": "It says so.",
}
BODIES = {"problem": PROBLEM, "HTML": None, "empty": None, "empty object": {}, "list": []}


@pytest.mark.parametrize("body", BODIES)
def test_only_listed_statuses_with_a_reason_prove_that_nothing_started(body: str) -> None:
    """An error page of a gateway and an unknown status prove nothing."""
    for status in range(100, 600):
        error = problem_error(read_problem(status, BODIES[body]))
        assert is_clear(error) is (status in PROOFS and body == "problem"), status


@pytest.mark.parametrize("slug", ["idempotency-conflict", "invalid-operation-state", "other"])
def test_no_conflict_proves_that_nothing_started(slug: str) -> None:
    """It may be with the same request, which Mint is still carrying out."""
    assert not is_clear(problem_error(read_problem(409, PROBLEM | {"type": slug})))


@pytest.mark.parametrize(
    "error",
    [
        errors.Unreachable("x"),
        errors.InvalidResponse("x"),
        errors.KeyMissing(),
        errors.KeyUnusable(),
        MintError("x"),
    ],
    ids=repr,
)
def test_an_error_without_a_response_proves_nothing(error: MintError) -> None:
    """Only a problem document from Mint is proof."""
    assert not is_clear(error)


PAGE = b"<html><body>Sign in to the network</body></html>"
ODD = [
    "302 Found",
    "408 Timeout",
    "425 Too Early",
    "499 Closed",
    "507 Full",
    "520 Odd",
    "524 Late",
    "530 Gone",
    "404 Not Found",
    "200 OK",
]


@pytest.mark.parametrize(
    "content",
    [PAGE, b"", b"[]", json.dumps({"status": "queued"}).encode()],
    ids=["HTML", "empty", "list", "no id"],
)
@pytest.mark.parametrize("status", ODD)
def test_a_gateway_response_to_a_start_proves_nothing(status: str, content: bytes) -> None:
    """This covers redirects, gateway statuses, a portal's 404, and a 200 without an operation."""
    with raw_server(answer(content, status)) as server:
        client = connect(Account("sk-test", server.base_url))
        with pytest.raises(MintError) as raised:
            client.start(Kind.MODEL, {"prompt": "a lamp"}, key="click-1")
        client.close()
    assert raised.value.retryable
    assert not is_clear(raised.value)
