# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to rig and animate a model: its words, their limits, and the JSON body.

Mint picks the closest motion of its catalog, which is made for humanoids. Its schema is closed, so
no other member is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..message import Message

MAX_MOTION_LENGTH = 500
MIN_HEIGHT, MAX_HEIGHT = 0.3, 10.0
"""In meters. Mint names no limits: these are ours."""
SUGGESTIONS = (
    Message("Idle"),
    Message("Walk in Place"),
    Message("Run in Place"),
    Message("Jump"),
)
"""Words that are offered. Mint gets them in English."""


@dataclass(frozen=True)
class MotionRequest:
    """A motion of a character.

    `height` is that of the character, in meters; None leaves it to Mint. With `in_place`, the
    travel is taken out of the clip here: Mint is not told.
    """

    prompt: str
    height: float | None = None
    in_place: bool = False

    @property
    def words(self) -> str:
        """The prompt on one line, which names the clip."""
        return " ".join(self.prompt.split())

    def is_like(self, other: MotionRequest | None) -> bool:
        """Return whether Mint would pick the same motion: the words are the same."""
        return other is not None and self.words.casefold() == other.words.casefold()

    def validation_error(self) -> str | None:
        """Return the first thing that is wrong with it, as a sentence; None if nothing is."""
        if not self.words:
            return Message("The motion is empty. Describe it in a few words.")
        if len(self.words) > MAX_MOTION_LENGTH:
            return Message(
                "The motion has {count} characters; at most {most} are possible.",
                count=len(self.words),
                most=MAX_MOTION_LENGTH,
            )
        try:
            self.words.encode()
        except UnicodeEncodeError:
            return Message("The motion contains invalid characters.")
        if self.height is not None and not MIN_HEIGHT <= self.height <= MAX_HEIGHT:
            return Message(
                "The character is {height:.2f} m high. Mint animates characters of {least} to"
                " {most} m.",
                height=self.height,
                least=f"{MIN_HEIGHT:g}",
                most=f"{MAX_HEIGHT:g}",
            )
        return None

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the call."""
        height = {} if self.height is None else {"heightMeters": round(self.height, 3)}
        return {"motionPrompt": self.words, **height}


def motions_in(text: str) -> tuple[str, ...]:
    """Return the motions in one text, as in the column of a batch: `walk | run`."""
    return tuple(filter(None, (" ".join(motion.split()) for motion in text.split("|"))))
