# SPDX-License-Identifier: GPL-3.0-or-later
"""Open what a command works with: account, client for Mint, job service."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import date, datetime, time
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from ..delivery import blender_runtime
from ..delivery.blender_runtime import inside_blender
from ..jobs.storage.home import home_folder
from ..mint.errors import MintError
from ..mint.retry import PollIntervals, RetryPolicy, call_with_retries

if TYPE_CHECKING:
    from ..jobs.budget.spending import Limits, Month
    from ..jobs.queries import PriceQuery
    from ..jobs.service import JobService
    from ..mint.account import Account
    from ..mint.client import Client
    from ..mint.generation_request import GenerationRequest
    from ..mint.schema import Asset, Estimate, Kind

OnRetry = Callable[[MintError, float], None]
T = TypeVar("T")

POLL_INTERVALS = PollIntervals()
RETRIES = RetryPolicy()


class NotAllowedOnline(Exception):
    """Blender's "Allow Online Access" is off, so nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            "Online access is off in Blender. Start it with --online-mode, or enable Preferences >"
            " System > Allow Online Access."
        )


def account() -> Account:
    """Return the key and base URL of a script's client, the environment, or the preferences."""
    from ..mint.account import KEY_VARIABLE, Account

    given = _given.get()
    stored = _preferences()
    key = ""
    base_url = ""
    confirmed = frozenset[str]()
    if stored is not None:
        key, base_url = stored.stored_account()
        confirmed = stored.confirmed_origins()
    environ = {**os.environ, **given}
    found = Account.of(environ, key=key, base_url=base_url, confirmed=confirmed)
    return replace(found, key_source="the script") if KEY_VARIABLE in given else found


_given: ContextVar[Mapping[str, str]] = ContextVar("given", default={})  # noqa: B039 - not changed


def use(api_key: str | None, base_url: str | None, seconds: float | None) -> None:
    """Use this account and timeout in the current context (`contextvars`); None: as usual.

    Raises:
        ValueError: The key is empty, or the timeout is not a number above 0.
    """
    from ..mint.account import BASE_URL_VARIABLE, KEY_VARIABLE

    if api_key is not None and not api_key.strip():
        raise ValueError("api_key is empty.")
    given = {KEY_VARIABLE: api_key, BASE_URL_VARIABLE: base_url}
    _given.set({name: value for name, value in given.items() if value is not None})
    _check_timeout(seconds)
    _timeout.set(seconds)


@contextmanager
def open_client() -> Iterator[Client]:
    """Yield a client for single calls. Raises MintError when there is no usable key."""
    from ..mint.client import connect

    check_online()
    client = connect(account())
    try:
        yield client
    finally:
        client.close()


@contextmanager
def open_job_service(
    *,
    waits_for_owner: bool = True,
    readable: frozenset[str] | None = None,
    on_wait: OnRetry | None = None,
) -> Iterator[JobService]:
    """Yield the user's jobs, ready to run. Unfinished jobs stay in the journal.

    `readable` are the glTF extensions that a file may require. By default they are those of this
    Blender, which is loaded to find out.
    With `waits_for_owner`, it is known whose key this is, if a job depends on it.
    `on_wait` is called when asking for a price has to be repeated.

    Raises:
        MintError: There is no usable key.
        NotAllowedOnline: Blender may not go online.
        NotPossible: Blender is loaded or would be, and this is not the main thread.
    """
    from ..jobs.queries import KeyOwner
    from ..mint.client import connect

    check_online()
    connect(account()).close()
    if readable is None:
        check_thread()
        readable = blender_runtime.readable_extensions()
    with open_journal(readable) as job_service:
        _ask_prices_at_once(job_service, on_wait)
        job_service.unfinished.identify_account()
        while waits_for_owner and job_service.queries.is_pending(KeyOwner()):
            job_service.next_event()
        job_service.catch_up()
        yield job_service


def check_thread() -> None:
    """Raise NotPossible beside the main thread, where Blender crashes or hangs, if there is one."""
    is_main = threading.current_thread() is threading.main_thread()
    if blender_runtime.can_import() and not is_main:
        from ..jobs.errors import NotPossible

        raise NotPossible(
            "This uses Blender, which works in the main thread only. Call it there: jobs of"
            " start(…) run beside each other without threads. Nothing was started."
        )


def _ask_prices_at_once(job_service: JobService, on_wait: OnRetry | None) -> None:
    job_service.ask_price = lambda query: job_service.queries.cache_answer(
        query, ask_price(query, on_wait)
    )


@contextmanager
def open_prices(on_wait: OnRetry | None = None) -> Iterator[JobService]:
    """Yield the user's jobs to find out what something would cost; nothing is left behind.

    Where there are no jobs yet, a journal in a temporary folder stands for theirs. `on_wait` is as
    in `open_job_service`, and so is what is raised.
    """
    from tempfile import TemporaryDirectory

    from ..jobs.storage.journal import journal_file
    from ..mint.client import connect

    check_online()
    connect(account()).close()
    with ExitStack() as opened:
        folder = home()
        if not journal_file(folder).exists():
            temporary = TemporaryDirectory(prefix="mint-prices-", ignore_cleanup_errors=True)
            folder = Path(opened.enter_context(temporary))
        job_service = _job_service(folder, frozenset())
        opened.callback(job_service.close)
        _ask_prices_at_once(job_service, on_wait)
        yield job_service


def available_credits(on_wait: OnRetry | None = None) -> float | None:
    """Return the Credits of the account; None if Mint does not say. Raises MintError."""
    with open_client() as client:
        return call_mint(client.usage, on_wait).credits.total_available


def month() -> Month:
    """Return what was started on each of the last days on this computer.

    Raises:
        JournalError: The journal cannot be opened or read.
    """
    from ..jobs.budget.totals import SpendingTotals
    from ..jobs.storage.journal import Journal

    with closing(Journal(home())) as journal:
        journal.set_account(account())
        return SpendingTotals(journal).month()


@contextmanager
def open_journal(readable: frozenset[str] = frozenset()) -> Iterator[JobService]:
    """Yield the user's jobs without running them; needs no key, network or Blender.

    `readable` is as in `open_job_service`.
    """
    job_service = _job_service(home(), readable)
    try:
        job_service.note_crashes()
        yield job_service
    finally:
        job_service.close()


def _job_service(folder: Path, readable: frozenset[str]) -> JobService:
    """Return the jobs of a home folder, to be closed at the end."""
    from ..jobs.engine.config import EngineConfig
    from ..jobs.service import JobService
    from ..jobs.workflow.context import WorkflowConfig

    own_limits = limits()
    workflow = WorkflowConfig(POLL_INTERVALS, readable)
    job_service = JobService(EngineConfig(folder, workflow, RETRIES), account())
    job_service.budget.limits = own_limits
    job_service.unreachable_timeout = _retries().give_up_after
    return job_service


def home() -> Path:
    """Return the folder of the journal, the downloads and the log."""
    return home_folder()


def check_online() -> None:
    """Raise NotAllowedOnline if Blender's user has switched online access off."""
    if not may_go_online():
        raise NotAllowedOnline


_timeout: ContextVar[float | None] = ContextVar("timeout", default=None)


@contextmanager
def timeout(seconds: float | None) -> Iterator[None]:
    """Wait so many seconds for an answer of Mint while inside; None: as long as before.

    Raises:
        ValueError: It is not a number above 0.
    """
    _check_timeout(seconds)
    token = _timeout.set(_timeout.get() if seconds is None else seconds)
    try:
        yield
    finally:
        _timeout.reset(token)


def _check_timeout(seconds: float | None) -> None:
    if seconds is not None and not seconds > 0:
        raise ValueError(f"timeout is a number of seconds above 0, not {seconds!r}.")


def _retries() -> RetryPolicy:
    seconds = _timeout.get()
    if seconds is None:
        return RETRIES
    return replace(RETRIES, give_up_after=seconds, give_up_refused=seconds)


def call_mint(
    call: Callable[[], T], on_wait: OnRetry | None = None, *, patience: float = math.inf
) -> T:
    """Make a call and retry it while that may help.

    `on_wait` is called with each error and the seconds until the next try. `patience` is in
    seconds, where somebody does not wait as long as a command does.
    """
    retries = _retries()
    retries = replace(retries, give_up_after=min(retries.give_up_after, patience))
    return call_with_retries(call, retries=retries, on_wait=on_wait)


def ask_price(
    query: PriceQuery, on_wait: OnRetry | None = None, *, patience: float = math.inf
) -> Estimate:
    """Return what Mint says that something costs; waits as `call_mint` does.

    For an optimization that Mint refuses to tell about, the estimate is empty: then the price of
    the last one counts.

    Raises:
        MintError: Mint cannot be asked.
    """
    from ..jobs.queries import NO_PRICE, OptimizationPrice, quote

    with open_client() as client:
        try:
            return call_mint(lambda: quote(client, query), on_wait, patience=patience)
        except MintError:
            if not isinstance(query, OptimizationPrice):
                raise
            return NO_PRICE


def check_request(request: GenerationRequest) -> None:
    """Raise NotPossible for a request or a picture that Mint would refuse."""
    from ..jobs import new_jobs
    from ..jobs.service import NotPossible

    if problem := new_jobs.complaint(request):
        raise NotPossible(problem)


def assets(
    client: Client,
    kind: Kind,
    on_wait: OnRetry | None = None,
    *,
    search: str = "",
    since: date | None = None,
    limit: int | None = None,
) -> Iterator[Asset]:
    """Yield models or Worlds of the API project, newest first; a failed page is retried.

    Args:
        client: The client.
        kind: Which of them.
        on_wait: As in `call_mint`.
        search: Words that are all in the name or the prompt.
        since: The first day, or moment, at which they were made; in local time, unless it says so.
        limit: The most that are yielded.
    """
    from ..jobs.library.view_model import has_words

    first = None if since is None else moment(since)
    found = client.assets(kind, call=partial(call_mint, on_wait=on_wait))
    recent = takewhile(lambda each: _is_since(each.created_at, first), found)
    return islice((each for each in recent if has_words(each, search)), limit)


def moment(since: date) -> datetime:
    """Return the beginning of a day, or a moment itself, with a time zone: by default local."""
    if not isinstance(since, datetime):
        since = datetime.combine(since, time())
    return since.astimezone()


def _is_since(at: datetime | None, first: datetime | None) -> bool:
    return first is None or at is None or at >= first


LIMIT_EACH_VARIABLE = "MINT_MAX_CREDITS"
"""The most Credits of one generation."""
LIMIT_DAY_VARIABLE = "MINT_MAX_CREDITS_PER_DAY"
"""The most Credits of a day."""


def _preferences() -> ModuleType | None:
    """Return what reads the add-on's preferences; None outside of Blender."""
    if not inside_blender():
        return None
    from .. import addon_settings

    return addon_settings


def may_go_online() -> bool:
    """Return Blender's "Allow Online Access"; outside of Blender nothing restricts it."""
    stored = _preferences()
    return stored is None or stored.may_go_online()


def shown() -> dict[str, str]:
    """Return the settings that a report for support shows, by name; none of them is a secret."""
    stored = _preferences()
    names = (LIMIT_EACH_VARIABLE, LIMIT_DAY_VARIABLE)
    environment = {name: os.environ[name] for name in names if name in os.environ}
    return environment if stored is None else stored.shown_settings() | environment


def limits() -> Limits:
    """Return the spending limits, in Credits: of preferences and environment, the lower ones.

    Raises:
        NotPossible: A variable of the environment is not a number.
    """
    from ..jobs.budget.spending import Limits

    preferences = _preferences()
    stored = preferences.limits() if preferences else Limits()
    return Limits(
        _lower(stored.each, _limit_of_environment(LIMIT_EACH_VARIABLE)),
        _lower(stored.day, _limit_of_environment(LIMIT_DAY_VARIABLE)),
    )


def _limit_of_environment(variable: str) -> float:
    text = os.environ.get(variable, "").strip()
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf or (text and not value):
        from ..jobs.errors import NotPossible

        raise NotPossible(
            f'{variable} must be a number of Credits above 0, not "{text}". Nothing was started.'
        )
    return value


def _lower(one: float, other: float) -> float:
    """Return the lower of two limits; 0 is no limit."""
    return min(one, other) if one and other else one or other
