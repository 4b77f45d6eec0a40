# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a request before a job is made: its texts and limits, and its local pictures."""

from __future__ import annotations

from pathlib import Path

from ..files import pictures
from ..files.errors import InvalidPicture
from ..message import Message
from ..mint.generation_request import GenerationRequest
from ..mint.limits import MAX_IMAGE_BYTES

UPLOADABLE = frozenset({"png", "jpeg", "webp"})
"""Formats that Mint accepts as a reference image."""


def complaint(request: GenerationRequest) -> str | None:
    """Return a message about the first thing that Mint would refuse, or None.

    Reads the headers of local pictures.
    """
    return (
        request.validation_error()
        or _encoding_complaint(request)
        or next(filter(None, map(picture_complaint, request.images)), None)
    )


def picture_complaint(image: str) -> str | None:
    """Return why Mint would refuse this reference image, or None.

    Local pictures are read; https addresses are left to Mint.
    """
    if image.startswith("https://"):
        return None
    if "://" in image:
        return Message(
            "A reference image must be a file or an https:// address, not {image}.", image=image
        )
    path = Path(image)
    try:
        size = path.stat().st_size
        found = pictures.inspect(path)
        pictures.check_complete(path, found)
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        return Message(
            "The reference image {name} cannot be read: {reason}.",
            name=image,
            reason=getattr(error, "strerror", None) or Message("not a valid name"),
        )
    except InvalidPicture as error:
        return Message("The reference image cannot be used. {reason}", reason=error)
    if size > MAX_IMAGE_BYTES:
        return Message(
            "The reference image {name} is {size:.1f} MB; Mint accepts at most 5 MB."
            " Scale it down first.",
            name=image,
            size=size / 1024 / 1024,
        )
    if found.format not in UPLOADABLE:
        return Message(
            "The reference image {name} is {format}; Mint accepts PNG, JPEG and WebP."
            " Convert it first.",
            name=image,
            format=found.format.upper(),
        )
    return None


def _encoding_complaint(request: GenerationRequest) -> str | None:
    """Return a message if a text is not valid Unicode: from a shell without UTF-8, for example."""
    try:
        f"{request.prompt}{request.name}".encode()
    except UnicodeEncodeError:
        return Message(
            "The prompt or the name contains invalid characters. Use a terminal with UTF-8, or "
            "a batch file."
        )
    return None
