# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's regular work while jobs are in flight: `beat`, run by a modal timer.

Features subscribe: `on_beat`, `on_jobs_changed`, `on_answers`, `on_file_loaded`, `before_redraw`.
This module knows none of them.

Functions of `bpy.app.timers` only read answers. Whatever changes the file, or a collection that a
text field may belong to, is left to the modal operator. It sees each event, so it knows whether the
user is typing into a field (see `text_fields`), and waits until that ends. No timer starts it while
the user is typing, since it would not have seen the beginning.

A modal operator ends when another file is opened or its window closes, so a `load_post` handler
and a timer start it again. When nothing is in flight, no timer runs: what another process has
written is then noticed when a panel is drawn (`look_sometimes`). In background mode no timer runs
either: there, the code that waits calls `beat`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import bpy
from bpy.app.handlers import persistent

from ..addon_settings import may_go_online
from ..message import UserError
from . import session, text_fields, visibility
from .operator_bases import ButtonOperator
from .typed_context import can_add_modal_handler, is_gizmo_dragged

if TYPE_CHECKING:
    from ..jobs.service import JobService


SECONDS = 0.1
SOON = 0.01
"""Seconds between two beats while a result is about to arrive, so that it does not wait for one."""
LOOK_EVERY = 2.0
"""Seconds between two reads of the journal because a panel was drawn."""


class _BeatSubscriber(NamedTuple):
    work: Callable[[JobService], bool]
    is_waiting: Callable[[JobService], bool]
    is_due_soon: Callable[[JobService], bool]


class _State:
    is_beating: bool = False
    timer: bpy.types.Timer | None = None
    second: int = 0  # of the monotonic clock, at the last beat
    looked_at: float = 0.0  # when the journal was last read because a panel was drawn
    has_news: bool = False  # `look` has received changes of jobs, which the next beat handles
    is_start_due: bool = False  # start the heartbeat as soon as the user is not typing
    is_file_new: bool = False  # no feature was told yet of the file that Blender started with
    mistake: str = ""  # what went wrong at the last beat, if anything

    def __init__(self) -> None:
        self.on_beat: list[_BeatSubscriber] = []
        self.on_jobs_changed: list[Callable[[JobService], object]] = []
        self.on_answers: list[Callable[[JobService], object]] = []
        self.on_file_loaded: list[Callable[[], object]] = []
        self.before_redraw: list[Callable[[JobService], object]] = []


def _state() -> _State:
    return session.state(_State)


# -- subscriptions, which last as long as the session


def on_beat(
    work: Callable[[JobService], bool],
    *,
    is_waiting: Callable[[JobService], bool] = lambda service: False,
    is_due_soon: Callable[[JobService], bool] = lambda service: False,
) -> None:
    """Call `work` at each beat; it returns whether it has changed what the panels show.

    The heartbeat continues as long as `is_waiting` returns True, and is faster as long as
    `is_due_soon` does.
    """
    _state().on_beat.append(_BeatSubscriber(work, is_waiting, is_due_soon))


def on_jobs_changed(subscriber: Callable[[JobService], object]) -> None:
    """Call this when jobs have changed, and after a file load, which empties all properties."""
    _state().on_jobs_changed.append(subscriber)


def on_answers(subscriber: Callable[[JobService], object]) -> None:
    """Call this when answers from Mint were received between two beats.

    The user may be typing: it must not change the file or a collection of properties.
    """
    _state().on_answers.append(subscriber)


def on_file_loaded(subscriber: Callable[[], object]) -> None:
    """Call this when another file was opened, and once after Blender has started."""
    _state().on_file_loaded.append(subscriber)


def before_redraw(subscriber: Callable[[JobService], object]) -> None:
    """Call this before panels are redrawn, to prepare what they show of the jobs.

    It is called often, and should return at once when nothing has changed.
    """
    _state().before_redraw.append(subscriber)


# -- beats


def beat() -> bool:
    """Apply the worker's events, call the subscribers, and redraw.

    Returns whether anything is still in flight.
    """
    service = session.existing_service()
    if service is None:
        return False
    service.allow_online(may_go_online())
    state = _state()
    before, state.second = state.second, int(time.monotonic())
    is_second_over = before != state.second
    changed = service.catch_up(others=is_second_over) or state.has_news
    state.has_news = False
    _prepare(service)  # first: if anything below fails, the current state is still shown
    if is_second_over and service.unfinished.are_elsewhere:
        changed |= service.unfinished.take_over()
    for subscriber in state.on_beat:
        changed |= subscriber.work(service)
    if changed:
        jobs_changed(service)
    if changed or (is_second_over and service.has_active_work):
        # times are shown in seconds, so the panels are redrawn each second while a job runs
        redraw()
    return _is_in_flight(service)


def _prepare(service: JobService) -> None:
    for subscriber in _state().before_redraw:
        subscriber(service)


def jobs_changed(service: JobService) -> None:
    """Call the subscribers after jobs have changed: by the worker, or by an edit of the list."""
    for subscriber in _state().on_jobs_changed:
        subscriber(service)


def is_beating() -> bool:
    """Return whether the modal timer runs."""
    return _state().is_beating


def _is_in_flight(service: JobService) -> bool:
    return (
        service.has_active_work
        or service.unfinished.are_elsewhere
        or any(subscriber.is_waiting(service) for subscriber in _state().on_beat)
    )


def look() -> None:
    """Show Mint's answers without changing the file: the user may be typing.

    If jobs have changed too, a beat follows as soon as the user is not typing.
    """
    service = session.existing_service()
    state = _state()
    if service is None:
        return
    before = service.cache.version
    if service.catch_up():
        state.has_news = True
        for subscriber in state.on_answers:
            subscriber(service)
        redraw()
    if service.cache.version != before and not state.is_beating:
        state.is_start_due = True
        listen()


def look_sometimes() -> None:
    """Show what other processes have written; for panels that were drawn, so at short intervals."""
    state = _state()
    now = time.monotonic()
    if session.existing_service() is not None and now - state.looked_at > LOOK_EVERY:
        state.looked_at = now
        with suppress(UserError):  # starting a job shows the error
            look()


def listen() -> None:
    """Make sure that the answers to sent queries are received."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=SECONDS, persistent=True)


def _look() -> float | None:
    service = session.existing_service()
    state = _state()
    try:
        look()
        if state.is_start_due and not state.is_beating and not text_fields.may_be_edited():
            state.is_start_due = False
            ensure()
    except Exception as mistake:  # noqa: BLE001 - a timer that raises is removed
        _log_once(mistake)
    return (
        SECONDS
        if state.is_start_due or (service is not None and service.queries.pending())
        else None
    )


def _log_once(mistake: Exception) -> None:
    """Log an exception with its traceback, but not again at each beat."""
    if _state().mistake != repr(mistake):
        _state().mistake = repr(mistake)
        session.logger(__name__).error("The heartbeat failed", exc_info=mistake)


def ensure() -> None:
    """Make sure that the heartbeat runs, after something was started."""
    if bpy.app.background or is_beating():
        return
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is not None and not can_add_modal_handler(window):
        _state().is_start_due = True
        listen()
    elif window is not None:
        with bpy.context.temp_override(window=window):
            bpy.ops.mint.heartbeat("INVOKE_DEFAULT")  # type: ignore[attr-defined]


def redraw() -> None:
    """Redraw what shows jobs: sidebars, preferences and status bars of all windows."""
    service = session.existing_service()
    if service is not None:
        _prepare(service)
    visibility.tag_redraw()


class MINT_OT_heartbeat(ButtonOperator):
    """Update the job list while jobs are running."""

    bl_idname = "mint.heartbeat"
    bl_label = "Follow Mint Jobs"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Start the modal timer in the current window."""
        state = _state()
        if state.is_beating:
            return {"CANCELLED"}
        _adjust_timer(context)
        context.window_manager.modal_handler_add(self)
        state.is_beating = True
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Call `beat` on timer events only; pass every event on."""
        if is_gizmo_dragged(context):
            return {"PASS_THROUGH"}
        if event.type != "TIMER":
            text_fields.on_event(context, event)
            return {"PASS_THROUGH"}
        if not is_beating():
            return {"FINISHED", "PASS_THROUGH"}
        if _beat_once():
            _adjust_timer(context)
            return {"PASS_THROUGH"}
        _stop_beating()
        return {"FINISHED", "PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Start again soon: the window closed, or another file is being opened."""
        _stop_beating()
        _state().is_start_due = True
        listen()


def _adjust_timer(context: bpy.types.Context) -> None:
    """Have the modal operator called rarely, or often while a result is about to arrive."""
    service = session.existing_service()
    state = _state()
    is_due = service is not None and any(
        subscriber.is_due_soon(service) for subscriber in state.on_beat
    )
    seconds = SOON if is_due else SECONDS
    if state.timer is None or state.timer.time_step != seconds:
        if state.timer is not None:
            _remove_timer(state.timer)
        state.timer = context.window_manager.event_timer_add(seconds, window=context.window)


def _beat_once() -> bool:
    """Call `beat`; an exception is logged once and does not stop the heartbeat."""
    state = _state()
    try:
        if state.is_file_new:
            state.is_file_new = False
            _tell_file_loaded()
        in_flight = beat()
    except Exception as mistake:  # noqa: BLE001 - a timer that raises is removed
        _log_once(mistake)
        return True
    state.mistake = ""
    return in_flight


def _stop_beating() -> None:
    """Remove the modal timer."""
    state = _state()
    state.is_beating = False
    text_fields.reset()
    if state.timer is not None:
        _remove_timer(state.timer)
        state.timer = None


def _remove_timer(timer: bpy.types.Timer) -> None:
    bpy.context.window_manager.event_timer_remove(timer)


def _tell_file_loaded() -> None:
    for subscriber in _state().on_file_loaded:
        subscriber()


@persistent
def _after_load(_path: str) -> None:
    """Call the subscribers, which refill properties, and continue after a file load."""
    session.document_changed()
    _tell_file_loaded()
    service = session.existing_service()
    if service is not None:
        jobs_changed(service)
        if _is_in_flight(service):
            ensure()


def start() -> None:
    """Resume the jobs of an earlier session, once Blender has started up."""
    bpy.app.handlers.load_post.append(_after_load)
    if not bpy.app.background:
        # Blender may be about to open a file
        bpy.app.timers.register(_resume, first_interval=1.0, persistent=True)


def stop() -> None:
    """Remove the timers and handlers."""
    state = _state()
    state.is_beating = False
    if state.timer is not None:
        # Blender only marks the modal handler of an unregistered operator, and removes it at its
        # next event: that needs one more tick.
        bpy.app.timers.register(partial(_remove_timer, state.timer), first_interval=2 * SECONDS)
        state.timer = None
    for timer in (_look, _resume):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    if _after_load in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(_after_load)


def _resume() -> float | None:
    """Resume what was interrupted, if there is a journal at all.

    Everything is loaded first, also without one: neither the first drawing of the tab nor the first
    click has to wait for that.
    """
    if session.is_loading():
        return visibility.SECONDS
    has_journal = (session.home() / "journal.sqlite3").exists()
    state = _state()
    state.is_start_due = state.is_file_new = True
    if has_journal:
        with suppress(UserError):  # the next click reports it
            session.service().unfinished.resume_all()
            state.has_news = True
    listen()
    return None
