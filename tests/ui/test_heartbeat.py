# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer of the main thread: notifications, the balance, and the import of results."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import DEFAULT, Mock

import pytest

from ..jobs.spending_helpers import costing
from ..mint_service.runner import ThreadService
from .sample_jobs import a_job

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import import_job
from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import view_of
from mint_blender.jobs.queries import Balance
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import JournalError
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from mint_blender.scene import tags
from mint_blender.ui import heartbeat, notifications, session
from mint_blender.ui.job_list import auto_import
from mint_blender.ui.viewport import arrival

MINT = {"cancel": "everywhere"}


def beat_until(fact: Callable[[], object], seconds: float = 120.0) -> None:
    """Run the timer as a window does, until something is true."""
    until = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < until, "it did not come true"
        heartbeat.beat()
        time.sleep(0.01)


def start(prompt: str) -> Job:
    return session.service().start(GenerationRequest(Kind.MODEL, prompt))


# -- Notifications


def test_a_finished_job_is_announced_once(enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notification has the job's title as it was typed."""
    said: list[str] = []
    monkeypatch.setattr(notifications, "notify", lambda text, good=True: said.append(text))
    job = start("World")
    job_service = session.service()
    beat_until(lambda: job_service.job(job.id).phase is Phase.READY)
    beat_until(lambda: not job_service.has_active_work)
    heartbeat.beat()
    assert said == ["Mint: World: Ready"]


@pytest.mark.parametrize(
    ("phase", "spent", "expected"),
    [
        (Phase.WORKING, 150.0, "Mint cannot cancel this now."),
        (Phase.CANCELED, 150.0, "Canceled · 150 Credits"),
        (Phase.CANCELED, 0.0, "Canceled · No Credits charged"),
    ],
)
def test_it_is_said_what_became_of_a_cancel(
    phase: Phase, spent: float, expected: str, enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: why the job is not canceled, or what Mint keeps for it."""
    said: list[str] = []
    monkeypatch.setattr(notifications, "notify", lambda text, good=True: said.append(text))
    job = costing(Phase.WORKING, finalized=spent).with_note("Mint cannot cancel this now.")
    service = Mock(**{"is_driven_here.return_value": True, "view": view_of})
    for now in (replace(job, decision=Decision(Verb.CANCEL)), job.moved(phase), job.moved(phase)):
        service.jobs.return_value = [now]
        notifications.catch_up(service)
    assert said == [f"Mint: {job.title}: {expected}"]


def test_a_mistake_does_not_end_the_heartbeat(
    enabled: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in the log, and the timer goes on."""
    monkeypatch.setattr(heartbeat, "beat", Mock(side_effect=ValueError("broken")))
    monkeypatch.setattr(heartbeat._state(), "is_beating", True)
    tick: Any = SimpleNamespace(type="TIMER")
    assert heartbeat.MINT_OT_heartbeat.modal(None, bpy.context, tick) == {"PASS_THROUGH"}
    assert "heartbeat failed" in caplog.text


# -- The balance


def test_the_balance_counts_reserved_credits(service: ThreadService, enabled: None) -> None:
    """Credits reserved at the start are subtracted; a cancel gives them back."""
    job_service = session.service()
    job_service.ask_and_wait(Balance())
    full = job_service.budget.balance
    assert full is not None
    job = start("a lamp [stuck]")
    beat_until(lambda: job_service.job(job.id).phase is Phase.WORKING)
    beat_until(lambda: not job_service.queries.is_pending(Balance()))
    beat_until(lambda: job_service.budget.balance == service.credits())
    assert service.credits() < full
    job_service.cancel(job.id)
    beat_until(lambda: job_service.job(job.id).phase is Phase.CANCELED)
    beat_until(lambda: not job_service.has_active_work)
    beat_until(lambda: job_service.budget.balance == full)


# -- Landing


@pytest.mark.parametrize(
    ("operators", "delays"),
    [
        ("GIZMOGROUP_OT_gizmo_tweak POSE_OT_push ARMATURE_OT_extrude UV_OT_rip", True),
        (
            "GRAPH_OT_ghost_curves ACTION_OT_select_box SEQUENCER_OT_slip SCULPT_OT_brush_stroke",
            True,
        ),
        ("OBJECT_OT_transform_axis_target WM_OT_radial_control TRANSFORM_OT_translate", True),
        ("MINT_OT_heartbeat SCREEN_OT_animation_play WM_OT_modal_of_an_addon", False),
    ],
)
def test_some_modal_operators_delay_the_import(operators: str, delays: bool) -> None:
    """Nothing is imported while the user's hands are on one; playback and our timer are others."""
    assert [auto_import.is_hands_on(each) for each in operators.split()] == [delays] * len(
        operators.split()
    )


LOCKED = JournalError("The job journal is locked.")
BUSY = NotPossible("a lamp is still in progress. Wait until it stops, then try again.")


class Clock:
    """Turned by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock for the pauses between two tries."""
    clock = Clock()
    outcomes = auto_import.ImportOutcomes(clock)
    monkeypatch.setattr(auto_import, "outcomes", lambda: outcomes)
    return clock


@pytest.fixture
def ready(job_service: JobService, model: Path) -> Job:
    """Return a finished job that is imported automatically."""
    delivery = Delivery(document=session.document_id(), scene=bpy.context.scene.name)
    job = a_job(Phase.READY, delivery=delivery, model=model, now=time.time())
    job_service.cache.add(job)
    return job


def let_fail(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, times: int, error: Exception
) -> Mock:
    """Let this many writes of the journal fail; return what counts them."""
    really = getattr(owner, name)
    asked = Mock(side_effect=[*[error] * times, *[DEFAULT] * 9], wraps=really)
    monkeypatch.setattr(owner, name, asked)
    return asked


@pytest.mark.parametrize("error", [LOCKED, BUSY])
def test_a_result_that_cannot_be_recorded_is_imported_once(
    job_service: JobService,
    ready: Job,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """With a locked journal the result is imported once and recorded later, with few tries."""
    asked = let_fail(monkeypatch, job_service, "record_delivery", 3, error)
    for _ in range(40):
        assert heartbeat.beat(), "somebody has to go on trying"
        clock.now += 0.25
    assert len(list(tags.roots(job_id=ready.id))) == 1
    assert asked.call_count <= 4 and job_service.job(ready.id).phase is Phase.READY
    clock.now += 60
    heartbeat.beat()
    assert job_service.job(ready.id).phase is Phase.PLACED
    assert len(list(tags.roots(job_id=ready.id))) == 1
    assert not auto_import.is_waiting(job_service)


def test_a_failed_import_is_not_repeated(
    job_service: JobService, ready: Job, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed import whose reason cannot be recorded is not repeated."""
    Path(ready.files[0].path).write_bytes(b"no model")
    let_fail(monkeypatch, job_service, "mark_import_failed", 1, LOCKED)
    tries = Mock(wraps=import_job.place)
    monkeypatch.setattr(import_job, "place", tries)
    for _ in range(20):
        heartbeat.beat()
        clock.now += 0.25
    assert tries.call_count == 1
    assert job_service.job(ready.id).problem is not None


def test_a_result_that_cannot_be_shown_is_placed_all_the_same(
    job_service: JobService, ready: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would be placed once more, although it is in the scene."""
    refusal = RuntimeError("Viewport not in local view")
    monkeypatch.setattr(arrival, "arrived", Mock(side_effect=refusal))
    for _ in range(3):
        heartbeat.beat()
    assert job_service.job(ready.id).phase is Phase.PLACED
    assert len(list(tags.roots(job_id=ready.id))) == 1


def test_the_outcome_of_a_dismissed_job_is_dropped(
    job_service: JobService, ready: Job, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_fail(monkeypatch, job_service, "record_delivery", 1, LOCKED)
    heartbeat.beat()
    job_service.dismiss(ready.id)
    clock.now += 60
    heartbeat.beat()
    assert not auto_import.outcomes()


def test_an_import_is_marked_only_while_it_runs(
    job_service: JobService, ready: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark is on disk only during the import, to detect a crash."""
    folder, seen = job_service.home / "importing", []
    real = import_job.place

    def place(*words: Any, **more: Any) -> object:
        seen.extend(path.read_bytes() for path in folder.iterdir())
        return real(*words, **more)

    monkeypatch.setattr(import_job, "place", place)
    heartbeat.beat()
    assert len(seen) == 1 and ready.id.encode() in seen[0]
    assert list(folder.iterdir()) == []


@pytest.fixture
def job(job_service: JobService, model: Path) -> Job:
    """Return a job that another program has made; its model is 1 m in size."""
    made = a_job(Phase.READY, model=model, now=1.0)
    job_service.cache.add(made)
    return job_service.job(made.id)


def send(job_service: JobService, job: Job, document: str) -> None:
    """Send a job to a document, as another process with the same journal."""
    other = JobService(EngineConfig(job_service.home), job_service.account)
    other.set_delivery(job.id, replace(job.delivery, document=document))
    other.close()


def test_a_sent_result_lands_in_the_current_scene(job_service: JobService, job: Job) -> None:
    """It names no scene: the current one is used. One for another document is another Blender's."""
    send(job_service, job, "1" * 32)
    job_service.catch_up()
    heartbeat.beat()
    assert job_service.job(job.id).phase is Phase.READY and not auto_import.is_waiting(job_service)
    send(job_service, job, session.document_id())
    job_service.catch_up()
    assert auto_import.is_waiting(job_service)
    for _ in range(3):
        heartbeat.beat()
    assert job_service.job(job.id).phase is Phase.PLACED
    assert len(list(tags.roots(job_id=job.id))) == 1


@pytest.mark.parametrize("meters_per_unit", [1.0, 0.01])
def test_names_and_bounds_are_in_the_journal(
    job_service: JobService, job: Job, meters_per_unit: float, tmp_path: Path
) -> None:
    """The program that has sent it reads there what was placed where, in meters."""
    bpy.context.scene.unit_settings.scale_length = meters_per_unit
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    send(job_service, job, session.document_id())
    job_service.catch_up()
    heartbeat.beat()
    journal = JobService(EngineConfig(job_service.home), job_service.account)
    placement = journal.job(job.id).placement
    journal.close()
    assert placement is not None
    (root,) = tags.roots(job_id=job.id)
    assert placement.objects[0] == root.name
    assert set(placement.objects) == {each.name for each in bpy.context.scene.objects}
    assert placement.scene == bpy.context.scene.name
    assert placement.file == str(tmp_path / "scene.blend")
    assert placement.low is not None and placement.high is not None
    sizes = [high - low for low, high in zip(placement.low, placement.high, strict=True)]
    assert max(sizes) == pytest.approx(1.0, rel=0.01)
