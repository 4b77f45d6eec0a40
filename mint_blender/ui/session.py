# SPDX-License-Identifier: GPL-3.0-or-later
"""The one board of this Blender, made when it is first needed, and which file is open: what every
panel and operator asks for.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import bpy

from ..addon_settings import confirmed_origins, limits, may_go_online, stored_account
from ..jobs.engine.config import EngineConfig
from ..jobs.service import JobService
from ..jobs.storage import import_marks
from ..jobs.storage.home import home_folder
from ..jobs.storage.journal import JournalError
from ..jobs.workflow.run import Terms
from ..mint.account import Account
from ..mint.pacing import Retries
from ..scene.capabilities import readable_extensions

OFFLINE = (
    "Online access is off. Switch on Preferences > System > Allow Online Access, or start with"
    " --online-mode."
)

QUIT_WITHIN = 1.5  # seconds that closing Blender may wait for a download to let go

_board: JobService | None = None
_complaint: str | None = None
_openers: list[Callable[[JobService], None]] = []
_document = uuid.uuid4().hex


def board() -> JobService:
    """The board, opened if it is not. Raises JournalError."""
    global _board, _complaint
    if _board is None:
        try:
            _board = JobService(
                EngineConfig(home(), Terms(readable=readable_extensions())), account()
            )
        except JournalError as trouble:
            _complaint = str(trouble)
            raise
        _complaint = None
        _board.allow_online(may_go_online())
        _board.waits_for_prices = bpy.app.background
        # blocking callers must get an end; a window waits for as long as an outage lasts
        if bpy.app.background:
            _board.patience = Retries().patience
        import_marks.note_crashes(_board)
        for opener in _openers:
            opener(_board)
    _board.budget.limits = limits()
    return _board


def complaint() -> str | None:
    """Why the board could not be opened the last time; for drawing."""
    return _complaint


def when_opened(opener: Callable[[JobService], None]) -> None:
    """Call this with the board as soon as it is opened, before anything goes on."""
    _openers.append(opener)


def forget() -> None:
    """Call nobody any more."""
    _openers.clear()


def existing() -> JobService | None:
    """The board if there is one: for drawing, which opens nothing."""
    return _board


def close() -> None:
    """Let go of the board; what is unfinished stays in the journal."""
    global _board
    if _board is not None:
        _board.close(QUIT_WITHIN)
        _board = None


def home() -> Path:
    """Where journal and downloads lie."""
    return home_folder()


def account() -> Account:
    """Key and base URL: environment first, then the preferences."""
    key, base_url = stored_account()
    return Account.of(os.environ, key=key, base_url=base_url, confirmed=confirmed_origins())


def account_changed() -> None:
    """The user entered another key or base URL."""
    if _board is not None:
        _board.use(account())


def document() -> str:
    """Which opening of which file this is: a result lands by itself only where its prompt was
    clicked.
    """
    return _document


def document_changed() -> None:
    """Another file is open."""
    global _document
    _document = uuid.uuid4().hex
