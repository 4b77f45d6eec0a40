# SPDX-License-Identifier: GPL-3.0-or-later
"""Which answers prove that nothing was started: an allow-list.

Everything else is repeated with the same key, or asks a person.
"""

from __future__ import annotations

import json

import pytest

from mint_blender.jobs.engine.dispatch import connect
from mint_blender.mint import errors
from mint_blender.mint.account import Account
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
def test_only_a_listed_status_with_a_reason_is_a_proof(body: str) -> None:
    """The page of a gateway and an unknown status prove nothing."""
    for status in range(100, 600):
        error = problem_error(read_problem(status, BODIES[body]))
        assert error.proves_nothing_started is (status in PROOFS and body == "problem"), status
        # 401 and a conflict are neither: the key is put right, the state is looked at. All else may
        # be repeated.
        is_case_of_its_own = status == 401 or (status == 409 and body == "problem")
        assert error.retryable is not (error.proves_nothing_started or is_case_of_its_own), status


@pytest.mark.parametrize(
    ("slug", "is_proof"),
    [("idempotency-conflict", True), ("invalid-operation-state", False), ("other", False)],
)
def test_of_the_conflicts_only_that_of_the_key(slug: str, is_proof: bool) -> None:
    """Another conflict may be with the very same call, which Mint is still working on."""
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
def test_no_answer_is_no_proof(error: MintError) -> None:
    """Only Mint's own words are."""
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
def test_what_a_gateway_answers_to_a_start_keeps_it(status: str, content: bytes) -> None:
    """On the wire: redirects, statuses of gateways, a portal's 404, and a 200 that is no operation."""
    with raw_server(answer(content, status)) as server:
        client = connect(Account("sk-test", server.base_url))
        with pytest.raises(MintError) as raised:
            client.start(Kind.MODEL, {"prompt": "a lamp"}, key="click-1")
        client.close()
    assert raised.value.retryable
    assert not raised.value.proves_nothing_started
