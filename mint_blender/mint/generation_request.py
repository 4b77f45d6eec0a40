# SPDX-License-Identifier: GPL-3.0-or-later
"""A request for a generation: its fields, their limits, and the JSON body.

Mint's schema is closed: empty members are left out, never sent as null.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self, TypeVar

from ..message import Message
from .limits import MAX_FEEDBACK_LENGTH, MAX_IMAGES, MAX_NAME_LENGTH
from .schema import Kind, Mode, Pose, Preset

E = TypeVar("E", bound=StrEnum)

_NAME_LENGTH = 60
MAX_PROMPT_LENGTH = {Kind.WORLD: 4000, Kind.MODEL: 8000}


def default_prompt(kind: Kind) -> str:
    """Return the prompt to send with pictures when the user wrote none: Mint requires one."""
    if kind is Kind.WORLD:
        return Message("A place that looks like the reference image.")
    return Message("A 3D model that matches the reference image.")


@dataclass(frozen=True)
class GenerationRequest:
    """A generation to start.

    `images` are local paths or https URLs, in the user's order. `image_names` are the names that
    the user knows them by, where the path does not show it; they are not sent.
    """

    kind: Kind
    prompt: str
    preset: Preset = Preset.STANDARD
    mode: Mode = Mode.AUTO
    name: str | None = None
    images: tuple[str, ...] = ()
    pose: Pose | None = None
    image_names: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        *,
        kind: str,
        prompt: str,
        preset: str,
        mode: str,
        name: str | None = None,
        images: Iterable[str | PathLike[str]] = (),
        pose: str | None = None,
        folder: Path | None = None,
    ) -> Self:
        """Return a request from the words of a command line, a script or a batch file.

        Paths among `images` become absolute, from `folder` or else from the working directory.

        Raises:
            ValueError: A word is no kind, preset, mode or pose.
        """
        start = folder or Path()
        sources = [fspath(image) for image in images]
        return cls(
            kind=member(Kind, "kind", kind),
            prompt=prompt,
            preset=member(Preset, "preset", preset),
            mode=member(Mode, "mode", mode),
            name=name,
            images=tuple(
                image if "://" in image else str((start / image).absolute()) for image in sources
            ),
            pose=member(Pose, "pose", pose) if pose else None,
        )

    def validation_error(self) -> str | None:
        """Return the first thing that Mint would refuse, as a sentence; None if there is none."""
        if not self.prompt.strip() and not self.images:
            return Message("The prompt is empty. Describe what to generate.")
        if len(self.prompt) > (longest := MAX_PROMPT_LENGTH[self.kind]):
            return Message(
                "The prompt has {count} characters; Mint accepts at most {most} for a {kind}.",
                count=len(self.prompt),
                most=longest,
                kind=self.kind,
            )
        if self.name is not None and not 1 <= len(self.name) <= MAX_NAME_LENGTH:
            return Message(
                "The name has {count} characters; Mint accepts 1 to {most}.",
                count=len(self.name),
                most=MAX_NAME_LENGTH,
            )
        if len(self.images) > MAX_IMAGES:
            return Message(
                "There are {count} reference images; Mint accepts at most {most}.",
                count=len(self.images),
                most=MAX_IMAGES,
            )
        if any(image.startswith("http://") for image in self.images):
            return Message("A reference image's address must start with https://.")
        if self.pose is not None and self.kind is Kind.WORLD:
            return Message("A pose is only for models of characters, not for Worlds.")
        return None

    def body(self, image_urls: tuple[str, ...]) -> dict[str, Any]:
        """Return the JSON body of the start call; `image_urls` are the uploaded `images`."""
        body: dict[str, Any] = {
            "prompt": self.prompt.strip() or default_prompt(self.kind),
            "generationPreset": self.preset.value,
            "generationMode": self.mode.value,
        }
        body["name"] = self.name or _short(body["prompt"])
        if self.pose is not None:
            body["riggingPose"] = self.pose.value
        if len(image_urls) == 1:
            body["imageUrl"] = image_urls[0]
        elif image_urls:
            body["sourceImages"] = list(image_urls)
        return body


def member(words: type[E], name: str, value: str) -> E:
    """Return the member of an enum that a word stands for; `name` is what the words are.

    Raises:
        ValueError: It is none of them; the message has them all.
    """
    try:
        return words(value)
    except ValueError:
        values = ", ".join(word.value for word in words)
        wrong = Message("'{value}' is not a {name}: {known}", value=value, name=name, known=values)
        raise ValueError(wrong) from None


def _short(prompt: str) -> str:
    """Return a name for a prompt: an unanswered start is found by it in Mint's list."""
    words = " ".join(prompt.split())
    return words if len(words) <= _NAME_LENGTH else f"{words[: _NAME_LENGTH - 1].rstrip()}…"


def feedback_error(feedback: str) -> str | None:
    """Return why Mint would refuse this feedback, as a sentence; None if it would not."""
    if not feedback.strip():
        return Message("Describe what to change.")
    if len(feedback) > (limit := MAX_FEEDBACK_LENGTH):
        return Message(
            "The feedback has {count} characters; Mint accepts at most {most}.",
            count=len(feedback),
            most=limit,
        )
    try:
        feedback.encode()
    except UnicodeEncodeError:
        return Message(
            "The feedback contains invalid characters. Use a terminal with UTF-8, or Blender."
        )
    return None
