# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of scenarios: switches for all operations, rules and scripted responses."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from tests.mint_service import options
from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient
from .switch_checks import download


def test_switches_of_a_scenario_apply_to_every_operation() -> None:
    """A switch of the scenario acts as if its word were in each prompt."""
    with running_service(clock="manual", switches=["fails"]) as service:
        assert ContractClient(service).finished("a mug")["status"] == "failed"


def test_rules_apply_to_matching_prompts(service: ThreadService, client: ContractClient) -> None:
    """A rule selects prompts with a regular expression."""
    service.scenario(rules=[{"prompt": "^a m", "switches": ["fails"]}])
    assert client.finished("a mug")["status"] == "failed"
    assert client.finished("a lamp")["status"] == "succeeded"


def test_unknown_words_in_brackets_are_part_of_the_prompt(client: ContractClient) -> None:
    """A user may write brackets in a prompt."""
    assert client.finished("a mug [not a switch] [nor-this]")["status"] == "succeeded"


def test_scripted_responses(service: ThreadService, client: ContractClient) -> None:
    """The next N matching requests get the response of the scenario, after `skip` requests."""
    service.scenario(
        answers=[
            {"method": "GET", "path": "/v1/m*", "skip": 1, "times": 2, "answer": {"word": "503"}}
        ]
    )
    assert [client.get("/me").status_code for _ in range(4)] == [200, 503, 503, 200]
    service.scenario(
        answers=[
            {
                "path": "/v1/me",
                "answer": {"status": 418, "json": {"error": "teapot"}, "headers": {"X-Tea": "yes"}},
            }
        ]
    )
    answer = client.get("/me", twin=False)
    assert (answer.status_code, answer.json(), answer.headers["X-Tea"]) == (
        418,
        {"error": "teapot"},
        "yes",
    )
    service.scenario(
        answers=[
            {"path": "/v1/me", "answer": {"text": "hello", "status": 200}},
            {
                "path": "/v1/me",
                "answer": {"status": 429, "problem": "rate-limited", "detail": "Slow down."},
            },
        ]
    )
    assert client.get("/me", twin=False).text == "hello"
    assert client.get("/me", twin=False).json()["detail"] == "Slow down."


def test_a_scripted_response_after_the_request_was_executed(
    service: ThreadService, client: ContractClient
) -> None:
    """`when: after` executes the request and then loses its response."""
    operation = client.start("a mug", generationMode="review")
    client.until(operation, "preview_ready")
    service.scenario(
        answers=[
            {"method": "POST", "path": "*:approve", "when": "after", "answer": {"close": True}}
        ]
    )
    with pytest.raises(requests.ConnectionError):
        client.post(f"/operations/{operation['id']}:approve", key="k")
    assert client.operation(operation)["status"] == "running"
    assert client.post(f"/operations/{operation['id']}:approve", key="k").status_code == 202


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [502, 524])
def test_gateway_errors_start_one_operation(
    service: ThreadService, client: ContractClient, status: int, when: str
) -> None:
    """A gateway error before or after the start leads to one operation for its key."""
    service.scenario(
        answers=[{"path": "/v1/models:generate", "when": when, "answer": {"word": str(status)}}]
    )
    answer = client.post("/models:generate", {"prompt": "a mug"}, "k", twin=False)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert len(service.operations()) == (1 if when == "after" else 0)
    assert client.start("a mug", key="k")["id"] == service.operations()[0].id
    assert len(service.operations()) == 1


def test_scripted_responses_of_the_file_host(
    service: ThreadService, client: ContractClient
) -> None:
    """`host: files` selects the file host."""
    url = client.finished("a mug")["assets"]["previewImageUrl"]
    service.scenario(answers=[{"host": "files", "path": "/images/*", "answer": {"status": 500}}])
    assert [download(url).status_code for _ in range(2)] == [500, 200]


def test_the_readme_names_every_option() -> None:
    """The README explains each member of a scenario."""
    text = Path(options.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert not [
        field.name for field in fields(options.Options) if not re.search(rf"`{field.name}`", text)
    ]
