# SPDX-License-Identifier: GPL-3.0-or-later
"""A Preview on its card: look at it, compare it, and decide about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from tests.mint_service.runner import Service
from tests.service.contract_client import ContractClient

from .blender_window import BlenderWindow
from .conftest import Since
from .test_jobs import start

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("no_limits")]

BLUE, RED = (31, 76, 204), (204, 31, 26)
"""What the stand-in paints for these words."""


def extent(
    blender: BlenderWindow, color: tuple[int, int, int], area: Sequence[int]
) -> tuple[int, ...]:
    """Return where a color is in an area of the window: left, top, right, bottom; empty: nowhere."""
    blender.settle()
    apart = np.abs(blender.display.picture(area).astype(int) - color).max(axis=2)
    rows, columns = np.nonzero(apart < 12)
    if not len(rows):
        return ()
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


RESTS = "jobs()[0]['previews'] == {} and jobs()[0]['phase'] == 'review' and not jobs()[0]['active']"
FEEDBACK = "bpy.context.window_manager.mint_feedback"


def waiting(blender: BlenderWindow, prompt: str = "a red ceramic lamp") -> None:
    """Have a job that waits for a decision about its first Preview."""
    start(blender, prompt, mode="REVIEW")
    blender.wait_for("review", title=prompt)
    blender.wait("not jobs()[0]['active']")


def card(blender: BlenderWindow) -> tuple[int, ...]:
    """Return the box of the card on the screen, without the margin around it."""
    left, top, right, bottom = blender.ask("box('POPUP', '')")
    return left + 26, top + 26, right - 26, bottom


def write(blender: BlenderWindow, text: str) -> None:
    """Write into the field of the card, and end with Enter."""
    blender.in_popup("mint_feedback")
    blender.write("mint_feedback", text, kind="POPUP", name="")


def button(blender: BlenderWindow, what: str) -> str:
    """Return the whole command of a button of the card."""
    found = blender.buttons(kind="POPUP", name="")
    return next((each for each in found if what in each), "")


@pytest.mark.covers("R-decide")
def test_previews_flip_in_place_and_the_newest_is_approved(
    blender: BlenderWindow, since: Since
) -> None:
    """One card leads from the first Preview over a revision to the model, which it does not cover."""
    waiting(blender)
    blender.review()
    assert "credits=150" in button(blender, "mint.revise(")
    write(blender, "make the shade blue")
    assert 'draft="make the shade blue"' in button(blender, "mint.approve")
    blender.click_in_popup("mint.revise(")
    blender.wait(RESTS.format(2))
    assert since.count("POST", "/v1/operations/*:revise") == 1
    assert blender.ask(FEEDBACK) == "", "what was sent is still in the field"
    blender.display.still()
    area = card(blender)
    second = extent(blender, BLUE, area)
    assert second, "the card shows the newest Preview"
    approve = blender.in_popup("mint.approve")
    blender.click_in_popup("preview=1)")
    blender.display.still()
    assert card(blender) == area, "the card has moved"
    assert extent(blender, RED, area) == second
    blender.display.move(*approve)
    blender.wait_until_settled()
    blender.display.press()
    blender.settle()
    assert since.count("POST", "/v1/operations/*:approve") == 0, "an older Preview was approved"
    blender.click_in_popup("preview=2)")
    blender.click_in_popup("mint.approve")
    assert card(blender), "the card was closed"
    blender.wait_for("placed")
    blender.wait("region('POPUP', '').width == 0")
    assert since.starts == 1
    assert since.count("POST", "/v1/operations/*:approve") == 1


PAINT_BARS = """
bar = bpy.context.preferences.themes[0].user_interface.wcol_progress
bar.item = bar.inner = (1.0, 0.0, 1.0, 1.0)
"""
MENU = """
menu = part('ui.job_list.list_operators')
menu.MINT_MT_job.job_id = job_service().jobs()[0].id
drawn = []
class Layout:
    def __getattr__(self, name):
        return lambda *words, **more: drawn.append(words[0] if words else name) or Layout()
menu.draw_job_menu(Layout(), *menu._job_of_menu())
result = [each for each in drawn if str(each).startswith('mint.')]
"""


def test_a_failure_is_retried_on_its_card(blender: BlenderWindow, since: Since) -> None:
    """No bar reads "Failed"; Retry stands on the card, and is the first entry of the menu."""
    waiting(blender, "a red lamp [transient]")
    blender.review()
    blender.click_in_popup("mint.approve")
    blender.wait_for("failed")
    blender.ask(PAINT_BARS)
    blender.display.still()
    path = blender.screenshot("card_failed")
    assert extent(blender, (255, 0, 255), card(blender)) == (), path
    assert blender.ask(MENU)[0] == "mint.retry"
    blender.click_in_popup("mint.retry")
    blender.pay()
    blender.wait_for("review")
    assert since.starts == 1 and since.count("POST", "/v1/*:retry") == 1
    blender.review()
    path = blender.screenshot("card_retried")
    words = blender.ask(
        "str(part('ui.review.review_card')._left_words(job_service(), job_service().jobs()[0]))"
    )
    assert words.startswith("98 Credits of this are reserved. "), (words, path)
    cost = blender.ask(
        "str(part('jobs.presentation.job_view').JobView(job_service().jobs()[0]).cost)"
    )
    assert cost.endswith(" for earlier attempts"), (cost, path)


@pytest.mark.thorough
@pytest.mark.covers("R-decide")
def test_a_preview_that_was_revised_elsewhere_is_not_approved(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """The newer Preview is shown on the open card, and the next click approves it."""
    waiting(blender)
    other, operation = ContractClient(service), service.operations()[-1].id
    other.post(f"/operations/{operation}:revise", {"feedback": "make the shade blue"})
    while other.operation(operation)["status"] != "preview_ready":
        time.sleep(0.1)
    blender.review()
    blender.click_in_popup("mint.approve")
    blender.wait(RESTS.format(2))
    assert since.count("POST", "/v1/operations/*:approve") == 0
    blender.click_in_popup("mint.approve")
    blender.wait_for("placed")
    assert since.count("POST", "/v1/operations/*:approve") == 1


@pytest.mark.thorough
def test_a_draft_survives_all_but_revise_and_cancel(blender: BlenderWindow, since: Since) -> None:
    """Each job has its own; closing the card, another job, undo and a new file keep it."""
    waiting(blender)
    waiting(blender, "a blue chair")
    blender.review("lamp")
    write(blender, "taller")
    blender.click_in_popup("turn_card")
    assert blender.ask(FEEDBACK) == "", "the other job has the same draft"
    write(blender, "with arms")
    blender.ask(
        "with within('VIEW_3D'):\n    bpy.ops.mesh.primitive_cube_add()\n    bpy.ops.ed.undo_push()\n    bpy.ops.ed.undo()"
    )
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()")
    blender.open_sidebar()
    lamp = next(each["id"] for each in blender.jobs() if "lamp" in each["title"])
    draft = "part('ui.review.card_state').draft(job)"
    assert blender.ask(draft, job=lamp) == "taller"
    blender.review("chair")
    assert blender.ask(FEEDBACK) == "with arms"
    blender.click_in_popup("mint.approve")
    blender.wait_for("ready", title="chair")  # made for the file that was open before
    assert blender.ask(FEEDBACK) == "with arms", "Approve has dropped it"
    blender.key("Escape")
    assert blender.call("mint.cancel", job_id=lamp) == ["FINISHED"]
    assert blender.ask(draft, job=lamp) == ""
    assert since.count("POST", "/v1/operations/*:approve") == 1


def test_a_draft_that_no_button_shows_is_refused(blender: BlenderWindow, since: Since) -> None:
    """A text that has changed since the button was drawn is neither sent nor left out."""
    waiting(blender)
    blender.review()
    write(blender, "taller")
    job = blender.jobs()[0]["id"]
    for decide in ("mint.approve", "mint.revise("):
        blender.in_popup(decide)
        blender.ask("part('ui.review.card_state').write(job, 'smaller')", job=job)
        blender.display.press()
        blender.settle()
        blender.ask("part('ui.review.card_state').write(job, 'taller')", job=job)
        blender.ask("part('ui.heartbeat').redraw()")
    assert since.count("POST", "/v1/operations/*:approve") == 0
    assert since.count("POST", "/v1/operations/*:revise") == 0


CANCEL_WORDS = "part('ui.pricing.limit_dialog').in_front()._words"
KEEP_WORDS = "part('ui.pricing.limit_dialog').in_front().keep_words"


@pytest.mark.thorough
def test_cancel_asks_when_credits_were_spent(blender: BlenderWindow, since: Since) -> None:
    """The question names the amount; Enter keeps the job, and a script is not asked."""
    waiting(blender, "a red lamp")
    assert blender.ask("job_service().jobs()[0].cost") > 0
    job = blender.jobs()[0]["id"]
    ask = partial(blender.call, "mint.cancel", "INVOKE_DEFAULT", job_id=job)
    blender.over()
    blender.until_it_shows(ask)
    blender.until_it_shows(lambda: blender.key("Return"))
    assert blender.jobs()[0]["phase"] == "review"
    blender.until_it_shows(ask)
    assert "up to" in blender.ask(CANCEL_WORDS) and blender.ask(KEEP_WORDS) == "Keep Job"
    blender.pay()
    blender.wait_for("canceled")
    assert since.count("POST", "/v1/operations/*:cancel") == 1
    waiting(blender, "a blue lamp")
    assert blender.call("mint.cancel", job_id=blender.jobs()[0]["id"]) == ["FINISHED"]
    blender.wait_for("canceled", title="blue")
