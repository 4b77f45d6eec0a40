# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's pulse while jobs are in flight: one plain function, `beat`, and a modal timer
around it.

Functions of `bpy.app.timers` only look: what changes the file, or a collection that a field may
belong to, waits for the modal operator. That sees each event, and so knows whether somebody types
into a field (see `text_fields`): then it waits, too. No timer starts it in the middle of a word, as
it would not have seen how that began.

A modal operator ends when another file is opened or its window closes, so a `load_post` handler and
a timer bring it back. Nothing of ours ticks when nothing is in flight. In background mode no timer
ever ticks: there, whoever waits calls `beat`.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..addon_settings import may_go_online
from ..delivery.asset_library.process import SyncProcess
from ..jobs.service import JobService
from ..jobs.storage.journal import JournalError
from . import icons, notifications, session, text_fields
from .account import balance_watch, billing_watch, usage_chart
from .create import properties as create_properties
from .job_list import auto_import, review_feedback
from .library_browser import view_model
from .pricing import limit_dialog, pending_dialogs

log = logging.getLogger(__name__)

SECONDS = 0.25

_beating = False
_timer: bpy.types.Timer | None = None
_second = 0


@dataclass
class _Pending:
    """What has to be done when the heart beats next."""

    follow: bool = False  # a look has taken in news of jobs
    drafts: bool = False  # they are to be brought into line, once nobody types into one of them
    start: bool = False  # it is to beat as soon as nobody types
    recall: bool = False  # the settings of last time are to be filled in
    mistake: str = ""  # what went wrong at the last beat, if anything

    def forget(self) -> None:
        """Nothing has to be done."""
        self.follow = self.drafts = self.start = self.recall = False
        self.mistake = ""


_pending = _Pending()


def beat() -> bool:
    """Let what the worker said become what the panel shows.

    Returns whether anything is still in flight.
    """
    board = session.existing_service()
    if board is None:
        return False
    board.allow_online(may_go_online())
    changed, _pending.follow = board.catch_up() or _pending.follow, False
    a_second_is_over = _a_second_is_over()
    if a_second_is_over and board.is_active_elsewhere:
        changed |= board.take_over()
    _go_on_with_what_waits(board)
    landed = auto_import.land_ready(board)
    changed |= session.state(SyncProcess).poll()
    if changed or landed:
        follow(board)
        view_model.catch_up(board)
        notifications.catch_up(board)
        balance_watch.catch_up(board)
    if changed or landed or (a_second_is_over and board.is_active_at_all):
        # elapsed and remaining times are shown in seconds: each of them is news while a job runs
        redraw()
    return _is_in_flight(board)


def _go_on_with_what_waits(board: JobService) -> None:
    """Dialogs, and the drafts, whose fields must not move: once nobody types."""
    if (
        limit_dialog.waits_for_price() or pending_dialogs.are_there() or _pending.drafts
    ) and not text_fields.is_edited():
        limit_dialog.catch_up(board)
        pending_dialogs.catch_up()
        if _pending.drafts:
            _pending.drafts = False
            review_feedback.catch_up(board)


def _is_in_flight(board: JobService) -> bool:
    """Is there anything to beat for?"""
    is_waited_for = (
        limit_dialog.waits_for_price()
        or pending_dialogs.are_there()
        or _pending.drafts
        or auto_import.are_waiting(board)
    )
    return (
        board.is_active_at_all
        or board.is_active_elsewhere
        or is_waited_for
        or session.state(SyncProcess).is_running
    )


def look() -> None:
    """Let what Mint has answered be seen, while nothing may be changed: somebody may be typing."""
    board = session.existing_service()
    if board is not None and board.catch_up():
        _pending.follow = True
        view_model.catch_up(board)
        billing_watch.catch_up(board, listen)
        redraw()


def listen() -> None:
    """Something was asked: see to it that the answer is seen."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=SECONDS, persistent=True)


def _look() -> float | None:
    board = session.existing_service()
    try:
        look()
        if _pending.start and not _beating and not text_fields.may_be_edited():
            _pending.start = False
            ensure()
    except Exception as mistake:  # noqa: BLE001 - a timer that raises is removed
        _log_once(mistake)
    return SECONDS if _pending.start or (board is not None and board.asked()) else None


def _log_once(mistake: Exception) -> None:
    """A mistake that comes again at each beat is told once, with its traceback."""
    if _pending.mistake != repr(mistake):
        _pending.mistake = repr(mistake)
        log.error("The heartbeat failed", exc_info=mistake)


def follow(board: JobService) -> None:
    """What hangs on the jobs as they are now: pictures, drafts, the look-out for Credits, and the
    chart of what was spent.
    """
    icons.catch_up(board)
    _pending.drafts = text_fields.is_edited()
    if _pending.drafts:
        ensure()
    else:
        review_feedback.catch_up(board)
    billing_watch.catch_up(board, listen)
    usage_chart.catch_up(board)


def _a_second_is_over() -> bool:
    global _second
    before, _second = _second, int(time.monotonic())
    return before != _second


def ensure() -> None:
    """Something was started: see to it that the heart beats."""
    if bpy.app.background or _beating:
        return
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is not None:
        with bpy.context.temp_override(window=window):
            bpy.ops.mint.heartbeat("INVOKE_DEFAULT")


def redraw() -> None:
    """Something about the jobs has changed: draw again what shows them, sidebars, preferences and
    status bars of all windows.
    """
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                # Never the viewport itself: a heavy scene would be drawn again for a line of text.
                if (area.type, region.type) in {("VIEW_3D", "UI"), ("PREFERENCES", "WINDOW")}:
                    region.tag_redraw()
    # The status bar is in no screen's areas; it listens to this, and nothing is changed by saying
    # it.
    view_layer: Any = (bpy.types.Window, "view_layer")
    bpy.msgbus.publish_rna(key=view_layer)


class MINT_OT_heartbeat(bpy.types.Operator):
    """Follows Mint's jobs while any are in flight"""

    bl_idname = "mint.heartbeat"
    bl_label = "Follow Mint Jobs"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Begin to beat, in the window that is at hand."""
        global _beating, _timer
        if _beating:
            return {"CANCELLED"}
        _timer = context.window_manager.event_timer_add(SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        _beating = True
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Beat on timers only; every event goes on to whoever it was meant for."""
        if event.type != "TIMER":
            text_fields.hear(context, event)
            return {"PASS_THROUGH"}
        if not _beating:
            return {"FINISHED", "PASS_THROUGH"}
        in_flight = _beat_once()
        if in_flight:
            return {"PASS_THROUGH"}
        _stop_beating()
        return {"FINISHED", "PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """The window closed, or another file is being opened: go on elsewhere as soon as that is
        over.
        """
        _stop_beating()
        _pending.start = True
        listen()


def _beat_once() -> bool:
    """As `beat`. A mistake ends nothing, and is told once."""
    try:
        if _pending.recall:
            _pending.recall = False
            create_properties.recall()
        in_flight = beat()
    except Exception as mistake:  # noqa: BLE001 - a timer that raises is removed
        _log_once(mistake)
        return True
    _pending.mistake = ""
    return in_flight


def _stop_beating() -> None:
    """No timer of ours ticks any more."""
    global _beating, _timer
    _beating = False
    text_fields.forget()
    if _timer is not None:
        bpy.context.window_manager.event_timer_remove(_timer)
        _timer = None


def _remove_timer(timer: bpy.types.Timer) -> None:
    bpy.context.window_manager.event_timer_remove(timer)


@persistent
def _after_load(_path: str) -> None:
    """Another file is open: fill the mirrors that a file load empties, and go on."""
    session.document_changed()
    create_properties.recall()
    board = session.existing_service()
    if board is not None:
        follow(board)
        if _is_in_flight(board):
            ensure()


def start() -> None:
    """The add-on was enabled: go on with what an earlier Blender began."""
    bpy.app.handlers.load_post.append(_after_load)
    if not bpy.app.background:
        # Blender may be about to open a file
        bpy.app.timers.register(_go_on, first_interval=1.0, persistent=True)


def stop() -> None:
    """The add-on is disabled: no timer, handler or thread of ours is left."""
    global _beating, _timer
    _beating = False
    if _timer is not None:
        # Blender only marks the modal handler of an unregistered operator, and clears it away at
        # its next event: that needs one more tick.
        bpy.app.timers.register(partial(_remove_timer, _timer), first_interval=2 * SECONDS)
        _timer = None
    for timer in (_look, _go_on):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    _pending.forget()
    billing_watch.forget()
    if _after_load in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(_after_load)
    session.close_service()


def _go_on() -> None:
    """After the start: resume what was broken off, if there is a journal at all."""
    _pending.start = _pending.recall = True
    if (session.home() / "journal.sqlite3").exists():
        with suppress(JournalError):  # whoever clicks on something will be told
            session.service().resume_all()
            _pending.follow = True
    listen()
