# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog that is opened as soon as its price is known: by the heartbeat, in the window of the
click.

Nothing of its operator is kept: Blender has freed it by then.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import bpy

from ...jobs.queries import Query
from ...jobs.service import JobService
from .. import click_window, session, text_fields

PATIENCE = 1.5  # seconds that a dialog waits for its price


@dataclass(frozen=True)
class _Dialog:
    operator: str
    arguments: dict[str, Any]
    question: Query
    until: float
    window: int


@dataclass
class _State:
    timed_out: set[Query] = field(default_factory=set)
    """Waited for long enough, in vain."""
    waiting: _Dialog | None = None
    """What was asked for last."""


def _state() -> _State:
    return session.state(_State)


def wait(
    context: bpy.types.Context, operator: str, arguments: dict[str, Any], question: Query
) -> None:
    """Open this dialog, and no other one, when there is an answer or it has not come for too long."""  # noqa: E501
    _state().waiting = _Dialog(
        operator, arguments, question, time.monotonic() + PATIENCE, click_window.key_of(context)
    )


def has_waited(question: Query) -> bool:
    """Was the answer waited for in vain? Asked once for each time."""
    if question not in _state().timed_out:
        return False
    _state().timed_out.discard(question)
    return True


def is_waiting(service: JobService) -> bool:
    """Return whether a dialog waits."""
    return _state().waiting is not None


def catch_up(service: JobService) -> bool:
    """Open the dialog that waits, if it has waited long enough and nobody types."""
    state = _state()
    dialog = state.waiting
    if dialog is None or text_fields.is_edited():
        return False
    if service.budget.known(dialog.question) is None:
        if time.monotonic() < dialog.until:
            return False
        state.timed_out.add(dialog.question)
    state.waiting = None
    with click_window.inside(dialog.window):
        getattr(bpy.ops.mint, dialog.operator)("INVOKE_DEFAULT", **dialog.arguments)
    return False
