# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on does not do: go online unasked, import during input, announce old jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import ESTIMATE, known_price
from .test_interruptions import OPEN
from .test_jobs import SAID, start

pytestmark = pytest.mark.window


@pytest.mark.covers("S-offline")
def test_opening_a_file_sends_nothing(
    open_blender: Callable[..., BlenderWindow], service: Service, since: Since, tmp_path: Path
) -> None:
    """Nothing is sent with a stored key until the Mint tab was seen."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "form.json").write_text(
        '{"kind": "MODEL", "preset": "FAST", "review": false}', encoding="utf-8"
    )
    blender = open_blender()
    path = str(tmp_path / "other.blend")
    blender.ask("bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)", path=path)
    blender.wait("bpy.context.window_manager.mint.preset == 'FAST'")
    blender.ask(OPEN, path=path)
    blender.wait("bpy.data.filepath == path", path=path)
    blender.wait("bpy.context.window_manager.mint.preset == 'FAST'")
    # longer than the pause before a price is asked for, and than the start-up waits
    time.sleep(2.0)
    assert since.count("*", "*") == 0
    blender.open_sidebar()
    known_price(blender)
    blender.wait("job_service().budget.balance")
    assert since.count("POST", ESTIMATE) == 1


def test_nothing_is_imported_while_the_user_types(
    blender: BlenderWindow, service: Service, leisurely: None
) -> None:
    """A prompt is typed meanwhile; the scene does not change until the field is left."""
    start(blender, "a lamp that comes late")
    blender.wait("jobs()[0]['previews']")
    blender.click("mint.prompt")
    time.sleep(0.2)
    blender.display.press()
    blender.type("lam")
    assert blender.ask("part('ui.text_fields').may_be_edited()")
    before = blender.ask("scene()")
    service.advance(2000)
    for letter in "psoft":
        blender.type(letter)
        time.sleep(0.3)
    blender.wait("jobs()[0]['phase'] in ('ready', 'fetching', 'placed')")
    time.sleep(1.0)  # several beats
    assert blender.ask("scene()") == before, (
        "something was imported while a text field was being edited"
    )
    blender.key("Return")  # the pointer stays where it is, on the field
    blender.wait_for("placed", title="late")


@pytest.mark.thorough
def test_an_earlier_session_is_not_announced(
    open_blender: Callable[..., BlenderWindow], service: Service, since: Since, leisurely: None
) -> None:
    """Only the job that ends after the restart is announced."""
    first = open_blender()
    start(first, "a lamp of yesterday")
    first.wait("jobs()[0]['previews']")
    service.advance(2000)
    first.wait_for("placed")
    start(first, "a lamp of today")
    first.wait("jobs()[0]['previews']")
    first.quit()
    second = open_blender()
    second.open_sidebar()
    second.call("mint.browse_library")
    second.wait("jobs() and jobs()[0]['active']")
    service.advance(2000)
    second.wait("jobs()[0]['phase'] == 'ready' and not jobs()[0]['active']")
    second.wait("not part('ui.heartbeat').is_beating()")
    said = second.ask(SAID)
    assert said.count("a lamp of today: Ready") == 1
    assert "yesterday" not in said
    assert since.starts == 2
