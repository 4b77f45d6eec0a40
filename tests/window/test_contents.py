# SPDX-License-Identifier: GPL-3.0-or-later
"""What is offered and said: few things in each place, and what somebody wonders about once."""

from __future__ import annotations

import pytest

from .blender_window import ADDON, BlenderWindow
from .test_follow_up import made
from .test_jobs import start

pytestmark = pytest.mark.window

# A layout that draws nothing, and notes what is put into it.
RECORD = """
said, offered = [], []
class Recorder:
    def __getattr__(self, name):
        return lambda *words, **more: self.take(name, *words, **more)
    def take(self, name, *words, **more):
        said.append(more.get("text", ""))
        if name in ("operator", "menu", "operator_menu_enum"):
            offered.append(words[0])
        elif name == "prop":
            offered.append(words[1])
        return (Recorder(), Recorder()) if name == "panel" else Recorder()
"""
CARD = f"""{RECORD}
job = job_service().jobs()[0]
part('ui.review.preview_operators').show(job_service(), job)
part('ui.review.review_card').draw(Recorder(), job_service(), job)
result = [said, offered]
"""
MENU = f"""{RECORD}
job = job_service().jobs()[0]
view = part('jobs.presentation.job_view').JobView(job)
with within('VIEW_3D'):
    part('ui.job_list.list_operators').draw_job_menu(Recorder(), view, False)
result = [said, offered]
"""
WORLD = f"""{RECORD}
bpy.context.view_layer.objects.active = bpy.data.objects[roots()[-1]]
with within('VIEW_3D', 'UI'):
    part('ui.worlds.panel').draw(Recorder(), bpy.context)
result = len(offered) == 6
"""
PREFERENCES = f"""{RECORD}
stored = bpy.context.preferences.addons[addon].preferences
with within('VIEW_3D', 'UI'):
    part('ui.account.preferences')._draw(Recorder(), stored)
result = [said, offered]
"""


def test_the_card_says_once_that_a_preview_may_show_more(blender: BlenderWindow) -> None:
    """Also after a revision, and not at all without a picture."""
    start(blender, "a red lamp", mode="REVIEW")
    blender.wait_for("review")
    words = "The Preview may show more detail than the final result."
    assert blender.ask(CARD)[0].count(words) == 1
    blender.call("mint.revise", job_id=blender.jobs()[0]["id"], feedback="in blue")
    blender.wait("jobs()[0]['previews'] == 2 and jobs()[0]['phase'] == 'review'")
    said, offered = blender.ask(CARD)
    assert said.count(words) == 1
    assert offered.count("mint.approve") == offered.count("mint.revise") == 1


def test_the_menu_of_a_result_is_short(blender: BlenderWindow) -> None:
    """Six entries, and one that leads to what support needs."""
    made(blender)
    assert blender.ask(MENU)[1] == [
        "mint.place",
        "mint.place_with_mouse",
        "mint.use_prompt",
        "mint.convert",
        "mint.open_in_mint",
        "MINT_MT_job_support",
        "mint.dismiss",
    ]


def test_a_world_has_six_controls(blender: BlenderWindow) -> None:
    """How it is looked at, its three parts and its scale; the rest is in the Object menu."""
    start(blender, "a greenhouse", kind="WORLD")
    blender.wait_for("placed", seconds=90)
    blender.wait(WORLD)


def test_the_preferences_are_few(blender: BlenderWindow) -> None:
    """Limits read forward, and what was spent is two figures with their names."""
    made(blender)
    is_read = f"{PREFERENCES}result = 'Spent in Total' in said"
    blender.wait(is_read, addon=ADDON)
    said, offered = blender.ask(PREFERENCES, addon=ADDON)
    assert len(offered) <= 12, offered
    assert said.count("Ask Above") == 2
    assert said.count("Spent on This Computer") == said.count("Spent in Total") == 1
