# SPDX-License-Identifier: GPL-3.0-or-later
"""Results are imported by a background Blender; the window only appends them."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .test_jobs import place, start

pytestmark = pytest.mark.window

SET_UP = """
build = part('scene.model.build')
build.count, build.real = 0, getattr(build, 'real', build.import_glb)
def counting(*words, **more):
    build.count += 1
    return build.real(*words, **more)
build.import_glb = counting
bpy.context.preferences.addons[part('').__package__].preferences.import_in_background = True
preparations = part('ui.job_list.auto_import')._preparations()
preparations.close()
preparations._start = part('delivery.preparation')._start_child
"""
DIRECT_IMPORTS = "part('scene.model.build').count"
WAY = "part('ui.job_list.auto_import').way_in_words()"


@pytest.fixture
def background(blender: BlenderWindow) -> BlenderWindow:
    """A window that imports in the background, without a child yet, and counts its own imports."""
    blender.ask(SET_UP)
    return blender


@pytest.mark.feature("import in a background Blender")
def test_a_result_is_appended_and_can_be_undone(background: BlenderWindow) -> None:
    """The window never runs the importer, and the result is one undo step."""
    assert background.ask(WAY) == "Results are imported in the background."
    place(background)
    assert len(background.ask("roots()")) == 1
    assert background.ask(DIRECT_IMPORTS) == 0
    background.over()
    background.key("ctrl+z")
    background.wait("not roots()")


@pytest.mark.thorough
def test_a_click_on_place_is_prepared_too(background: BlenderWindow) -> None:
    """The card says so meanwhile, and the result comes by itself."""
    start(background, "a lamp")
    background.ask("part('ui.session').document_changed()")
    background.wait_for("ready")
    background.click("mint.place")
    background.wait_for("placed")
    assert len(background.ask("roots()")) == 1
    assert background.ask(DIRECT_IMPORTS) == 0


@pytest.mark.thorough
def test_a_script_waits_until_its_result_is_prepared(background: BlenderWindow) -> None:
    """Its call places the result; an import that crashes Blender does not end this one."""
    start(background, "a lamp")
    background.ask("part('ui.session').document_changed()")
    job = background.wait_for("ready")
    background.ask(f"bpy.ops.mint.place(job_id={job['id']!r})")
    assert len(background.ask("roots()")) == 1
    assert background.ask(DIRECT_IMPORTS) == 0


@pytest.mark.thorough
def test_a_crash_of_the_background_blender_is_a_sentence(background: BlenderWindow) -> None:
    """This Blender goes on, and a click tries again."""
    background.ask(
        "module = part('delivery.preparation')\nmodule.real_code = module.CODE\n"
        "module.CODE = 'import os, sys\\nsys.stdin.readline()\\nos.kill(os.getpid(), 9)'"
    )
    start(background, "a lamp")
    job = background.wait("next((each for each in jobs() if each['trouble']), None)")
    assert "closed unexpectedly" in job["trouble"] and not background.ask("roots()")
    background.ask("module = part('delivery.preparation')\nmodule.CODE = module.real_code")
    background.click("mint.place")
    background.wait_for("placed")
    assert len(background.ask("roots()")) == 1
