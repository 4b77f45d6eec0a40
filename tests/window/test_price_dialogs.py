# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialogs that open before their price is known."""

from __future__ import annotations

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import DRAWN, ESTIMATE, NOTE_DIALOG, known_price, limit

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("no_limits")]
SCHEMA = "part('mint.schema')"
DIALOG_PRICE = (
    f"part('jobs.queries').Price({SCHEMA}.Kind.MODEL, {SCHEMA}.Preset.FAST, {SCHEMA}.Mode.AUTO)"
)


def slow_price(
    blender: BlenderWindow, service: Service, seconds: float = 2.0, times: int = 1
) -> None:
    """Let the price of the dialog come late; the panel in sight has its own already."""
    known_price(blender)
    blender.ask(f"job_service().queries.answers.pop({DIALOG_PRICE}, None) and None")
    answer = {"method": "POST", "path": ESTIMATE, "times": times, "answer": {"delay": seconds}}
    service.scenario(answers=[answer])


@pytest.mark.thorough
def test_a_dialog_shows_a_price_that_comes_late(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """It opens at once, says that Mint is being asked, and is drawn again with the answer."""
    blender.ask(NOTE_DIALOG)
    for closes in (False, True):
        blender.ask(f"{DRAWN}.clear()")
        slow_price(blender, service)
        blender.over()
        blender.until_it_shows(
            lambda: blender.call(
                "mint.generate", "INVOKE_DEFAULT", kind="MODEL", preset="FAST", mode="AUTO"
            )
        )
        blender.until_it_shows(lambda: blender.type("a chair"))
        assert blender.ask(DRAWN)[0][-1] is None, "the dialog waited for the price"
        if closes:
            blender.key("Escape")  # ends the text
            blender.key("Escape")
            drawn = len(blender.ask(DRAWN))
            blender.wait(f"job_service().budget.price({DIALOG_PRICE})")
            blender.settle()
            assert len(blender.ask(DRAWN)) == drawn
            continue
        blender.wait(f"{DRAWN}[-1][-1]")
        blender.settle()
        blender.type(" of wood")
        blender.until_it_shows(lambda: blender.key("Return"))  # ends the text
        blender.pay()
        assert blender.wait_for("placed")["prompt"] == "a chair of wood"
    assert since.starts == 1


@pytest.mark.thorough
def test_a_dialog_confirmed_before_its_price(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """With a limit nothing is started before the price is known; then the limit is asked about."""
    limit(blender, each=200)
    # longer than it takes to fill the dialog in; the confirmed dialog asks once more
    slow_price(blender, service, 15.0, times=2)
    blender.over()
    blender.until_it_shows(
        lambda: blender.call(
            "mint.generate", "INVOKE_DEFAULT", kind="MODEL", preset="FAST", mode="AUTO"
        )
    )
    blender.until_it_shows(lambda: blender.type("a chair"))
    blender.until_it_shows(lambda: blender.key("Return"))  # ends the text
    blender.pay()
    blender.wait("not job_service().queries.pending()", seconds=40)
    assert since.starts == 0
    blender.pay()
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.settle()
    assert since.starts == 0
    blender.pay()
    blender.wait_for("placed")
    assert since.starts == 1
