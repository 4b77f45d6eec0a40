# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of section 6: lists, single assets and their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient


@pytest.fixture
def service() -> Iterator[ThreadService]:
    with running_service(
        clock="manual", credits=100_000, library={"models": 45, "worlds": 3}
    ) as running:
        yield running


def pages(
    client: ContractClient, path: str, limit: int | None = None
) -> list[list[dict[str, Any]]]:
    found, cursor = [], None
    while True:
        params = {"limit": limit, "cursor": cursor}
        answer = client.get(
            path, params={name: value for name, value in params.items() if value is not None}
        ).json()
        found.append(answer["data"])
        cursor = answer["pagination"]["nextCursor"]
        assert answer["pagination"]["hasMore"] == (cursor is not None)
        if cursor is None:
            return found


def test_lists_are_paginated(client: ContractClient) -> None:
    """A page has 20 entries by default and at most 100, newest first, each asset once."""
    found = pages(client, "/models")
    assert [len(page) for page in found] == [20, 20, 5]
    assert [len(page) for page in pages(client, "/models", 30)] == [30, 15]
    assert [len(page) for page in pages(client, "/models", 45)] == [45]
    things = [thing for page in found for thing in page]
    assert len({thing["id"] for thing in things}) == 45
    assert [thing["createdAt"] for thing in things] == sorted(
        (thing["createdAt"] for thing in things), reverse=True
    )
    assert {thing["status"] for thing in things} == {"succeeded", "failed", "running"}
    assert {thing["object"] for page in pages(client, "/worlds") for thing in page} == {"world"}


def test_new_assets_do_not_shift_the_pages(client: ContractClient) -> None:
    """A cursor names the last returned asset."""
    first = client.get("/models?limit=10").json()
    client.finished("a new mug")
    second = client.get(
        "/models", params={"limit": 10, "cursor": first["pagination"]["nextCursor"]}
    ).json()
    assert not {thing["id"] for thing in first["data"]} & {thing["id"] for thing in second["data"]}


def test_the_sample_library_costs_no_credits(client: ContractClient) -> None:
    """Assets that exist at the start do not change the balance."""
    assert client.service.credits() == 100_000
    assert client.start("a mug")["status"] == "queued"


def test_read_a_model_and_a_world(client: ContractClient) -> None:
    """Both have their name, prompt, stage, times and web address."""
    done = client.finished("a blue mug", name="My mug")
    model = client.get(f"/models/{done['resource']['id']}").json()
    assert (model["name"], model["prompt"], model["status"], model["assetStage"]) == (
        "My mug",
        "a blue mug",
        "succeeded",
        "final",
    )
    assert model["assets"] == done["assets"] and model["mintUrl"] == done["mintUrl"]
    other = client.finished("a hall", "world", displayName="My hall")
    world = client.get(f"/worlds/{other['resource']['id']}").json()
    assert world["name"] == "My hall" and "prompt" not in world
    assert client.get(f"/models/{world['id']}").status_code == 404


def test_the_files_of_an_asset(client: ContractClient) -> None:
    """The artifacts and the manifest list the same files; a World also has a streaming file."""
    model = client.finished("a mug")
    world = client.finished("a hall", "world")
    for operation, roles in (
        (model, {"canonical_model", "preview_image"}),
        (world, {"environment", "physics_collider", "preview_image"}),
    ):
        path = f"/assets/{operation['resource']['type']}/{operation['resource']['id']}"
        assert client.get(path).json()["id"] == operation["resource"]["id"]
        manifest = client.get(f"{path}/artifact-manifest").json()
        assert manifest["artifacts"] == client.get(f"{path}/artifacts").json()["data"]
        assert {artifact["role"] for artifact in manifest["artifacts"]} == roles
        for artifact in manifest["artifacts"]:
            answer = client.session.get(
                artifact["downloadUrl"], headers={"Authorization": None}, timeout=10
            )
            assert len(answer.content) == artifact["byteSize"]
    assert manifest["integrationMode"] == "remote_stream"
    assert manifest["runtime"]["runtimeUrl"] == world["assets"]["radUrl"]
    assert manifest["runtime"]["collider"]["runtimeUrl"] == world["assets"]["colliderMeshUrl"]


def test_a_reference_picture_can_be_used_in_a_start(client: ContractClient) -> None:
    """The returned address can be downloaded and used in a start; a replay returns the same."""
    body = {"base64Data": "iVBORw0KGgo=", "fileName": "My cat.png", "contentType": "image/png"}
    first = client.post("/reference-images", body, "k").json()
    assert client.post("/reference-images", body, "k").json() == first
    assert (
        client.session.get(first["url"], headers={"Authorization": None}, timeout=10).content
        == b"\x89PNG\r\n\x1a\n"
    )
    client.start("a cat", imageUrl=first["url"])
    imported = client.post("/reference-images", {"sourceUrl": "https://example.com/cat.png"}).json()
    client.start("two cats", sourceImages=[first["url"], imported["url"]])
