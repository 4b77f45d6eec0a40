# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that each error of section 1.4 is a problem document."""

from __future__ import annotations

import base64

import pytest
import requests

from tests.mint_service.runner import ThreadService

from .contract_client import ContractClient


def slug(answer: requests.Response) -> str:
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["title"] and document["detail"]
    return str(document["type"]).rsplit("/", 1)[-1]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic abc"])
def test_every_call_without_the_right_key_is_401(
    service: ThreadService, header: str | None
) -> None:
    """A missing, malformed or wrong key is rejected, also at unknown addresses."""
    for path in ("/me", "/models", "/nowhere"):
        answer = requests.get(
            service.api + path,
            headers={} if header is None else {"Authorization": header},
            timeout=10,
        )
        assert (answer.status_code, slug(answer)) == (401, "unauthorized")


def test_the_authorization_scheme_is_case_insensitive(service: ThreadService) -> None:
    """`bearer` works like `Bearer`."""
    assert (
        requests.get(
            service.api + "/me", headers={"Authorization": f"bearer {service.key}"}, timeout=10
        ).status_code
        == 200
    )


def test_health_needs_no_key(service: ThreadService) -> None:
    """GET /v1/health is public."""
    assert requests.get(service.api + "/health", timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/models/none0000", 404, "not-found"),
        ("GET", "/worlds/none0000", 404, "not-found"),
        ("GET", "/operations/none0000", 404, "not-found"),
        ("POST", "/operations/none0000:approve", 404, "not-found"),
        ("POST", "/models/none0000:animate", 404, "not-found"),
        ("GET", "/assets/model/none0000", 404, "not-found"),
        ("GET", "/models/a.b", 400, "invalid-request"),
        ("GET", "/operations/a%20b", 400, "invalid-request"),
        ("GET", "/operations/a%0Ab", 400, "invalid-request"),
        ("GET", "/operations/a%2Fb", 400, "invalid-request"),
        ("PUT", "/models", 405, "method-not-allowed"),
        ("GET", "/models:generate", 405, "method-not-allowed"),
        ("DELETE", "/operations/none0000", 405, "method-not-allowed"),
        ("GET", "/models?limit=0", 400, "invalid-request"),
        ("GET", "/models?limit=101", 400, "invalid-request"),
        ("GET", "/models?limit=many", 400, "invalid-request"),
        ("GET", "/models?limit=", 400, "invalid-request"),
        ("GET", "/models?limit=%C2%B2", 400, "invalid-request"),
        ("GET", "/worlds?cursor=nonsense", 400, "invalid-request"),
        ("GET", "/worlds?cursor=", 400, "invalid-request"),
        ("GET", "/worlds?cursor=WyJtb2RlbCIsICJ4Il0=", 400, "invalid-request"),
    ],
)
def test_unknown_addresses_and_invalid_parameters_are_rejected(
    client: ContractClient, method: str, path: str, status: int, expected: str
) -> None:
    """This covers unknown routes and ids, wrong methods, bad ids, bad limits and bad cursors."""
    answer = client.call(method, path, headers={"Idempotency-Key": "any"})
    assert (answer.status_code, slug(answer)) == (status, expected)


def test_an_escaped_colon_is_not_an_action(client: ContractClient) -> None:
    """A client must send the colon of an action route unescaped; a path with %3A is unknown."""
    assert client.post("/models%3Agenerate", {"prompt": "a mug"}).status_code in (404, 405)
    assert client.service.operations() == []


BAD_BODIES = [
    ({}, "/prompt"),
    ({"prompt": "a", "color": "red"}, "/color"),
    (
        {"prompt": "a", "sourceImages": ["https://example.com/a.png", "file:///etc/passwd"]},
        "/sourceImages/1",
    ),
    (
        {
            "prompt": "a",
            "imageUrl": "https://e.com/a",
            "sourceImages": ["https://e.com/a", "https://e.com/b"],
        },
        "/sourceImages",
    ),
    ([], ""),
]
"""What the OpenAPI document refuses is refused in `test_openapi`; here is how it is said."""


@pytest.mark.parametrize(("body", "path"), BAD_BODIES)
def test_an_invalid_body_is_400_and_names_the_member(
    client: ContractClient, body: object, path: str
) -> None:
    """The schemas are closed; `errors` has the JSON pointer of the member; nothing is started."""
    answer = client.post("/models:generate", body)
    assert (answer.status_code, slug(answer)) == (400, "invalid-request")
    assert answer.json()["errors"][0]["path"] == path
    assert client.service.operations() == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"prompt=a", "text/plain"),
        (b"\xff", "application/json"),
    ],
)
def test_a_body_that_is_not_json_is_400(client: ContractClient, content: bytes, kind: str) -> None:
    """This covers broken JSON, an empty body and other media types."""
    answer = client.call(
        "POST",
        "/models:generate",
        data=content,
        headers={"Content-Type": kind, "Idempotency-Key": "k"},
    )
    assert (answer.status_code, slug(answer)) == (400, "invalid-request")


def test_actions_work_without_a_body(client: ContractClient) -> None:
    """Actions without input accept `{}` and an empty body."""
    operation = client.start("a mug", generationMode="review")
    client.until(operation, "preview_ready")
    answer = client.call(
        "POST", f"/operations/{operation['id']}:approve", headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 202


def test_uploaded_pictures_are_checked(client: ContractClient) -> None:
    """A picture has at most 5 MB, is base64, and has the media type of a picture."""
    picture = base64.b64encode(b"x" * (5 * 1024 * 1024)).decode()
    body = {"base64Data": picture, "fileName": "a.png", "contentType": "image/png"}
    assert client.post("/reference-images", body).status_code == 201
    answer = client.post(
        "/reference-images",
        body | {"base64Data": base64.b64encode(b"x" * (5 * 1024 * 1024 + 1)).decode()},
    )
    assert (answer.status_code, slug(answer)) == (413, "payload-too-large")
    assert client.post("/reference-images", body | {"base64Data": "no base64!"}).status_code == 400
    assert client.post("/reference-images", body | {"contentType": "text/html"}).status_code == 400
    assert (
        client.post("/reference-images", {"sourceUrl": "http://example.com/a.png"}).status_code
        == 400
    )
    assert (
        client.post(
            "/reference-images", {"sourceUrl": "https://example.com/a.png", "base64Data": "eA=="}
        ).status_code
        == 400
    )
