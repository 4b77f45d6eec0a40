# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the list of responses that prove that nothing was started.

After any other response the call is repeated with the same key, or the user decides.
"""

from __future__ import annotations

import json

import pytest

from mint_blender.mint import errors
from mint_blender.mint.account import Account
from mint_blender.mint.client import connect
from mint_blender.mint.errors import MintError, problem_error
from mint_blender.mint.problem_documents import read_problem
from mint_blender.mint.schema import Kind

from .raw_server import answer, raw_server

PROOFS = {400, 402, 403, 404, 405, 413, 422}
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
        assert error.proves_nothing_started is (status in PROOFS and body == "problem"), status
        # 401 and a conflict are neither: the key must be corrected or the state read. All other
        # calls may be repeated.
        is_case_of_its_own = status == 401 or (status == 409 and body == "problem")
        assert error.retryable is not (error.proves_nothing_started or is_case_of_its_own), status


@pytest.mark.parametrize(
    ("slug", "is_proof"),
    [("idempotency-conflict", True), ("invalid-operation-state", False), ("other", False)],
)
def test_only_an_idempotency_conflict_proves_that_nothing_started(
    slug: str, is_proof: bool
) -> None:
    """Another conflict may be with the same call, which Mint is still processing."""
    assert (
        problem_error(read_problem(409, PROBLEM | {"type": slug})).proves_nothing_started
        is is_proof
    )


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
    assert not error.proves_nothing_started


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
    assert not raised.value.proves_nothing_started
