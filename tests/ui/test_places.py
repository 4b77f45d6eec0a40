# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards stay where they are for a moment after a click, and while the pointer moves over them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.ui import text_fields  # noqa: E402
from mint_blender.ui.job_list import grouped_jobs, pointer  # noqa: E402

from .test_job_list import add  # noqa: E402

SIDEBAR = SimpleNamespace(region=SimpleNamespace(type="UI"))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that lets time pass for the pointer."""
    now = [time.monotonic()]
    monkeypatch.setattr(pointer.time, "monotonic", lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    return pass_time


def order(job_service: JobService) -> list[str]:
    """Return the ids of the shown jobs after a change."""
    grouped_jobs.prepare(job_service)
    return [job.id for part in grouped_jobs.grouped().groups for job in part.shown]


def settle_all(job_service: JobService) -> bool:
    """Do what a beat does; return whether panels would be drawn again."""
    grouped_jobs.prepare(job_service)
    return grouped_jobs.settle(job_service)


def test_cards_stay_for_a_moment_after_a_click(
    job_service: JobService, later: Callable[[float], None]
) -> None:
    """The heartbeat runs until they have moved, and then redraws."""
    add(job_service, Phase.REVIEW, 1)
    add(job_service, Phase.PAUSED, 1)
    before = order(job_service)
    first = job_service.job(before[0])
    assert pointer.note_click(SIDEBAR)  # type: ignore[arg-type]
    job_service.cache.save(replace(first, phase=Phase.PLACED))
    assert order(job_service) == before
    assert grouped_jobs.is_unsettled(job_service)
    assert not settle_all(job_service)
    later(pointer.AFTER_CLICK)
    assert settle_all(job_service)
    assert order(job_service) == before[::-1]
    assert not grouped_jobs.is_unsettled(job_service)
    assert not settle_all(job_service)


def test_cards_stay_while_the_pointer_moves_over_them(
    job_service: JobService, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pointer that rests for long does not count: nobody may be there."""
    is_over = [True]
    monkeypatch.setattr(pointer, "_is_over_sidebar", lambda window, position: is_over[0])
    window = SimpleNamespace(window=SimpleNamespace(as_pointer=lambda: 1))
    move: Any = SimpleNamespace(type="MOUSEMOVE", value="NOTHING", mouse_x=5, mouse_y=5)
    assert not pointer.may_click()
    text_fields.on_event(window, move)  # type: ignore[arg-type]
    assert pointer.may_click()
    later(pointer.AFTER_MOVE)
    assert not pointer.may_click()
    text_fields.on_event(window, move)  # type: ignore[arg-type]
    is_over[0] = False
    assert not pointer.may_click()


def test_the_wheel_begins_no_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is pressed and never released; a click on a field is how typing begins."""
    monkeypatch.setattr(text_fields, "_has_active", lambda window: True)
    here = bpy.context.window_manager.windows[0].as_pointer()
    window = SimpleNamespace(window=SimpleNamespace(as_pointer=lambda: here))
    for kind, is_typing in (("LEFTMOUSE", True), ("WHEELDOWNMOUSE", False), ("A", True)):
        event: Any = SimpleNamespace(type=kind, value="PRESS", mouse_x=5, mouse_y=5)
        text_fields.on_event(window, event)  # type: ignore[arg-type]
        assert text_fields.is_edited() == is_typing
    text_fields.reset()


def test_a_script_moves_cards_at_once(job_service: JobService) -> None:
    """No click on a card follows. The buttons of a sidebar run in the main region."""
    assert not pointer.note_click(SimpleNamespace(region=None))  # type: ignore[arg-type]
    assert not pointer.may_click()
    window = SimpleNamespace(region=SimpleNamespace(type="WINDOW"))
    assert pointer.note_click(window)  # type: ignore[arg-type]
    assert pointer.may_click()
