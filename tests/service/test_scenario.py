# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripted responses, and the switches whose effect no user reads.

What a user reads of the others is shown with a job in `tests/jobs/test_service_switches.py`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from tests.mint_service import glb, options
from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient


def test_rules_apply_to_matching_prompts(service: ThreadService, client: ContractClient) -> None:
    """A rule selects prompts with a regular expression; unknown words in brackets mean nothing."""
    service.scenario(rules=[{"prompt": "^a m", "switches": ["fails"]}])
    assert client.finished("a mug")["status"] == "failed"
    assert client.finished("a lamp [nor-this]")["status"] == "succeeded"


def test_scripted_responses(service: ThreadService, client: ContractClient) -> None:
    """The next N matching requests get the response of the scenario, after `skip` requests."""
    script = {"method": "GET", "path": "/v1/m*", "skip": 1, "times": 2, "answer": {"word": "503"}}
    service.scenario(answers=[script])
    assert [client.get("/me").status_code for _ in range(4)] == [200, 503, 503, 200]
    teapot = {"status": 418, "json": {"error": "teapot"}, "headers": {"X-Tea": "yes"}}
    limited = {"status": 429, "problem": "rate-limited", "detail": "Slow down."}
    service.scenario(answers=[{"path": "/v1/me", "answer": each} for each in (teapot, limited)])
    answer = client.get("/me", twin=False)
    assert (answer.status_code, answer.json()["error"]) == (418, "teapot")
    assert answer.headers["X-Tea"] == "yes"
    assert client.get("/me", twin=False).json()["detail"] == "Slow down."
    url = client.finished("a mug")["assets"]["previewImageUrl"]
    service.scenario(answers=[{"host": "files", "path": "/images/*", "answer": {"status": 500}}])
    assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_scripted_response_after_the_request_was_executed(
    service: ThreadService, client: ContractClient, when: str
) -> None:
    """`when: after` executes the request and then loses its response."""
    script = {"path": "*:generate", "when": when, "answer": {"word": "524"}}
    service.scenario(answers=[script])
    assert client.post("/models:generate", {"prompt": "a mug"}, "k", twin=False).status_code == 524
    assert len(service.operations()) == (1 if when == "after" else 0)
    assert client.start("a mug", key="k")["id"] == service.operations()[0].id


UNREAD = (
    *("unknown-status", "unknown-type", "null-status", "no-mode", "type-casing", "type-word"),
    *("lagging", "slow-start", "slow-answer", "alpha-names", "poll-hint", "incomplete", "bounds"),
    *("collider-up", "spz-tier-null", "rad-null", "api-redirect", "file-broken", "file-changed"),
    *("file-no-ranges", "file-503", "file-slow"),
)
"""The switches whose effect no user reads."""
BODY = {"prompt": "a mug", "name": "Mug", "generationMode": "review"}
RANDOM = re.compile(
    r"[a-z0-9]{32}|(?<!\.)[0-9a-f]{16}|[0-9-]{10}T[0-9:.]+Z|127\.0\.0\.1:\d+|expires=[0-9.]+"
)


def life(client: ContractClient, kind: str) -> Iterator[object]:
    """Yield everything that a client is told of a generation, from its start to its files."""
    began = time.monotonic()
    started = client.post(f"/{kind}s:generate", BODY, twin=False)
    yield answered(started), time.monotonic() - began > 1.5
    if started.status_code != 202:
        return
    path = f"/operations/{started.json()['id']}"
    for seconds in (2, 100, 100):
        client.service.advance(seconds)
        yield answered(client.get(path, twin=False))
    yield answered(client.post(f"{path}:approve", twin=False))
    yield answered(client.get(path, twin=False))
    client.service.advance(1000)
    ended = client.get(path, twin=False)
    yield answered(ended)
    for _ in range(3):
        yield answered(client.get(f"/{kind}s/{ended.json()['resource']['id']}", twin=False))
    assets = ended.json()["assets"]
    for start in (0, 20):
        yield downloaded(assets.get("glbUrl") or assets["colliderMeshUrl"], start)


def answered(answer: requests.Response) -> str:
    """Return what an answer says, without what is another one each time."""
    said = f"{answer.status_code} {answer.headers.get('Retry-After')} {answer.text}"
    return RANDOM.sub("", said)


def downloaded(url: str, start: int) -> object:
    """Return what becomes of a download: its status, its length, its document, and its time."""
    began, got = time.monotonic(), b""
    headers = {"Range": f"bytes={start}-"} if start else {}
    answer = requests.get(url, headers=headers, stream=True, timeout=20, allow_redirects=False)
    try:
        for piece in answer.iter_content(100):
            got += piece
        document = answer.status_code == 200 and str(glb.unpack(got)[0])
    except (requests.RequestException, ValueError) as error:
        document = type(error).__name__
    is_slow = time.monotonic() - began > 1.5
    return answer.status_code, len(got), document and RANDOM.sub("", document), is_slow


def test_each_switch_has_an_effect_of_its_own() -> None:
    """A client notices each word, and no two do the same."""
    seen: dict[str, list[str]] = {}
    for name in ("", *UNREAD):
        with running_service(clock="manual", switches=[name] if name else []) as service:
            client = ContractClient(service)
            told = repr([[*life(client, kind)] for kind in ("model", "world")])
        seen.setdefault(told, []).append(name)
    assert [names for names in seen.values() if len(names) > 1] == []


def test_the_readme_names_every_option() -> None:
    """The README explains each member of a scenario."""
    text = Path(options.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert not [
        field.name for field in fields(options.Options) if not re.search(rf"`{field.name}`", text)
    ]
