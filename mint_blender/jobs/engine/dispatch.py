# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the call to Mint that an effect stands for: one exchange each."""

from __future__ import annotations

from pathlib import Path

from ...files import pictures
from ...files.errors import DiskError, InvalidPicture
from ...message import Message
from ...mint.account import Account
from ...mint.client import Client
from ...mint.errors import InvalidResponse, KeyWithheld, MintError
from ...mint.generation_request import MAX_IMAGE_BYTES
from ...mint.origin import Origin
from ...mint.schema import Asset, Estimate, Operation, Page, PollResult
from ...mint.transport import Transport
from ..job import Verb
from ..queries import LARGEST_PAGE, quote
from ..request_checks import UPLOADABLE
from ..workflow.effects import (
    Act,
    Convert,
    Optimize,
    Poll,
    Quote,
    ReadAsset,
    ReadPage,
    Start,
    Upload,
)

Call = Quote | Start | Act | Poll | ReadAsset | ReadPage | Optimize | Convert


def connect(account: Account) -> Client:
    """Return a client for this account.

    Raises a MintError that says what is wrong with the key or the base URL.
    """
    try:
        origin = Origin.parse(account.base_url)
    except ValueError as error:
        raise MintError(str(error)) from error
    if account.withheld_from:
        raise KeyWithheld(account.withheld_from)
    return Client(Transport(origin, account.key))


def make(client: Client, want: Call) -> Operation | PollResult | Asset | Page | Estimate:
    """Return Mint's answer to an effect. Raises MintError."""
    if isinstance(want, Quote):
        return quote(client, want.query)
    if isinstance(want, Start):
        return client.start(want.kind, want.body, key=want.key)
    if isinstance(want, Poll):
        return client.poll(want.operation_id)
    if isinstance(want, ReadAsset):
        return client.asset(want.kind, want.asset_id)
    if isinstance(want, ReadPage):
        return client.page(want.kind, cursor=want.cursor, limit=LARGEST_PAGE)
    if isinstance(want, Optimize):
        return client.optimize(want.model_id, want.level, key=want.key)
    if isinstance(want, Convert):
        return client.convert(want.model_id, want.formats, key=want.key)
    return _act(client, want)


def _act(client: Client, want: Act) -> Operation:
    verb, key = want.decision.verb, want.decision.key
    if verb is Verb.APPROVE:
        return client.approve(want.target_id, key=key)
    if verb is Verb.REVISE:
        return client.revise(want.target_id, want.decision.feedback or "", key=key)
    if verb is Verb.RESUME:
        return client.resume(want.target_id, key=key)
    if verb is Verb.RETRY:
        return client.retry(want.kind, want.target_id, key=key)
    return client.cancel(want.target_id, key=key)


def read(want: Upload) -> bytes:
    """Return the bytes of a local reference picture.

    Raises FileError when it is gone, or in a format or size that Mint does not take.
    """
    path = Path(want.path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DiskError(
            Message(
                "The reference picture {name} cannot be read ({reason}). Choose it again.",
                name=path.name,
                reason=error.strerror,
            )
        ) from error
    kind = pictures.inspect(data)
    if kind.format not in UPLOADABLE:
        raise InvalidPicture(
            Message(
                "The reference picture {name} is {format}; Mint takes PNG, JPEG and WebP."
                " Convert it first.",
                name=path.name,
                format=kind.format.upper(),
            )
        )
    if len(data) > MAX_IMAGE_BYTES:
        raise InvalidPicture(
            Message(
                "The reference picture {name} has {size:.1f} MB; Mint takes at most 5 MB."
                " Scale it down first.",
                name=path.name,
                size=len(data) / 1024 / 1024,
            )
        )
    return data


def upload(client: Client, want: Upload, data: bytes) -> str:
    """Upload a picture and return its durable URL. Raises MintError."""
    image = client.upload_image(
        data, Path(want.path).name, pictures.inspect(data).media_type, key=want.key
    )
    if image.url is None:
        raise InvalidResponse(Message("the uploaded picture has no URL"))
    return image.url
