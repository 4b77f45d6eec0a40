# SPDX-License-Identifier: GPL-3.0-or-later
"""Interruptions between a click and its result: another file, no network, quitting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset
from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .test_jobs import start

pytestmark = pytest.mark.window

BEATS = "part('ui.heartbeat').is_beating()"
ACTIVE = "jobs() and jobs()[0]['active']"
AT_MINT = "jobs() and jobs()[0]['phase'] == 'working'"
SAVE = "with within('VIEW_3D'):\n    bpy.ops.wm.save_as_mainfile(filepath=path)"
OPEN = "with within('VIEW_3D'):\n    bpy.ops.wm.open_mainfile(filepath=path)"
STATE = """
service = job_service()
job = part('ui.job_list.placed_results').shown(service.jobs()[0])
result = part('ui.job_list.placed_results').view_of(service, job).short_state
"""


def open_file(blender: BlenderWindow, path: Path) -> None:
    blender.ask(OPEN, path=str(path))
    blender.wait("bpy.data.filepath == path", path=str(path))
    blender.open_sidebar()


@pytest.mark.covers("S-offline")
def test_switching_online_access_off_and_on(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """Off, nothing is sent and the card says why; on again, the job continues."""
    start(blender, "a lamp [stuck]")
    blender.wait(AT_MINT)
    blender.ask("bpy.context.preferences.system.use_online_access = False")
    blender.wait("not job_service().is_online")
    blender.settle()
    quiet = len(service.log())
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


@pytest.mark.covers("R-undo")
def test_a_result_lands_when_its_file_is_open_again(
    blender: BlenderWindow, service: Service, since: Since, leisurely: None, tmp_path: Path
) -> None:
    """The file got its name after the click. While another one is open, its row names the file."""
    other, own = tmp_path / "other.blend", tmp_path / "scene2.blend"
    blender.ask(SAVE, path=str(other))
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()")
    blender.open_sidebar()
    start(blender, "a lamp")
    blender.wait("jobs()[0]['previews']")
    blender.ask(SAVE, path=str(own))
    open_file(blender, other)
    service.advance(2000)
    blender.wait_for("ready")
    blender.settle()
    assert blender.ask("roots()") == []
    assert blender.ask(STATE) == "Ready: made for scene2.blend"
    open_file(blender, own)
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert not blender.ask("part('ui.heartbeat').is_beating()")
    open_file(blender, other)
    assert blender.ask("roots()") == []
    assert since.starts == 1


@pytest.mark.thorough
@pytest.mark.covers("R-undo")
def test_a_job_continues_after_closing_its_window(blender: BlenderWindow, since: Since) -> None:
    """The timer runs in the other window."""
    start(blender, "a lamp [slow-start]")
    blender.wait(AT_MINT)
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


def test_disabling_and_enabling_the_add_on(blender: BlenderWindow, since: Since) -> None:
    """Disabled during a job it leaves nothing behind; enabled, it continues with the job."""
    start(blender, "a lamp")
    blender.wait(AT_MINT)
    blender.call("preferences.addon_disable", module="bl_ext.user_default.mint_blender")
    assert blender.ask("{what: names for what, names in left_of_us().items() if names}") == {}
    blender.call("preferences.addon_enable", module="bl_ext.user_default.mint_blender")
    blender.wait("jobs()")
    blender.wait("jobs()[0]['phase'] in ('ready', 'placed')")
    assert since.starts == 1


@pytest.mark.thorough
def test_a_job_is_started_right_after_disabling_and_enabling(
    blender: BlenderWindow, since: Since
) -> None:
    """A script disables and enables the add-on, notifies and starts a job before the next event.

    Blender 4.3 crashed: the modal handler of the operator that was unregistered was still there.
    """
    start(blender, "a lamp")
    blender.wait(AT_MINT)
    blender.wait(BEATS)
    blender.ask(
        "for toggle in (bpy.ops.preferences.addon_disable, bpy.ops.preferences.addon_enable):\n"
        "    toggle(module='bl_ext.user_default.mint_blender')\n"
        "part('ui.notifications').notify('Enabled again')\n"
        "bpy.ops.mint.generate(prompt='a mug', mode='AUTO', preset='FAST')"
    )
    blender.wait(BEATS)
    blender.wait(
        "len(jobs()) == 2 and all(each['phase'] in ('ready', 'placed') for each in jobs())"
    )
    assert since.starts == 2


@pytest.mark.covers("R-undo")
def test_quitting_and_starting_again(
    open_blender: Callable[..., BlenderWindow],
    service: Service,
    since: Since,
    leisurely: None,
    tmp_path: Path,
) -> None:
    """The next Blender goes on with the job, which is paid once; its result waits for its file."""
    file = tmp_path / "scene.blend"
    first = open_blender()
    first.ask(SAVE, path=str(file))
    start(first, "a lamp")
    first.wait("jobs() and jobs()[0]['previews']")
    first.quit()
    assert first.process.returncode == 0
    second = open_blender()
    second.open_sidebar()
    second.wait(ACTIVE)
    service.advance(2000)
    second.wait_for("ready")
    assert second.ask("roots()") == []
    open_file(second, file)
    second.wait_for("placed")
    assert len(second.ask("roots()")) == 1
    assert since.starts == 1


@pytest.mark.thorough
@pytest.mark.covers("R-queue")
def test_the_queue_of_an_earlier_session_waits(
    open_blender: Callable[..., BlenderWindow], since: Since, tmp_path: Path
) -> None:
    """The panel shows its size and price, and sends the jobs only after Continue."""
    journal = Journal(tmp_path / "home")
    request = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)
    journal.add(
        *(new_job(request, Delivery(), now=1000.0 + number, estimate=800.0) for number in range(3))
    )
    journal.close()
    blender = open_blender()
    blender.open_sidebar()
    blender.wait("job_service() and len(job_service().unfinished.queue) == 3")
    blender.settle()
    assert since.starts == 0
    blender.click("mint.continue_queue")
    blender.pay()
    blender.wait("len(jobs()) == 3 and all(job['phase'] in ('ready', 'placed') for job in jobs())")
    assert since.starts == 3
    assert blender.ask("len(job_service().unfinished.queue)") == 0
