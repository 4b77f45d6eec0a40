# SPDX-License-Identifier: GPL-3.0-or-later
"""The run-time state of the enabled add-on, in one object.

A `Session` owns the job service, the id of the open document, and what each feature keeps in
memory: caches, previews, pending dialogs, subscriptions. It is made when the add-on is enabled and
dropped when it is disabled. Nothing in it goes into a .blend.

A feature keeps its state in a class of its own and gets the one instance of it with `state`:

    class _State:
        def __init__(self) -> None:
            self.icons: dict[str, int] = {}

    def _state() -> _State:
        return session.state(_State)

Where that class has a method `close`, it is called when the session ends. In a module that is
loaded when the add-on is enabled it is a plain class, since making a dataclass takes longer than
importing a module.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import bpy

from ..addon_settings import confirmed_origins, limits, may_go_online, stored_account
from ..message import Message

if TYPE_CHECKING:
    import logging

    from ..jobs.service import JobService
    from ..jobs.workflow.context import WorkflowConfig
    from ..mint.account import Account

OFFLINE = Message(
    "Online access is off. Enable Preferences > System > Allow Online Access, or start with "
    "--online-mode."
)

QUIT_WITHIN = 1.5  # seconds that closing Blender may wait for a running download to stop

State = TypeVar("State")


class Session:
    """Everything that the enabled add-on keeps in memory."""

    def __init__(self) -> None:
        self.service: JobService | None = None
        self.journal_error: str | None = None
        self.document_id = _new_id()
        self.earlier_ids: frozenset[str] = frozenset()
        self.on_first_use: list[Callable[[], object]] = []
        self.on_first_log_entry: list[Callable[[], object]] = []
        self.on_service_opened: list[Callable[[JobService], object]] = []
        self.on_account_changed: list[Callable[[], object]] = []
        self._states: dict[type, Any] = {}
        self.made_from: dict[type, tuple[object, ...]] = {}  # see `is_outdated`

    def state(self, kind: type[State]) -> State:
        """Return the one instance of a feature's state, made on first use."""
        if kind not in self._states:
            self._states[kind] = kind()
        state: State = self._states[kind]
        return state

    def is_loading(self) -> bool:
        """Load the next part of what the job service needs; return whether that is not all."""
        from ..jobs.preload import Preload

        if self.service is not None:
            return False
        if not self.state(Preload).is_done():
            return True
        self.use_next()
        return bool(self.on_first_use)

    def use_next(self) -> None:
        """Call the next subscriber of the first use, if there is one."""
        if self.on_first_use:
            self.on_first_use[0]()
            del self.on_first_use[0]

    def open_service(self) -> JobService:
        """Open the job service and call its subscribers."""
        from ..jobs.engine.config import EngineConfig
        from ..jobs.service import JobService
        from ..jobs.storage.journal import JournalError
        from ..mint.retry import RetryPolicy

        while self.on_first_use:
            self.use_next()
        try:
            service = JobService(EngineConfig(home(), workflow_config()), account())
        except JournalError as error:
            self.journal_error = str(error)
            raise
        self.journal_error = None
        self.service = service
        service.allow_online(may_go_online())
        # A script that waits must come to an end; a window waits as long as an outage lasts.
        if bpy.app.background:
            service.ask_price = service.ask_and_wait
            service.unreachable_timeout = RetryPolicy().give_up_after
        service.note_crashes()
        for subscriber in self.on_service_opened:
            subscriber(service)
        return service

    def close_service(self) -> None:
        """Close the job service; unfinished jobs stay in the journal."""
        if self.service is not None:
            self.service.close(QUIT_WITHIN)
            self.service = None

    def close(self) -> None:
        """Close the job service and free what the features hold. Never raises."""
        states = [state for state in self._states.values() if hasattr(state, "close")]
        for close in (self.close_service, *(state.close for state in reversed(states))):
            try:
                close()
            except Exception:
                import logging

                logging.getLogger(__name__).exception("A part of the session could not be closed")
        self._states.clear()


_sessions: list[Session] = []  # the one of the enabled add-on


def current() -> Session:
    """Return the session, made on first use."""
    if not _sessions:
        _sessions.append(Session())
    return _sessions[0]


def register() -> None:
    """Begin with an empty session: the add-on is being enabled."""
    unregister()
    current()


def unregister() -> None:
    """Close the session and drop it: the add-on is being disabled."""
    while _sessions:
        _sessions.pop().close()
    _account.cache_clear()


def state(kind: type[State]) -> State:
    """Return the one instance of a feature's state, made on first use."""
    existing: State | None = _sessions[0]._states.get(kind) if _sessions else None
    return existing if existing is not None else current().state(kind)


def is_outdated(kind: type, *made_from: object) -> bool:
    """Return whether a feature has to make again what it keeps: it was made from something else.

    With `JobService.version`, this is so after each change of the jobs. The caller makes it now.
    """
    before = current().made_from.get(kind)
    current().made_from[kind] = made_from
    return before != made_from


def make_again(kind: type) -> None:
    """Have the feature make what it keeps again at its next look."""
    current().made_from.pop(kind, None)


def service() -> JobService:
    """Return the job service, opened if it is not open yet.

    Raises:
        JournalError: The journal cannot be opened.
    """
    opened = current().service or current().open_service()
    opened.budget.limits = limits()
    return opened


def is_loading() -> bool:
    """Load the next part of what the job service needs; return whether that is not all.

    A timer calls this until it is False before it opens the service, so that neither a click nor a
    start of Blender stands still for half a second.
    """
    return current().is_loading()


def existing_service() -> JobService | None:
    """Return the job service if it is open. Drawing uses this: it must not open anything."""
    return _sessions[0].service if _sessions else None


def journal_error() -> str | None:
    """Return why the job service could not be opened the last time, as a sentence."""
    return current().journal_error


def on_first_use(subscribe: Callable[[], object]) -> None:
    """Call this once, when the job service is opened for the first time.

    A feature then loads what follows jobs and subscribes it. Before that there is nothing to
    follow, and enabling the add-on should load only what Blender needs of it.
    """
    current().on_first_use.append(subscribe)


def on_first_log_entry(prepare: Callable[[], object]) -> None:
    """Call this once, before a module writes the first entry with `logger`."""
    current().on_first_log_entry.append(prepare)


def logger(name: str) -> logging.Logger:
    """Return the logger of a module that is loaded when the add-on is enabled.

    `logging` is imported only now: that takes as long as a sixth of enabling the add-on.
    """
    import logging

    while _sessions and _sessions[0].on_first_log_entry:
        _sessions[0].on_first_log_entry.pop()()
    return logging.getLogger(name)


def on_service_opened(subscriber: Callable[[JobService], object]) -> None:
    """Call this with the job service whenever it is opened, before any job continues."""
    current().on_service_opened.append(subscriber)


def on_account_changed(subscriber: Callable[[], object]) -> None:
    """Call this whenever another key or base URL is in force."""
    current().on_account_changed.append(subscriber)


def close_service() -> None:
    """Close the job service; unfinished jobs stay in the journal."""
    current().close_service()


def home() -> Path:
    """Return the folder of the journal and the downloads."""
    from ..jobs.storage.home import home_folder

    return home_folder()


def account() -> Account:
    """Return the key and the base URL: from the environment, else from the preferences."""
    from ..mint.account import BASE_URL_VARIABLE, KEY_VARIABLE

    key, base_url = stored_account()
    names = KEY_VARIABLE, BASE_URL_VARIABLE
    environment = tuple((name, os.environ.get(name, "")) for name in names)
    return _account(environment, key, base_url, confirmed_origins())


@lru_cache(maxsize=1)
def _account(
    environment: tuple[tuple[str, str], ...], key: str, base_url: str, confirmed: frozenset[str]
) -> Account:
    """Return the account for these settings; every panel needs it at each drawing."""
    from ..mint.account import Account

    return Account.of(dict(environment), key=key, base_url=base_url, confirmed=confirmed)


def account_changed() -> None:
    """Use the key and the base URL that the user has just entered."""
    if opened := existing_service():
        opened.set_account(account())
    for subscriber in current().on_account_changed:
        subscriber()


def workflow_config() -> WorkflowConfig:
    """Return what workflows depend on: this Blender's importer, and Mint's polling intervals."""
    from ..jobs.workflow.context import WorkflowConfig
    from ..scene.gltf.gltf_extensions import readable_extensions

    return WorkflowConfig(readable=readable_extensions())


def document_id() -> str:
    """Return the id of the open document, which is another one each time a file is opened.

    Results are imported automatically only into the document in which their prompt was submitted.
    """
    return current().document_id


def document_ids() -> frozenset[str]:
    """Return the ids under which jobs may know the open document: also its earlier openings."""
    return current().earlier_ids | {current().document_id}


def adopt_documents(earlier: frozenset[str]) -> None:
    """Take over the ids that the file had when it was open before."""
    current().earlier_ids = earlier


def document_changed() -> None:
    """Make a new document id, after another file was opened."""
    current().document_id = _new_id()
    current().earlier_ids = frozenset()


def _new_id() -> str:
    return os.urandom(16).hex()
