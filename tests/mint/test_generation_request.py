# SPDX-License-Identifier: GPL-3.0-or-later
"""What a generation and a motion send, and what is rejected before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.mint.client import Client
from mint_blender.mint.generation_request import GenerationRequest, feedback_error
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import AnimationFile, AnimationType, Kind, Mode, Pose, Preset

LAMP = GenerationRequest(Kind.MODEL, "a lamp")
ONE, TWO = "https://example.org/1.png", "https://example.org/2.png"


MINIMAL = {
    "prompt": "a lamp",
    "generationPreset": "standard",
    "generationMode": "auto",
    "name": "a lamp",
}
KNIGHT_BODY = {
    "prompt": "a knight",
    "generationPreset": "fast",
    "generationMode": "review",
    "name": "Knight",
    "riggingPose": "a_pose",
}
KNIGHT = GenerationRequest(
    Kind.MODEL, " a knight ", Preset.FAST, Mode.REVIEW, name="Knight", pose=Pose.A_POSE
)


@pytest.mark.covers("C22-closed")
@pytest.mark.parametrize(
    ("request_", "urls", "body"),
    [
        (LAMP, (), MINIMAL),
        (LAMP, (ONE,), MINIMAL | {"imageUrl": ONE}),
        (LAMP, (ONE, TWO), MINIMAL | {"sourceImages": [ONE, TWO]}),
        (KNIGHT, (), KNIGHT_BODY),
    ],
    ids=["minimal", "one picture", "two pictures", "every field"],
)
def test_a_request_has_no_other_fields(request_, urls, body):
    """Mint's schema is closed: no nulls, no fields that were not set, one field for pictures."""
    assert request_.body(urls) == body


def test_pictures_without_a_prompt_get_a_default_prompt():
    """Mint requires a prompt in every request."""
    request = replace(LAMP, prompt="", images=(ONE,))
    assert request.validation_error() is None
    assert request.body((ONE,))["prompt"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (replace(LAMP, prompt="  "), "The prompt is empty"),
        (
            replace(LAMP, prompt="x" * 8001),
            "8001 characters; Mint accepts at most 8000 for a model",
        ),
        (GenerationRequest(Kind.WORLD, "x" * 4001), "4001 characters; Mint accepts at most 4000"),
        (replace(LAMP, name=""), "The name has 0 characters"),
        (replace(LAMP, name="n" * 121), "The name has 121 characters"),
        (replace(LAMP, images=("a.png",) * 9), "There are 9 reference images"),
        (replace(LAMP, images=("http://example.org/1.png",)), "must start with https://"),
        (GenerationRequest(Kind.WORLD, "a hall", pose=Pose.T_POSE), "A pose is only for models"),
    ],
)
def test_invalid_input_is_rejected_before_it_is_sent(request_, said):
    """A message is raised without a request to Mint."""
    assert said in (request_.validation_error() or "")


@pytest.mark.parametrize(
    "request_",
    [
        replace(LAMP, prompt="x" * 8000, name="n" * 120, images=("a.png",) * 8, pose=Pose.T_POSE),
        GenerationRequest(Kind.WORLD, "x" * 4000, images=("a.png",) * 8),
    ],
)
def test_the_largest_allowed_values_are_accepted(request_):
    """The last allowed value of each limit is valid."""
    assert request_.validation_error() is None


def test_feedback_has_1_to_2000_characters():
    """A revision without feedback or with too much of it is rejected."""
    assert feedback_error("greener") is None
    assert feedback_error("x" * 2000) is None
    assert "Describe what" in (feedback_error(" \n") or "")
    assert "2001" in (feedback_error("x" * 2001) or "")


# -- motions: their files, and what is sent


@pytest.mark.parametrize("id", ["", "a::b", "../x", "a:b/c", "a%3Ab", "x" * 300])
def test_an_id_that_is_not_safe_in_a_path_is_never_used(client: Client, id: str) -> None:
    """Neither from a list nor in a call."""
    assert AnimationFile.from_json([{"id": id, "format": "glb"}]) == ()
    with pytest.raises(ValueError, match="not a valid ID"):
        client.animation_file_url(AnimationType.CLIP, "a", id)


def test_files_that_cannot_be_read_are_left_out() -> None:
    """Nothing in the list raises."""
    assert AnimationFile.from_json([None, 1, {}, {"id": 3}]) == ()


def test_the_body_has_no_other_member() -> None:
    """Mint's schema is closed; what is only ours is not sent."""
    assert MotionRequest(" walk\nslowly ", 1.80049, in_place=True).body() == {
        "motionPrompt": "walk slowly",
        "heightMeters": 1.8,
    }
    assert MotionRequest("walk").body() == {"motionPrompt": "walk"}
