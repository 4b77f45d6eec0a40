# SPDX-License-Identifier: GPL-3.0-or-later
"""What every command and every batch script needs: the account, the job service, the price, and a
job followed to its next stop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..delivery import blender_runtime
from ..jobs import request_checks
from ..jobs.engine import dispatch
from ..jobs.engine.config import EngineConfig
from ..jobs.queries import KeyOwner
from ..jobs.service import JobService, NotPossible
from ..jobs.storage import import_marks
from ..jobs.storage.home import home_folder
from ..jobs.workflow.run import Terms
from ..mint.account import Account
from ..mint.client import Client
from ..mint.errors import MintError
from ..mint.generation_request import GenerationRequest
from ..mint.pacing import PollIntervals, RetryPolicy
from ..mint.retry import call_with_retries
from ..mint.schema import Asset, Kind
from . import settings

OnRetry = Callable[[MintError, float], None]
T = TypeVar("T")

PACE = PollIntervals()
RETRIES = RetryPolicy()


class NotAllowedOnline(Exception):
    """Blender's "Allow Online Access" is off, so nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            "Blender may not go online: start it with --online-mode, or switch on Preferences >"
            " System > Allow Online Access."
        )


def account() -> Account:
    """The key and base URL: from the environment, else from the add-on's preferences where there
    are any.
    """
    key, base_url = settings.stored_account()
    return Account.of(
        os.environ, key=key, base_url=base_url, confirmed=settings.confirmed_origins()
    )


@contextmanager
def open_client() -> Iterator[Client]:
    """A client for single calls. Raises MintError when there is no usable key."""
    check_online()
    client = dispatch.connect(account())
    try:
        yield client
    finally:
        client.close()


@contextmanager
def open_job_service() -> Iterator[JobService]:
    """The jobs of this user, to go on with; whatever is in flight is left to the journal at the
    end.

    Raises MintError when there is no usable key.
    """
    check_online()
    dispatch.connect(account()).close()
    with _job_service(Terms(PACE, blender_runtime.readable_extensions())) as job_service:
        job_service.unfinished.identify_account()
        while job_service.queries.is_pending(KeyOwner()):
            job_service.next_event()
        job_service.catch_up()
        yield job_service


@contextmanager
def open_journal() -> Iterator[JobService]:
    """The jobs of this user, to look at: needs neither key nor network nor Blender."""
    with _job_service(Terms(PACE)) as job_service:
        yield job_service


@contextmanager
def _job_service(terms: Terms) -> Iterator[JobService]:
    job_service = JobService(EngineConfig(home(), terms, RETRIES), account())
    job_service.budget.limits, job_service.blocks_for_prices, job_service.max_silence = (
        settings.limits(),
        True,
        RETRIES.patience,
    )
    try:
        import_marks.note_crashes(job_service)
        yield job_service
    finally:
        job_service.close()


def home() -> Path:
    """Where the journal, the downloads and the log lie."""
    return home_folder()


def check_online() -> None:
    """Inside a Blender, its user's word on going online holds."""
    if not settings.may_go_online():
        raise NotAllowedOnline


def call_mint(call: Callable[[], T], on_wait: OnRetry | None = None) -> T:
    """A single call, repeated while that may help; `on_wait` hears of each failure and the seconds
    until the next try.
    """
    return call_with_retries(call, retries=RETRIES, on_wait=on_wait)


def check_request(request: GenerationRequest) -> None:
    """Refuse what Mint would refuse, and pictures that it would not take, before anything is sent.

    Raises NotPossible.
    """
    if complaint := request_checks.complaint(request):
        raise NotPossible(complaint)


def assets(client: Client, kind: Kind, on_wait: OnRetry | None = None) -> Iterator[Asset]:
    """Yield all models or Worlds of the API project; a page that fails is asked for again."""
    return client.assets(kind, call=partial(call_mint, on_wait=on_wait))
