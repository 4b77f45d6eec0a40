# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start request says, and what is caught before Mint would refuse it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.mint.generation_request import GenerationRequest, feedback_error
from mint_blender.mint.schema import Kind, Mode, Pose, Preset

LAMP = GenerationRequest(Kind.MODEL, "a lamp")
ONE, TWO = "https://example.org/1.png", "https://example.org/2.png"


def test_a_plain_request_says_only_what_was_asked():
    """Mint's schema is closed: no nulls, no fields that nobody filled in."""
    assert LAMP.body(()) == {
        "prompt": "a lamp",
        "generationPreset": "standard",
        "generationMode": "auto",
    }


def test_a_full_request():
    """Each choice has its field, under the later of its two names."""
    request = GenerationRequest(
        Kind.MODEL, " a knight ", Preset.FAST, Mode.REVIEW, name="Knight", pose=Pose.A_POSE
    )
    assert request.body(()) == {
        "prompt": "a knight",
        "generationPreset": "fast",
        "generationMode": "review",
        "name": "Knight",
        "riggingPose": "a_pose",
    }


def test_one_picture_and_several_go_into_different_fields():
    """The fields imageUrl and sourceImages exclude each other."""
    assert LAMP.body((ONE,))["imageUrl"] == ONE
    assert "sourceImages" not in LAMP.body((ONE,))
    assert LAMP.body((ONE, TWO))["sourceImages"] == [ONE, TWO]
    assert "imageUrl" not in LAMP.body((ONE, TWO))


def test_pictures_alone_bring_a_prompt():
    """Mint wants a prompt always."""
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
        (replace(LAMP, images=("a.png",) * 9), "There are 9 reference pictures"),
        (replace(LAMP, images=("http://example.org/1.png",)), "must start with https://"),
        (GenerationRequest(Kind.WORLD, "a hall", pose=Pose.T_POSE), "A pose is only for models"),
    ],
)
def test_what_mint_would_refuse_is_said_first(request_, said):
    """A sentence instead of a round trip."""
    assert said in (request_.validation_error() or "")


@pytest.mark.parametrize(
    "request_",
    [
        replace(LAMP, prompt="x" * 8000, name="n" * 120, images=("a.png",) * 8, pose=Pose.T_POSE),
        GenerationRequest(Kind.WORLD, "x" * 4000, images=("a.png",) * 8),
    ],
)
def test_the_limits_themselves_are_fine(request_):
    """The last allowed value of each limit passes."""
    assert request_.validation_error() is None


def test_feedback_has_1_to_2000_characters():
    """A revision needs words, and not too many."""
    assert feedback_error("greener") is None
    assert feedback_error("x" * 2000) is None
    assert "Describe what" in (feedback_error(" \n") or "")
    assert "2001" in (feedback_error("x" * 2001) or "")
