# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog that is opened as soon as its price is known: by the heartbeat, in the window of the
click.

Nothing of its operator is kept: Blender has freed it by then.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import bpy

from ...jobs.queries import Question
from .. import session, windows

PATIENCE = 1.5  # seconds that a dialog waits for its price


@dataclass(frozen=True)
class _Dialog:
    operator: str
    arguments: dict[str, Any]
    question: Question
    until: float
    window: int


_waited: set[Question] = set()  # long enough, in vain
_waiting: list[_Dialog] = []  # one at the most: what was asked for last


def wait(
    context: bpy.types.Context, operator: str, arguments: dict[str, Any], question: Question
) -> None:
    """Open this dialog, and no other one, when there is an answer or it has not come for too long."""  # noqa: E501
    _waiting[:] = [
        _Dialog(operator, arguments, question, time.monotonic() + PATIENCE, windows.key_of(context))
    ]


def has_waited(question: Question) -> bool:
    """Was the answer waited for in vain? Asked once for each time."""
    if question not in _waited:
        return False
    _waited.discard(question)
    return True


def are_there() -> bool:
    """Does a dialog wait?"""
    return bool(_waiting)


def catch_up() -> None:
    """Open the dialog that waits, if it has waited long enough."""
    for dialog in list(_waiting):
        board = session.existing_service()
        if board is None or board.budget.known(dialog.question) is None:
            if time.monotonic() < dialog.until:
                continue
            _waited.add(dialog.question)
        _waiting.clear()
        with windows.inside(dialog.window):
            getattr(bpy.ops.mint, dialog.operator)("INVOKE_DEFAULT", **dialog.arguments)


def forget() -> None:
    """Nothing waits any more."""
    _waiting.clear()
    _waited.clear()
