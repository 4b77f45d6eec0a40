# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's endpoints: a short method for each, one exchange per call.

Repeating and waiting are done elsewhere.

Every method may raise the errors of `errors`; ids that cannot go into a path raise ValueError
before anything is sent. `key` is always the idempotency key: made once for a click, stored before
the first try, the same for every repetition.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from .errors import CannotCancel, InvalidResponse, MismatchedResponse, ProblemError
from .generation_request import MAX_IMAGE_BYTES
from .schema import (
    Asset,
    Estimate,
    Json,
    Kind,
    Me,
    Mode,
    Operation,
    OptimizationLevel,
    Page,
    PollResult,
    Preset,
    ReferenceImage,
    Usage,
    is_valid_id,
)
from .transport import ESTIMATE_PATH, ApiResponse, Transport

_COLLECTION = {Kind.MODEL: "models", Kind.WORLD: "worlds"}
# What Mint's own client asks for.
PAGE_SIZE = 30


class Client:
    """Mint's API, as one API project sees it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"Client({self._transport!r})"

    def close(self) -> None:
        """Let go of the connection."""
        self._transport.close()

    def stop(self) -> None:
        """End the call that another thread has begun, and every later one: Unreachable."""
        self._transport.stop()

    # The account

    def me(self) -> Me:
        """Who the key belongs to: the cheap way to test a key."""
        return Me.from_json(self._get("me").data)

    def usage(self) -> Usage:
        """Credits, subscription and totals."""
        return Usage.from_json(self._get("usage").data)

    def estimate(self, kind: Kind, preset: Preset, mode: Mode) -> Estimate:
        """The price of a generation. Free, starts nothing."""
        return self._estimate(
            {
                "operation": f"{kind}_generation",
                "generationPreset": preset.value,
                "generationMode": mode.value,
            }
        )

    def estimate_optimization(self, model_id: str) -> Estimate:
        """The price of optimizing a model. Free, starts nothing."""
        return self._estimate({"operation": "model_optimization", "modelId": _fit(model_id)})

    # Reference pictures

    def upload_image(
        self, data: bytes, file_name: str, media_type: str, *, key: str
    ) -> ReferenceImage:
        """Give Mint a local picture of at most 5 MB; its URL may then be used in a start."""
        if len(data) > MAX_IMAGE_BYTES:
            raise ValueError(
                f"The picture {file_name} has {len(data) / 1024 / 1024:.1f} MB; Mint takes at most"
                " 5 MB."
            )
        encoded = base64.b64encode(data).decode("ascii")
        return self._reference_image(
            {"base64Data": encoded, "fileName": file_name, "contentType": media_type}, key
        )

    def import_image(self, url: str, *, key: str) -> ReferenceImage:
        """Let Mint fetch a picture from a public https address and keep it."""
        if not url.startswith("https://"):
            raise ValueError("A reference picture's address must start with https://.")
        return self._reference_image({"sourceUrl": url}, key)

    # Operations

    def start(self, kind: Kind, body: Json, *, key: str) -> Operation:
        """Start a generation.

        The same key and body give the same operation again, and are paid once.
        """
        return self._act(f"{_COLLECTION[kind]}:generate", body, key)

    def operation(self, id: str) -> Operation:
        """An operation as it is now."""
        return self.poll(id).operation

    def poll(self, id: str) -> PollResult:
        """An operation as it is now, and when Mint wants to be asked again."""
        answer = self._get(f"operations/{_fit(id)}")
        operation = _operation(answer)
        if operation.id != id:
            raise MismatchedResponse(operation.id, id, request_id=answer.request_id)
        return PollResult(operation, answer.retry_after)

    def approve(self, id: str, *, key: str) -> Operation:
        """Accept a preview: the final stage begins."""
        return self._act(f"operations/{_fit(id)}:approve", {}, key)

    def revise(self, id: str, feedback: str, *, key: str) -> Operation:
        """Ask for another preview."""
        return self._act(f"operations/{_fit(id)}:revise", {"feedback": feedback}, key)

    def resume(self, id: str, *, key: str) -> Operation:
        """Go on after Credits were bought."""
        return self._act(f"operations/{_fit(id)}:resume", {}, key)

    def cancel(self, id: str, *, key: str) -> Operation:
        """Stop an operation. Mint may not offer that: CannotCancel."""
        try:
            return self._act(f"operations/{_fit(id)}:cancel", {}, key)
        except ProblemError as error:
            # Here an empty answer tells as much: a cancel starts nothing, and must not be repeated
            # for ever.
            if error.problem.status in {404, 405}:
                raise CannotCancel(error.problem, request_id=error.request_id) from None
            raise

    # Models and worlds

    def page(self, kind: Kind, *, cursor: str | None = None, limit: int | None = None) -> Page:
        """One page of what the API project has made, newest first, unfinished and failed ones too.

        `limit` is 1 to 100.
        """
        query = {"cursor": cursor, "limit": None if limit is None else str(limit)}
        answer = self._get(
            _COLLECTION[kind], {name: value for name, value in query.items() if value is not None}
        )
        return Page.from_json(kind, answer.data)

    def assets(
        self,
        kind: Kind,
        *,
        limit: int = PAGE_SIZE,
        call: Callable[[Callable[[], Page]], Page] = lambda fetch_page: fetch_page(),
    ) -> Iterator[Asset]:
        """Yield all that the API project has made, fetched page by page as it is asked for.

        `call` makes the call for each page, for example with `retry.call_with_retries`.
        """
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = call(partial(self.page, kind, cursor=cursor, limit=limit))
            yield from page.data
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in seen:
                raise InvalidResponse("its list goes round in circles")
            seen.add(cursor)

    def asset(self, kind: Kind, id: str) -> Asset:
        """One model or world.

        Just after its operation it may be ServiceError for some seconds: repeat.
        """
        answer = self._get(f"{_COLLECTION[kind]}/{_fit(id)}")
        asset = Asset.from_json(kind, answer.data)
        if not is_valid_id(asset.id):
            raise InvalidResponse(f"it is a {kind} without an id", request_id=answer.request_id)
        if asset.id != id:
            raise MismatchedResponse(asset.id, id, request_id=answer.request_id)
        return asset

    def retry(self, kind: Kind, id: str, *, key: str) -> Operation:
        """A new attempt at a failed model or world: a new operation."""
        return self._act(f"{_COLLECTION[kind]}/{_fit(id)}:retry", {}, key)

    def optimize(
        self, model_id: str, level: OptimizationLevel = OptimizationLevel.MODERATE, *, key: str
    ) -> Operation:
        """Make a lighter GLB of a model.

        AlreadyOptimized and OptimizationInProgress mean: look at the model.
        """
        return self._work_on(model_id, "optimize", {"optimizationLevel": level.value}, key)

    def convert(
        self, model_id: str, formats: Sequence[str], name: str | None = None, *, key: str
    ) -> Operation:
        """Make files of other formats of a model: fbx, obj, stl, usdz."""
        body: dict[str, object] = {"targetFormats": list(formats)}
        return self._work_on(model_id, "convert", body | ({"name": name} if name else {}), key)

    # What they share

    def _get(self, path: str, query: dict[str, str] | None = None) -> ApiResponse:
        return self._transport.request("GET", path, query=query)

    def _act(self, path: str, body: Json, key: str) -> Operation:
        return _operation(self._transport.request("POST", path, body=body, idempotency_key=key))

    def _work_on(self, model_id: str, verb: str, body: Json, key: str) -> Operation:
        """An operation on a model names that model, where it names one."""
        answer = self._transport.request(
            "POST", f"models/{_fit(model_id)}:{verb}", body=body, idempotency_key=key
        )
        operation = _operation(answer)
        resource = operation.resource
        if resource is not None and resource.type.lower() == Kind.MODEL and resource.id != model_id:
            raise MismatchedResponse(resource.id, model_id, request_id=answer.request_id)
        return operation

    def _estimate(self, body: Json) -> Estimate:
        return Estimate.from_json(self._transport.request("POST", ESTIMATE_PATH, body=body).data)

    def _reference_image(self, body: Json, key: str) -> ReferenceImage:
        answer = self._transport.request("POST", "reference-images", body=body, idempotency_key=key)
        image = ReferenceImage.from_json(answer.data)
        if image.url is None:
            raise InvalidResponse(
                "it is a reference picture without an address", request_id=answer.request_id
            )
        return image


def _fit(id: str) -> str:
    if not is_valid_id(id):
        raise ValueError("This is not an id of Mint's: ids have only letters, digits, _ and -.")
    return id


def _operation(answer: ApiResponse) -> Operation:
    operation = Operation.from_json(answer.data)
    if not is_valid_id(operation.id):
        raise InvalidResponse("it is an operation without an id", request_id=answer.request_id)
    return operation
