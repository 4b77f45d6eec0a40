# SPDX-License-Identifier: GPL-3.0-or-later
"""What may come between a click and its result: another file, a closed window, no network, the end
of Blender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset
from tests.mint_service.options import DURATIONS
from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since

pytestmark = pytest.mark.window

BEATS = "part('ui.heartbeat').is_beating()"
ACTIVE = "jobs() and jobs()[0]['active']"
AT_MINT = "jobs() and jobs()[0]['phase'] == 'working'"


def start(blender: BlenderWindow, prompt: str = "a lamp") -> None:
    """A job that is on its way at Mint."""
    assert blender.call("mint.generate", prompt=prompt, mode="AUTO", preset="FAST") == ["FINISHED"]
    blender.wait(AT_MINT)


def test_online_access_switched_off_and_on(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """Off: nothing more is sent, and the card says why. On again: the job goes on."""
    start(blender, "a lamp [stuck]")
    blender.ask("bpy.context.preferences.system.use_online_access = False")
    blender.wait("not job_service().is_online")
    blender.settle()
    quiet = len(service.log())
    blender.screenshot("online_access_switched_off")
    # ten times as long as the service asked the client to wait between two polls
    for _ in range(40):
        blender.ask("bpy.context.window_manager.windows[0].screen.areas[0].tag_redraw()")
    assert len(service.log()) <= quiet + 1  # one may have been on its way
    blender.ask("bpy.context.preferences.system.use_online_access = True")
    seen = len(service.log())
    blender.wait("job_service().is_online")
    while len(service.log()) == seen:
        blender.settle()
    blender.call("mint.cancel", job_id=blender.jobs()[0]["id"])
    blender.wait_for("canceled")
    assert since.starts == 1


def test_opening_another_file(blender: BlenderWindow, since: Since, tmp_path: Path) -> None:
    """A result does not land in a file where nobody asked for it: it waits with Place, which brings
    it there.
    """
    other = tmp_path / "other.blend"
    blender.ask("bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)", path=str(other))
    start(blender)
    blender.ask(f"with within('VIEW_3D'):\n    bpy.ops.wm.open_mainfile(filepath={str(other)!r})")
    blender.wait("bpy.data.filepath == path", path=str(other))
    blender.open_sidebar()
    blender.wait_for("ready")
    assert blender.ask("roots()") == []
    blender.screenshot("opening_another_file_waits")
    blender.click("mint.place")
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert since.starts == 1


def test_window_closed(blender: BlenderWindow, since: Since) -> None:
    """The window in which the heart beats is closed, another one is open: the job goes on there."""
    start(blender, "a lamp [slow-start]")
    blender.wait(BEATS)
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.window_new_main()")
    blender.wait("len(bpy.context.window_manager.windows) == 2")
    blender.ask(
        "with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):\n    bpy.ops.wm.window_close()"
    )
    blender.wait("len(bpy.context.window_manager.windows) == 1")
    blender.wait(BEATS)
    blender.call("mint.cancel", job_id=blender.jobs()[0]["id"])
    blender.wait_for("canceled")
    assert since.starts == 1


@pytest.fixture
def leisurely(service: Service) -> Iterator[None]:
    """While a test runs, the last part of a generation takes minutes, unless the test lets time
    pass at once.
    """
    service.scenario(durations={"final": 1000})
    yield
    service.scenario(durations={"final": DURATIONS["final"]})


def test_add_on_disabled_and_enabled(blender: BlenderWindow, since: Since) -> None:
    """Disabled in the middle of a job, the add-on leaves nothing behind; enabled again, it goes on
    with the job.
    """
    start(blender)
    blender.call("preferences.addon_disable", module="bl_ext.user_default.mint_blender")
    assert blender.ask("{what: names for what, names in left_of_us().items() if names}") == {}
    blender.call("preferences.addon_enable", module="bl_ext.user_default.mint_blender")
    blender.wait("jobs()")
    blender.wait("jobs()[0]['phase'] in ('ready', 'placed')")
    assert since.starts == 1


def test_quitting_and_starting_again(
    open_blender: Callable[..., BlenderWindow], service: Service, since: Since, leisurely: None
) -> None:
    """Blender ends at once though a job is in flight; the next Blender goes on with it, and it is
    paid once.
    """
    first = open_blender()
    start(first)
    first.wait("jobs()[0]['previews']")
    seconds = first.quit()
    print(f"Blender ended within {seconds:.2f} s of being told to")
    assert first.process.returncode == 0
    assert seconds < 2.0 + IDLE_QUIT
    second = open_blender()
    second.open_sidebar()
    second.wait(ACTIVE)
    second.screenshot("starting_again")
    service.advance(2000)
    second.wait("jobs()[0]['phase'] in ('ready', 'placed')")
    second.screenshot("starting_again_arrived")
    assert since.starts == 1


def test_the_queue_of_an_earlier_session(
    open_blender: Callable[..., BlenderWindow], since: Since, tmp_path: Path
) -> None:
    """Three jobs were in line when Blender ended: the panel says what they are and cost, and sends
    them with Continue only.
    """
    journal = Journal(tmp_path / "home")
    request = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)
    journal.add(
        *(new_job(request, Delivery(), now=1000.0 + number, estimate=800.0) for number in range(3))
    )
    journal.close()
    blender = open_blender()
    blender.open_sidebar()
    blender.wait("job_service() and job_service().unfinished.queue.count == 3")
    blender.settle()
    blender.screenshot("the_queue_of_an_earlier_session")
    assert since.starts == 0
    blender.click("mint.continue_queue")
    blender.wait("len(jobs()) == 3 and all(job['phase'] in ('ready', 'placed') for job in jobs())")
    assert since.starts == 3
    assert blender.ask("job_service().unfinished.queue.count") == 0


def test_two_blenders(
    open_blender: Callable[..., BlenderWindow], service: Service, since: Since, leisurely: None
) -> None:
    """Two Blenders share a journal: one drives the job; when it is killed, the other takes over,
    and nothing is started twice.
    """
    first = open_blender()
    start(first)
    first.wait("jobs()[0]['previews']")
    second = open_blender()
    second.open_sidebar()
    second.wait("jobs()")
    assert not second.jobs()[0]["active"]
    second.screenshot("two_blenders_the_other_drives")
    first.kill()
    second.wait(ACTIVE)
    service.advance(2000)
    second.wait("jobs()[0]['phase'] in ('ready', 'placed')")
    assert since.starts == 1


IDLE_QUIT = 1.0
"""Seconds that a Blender without anything in flight may take to end on a slow machine."""
