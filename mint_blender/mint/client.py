# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's endpoints: short methods that send one request each. Retries are elsewhere.

All methods may raise the errors of `errors`; ids that are not safe in a path raise ValueError
before anything is sent. `key` is always the idempotency key: made once for a click, stored before
the first attempt, and the same for every retry.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from ..message import Message
from . import errors
from .account import Account, Origin
from .limits import MAX_IMAGE_BYTES
from .schema import (
    AnimationFile,
    AnimationType,
    Asset,
    Estimate,
    Json,
    Kind,
    Me,
    Mode,
    Operation,
    Page,
    PollResult,
    Preset,
    ReferenceImage,
    Usage,
    is_valid_file_id,
    is_valid_id,
)
from .transport import ESTIMATE_PATH, ApiResponse, Transport

_COLLECTION = {Kind.MODEL: "models", Kind.WORLD: "worlds"}
_OF_OPERATIONS = frozenset({"approve", "revise", "resume"})
_OF_MODELS = frozenset({"optimize", "convert", "animate"})
PAGE_SIZE = 30
"""Entries of a page, as in Mint's own client."""
MAX_EMPTY_PAGES = 20
"""Most pages without an entry that may follow each other; more are a list without an end."""

log = logging.getLogger(__name__)


def connect(account: Account) -> Client:
    """Return a client for this account.

    Raises:
        MintError: The key or the base URL cannot be used.
    """
    try:
        origin = Origin.parse(account.base_url)
    except ValueError as error:
        raise errors.MintError(str(error)) from error
    if account.withheld_from:
        raise errors.KeyWithheld(account.withheld_from)
    return Client(origin, account.key)


class Client(Transport):
    """Mint's API, as one API project sees it."""

    def __init__(self, origin: Origin, key: str, **more: Any) -> None:
        super().__init__(origin, key, **more)
        self._kinds_with_invalid_ids: set[Kind] = set()

    # The account

    def mint_time(self, *, is_fresh: bool = False) -> float:
        """Return Mint's time now, in seconds since the epoch, from its `Date`.

        It is read over the connection that the next request uses: from an answer of the last five
        minutes, or else of `GET me`. A refusal of `me` has a time too. With `is_fresh`, Mint is
        always asked, since this computer's clock may have been set since an earlier answer.

        Raises:
            MintError: Mint has not answered.
            Unreachable: It sends no usable Date, or a cache has answered in its place.
        """
        if is_fresh or self.current_time is None or not self.is_open:
            try:
                self.request("GET", "me")
            except errors.ProblemError as error:
                if error.problem.status not in {401, 403, 404} or not error.problem.has_details:
                    raise
        now = self.current_time
        if now is None:
            raise errors.Unreachable(Message("its answer has no usable date"))
        return now

    def me(self) -> Me:
        """Return the owner of the key: the cheapest way to test a key.

        Raises:
            InvalidResponse: It says nothing about a key: a gateway has answered.
        """
        data = self.request("GET", "me").data
        if not data.keys() & {"owner", "authentication"}:
            raise errors.InvalidResponse(Message("it does not say whose API key this is"))
        return Me.from_json(data)

    def usage(self) -> Usage:
        """Return Credits, subscription and totals."""
        return Usage.from_json(self.request("GET", "usage").data)

    def estimate(self, kind: Kind, preset: Preset, mode: Mode) -> Estimate:
        """Return the price of a generation. Free, starts nothing."""
        return self._estimate(
            operation=f"{kind}_generation",
            generationPreset=preset.value,
            generationMode=mode.value,
        )

    def estimate_optimization(self, model_id: str) -> Estimate:
        """Return the price of optimizing a model. Free, starts nothing."""
        return self._estimate(operation="model_optimization", modelId=_path_id(model_id))

    def estimate_animation(self, model_id: str) -> Estimate:
        """Return the price of animating a model. Free, starts nothing.

        Whether Mint has such prices is not known.
        """
        return self._estimate(operation="model_animation", modelId=_path_id(model_id))

    # Reference images

    def upload_image(
        self, data: bytes, file_name: str, media_type: str, *, key: str
    ) -> ReferenceImage:
        """Upload a local picture for use in a generation request.

        Raises:
            ValueError: It is larger than 5 MB.
        """
        if len(data) > MAX_IMAGE_BYTES:
            raise ValueError(
                Message(
                    "The picture {name} is {size:.1f} MB; Mint accepts at most 5 MB.",
                    name=file_name,
                    size=len(data) / 1024 / 1024,
                )
            )
        encoded = base64.b64encode(data).decode("ascii")
        response = self.request(
            "POST",
            "reference-images",
            body={"base64Data": encoded, "fileName": file_name, "contentType": media_type},
            idempotency_key=key,
        )
        image = ReferenceImage.from_json(response.data)
        if image.url is None:
            raise errors.InvalidResponse(
                Message("the reference image has no URL"), request_id=response.request_id
            )
        return image

    # Operations

    def pay(self, verb: str, kind: Kind, target: str, body: Json, *, key: str) -> Operation:
        """Send what may cost Credits, and return the operation that it has made or continued.

        The same key and body return the same operation again and are paid once.

        Args:
            verb: start; retry, optimize, convert or animate, of an asset; approve, revise or
                resume, of an operation.
            kind: The kind of the asset that is made, or that the request is about.
            target: The id of that asset or operation; a start has none.
            body: The JSON.
            key: The idempotency key.

        Raises:
            AlreadyOptimized, OptimizationInProgress: Get the model instead.
        """
        if verb == "start":
            path = f"{_COLLECTION[kind]}:generate"
        else:
            place = "operations" if verb in _OF_OPERATIONS else _COLLECTION[kind]
            path = f"{place}/{_path_id(target)}:{verb}"
        response = self.request("POST", path, body=body, idempotency_key=key)
        operation = _operation(response)
        made = operation.resource
        if verb in _OF_MODELS and made and made.type.lower() == Kind.MODEL and made.id != target:
            raise errors.MismatchedResponse(made.id, target, request_id=response.request_id)
        return operation

    def operation(self, id: str) -> Operation:
        """Return an operation in its current state."""
        return self.poll(id).operation

    def poll(self, id: str) -> PollResult:
        """Return an operation in its current state, and when Mint wants the next poll."""
        response = self.request("GET", f"operations/{_path_id(id)}")
        operation = _operation(response)
        if operation.id != id:
            raise errors.MismatchedResponse(operation.id, id, request_id=response.request_id)
        return PollResult(operation, response.retry_after)

    def cancel(self, id: str, *, key: str) -> Operation:
        """Cancel an operation.

        Raises:
            CannotCancel: Mint does not offer that, or not at this stage.
        """
        try:
            path = f"operations/{_path_id(id)}:cancel"
            return _operation(self.request("POST", path, body={}, idempotency_key=key))
        except errors.ProblemError as error:
            # An empty response is enough here: a cancel starts nothing, and must not be retried
            # forever.
            if error.problem.status in {404, 405}:
                raise errors.CannotCancel(error.problem, request_id=error.request_id) from None
            raise

    # Models and worlds

    def page(self, kind: Kind, *, cursor: str | None = None, limit: int | None = None) -> Page:
        """Return one page of assets, newest first, unfinished and failed ones too.

        `limit` is 1 to 100.
        """
        query = {"cursor": cursor, "limit": None if limit is None else str(limit)}
        named = {name: value for name, value in query.items() if value is not None}
        response = self.request("GET", _COLLECTION[kind], query=named)
        page = Page.from_json(kind, response.data)
        if page.left_out and kind not in self._kinds_with_invalid_ids:
            self._kinds_with_invalid_ids.add(kind)  # lists are read again and again
            log.warning(
                "%d entries of a page of %ss have no valid ID: left out", page.left_out, kind
            )
        return page

    def assets(
        self,
        kind: Kind,
        *,
        limit: int = PAGE_SIZE,
        call: Callable[[Callable[[], Page]], Page] = lambda fetch_page: fetch_page(),
    ) -> Iterator[Asset]:
        """Yield all assets of the API project, fetching pages as they are needed.

        `call` makes the call for each page, for example with `retry.call_with_retries`.
        """
        cursor: str | None = None
        seen: set[str] = set()
        empty = 0
        while True:
            page = call(partial(self.page, kind, cursor=cursor, limit=limit))
            yield from page.data
            cursor = page.next_cursor
            empty = 0 if page.data else empty + 1
            if cursor is None:
                return
            if cursor in seen or empty > MAX_EMPTY_PAGES:
                raise errors.InvalidResponse(Message("its pages repeat"))
            seen.add(cursor)

    def asset(self, kind: Kind, id: str) -> Asset:
        """Return one model or World.

        Just after its operation this may raise ServiceError for some seconds: retry.
        """
        response = self.request("GET", f"{_COLLECTION[kind]}/{_path_id(id)}")
        asset = Asset.from_json(kind, response.data)
        if not asset.id:
            raise errors.InvalidResponse(
                Message("the {kind} has no ID", kind=kind), request_id=response.request_id
            )
        if asset.id != id:
            raise errors.MismatchedResponse(asset.id, id, request_id=response.request_id)
        return asset

    # Animations

    def animation_files(self, type: AnimationType, id: str) -> tuple[AnimationFile, ...]:
        """Return the files of an animation.

        Raises:
            NotFound: It is of the other type, or does not exist.
            InvalidResponse: It is no list: a gateway has answered.
        """
        path = f"animations/{type}/{_path_id(id)}/artifacts"
        try:
            entries = self.request("GET", path).data.get("data")
        except errors.InvalidRequest as error:
            if error.names("targetType"):
                raise errors.NotFound(error.problem, request_id=error.request_id) from None
            raise
        if not isinstance(entries, list):
            raise errors.InvalidResponse(Message("it is no list of files"))
        return AnimationFile.from_json(entries)

    def animation_file_url(self, type: AnimationType, id: str, file_id: str) -> str:
        """Return the address of one file of an animation, which is good for some time."""
        if not is_valid_file_id(file_id):
            raise ValueError(Message("This is not a valid ID of a file."))
        path = f"animations/{type}/{_path_id(id)}/artifacts/{quote(file_id, safe='')}"
        response = self.request("GET", path)
        url = response.data.get("downloadUrl")
        if not isinstance(url, str) or not url:
            raise errors.InvalidResponse(
                Message("the file has no address"), request_id=response.request_id
            )
        return url

    # Shared by the above

    def _estimate(self, **body: str) -> Estimate:
        data = self.request("POST", ESTIMATE_PATH, body=body).data
        if not data.keys() & {"credits", "operation"}:
            raise errors.InvalidResponse(Message("it is no price"))
        return Estimate.from_json(data, self.current_time)


def _path_id(id: str) -> str:
    if not is_valid_id(id):
        raise ValueError(
            Message("This is not a valid Mint ID. IDs contain only letters, digits, _ and -.")
        )
    return id


def _operation(response: ApiResponse) -> Operation:
    operation = Operation.from_json(response.data)
    if not operation.id:
        raise errors.InvalidResponse(
            Message("the operation has no ID"), request_id=response.request_id
        )
    return operation
