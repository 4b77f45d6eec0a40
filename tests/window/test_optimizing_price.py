# SPDX-License-Identifier: GPL-3.0-or-later
"""An optimization requested with a generation is not in its price: the panel and the limit."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import FORGET, known_price, limit

pytestmark = pytest.mark.window

WISHED = """
needs = part('files.file_choice').OPTIMIZED_NEEDS  # as a Blender with a Draco decoder
part('scene.gltf.gltf_extensions').readable_extensions = lambda: needs
bpy.context.window_manager.mint.optimize = 'LIGHT'
"""
SAID = "job_service() and job_service().budget.known(part('jobs.queries').OptimizationPrice()) and part('ui.pricing.price_dialog').optimizing_words()"
ASKED_ABOUT = "part('ui.pricing.limit_dialog')._state().unconfirmed is not None and part('ui.pricing.limit_dialog')._state().unconfirmed.text"


def test_optimizing_is_added_to_the_price(blender: BlenderWindow, since: Since) -> None:
    """The panel shows for how much once Mint knows; the limit counts both."""
    blender.fill(preset="FAST", review=False)
    blender.ask(WISHED)
    blender.write("mint.prompt", "a lamp to be optimized")
    assert known_price(blender) == 248
    assert blender.wait(SAID).startswith("Optimizing costs extra. Mint sets the price")
    blender.wait("job_service().budget.balance and not job_service().has_active_work")
    blender.settle()
    blender.screenshot("optimizing_not_known")
    limit(blender, each=10_000)
    blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
    assert "once there is a model" in blender.wait(ASKED_ABOUT)
    blender.screenshot("optimizing_not_known_above_the_limit")
    blender.key("Escape")
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    assert since.starts == 0

    blender.call("mint.generate", prompt="a lamp", preset="FAST")
    blender.wait_for("placed")
    limit(blender, each=267)
    blender.ask(FORGET)
    blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
    assert blender.wait(ASKED_ABOUT).startswith(
        "This would cost about 268 Credits, more than your limit of 267"
    )
    blender.screenshot("optimizing_above_the_limit")
    blender.key("Escape")
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    assert since.starts == 1
    assert blender.ask(SAID) == "Optimizing costs about 20 Credits more."
    blender.ask("bpy.ops.mint.refresh_account() and None")
    blender.wait("job_service().budget.balance and not job_service().has_active_work")
    blender.settle()
    blender.screenshot("optimizing_comes_on_top")
    limit(blender, each=0)
