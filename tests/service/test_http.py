# SPDX-License-Identifier: GPL-3.0-or-later
"""How errors are said (section 1.4), and the file host (section 9)."""

from __future__ import annotations

import pytest
import requests

from tests.mint_service import glb
from tests.mint_service.runner import ThreadService

from .contract_client import ContractClient


@pytest.fixture
def url(client: ContractClient) -> str:
    return str(client.finished("a mug")["assets"]["glbUrl"])


def slug(answer: requests.Response) -> str:
    document = answer.json()
    assert document["status"] == answer.status_code and document["title"] and document["detail"]
    return str(document["type"]).rsplit("/", 1)[-1]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic abc"])
def test_every_call_without_the_right_key_is_401(
    service: ThreadService, header: str | None
) -> None:
    """A missing, malformed or wrong key is rejected, also at unknown addresses."""
    headers = {} if header is None else {"Authorization": header}
    for path in ("/me", "/nowhere"):
        answer = requests.get(service.api + path, headers=headers, timeout=10)
        assert (answer.status_code, slug(answer)) == (401, "unauthorized")
    assert requests.get(service.api + "/health", headers=headers, timeout=10).status_code == 200
    right = {"Authorization": f"bearer {service.key}"}
    assert requests.get(service.api + "/me", headers=right, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/models%3Agenerate", 404),
        ("GET", "/models/a.b", 400),
        ("GET", "/operations/a%0Ab", 400),
        ("GET", "/operations/a%2Fb", 400),
        ("PUT", "/models", 405),
        ("GET", "/models:generate", 405),
        ("GET", "/models?limit=101", 400),
        ("GET", "/models?limit=%C2%B2", 400),
        ("GET", "/worlds?cursor=", 400),
    ],
)
def test_unknown_addresses_and_invalid_parameters_are_rejected(
    client: ContractClient, method: str, path: str, status: int
) -> None:
    """This covers unknown routes, wrong methods, bad ids, bad limits and bad cursors."""
    answer = client.call(method, path, headers={"Idempotency-Key": "any"})
    slugs = {400: "invalid-request", 404: "not-found", 405: "method-not-allowed"}
    assert (answer.status_code, slug(answer)) == (status, slugs[status])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/prompt"),
        ({"prompt": "a", "color": "red"}, "/color"),
        ({"prompt": "a", "sourceImages": ["https://e.com/a", "file:///e"]}, "/sourceImages/1"),
        ([], ""),
    ],
)
def test_an_invalid_body_is_400_and_names_the_member(
    client: ContractClient, body: object, path: str
) -> None:
    """`errors` has the JSON pointer of the member; nothing is started."""
    answer = client.post("/models:generate", body)
    assert (answer.status_code, slug(answer)) == (400, "invalid-request")
    assert answer.json()["errors"][0]["path"] == path
    assert client.service.operations() == []


@pytest.mark.shows_key("a secret is sent to the file host to see that it refuses it")
@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_a_secret_is_rejected_and_logged(service: ThreadService, url: str, name: str) -> None:
    """Any key or cookie sent to the file host returns 400, and the log marks it as a leak."""
    assert service.files not in service.api and url.startswith(service.files + "/glb/a-mug-")
    assert requests.get(url, headers={name: "Bearer anything"}, timeout=10).status_code == 400
    path = url.removeprefix(service.files).partition("?")[0]
    assert [entry.path for entry in service.leaks()] == [path]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=5-99999999", 5, None),
    ],
)
def test_a_range_returns_its_bytes(url: str, asked: str, start: int, end: int | None) -> None:
    """The response is 206 with exactly the requested bytes, of the same version only."""
    whole = requests.get(url, timeout=10)
    assert glb.extras(whole.content)["prompt"] == "a mug"
    answer = requests.get(url, headers={"Range": asked}, timeout=10)
    assert (answer.status_code, answer.content) == (206, whole.content[start:end])
    first = start % len(whole.content)
    said = f"bytes {first}-{first + len(answer.content) - 1}/{len(whole.content)}"
    assert answer.headers["Content-Range"] == said
    for tag, status in ((whole.headers["ETag"], 206), ('"other"', 200)):
        headers = {"Range": asked, "If-Range": tag}
        assert requests.get(url, headers=headers, timeout=10).status_code == status


@pytest.mark.parametrize(
    ("asked", "status"), [("bytes=99999999-", 416), ("bytes=0-1,4-5", 200), ("bytes=b-a", 200)]
)
def test_other_ranges(url: str, asked: str, status: int) -> None:
    """What is outside the file is 416; several ranges and invalid ones get the whole file."""
    assert requests.get(url, headers={"Range": asked}, timeout=10).status_code == status


@pytest.mark.parametrize("status", [403, 410])
def test_links_expire_and_a_new_read_returns_new_links(
    service: ThreadService, client: ContractClient, status: int
) -> None:
    """`links_expire` is in seconds; two reads return the same link; links cannot be forged."""
    service.scenario(links_expire=60, expired_status=status)
    old = client.finished("a mug")["assets"]["glbUrl"]
    service.advance(40)
    done = service.operations()[0].id
    newer = client.operation(done)["assets"]["glbUrl"]
    assert newer == client.operation(done)["assets"]["glbUrl"] != old
    service.advance(50)
    assert requests.get(old, timeout=10).status_code == status
    assert requests.get(newer, timeout=10).status_code == 200
    forged = newer.replace("expires=", "expires=9")
    assert requests.get(forged, timeout=10).status_code == status
    assert requests.get(newer.partition("?")[0], timeout=10).status_code == status
