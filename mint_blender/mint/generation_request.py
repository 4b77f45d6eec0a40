# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start request may say: its fields, their limits, and the JSON body.

Mint's schema is closed: what is not asked for is left out, never sent as null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .schema import Kind, Mode, Pose, Preset

LONGEST_PROMPT = {Kind.WORLD: 4000, Kind.MODEL: 8000}
LONGEST_NAME = 120
LONGEST_FEEDBACK = 2000
MOST_IMAGES = 8
LARGEST_IMAGE = 5 * 1024 * 1024


def prompt_for_pictures(kind: Kind) -> str:
    """Mint wants a prompt always: what goes with pictures when the user wrote none."""
    if kind is Kind.WORLD:
        return "A place that looks like the reference picture."
    return "A 3D model that matches the reference picture."


@dataclass(frozen=True)
class GenerationRequest:
    """A planned start.

    `images` are local paths or https URLs, in the order that the user gave; `image_names` is what
    the user calls them, where that is not in the path. Mint is not told.
    """

    kind: Kind
    prompt: str
    preset: Preset = Preset.STANDARD
    mode: Mode = Mode.AUTO
    name: str | None = None
    images: tuple[str, ...] = ()
    pose: Pose | None = None
    image_names: tuple[str, ...] = ()

    def complaint(self) -> str | None:
        """A sentence about the first thing that Mint would refuse, or None."""
        if not self.prompt.strip() and not self.images:
            return "The prompt is empty: describe what should be made."
        if len(self.prompt) > (longest := LONGEST_PROMPT[self.kind]):
            return (
                f"The prompt has {len(self.prompt)} characters; Mint takes at most {longest} for a"
                f" {self.kind}."
            )
        if self.name is not None and not 1 <= len(self.name) <= LONGEST_NAME:
            return f"The name has {len(self.name)} characters; Mint takes 1 to {LONGEST_NAME}."
        if len(self.images) > MOST_IMAGES:
            return (
                f"There are {len(self.images)} reference pictures; Mint takes at most"
                f" {MOST_IMAGES}."
            )
        if any(image.startswith("http://") for image in self.images):
            return "A reference picture's address must start with https://."
        if self.pose is not None and self.kind is Kind.WORLD:
            return "A pose is for characters: it goes with a model, not with a world."
        return None

    def body(self, image_urls: tuple[str, ...]) -> dict[str, Any]:
        """The JSON body of the start call; `image_urls` are the https URLs that `images` became."""
        body: dict[str, Any] = {
            "prompt": self.prompt.strip() or prompt_for_pictures(self.kind),
            "generationPreset": self.preset.value,
            "generationMode": self.mode.value,
        }
        if self.name:
            body["name"] = self.name
        if self.pose is not None:
            body["riggingPose"] = self.pose.value
        if len(image_urls) == 1:
            body["imageUrl"] = image_urls[0]
        elif image_urls:
            body["sourceImages"] = list(image_urls)
        return body


def feedback_complaint(feedback: str) -> str | None:
    """A sentence about a revision text that Mint would refuse, or None."""
    if not feedback.strip():
        return "Say in words what should change."
    if len(feedback) > LONGEST_FEEDBACK:
        return (
            f"The feedback has {len(feedback)} characters; Mint takes at most {LONGEST_FEEDBACK}."
        )
    return None
