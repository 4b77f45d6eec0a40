# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripted responses, and the switches whose effect no user reads.

What a user reads of the others is shown with a job in `tests/jobs/test_service_switches.py`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.mint_service import glb, options
from tests.mint_service.runner import ThreadService

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


Look = Callable[[ContractClient, str], None]


def at_work(client: ContractClient, name: str, **body: Any) -> dict[str, Any]:
    """Return a model operation with a switch that is running."""
    answer = client.post("/models:generate", {"prompt": f"a mug [{name}]", **body}, twin=False)
    client.service.advance(2)
    return read(client, f"/operations/{answer.json()['id']}")


def read(client: ContractClient, path: str) -> dict[str, Any]:
    """Read what the OpenAPI document does not allow, too."""
    found: dict[str, Any] = client.get(path, twin=False).json()
    return found


def done(client: ContractClient, name: str, kind: str = "model") -> dict[str, Any]:
    """Return an operation with a switch that has passed every stage."""
    started = client.post(f"/{kind}s:generate", {"prompt": f"a mug [{name}]"}, twin=False).json()
    for _ in range(3):
        client.service.advance(1000)
        ended = read(client, f"/operations/{started['id']}")
    return ended


def lagging(client: ContractClient, name: str) -> None:
    operation = at_work(client, name, generationMode="review")
    before = client.until(operation, "preview_ready")
    answer = client.post(f"/operations/{operation['id']}:revise", {"feedback": "taller"}).json()
    assert answer == before == client.operation(operation)
    assert client.operation(operation)["status"] == "running"


def slow_answer(client: ContractClient, name: str) -> None:
    before = time.monotonic()
    at_work(client, name)
    assert time.monotonic() - before >= 2


def slow_start(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]")
    client.service.advance(119)
    assert client.operation(operation)["status"] == "queued"


def incomplete(client: ContractClient, name: str) -> None:
    path = f"/models/{done(client, name)['resource']['id']}"
    statuses = [read(client, path)["status"] for _ in range(3)]
    assert statuses == ["running", "running", "succeeded"]


def alpha_names(client: ContractClient, name: str) -> None:
    body = {"prompt": f"a mug [{name}]", "name": "Mug"}
    assert client.post("/models:generate", body).json()["errors"][0]["path"] == "/name"


def poll_hint(client: ContractClient, name: str) -> None:
    operation = client.start(f"a mug [{name}]")
    assert client.get(f"/operations/{operation['id']}").headers["Retry-After"] == "1"


def collider_up(client: ContractClient, name: str) -> None:
    content = requests.get(done(client, name, "world")["assets"]["colliderMeshUrl"], timeout=10)
    bounds = glb.unpack(content.content)[0]["accessors"][1]
    assert bounds["max"][1] + bounds["min"][1] < 0, "below the eye is -Y"


def api_redirect(client: ContractClient, name: str) -> None:
    url = done(client, name)["assets"]["glbUrl"]
    first = requests.get(url, allow_redirects=False, timeout=10)
    assert first.status_code == 302 and first.headers["Location"].startswith(client.service.files)


def broken(client: ContractClient, name: str) -> None:
    url, got = done(client, name)["assets"]["glbUrl"], b""
    with requests.get(url, stream=True, timeout=20) as answer:
        try:
            for piece in answer.iter_content(100):
                got += piece
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            pass
    assert 0 < len(got) < int(answer.headers["Content-Length"])
    rest = {"Range": f"bytes={len(got)}-", "If-Range": answer.headers["ETag"]}
    again = requests.get(url, headers=rest, timeout=20)
    assert again.status_code == (206 if name == "file-broken" else 200)
    whole = got + again.content if name == "file-broken" else again.content
    assert glb.extras(whole) and whole.startswith(got) is (name != "file-changed")


def unavailable(client: ContractClient, name: str) -> None:
    url = done(client, name)["assets"]["glbUrl"]
    assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [503, 200]


def slow_file(client: ContractClient, name: str) -> None:
    before = time.monotonic()
    requests.get(done(client, name)["assets"]["glbUrl"], timeout=10)
    assert time.monotonic() - before >= 2


def member(kind: str, name: str, is_there: bool) -> Look:
    """Return a look at one member of `assets`."""

    def look(client: ContractClient, switch: str) -> None:
        found = done(client, switch, kind)["assets"]
        for part in name.split("."):
            found = found[part]
        assert (found is not None) is is_there

    return look


LOOKS: dict[str, Look] = {
    "unknown-status": lambda c, name: _equal(at_work(c, name)["status"], "enchanting"),
    "unknown-type": lambda c, name: _equal(at_work(c, name)["type"], "model_teleportation"),
    "null-status": lambda c, name: _equal(done(c, name)["status"], None),
    "no-mode": lambda c, name: _equal("generationMode" in at_work(c, name), False),
    "type-casing": lambda c, name: _equal(done(c, name)["resource"]["type"], "Model"),
    "type-word": lambda c, name: _equal(done(c, name)["resource"]["type"], "thing"),
    "lagging": lagging,
    "slow-start": slow_start,
    "slow-answer": slow_answer,
    "alpha-names": alpha_names,
    "poll-hint": poll_hint,
    "incomplete": incomplete,
    "bounds": member("model", "bounds", True),
    "collider-up": collider_up,
    "spz-tier-null": member("world", "spzUrls.full_res", False),
    "rad-null": member("world", "radUrl", False),
    "api-redirect": api_redirect,
    "file-broken": broken,
    "file-changed": broken,
    "file-no-ranges": broken,
    "file-503": unavailable,
    "file-slow": slow_file,
}


def _equal(found: object, expected: object) -> None:
    assert found == expected


@pytest.mark.parametrize("name", LOOKS)
def test_switch(client: ContractClient, name: str) -> None:
    """The word in a prompt has the effect that its row describes."""
    LOOKS[name](client, name)


def test_the_readme_names_every_option() -> None:
    """The README explains each member of a scenario."""
    text = Path(options.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert not [
        field.name for field in fields(options.Options) if not re.search(rf"`{field.name}`", text)
    ]
