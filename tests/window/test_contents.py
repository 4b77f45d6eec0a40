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
PREFERENCES = f"""{RECORD}
stored = bpy.context.preferences.addons[addon].preferences
with within('VIEW_3D', 'UI'):
    for each in ('account', 'limits', 'folders'):
        getattr(part('ui.account.preferences'), f'_draw_{{each}}')(Recorder(), stored)
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


def test_the_preferences_are_few(blender: BlenderWindow) -> None:
    """Limits read forward, and what was spent is two figures with their names."""
    made(blender)
    is_read = f"{PREFERENCES}result = 'Spent in Total' in said"
    blender.wait(is_read, addon=ADDON)
    said, offered = blender.ask(PREFERENCES, addon=ADDON)
    assert len(offered) <= 12, offered
    assert said.count("Ask Above") == 2
    assert said.count("Spent on This Computer") == said.count("Spent in Total") == 1
