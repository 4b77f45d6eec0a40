# SPDX-License-Identifier: GPL-3.0-or-later
"""Click on the review card, with the mouse and the keyboard of the display."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.window.blender_window import BlenderWindow, NotTrue

from .steps import Step

CARD = "part('ui.review.card_state')"
SHOWN = f"{CARD}.shown_id()"
IS_OPEN = "region('POPUP', '').width > 1"
CLOSE = "setattr(window(), 'screen', window().screen)"
NEIGHBORS = """
card, shown = part('ui.review.review_card'), part('ui.review.card_state').shown_id()
job = next(each for each in job_service().jobs() if each.id == shown)
result = [each.id for step in (-1, 1) if (each := card.neighbor(job, step)) is not None]
"""
PAUSE = 0.3
MENU = 28
"""Pixels from the edge of the card to the button of its menu."""


def act(window: BlenderWindow, step: Step, folder: Path) -> str:
    """Do on the open card what the number of a step says; return what was done.

    A job goes on meanwhile, so a button may be gone: that is no mistake.
    """
    chance = Random(step.number)
    chosen: Callable[[Random, BlenderWindow, Path], None] = chance.choice(ACTS)
    done = chosen.__name__.strip("_")
    try:
        window.wait(IS_OPEN, seconds=5.0)
        chosen(chance, window, folder)
    except NotTrue:
        done += ": there was no such button"
    for _ in range(3):
        window.key("Escape")
        if not window.ask(IS_OPEN):
            break
    else:
        window.ask(CLOSE)
    return done


def _write(chance: Random, window: BlenderWindow) -> str:
    """Write feedback into the field, and end with Enter."""
    text = f"taller {chance.randrange(1000)}"
    window.click_in_popup("mint_feedback")
    time.sleep(PAUSE)
    window.key("ctrl+a")
    window.type(text)
    window.key("Return")
    return text


def _note(folder: Path, window: BlenderWindow, verb: str, **values: str) -> None:
    """Write a fact before the click."""
    fact = {"what": verb, "job": window.ask(SHOWN), **values}
    with (folder / "facts.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(fact) + "\n")


def _leave(chance: Random, window: BlenderWindow, folder: Path) -> None:
    """Leave a draft on the card."""
    _write(chance, window)


def _revise(chance: Random, window: BlenderWindow, folder: Path) -> None:
    """Write, and click Revise."""
    text = _write(chance, window)
    _note(folder, window, "revise", feedback=text)
    window.click_in_popup("mint.revise(")


def _approve(chance: Random, window: BlenderWindow, folder: Path) -> None:
    """Click Approve; with a draft of an earlier step, that is without it."""
    _note(folder, window, "approve")
    window.click_in_popup("mint.approve(")


def _approve_without_the_change(chance: Random, window: BlenderWindow, folder: Path) -> None:
    """Write, and click the button that says that this is left out."""
    _write(chance, window)
    _approve(chance, window, folder)


def _flip(chance: Random, window: BlenderWindow, folder: Path) -> None:
    """Show another Preview, and try to approve it: only the newest one can be."""
    window.click_in_popup("preview=1)")
    if chance.random() < 0.5:
        window.click_in_popup("preview=2)")
    if chance.random() < 0.3:
        _approve(chance, window, folder)


def _turn(chance: Random, window: BlenderWindow, folder: Path) -> None:
    """Turn the card to another job that waits."""
    for job in window.ask(NEIGHBORS)[-1:]:
        window.click_in_popup(f'mint.turn_card(job_id="{job}")')


def _cancel(chance: Random, window: BlenderWindow, folder: Path) -> None:
    """Choose Cancel Job, the last entry of the menu beside Approve, and confirm."""
    _, y = window.in_popup("mint.approve(")
    right = window.ask("box('POPUP', '')")[2]
    _note(folder, window, "cancel")
    window.point_at(right - MENU, y)
    time.sleep(PAUSE)
    window.display.press()
    for key in ("End", "Return", "Return"):  # the last entry, and the question that it opens
        time.sleep(PAUSE)
        window.key(key)


ACTS = (_leave, _revise, _revise, _revise, _approve, _approve, _approve_without_the_change)
ACTS += (_flip, _flip, _turn, _cancel)
"""What is done on the card, the frequent ones several times."""
