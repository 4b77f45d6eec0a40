# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that are made on purpose, each of which the simulation must find."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import requests

from mint_blender.files import download
from mint_blender.jobs import reference_files
from mint_blender.jobs.budget import prices, spending
from mint_blender.jobs.engine import dispatch
from mint_blender.jobs.storage import journal
from mint_blender.jobs.workflow import context, decisions, result, start
from mint_blender.jobs.workflow.effects import Start
from mint_blender.mint import errors

Mutation = Callable[[], AbstractContextManager[Any]]
_make, _act = dispatch.make, dispatch._act
_save = journal.Journal.save


def _new_key_at_each_try() -> AbstractContextManager[Any]:
    """A start gets a new idempotency key each time it is sent."""

    def make(client: Any, effect: Any, now: Callable[[], float]) -> Any:
        is_start = isinstance(effect, Start)
        return _make(client, replace(effect, key=str(uuid.uuid4())) if is_start else effect, now)

    return patch.object(dispatch, "make", make)


def _new_key_for_each_decision() -> AbstractContextManager[Any]:
    """A revision or retry gets a new idempotency key each time it is sent."""

    def act(client: Any, effect: Any) -> Any:
        decision = replace(effect.decision, key=str(uuid.uuid4()))
        return _act(client, replace(effect, decision=decision))

    return patch.object(dispatch, "_act", act)


def _no_memory_of_sending() -> AbstractContextManager[Any]:
    """It is not stored when a start was sent for the first time."""

    def save(self: Any, job: Any, **more: Any) -> None:
        _save(self, replace(job, first_sent_at=None), **more)

    return patch.object(journal.Journal, "save", save)


def _repeats_for_ever() -> AbstractContextManager[Any]:
    """A start is repeated after Mint has forgotten its key."""
    return patch.object(context, "REPEATED_FOR", math.inf)


def _believes_gateways() -> AbstractContextManager[Any]:
    """A gateway's error is taken for proof that nothing was started."""
    return patch.multiple(errors.ServiceError, retryable=False, proves_nothing_started=True)


def _cancels_without_looking() -> AbstractContextManager[Any]:
    """A cancel does not look for a start whose answer was lost."""

    def nothing(self: Any) -> Any:
        yield from ()

    return patch.object(decisions.DecisionHandler, "_find_sent_start", nothing)


def _forgets_the_key_of_unclear_answers() -> AbstractContextManager[Any]:
    """A start that was never answered is sent again under another key."""

    def send(self: Any) -> Any:
        self._job = replace(self._job, key=str(uuid.uuid4()))
        yield from _send_start(self)

    return patch.object(start.Starter, "send_start", send)


_send_start = start.Starter.send_start


def _ignores_own_limits() -> AbstractContextManager[Any]:
    """A job's own limit of Credits is not checked."""
    nothing = lambda *values: None  # noqa: E731
    modules = ("budget.prices", "workflow.start")
    return _patched([f"mint_blender.jobs.{name}.job_limit_error" for name in modules], nothing)


def _shows_the_key_to_the_file_host() -> AbstractContextManager[Any]:
    """Downloads are sent with the API key."""

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Bearer key-of-owner-1-secret"
        return request

    return patch.object(download, "_add_nothing", authorize)


def _waits_for_nobody() -> AbstractContextManager[Any]:
    """A found asset is polled for ever, although it waits for an approval."""
    return patch.object(result, "AWAITS_PERSON", frozenset())


def _counts_no_revision() -> AbstractContextManager[Any]:
    """A revision costs nothing, as far as limits are concerned."""

    def total_after(self: Any, job: Any, decision: Any) -> float:
        return spending.committed(replace(job, decision=None))

    return patch.object(prices.Budget, "total_after", total_after)


def _keeps_no_pictures() -> AbstractContextManager[Any]:
    """The user's own pictures are uploaded, as they are when it is their turn."""
    return patch.object(reference_files, "keep", lambda home, job: job)


class _patched:
    """The same replacement at several places."""

    def __init__(self, places: list[str], value: object) -> None:
        self._patches = [patch(place, value) for place in places]

    def __enter__(self) -> None:
        for each in self._patches:
            each.start()

    def __exit__(self, *_: object) -> None:
        for each in self._patches:
            each.stop()


MUTATIONS: dict[str, Mutation] = {
    "a new key at each try": _new_key_at_each_try,
    "a new key for each try of a decision": _new_key_for_each_decision,
    "no memory of sending": _no_memory_of_sending,
    "repeats a start for ever": _repeats_for_ever,
    "believes gateways": _believes_gateways,
    "cancels without looking": _cancels_without_looking,
    "a new key after a restart": _forgets_the_key_of_unclear_answers,
    "ignores own limits": _ignores_own_limits,
    "shows the key to the file host": _shows_the_key_to_the_file_host,
    "waits for nobody": _waits_for_nobody,
    "counts no revision": _counts_no_revision,
    "keeps no pictures": _keeps_no_pictures,
}
