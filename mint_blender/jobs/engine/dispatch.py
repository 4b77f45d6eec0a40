# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the call to Mint that an effect describes: one request each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...files import pictures
from ...files.errors import DiskError, InvalidPicture
from ...message import Message
from ...mint.client import Client
from ...mint.errors import InvalidResponse, Unreachable
from ...mint.limits import MAX_IMAGE_BYTES
from ...mint.schema import Asset, Estimate, Operation, Page, PollResult
from ..phases import Verb
from ..queries import LARGEST_PAGE, quote
from ..request_checks import UPLOADABLE
from ..workflow.effects import (
    Convert,
    Optimize,
    Poll,
    Quote,
    ReadAsset,
    ReadPage,
    SendDecision,
    Start,
    Upload,
)

Call = Quote | Start | SendDecision | Poll | ReadAsset | ReadPage | Optimize | Convert


def make(
    client: Client, effect: Call, now: Callable[[], float]
) -> Operation | PollResult | Asset | Page | Estimate:
    """Return Mint's answer to an effect.

    A paid call is not sent after its `until`: the computer may have slept since it was due. `now`
    returns the time in seconds since the epoch.

    Raises:
        MintError: The call failed.
    """
    until: float | None = getattr(effect, "until", None)
    if until is not None and now() >= until:
        raise Unreachable(Message("the call is too old to be sent again"))
    if isinstance(effect, Quote):
        return quote(client, effect.query)
    if isinstance(effect, Start):
        return client.start(effect.kind, effect.body, key=effect.key)
    if isinstance(effect, Poll):
        return client.poll(effect.operation_id)
    if isinstance(effect, ReadAsset):
        return client.asset(effect.kind, effect.asset_id)
    if isinstance(effect, ReadPage):
        return client.page(effect.kind, cursor=effect.cursor, limit=LARGEST_PAGE)
    if isinstance(effect, Optimize):
        return client.optimize(effect.model_id, effect.level, key=effect.key)
    if isinstance(effect, Convert):
        return client.convert(effect.model_id, effect.formats, key=effect.key)
    return _act(client, effect)


def _act(client: Client, effect: SendDecision) -> Operation:
    verb, key = effect.decision.verb, effect.decision.key
    if verb is Verb.APPROVE:
        return client.approve(effect.target_id, key=key)
    if verb is Verb.REVISE:
        return client.revise(effect.target_id, effect.decision.feedback or "", key=key)
    if verb is Verb.RESUME:
        return client.resume(effect.target_id, key=key)
    if verb is Verb.RETRY:
        return client.retry(effect.kind, effect.target_id, key=key)
    return client.cancel(effect.target_id, key=key)


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
