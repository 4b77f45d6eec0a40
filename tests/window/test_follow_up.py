# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after a generation: the job's menu, dialogs with prices, and conversions."""

from __future__ import annotations

from functools import partial

import pytest

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import ESTIMATE
from .test_jobs import place

pytestmark = pytest.mark.window


def test_the_dialog_of_motions_shows_their_price(blender: BlenderWindow, since: Since) -> None:
    """Mint is asked once, when the dialog is opened."""
    place(blender)
    asset = blender.ask("part('jobs.job').asset_of(job_service().jobs()[0])")
    ask = partial(blender.call, "mint.animate", "INVOKE_DEFAULT", asset_id=asset)
    price = "job_service().budget.price(part('jobs.queries').AnimationPrice(asset))"
    blender.over()
    blender.until_it_shows(ask)
    blender.wait(f"{price} == 250", asset=asset)
    blender.settle()
    blender.key("Escape")
    asked = since.count("POST", ESTIMATE)
    blender.over()
    blender.until_it_shows(ask)
    blender.key("Escape")
    assert since.count("POST", ESTIMATE) == asked
    assert since.count("POST", "/v1/models/*:animate") == 0
