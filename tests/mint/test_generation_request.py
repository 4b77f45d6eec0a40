# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the body of a start request, and of input that is rejected before it is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.mint.generation_request import GenerationRequest, feedback_error
from mint_blender.mint.schema import Kind, Mode, Pose, Preset

LAMP = GenerationRequest(Kind.MODEL, "a lamp")
ONE, TWO = "https://example.org/1.png", "https://example.org/2.png"


MINIMAL = {
    "prompt": "a lamp",
    "generationPreset": "standard",
    "generationMode": "auto",
    "name": "a lamp",
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
        (
            KNIGHT,
            (),
            {
                "prompt": "a knight",
                "generationPreset": "fast",
                "generationMode": "review",
                "name": "Knight",
                "riggingPose": "a_pose",
            },
        ),
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
        (
            GenerationRequest(Kind.WORLD, "x" * 4001),
            "4001 characters; Mint accepts at most 4000 for a world",
        ),
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
