# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of switches that change the response to a start or a read."""

from __future__ import annotations

import email.utils
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from ..contract_client import ContractClient
from ..test_errors import slug
from . import ENDS, check


def start(client: ContractClient, switch: str, key: str = "k", **body: Any) -> requests.Response:
    """Return the response to a start with a switch."""
    return client.post("/models:generate", {"prompt": f"a mug [{switch}]", **body}, key, twin=False)


@check("lost-answer")
def lost_answer(client: ContractClient, name: str) -> None:
    with pytest.raises(requests.ConnectionError):
        start(client, name)
    assert client.service.requests("POST")[0].status is None
    (operation,) = client.service.operations()
    again = start(client, name)
    assert (again.status_code, again.json()["id"]) == (202, operation.id)
    assert len(client.service.operations()) == 1


@check("slow-answer")
def slow_answer(client: ContractClient, name: str) -> None:
    before = time.monotonic()
    assert start(client, name).status_code == 202
    assert time.monotonic() - before >= 2


@check("no-credits")
def no_credits(client: ContractClient, name: str) -> None:
    answer = client.post("/models:generate", {"prompt": f"a mug [{name}]"})
    assert (answer.status_code, slug(answer)) == (402, "insufficient-credits")


@check("forbidden")
def forbidden(client: ContractClient, name: str) -> None:
    answer = client.post("/worlds:generate", {"prompt": f"a hall [{name}]"})
    assert (answer.status_code, slug(answer)) == (403, "forbidden")


@check("revoked")
def revoked(client: ContractClient, name: str) -> None:
    operation = start(client, name).json()
    assert client.get(f"/operations/{operation['id']}").status_code == 401
    assert client.get("/me").status_code == 401
    client.service.scenario(revoked=False)
    assert client.operation(operation)["id"] == operation["id"]


@check("alpha-names")
def alpha_names(client: ContractClient, name: str) -> None:
    answer = start(client, name, name="My mug")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "/name")
    again = start(client, name, key="other", displayName="My mug")
    assert again.status_code == 202
    assert client.service.operations()[0].name == "My mug"


def hold_against_the_word(answer: requests.Response, word: str) -> None:
    """Check the error response of a start-… or poll-… switch."""
    status = {"429-date": 429, "html": 500, "empty": 500}.get(word) or int(word)
    assert answer.status_code == status
    assert answer.headers["X-Request-Id"]
    if word in ("429", "429-date", "500", "503"):
        assert slug(answer) in ("rate-limited", "internal-error", "service-unavailable")
    else:
        assert (
            answer.text == ""
            if word in ("504", "empty")
            else answer.text.startswith("<!DOCTYPE html>")
        )
    if word in ("429", "503"):
        assert answer.headers["Retry-After"] == "1"
    if word == "429-date":
        when = email.utils.parsedate_to_datetime(answer.headers["Retry-After"])
        assert -2 < (when - datetime.now(UTC)).total_seconds() < 5


WORDS = ("429", "429-date", "500", "502", "503", "504", "html", "empty", "closed")


@check(*(f"start-{word}" for word in WORDS))
def start_answers(client: ContractClient, name: str) -> None:
    word = name.removeprefix("start-")
    if word == "closed":
        with pytest.raises(requests.ConnectionError):
            start(client, name)
    else:
        hold_against_the_word(start(client, name), word)
    assert client.service.operations() == []
    assert start(client, name).status_code == 202
    if word != "closed":
        assert start(client, name, key="another click").status_code >= 429, (
            "each click meets it once"
        )


@check(*(f"poll-{word}" for word in WORDS))
def poll_answers(client: ContractClient, name: str) -> None:
    word = name.removeprefix("poll-")
    operation = client.start(f"a mug [{name}]")
    client.operation(operation)
    path = f"/operations/{operation['id']}"
    if word == "closed":
        with pytest.raises(requests.ConnectionError):
            client.get(path, twin=False)
    else:
        hold_against_the_word(client.get(path, twin=False), word)
    assert client.until(operation, *ENDS)["status"] == "succeeded"


@check("poll-hint")
def poll_hint(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]")
    answer = client.get(f"/operations/{operation['id']}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (200, "1")
    client.until(operation, *ENDS)
    assert "Retry-After" not in client.get(f"/operations/{operation['id']}").headers


@check("poll-404")
def poll_404(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]")
    client.operation(operation)
    for _ in range(2):
        assert slug(client.get(f"/operations/{operation['id']}")) == "not-found"
