# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls for animations: the start, the price, the list of files, and their addresses."""

from __future__ import annotations

import pytest

from mint_blender.mint import errors
from mint_blender.mint.client import Client
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import AnimationFile, AnimationType, Status

from ..mint_service.runner import ThreadService
from .generation_helpers import finished, made

BODY = MotionRequest("walk [one-clip]", 1.8).body()


def test_a_motion_from_start_to_file(service: ThreadService, client: Client) -> None:
    """The operation names an animation, its type is found, and each file has an address."""
    model = made(service, client)
    operation = client.animate(model, BODY, key="k")
    assert client.animate(model, BODY, key="k").id == operation.id
    operation = finished(service, client, operation)
    assert (operation.status, operation.prompt) == (Status.SUCCEEDED, BODY["motionPrompt"])
    assert operation.resource is not None
    id = operation.resource.id
    with pytest.raises(errors.NotFound):
        client.animation_files(AnimationType.BATCH, id)
    files = client.animation_files(AnimationType.CLIP, id)
    assert [each.is_character for each in files] == [True, False]
    assert all(each.is_glb for each in files)
    assert ":" in files[1].id
    assert client.animation_file_url(AnimationType.CLIP, id, files[1].id).startswith("http")


def test_the_price_of_a_motion(service: ThreadService, client: Client) -> None:
    """It is asked for one model."""
    model = made(service, client)
    assert client.estimate_animation(model).estimated_total == 250
    (asked,) = service.requests("POST", "/v1/pricing:estimate")
    assert asked.body == {"operation": "model_animation", "modelId": model}


@pytest.mark.parametrize("id", ["", "a::b", "../x", "a:b/c", "a%3Ab", "x" * 300])
def test_an_id_that_is_not_safe_in_a_path_is_never_used(client: Client, id: str) -> None:
    """Neither from a list nor in a call."""
    assert AnimationFile.from_json({"data": [{"id": id, "format": "glb"}]}) == ()
    with pytest.raises(ValueError, match="not a valid ID"):
        client.animation_file_url(AnimationType.CLIP, "a", id)


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": [None, 1, {}, {"id": 3}]}])
def test_a_list_that_cannot_be_read_is_empty(data: dict[str, object]) -> None:
    """Nothing in it raises."""
    assert AnimationFile.from_json(data) == ()


def test_the_body_has_no_other_member() -> None:
    """Mint's schema is closed; what is only ours is not sent."""
    assert MotionRequest(" walk\nslowly ", 1.80049, in_place=True).body() == {
        "motionPrompt": "walk slowly",
        "heightMeters": 1.8,
    }
    assert MotionRequest("walk").body() == {"motionPrompt": "walk"}
