# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a paid request, in the order of writes that keeps it from being paid for twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...files import urls
from ...mint import errors
from ...mint.schema import Kind, Operation, Status
from .record import PaidRequest, PaidVerb
from .table import PaidRequests, opened

if TYPE_CHECKING:
    from ...mint.client import Client

_CLEAR = frozenset({400, 401, 402, 403, 404, 405, 413, 422, 429})
_NOT_FINAL = (errors.KeyRefused, errors.CreditsNeeded, errors.TooManyRequests)


@dataclass(frozen=True)
class PaidCall:
    """What is sent under a record.

    Attributes:
        key: The record.
        verb: What Mint is asked to do.
        target: The operation or asset; empty for a start.
        kind: Whether it is about a Model or a World.
        body: The JSON.
        seen: The addresses of the Previews that the person has seen.
        is_about_preview: Whether nothing is sent unless Mint waits with one of them.
        is_replay: Whether Mint has answered before, and the same is sent again.
        priced_until: Until when a first attempt may be sent at the known price, by Mint's clock,
            in seconds since the epoch; None if the price does not matter. What Mint may have
            started is repeated at any time.
    """

    key: str
    verb: PaidVerb
    target: str
    kind: Kind
    body: Mapping[str, Any]
    seen: tuple[str, ...] = ()
    is_about_preview: bool = False
    is_replay: bool = False
    priced_until: float | None = None


@dataclass(frozen=True)
class Sent:
    """What became of a paid call.

    Attributes:
        request: The record as it is now; None if there is none.
        operation: What Mint has made, or changed.
        refusal: Why Mint refused, or why it is not clear what Mint has done.
        shown: What Mint shows instead of the Preview that was decided about: nothing was sent.
        is_price_old: Whether the price has to be asked again first: nothing was sent.
    """

    request: PaidRequest | None
    operation: Operation | None = None
    refusal: errors.MintError | None = None
    shown: Operation | None = None
    is_price_old: bool = False


class LineFile(Protocol):
    """The file that says in the folder of a batch who has a line; for other jobs there is none."""

    def take(self, request: PaidRequest, *, credential: str, now: float) -> bool:
        """Say that this journal has the line, before anything is sent; False: another one has it.

        Raises:
            DiskError: The folder cannot be written.
        """

    def note_operation(self, request: PaidRequest, operation_id: str) -> None:
        """Say what Mint has made for the line, for other machines to read."""


def send(client: Client, journal: Path, call: PaidCall, *, credential: str, line: LineFile) -> Sent:
    """Send one paid request, and return what became of it. For a thread that may wait.

    Args:
        client: Nobody else uses it meanwhile.
        journal: The journal file.
        call: What is sent.
        credential: A hash of the client's API key.
        line: The files in the folder of a batch; for any other job it does nothing.

    Raises:
        MintError: There was no clear answer, and the same request may be sent again.
        FileError: The folder of a batch cannot be written. Nothing was sent this time.
        JournalError: The journal cannot be read or written. Nothing was sent, or it is in doubt.
    """
    with opened(journal) as records:
        request = records.get(call.key)
        now = client.mint_time()
        is_expected = request is not None and request.is_answered is call.is_replay
        if request is None or not (is_expected and request.may_be_sent(now, credential)):
            return Sent(request)
        # an outage, or a computer that slept, may lie between the click and here
        is_old = call.priced_until is not None and now > call.priced_until
        if is_old and not request.may_be_started:
            return Sent(request, is_price_old=True)
        if call.is_about_preview and (shown := _other_preview(client, call)) is not None:
            return _moved_on(records, request, call, shown)
        if not line.take(request, credential=credential, now=now):
            return Sent(records.cancel(call.key))
        body = json.dumps(call.body)
        now = client.mint_time()
        begun = records.begin(
            call.key, now=now, credential=credential, body=body, is_replay=call.is_replay
        )
        if begun is None:
            return Sent(records.get(call.key))
        records.note_attempts()
        try:
            with client.on_this_connection():
                operation = _post(client, call, json.loads(begun.body or body))
        except errors.MintError as error:
            return _refused(records, call, error)
        answered = records.answer(call.key, operation.id, operation)
    line.note_operation(begun, operation.id)
    return Sent(answered, operation)


def _moved_on(
    records: PaidRequests, request: PaidRequest, call: PaidCall, shown: Operation
) -> Sent:
    """Return what it means that Mint no longer waits with the Preview that was decided about.

    An attempt may have brought it there whose answer was lost, or was not applied before a crash.
    Otherwise the person looks at what is there now. Nothing is sent.
    """
    is_revised = call.verb is PaidVerb.REVISE and shown.status is Status.PREVIEW_READY
    if shown.is_busy or is_revised or (call.verb is PaidVerb.APPROVE and shown.succeeded):
        if request.may_be_started:
            return Sent(records.answer(call.key, shown.id, shown), shown)
        if records.was_answered(request.subject, request.verb):
            return Sent(records.give_up(call.key), shown)
    return Sent(request, shown=shown)


def _refused(records: PaidRequests, call: PaidCall, error: errors.MintError) -> Sent:
    """Store what an error proves. Raises it if the same request may be sent again at once."""
    request = records.get(call.key)
    if isinstance(error, errors.NotSent) or is_clear(error):
        is_final = is_clear(error) and not isinstance(error, _NOT_FINAL)
        request = records.refuse(call.key, is_final=is_final)
    if error.retryable and not isinstance(error, errors.TooManyActive):
        raise error
    return Sent(request, refusal=error)


def is_clear(error: errors.MintError) -> bool:
    """Return whether Mint itself has said, in a document of its own, that it did nothing.

    A conflict, a failure of the service, a gateway's page and no answer never say that.
    """
    return (
        isinstance(error, errors.ProblemError)
        and error.problem.status in _CLEAR
        and error.problem.has_details
    )


def _other_preview(client: Client, call: PaidCall) -> Operation | None:
    """Return what Mint shows now, unless it waits with the Preview that the person has seen."""
    shown = client.operation(call.target)
    url = shown.assets.preview_image_url if shown.assets else None
    is_seen = url is None or not call.seen or any(urls.same_file(seen, url) for seen in call.seen)
    is_waiting = shown.status is Status.PREVIEW_READY
    return None if is_waiting and is_seen else shown


def _post(client: Client, call: PaidCall, body: Mapping[str, Any]) -> Operation:
    return client.pay(call.verb, call.kind, call.target, body, key=call.key)
