# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that are made on purpose, each of which the simulation must find."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from mint_blender.files import download
from mint_blender.jobs import new_jobs
from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.budget import spending
from mint_blender.jobs.paid_requests import record, table
from mint_blender.jobs.paid_requests import send as sending
from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow import collect, decisions, look
from mint_blender.jobs.workflow.effects import Order, ReadFirst
from mint_blender.mint import errors

Mutation = Callable[[], AbstractContextManager[Any]]
_post = sending._post
_refuse = table.PaidRequests.refuse


def _new_key_at_each_try() -> AbstractContextManager[Any]:
    """A start gets a new idempotency key each time it is sent."""

    def post(client: Any, call: Any, body: Any) -> Any:
        is_start = call.verb is PaidVerb.START
        return _post(client, replace(call, key=str(uuid.uuid4())) if is_start else call, body)

    return patch.object(sending, "_post", post)


def _no_memory_of_sending() -> AbstractContextManager[Any]:
    """It is not stored that an attempt is about to be sent."""

    def begin(self: Any, key: str, *, body: str, **more: Any) -> Any:
        request = self.get(key)
        return replace(request, body=body) if request.is_open or request.is_answered else None

    return patch.object(table.PaidRequests, "begin", begin)


def _repeats_for_ever() -> AbstractContextManager[Any]:
    """A start is repeated after Mint has forgotten its key."""
    return patch.object(record, "YOUNG_FOR", math.inf)


def _believes_gateways() -> AbstractContextManager[Any]:
    """A gateway's error is taken for proof that nothing was started."""
    is_clear = sending.is_clear

    def believes(error: Any) -> bool:
        return is_clear(error) or isinstance(error, errors.ServiceError)

    return _both(
        patch.object(sending, "is_clear", believes),
        patch.object(errors.ServiceError, "retryable", False),
    )


def _believes_a_later_refusal() -> AbstractContextManager[Any]:
    """A refusal closes a request, although an earlier attempt was not answered."""

    def refuse(self: Any, key: str, *, is_final: bool) -> Any:
        request = _refuse(self, key, is_final=is_final)
        if request is not None and is_final and request.is_open:
            self._db.rows("UPDATE paid_requests SET closed = 'refused' WHERE key = ?", key)
            request = self.get(key)
        return request

    return patch.object(table.PaidRequests, "refuse", refuse)


def _cancels_without_looking() -> AbstractContextManager[Any]:
    """A cancel does not look for a start whose answer was lost."""

    def nothing(run: Any) -> Any:
        yield from ()

    return patch.object(decisions, "_find_operation", nothing)


def _starts_again_without_a_person() -> AbstractContextManager[Any]:
    """A start of which nothing certain was found is ordered again by itself."""

    def tell(run: Any, request: Any, found: Any, refusal: Any, **more: Any) -> Any:
        again = yield from run.perform(Order(request.subject, request.verb))
        run.job = run.job.with_request(again).moved(Phase.WAITING)

    return patch.object(look, "_tell", tell)


def _does_not_wait_for_late_requests() -> AbstractContextManager[Any]:
    """Mint's list is read while an attempt may still be on its way."""
    return patch.object(look, "SETTLED_AFTER", -math.inf)


def _does_not_compare_api_keys() -> AbstractContextManager[Any]:
    """A request in doubt is repeated with any API key."""
    may_be_sent = record.PaidRequest.may_be_sent

    def may(self: Any, now: float, credential: str) -> bool:
        return may_be_sent(self, now, self.credential)

    return patch.object(record.PaidRequest, "may_be_sent", may)


def _tells_nothing_apart() -> AbstractContextManager[Any]:
    """What the list shows is adopted, although another request may have made it."""
    return patch.object(look, "_may_have_made", lambda assets, bodies: False)


def _approves_unseen() -> AbstractContextManager[Any]:
    """A decision is sent without asking Mint what it shows."""
    return patch.object(sending, "_other_preview", lambda client, call: None)


def _shares_lines() -> AbstractContextManager[Any]:
    """A line is sent although another machine has its file."""
    return patch.object(line_files.LineFile, "take", lambda *values, **more: True)


def _ignores_own_limits() -> AbstractContextManager[Any]:
    """A job's own limit of Credits is not checked."""
    return patch.object(spending, "_own_limit_error", lambda expense: None)


def _shows_the_key_to_the_file_host() -> AbstractContextManager[Any]:
    """Downloads are sent with the API key."""
    return patch.dict(download._HEADERS, {"Authorization": "Bearer key-of-owner-1-secret"})


def _waits_for_nobody() -> AbstractContextManager[Any]:
    """A found asset is polled for ever, although it waits for an approval."""
    return patch.object(collect, "AWAITS_PERSON", frozenset())


def _keeps_no_pictures() -> AbstractContextManager[Any]:
    """The user's own pictures are uploaded, as they are when it is their turn."""
    return patch.object(new_jobs, "keep", lambda home, job: job)


def _sends_all_motions() -> AbstractContextManager[Any]:
    """A motion does not wait until the first one has succeeded."""

    def apply(self: Any, journal: Any, job: Any) -> Any:
        first = journal.job(self.job_id)
        has_model = first is not None and first.source_asset_id is not None
        return replace(first, phase=Phase.READY) if has_model else read_first(self, journal, job)

    read_first = ReadFirst.apply
    return patch.object(ReadFirst, "apply", apply)


def _pays_motions_again() -> AbstractContextManager[Any]:
    """A motion is ordered again although the journal knows its clip."""
    return patch.object(JobService, "paid_motions", lambda self, asset_id: [])


@contextmanager
def _both(*patches: AbstractContextManager[Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for each in patches:
            stack.enter_context(each)
        yield


MUTATIONS: dict[str, Mutation] = {
    "a new key at each try": _new_key_at_each_try,
    "no memory of sending": _no_memory_of_sending,
    "repeats a start for ever": _repeats_for_ever,
    "believes gateways": _believes_gateways,
    "cancels without looking": _cancels_without_looking,
    "believes a later refusal": _believes_a_later_refusal,
    "starts again without a person": _starts_again_without_a_person,
    "does not wait for late requests": _does_not_wait_for_late_requests,
    "does not compare API keys": _does_not_compare_api_keys,
    "tells nothing apart": _tells_nothing_apart,
    "approves unseen": _approves_unseen,
    "shares lines": _shares_lines,
    "ignores own limits": _ignores_own_limits,
    "shows the key to the file host": _shows_the_key_to_the_file_host,
    "waits for nobody": _waits_for_nobody,
    "keeps no pictures": _keeps_no_pictures,
    "sends all motions": _sends_all_motions,
    "pays motions again": _pays_motions_again,
}
