# SPDX-License-Identifier: GPL-3.0-or-later
"""Upload the same picture for the same account only once."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import NamedTuple

from ...files import pictures
from ...files.errors import DiskError, InvalidPicture
from ...message import Message
from ...mint.account import Owner
from ...mint.client import Client
from ...mint.errors import InvalidResponse
from ...mint.limits import MAX_IMAGE_BYTES
from ..engine.task import Task
from ..engine.thread_messages import CallEnded
from ..new_jobs import UPLOADABLE
from ..storage.journal import Journal
from ..workflow.effects import Upload

MAX_AGE = 30 * 24 * 3600.0
"""Seconds for which a URL is reused. Mint calls it durable, but does not say for how long."""


class Picture(NamedTuple):
    """A picture, by a hash of its bytes, and the account it is uploaded for."""

    digest: str
    owner: Owner


class Uploads:
    """The pictures that are at Mint, or on their way. For the scheduler's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._in_flight: dict[int, Picture] = {}  # by the number of the call
        self._waiting: dict[Picture, list[Task]] = {}  # for each picture that is in flight

    def picture(self, data: bytes) -> Picture:
        """Identify these bytes for the current account."""
        current_account = self._journal.current_account
        return Picture(
            hashlib.sha256(data).hexdigest(),
            (current_account and current_account.owner) or Owner("", ""),
        )

    def url(self, picture: Picture) -> str | None:
        """Return the picture's URL at Mint, or None."""
        return self._journal.uploads.url(*picture, since=time.time() - MAX_AGE)

    def wait_for(self, picture: Picture, task: Task) -> bool:
        """Let the task wait if another job is uploading the same picture; return whether it is."""
        if picture not in self._waiting:
            return False
        self._waiting[picture].append(task)
        return True

    def sent(self, number: int | None, picture: Picture) -> None:
        """Note that this call uploads the picture."""
        self._in_flight[number or 0] = picture
        self._waiting[picture] = []

    def end(self, ended: CallEnded) -> list[Task]:
        """Note that a call has ended. Returns the tasks that have waited for its picture."""
        picture = self._in_flight.pop(ended.number, None)
        if picture is None:
            return []
        if isinstance(ended.result, str):
            self._journal.uploads.add(*picture, ended.result)
        return self._waiting.pop(picture)


def read_picture(effect: Upload) -> bytes:
    """Return the bytes of a local reference image.

    Raises:
        FileError: It is gone, or has a format or size that Mint does not accept.
    """
    path = Path(effect.path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DiskError(
            Message(
                "The reference image {name} cannot be read ({reason}). Choose it again.",
                name=path.name,
                reason=error.strerror,
            )
        ) from error
    kind = pictures.inspect(data)
    if kind.format not in UPLOADABLE:
        raise InvalidPicture(
            Message(
                "The reference image {name} is {format}; Mint accepts PNG, JPEG and WebP."
                " Convert it first.",
                name=path.name,
                format=kind.format.upper(),
            )
        )
    if len(data) > MAX_IMAGE_BYTES:
        raise InvalidPicture(
            Message(
                "The reference image {name} is {size:.1f} MB; Mint accepts at most 5 MB."
                " Scale it down first.",
                name=path.name,
                size=len(data) / 1024 / 1024,
            )
        )
    return data


def upload(client: Client, effect: Upload, data: bytes) -> str:
    """Upload a picture and return its durable URL.

    Raises:
        MintError: The call failed.
    """
    image = client.upload_image(
        data, Path(effect.path).name, pictures.inspect(data).media_type, key=effect.key
    )
    if image.url is None:
        raise InvalidResponse(Message("the uploaded picture has no URL"))
    return image.url
