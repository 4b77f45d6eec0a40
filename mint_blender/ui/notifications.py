# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications in the status bar and the Info editor.

There is one for each job that has stopped, that was canceled, or that Mint does not cancel. They
also reach a user who works in another editor. Only an operator can make a report, so a small
internal one does.
"""

from typing import TYPE_CHECKING, Any

import bpy

from ..jobs.phases import BUSY, Phase, Verb
from ..message import Message
from . import session
from .operator_bases import ButtonOperator
from .translations import translated
from .typed_context import can_add_modal_handler

if TYPE_CHECKING:
    from ..jobs.job import Job
    from ..jobs.service import JobService

_TELLING = {Phase.REVIEW, Phase.BILLING, Phase.READY, Phase.PLACED, Phase.FAILED, Phase.PAUSED}
_GOOD = {Phase.REVIEW, Phase.READY, Phase.PLACED}


class _State:
    def __init__(self) -> None:
        self.shown: dict[str, Phase] = {}
        """By job id: the phase in which it stopped, once the user was notified."""
        self.canceling: set[str] = set()
        """The jobs that are being canceled here."""


def catch_up(service: "JobService") -> None:
    """Notify of jobs that have stopped here since the last call, or were canceled, or could not be.

    Another Blender or program reports its own jobs.
    """
    shown = session.state(_State).shown
    for job in service.jobs():
        _tell_end_of_cancel(service, job)
        if service.is_active(job.id) or job.phase in BUSY:
            shown.pop(job.id, None)
        elif job.phase in _TELLING and shown.get(job.id) is not job.phase:
            is_ours = service.is_driven_here(job.id) or job.id in shown
            shown[job.id] = job.phase
            if is_ours:
                view = service.view(job)
                words = Message("Mint: {title}: {state}", title=view.title, state=view.state)
                notify(translated(words), good=job.phase in _GOOD)


def _tell_end_of_cancel(service: "JobService", job: "Job") -> None:
    """Say what a canceled job has cost, or why Mint does not cancel it: its row only has a mark."""
    canceling = session.state(_State).canceling
    is_canceling = job.decision is not None and job.decision.verb is Verb.CANCEL
    if is_canceling and service.is_driven_here(job.id):
        canceling.add(job.id)
    elif not is_canceling and job.id in canceling:
        canceling.remove(job.id)
        view = service.view(job)
        is_canceled = job.phase is Phase.CANCELED
        more = view.cost if is_canceled else next(reversed(job.notes), "")
        words = Message("{state} · {cost}", state=view.state, cost=more) if is_canceled else more
        if more:
            said = Message("Mint: {title}: {state}", title=job.title, state=words)
            notify(translated(said), good=is_canceled)


def skip_earlier(service: "JobService") -> None:
    """Do not notify of jobs that stopped in an earlier session."""
    session.state(_State).shown = {
        job.id: job.phase for job in service.jobs() if job.phase not in BUSY
    }


def notify(sentence: str, *, good: bool = True) -> None:
    """Show a translated sentence in the status bar.

    Does nothing without a window, or while Blender could not add a modal handler: the row tells
    the user, too.
    """
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is None or bpy.app.background:
        return
    if can_add_modal_handler(window):
        with bpy.context.temp_override(window=window):
            bpy.ops.mint.notify("INVOKE_DEFAULT", text=sentence, good=good)  # type: ignore[attr-defined]


class MINT_OT_notify(ButtonOperator):
    """Show a message in the status bar."""

    # A report of an operator that was called from Python goes to the caller only. A report of a
    # modal operator at its end reaches the user in any editor, so this one ends at its first timer
    # event.

    bl_idname = "mint.notify"
    bl_label = "Mint"

    text: bpy.props.StringProperty(options={"SKIP_SAVE"})
    good: bpy.props.BoolProperty(default=True, options={"SKIP_SAVE"})

    _timer: bpy.types.Timer | None = None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Wait for the first event of a timer."""
        self._timer = context.window_manager.event_timer_add(0.01, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Report the text; pass every event on."""
        self.cancel(context)
        self.report({"INFO"} if self.good else {"WARNING"}, self.text)
        return {"FINISHED", "PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Remove the timer: another file is being opened, or the window closes."""
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
