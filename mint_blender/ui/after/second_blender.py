# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a second Blender work on a copy of a model, while the window goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message, UserError
from .. import notifications, session
from ..job_actions import Result, report_error
from ..translations import translated

if TYPE_CHECKING:
    from ...files.export_options import Exported
    from ...jobs.child_process import ChildProcess

_INTERVAL = 0.2
"""Seconds between two looks at the second Blender."""

OnDone = Callable[["list[Exported]"], Message]
"""Called with the files that were written; returns what to tell. May raise UserError."""


@dataclass(frozen=True)
class _Run:
    child: ChildProcess
    stack: ExitStack
    since: float
    on_done: OnDone


class _Runs:
    """What second Blenders are working on."""

    def __init__(self) -> None:
        self.all: list[_Run] = []

    def close(self) -> None:
        """End them: the add-on is disabled."""
        for run in self.all:
            _end(run)
        self.all.clear()


def ask(
    operator: bpy.types.Operator,
    root: bpy.types.Object,
    order: Callable[[dict[str, Any]], dict[str, Any]],
    on_done: OnDone,
    begun: Message,
) -> Result:
    """Let a second Blender carry out an order about a model of the open file.

    With a window it returns at once, and `on_done` is called later, which must not refer to the
    operator. Without one it waits. `order` makes the request of what names the model.
    """
    from ...delivery import engine_export

    stack = ExitStack()
    try:
        request = order(stack.enter_context(engine_export.of_scene(root)))
        if bpy.app.background:
            with stack:
                operator.report({"INFO"}, translated(on_done(engine_export.export(request))))
            return {"FINISHED"}
        child = engine_export.start()
    except UserError as error:
        stack.close()
        return report_error(operator, Message("{problem}", problem=error))
    child.send(request)
    session.state(_Runs).all.append(_Run(child, stack, time.monotonic(), on_done))
    if not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=_INTERVAL, persistent=True)
    operator.report({"INFO"}, translated(begun))
    return {"FINISHED"}


def _look() -> float | None:
    """Tell of what has ended; return when to look again."""
    runs = session.state(_Runs)
    for run in list(runs.all):
        if (ended := _ended(run)) is not None:
            words, is_good = ended
            runs.all.remove(run)
            _end(run)
            notifications.notify(translated(words), good=is_good)
    return _INTERVAL if runs.all else None


def _ended(run: _Run) -> tuple[Message, bool] | None:
    """Return what became of a run, and whether it is good; None while it goes on."""
    from ...delivery import engine_export
    from ...jobs.child_process import ChildEnded

    try:
        answer = run.child.poll()
        if answer is not None:
            return run.on_done(engine_export.read_answer(answer)), True
    except ChildEnded:
        return engine_export.CRASHED, False
    except UserError as error:
        return Message("{problem}", problem=error), False
    is_late = time.monotonic() - run.since > engine_export.TIME_LIMIT
    return (engine_export.TOO_SLOW, False) if is_late else None


def _end(run: _Run) -> None:
    run.child.end()
    run.stack.close()
