# SPDX-License-Identifier: GPL-3.0-or-later
"""Prompts to choose from: the earlier ones, which the journal knows, and examples.

Prepared when the form was drawn, never while drawing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...message import Message
from .. import heartbeat, session

if TYPE_CHECKING:
    from ...jobs.job import Job

EXAMPLES = {
    "MODEL": (
        Message("a small ceramic lamp"),
        Message("an old treasure chest"),
        Message("a friendly robot"),
    ),
    "WORLD": (
        Message("an overgrown greenhouse"),
        Message("a harbor town at dusk"),
        Message("a library in a cave"),
    ),
}
"""Prompts that show what can be asked for, by the form's kind."""

MOST = 12
"""Most earlier prompts in the menu."""
_LOOKED_AT = 200
"""How many of the newest jobs are read for them."""


@dataclass
class _State:
    earlier: tuple[str, ...] | None = None
    """The prompts that were sent, newest first; None as long as the journal was not read."""
    unsent: str = ""
    """What stood in the form when another prompt was chosen."""
    version: tuple[object, ...] = ()
    """What the earlier prompts were read for."""


def _state() -> _State:
    return session.state(_State)


def earlier() -> tuple[str, ...]:
    """Return the earlier prompts, newest first, each once."""
    state = _state()
    return _distinct([state.unsent, *(state.earlier or ())])


def keep_unsent(prompt: str) -> None:
    """Keep a prompt that another one replaces in the form, so that it can be chosen again."""
    if prompt.strip():
        _state().unsent = prompt.strip()


def prepare() -> bool:
    """Read the earlier prompts, if there may be others than the last time."""
    service = session.existing_service()
    if service is None:
        return False
    state, journal = _state(), service.journal
    version = (id(service), journal.newest(), journal.current_account)
    if version != state.version:
        state.version = version
        found = _distinct(map(_prompt, journal.newest_jobs(_LOOKED_AT)))
        if found != state.earlier:
            state.earlier = found
            heartbeat.redraw()
    return False


def _prompt(job: Job) -> str:
    """Return what the user has written for a job; empty if it was not theirs."""
    from ...jobs.job_values import Hold

    is_own = job.source_asset_id is None and job.hold is not Hold.FOREIGN
    return job.request.prompt.strip() if is_own else ""


def _distinct(prompts: Iterable[str]) -> tuple[str, ...]:
    """Return the first prompts that are not empty, each once."""
    return tuple(dict.fromkeys(filter(None, prompts)))[:MOST]
