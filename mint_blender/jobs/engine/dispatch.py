# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the call to Mint that an effect describes: one request each."""

from __future__ import annotations

from pathlib import Path

from ...files import pictures
from ...files.errors import DiskError, InvalidPicture
from ...message import Message
from ...mint.client import Client
from ...mint.errors import InvalidResponse
from ...mint.limits import MAX_IMAGE_BYTES
from ...mint.schema import Asset, Estimate, Operation, Page, PollResult
from ..queries import LARGEST_PAGE, quote
from ..request_checks import UPLOADABLE
from ..workflow.effects import Cancel, Poll, Quote, ReadAsset, ReadClock, ReadPage, Upload

Call = Quote | Cancel | Poll | ReadAsset | ReadPage | ReadClock


def make(client: Client, effect: Call) -> Operation | PollResult | Asset | Page | Estimate | float:
    """Return Mint's answer to an effect that costs nothing.

    Raises:
        MintError: The call failed.
    """
    if isinstance(effect, Quote):
        return quote(client, effect.query)
    if isinstance(effect, Poll):
        return client.poll(effect.operation_id)
    if isinstance(effect, ReadAsset):
        return client.asset(effect.kind, effect.asset_id)
    if isinstance(effect, ReadPage):
        return client.page(effect.kind, cursor=effect.cursor, limit=LARGEST_PAGE)
    if isinstance(effect, ReadClock):
        return client.mint_time()
    return client.cancel(effect.operation_id, key=f"mint-blender-cancel-{effect.operation_id}")


def read(effect: Upload) -> bytes:
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
