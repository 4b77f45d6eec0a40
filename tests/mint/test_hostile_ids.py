# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids in responses: one that could name a path never becomes the id of anything."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.mint.client import Client
from mint_blender.mint.errors import InvalidResponse
from mint_blender.mint.schema import Kind, Mode, Operation, Preset
from mint_blender.mint.transport import Transport

from .hostile_ids import DEVICES, HOSTILE_IDS
from .raw_server import answer
from .sample_answers import MODEL, OPERATION

Call = Callable[[Client], Any]
OF_AN_ID: dict[str, tuple[str, Callable[[Client, str], Any]]] = {
    "operation": (OPERATION["id"], lambda client, id: client.operation(id)),
    "poll": (OPERATION["id"], lambda client, id: client.poll(id).operation),
    "cancel": ("o", lambda client, id: client.cancel(id, key="k")),
    "retry a World": ("w", lambda client, id: client.pay("retry", Kind.WORLD, id, {}, key="k")),
} | {
    verb.value: (
        MODEL["id"],
        lambda client, id, verb=verb: client.pay(verb, Kind.MODEL, id, {}, key="k"),  # type: ignore[misc]
    )
    for verb in PaidVerb
    if verb is not PaidVerb.START
}
"""An id, and a call that needs it and returns an operation."""
OPERATIONS: dict[str, Call] = {
    "start": lambda client: client.pay("start", Kind.MODEL, "", {"prompt": "a"}, key="k")
} | {
    name: lambda client, id=id, call=call: call(client, id)  # type: ignore[misc]
    for name, (id, call) in OF_AN_ID.items()
}
LISTS: dict[str, Callable[[Client, Kind], Any]] = {
    "page": lambda client, kind: client.page(kind).data,
    "assets": lambda client, kind: tuple(client.assets(kind)),
}
WITHOUT_IDS: dict[str, Call] = {
    "me": lambda client: client.me().display_name,
    "usage": lambda client: client.usage(),
    "estimate": lambda client: client.estimate(Kind.MODEL, Preset.FAST, Mode.AUTO),
    "estimate_optimization": lambda client: client.estimate_optimization("m1"),
    "estimate_animation": lambda client: client.estimate_animation("m1"),
}
ANIMATIONS = {"animation_files", "animation_file_url"}
"""Ids of files have colons: `test_generation_request.py` has their hostile ones."""
NO_REQUESTS = {name for name, _ in inspect.getmembers(Transport)} | {"mint_time"}

each_hostile_id = pytest.mark.parametrize("id", HOSTILE_IDS.values(), ids=HOSTILE_IDS)


def test_all_endpoints_are_tested():
    """A new endpoint has to be added to these tests."""
    endpoints = {name for name, _ in inspect.getmembers(Client) if not name.startswith("_")}
    tested = {"operation", "poll", "cancel", *LISTS, *WITHOUT_IDS, *ANIMATIONS}
    assert endpoints - NO_REQUESTS == {*tested, "pay", "asset", "upload_image"}
    assert OPERATIONS.keys() > set(PaidVerb)


@pytest.mark.covers("S-names")
@each_hostile_id
def test_an_operation_needs_a_valid_id(connect, id):
    """Each call that returns an operation rejects the response, and does not quote the id."""
    with connect(answer({**OPERATION, "id": id})) as (server, client):
        for call in OPERATIONS.values():
            with pytest.raises(InvalidResponse, match="the operation has no ID") as raised:
                call(client)
            assert len(str(raised.value)) < 200
        assert len(server.received) == len(OPERATIONS)


@pytest.mark.covers("S-names")
@each_hostile_id
def test_a_resource_needs_a_valid_id(connect, id):
    said = {**OPERATION, "resource": {"type": "model", "id": id}}
    with connect(answer(said)) as (_, client):
        for call in OPERATIONS.values():
            operation = call(client)
            assert operation.id == OPERATION["id"] and operation.resource is None


@pytest.mark.covers("S-names")
@each_hostile_id
@pytest.mark.parametrize("kind", Kind)
def test_a_single_asset_needs_a_valid_id(connect, kind, id):
    """A Model or World that is read alone is rejected."""
    with connect(answer({**MODEL, "id": id})) as (_, client):
        with pytest.raises(InvalidResponse, match=f"the {kind} has no ID") as raised:
            client.asset(kind, "m1")
        assert len(str(raised.value)) < 200


@pytest.mark.covers("S-names")
@each_hostile_id
@pytest.mark.parametrize("kind", Kind)
def test_an_entry_of_a_list_needs_a_valid_id(connect, caplog, kind, id):
    """It is left out of the list, the others stay, and the log says so once."""
    hostile = {**MODEL, "id": id}
    with connect(answer({"data": [hostile, MODEL, hostile, {}]})) as (_, client):
        for read in LISTS.values():
            assert [asset.id for asset in read(client, kind)] == ["m1"]
    assert caplog.messages == [f"3 entries of a page of {kind}s have no valid ID: left out"]


@each_hostile_id
def test_a_reference_image_needs_no_id(connect, id):
    """Its URL is what is used, and an invalid id becomes none."""
    said = {"id": id, "url": "https://cdn.example/a.png"}
    with connect(answer(said), answer({"id": id})) as (_, client):
        image = client.upload_image(b"a", "a.png", "image/png", key="k")
        assert (image.id, image.url) == ("", "https://cdn.example/a.png")
        with pytest.raises(InvalidResponse, match="has no URL"):
            client.upload_image(b"a", "a.png", "image/png", key="k")


@each_hostile_id
def test_other_responses_do_not_depend_on_ids(connect, id):
    """What has no id of its own is read, and an account's id is shown shortened."""
    said = {"id": id, "owner": {"userId": id}, "operation": id}
    with connect(answer(said)) as (_, client):
        for call in WITHOUT_IDS.values():
            call(client)
        assert len(WITHOUT_IDS["me"](client)) <= 16


@each_hostile_id
def test_a_stored_response_is_checked_again(id):
    """A changed mode is read from the response, whose ids are still no ids."""
    stored = Operation.from_json({"id": "o", "resource": {"type": "model", "id": id}})
    assert stored.with_mode(Mode.REVIEW).resource is None


@pytest.mark.parametrize("id", [*DEVICES, "-", "_", "x" * 255])
def test_every_id_that_fits_in_a_path_is_valid(connect, id):
    """Ids are opaque: what no path is changed by is accepted, whatever it means elsewhere."""
    said = {**MODEL, "id": id}
    with connect(answer(said), answer({"data": [said]})) as (_, client):
        assert client.asset(Kind.MODEL, id).id == id
        assert [asset.id for asset in client.page(Kind.MODEL).data] == [id]
